"""Leads: taken in, joined with what is known, made into cases, told to their reporters."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from delivery.lead_mail import render_lead
from domain.account import Role
from domain.brand import Brand, Configuration, Level, Recipient
from domain.case import CaseKind, FalseAlarmCategory
from domain.case_moves import MarkFalseAlarm, Take
from domain.crawl import Sighting, SightingOutcome
from domain.errors import ImportRefused, NotPermitted, VersionConflict
from domain.lead import LeadProgress, LeadState
from domain.links import Place
from storage.archive import FilePageArchive
from storage.sql.database import begin_work
from storage.sqlite.mentions import SqliteMentionStore
from tests.fakes import NOON, FixedClock, a_mention
from tests.fixtures.cases import EVERYONE, Journey, a_desk, add_everyone
from tests.fixtures.databases import new_workflow_database
from tests.unit.workflow.test_screenshots import PNG
from workflow.leads import LeadDesk, LeadReport, reported_by

MINUTE = timedelta(minutes=1)
MID = "4497642253759082"
POST = f"https://m.weibo.cn/detail/{MID}"
SAME_POST = "https://weibo.com/1234567890/IEY7vfLUm?from=share"


@dataclass
class Office:
    """The stores of a small company, and its desks."""

    begin: object
    store: SqliteMentionStore
    archive: FilePageArchive
    leads: LeadDesk

    def report(self, who="ethics", at=NOON, **report):
        return self.leads.report(who, LeadReport(**report), at=at)

    def lead(self, lead_id):
        with self.begin() as work:
            return work.leads.get(lead_id)

    def mails(self, kind="lead"):
        with self.begin() as work:
            return [mail for mail in work.outbox.recent() if mail.kind == kind]

    def actions(self, object_id):
        with self.begin() as work:
            return [row.action for row in work.audit.of(object_id)]

    def seen_by(self, who):
        with self.begin() as work:
            return reported_by(work, who)


@pytest.fixture
def office(tmp_path):
    engine = new_workflow_database(tmp_path / "workflow.sqlite")
    begin = begin_work(engine)
    add_everyone(begin)
    configuration = Configuration(
        brands=(Brand("cha", "云栈茶饮"),),
        recipients=(Recipient("duty", "值班", "alerts@example.com"),),
    )
    with begin() as work:
        work.configuration.save(configuration, expected_version=0, actor="t", at=NOON, origin="t")
        work.commit()
    store = SqliteMentionStore(tmp_path / "mentions.sqlite")
    archive = FilePageArchive(tmp_path / "pages", FixedClock())
    yield Office(begin, store, archive, LeadDesk(begin, store, archive, render_lead, a_desk()))
    store.close()
    engine.dispose()


@pytest.mark.parametrize("account", EVERYONE, ids=lambda account: account.id)
def test_everybody_with_an_account_may_report(office, account):
    lead = office.report(account.id, pasted=POST, note="同事群里在传")
    assert lead.state is LeadState.RECEIVED
    assert lead.place is Place.WEIBO
    assert lead.brand_id == "cha"
    [seen] = office.seen_by(account.id)
    assert seen.progress is LeadProgress.RECEIVED
    assert office.actions(lead.id) == ["lead.reported"]


def test_a_stranger_may_not_and_nothing_is_kept(office, tmp_path):
    with pytest.raises(NotPermitted):
        office.report("nobody", screenshots=(PNG,))
    assert not list((tmp_path / "pages").glob("??/*"))


def test_the_duty_lead_hears_of_it_once_and_the_link_is_cold(office):
    office.report("ethics", pasted=POST)
    office.report("auditor", pasted=SAME_POST)
    [mail] = office.mails()
    assert mail.recipient == "duty_lead@example.com"
    assert "hxxps://m[.]weibo[.]cn" in mail.rendered.text
    assert POST not in mail.rendered.text + mail.rendered.html


def test_a_security_matter_goes_to_the_administrator(office):
    office.report(note="公司账号异地登录", kind=CaseKind.SECURITY)
    assert [mail.recipient for mail in office.mails()] == ["admin@example.com"]


def test_the_same_post_reported_twice_is_one_thing_with_two_reporters(office):
    first = office.report("ethics", pasted=POST)
    second = office.report("auditor", pasted=f"看看 {SAME_POST}")
    assert second.same_as == first.id
    office.leads.promote(
        "analyst", first.id, title="异物", level=Level.YELLOW, expected_version=0, at=NOON
    )
    for who in ("ethics", "auditor"):
        [seen] = office.seen_by(who)
        assert seen.progress is LeadProgress.BEING_HANDLED
        assert seen.lead.case_id
    with pytest.raises(NotPermitted, match="same as"):
        office.leads.dismiss(
            "analyst", second.id, reason="x", expected_version=second.version + 1, at=NOON
        )


def test_the_same_screenshot_is_the_same_thing_also_with_other_metadata(office):
    first = office.report("ethics", screenshots=(PNG,), place=Place.WECHAT)
    again = office.report("auditor", screenshots=(PNG + b"x",), place=Place.QQ)
    assert again.same_as == first.id
    [picture] = first.screenshots
    kept = office.archive.get(picture.sha256)
    assert kept is not None
    assert b"Wang Xiaoming" not in kept


def test_a_link_leads_to_the_stored_mention(office):
    office.store.add([a_mention(MID)])
    assert office.report(pasted=SAME_POST).mention_id == f"weibo:{MID}"


def test_an_address_that_was_crawled_leads_to_its_mention(office):
    office.store.add([a_mention("77", url="https://weibo.com/t/abc")])
    with office.begin() as work:
        work.crawls.saw(
            [Sighting("weibo:77", "https://weibo.com/t/abc", "r", NOON, SightingOutcome.STORED)]
        )
        work.commit()
    assert office.report(pasted="https://weibo.com/t/abc?share=1").mention_id == "weibo:77"


def test_what_belongs_to_an_active_case_joins_it_without_a_mail(office):
    office.store.add([a_mention(MID)])
    case = Journey(office.begin).open(mention_ids=(f"weibo:{MID}",))
    lead = office.report(pasted=POST)
    assert (lead.state, lead.case_id) == (LeadState.IN_CASE, case.id)
    assert not office.mails()
    with office.begin() as work:
        assert work.cases.get(case.id).lead_ids == (lead.id,)
        assert work.cases.of_lead(lead.id).id == case.id


def test_a_case_that_is_done_takes_no_lead(office):
    office.store.add([a_mention(MID)])
    journey = Journey(office.begin)
    case = journey.do(journey.open(mention_ids=(f"weibo:{MID}",)), "analyst", Take())
    journey.do(case, "analyst", MarkFalseAlarm(FalseAlarmCategory.OLD_NEWS, "旧闻"))
    assert office.report(pasted=POST).state is LeadState.RECEIVED


def test_a_lead_becomes_a_case_with_its_mention(office):
    office.store.add([a_mention(MID)])
    lead = office.report(pasted=POST, note="顾客在店里拍的")
    case = office.leads.promote(
        "analyst", lead.id, title="深南店异物", level=Level.ORANGE, expected_version=0, at=NOON
    )
    assert case.lead_ids == (lead.id,)
    assert case.mention_ids == (f"weibo:{MID}",)
    assert case.summary == "顾客在店里拍的"
    assert office.lead(lead.id).state is LeadState.IN_CASE
    assert office.actions(lead.id) == ["lead.reported", "lead.promoted"]
    with pytest.raises(NotPermitted, match="part of"):
        office.leads.promote(
            "analyst", lead.id, title="x", level=Level.RED, expected_version=1, at=NOON
        )


def test_a_lead_can_be_added_to_a_case(office):
    case = Journey(office.begin).open()
    lead = office.report(note="门店电话打不通")
    attached = office.leads.attach("analyst", lead.id, case.id, expected_version=0, at=NOON)
    assert attached.lead_ids == (lead.id,)
    assert office.lead(lead.id).case_id == case.id


def test_a_dismissal_has_a_reason_can_be_undone_and_a_new_report_undoes_it(office):
    lead = office.report("ethics", pasted=POST)
    with pytest.raises(NotPermitted, match="reason"):
        office.leads.dismiss("analyst", lead.id, reason=" ", expected_version=0, at=NOON)
    lead = office.leads.dismiss("analyst", lead.id, reason="旧闻", expected_version=0, at=NOON)
    assert office.seen_by("ethics")[0].progress is LeadProgress.DISMISSED
    lead = office.leads.take_up_again("analyst", lead.id, expected_version=1, at=NOON)
    assert lead.state is LeadState.RECEIVED
    office.leads.dismiss("analyst", lead.id, reason="旧闻", expected_version=2, at=NOON)
    again = office.report("auditor", pasted=POST, at=NOON + MINUTE)
    assert again.state is LeadState.RECEIVED
    assert office.lead(lead.id).state is LeadState.RECEIVED
    assert office.actions(lead.id)[-1] == "lead.reported_again"


def test_two_who_decide_at_once_do_not_both_win(office):
    lead = office.report(pasted=POST)
    office.leads.dismiss("analyst", lead.id, reason="旧闻", expected_version=0, at=NOON)
    with pytest.raises(VersionConflict):
        office.leads.promote(
            "duty_lead", lead.id, title="x", level=Level.RED, expected_version=0, at=NOON
        )


HANDLERS = {Role.ANALYST, Role.DUTY_LEAD}


@pytest.mark.parametrize("account", EVERYONE, ids=lambda account: account.id)
def test_only_the_desk_decides_about_leads(office, account):
    lead = office.report(pasted=POST)
    acts = (
        lambda: office.leads.promote(
            account.id, lead.id, title="x", level=Level.BLUE, expected_version=9, at=NOON
        ),
        lambda: office.leads.attach(account.id, lead.id, "C-1", expected_version=9, at=NOON),
        lambda: office.leads.dismiss(account.id, lead.id, reason="x", expected_version=9, at=NOON),
        lambda: office.leads.take_up_again(account.id, lead.id, expected_version=9, at=NOON),
    )
    for act in acts:
        expected = VersionConflict if account.roles & HANDLERS else NotPermitted
        with pytest.raises(expected):
            act()


@pytest.mark.parametrize(
    "report",
    [
        {},
        {"pasted": "没有链接"},
        {"pasted": "javascript:alert(1)"},
        {"screenshots": (PNG,) * 10},
    ],
)
def test_a_report_without_content_is_refused(office, report):
    with pytest.raises(NotPermitted):
        office.report(**report)


def test_a_file_that_is_no_picture_is_refused(office):
    with pytest.raises(ImportRefused):
        office.report(screenshots=(b"<html>",))


def test_reporters_see_their_own_leads_only(office):
    office.report("ethics", pasted=POST)
    assert office.seen_by("auditor") == []


def test_the_desk_sees_first_reports_and_how_many(office):
    first = office.report("ethics", pasted=POST)
    office.report("auditor", pasted=POST)
    other = office.report("admin", note="电话里有顾客投诉", at=NOON + MINUTE)
    with office.begin() as work:
        assert [lead.id for lead in work.leads.in_state(LeadState.RECEIVED)] == [
            other.id,
            first.id,
        ]
        assert work.leads.count(LeadState.RECEIVED) == 2
        assert len(work.leads.same_as(first.id)) == 2
