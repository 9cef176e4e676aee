"""The drift guard: what vanishes is told at once, what only sometimes is there never."""

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.drift import COUNTED, MENTIONS, DriftKind, SurfaceCounts
from domain.mention import Kind, Platform
from domain.page import FoundMention, Page, PageState
from monitoring.drift import (
    LEAST_REFERENCE,
    LEAST_RHO,
    WITHOUT_ALL,
    beta_binomial,
    counts_of,
    intra_block_correlation,
    judge,
    unread,
)
from tests.fakes import NOON
from tests.pages import PAGES, saved_pages
from tests.unit.monitoring.runs import a_run

QUARTER = timedelta(minutes=15)
ALWAYS = dict.fromkeys(("id", "text", "published_at", "author", "likes"), 1.0)


def crawl(
    number: int,
    shares: Mapping[str, float] = ALWAYS,
    *,
    mentions: int = 10,
    fresh: int = 4,
    **changes: object,
) -> SurfaceCounts:
    """One crawl; `shares` of its mentions have a field."""
    counts = SurfaceCounts(
        f"run-{number}",
        "weibo",
        Platform.WEIBO,
        "weibo_search",
        NOON + number * QUARTER,
        pages=1,
        content_pages=1,
        mentions=mentions,
        fresh=fresh,
        filled={name: round(share * mentions) for name, share in shares.items()},
        fresh_filled={name: round(share * fresh) for name, share in shares.items()},
    )
    return replace(counts, **changes)


PAST = [crawl(number) for number in range(30)]
GONE = {**ALWAYS, "likes": 0.0}


def told(history, episodes=()):
    return [(each.field, each.kind) for each in judge(history, list(episodes))]


@pytest.mark.parametrize(
    ("newest", "expected"),
    [
        (crawl(30), []),
        (crawl(30, GONE), [("likes", DriftKind.VANISHED)]),
        (crawl(30, GONE, fresh=0), [("likes", DriftKind.VANISHED)]),
        (crawl(30, {**ALWAYS, "likes": 0.3}), [("likes", DriftKind.FELL)]),
        (crawl(30, {**ALWAYS, "likes": 0.7}), []),
        (crawl(30, GONE, mentions=1, fresh=1), []),
        (
            crawl(30, {**ALWAYS, "published_at": 0}, mentions=1),
            [("published_at", DriftKind.VANISHED)],
        ),
        (crawl(30, {**ALWAYS, "text": 0}, mentions=1, fresh=1), []),
        (crawl(30, {**ALWAYS, "text": 0}, mentions=3), [("text", DriftKind.VANISHED)]),
        (crawl(30, mentions=0, fresh=0), []),
        (crawl(30, missing="created_at"), [("created_at", DriftKind.LAYOUT)]),
    ],
)
def test_the_newest_crawl_is_judged_by_those_before(newest, expected):
    assert told([*PAST, newest]) == expected


def test_an_episode_names_figures_and_time_of_both_sides():
    (episode,) = judge([*PAST, crawl(30, GONE)], [])
    assert (episode.before, episode.after) == ((120, 120), (0, 4))
    assert (episode.since, episode.surface) == (NOON + 30 * QUARTER, "weibo_search")


def test_one_long_first_crawl_is_past_enough_for_what_is_always_there():
    first = crawl(0, mentions=250, fresh=250)
    assert told([first, crawl(1, GONE, fresh=0)]) == [("likes", DriftKind.VANISHED)]
    sometimes = crawl(0, {**ALWAYS, "ip_location": 0.5}, mentions=250, fresh=250)
    assert told([sometimes, crawl(1, ALWAYS, mentions=40, fresh=40)]) == []


def test_it_is_told_once_and_ends_by_itself():
    history = [*PAST, crawl(30, GONE)]
    (episode,) = judge(history, [])
    history.append(crawl(31, GONE))
    assert judge(history, [episode]) == []
    history.append(crawl(32))
    (ended,) = judge(history, [episode])
    assert ended == replace(episode, ended_at=history[-1].at)
    history.append(crawl(33))
    assert judge(history, [ended]) == []


def test_what_was_read_in_an_episode_is_nobodys_past():
    history = [*PAST, *(crawl(30 + n, GONE) for n in range(40)), crawl(70)]
    (first,) = judge(history[:31], [])
    ended = replace(first, ended_at=history[70].at)
    assert told([*history, crawl(71, GONE)], [ended]) == [("likes", DriftKind.VANISHED)]


def test_a_field_that_is_only_sometimes_there_needs_many_mentions_to_be_missed():
    dice = random.Random(3)
    sometimes = [
        crawl(n, {**ALWAYS, "ip_location": dice.choice((0, 0.25, 0.5))}) for n in range(200)
    ]
    for more in range(1, 4):
        assert told([*sometimes, *(crawl(200 + n) for n in range(more))]) == []
    noticed = next(
        more for more in range(1, 40) if told([*sometimes, *(crawl(200 + n) for n in range(more))])
    )
    assert 4 < noticed <= 30


def test_the_same_posts_shown_all_day_are_no_new_witnesses():
    first = crawl(0, {**ALWAYS, "ip_location": 0.3}, mentions=10, fresh=10)
    day = [crawl(n, {**ALWAYS, "ip_location": 0.3}, fresh=0) for n in range(1, 60)]
    again = crawl(60, ALWAYS, mentions=10, fresh=10)
    others = [crawl(n, ALWAYS, fresh=0) for n in range(61, 120)]
    assert told([first, *day, again]) == []
    assert told([first, *day, again, *others]) == []


