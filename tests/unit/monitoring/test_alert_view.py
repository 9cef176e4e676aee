"""monitoring/alert_view.py: the clock, the curve and the posts of one signal."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.brand import NO_CLOCK
from domain.mention import Platform
from domain.sentiment import WHOLE_TEXT, Label, Sentiment
from monitoring.alert_view import Spent, countdown, read_alert, threshold
from runtime.wiring import Services
from tests.dashboard_house import NOW, an_account, furnished_house
from tests.fakes import NOON, a_mention

MINUTES = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("passed", "state", "words"),
    [
        (0, Spent.OK, "剩余 20 分钟"),
        (10, Spent.HALF, "剩余 10 分钟"),
        (16, Spent.NEAR, "剩余 4 分钟"),
        (20, Spent.BREACHED, "剩余 0 秒"),
        (85, Spent.BREACHED, "超时 1 小时 5 分钟"),
    ],
)
def test_a_clock_tells_what_is_left_and_how_far_it_ran(passed, state, words):
    clock = countdown(NOON, 20 * MINUTES, NOON + passed * MINUTES)
    assert (clock.state, clock.words) == (state, words)
    assert 0 <= clock.share <= 1


def test_no_clock_runs_where_none_is_set():
    assert countdown(NOON, None, NOON) is None
    assert countdown(NOON, NO_CLOCK, NOON) is None


@pytest.fixture(scope="module")
def services(tmp_path_factory) -> Iterator[Services]:
    with furnished_house(tmp_path_factory.mktemp("house")) as opened:
        opened.store.add(a_negative(number) for number in range(8))
        with opened.begin_work() as work:
            signal = work.signals.get("A-20261120-01")
            both = (Platform.WEIBO, Platform.TIEBA)  # the house has a gap on Tieba
            work.signals.save(replace(signal, platforms=both))
            work.commit()
        yield opened


def a_negative(number):
    return a_mention(
        f"7{number:015}",
        text=f"云栈喝出虫子 {number}",
        published_at=NOW - timedelta(minutes=20 + number),
        collected_at=NOW,
        brand_ids=frozenset({"yunzhan"}),
        watch_ids=frozenset({"yunzhan-koubei"}),
        cluster_id="weibo:copies" if number in {6, 7} else None,
        sentiment={WHOLE_TEXT: Sentiment(Label.NEGATIVE, -0.8, 0.9, "demo-moods-1")},
        likes=number,
    )


@pytest.fixture(scope="module")
def view(services):
    return read_alert(
        services.store,
        services.begin_reading,
        "A-20261120-01",
        account=an_account(),
        now=NOW,
        zone=services.desk.zone,
    )


def test_the_curve_is_a_day_of_hours_and_what_was_not_seen_is_no_zero(view):
    assert len(view.bins) == 24
    assert not all(each.known for each in view.bins)
    assert all(each.counts.keys() <= {Label.NEGATIVE} for each in view.bins)


def test_the_band_of_the_curve_is_that_of_the_decision(view):
    figures = view.signal.figures
    low, high = figures.expected_band
    assert low <= figures.mean <= high
    assert threshold(figures) == figures.mean + figures.threshold_z * max(figures.spread, 1.0)


def test_posts_are_one_a_cluster_and_at_most_five(view):
    assert [post.interactions for post in view.posts] == sorted(
        (post.interactions for post in view.posts), reverse=True
    )
    assert len(view.posts) == 5
    assert view.posts[0].near_copies == 1


def test_there_is_no_view_of_what_is_not_there(services):
    missing = read_alert(
        services.store,
        services.begin_reading,
        "A-1",
        account=an_account(),
        now=NOW,
        zone=services.desk.zone,
    )
    assert missing is None
