"""Hostile texts, wherever they come out: a table of places (what leaves the house) and texts.

Every cell puts the text into each field of the place that somebody outside, or a colleague, can
write into. The pages are in tests/browser/test_hostile_pages.py.
"""

import csv
import email
import email.policy
import io
import json
import logging
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import openpyxl
import pytest
import structlog

from delivery.case_mail import render_case
from delivery.channels.message import message_of
from delivery.channels.requests import dingtalk, feishu, webhook, wecom
from delivery.channels.services import SERVICES
from delivery.clock_mail import render_clock_warning
from delivery.folder import FolderMailer
from delivery.lead_mail import render_lead
from delivery.message import Sender
from delivery.render import render_alert
from domain.alert import CoverageNote, MailStage
from domain.channel import Channel
from domain.draft import Draft
from domain.errors import KoubeiError, Text
from domain.mention import Platform
from domain.outbox import Rendered
from domain.queries import MentionFilter
from monitoring.exporting import export
from runtime.logs import configure_logs
from storage.sqlite.mentions import SqliteMentionStore
from tests.fakes import NOON, FixedClock, a_mention
from tests.fixtures.hostile import NAMED
from tests.fixtures.mails import a_mail as an_outbox_mail
from tests.fixtures.signals import a_context, a_post, a_recipient, a_signal
from tests.unit.delivery import test_case_mail, test_clock_mail, test_lead_mail

pytestmark = pytest.mark.integration

ZONE = ZoneInfo("Asia/Shanghai")
COMMANDING = re.compile(
    r"[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029\u2066-\u2069]"
)
"""What a terminal, a mail program or a reader's eye would obey."""
FORMULA = frozenset("=+-@\t\r\n\0")

texts = pytest.mark.parametrize("text", NAMED.values(), ids=NAMED)


def mail_of_an_alert(text: str) -> Rendered:
    post = a_post(author=text, excerpt=text, url=text)
    signal = a_signal(first_post=post, top_posts=(post, post), terms=((text, 3),))
    context = a_context(
        brand_name=text,
        watch_names=(text,),
        sensitivity=text,
        coverage=(CoverageNote(text, Platform.ZHIHU, text, text),),
        similar=(text,),
        model_id=text,
    )
    return render_alert(signal, MailStage.OPENING, context, a_recipient(name=text))


def mail_of_a_case(text: str) -> Rendered:
    case = test_case_mail.a_case(title=text, drafts=(Draft(1, text, "drafter", NOON),))
    mail = test_case_mail.a_mail(case=case, comment=text, actor=text, brand_name=text)
    return render_case(mail, test_case_mail.READER)


def mail_of_a_clock(text: str) -> Rendered:
    warning = test_clock_mail.a_warning()
    case = replace(warning.case, title=text)
    return render_clock_warning(replace(warning, case=case, owner=text, brand_name=text))


def mail_of_a_lead(text: str) -> Rendered:
    lead = replace(test_lead_mail.LEAD, note=text, url=text)
    return render_lead(replace(test_lead_mail.NEWS, lead=lead, reporter=text, brand_name=text))


MAILS: dict[str, Callable[[str], Rendered]] = {
    "alert-mail": mail_of_an_alert,
    "case-mail": mail_of_a_case,
    "clock-mail": mail_of_a_clock,
    "lead-mail": mail_of_a_lead,
}
mails = pytest.mark.parametrize("make", MAILS.values(), ids=MAILS)


