"""monitoring/trail_words.py: every act has a word, and nothing is hidden."""

from datetime import timedelta

import pytest

from domain.audit import FIRST_HASH, canonical, seal
from domain.case_table import MOVES
from monitoring.trail_words import act_words, lines, news
from tests.fakes import NOON

NAMES = {"li": "李原"}


def a_row(action="case.taken", *, actor="account:li", seq=1, reason="", payload=None, erased=False):
    row = seal(
        seq=seq,
        at=NOON + timedelta(minutes=seq),
        actor=actor,
        action=action,
        object_id="C-20261120-01",
        reason=reason,
        payload=canonical(payload or {}),
        salt="s",
        previous_hash=FIRST_HASH,
    )
    if not erased:
        return row
    from dataclasses import replace

    return replace(row, payload="", salt="")


@pytest.mark.parametrize("action", sorted({move.action for move in MOVES}))
def test_every_move_of_a_case_has_a_chinese_word(action):
    assert act_words(action) != "其他操作"
    assert not any(sign.isascii() for sign in act_words(action))


@pytest.mark.parametrize(
    "action",
    [
        "signal.acknowledged",
        "signal.closed",
        "signal.escalated",
        "signal.false_alarm",
        "signal.grew",
        "signal.in_case",
        "signal.opened",
        "signal.raised",
        "signal.reminded",
        "signal.returned",
        "signal.silenced",
        "signal.unacknowledged",
        "signal.unsilenced",
    ],
)
def test_every_act_on_a_signal_has_a_word(action):
    assert act_words(action) != "其他操作"


def test_an_act_that_came_with_another_case_says_so():
    assert act_words("case.merged_other") == "并案（随另一工单）"


def test_a_line_tells_who_in_which_role_from_where_to_where_and_why():
    payload = {"from": "new", "to": "triage", "role": "analyst", "clause": "001 §5.1", "version": 2}
    (line,) = lines([a_row(reason="夜班", payload=payload)], NAMES)
    assert (line.who, line.what, line.change) == ("李原", "认领", "待研判 → 研判中")
    assert line.role
    assert (line.reason, line.clause, line.version) == ("夜班", "001 §5.1", 2)


def test_a_regrade_tells_both_levels_and_voided_approvals():
    payload = {"level_before": "orange", "level": "red", "approvals_voided": 2}
    (line,) = lines([a_row("case.regraded", payload=payload)], NAMES)
    assert line.details == ("橙色 → 红色", "作废 2 项批准")


def test_an_erased_payload_is_said_to_be_erased():
    (line,) = lines([a_row(erased=True)], NAMES)
    assert line.details == ("内容已依法删除",)


def test_the_machine_is_called_the_system_and_its_english_reasons_stay_in_the_log():
    row = a_row("signal.opened", actor="system:detector", reason="38 negatives in an hour")
    (line,) = lines([row], NAMES)
    assert (line.who, line.reason) == ("系统", "")


def test_news_is_what_others_did_since():
    rows = [
        a_row("case.taken", seq=1, payload={"version": 1}),
        a_row("case.noted", seq=2, actor="account:wang", payload={"version": 2}),
        a_row("case.noted", seq=3, payload={"version": 3}),
        a_row("audit.exported", seq=4, actor="account:wang"),
    ]
    told = lines(rows, NAMES)
    assert [line.seq for line in news(told, 0, "wang")] == [1, 3]
    assert [line.seq for line in news(told, 1, "li")] == [2]
    assert news(told, 3, "nobody") == ()
