"""Tests of domain/assessment.py and domain/surfaces.py: how often a source is asked, and when a
signed sheet holds no longer."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.assessment import Lapse, Standing, lapse_of, rate_of, standing_of
from domain.brand import Configuration, Follow, FollowKind, Transport, Watch
from domain.errors import ConfigurationError
from domain.mention import Platform
from domain.spiders import SPIDERS
from domain.surfaces import READINGS, reading_of
from tests.fakes import NOON
from tests.fixtures.sheets import RATE, a_sheet, a_snapshot, a_source

EIGHT = timedelta(seconds=8)
DAY = timedelta(days=1)


def a_watch(*queries: str, **changes: object) -> Watch:
    return replace(Watch("tea", "奶茶", ("t",), queries, ("weibo-search",)), **changes)


def rate(*watches: Watch, **changes: object):
    source = a_source(**changes)
    return rate_of(Configuration(watches=watches, sources=(source,)), source, EIGHT)


def test_a_quiet_source_is_asked_one_page_a_query_and_look_and_for_robots_txt():
    assert rate(a_watch("云栈", "云栈奶茶")).a_day == 96 * 2 + 1


def test_what_is_switched_off_or_asks_elsewhere_does_not_count():
    off = a_watch("云栈", enabled=False)
    elsewhere = a_watch("云栈", source_ids=("zhihu",))
    assert rate(off, elsewhere).chains == 0


@pytest.mark.parametrize(
    ("every", "queries", "most"),
    [(timedelta(hours=1), 1, 50), (timedelta(minutes=15), 4, 450), (timedelta(hours=2), 1, 50)],
    ids=["page limit", "pace", "rare"],
)
def test_the_most_an_hour_is_the_page_limit_or_the_pace(every, queries, most):
    watch = a_watch(*(f"q{n}" for n in range(queries)))
    assert rate(watch, every=every).most_an_hour == most


@pytest.mark.parametrize(
    ("changes", "exceeds"),
    [
        ({}, False),
        ({"every": timedelta(minutes=30), "a_day": 97}, False),
        ({"every": timedelta(minutes=14)}, True),
        ({"a_day": RATE.a_day + 1}, True),
        ({"pace": timedelta(seconds=7)}, True),
        ({"pace": timedelta(seconds=20)}, False),
    ],
)
def test_asking_less_keeps_a_sheet_and_asking_more_does_not(changes, exceeds):
    assert replace(RATE, **changes).exceeds(RATE) is exceeds


@pytest.mark.parametrize(
    ("sheet", "source", "days", "text", "lapse"),
    [
        ({}, {}, 0, "same", None),
        ({}, {}, 179, "same", None),
        ({}, {}, 180, "same", Lapse.EXPIRED),
        ({"withdrawn_at": NOON}, {}, 181, "same", Lapse.WITHDRAWN),
        ({}, {"base_url": "https://s.weibo.com/"}, 0, "same", None),
        ({}, {"base_url": "https://weibo.com"}, 0, "same", Lapse.MOVED),
        ({}, {"spider": "weibo_hot"}, 0, "same", Lapse.OTHERWISE),
        ({}, {"transport": Transport.BROWSER}, 0, "same", Lapse.OTHERWISE),
        ({"rate": replace(RATE, a_day=10)}, {}, 0, "same", Lapse.FASTER),
        ({}, {}, 0, "another", Lapse.ROBOTS_CHANGED),
        ({}, {}, 0, None, None),
    ],
)
def test_a_sheet_lapses_when_what_was_signed_is_not_what_happens(sheet, source, days, text, lapse):
    signed = a_sheet(**sheet)
    digest = {"same": signed.robots.sha256, "another": a_snapshot("x").sha256, None: None}[text]
    now = NOON + days * DAY
    assert lapse_of(signed, a_source(**source), RATE, now, robots_sha256=digest) is lapse


@pytest.mark.parametrize(
    ("status", "readable"),
    [(200, True), (404, True), (410, True), (401, False), (403, False), (429, False), (503, False),
     (0, False), (302, False)],
)  # fmt: skip
def test_only_rules_or_their_absence_can_be_answered_for(status, readable):
    assert a_snapshot(status=status).is_readable is readable


def test_that_there_are_no_rules_is_the_same_whatever_the_error_page_says():
    one, other = a_snapshot("not here", status=404), a_snapshot("gone 12:31", status=410)
    assert one.sha256 == other.sha256
    assert one.sha256 != a_snapshot("x").sha256


def test_a_source_stands_with_its_newest_sheet():
    source = a_source()
    assert standing_of(None, source, RATE, NOON) == Standing()
    silent = standing_of(a_sheet(allows_disallowed=False), source, RATE, NOON)
    assert silent.holds
    assert not silent.permits
    assert standing_of(a_sheet(), source, RATE, NOON).permits


def test_a_sheet_is_due_in_its_last_fortnight_and_not_after():
    def due(days: int) -> bool:
        now = NOON + days * DAY
        return standing_of(a_sheet(), a_source(), RATE, now).is_due(now)

    assert [due(days) for days in (165, 166, 179, 180)] == [False, True, True, False]


def test_every_spider_says_what_it_reads():
    assert set(SPIDERS) <= set(READINGS)
    for reading in READINGS.values():
        assert reading.most_pages > 0
        assert all(surface.example.startswith("/") for surface in reading.surfaces)


def test_a_spider_of_another_version_cannot_be_signed_for():
    with pytest.raises(ConfigurationError):
        reading_of("nosuch")


def test_a_search_is_asked_for_queries_and_a_list_for_what_is_followed():
    accounts = tuple(Follow(Platform.WEIBO, FollowKind.ACCOUNT, key) for key in "12")
    forum = Follow(Platform.TIEBA, FollowKind.FORUM, "云栈")
    watch = a_watch("云栈", follows=(*accounts, forum))
    assert rate(watch).chains == 1
    assert rate(watch, spider="weibo_account").chains == 2
    assert rate(watch, spider="weibo_hot").chains == 1
