"""From draft to sent: who may, in which order, once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from domain.account import Role
from domain.audit import first_broken
from domain.brand import ReportPlan
from domain.errors import ConfigurationError, NotPermitted, VersionConflict
from domain.outbox import Rendered
from domain.report import Edits, ReportKind, ReportState
from tests.fixtures.report_world import MONDAY_MORNING, WEEK, a_world
from tests.fixtures.reports import a_snapshot
from workflow.reports import NotReady, draft, edit, refresh, review, send, send_by_machine

WORDS = Edits(assessment="下周发布新品，注意排队投诉。")
AT = MONDAY_MORNING


@pytest.fixture(name="world")
def make_world(tmp_path):
    with a_world(tmp_path) as world:
        world.account("ana", Role.ANALYST)
        world.account("lead", Role.DUTY_LEAD)
        world.account("chief", Role.APPROVER_L1)
        yield world


def render(report, configuration):
    return Rendered(report.id, f"{report.snapshot.tally.total} {report.state}", "<p></p>")


def remind(report, account):
    return Rendered(f"draft {report.id}", account.name, "<p></p>")


def a_draft(world, period=WEEK):
    snapshot = a_snapshot(period, brand_id="tea")
    return draft(world.begin, snapshot, actor="test", at=AT, remind=remind)


def reviewed(world):
    report = a_draft(world)
    report = edit(world.begin, "ana", report.id, WORDS, expected_version=0, at=AT)
    return review(world.begin, "chief", report.id, expected_version=1, at=AT)


def mails(world, kind="report"):
    with world.begin() as work:
        return sorted(mail.recipient for mail in work.outbox.recent(100) if mail.kind == kind)


def test_the_whole_way_is_audited_and_mails_each_recipient_once(world):
    report = reviewed(world)
    assert (report.state, report.reviewer_name) == (ReportState.REVIEWED, "同事chief")
    sent = send(world.begin, "lead", report.id, expected_version=2, at=AT, render=render)
    assert sent.state is ReportState.SENT
    assert mails(world) == ["boss@example.com", "pr@example.com"]
    with world.begin() as work:
        rows = list(work.audit.rows())
        assert first_broken(rows) is None
    assert [row.action for row in rows] == [
        "report.drafted",
        "report.edited",
        "report.reviewed",
        "report.sent",
    ]
    assert "排队投诉" not in "".join(row.payload for row in rows)


def test_a_draft_reminds_those_who_write_and_review_and_only_once(world):
    world.account("auditor", Role.AUDITOR)
    a_draft(world)
    a_draft(world)
    everybody = ["ana@example.com", "chief@example.com", "lead@example.com"]
    assert mails(world, "report-draft") == everybody


def test_drafting_again_leaves_the_words_and_figures_of_the_first(world):
    report = a_draft(world)
    edit(world.begin, "ana", report.id, WORDS, expected_version=0, at=AT)
    again = draft(
        world.begin, a_snapshot(WEEK, brand_id="tea", authors=9), actor="test", at=AT, remind=remind
    )
    assert (again.edits, again.snapshot.authors) == (WORDS, 611)


def test_who_wrote_in_a_report_may_not_review_it(world):
    report = a_draft(world)
    edit(world.begin, "lead", report.id, WORDS, expected_version=0, at=AT)
    with pytest.raises(NotPermitted, match="may not review"):
        review(world.begin, "lead", report.id, expected_version=1, at=AT)


def test_an_empty_assessment_leaves_it_a_draft(world):
    report = a_draft(world)
    with pytest.raises(NotReady, match="section 9"):
        review(world.begin, "chief", report.id, expected_version=0, at=AT)


@pytest.mark.parametrize(
    ("account", "act"), [("chief", edit), ("ana", review), ("ana", send), ("chief", send)]
)
def test_each_act_needs_its_permission(world, account, act):
    report = reviewed(world)
    more = {edit: {"edits": WORDS}, send: {"render": render}}.get(act, {})
    with pytest.raises(NotPermitted):
        act(world.begin, account, report_id=report.id, expected_version=2, at=AT, **more)


def test_editing_a_reviewed_report_makes_it_a_draft_again(world):
    report = reviewed(world)
    again = edit(world.begin, "ana", report.id, Edits(assessment="改"), expected_version=2, at=AT)
    assert (again.state, again.reviewer_id, again.reviewed_at) == (ReportState.DRAFT, "", None)
    with pytest.raises(NotReady, match="not reviewed"):
        send(world.begin, "lead", report.id, expected_version=3, at=AT, render=render)


def test_figures_are_frozen_from_the_review_on(world):
    report = a_draft(world)
    fresh = a_snapshot(WEEK, brand_id="tea", authors=700)
    newer = refresh(world.begin, "ana", fresh, expected_version=0, at=AT)
    assert newer.snapshot.authors == 700
    edit(world.begin, "ana", report.id, WORDS, expected_version=1, at=AT)
    review(world.begin, "chief", report.id, expected_version=2, at=AT)
    with pytest.raises(NotReady, match="frozen"):
        refresh(world.begin, "ana", fresh, expected_version=3, at=AT)


def test_an_old_version_is_a_conflict(world):
    report = reviewed(world)
    with pytest.raises(VersionConflict):
        edit(world.begin, "ana", report.id, WORDS, expected_version=0, at=AT)
    with pytest.raises(VersionConflict):
        send(world.begin, "lead", report.id, expected_version=1, at=AT, render=render)


def test_a_double_click_and_a_restart_send_nothing_twice(world):
    report = reviewed(world)
    for _ in range(3):
        send(world.begin, "lead", report.id, expected_version=2, at=AT, render=render)
        send_by_machine(world.begin, report.id, actor="system", at=AT, render=render)
    assert mails(world) == ["boss@example.com", "pr@example.com"]


def test_of_many_who_send_at_once_the_mails_leave_once(world):
    report = reviewed(world)

    def try_it(_):
        try:
            send_by_machine(world.begin, report.id, actor="system", at=AT, render=render)
        except VersionConflict:
            return "told"
        return "done"

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(try_it, range(4)))
    assert "done" in results
    assert mails(world) == ["boss@example.com", "pr@example.com"]


def test_a_sent_report_is_not_rewritten(world):
    report = reviewed(world)
    send(world.begin, "lead", report.id, expected_version=2, at=AT, render=render)
    with pytest.raises(NotReady, match="stays as it is"):
        edit(world.begin, "ana", report.id, WORDS, expected_version=3, at=AT)


def test_without_recipients_nothing_is_sent_and_the_setting_is_named(world):
    report = reviewed(world)
    world.configure(lambda c: replace(c, report=ReportPlan()))
    with pytest.raises(ConfigurationError, match=r"report\.recipients"):
        send(world.begin, "lead", report.id, expected_version=2, at=AT, render=render)
    with world.begin() as work:
        kept = work.reports.get(report.id)
    assert kept is not None
    assert kept.state is ReportState.REVIEWED


def test_a_daily_report_goes_out_without_a_review(world):
    day = replace(WEEK, kind=ReportKind.DAY)
    report = a_draft(world, day)
    sent = send_by_machine(world.begin, report.id, actor="system", at=AT, render=render)
    assert sent.recipients == ("duty@example.com",)
