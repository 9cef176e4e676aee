"""monitoring/signal_view.py and hand_raise.py: what the 预警 page shows and lets people do."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.brand import Level
from domain.case import FalseAlarmCategory
from domain.errors import ConfigurationError, NotPermitted
from domain.mention import Platform
from domain.signal import Evaluation, Figures, Outcome, Rule, SignalAct, SignalState
from domain.silence import SilenceScope
from monitoring.hand_raise import raise_by_hand
from monitoring.handling_clocks import Telling, run_clocks
from monitoring.signal_view import formula, signal_detail, signal_list
from storage.sql.database import begin_work
from tests.fakes import NOON, a_mention
from tests.fixtures.databases import new_workflow_database
from tests.fixtures.desk import CONFIGURATION, PEOPLE, ZONE, a_desk, furnish, render
from tests.fixtures.signals import OPENED, a_context, a_signal
from workflow.handling import acknowledge, make_case, mark_false_alarm, silence
from workflow.signals import open_signal

ID = a_signal().id
LEAD, ANN, ABE, LAW = PEOPLE
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
TELLING = Telling(render=render, zone=ZONE, public_url="https://koubei.example")


@pytest.fixture
def bare(tmp_path):
    engine = new_workflow_database(tmp_path / "workflow.sqlite")
    yield begin_work(engine)
    engine.dispose()


@pytest.fixture
def begin(bare):
    furnish(bare)
    return bare


def opened(begin, number, **changes):
    signal = a_signal(**{"id": f"A-20261121-{number:02d}", "key": f"k{number}", **changes})
    with begin() as work:
        open_signal(
            work,
            signal,
            recipients=CONFIGURATION.recipients[:1],
            context=a_context(),
            render=render,
            reason="47 negatives",
        )
        work.commit()
    return signal


def ids(lines):
    return [line.signal.id[-2:] for line in lines]


class TestTheList:
    def test_the_most_urgent_is_first_and_says_what_time_is_left(self, begin):
        opened(begin, 1, level=Level.YELLOW)
        opened(begin, 2, opened_at=OPENED + 5 * MINUTE)
        opened(begin, 3)
        opened(begin, 4, level=Level.RED, opened_at=OPENED + 9 * MINUTE)
        shown = signal_list(begin, OPENED + 16 * MINUTE, ZONE)
        assert ids(shown.waiting) == ["04", "03", "02", "01"]
        assert [line.left for line in shown.waiting] == [
            3 * MINUTE,
            -MINUTE,
            4 * MINUTE,
            44 * MINUTE,
        ]
        assert (shown.unread, shown.late) == (4, 1)
        assert shown.waiting[0].brand == "云栈茶饮"
        assert shown.waiting[0].title.zh == "负面突增「异物 腹泻」"

    def test_what_is_held_or_silenced_is_told_apart(self, begin):
        held, hushed = opened(begin, 1), opened(begin, 2)
        opened(begin, 3, level=Level.YELLOW)
        acknowledge(begin, "ann", held.id, expected_version=0, at=OPENED)
        made = silence(
            begin,
            "lead",
            scope=SilenceScope(signal_key=hushed.key),
            until=OPENED + 2 * HOUR,
            reason="活动",
            at=OPENED,
            zone=ZONE,
        )
        shown = signal_list(begin, OPENED + MINUTE, ZONE)
        assert ids(shown.held) == ["01"]
        assert shown.held[0].holder == "Ann"
        assert ids(shown.waiting) == ["03", "02"], "a silenced one is last"
        [line] = shown.silences
        assert (line.silence, line.author, line.left) == (made, "Lead", 119 * MINUTE)
        assert line.scope.zh == hushed.key

    def test_closed_ones_and_the_roster_s_gaps_are_there(self, bare):
        furnish(bare, configuration=replace(CONFIGURATION, rosters=()))
        opened(bare, 1, state=SignalState.CLOSED, closed_at=OPENED + HOUR)
        shown = signal_list(bare, OPENED + 2 * HOUR, ZONE)
        assert ids(shown.closed) == ["01"]
        assert (shown.has_roster, shown.empty_slots) == (False, ())

    def test_without_a_figure_there_is_no_clock(self, bare):
        clocks = {**CONFIGURATION.clocks}
        clocks[Level.ORANGE] = replace(clocks[Level.ORANGE], acknowledge=None)
        furnish(bare, configuration=replace(CONFIGURATION, clocks=clocks))
        opened(bare, 1)
        [line] = signal_list(bare, OPENED, ZONE).waiting
        assert (line.due_at, line.left, line.is_late) == (None, None, False)


class TestTheDetail:
    def test_everything_about_one_signal(self, begin):
        opened(begin, 1, state=SignalState.CLOSED, closed_at=OPENED - HOUR, opened_at=OPENED - HOUR)
        mark_false_alarm(
            begin,
            "lead",
            "A-20261121-01",
            category=FalseAlarmCategory.SPAM,
            reason="广告",
            expected_version=0,
            at=OPENED,
        )
        opened(begin, 3)
        run_clocks(begin, OPENED + 15 * MINUTE, TELLING)
        detail = signal_detail(begin, ID, LEAD, OPENED + 20 * MINUTE, ZONE)
        assert detail is not None
        assert detail.line.is_late
        assert ids(detail.history) == ["01"]
        assert detail.false_alarms == (1, 1)
        assert [(t.who, t.step) for t in detail.told] == [("安娜", None), ("波", 1)]
        assert detail.on_duty == ("安娜", "波")
        assert [t.action for t in detail.trail] == ["signal.opened", "signal.reminded"]
        assert detail.trail[0].who == "system:detector"
        assert detail.version == detail.signal.version
        assert set(detail.acts) == set(SignalAct) - {SignalAct.GIVE_BACK}
        assert "47 条，平时 7.6 条（6.2 倍）" in detail.sentence.zh

    def test_the_formula_is_the_rule_with_its_numbers(self):
        told = [step.zh for step in formula(a_signal())]
        assert told == [
            "近 28 天每小时负面均值 7.6，标准差 2.4（660 个已知小时）",
            "Z =（47 − 7.6）÷ 2.4（不足 1 时按 1） = 16.4，触发线 5",
            "12 天内没有过同样高的一小时",
            "负面占声量 81%，平时 18%",
        ]
        assert all(step.en.isprintable() for step in formula(a_signal()))

    def test_learning_and_hand_raised_signals_claim_no_formula(self):
        assert "学习中" in formula(a_signal(figures=Figures(25, 30)))[0].zh
        assert "人工" in formula(a_signal(rule=Rule.HAND_RAISED))[0].zh

    def test_the_curve_is_that_of_the_decisions_and_a_gap_is_no_zero(self, begin):
        signal = opened(begin, 3)
        end = signal.updated_at.replace(minute=30, second=0)
        with begin() as work:
            work.evaluations.add(
                Evaluation(
                    "yunzhan",
                    None,
                    end - back * HOUR - 15 * MINUTE,
                    end - back * HOUR,
                    end,
                    Rule.NEGATIVE_SPIKE,
                    Outcome.CALM,
                    Figures(40 - back, 50, mean=5.0, spread=2.0),
                    inputs={"known": back != 2},
                )
                for back in (0, 1, 2)
            )
            work.commit()
        detail = signal_detail(begin, ID, LEAD, OPENED, ZONE)
        assert detail is not None
        assert len(detail.hours) == 24
        assert [(h.negative, h.known) for h in detail.hours[-4:]] == [
            (0, False),
            (0, False),
            (39, True),
            (40, True),
        ]
        assert detail.hours[-1].band == (1.0, 9.0)

    def test_a_case_is_shown_and_others_are_offered(self, begin):
        opened(begin, 3)
        opened(begin, 4)
        case = make_case(begin, "ann", ID, expected_version=0, at=OPENED, desk=a_desk())
        held = signal_detail(begin, ID, ANN, OPENED, ZONE)
        other = signal_detail(begin, "A-20261121-04", ANN, OPENED, ZONE)
        assert held is not None
        assert other is not None
        assert (held.case, held.acts) == (case, ())
        assert other.open_cases == (case,)
        assert other.acts == (SignalAct.MAKE_CASE, SignalAct.ACKNOWLEDGE, SignalAct.ATTACH)

    def test_no_such_signal(self, begin):
        assert signal_detail(begin, "A-1", LEAD, OPENED, ZONE) is None


class Mentions:
    def __init__(self, *mentions):
        self._mentions = {mention.id: mention for mention in mentions}

    def get(self, wanted):
        return {i: self._mentions[i] for i in wanted if i in self._mentions}


def raised(begin, who="ann", mention_id="weibo:1", **changes):
    store = Mentions(a_mention(text="店里吃出虫子", watch_ids=frozenset({"main"})))
    fields = {"brand_id": "yunzhan", "level": Level.ORANGE, "reason": "大V 转发", **changes}
    return raise_by_hand(begin, store, who, mention_id, at=NOON, telling=TELLING, **fields)


class TestTheHandRaised:
    def test_it_is_a_signal_that_everybody_hears_of(self, begin):
        signal = raised(begin)
        assert (signal.rule, signal.raised_by, signal.platforms) == (
            Rule.HAND_RAISED,
            "ann",
            (Platform.WEIBO,),
        )
        with begin() as work:
            assert len(work.outbox.told(signal.id)) == 3
            [row] = work.audit.of(signal.id)
        assert (row.actor, row.reason) == ("account:ann", "大V 转发")

    def test_twice_is_once_and_after_the_end_it_is_another(self, begin):
        first = raised(begin)
        assert raised(begin, "abe") == first
        mark_false_alarm(
            begin,
            "lead",
            first.id,
            category=FalseAlarmCategory.OTHER,
            reason="看错",
            expected_version=0,
            at=NOON,
        )
        with pytest.raises(ConfigurationError):
            raised(begin, reason=" ")

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"who": "law"}, NotPermitted),
            ({"mention_id": "weibo:404"}, ConfigurationError),
            ({"brand_id": "nobody"}, NotPermitted),
        ],
    )
    def test_what_cannot_be_raised_leaves_nothing(self, begin, changes, error):
        with pytest.raises(error):
            raised(begin, **changes)
        with begin() as work:
            assert work.signals.unclosed() == []
