import math
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.spikes import FIRST_DAY_COUNT, Step, advance, judge_series
from domain.brand import Sensitivity
from domain.signal import Outcome, Rule

BALANCED = Sensitivity.BALANCED
ALERTS = {Outcome.OPENED, Outcome.GREW}


def hours(counts, totals=None, start=0.0, width=1.0, known=None):
    """Hourly steps with these negatives; by default a quarter of all voices is negative."""
    totals = totals or [4 * count for count in counts]
    known = known or [True] * len(counts)
    return [
        Step(start + (i + 1) * width, n, t, width, k)
        for i, (n, t, k) in enumerate(zip(counts, totals, known, strict=True))
    ]


def outcomes(steps, sensitivity=BALANCED):
    return [judged.outcome for judged in judge_series(steps, sensitivity)]


def alerts(steps, sensitivity=BALANCED):
    return [o for o in outcomes(steps, sensitivity) if o in ALERTS]


def poisson(mean, seed, count):
    chance = random.Random(seed)

    def one():
        limit, product, n = math.exp(-mean), chance.random(), 0
        while product > limit:
            product, n = product * chance.random(), n + 1
        return n

    return [one() for _ in range(count)]


@given(st.lists(st.integers(0, 4), min_size=1, max_size=24 * 40), st.sampled_from(Sensitivity))
@settings(max_examples=60, deadline=None)
def test_a_quiet_brand_never_alerts(counts, sensitivity):
    assert alerts(hours(counts), sensitivity) == []


@given(st.integers(1, 24 * 35), st.integers(1, 3), st.sampled_from(Sensitivity))
@settings(max_examples=60, deadline=None)
def test_zero_to_three_never_alerts(quiet_hours, three, sensitivity):
    assert alerts(hours([0] * quiet_hours + [three] * 3), sensitivity) == []


@given(st.integers(0, 10_000), st.integers(30, 24 * 35), st.sampled_from(Sensitivity))
@settings(max_examples=40, deadline=None)
def test_three_to_forty_always_alerts_at_once(seed, known_hours, sensitivity):
    assert outcomes(hours([*poisson(3, seed, known_hours), 40]), sensitivity)[-1] in {
        Outcome.OPENED,
        Outcome.GREW,
    }


def test_a_slow_climb_is_seen_before_it_is_twelve_times_the_usual():
    climb = [round(5 * 1.08**hour) for hour in range(33)]

    judged = list(judge_series(hours(poisson(5, 1, 24 * 14) + climb), BALANCED))

    opened = [j.step.negative for j in judged if j.outcome is Outcome.OPENED]
    assert len(opened) == 1
    assert opened[0] <= 30


def test_a_new_level_alerts_once_and_is_then_learned():
    counts = poisson(3, 2, 24 * 28) + poisson(40, 3, 24 * 28)

    found = Counter(outcomes(hours(counts)))

    assert found[Outcome.OPENED] == 1
    assert found[Outcome.CLOSED] == 1
    assert outcomes(hours(counts))[-1] is Outcome.CALM


@given(st.integers(2, 50), st.integers(0, 1_000))
@settings(max_examples=30, deadline=None)
def test_the_rule_does_not_depend_on_the_scale_of_a_busy_brand(factor, seed):
    counts = [20 + n * 5 for n in poisson(4, seed, 24 * 10)]
    counts[200:203] = [150, 300, 90]

    assert outcomes(hours(counts)) == outcomes(hours([factor * n for n in counts]))


