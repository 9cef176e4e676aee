"""The evidence of a case: whole, provable, the same each time, and honest about what is missing."""

import hashlib
import io
import json
import zipfile
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from delivery.lead_mail import render_lead
from domain.account import Role
from domain.audit import canonical
from domain.brand import Brand, Configuration
from domain.case_moves import FalseAlarmCategory, MarkFalseAlarm, Take
from domain.errors import BrowserMissing, NotPermitted, Text
from domain.evidence import SeenPage
from domain.fact_sheet import Evidence
from monitoring.evidence_pack import EvidenceRoom, Gap
from monitoring.holding import held_pages, mentions_of
from monitoring.housekeeping import Keep, tidy
from storage.archive import FilePageArchive
from storage.sql.database import begin_reading, begin_work
from storage.sqlite.mentions import SqliteMentionStore
from tests.fakes import NOON, FixedClock, a_mention
from tests.fixtures.cases import EVERYONE, Journey, a_desk, add_everyone, proven
from tests.fixtures.databases import new_workflow_database
from tests.fixtures.signals import a_signal as a_crisis
from tests.unit.workflow.test_screenshots import BARE_JPEG, PNG
from workflow.leads import LeadDesk, LeadReport

DAY = timedelta(days=1)
PAGE = "<!doctype html><p>云栈奶茶今天排队好久</p>".encode()
REPLY = b'{"data": []}'


class House:
    """Stores with one case of two mentions, a signal and a lead with a screenshot."""

    def __init__(self, folder) -> None:
        self.engine = new_workflow_database(folder / "workflow.sqlite")
        self.begin, self.read = begin_work(self.engine), begin_reading(self.engine)
        add_everyone(self.begin)
        self.clock = FixedClock(NOON - 40 * DAY)
        self.store = SqliteMentionStore(folder / "mentions.sqlite")
        self.archive = FilePageArchive(folder / "pages", self.clock)
        self.page, self.reply = self.archive.put(PAGE), self.archive.put(REPLY)
        self.file = self.archive.put(b"lab report")
        posts = [post.mention_id for post in a_crisis().top_posts]
        self.store.add([a_mention("1"), a_mention("2"), a_mention(posts[0].split(":")[1])])
        claim = replace(proven(), evidence=(Evidence("检测报告", self.file),))
        with self.begin() as work:
            work.configuration.save(
                Configuration(brands=(Brand("cha", "云栈"),)),
                expected_version=0,
                actor="t",
                at=NOON,
                origin="t",
            )
            work.signals.add(a_crisis())
            for sha256, mentions in ((self.page, ("weibo:1",)), (self.reply, ("weibo:2",))):
                seen = SeenPage(sha256, "https://s.weibo.com/weibo?q=1", NOON - 40 * DAY)
                work.pages.note(seen, mentions)
            work.commit()
        journey = Journey(self.begin)
        self.case = journey.drafting(
            claim, mention_ids=("weibo:1", "weibo:2", "weibo:404"), signal_ids=(a_crisis().id,)
        )
        leads = LeadDesk(self.begin, self.store, self.archive, render_lead, a_desk())
        lead = leads.report("ethics", LeadReport(note="朋友圈", screenshots=(PNG,)), at=NOON)
        self.case = leads.attach("analyst", lead.id, self.case.id, expected_version=0, at=NOON)

    def room(self, **more) -> EvidenceRoom:
        return EvidenceRoom(self.begin, self.read, self.store, self.archive, **more)

    def pack(self, who="analyst", at=NOON, **more):
        out = io.BytesIO()
        packed = self.room(**more).export(who, self.case.id, out, at=at)
        return packed, zipfile.ZipFile(out)

    def close(self) -> None:
        self.store.close()
        self.engine.dispose()


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path)
    yield house
    house.close()


def manifest(zipped) -> dict:
    return json.loads(zipped.read("MANIFEST.json"))


