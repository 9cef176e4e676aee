"""预警 as a person sees it, and what their clicks do."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.case import CaseState, FalseAlarmCategory
from domain.sentiment import WHOLE_TEXT, Label, Sentiment
from domain.signal import SignalState
from monitoring.evidence import as_post
from runtime.wiring import Services
from tests.dashboard_house import HOSTILE, NOW
from tests.fakes import a_mention
from tests.unit.dashboard.conftest import words_of
from tests.unit.dashboard.desk_house import CASE, SIGNAL, a_house_to_act_in


@pytest.fixture
def acting(tmp_path) -> Iterator[Services]:
    with a_house_to_act_in(tmp_path) as services:
        yield services


def signal(services):
    with services.begin_reading() as work:
        return work.signals.get(SIGNAL)


def press(seen, name):
    return seen.button(key=f"koubei-{name}").click().run()


def choose(seen, name):
    return seen.get("button_group")[0].set_value(name).run()


def test_the_inbox_says_what_waits_and_how_late_it_is(furnished, visit):
    said = words_of(visit(furnished, "alerts"))
    assert "1 条待确认，其中 1 条已超时" in said
    assert "超时 45 分钟" in said


def test_one_signal_shows_sentence_numbers_formula_and_trail(furnished, visit):
    said = words_of(visit(furnished, "alerts", id=SIGNAL))
    for part in ("为何触发", "触发线", "数字与曲线", "代表内容", "处理记录", "通知记录"):
        assert part in said


def test_looking_changes_nothing_whatever_the_link_asks_for(acting, visit):
    before = signal(acting)
    for do in ("ack", "case", "false-alarm", "silence", "<script>"):
        assert not visit(acting, "alerts", id=SIGNAL, do=do).exception
    assert signal(acting) == before


def test_acknowledging_stops_the_clock_and_says_so(acting, visit):
    seen = press(visit(acting, "alerts", id=SIGNAL), "act-ack")
    assert "已确认收到，提醒与升级已停止" in words_of(seen)
    assert signal(acting).acknowledged_by == "lin"
    assert "确认时限" not in words_of(seen)


def test_a_link_of_the_mail_puts_its_button_first_and_opens_its_form(acting, visit):
    by_mail = visit(acting, "alerts", id=SIGNAL, do="case")
    assert [b.label for b in by_mail.button][:2] == ["建单", "确认收到"]
    silent = visit(acting, "alerts", id=SIGNAL, do="silence")
    assert "开始静默" in [b.label for b in silent.button]


def test_making_a_case_leads_to_it(acting, visit):
    press(visit(acting, "alerts", id=SIGNAL), "act-case")
    with acting.begin_reading() as work:
        case = work.cases.get(CASE)
    assert case.state is CaseState.NEW
    assert signal(acting).case_id == CASE


def test_a_false_alarm_needs_its_reason_and_keeps_what_was_typed(acting, visit):
    seen = visit(acting, "alerts", id=SIGNAL, do="false-alarm")
    seen = press(seen, "false-go")
    assert "请写明理由" in words_of(seen)
    assert signal(acting).state is SignalState.OPEN
    seen.text_area(key="koubei-false-reason").input("同名小店")
    seen = press(seen, "false-go")
    assert signal(acting).false_alarm is FalseAlarmCategory.NOT_ABOUT_US
    assert "已标为误报" in words_of(seen)


def test_silence_names_author_reason_and_end(acting, visit):
    seen = visit(acting, "alerts", id=SIGNAL, do="silence")
    seen.text_area(key="koubei-silence-reason").input("已知的促销活动")
    seen = press(seen, "silence-go")
    with acting.begin_reading() as work:
        (silence,) = work.silences.recent()
    assert silence.author_id == "lin"
    assert silence.reason == "已知的促销活动"
    assert "生效中的静默" in "".join(e.label for e in seen.expander)
    assert "静默至" in words_of(seen)


def test_who_was_slower_is_told_and_nothing_is_overwritten(acting, visit):
    slow = visit(acting, "alerts", id=SIGNAL)
    press(visit(acting, "alerts", login="duty_lead", id=SIGNAL), "act-ack")
    visit(acting)  # the reader is lin again, whose page was drawn before
    slow = press(slow, "act-ack")
    assert signal(acting).acknowledged_by == "duty_lead"
    assert "已被 duty_lead 于 16:40 确认收到" in words_of(slow)
    assert "✓ 已确认收到" not in words_of(slow)


def test_who_may_only_read_sees_no_buttons(acting, visit):
    assert not visit(acting, "alerts", login="auditor", id=SIGNAL).button


def test_an_unknown_number_says_what_to_do(furnished, visit):
    said = words_of(visit(furnished, "alerts", id="<script>alert(1)</script>"))
    assert "没有这个预警" in said
    assert "<script>" not in said


def test_an_empty_inbox_says_that_nothing_burns(bare, visit):
    assert "没有预警" in words_of(visit(bare, "alerts"))


def test_hostile_texts_are_only_text(acting, visit):
    loud = [
        replace(a_mention(f"7{n:015}"), text=text, likes=90_000 + n, **ABOUT)
        for n, text in enumerate(HOSTILE)
    ]
    acting.store.add(loud)
    before = signal(acting)
    with acting.begin_work() as work:
        terms = tuple((text[:200], 9) for text in HOSTILE)
        work.signals.save(replace(before, terms=terms, first_post=as_post(loud[0], "yunzhan")))
        work.commit()
    said = words_of(visit(acting, "alerts", id=SIGNAL))
    assert "退款" in said
    for live in ("<script>document", "<img src=x", "<style>*{", 'href="javascript'):
        assert live not in said


ABOUT = {
    "published_at": NOW - timedelta(minutes=20),
    "collected_at": NOW,
    "brand_ids": frozenset({"yunzhan"}),
    "watch_ids": frozenset({"yunzhan-koubei"}),
    "sentiment": {WHOLE_TEXT: Sentiment(Label.NEGATIVE, -0.9, 0.9, "demo-moods-1")},
}