def test_nothing_is_known_of_a_surface_that_is_new_but_what_no_mention_is_without():
    few = [crawl(n, fresh=4) for n in range(4)]
    assert sum(c.fresh for c in few) < LEAST_REFERENCE
    assert told([*few, crawl(4, GONE)]) == []
    assert told([crawl(0, {**ALWAYS, "author": 0})]) == [("author", DriftKind.VANISHED)]
    assert told([crawl(0, {**ALWAYS, "author": 0}, surface="zhihu_hot_list")]) == []
    assert told([crawl(0, {**ALWAYS, "text": 0, "title": 1})]) == []


def test_pages_that_say_they_have_content_and_hold_nothing_are_told():
    bare = {"mentions": 0, "fresh": 0, "bare_pages": 1}
    assert told([*PAST, crawl(30, **bare)]) == []
    assert told([*PAST, crawl(30, **bare), crawl(31, **bare)]) == [(MENTIONS, DriftKind.BARE)]
    empty = {"mentions": 0, "fresh": 0, "content_pages": 0}
    assert told([*PAST, crawl(30, **empty), crawl(31, **empty)]) == []


def test_a_layout_that_is_read_again_is_over():
    history = [*PAST, crawl(30, missing="created_at")]
    (episode,) = judge(history, [])
    assert judge([*history, crawl(31, missing="created_at")], [episode]) == []
    (ended,) = judge([*history, crawl(31)], [episode])
    assert ended.ended_at == NOON + 31 * QUARTER


def test_a_page_is_counted_by_what_stands_on_it_by_itself():
    def found(native: str, **changes: object) -> FoundMention:
        fields = {"likes": 0, "author": "某人", **changes}
        return FoundMention(f"weibo:{native}", Platform.WEIBO, Kind.POST, "", "好", NOON, **fields)

    mentions = (found("1"), found("2", likes=None, ip_location="北京"), found("3", embedded=True))
    page = Page("weibo_search", PageState.OK, mentions)
    counts = counts_of(page, mentions[1:], run=a_run(), at=NOON)
    assert (counts.pages, counts.mentions, counts.fresh) == (1, 2, 1)
    assert (counts.filled["likes"], counts.filled["ip_location"]) == (1, 1)
    assert "likes" not in counts.fresh_filled
    assert unread("weibo_search", "mid", run=a_run(), at=NOON).missing == "mid"


@pytest.mark.parametrize("surface", sorted(path.name for path in PAGES.iterdir()))
def test_no_saved_page_would_cry_at_the_first_look(surface):
    for saved in saved_pages(surface):
        counts = counts_of(saved.expected, saved.expected.mentions, run=a_run(), at=NOON)
        assert judge([counts], []) == [], saved.name


def test_surfaces_that_lack_something_by_nature_are_surfaces_there_are():
    known = {saved.expected.page for path in PAGES.iterdir() for saved in saved_pages(path.name)}
    assert known >= WITHOUT_ALL


def by_integration(k: int, n: int, filled: int, of: int) -> float:
    """The binomial averaged over the posterior, point by point."""
    steps = 20_000
    shares = [(step + 0.5) / steps for step in range(steps)]
    weights = [p ** (filled - 0.5) * (1 - p) ** (of - filled - 0.5) for p in shares]
    tails = [sum(comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k + 1)) for p in shares]
    return sum(w * t for w, t in zip(weights, tails, strict=True)) / sum(weights)


@pytest.mark.parametrize(
    ("k", "n", "filled", "of"),
    [(0, 10, 10, 100), (2, 10, 50, 100), (5, 40, 12, 30), (0, 3, 20, 21)],
)
def test_the_chance_of_so_few(k, n, filled, of):
    expected = by_integration(k, n, filled, of)
    assert beta_binomial(k, n, filled, of) == pytest.approx(expected, rel=0.01)


def test_what_was_always_there_is_missed_after_three():
    chance = beta_binomial(0, 3, 100, 100)
    assert chance == pytest.approx(0.5 / 101 * 1.5 / 102 * 2.5 / 103)


@given(st.integers(0, 40), st.integers(1, 40), st.integers(0, 200), st.integers(1, 200))
def test_a_chance_is_one_and_grows_with_what_is_there(k, n, filled, of):
    filled, k = min(filled, of), min(k, n)
    chance = beta_binomial(k, n, filled, of)
    assert 0 <= chance <= 1
    assert beta_binomial(min(k + 1, n), n, filled, of) >= chance - 1e-9


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=30))
def test_the_correlation_of_any_crawls_is_one(pairs):
    rho = intra_block_correlation([(min(k, n), n) for k, n in pairs])
    assert LEAST_RHO <= rho <= 0.9


@settings(deadline=None)
@given(st.data())
def test_any_history_is_judged_and_no_field_twice(data):
    def one(number: int) -> SurfaceCounts:
        mentions = data.draw(st.integers(0, 20))
        fresh = data.draw(st.integers(0, mentions))
        filled = {name: data.draw(st.integers(0, mentions)) for name in COUNTED[:5]}
        return replace(
            crawl(number, {}, mentions=mentions, fresh=fresh),
            filled=filled,
            fresh_filled={name: min(value, fresh) for name, value in filled.items()},
            missing=data.draw(st.sampled_from(["", "", "", "mid"])),
        )

    history, episodes = [], {}
    for number in range(data.draw(st.integers(1, 25))):
        history.append(one(number))
        changed = judge(history, list(episodes.values()))
        assert len({(each.field, each.since) for each in changed}) == len(changed)
        episodes |= {(each.field, each.since): each for each in changed}
    going = [each.field for each in episodes.values() if each.ended_at is None]
    assert len(going) == len(set(going))
