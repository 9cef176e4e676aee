"""The snapshot over real embedded stores: every figure is what its query gives."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from domain.brand import Level
from domain.case import Case, CaseKind, CaseState
from domain.coverage import CoverageState
from domain.mention import Platform, Precision
from domain.report import Period, ReportKind, Tally, differences
from domain.sentiment import Label
from domain.signal import Rule
from monitoring.report import build_snapshot
from presentation.feed_link import feed_path
from presentation.report_words import ReportWords
from tests.fixtures.report_world import (
    DAY,
    HOUR,
    MONDAY_MORNING,
    PLATFORMS,
    WEEK,
    ZONE,
    a_usual_week,
    a_world,
    judged_by_person,
)
from tests.fixtures.signals import a_post, a_signal


@pytest.fixture(name="world")
def make_world(tmp_path):
    with a_world(tmp_path) as world:
        yield world


def snapshot_of(world, now=MONDAY_MORNING, period=WEEK):
    return build_snapshot(world.store, world.reading, period, "tea", now)


def tallies(value: Any) -> Iterator[Tally]:
    if isinstance(value, Tally):
        yield value
    elif is_dataclass(value):
        for part in fields(value):
            yield from tallies(getattr(value, part.name))
    elif isinstance(value, tuple):
        for item in value:
            yield from tallies(item)


def test_every_figure_is_what_its_frozen_query_gives(world):
    a_usual_week(world)
    found = list(tallies(snapshot_of(world)))
    assert len(found) > 15
    for tally in found:
        assert world.store.count(tally.query.as_filter()) == tally.total
        for label in Label:
            one = replace(tally.query, labels=(label,)).as_filter()
            assert world.store.count(one) == tally.of(label)


def test_the_week_its_days_and_the_week_before_are_counted(world):
    a_usual_week(world)
    snapshot = snapshot_of(world)
    assert (snapshot.tally.total, snapshot.tally.negative, snapshot.tally.positive) == (41, 12, 1)
    assert [day.tally.total for day in snapshot.days] == [4, 4, 4, 17, 4, 4, 4]
    assert [past.tally.total for past in snapshot.past] == [28, 0, 0, 0]
    assert snapshot.peak is snapshot.days[3]
    assert snapshot.peak_words[:1] == ("异物",)
    assert [(line.platform, line.tally.total) for line in snapshot.lines] == [
        (Platform.WEIBO, 27),
        (Platform.ZHIHU, 14),
    ]
    assert sum(cell.count for cell in snapshot.heat) == 41
    assert snapshot.authors == 41


def test_a_topic_is_what_is_said_more_than_before_not_what_is_always_said(world):
    a_usual_week(world)
    topics = snapshot_of(world).topics
    assert [topic.word for topic in topics] == ["异物"]
    assert topics[0].companions == ("饮料",)
    assert (topics[0].tally.total, topics[0].before) == (12, 0)
    assert "王小明" not in topics[0].first_post.author


def test_negative_posts_come_by_reach_and_near_copies_count_as_one(world):
    a_usual_week(world)
    at = WEEK.days()[4][0] + HOUR
    first = world.say(at, Label.NEGATIVE, likes=900)
    for number in range(3):
        world.say(at + number * HOUR, Label.NEGATIVE, likes=500, cluster_id=first.id)
    world.store.amend(first.id, lambda m: replace(m, cluster_id=first.id))
    negatives = snapshot_of(world).negatives
    assert len(negatives) == 10
    assert (negatives[0].post.mention_id, negatives[0].post.near_copies) == (first.id, 3)
    assert negatives[1].post.interactions == 100


def test_a_gap_greys_its_day_and_is_said_with_its_reason(world):
    thursday = WEEK.days()[3][0]
    world.look(WEEK.back(5).start, thursday)
    world.look(thursday, thursday + 6 * HOUR, state=CoverageState.BLOCKED, reason="login_wall")
    world.look(thursday + 6 * HOUR, WEEK.end)
    world.say(thursday + 8 * HOUR)
    snapshot = snapshot_of(world)
    assert [day.watched.has_gap for day in snapshot.days] == [False] * 3 + [True] + [False] * 3
    assert (snapshot.days[3].watched.known, snapshot.days[3].watched.hours) == (36, 48)
    told = ReportWords(snapshot).gaps()
    assert len(told) == 1
    assert "36/48" in told[0]
    assert "要求登录" in told[0]
    assert [cell.hour for cell in snapshot.heat if not cell.known] == [0, 1, 2, 3, 4, 5]


def test_a_platform_that_was_never_read_is_said_once_and_greys_no_day(world):
    world.look(WEEK.back(5).start, WEEK.end, Platform.WEIBO)
    world.say(WEEK.start + HOUR)
    snapshot = snapshot_of(world)
    assert snapshot.days_with_gap == ()
    (told,) = ReportWords(snapshot).gaps()
    assert told.startswith("知乎：整个时段未采到")


def test_nothing_is_compared_with_a_week_that_was_not_watched(world):
    world.look(WEEK.start, WEEK.end)
    world.say(WEEK.start + HOUR)
    snapshot = snapshot_of(world)
    assert snapshot.before is None
    assert snapshot.usual_total is None
    assert "不作环比" in ReportWords(snapshot).overview()[0]


def test_a_week_that_is_not_over_counts_no_hours_to_come_as_gaps(world):
    world.look(WEEK.start, WEEK.start + 2 * DAY)
    snapshot = snapshot_of(world, now=WEEK.start + 2 * DAY)
    assert snapshot.days_with_gap == ()
    assert [day.watched.hours for day in snapshot.days] == [48, 48, 0, 0, 0, 0, 0]
    assert snapshot.data_until == WEEK.start + 2 * DAY


def test_a_mention_with_a_day_and_no_hour_counts_and_stands_in_no_hour(world):
    world.look(WEEK.start, WEEK.end)
    world.say(WEEK.start, published_precision=Precision.DAY)
    snapshot = snapshot_of(world)
    assert snapshot.days[0].tally.total == 1
    assert sum(cell.count for cell in snapshot.heat) == 0


def test_people_who_judged_are_counted_beside_the_models(world):
    a_usual_week(world)
    world.say(
        WEEK.start + HOUR,
        sentiment={"": judged_by_person(Label.POSITIVE), "tea": judged_by_person(Label.POSITIVE)},
    )
    judging = snapshot_of(world).judging
    assert judging.by_person == 1
    assert judging.models == (("words-1", 41),)
    assert (judging.looked_at, judging.sampled, judging.sampled_low) == (0, 0, None)


def test_computing_again_shows_what_changed_since(world):
    a_usual_week(world)
    frozen = snapshot_of(world)
    assert differences(frozen, snapshot_of(world, now=MONDAY_MORNING + DAY)) == ()
    world.say(WEEK.start + HOUR, Label.NEGATIVE)
    paths = {d.path for d in differences(frozen, snapshot_of(world))}
    assert {"tally.total", "tally.negative", "days[0].tally.total"} <= paths


def test_a_day_is_compared_with_the_day_before(world):
    a_usual_week(world)
    thursday = Period.holding(ReportKind.DAY, WEEK.days()[3][0].astimezone(ZONE).date(), ZONE)
    snapshot = snapshot_of(world, period=thursday)
    assert (snapshot.tally.total, snapshot.past[0].tally.total, len(snapshot.past)) == (17, 4, 7)
    assert snapshot.topics == ()
    assert len(snapshot.negatives) == 10


def test_signals_and_cases_of_the_week_are_told_but_no_security_case(world):
    a_usual_week(world)
    onset = WEEK.days()[3][0] + 10 * HOUR
    inside = a_signal(
        id="A-1",
        key="1",
        brand_id="tea",
        onset_at=onset,
        opened_at=onset + HOUR,
        updated_at=onset + 3 * HOUR,
        platforms=(Platform.WEIBO,),
        first_post=a_post(1, mention_id="weibo:1"),
        top_posts=(),
        acknowledged_at=onset + HOUR + timedelta(minutes=9),
    )
    outside = replace(inside, id="A-2", key="2", opened_at=WEEK.start - HOUR)
    other = replace(inside, id="A-3", key="3", brand_id="rival")
    case = Case(
        id="C-1",
        kind=CaseKind.INCIDENT,
        state=CaseState.TRIAGE,
        level=Level.ORANGE,
        brand_id="tea",
        title="异物",
        opened_at=onset + 2 * HOUR,
        updated_at=onset + 2 * HOUR,
        clock_start=onset + 2 * HOUR,
        signal_ids=("A-1",),
    )
    with world.begin() as work:
        for signal in (inside, outside, other):
            work.signals.add(signal)
        work.cases.add(case)
        work.cases.add(replace(case, id="C-2", kind=CaseKind.SECURITY))
        work.commit()
    snapshot = snapshot_of(world)
    (line,) = snapshot.handling.signals
    assert (line.id, line.rule, line.to_acknowledge) == (
        "A-1",
        Rule.NEGATIVE_SPIKE,
        timedelta(minutes=9),
    )
    assert [case.id for case in snapshot.handling.cases] == ["C-1"]
    assert [mark.signal_id for mark in snapshot.marks] == ["A-1"]
    assert {(n.level, n.signal_id, n.case_id) for n in snapshot.negatives} == {
        (Level.ORANGE, "A-1", "C-1")
    }


def test_the_link_of_a_figure_holds_its_whole_query(world):
    a_usual_week(world)
    query = replace(
        snapshot_of(world).tally.query,
        platforms=PLATFORMS,
        labels=(Label.NEGATIVE,),
        words=("异物 &<", "b"),
    )
    assert feed_path(query) == (
        "/feed?brand=tea&from=20261108T160000Z&to=20261115T160000Z&platform=weibo~zhihu"
        "&label=negative&words=%E5%BC%82%E7%89%A9+%26%3C+b"
    )
