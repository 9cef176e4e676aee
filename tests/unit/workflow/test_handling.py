"""workflow/handling.py: what people do with a signal, who may, and what the trail keeps."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.audit import first_broken
from domain.brand import Level
from domain.case import CaseState, FalseAlarmCategory
from domain.errors import ConfigurationError, NotPermitted, VersionConflict
from domain.mention import Platform
from domain.signal import Rule, SignalAct, SignalState
from domain.silence import SilenceScope
from tests.fixtures.desk import ANNA, PEOPLE, ZONE, a_desk, changed, furnish, render
from tests.fixtures.signals import OPENED, a_context, a_signal
from workflow.handling import (
    acknowledge,
    attach,
    end_silence,
    is_hushed,
    is_swallowed,
    join_open_case,
    make_case,
    mark_false_alarm,
    possible_acts,
    silence,
    unacknowledge,
)
from workflow.signals import open_signal

ID = a_signal().id
AT = OPENED + timedelta(minutes=5)
LEAD, ANN, ABE, LAW = PEOPLE
KEY_SCOPE = SilenceScope(signal_key=a_signal().key)


@pytest.fixture
def desk(begin):
    furnish(begin, a_signal())
    return begin


def stored(begin, signal_id=ID):
    with begin() as work:
        return work.signals.get(signal_id)


def rows(begin, object_id=ID):
    with begin() as work:
        assert first_broken(work.audit.rows()) is None
        return work.audit.of(object_id)


def none_of_it(begin, who="lead", version=0, **changes):
    fields = {"category": FalseAlarmCategory.OLD_NEWS, "reason": "去年的帖子", **changes}
    return mark_false_alarm(begin, who, ID, expected_version=version, at=AT, **fields)


def hush(begin, who="lead", scope=KEY_SCOPE, hours=2, reason="已知活动", at=AT):
    until = at + timedelta(hours=hours)
    return silence(begin, who, scope=scope, until=until, reason=reason, at=at, zone=ZONE)


class TestTaking:
    def test_it_stops_waiting_and_the_trail_says_who(self, desk):
        taken = acknowledge(desk, "ann", ID, expected_version=0, at=AT, session_id="s1")
        assert (taken.state, taken.acknowledged_by) == (SignalState.ACKNOWLEDGED, "ann")
        assert not taken.is_waiting
        [row] = rows(desk)
        payload = json.loads(row.payload)
        assert (row.actor, row.action) == ("account:ann", "signal.acknowledged")
        assert (payload["from"], payload["to"], payload["session"]) == (
            "open",
            "acknowledged",
            "s1",
        )
        assert payload["before"] != payload["after"]
        assert payload["roles"] == ["analyst"]

    def test_twice_is_once(self, desk):
        acknowledge(desk, "ann", ID, expected_version=0, at=AT)
        acknowledge(desk, "ann", ID, expected_version=0, at=AT)
        assert len(rows(desk)) == 1

    def test_newer_figures_are_no_conflict(self, desk):
        changed(desk, ID, peak_observed=60)
        assert acknowledge(desk, "ann", ID, expected_version=0, at=AT).peak_observed == 60

    def test_another_person_s_decision_is(self, desk):
        acknowledge(desk, "ann", ID, expected_version=0, at=AT)
        with pytest.raises(VersionConflict):
            acknowledge(desk, "abe", ID, expected_version=0, at=AT)
        with pytest.raises(NotPermitted, match="somebody else"):
            acknowledge(desk, "abe", ID, expected_version=1, at=AT)
        assert stored(desk).acknowledged_by == "ann"

    def test_a_version_that_never_was_is_refused(self, desk):
        with pytest.raises(VersionConflict):
            acknowledge(desk, "ann", ID, expected_version=7, at=AT)

    @pytest.mark.parametrize("who", ["law", "nobody"])
    def test_who_may_not_changes_nothing(self, desk, who):
        with pytest.raises(NotPermitted):
            acknowledge(desk, who, ID, expected_version=0, at=AT)
        assert stored(desk) == a_signal()
        assert rows(desk) == []

    def test_a_closed_one_cannot_be_taken(self, desk):
        changed(desk, ID, state=SignalState.CLOSED)
        with pytest.raises(NotPermitted, match="over"):
            acknowledge(desk, "ann", ID, expected_version=1, at=AT)


class TestGivingBack:
    def test_its_clock_begins_anew(self, desk):
        acknowledge(desk, "ann", ID, expected_version=0, at=AT)
        back = unacknowledge(desk, "ann", ID, expected_version=1, at=AT + timedelta(minutes=9))
        assert (back.state, back.acknowledged_by) == (SignalState.OPEN, "")
        assert back.clock_start == AT + timedelta(minutes=9)
        assert back.epoch == 2

    def test_only_who_holds_it_or_a_lead_may(self, desk):
        acknowledge(desk, "ann", ID, expected_version=0, at=AT)
        with pytest.raises(NotPermitted):
            unacknowledge(desk, "abe", ID, expected_version=1, at=AT)
        assert unacknowledge(desk, "lead", ID, expected_version=1, at=AT).is_waiting


class TestCases:
    def test_a_case_holds_the_signal_and_its_posts(self, desk):
        case = make_case(desk, "ann", ID, expected_version=0, at=AT, desk=a_desk())
        signal = stored(desk)
        assert (case.signal_ids, case.level) == ((ID,), Level.ORANGE)
        assert case.mention_ids == tuple(p.mention_id for p in a_signal().top_posts)
        assert case.title.startswith("云栈茶饮")
        assert (signal.case_id, signal.state) == (case.id, SignalState.ACKNOWLEDGED)

    def test_a_double_click_makes_one(self, desk):
        first = make_case(desk, "ann", ID, expected_version=0, at=AT, desk=a_desk())
        again = make_case(desk, "ann", ID, expected_version=0, at=AT, desk=a_desk())
        assert again.id == first.id

    def test_what_is_refused_leaves_neither_case_nor_trace(self, desk):
        with pytest.raises(NotPermitted):
            make_case(desk, "law", ID, expected_version=0, at=AT, desk=a_desk())
        with desk() as work:
            assert work.cases.of_signal(ID) is None
        assert rows(desk) == []

    def test_a_signal_is_added_to_a_case_that_is_there(self, begin):
        second = a_signal(id="A-20261121-04", key="second")
        furnish(begin, a_signal(), second)
        case = make_case(begin, "ann", ID, expected_version=0, at=AT, desk=a_desk())
        joined = attach(begin, "abe", second.id, case.id, expected_version=0, at=AT, desk=a_desk())
        assert joined.signal_ids == (ID, second.id)
        assert stored(begin, second.id).case_id == case.id
        with pytest.raises(NotPermitted, match="no such case"):
            attach(begin, "abe", second.id, "C-1", expected_version=1, at=AT, desk=a_desk())

    def test_one_raised_by_hand_ends_when_a_case_carries_it(self, begin):
        by_hand = a_signal(rule=Rule.HAND_RAISED, key="by hand")
        furnish(begin, by_hand)
        make_case(begin, "ann", ID, expected_version=0, at=AT, desk=a_desk())
        assert stored(begin).state is SignalState.CLOSED

    def test_a_new_spike_of_the_same_kind_joins_the_open_case(self, desk):
        case = make_case(desk, "ann", ID, expected_version=0, at=AT, desk=a_desk())
        new = a_signal(id="A-20261122-01", key="new", level=Level.YELLOW)
        with desk() as work:
            joined = join_open_case(work, new, at=AT, desk=a_desk())
            assert joined is not None
            work.signals.add(joined)
            assert joined.case_id == case.id
            assert is_swallowed(work, joined), "yellow beside an open orange case"
            assert not is_swallowed(work, replace(joined, level=Level.RED))
            assert work.cases.get(case.id).signal_ids == (ID, new.id)
            other = replace(new, id="A-20261122-02", key="o", brand_id="other")
            assert join_open_case(work, other, at=AT, desk=a_desk()) is None
            work.commit()

    @pytest.mark.parametrize("state", [CaseState.RESPONDED, CaseState.RESOLVED])
    def test_an_answered_case_is_taken_up_again(self, desk, state):
        case = make_case(desk, "ann", ID, expected_version=0, at=AT, desk=a_desk())
        with desk() as work:
            work.cases.save(replace(case, state=state))
            new = a_signal(id="A-20261122-01", key="new")
            assert join_open_case(work, new, at=AT, desk=a_desk()) is not None
            assert work.cases.get(case.id).state is CaseState.VERIFYING
            assert [row.action for row in work.audit.of(case.id)][-2:] == [
                "case.reopened",
                "case.attached",
            ]

    def test_a_closed_case_is_left_alone(self, desk):
        case = make_case(desk, "ann", ID, expected_version=0, at=AT, desk=a_desk())
        with desk() as work:
            work.cases.save(replace(case, state=CaseState.CLOSED))
            new = a_signal(id="A-20261122-01", key="new")
            assert join_open_case(work, new, at=AT, desk=a_desk()) is None


class TestFalseAlarms:
    def test_it_closes_and_everybody_who_was_told_is_told(self, begin):
        furnish(begin)
        with begin() as work:
            open_signal(
                work,
                a_signal(),
                recipients=[ANNA],
                context=a_context(),
                render=render,
                reason="x",
            )
            work.commit()
        closed = none_of_it(begin)
        assert (closed.state, closed.false_alarm, closed.closed_by) == (
            SignalState.CLOSED,
            FalseAlarmCategory.OLD_NEWS,
            "lead",
        )
        with begin() as work:
            [told] = [t for t in work.outbox.told(ID) if t.kind == "notice"]
            mail = work.outbox.get(told.key)
        assert told.recipient == ANNA.address
        assert "误报" in mail.rendered.subject
        assert mail.thread

    def test_orange_needs_a_duty_lead_and_yellow_does_not(self, desk):
        with pytest.raises(NotPermitted, match="duty lead"):
            none_of_it(desk, "ann")
        changed(desk, ID, level=Level.YELLOW)
        assert none_of_it(desk, "ann", 1).false_alarm is FalseAlarmCategory.OLD_NEWS

    def test_one_that_closed_by_itself_counts_and_tells_nobody(self, desk):
        end = AT - timedelta(minutes=1)
        changed(desk, ID, state=SignalState.CLOSED, closed_at=end)
        assert none_of_it(desk, "lead", 1).closed_at == end
        with desk() as work:
            assert work.outbox.told(ID) == []

    def test_it_needs_a_reason_and_no_case(self, desk):
        with pytest.raises(ConfigurationError, match="reason"):
            none_of_it(desk, reason="  ")
        make_case(desk, "ann", ID, expected_version=0, at=AT, desk=a_desk())
        with pytest.raises(NotPermitted, match="in a case"):
            none_of_it(desk, "lead", 1)


class TestSilences:
    def test_a_signal_is_silenced_until_the_end(self, desk):
        made = hush(desk)
        signal = stored(desk)
        assert signal.silenced_until == made.ends_at
        with desk() as work:
            assert is_hushed(work, signal, AT)
            assert not is_hushed(work, signal, made.ends_at)
            assert not is_hushed(work, replace(signal, level=Level.RED), AT)
            assert work.silences.holding(AT) == [made]
        assert [row.action for row in rows(desk)] == ["signal.silenced"]
        assert [row.action for row in rows(desk, made.id)] == ["silence.begun"]

    def test_red_cannot_be_silenced(self, desk):
        changed(desk, ID, level=Level.RED)
        with pytest.raises(NotPermitted, match="red"):
            hush(desk)

    def test_a_brand_s_silence_leaves_its_red_signal_alone(self, desk):
        changed(desk, ID, level=Level.RED)
        hush(desk, scope=SilenceScope(brand_id="yunzhan"))
        assert stored(desk).silenced_until is None

    @pytest.mark.parametrize(
        ("scope", "covered"),
        [
            (SilenceScope(brand_id="yunzhan"), True),
            (SilenceScope(brand_id="other"), False),
            (SilenceScope(rule=Rule.NEGATIVE_SPIKE), True),
            (SilenceScope(rule=Rule.HAND_RAISED), False),
            (SilenceScope(platform=Platform.WEIBO), False),
            (SilenceScope(brand_id="yunzhan", rule=Rule.NEGATIVE_SPIKE), True),
        ],
        ids=str,
    )
    def test_a_scope_covers_what_agrees_in_all_that_it_sets(self, desk, scope, covered):
        hush(desk, scope=scope)
        assert (stored(desk).silenced_until is not None) is covered

    def test_a_platform_s_silence_covers_what_is_there_alone(self):
        scope = SilenceScope(platform=Platform.WEIBO)
        assert scope.covers(a_signal(alerted_platforms=(Platform.WEIBO,)))
        assert not scope.covers(a_signal(alerted_platforms=(Platform.WEIBO, Platform.ZHIHU)))

    @pytest.mark.parametrize(
        "changes",
        [{"hours": 0}, {"hours": 24 * 7 + 1}, {"reason": " "}, {"scope": SilenceScope()}],
        ids=str,
    )
    def test_it_has_an_end_within_a_week_a_reason_and_a_scope(self, desk, changes):
        with pytest.raises(ConfigurationError):
            hush(desk, **changes)

    def test_an_analyst_may_not(self, desk):
        with pytest.raises(NotPermitted):
            hush(desk, "ann")

    def test_ending_it_early_lets_the_signal_speak_unless_another_still_holds(self, desk):
        first = hush(desk, hours=3)
        second = hush(desk, hours=1, scope=SilenceScope(brand_id="yunzhan"))
        end_silence(desk, "lead", first.id, expected_version=0, at=AT + timedelta(minutes=1))
        assert stored(desk).silenced_until == second.ends_at
        end_silence(desk, "lead", second.id, expected_version=0, at=AT + timedelta(minutes=2))
        assert stored(desk).silenced_until is None
        with pytest.raises(VersionConflict):
            end_silence(desk, "lead", first.id, expected_version=0, at=AT + timedelta(minutes=3))


@pytest.mark.parametrize("account", PEOPLE, ids=lambda account: account.id)
@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("state", list(SignalState))
def test_what_pages_offer_is_what_is_allowed(begin, account, level, state):
    signal = a_signal(level=level, state=state, acknowledged_by="ann" if state != "open" else "")
    furnish(begin, signal)
    for offered in SignalAct:
        tried = _try(begin, offered, account.id)
        if tried is not None:
            assert tried == (offered in possible_acts(signal, account)), offered


def _try(begin, offered, who):
    """Whether an act is allowed, without keeping it; None where trying needs a case."""
    acts = {
        SignalAct.ACKNOWLEDGE: lambda b: acknowledge(b, who, ID, expected_version=0, at=AT),
        SignalAct.GIVE_BACK: lambda b: unacknowledge(b, who, ID, expected_version=0, at=AT),
        SignalAct.FALSE_ALARM: lambda b: none_of_it(b, who),
        SignalAct.SILENCE: lambda b: hush(b, who),
        SignalAct.MAKE_CASE: lambda b: make_case(
            b, who, ID, expected_version=0, at=AT, desk=a_desk()
        ),
    }
    if offered not in acts:
        return None
    before = stored(begin)
    if offered is SignalAct.ACKNOWLEDGE and before.acknowledged_by == who:
        return None  # harmless, and not offered

    class NotKept:
        def __init__(self):
            self._work = begin()

        def __enter__(self):
            work = self._work.__enter__()
            work.commit = lambda: None
            return work

        def __exit__(self, *rest):
            self._work.__exit__(*rest)

    try:
        acts[offered](NotKept)
    except NotPermitted:
        return False
    finally:
        assert stored(begin) == before
    return True
