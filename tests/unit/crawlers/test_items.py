"""Tests of crawlers/items.py: which posts are read again, in which order, and when."""

from dataclasses import replace
from datetime import timedelta

import pytest

from crawlers.items import HALF_LIFE, RECENT, Item, choose, grew, heat
from domain.mention import Flag, Kind, Mention
from domain.merge import merge
from tests.fakes import NOON, a_mention


def item(number: int, *, likes: int = 10, read: float | None = None, **changes: object) -> Item:
    """A post of an hour ago, last read so many hours ago."""
    changes = {"published_at": NOON - timedelta(hours=1), "likes": likes} | changes
    read_at = None if read is None else NOON - timedelta(hours=read)
    return Item(a_mention(str(number), **changes), read_at, read_at)


@pytest.mark.parametrize(
    ("items", "urgent", "expected"),
    [
        ([], (), []),
        # never read goes first, the hottest of them before the others
        ([item(1, read=5), item(2, likes=1), item(3, likes=99)], (), ["3", "2"]),
        # then what was read the longest time ago, however hot
        ([item(1, likes=999, read=1), item(2, read=2), item(3, read=9)], (), ["3", "2"]),
        # of two read at the same time the hotter one
        ([item(1, likes=1, read=2), item(2, likes=50, read=2)], (), ["2", "1"]),
        ([item(1, flags=frozenset({Flag.DELETED_UPSTREAM})), item(2)], (), ["2"]),
        ([item(1, published_at=NOON - RECENT - timedelta(seconds=1)), item(2)], (), ["2"]),
        ([item(1, kind=Kind.COMMENT), item(2, kind=Kind.FLOOR)], (), ["2"]),
        # an open alert is about it: before all others that were never read
        ([item(1, likes=999), item(2, likes=1), item(3)], ("2",), ["2", "1"]),
    ],
)
def test_each_gets_its_turn(items, urgent, expected):
    ids = {f"weibo:{number}" for number in urgent}
    chosen = choose(items, now=NOON, urgent=ids, most=2)
    assert [one.mention.id.partition(":")[2] for one in chosen] == expected


def test_the_pool_keeps_what_matters_and_all_of_it_takes_turns():
    items = [item(n, likes=n) for n in range(100)]
    seen: list[str] = []
    for turn in range(5):
        chosen = choose(items, now=NOON, most=4, pool=20)
        seen += [one.mention.id for one in chosen]
        read = {one.mention.id for one in chosen}
        at = NOON + timedelta(minutes=turn)
        items = [replace(i, read_at=at) if i.mention.id in read else i for i in items]
    assert sorted(seen) == sorted(f"weibo:{n}" for n in range(80, 100))


def test_a_post_counts_half_as_much_a_day_later():
    young, old = a_mention("1", likes=7, published_at=NOON), a_mention("2", likes=7)
    old = replace(old, published_at=NOON - HALF_LIFE)
    assert heat(young, NOON) == 2 * heat(old, NOON)


def looked_at(*looks: tuple[float, int]) -> Mention:
    """A post that was looked at so many hours ago with so many comments."""
    mention: Mention | None = None
    for hours, comments in looks:
        at = NOON - timedelta(hours=hours)
        look = a_mention("1", collected_at=at, first_seen_at=at, comments=comments)
        mention = look if mention is None else merge(mention, look)
    assert mention is not None
    return mention


@pytest.mark.parametrize(
    ("finished", "looks", "shown", "expected"),
    [
        (None, [(3, 5)], 5, True),
        (2, [(3, 5)], None, True),
        (2, [(3, 5)], 5, False),
        (2, [(3, 5)], 6, True),
        # a search saw the newer count in between: it is still more than the last reading saw
        (2, [(3, 5), (1, 8)], 8, True),
        (2, [(5, 3), (3, 5), (1, 5)], 5, False),
    ],
)
def test_what_hangs_under_a_post_is_asked_for_when_its_count_changed(
    finished, looks, shown, expected
):
    at = None if finished is None else NOON - timedelta(hours=finished)
    assert grew(Item(looked_at(*looks), at, at), shown, "comments") is expected