@given(st.integers(0, 10_000), st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_a_positive_wave_raises_counts_but_not_the_share_and_never_alerts(seed, fold):
    negatives = poisson(6, seed, 24 * 14)
    totals = [n + m for n, m in zip(negatives, poisson(14, seed + 1, len(negatives)), strict=True)]
    wave = [50 * fold, 80 * fold, 60 * fold]

    steps = hours(negatives + wave, totals + [8 * n for n in wave])

    assert outcomes(steps)[-3:] == [Outcome.SHARE_NORMAL] * 3


def test_the_same_counts_alert_when_the_share_is_up():
    negatives = poisson(6, 1, 24 * 14)
    totals = [n + m for n, m in zip(negatives, poisson(14, 2, len(negatives)), strict=True)]

    assert outcomes(hours([*negatives, 50], [*totals, 70]))[-1] is Outcome.OPENED


def test_a_brand_that_is_always_negative_still_alerts():
    counts = poisson(3, 5, 24 * 14)

    assert outcomes(hours([*counts, 40], [*counts, 40]))[-1] is Outcome.OPENED


@given(st.integers(0, 8), st.integers(1, 100))
@settings(max_examples=30, deadline=None)
def test_an_unknown_hour_is_not_calm(count, gap):
    before = poisson(3, 4, 24 * 10)
    known = [True] * len(before) + [False] * gap

    result = outcomes(hours(before + [count] * gap, known=known))

    assert result[-gap:] == [Outcome.COVERAGE_UNKNOWN] * gap


def test_what_was_seen_of_an_unknown_hour_alerts_where_it_is_enough():
    counts = [*poisson(3, 6, 24 * 10), 30, 50, 60, 5]
    known = [True] * (len(counts) - 4) + [False] * 4

    last = list(judge_series(hours(counts, known=known), BALANCED))[-4:]

    assert [judged.outcome for judged in last] == [
        Outcome.OPENED,
        Outcome.STILL_OPEN,
        Outcome.GREW,
        Outcome.COVERAGE_UNKNOWN,
    ]
    assert all(judged.verdict.figures.lower_bound for judged in last)
    assert not any(judged.verdict.known for judged in last)
    assert last[0].verdict.figures.z > 5
    assert last[-1].verdict.figures.z is None


def test_what_was_seen_of_an_unknown_hour_teaches_nothing():
    before = poisson(3, 4, 24 * 10)
    known = [True] * len(before) + [False] * 5 + [True]
    seen, blind = (
        list(judge_series(hours([*before, *[gap] * 5, 20], known=known), BALANCED))[-1].verdict
        for gap in (60, 0)
    )

    assert seen == blind


@given(st.integers(20, 500), st.integers(2, 9))
@settings(max_examples=30, deadline=None)
def test_half_of_a_positive_wave_does_not_alert_either(negatives, times):
    counts = [*poisson(6, 3, 24 * 14), negatives]
    totals = [3 * n for n in counts[:-1]] + [negatives * 4 * times]
    known = [True] * (len(counts) - 1) + [False]

    assert outcomes(hours(counts, totals, known=known))[-1] is Outcome.COVERAGE_UNKNOWN


def test_the_first_day_alerts_on_what_was_seen_too():
    known = [True] * 10 + [False]

    assert outcomes(hours([*[3] * 10, 19], known=known))[-1] is Outcome.COVERAGE_UNKNOWN
    assert outcomes(hours([*[3] * 10, 20], known=known))[-1] is Outcome.OPENED


def test_an_incident_that_an_unknown_hour_opened_ends_only_in_known_ones():
    counts = [*poisson(3, 6, 24 * 10), 60] + [0] * 14
    known = [True] * (len(counts) - 15) + [False] * 8 + [True] * 7

    tail = outcomes(hours(counts, known=known))[-14:]

    assert tail == [Outcome.COVERAGE_UNKNOWN] * 7 + [Outcome.STILL_OPEN] * 6 + [Outcome.CLOSED]


def test_a_gap_teaches_nothing_and_lets_no_record_age():
    before = poisson(3, 4, 24 * 10)
    before[-1] = 30
    gapless = hours([*before, 25])
    gap = 24 * 6
    known = [True] * len(before) + [False] * gap + [True]
    gapped = hours(before + [0] * gap + [25], known=known)

    one, other = list(judge_series(gapless, BALANCED))[-1], list(judge_series(gapped, BALANCED))[-1]

    assert other.verdict.figures.record_days == one.verdict.figures.record_days
    assert other.verdict.figures.samples == one.verdict.figures.samples


def test_a_busy_hour_that_comes_every_day_is_no_alarm():
    day = [0] * 20 + [40] + [0] * 3
    result = outcomes(hours(day * 10))

    assert [o for o in result[24 * 2 :] if o in ALERTS] == []


def test_the_first_day_asks_for_twenty_and_five_times_any_earlier_hour():
    usual = [3] * 10

    assert outcomes(hours([*usual, 19]))[-1] is Outcome.LEARNING
    assert outcomes(hours([*usual[:-1], 5, 5, 24]))[-1] is Outcome.LEARNING
    assert outcomes(hours([FIRST_DAY_COUNT]))[-1] is Outcome.LEARNING
    last = list(judge_series(hours([*usual, 20]), BALANCED))[-1]
    assert (last.outcome, last.verdict.rule) == (Outcome.OPENED, Rule.FIRST_DAY_ABSOLUTE)


def test_an_incident_grows_only_at_twice_the_height_that_was_told():
    counts = [*poisson(3, 6, 24 * 10), 30, 59, 60, 119, 120]

    assert outcomes(hours(counts))[-5:] == [
        Outcome.OPENED,
        Outcome.STILL_OPEN,
        Outcome.GREW,
        Outcome.STILL_OPEN,
        Outcome.GREW,
    ]


def test_an_incident_ends_after_six_hours_below_a_third_of_its_peak():
    counts = poisson(3, 6, 24 * 10) + [60] + [15] * 3 + [21] + [15] * 8

    tail = outcomes(hours(counts))[-13:]

    assert tail.index(Outcome.CLOSED) == 11
    assert tail.count(Outcome.CLOSED) == 1


def test_a_gap_inside_an_incident_does_not_count_as_quiet():
    before = poisson(3, 6, 24 * 10)
    counts = [*before, 60] + [0] * 5
    known = [True] * (len(before) + 1) + [True, True, False, True, True]
    steps = hours(counts, known=known)
    last = list(judge_series(steps, BALANCED))[-1]

    assert last.incident is not None
    assert last.incident.quiet_since == steps[-2].at


@given(
    st.lists(st.tuples(st.integers(0, 200), st.booleans()), max_size=200),
    st.sampled_from(Sensitivity),
)
@settings(max_examples=80, deadline=None)
def test_every_incident_opens_once_and_closes_once(tail, sensitivity):
    before = poisson(3, 8, 24 * 5)
    counts = before + [n for n, _ in tail]
    steps = hours(counts, known=[True] * len(before) + [k for _, k in tail])
    is_open = False
    for judged in judge_series(steps, sensitivity):
        if judged.outcome is Outcome.OPENED:
            assert not is_open
            is_open = True
        elif judged.outcome in {Outcome.GREW, Outcome.STILL_OPEN}:
            assert is_open
        elif judged.outcome is Outcome.CLOSED:
            assert is_open
            is_open = False
        assert (judged.incident is not None) == is_open


@given(st.lists(st.integers(0, 100), min_size=30, max_size=200), st.integers(0, 199))
@settings(max_examples=40, deadline=None)
def test_the_rule_is_causal_and_deterministic(counts, cut):
    steps = hours(counts)

    assert outcomes(steps[:cut]) == outcomes(steps)[:cut]
    assert outcomes(steps) == outcomes(steps)


def test_sensitivities_differ_in_what_they_let_pass():
    base = poisson(9, 9, 24 * 20)

    opens = {s: outcomes(hours([*base, 25]), s)[-1] is Outcome.OPENED for s in Sensitivity}

    assert opens == {
        Sensitivity.MORE: True,
        Sensitivity.BALANCED: True,
        Sensitivity.FEWER: False,
    }


@pytest.mark.parametrize(
    ("count", "outcome"),
    [
        (2, Outcome.CALM),
        (4, Outcome.TOO_FEW),
        (5, Outcome.NOT_UNUSUAL),
        (6, Outcome.OPENED),
    ],
)
def test_a_flat_series_needs_five_posts(count, outcome):
    assert outcomes(hours([0, 0, 1, 0] * 48 + [count]))[-1] is outcome


def test_without_an_incident_advance_keeps_the_word_of_the_verdict():
    judged = list(judge_series(hours([1] * 40), BALANCED))[-1]

    assert advance(None, judged.verdict) == (None, Outcome.CALM)