class Look(HTMLParser):
    """The tags, handlers and addresses of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.handlers: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.addresses += [v or "" for n, v in attrs if n in {"href", "src", "background"}]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]


@texts
@mails
def test_a_mail_has_no_more_tags_addresses_or_lines_than_one_of_harmless_words(make, text):
    plain, mail = make("平常的话"), make(text)
    look = Look(mail.html)
    assert look.tags <= Look(plain.html).tags | {"br"}
    assert look.handlers == []
    ours = ("https://koubei.example/", "https://koubei.example.com/", "cid:")
    assert [a for a in look.addresses if not a.startswith(ours)] == []
    for part in (mail.subject, mail.text, mail.html):
        assert "evil.example" not in part
        assert not re.search(r"(?<![a-z])javascript:", part)
        assert not COMMANDING.search(part)
        assert "49" not in part or "49" in plain.html
    assert len(mail.subject) <= 200
    assert len(mail.subject.splitlines()) == 1
    assert len(mail.html) < 200_000
    assert len(mail.text) < 50_000


BODIES = ("text/plain", "text/html", "image/png")


@texts
@mails
def test_the_file_of_a_mail_has_its_own_headers_and_no_others(make, text, tmp_path):
    row = an_outbox_mail(rendered=make(text))
    sender = Sender(address="koubei@koubei.example", hostname="koubei.example", name=text[:200])
    box = FolderMailer(tmp_path, sender, FixedClock())
    box.send(row)
    message = email.message_from_bytes(box.path_of(row).read_bytes(), policy=email.policy.default)
    assert set(message.keys()) <= {
        *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"),
        *("X-Auto-Response-Suppress", "MIME-Version", "Content-Type", "X-Koubei-Signal"),
    }
    assert message["To"] == "a@example.com"
    parts = {part.get_content_type() for part in message.walk()}
    assert parts <= {"multipart/alternative", "multipart/related", *BODIES}
    assert [p.get_filename() for p in message.walk() if p.get_filename()] == []


CHATS = {Channel.WECOM: wecom, Channel.DINGTALK: dingtalk, Channel.FEISHU: feishu}


@texts
@pytest.mark.parametrize("channel", SERVICES, ids=lambda channel: channel.value)
def test_a_robot_gets_one_json_text_that_calls_nobody(channel, text):
    mail = an_outbox_mail(rendered=Rendered(text, f"{text}\nhttps://koubei.example/x", ""))
    make = CHATS.get(channel, webhook)
    service = SERVICES[channel]
    told = message_of(mail, service.text_bytes)
    short = replace(mail, rendered=replace(mail.rendered, subject=text[:100]))
    body = make(short, told, "https://koubei.example/robot", "secret", NOON).body
    assert len(told.encode()) <= service.text_bytes
    said = json.loads(body)
    assert isinstance(said, dict)
    assert not COMMANDING.search(told)
    assert "<" not in told
    assert told.endswith("https://koubei.example/x")
    if channel is not Channel.WEBHOOK:
        assert said.get("at", {}).get("isAtAll", False) is False
        assert said.get("msgtype", said.get("msg_type")) == "text"


def a_hostile_mention(text: str):
    return a_mention(text=text, title=text, author=text, forum=text, url=text, ip_location=text)


@pytest.fixture
def stored(text, tmp_path):
    """What the store holds of a mention that is made of the text: nothing of half characters."""
    store = SqliteMentionStore(tmp_path / "mentions.sqlite")
    refused = store.add([a_hostile_mention(text)]).refused
    assert bool(refused) == bool(re.search("[\ud800-\udfff]", text))
    yield list(store.scan(MentionFilter()))
    store.close()


@texts
def test_a_csv_has_one_row_of_cells_that_no_spreadsheet_calculates(stored, tmp_path):
    file = tmp_path / "m.csv"
    assert len(list(export(stored, file, ZONE))) == len(stored)
    csv.field_size_limit(10_000_000)
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.reader(lines))
    assert len(rows) == 1 + len(stored)
    assert len({len(row) for row in rows}) == 1
    assert [cell[:20] for row in rows for cell in row if begins_a_formula(cell)] == []


@texts
def test_a_workbook_has_texts_only(stored, tmp_path):
    file = tmp_path / "m.xlsx"
    assert len(list(export(stored, file, ZONE))) == len(stored)
    book = openpyxl.load_workbook(file)
    cells = [cell for row in book.active.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    assert all(cell.hyperlink is None for cell in cells)
    assert [str(c.value)[:20] for c in cells if begins_a_formula(str(c.value))] == []
    assert max(len(str(cell.value)) for cell in cells) <= 32_767


def begins_a_formula(cell: str) -> bool:
    shown = cell.lstrip("".join(sign for sign in set(cell) if is_blank(sign)))
    return unicodedata.normalize("NFKC", shown[:1])[:1] in FORMULA or cell[:1] in FORMULA


def is_blank(sign: str) -> bool:
    return sign.isspace() or unicodedata.category(sign) in {"Cc", "Cf", "Zs", "Zl", "Zp"}


@texts
def test_a_word_report_stays_well_formed_and_leads_nowhere_else(text):
    pytest.importorskip("docxtpl", reason="needs the report extra; mend: python3 run.py setup")
    from delivery.report.word import render_word
    from tests.unit.delivery.test_report_outputs import hostile_view

    with zipfile.ZipFile(io.BytesIO(render_word(hostile_view(text)))) as package:
        for name in package.namelist():
            assert not name.startswith(("/", "..")), name
            if name.endswith((".xml", ".rels")):
                ElementTree.fromstring(package.read(name))  # noqa: S314  # our own file
        links = package.read("word/_rels/document.xml.rels").decode()
    outside = re.findall(r'Target="(http[^"]+)"', links)
    assert [
        a for a in outside if not a.startswith(("https://koubei.ex", "https://weibo.com"))
    ] == []


@contextmanager
def a_log(form: str) -> Iterator[io.StringIO]:
    """Send logs into a text for as long as the block lasts."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        configure_logs("info", form)
        written = io.StringIO()
        (handler,) = root.handlers
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(written)
        yield written
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()


@texts
@pytest.mark.parametrize("form", ["json", "console"])
def test_an_event_of_the_log_is_one_line_whatever_a_careless_call_puts_into_it(form, text):
    error = KoubeiError(Text(text, text), place=text, mend=Text(text, text))
    with a_log(form) as written:
        structlog.get_logger("test").warning("careless", said=text, exc_info=error)
    said = written.getvalue()
    assert said.count("\n") == 1
    assert said.endswith("\n")
    assert not COMMANDING.search(said[:-1])
    assert len(said) < 10_000
    if form == "json":
        assert json.loads(said)["event"] == "careless"


@texts
def test_the_names_in_an_evidence_pack_are_plain_whatever_stands_in_the_case(text, tmp_path):
    from tests.unit.monitoring.test_evidence_pack import House

    folder = Path(tmp_path)
    house = House(folder)
    try:
        house.store.add([replace(a_hostile_mention(text), id=f"weibo:{text[:200]}")])
        with house.begin() as work:
            case = work.cases.get(house.case.id)
            assert case
            ids = (*case.mention_ids, f"weibo:{text[:200]}")
            work.cases.save(replace(case, title=text[:2_000], summary=text, mention_ids=ids))
            work.commit()
        _, zipped = house.pack()
        names = zipped.namelist()
        plain = re.compile(r"(?:[a-z]+/)?[\w-]+(?:\.[a-z]+)+", re.ASCII)
        assert [name for name in names if not plain.fullmatch(name)] == []
        assert max(map(len, names)) < 120
        assert len(set(names)) == len(names)
        for name in names:
            if name.endswith(".json"):
                json.loads(zipped.read(name))
    finally:
        house.close()
