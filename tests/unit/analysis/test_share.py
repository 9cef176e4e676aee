import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.baseline import HourlyBaseline, RecordAge
from analysis.share import BELOW_NORMAL, upper_tail


def binomial_tail(negative, total, share):
    return sum(
        math.comb(total, k) * share**k * (1 - share) ** (total - k)
        for k in range(negative, total + 1)
    )


@pytest.mark.parametrize(("negative", "total"), [(1, 20), (6, 20), (12, 20), (20, 20), (40, 90)])
def test_without_spread_the_tail_is_the_binomial_one(negative, total):
    tail = upper_tail(negative, total, 0.3, 0.0)

    assert tail == pytest.approx(binomial_tail(negative, total, 0.3), rel=0.05, abs=1e-4)


@given(st.integers(0, 60), st.floats(0.02, 0.98), st.floats(0, 1))
def test_the_tail_is_a_probability_that_falls_with_the_count(negative, share, correlation):
    tail = upper_tail(negative, 60, share, correlation)

    assert 0 <= tail <= 1
    assert negative == 60 or upper_tail(negative + 1, 60, share, correlation) <= tail + 1e-9


@given(st.floats(0.04, 0.7), st.integers(200, 2000), st.floats(0, 1))
def test_half_the_usual_share_is_below_normal_however_restless_it_was(share, total, correlation):
    assert upper_tail(int(total * share / 2), total, share, correlation) > BELOW_NORMAL


def test_a_restless_share_is_less_surprised():
    assert upper_tail(20, 40, 0.3, 0.1) > upper_tail(20, 40, 0.3, 0.0)


def test_the_spread_of_the_share_is_learned_by_moments():
    steady, restless = HourlyBaseline(), HourlyBaseline()
    for hour in range(200):
        steady.add(hour, 30, 100)
        restless.add(hour, 50 if hour % 2 else 10, 100)

    assert steady.share_correlation == 0
    assert restless.usual_share == pytest.approx(0.3)
    assert restless.share_correlation == pytest.approx(0.04 / 0.21, rel=0.1)


def test_the_baseline_forgets_exactly_what_it_took_in():
    baseline = HourlyBaseline()
    for hour in range(100):
        baseline.add(hour, hour % 7, 10)
    baseline.forget(89)

    last = [hour % 7 for hour in range(90, 100)]
    mean = sum(last) / 10
    assert baseline.samples == 10
    assert baseline.mean == mean
    assert baseline.spread == pytest.approx(
        math.sqrt(sum((n - mean) ** 2 for n in last) / 10), abs=1e-12
    )
    baseline.forget(99)
    assert (baseline.samples, baseline.mean, baseline.spread) == (0, 0, 0)
    assert baseline.usual_share is None


@given(st.lists(st.integers(0, 9), max_size=60))
def test_the_age_of_a_record_is_that_of_the_last_value_as_high(values):
    records = RecordAge()
    for clock, value in enumerate(values):
        earlier = [clock - at for at, other in enumerate(values[:clock]) if other >= value]
        expected = min(earlier) if earlier else None
        assert records.age(clock, value) == expected
        assert records.see(clock, value) == expected


def test_a_record_older_than_the_history_is_forgotten():
    records = RecordAge()
    records.see(0, 9)
    records.see(1, 5)

    assert records.age(28 * 24, 7) == 28 * 24
    assert records.age(28 * 24 + 0.5, 7) is None
    assert records.see(28 * 24 + 0.5, 7) is None