def test_the_pack_holds_texts_pages_files_screenshots_and_the_trail(house):
    packed, zipped = house.pack()
    names = set(zipped.namelist())
    assert {
        "README.txt",
        "MANIFEST.json",
        "case.json",
        "audit.jsonl",
        "mentions/0001-weibo_1.json",
        f"pages/{house.page}.html.txt",
        f"pages/{house.reply}.data.txt",
        f"files/{house.file}.bin",
        "screenshots/L-20261120-01-1.png",
    } <= names
    assert packed.files == len(names) - 1
    said = json.loads(zipped.read("mentions/0001-weibo_1.json"))
    assert said["text"] == "云栈奶茶今天排队好久"
    assert said["url"] == "https://weibo.com/1/1"
    assert said["text_sha256"] == hashlib.sha256(said["text"].encode()).hexdigest()
    assert said["pages"][0]["file"] == f"pages/{house.page}.html.txt"
    assert zipped.read(said["pages"][0]["file"]) == PAGE
    assert json.loads(zipped.read("case.json"))["id"] == house.case.id
    assert "如何核对" in zipped.read("README.txt").decode()


def test_the_manifest_has_the_hash_of_every_file(house):
    packed, zipped = house.pack()
    told = manifest(zipped)
    assert told["files"].keys() == set(zipped.namelist()) - {"MANIFEST.json"}
    for name, sha256 in told["files"].items():
        assert hashlib.sha256(zipped.read(name)).hexdigest() == sha256
    assert hashlib.sha256(zipped.read("MANIFEST.json")).hexdigest() == packed.manifest_sha256


def test_what_is_missing_is_named(house):
    packed, zipped = house.pack()
    posts = [post.mention_id for post in a_crisis().top_posts]
    assert Gap("weibo:404", "mention_not_stored") in packed.gaps
    assert Gap(posts[0], "page_not_archived") in packed.gaps
    assert manifest(zipped)["pictures"] == "no browser: raw pages only"
    house.archive.prune(NOON + DAY, {house.page})
    packed, _ = house.pack()
    assert Gap(house.reply, "not_in_archive") in packed.gaps


def test_the_same_case_at_the_same_moment_gives_the_same_bytes(house):
    first, second = io.BytesIO(), io.BytesIO()
    with house.read() as work:
        case = work.cases.get(house.case.id)
        house.room()._write(work, case, first, NOON)
        house.room()._write(work, case, second, NOON)
    assert first.getvalue() == second.getvalue()


def test_the_trail_can_be_checked_from_the_pack_alone(house):
    _, zipped = house.pack()
    rows = [json.loads(line) for line in zipped.read("audit.jsonl").splitlines()]
    assert {row["action"] for row in rows} >= {"case.opened", "case.taken", "lead.reported"}
    for row in rows:
        salted = f"{row['salt']}{row['payload']}"
        assert hashlib.sha256(salted.encode()).hexdigest() == row["payload_hash"]
        names = ("seq", "at", "actor", "action", "object_id", "reason", "payload_hash")
        sealed = canonical([*(row[name] for name in names), row["previous_hash"]])
        assert hashlib.sha256(sealed.encode()).hexdigest() == row["row_hash"]
    chain = manifest(zipped)["audit_chain"]
    assert chain["verified"] is True
    assert chain["first_broken"] is None
    assert chain["rows_here"] == len(rows) <= chain["rows_checked"]


def test_a_chain_that_was_tampered_with_is_told(house):
    with house.engine.begin() as db:
        triggers = db.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
        for (name,) in triggers.all():
            db.execute(text(f"DROP TRIGGER {name}"))
        db.execute(text("UPDATE audit SET actor = 'account:somebody' WHERE seq = 3"))
    _, zipped = house.pack()
    chain = manifest(zipped)["audit_chain"]
    assert (chain["verified"], chain["first_broken"]) == (False, 3)
    rows = [json.loads(line) for line in zipped.read("audit.jsonl").splitlines()]
    assert rows[-1]["action"] == "lead.attached"


def test_a_page_is_drawn_where_there_is_a_browser_and_its_failure_is_a_gap(house):
    drawn = []

    def draw(body: bytes) -> bytes:
        drawn.append(body)
        return b"\x89PNG"

    _, zipped = house.pack(take_picture=draw)
    assert drawn == [PAGE]
    assert zipped.read(f"pictures/{house.page}.png") == b"\x89PNG"
    assert manifest(zipped)["pictures"] == "rendered"

    def fail(body: bytes) -> bytes:
        raise BrowserMissing(Text("没有", "none"))

    packed, zipped = house.pack(take_picture=fail)
    assert Gap(house.page, "picture_failed:BrowserMissing") in packed.gaps
    assert f"pages/{house.page}.html.txt" in zipped.namelist()


