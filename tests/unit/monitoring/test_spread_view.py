"""Where it began and what carried it."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.brand import Brand, Configuration, Source, Transport, Watch
from domain.coverage import CoverageRow, CoverageState
from domain.mention import Platform
from domain.sentiment import Judge, Label, Sentiment
from monitoring.periods import Period
from monitoring.spread_view import read_spread
from storage.sqlite.mentions import SqliteMentionStore
from tests.fakes import NOON, a_mention

HOUR = timedelta(hours=1)
ZONE = ZoneInfo("Asia/Shanghai")
TEA = Brand("tea", "云栈")
WATCHED = Configuration(
    brands=(TEA,),
    watches=(Watch("w", "云栈", ("tea",), ("云栈",), ("weibo",)),),
    sources=(
        Source("weibo", "weibo_search", Platform.WEIBO, Transport.HTTP, "https://s.weibo.com"),
    ),
)
DAY = Period(NOON - timedelta(days=1), NOON)


@pytest.fixture
def store(tmp_path):
    store = SqliteMentionStore(tmp_path / "mentions.sqlite")
    yield store
    store.close()


def post(number, *, hours=5.0, likes=0, **changes):
    return a_mention(
        str(number),
        brand_ids=frozenset({"tea"}),
        published_at=NOON - timedelta(hours=hours),
        likes=likes,
        comments=0,
        reposts=0,
        sentiment={"": Sentiment(Label.NEUTRAL, 0.0, 0.9, "m", Judge.MODEL)},
        **changes,
    )


def spread(store, begin, **changes):
    options = {"negative_only": False, "now": NOON, "zone": ZONE, "period": DAY, **changes}
    return read_spread(store, begin, brand=TEA, configuration=WATCHED, **options)


def test_nothing_said_is_nothing_shown(store, begin):
    seen = spread(store, begin)
    assert (seen.first, seen.nodes, seen.tree, seen.total) == (None, (), (), 0)


def test_the_oldest_is_first_and_what_reached_furthest_are_the_nodes(store, begin):
    store.add([post(1, hours=9), post(2, hours=3, likes=500), post(3, hours=6, likes=2)])
    seen = spread(store, begin)
    assert seen.first.id == "weibo:1"
    assert [each.id for each in seen.nodes] == ["weibo:2", "weibo:3", "weibo:1"]


def test_reposts_and_answers_hang_below_what_they_name(store, begin):
    store.add(
        [
            post(1, hours=9, likes=10),
            post(2, hours=8, likes=5, repost_of="weibo:1"),
            post(3, hours=7, likes=1, parent_id="weibo:2"),
            post(4, hours=7, likes=2, repost_of="weibo:1"),
            post(5, hours=7, likes=999),
        ]
    )
    seen = spread(store, begin)
    assert [(n.mention.id, n.depth, n.children, n.reach) for n in seen.tree] == [
        ("weibo:1", 0, 2, 18),
        ("weibo:2", 1, 1, 6),
        ("weibo:3", 2, 0, 1),
        ("weibo:4", 1, 0, 2),
    ]
    assert (seen.linked, seen.looked_at) == (3, 5)


def test_a_circle_that_a_page_names_ends(store, begin):
    store.add(
        [post(1, repost_of="weibo:2"), post(2, repost_of="weibo:1"), post(3, parent_id="weibo:1")]
    )
    assert spread(store, begin).total == 3


def test_forums_and_topics_are_counted_with_their_reach(store, begin):
    store.add(
        [
            post(1, likes=4, forum="奶茶"),
            post(2, likes=3, forum="奶茶"),
            post(3, likes=100, topic="#云栈#"),
            post(4),
        ]
    )
    assert [(p.name, p.count, p.reach) for p in spread(store, begin).places] == [
        ("#云栈#", 1, 100),
        ("奶茶吧", 2, 7),
    ]


def test_an_hour_that_nobody_looked_at_is_unknown_not_zero(store, begin):
    store.add([post(1, hours=2.5)])
    with begin() as work:
        work.coverage.record(
            CoverageRow(
                "w",
                "weibo",
                Platform.WEIBO,
                NOON - 4 * HOUR,
                NOON,
                NOON,
                CoverageState.OK,
                "run-1",
            )
        )
        work.commit()
    heat = spread(store, begin).heat
    friday = (NOON.astimezone(ZONE).weekday(), NOON.astimezone(ZONE).hour)
    assert heat[friday[0], friday[1] - 3] == 1
    assert heat[friday[0], friday[1] - 2] == 0
    assert heat[friday[0], friday[1] - 8] is None
