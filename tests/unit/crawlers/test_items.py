"""Tests of crawlers/items.py: which posts are read again, in which order, and when."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest

from crawlers.items import HALF_LIFE, RECENT, Item, choose, grew, heat, items_to_read
from domain.brand import Watch
from domain.case import CaseState
from domain.mention import Flag, Kind, Mention, Platform
from domain.merge import merge
from storage.sql.database import begin_work
from storage.sqlite.mentions import SqliteMentionStore
from tests.fakes import NOON, FixedClock, a_mention
from tests.fixtures.case_trails import a_case
from tests.fixtures.databases import new_workflow_database


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


def long_ago(number: int, **changes: object) -> Item:
    """A post of two weeks ago, about which there is a case."""
    return item(number, **{"likes": 0, "published_at": NOON - 2 * RECENT, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("items", "evidence", "expected"),
    [
        # before what was never read, and however old
        ([item(1, likes=999), long_ago(2, read=2)], ("2",), ["2", "1"]),
        ([item(1, likes=999), long_ago(2)], (), ["1"]),
        # among evidence: never read, then the longest time ago
        ([long_ago(1, read=5), long_ago(2), long_ago(3, read=9)], ("1", "2", "3"), ["2", "3", "1"]),
        # read within the hour: it has its turn as any other, when it is recent
        ([item(1, read=0.5), item(2)], ("1",), ["2", "1"]),
        ([long_ago(1, read=0.5), item(2)], ("1",), ["2"]),
        # no more than four places, if others wait
        (
            [*(long_ago(n) for n in range(1, 8)), item(8), item(9)],
            "1234567",
            ["1", "2", "3", "4", "8", "9"],
        ),
        ([*(long_ago(n) for n in range(1, 8)), item(8)], "1234567", ["1", "2", "3", "4", "8", "5"]),
        ([long_ago(1, flags=frozenset({Flag.DELETED_UPSTREAM})), item(2)], ("1",), ["2"]),
    ],
)
def test_evidence_of_open_cases_is_looked_at_first(items, evidence, expected):
    chosen = choose(items, now=NOON, evidence={f"weibo:{number}" for number in evidence})
    assert [one.mention.id.partition(":")[2] for one in chosen] == expected


class TestOpenCases:
    """What a run chooses from, on real stores."""

    WATCH = Watch("tea", "奶茶", ("yunzhan",), ("云栈",), ("items",))

    @pytest.fixture
    def house(self, tmp_path):
        engine = new_workflow_database(tmp_path / "work.sqlite")
        store = SqliteMentionStore(tmp_path / "mentions.sqlite")
        yield SimpleNamespace(store=store, begin_work=begin_work(engine), clock=FixedClock())
        store.close()
        engine.dispose()

    def open_case(self, house, *mention_ids: str, **changes: object) -> None:
        with house.begin_work() as work:
            work.cases.add(a_case(mention_ids=mention_ids, **changes))
            work.commit()

    def chosen(self, house, platform: Platform = Platform.WEIBO) -> list[str]:
        return [i.mention.id for i in items_to_read(house, self.WATCH, platform)]

    def store(self, house, *mentions: Mention) -> None:
        of_the_watch = {"watch_ids": frozenset({"tea"}), "brand_ids": frozenset({"yunzhan"})}
        house.store.add([replace(mention, **of_the_watch) for mention in mentions])

    def test_what_an_open_case_is_about_is_read_whatever_its_tone_and_age(self, house):
        old = a_mention("1", published_at=NOON - 2 * RECENT)
        self.store(house, old, a_mention("2"))
        assert self.chosen(house) == []  # neither is negative
        self.open_case(house, old.id)
        assert self.chosen(house) == [old.id]

    @pytest.mark.parametrize(
        "changes",
        [
            {"state": CaseState.CLOSED},
            {"state": CaseState.FALSE_ALARM},
            {"state": CaseState.MERGED},
            {"brand_id": "other"},
        ],
    )
    def test_a_case_that_is_done_or_not_ours_asks_for_nothing(self, house, changes):
        self.store(house, a_mention("1"))
        self.open_case(house, "weibo:1", **changes)
        assert self.chosen(house) == []

    def test_a_comment_is_read_with_what_it_hangs_under(self, house):
        comment = a_mention("2", kind=Kind.COMMENT, parent_id="weibo:1", root_id="weibo:1")
        self.store(house, a_mention("1"), comment)
        self.open_case(house, comment.id)
        assert self.chosen(house) == ["weibo:1"]

    def test_only_what_this_watch_finds_on_this_platform_is_asked_for(self, house):
        self.store(house, a_mention("1"))
        stranger = a_mention("2", watch_ids=frozenset({"other"}), brand_ids=frozenset({"yunzhan"}))
        house.store.add([stranger])
        self.open_case(house, "weibo:1", "weibo:2", "weibo:404")
        assert self.chosen(house) == ["weibo:1"]
        assert self.chosen(house, Platform.TIEBA) == []


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