def test_taking_the_pack_stands_in_the_trail_with_its_hash(house):
    packed, _ = house.pack("auditor")
    with house.read() as work:
        row = work.audit.of(house.case.id)[-1]
    assert (row.actor, row.action) == ("account:auditor", "case.evidence_exported")
    assert json.loads(row.payload)["manifest"] == packed.manifest_sha256


@pytest.mark.parametrize("account", EVERYONE, ids=lambda account: account.id)
def test_only_who_may_export_gets_it(house, account):
    if account.roles & {Role.ANALYST, Role.DUTY_LEAD, Role.AUDITOR}:
        assert house.pack(account.id)[0].files
        return
    with pytest.raises(NotPermitted):
        house.pack(account.id)


def test_there_is_no_pack_of_no_case(house):
    with pytest.raises(NotPermitted, match="no such case"):
        house.room().export("analyst", "C-1", io.BytesIO(), at=NOON)


@pytest.mark.parametrize(
    "hostile", ["../../etc/passwd", "C:\\x", "a/b", "...", "\u202eexe", "x" * 300]
)
def test_file_names_are_safe_whatever_an_id_is(house, hostile):
    house.store.add([replace(a_mention("9"), id=f"weibo:{hostile}")])
    with house.begin() as work:
        case = work.cases.get(house.case.id)
        work.cases.save(replace(case, mention_ids=(f"weibo:{hostile}",)))
        work.commit()
    _, zipped = house.pack()
    [name] = [n for n in zipped.namelist() if n.startswith("mentions/0001-")]
    tail = name.removeprefix("mentions/")
    assert tail.isascii()
    assert not {"/", "\\", ":"} & set(tail)
    assert ".." not in tail
    assert len(tail) < 120


def test_an_author_stands_as_it_is_stored(house):
    house.store.add([a_mention("1", author="王**", collected_at=NOON + DAY)])
    _, zipped = house.pack()
    assert json.loads(zipped.read("mentions/0001-weibo_1.json"))["author_masked"] == "王**"


class TestHolding:
    def test_housekeeping_keeps_what_a_case_or_lead_rests_on(self, house):
        loose = house.archive.put(b"nobody needs this")
        with house.read() as work:
            held = held_pages(work)
            assert {house.page, house.reply, house.file} < held
            assert loose not in held
        gone = tidy(house.begin, house.archive, NOON, Keep())
        assert gone["pages"] == 1
        assert house.archive.get(loose) is None
        assert house.archive.get(house.page) == PAGE
        with house.read() as work:
            assert set(work.pages.of(["weibo:1", "weibo:2"])) == {"weibo:1", "weibo:2"}
        assert not house.pack()[1].testzip()

    def test_a_false_alarm_and_a_dismissed_lead_hold_nothing(self, house):
        other = house.archive.put(b"<p>other</p>")
        with house.begin() as work:
            work.pages.note(SeenPage(other, "", NOON - 40 * DAY), ["weibo:7"])
            work.commit()
        journey = Journey(house.begin)
        case = journey.do(journey.open(mention_ids=("weibo:7",)), "analyst", Take())
        with house.read() as work:
            assert other in held_pages(work)
        journey.do(case, "analyst", MarkFalseAlarm(FalseAlarmCategory.OLD_NEWS, "旧闻"))
        leads = LeadDesk(house.begin, house.store, house.archive, render_lead, a_desk())
        lead = leads.report("ethics", LeadReport(screenshots=(BARE_JPEG,)), at=NOON)
        with house.read() as work:
            assert other not in held_pages(work)
            assert lead.screenshots[0].sha256 in held_pages(work)
        leads.dismiss("analyst", lead.id, reason="旧图", expected_version=0, at=NOON)
        with house.read() as work:
            assert lead.screenshots[0].sha256 not in held_pages(work)

    def test_the_mentions_of_signals_count_as_the_case_s(self, house):
        with house.read() as work:
            found = mentions_of(work, house.case)
        assert found[:3] == ("weibo:1", "weibo:2", "weibo:404")
        assert {post.mention_id for post in a_crisis().top_posts} <= set(found)
