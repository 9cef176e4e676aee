import csv
import json
import random
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.spike_score import SpikeScorer, TrailingHours
from domain.brand import Sensitivity

FIVE_MINUTES = 1 / 12


def scores(values, width=FIVE_MINUTES, sensitivity=Sensitivity.BALANCED):
    trailing, scorer = TrailingHours(), SpikeScorer(sensitivity)
    return [scorer.score(trailing.see(i * width, value)) for i, value in enumerate(values)]


def noise(count, seed=1, top=6):
    chance = random.Random(seed)
    return [chance.randint(0, top) for _ in range(count)]


def test_trailing_sums_end_with_the_row_and_know_when_they_are_whole():
    trailing = TrailingHours()
    rows = [trailing.see(i / 2, 1.0) for i in range(9)]
    one, two, four = ([row.sums[i] for row in rows] for i in range(3))
    known = [sum(row.known) for row in rows]

    assert one == [1, 2, 2, 2, 2, 2, 2, 2, 2]
    assert two == [1, 2, 3, 4, 4, 4, 4, 4, 4]
    assert four == [1, 2, 3, 4, 5, 6, 7, 8, 8]
    assert known == [0, 1, 1, 2, 2, 2, 2, 3, 3]


def test_a_missing_row_makes_the_hours_that_reach_into_it_unknown():
    trailing = TrailingHours()
    for i in range(8):
        trailing.see(i * 0.25, 1.0)
    after = [trailing.see(2.5 + i * 0.25, 1.0) for i in range(5)]

    assert [row.hour_known for row in after] == [False, False, False, True, True]


def test_a_row_without_a_value_is_a_gap_and_not_a_zero():
    values = [*noise(2000), None, *noise(11, seed=2)]

    assert scores(values)[2000:2011] == [0.0] * 11


@pytest.mark.parametrize("width", [1 / 12, 0.25, 1.0])
def test_a_burst_is_told_once_at_any_width(width):
    per_row = round(12 * width)
    values = [v * per_row for v in noise(round(24 * 20 / width))]
    hours = round(2 / width)
    values += [40 * per_row] * hours

    told = [i for i, score in enumerate(scores(values, width)) if score >= 0.5]

    assert sum(i >= len(values) - hours for i in told) == 1
    assert len(told) <= 4


def test_a_flat_series_scores_zero():
    assert set(scores([3] * 3000)) == {0.0}


@given(
    st.lists(st.one_of(st.none(), st.floats(0, 1e6)), max_size=300), st.sampled_from(Sensitivity)
)
@settings(max_examples=50, deadline=None)
def test_scores_are_between_zero_and_one_and_never_look_ahead(values, sensitivity):
    whole = scores(values, sensitivity=sensitivity)

    assert all(0 <= score < 1 for score in whole)
    assert scores(values[:100], sensitivity=sensitivity) == whole[:100]


def test_fewer_passes_less_than_more():
    values = noise(5000)
    values[4000:4012] = [9] * 12

    passed = {s: sum(x >= 0.5 for x in scores(values, sensitivity=s)) for s in Sensitivity}

    assert passed[Sensitivity.FEWER] < passed[Sensitivity.MORE]


@pytest.mark.shared
def test_labelled_windows_are_found(shared):
    folder = shared / "data" / "spikes"
    windows = json.loads((folder / "windows.json").read_text())
    found = missed = false = 0
    for name, spans in windows.items():
        passed = _passed(folder / name)
        marks = [(_hours(a), _hours(b)) for a, b in spans]
        hits = [any(a <= at <= b for at in passed) for a, b in marks]
        found, missed = found + sum(hits), missed + hits.count(False)
        false += sum(not any(a <= at <= b for a, b in marks) for at in passed)

    assert (found, missed) == (13, 1)
    assert false <= 22


def _passed(path):
    trailing, scorer = TrailingHours(), SpikeScorer()
    with path.open(newline="") as stream:
        rows = [(_hours(r["timestamp"]), float(r["value"])) for r in csv.DictReader(stream)]
    first = rows[0][0] + 62
    return [
        at for at, value in rows if scorer.score(trailing.see(at, value)) >= 0.5 and at >= first
    ]


def _hours(text):
    return datetime.fromisoformat(text[:19]).replace(tzinfo=UTC).timestamp() / 3600
