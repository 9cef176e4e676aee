"""Tests of crawlers/ranges.py."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from scrapy.utils.test import get_crawler

from crawlers.ranges import look_back_or_refuse, no_past, read_past
from crawlers.spiders.base import WatchSpider
from crawlers.spiders.weibo_hot import WeiboHotSpider
from crawlers.spiders.weibo_search import WeiboSearchSpider
from crawlers.windows import FRESH
from domain.brand import Source, Transport, Watch
from domain.coverage import Interval
from domain.errors import ConfigurationError
from domain.mention import Platform
from domain.spiders import SPIDERS, Dates
from tests.fakes import FixedClock

HTTP = Transport.HTTP
SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 21, 4, 40, tzinfo=UTC)
"""12:40 in Shanghai; what is older than 09:00 there is the past."""


def past(start: str | None, end: str | None, zone: ZoneInfo = SHANGHAI) -> Interval | None:
    return read_past(start, end, zone=zone, now=NOW)


def utc(day: int, hour: int) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-11-10", "2026-11-12", (utc(9, 16), utc(12, 16))),
        ("2026-11-10", "2026-11-10", (utc(9, 16), utc(10, 16))),
        ("2026-11-10T08:00", "2026-11-10T20:00", (utc(10, 0), utc(10, 12))),
        ("2026-11-10T08:00Z", "2026-11-10T20:00+02:00", (utc(10, 8), utc(10, 18))),
        ("2026-11-20", None, (utc(19, 16), utc(21, 1))),
        ("2026-11-20", "2026-11-21", (utc(19, 16), utc(21, 1))),
    ],
)
def test_a_date_is_the_whole_day_of_the_team_and_the_newest_hours_are_left_out(
    start, end, expected
):
    assert past(start, end) == Interval(*expected)


def test_the_day_begins_where_the_team_is():
    assert past("2026-11-10", "2026-11-10", ZoneInfo("Europe/Berlin")) == Interval(
        utc(9, 23), utc(10, 23)
    )


def test_without_dates_there_is_no_range():
    assert past(None, None) is None
    assert past("", "") is None


def test_a_range_that_was_read_is_read_alike_by_the_process_that_crawls_it():
    span = past("2026-11-20", None)
    assert span is not None
    assert span.end <= NOW - FRESH
    later = NOW + timedelta(minutes=50)
    again = read_past(span.start.isoformat(), span.end.isoformat(), zone=SHANGHAI, now=later)
    assert again == span


@pytest.mark.parametrize(
    ("start", "end", "place", "fact"),
    [
        (None, "2026-11-10", "--to", "没有起点"),
        ("2026-11-12", "2026-11-10", "--from 2026-11-12", "不早于 --to 2026-11-10"),
        ("2026-11-10T08:00", "2026-11-10T08:00", "--from 2026-11-10T08:00", "不早于"),
        ("2026-11-22", None, "--from 2026-11-22", "在未来"),
        ("2026-11-10", "2026-11-22", "--to 2026-11-22", "在未来"),
        ("2026-11-10", "2026-11-21T13:00", "--to 2026-11-21T13:00", "在未来"),
        ("2026-11-21T10:00", None, "--from 2026-11-21T10:00", "最近 3 小时"),
        ("2025-11-01", "2026-11-10", "--from 2025-11-01", "超过 366 天"),
        ("昨天", None, "--from 昨天", "不是日期或时间"),
        ("2026-13-01", None, "--from 2026-13-01", "不是日期或时间"),
        ("0001-01-01", "2026-11-10", "--from 0001-01-01", "不是日期或时间"),
        ("2026-11-10", "9999-12-31", "--to 9999-12-31", "不是日期或时间"),
        ("2026-11-10", "\x1b[31m红", "--to", "不是日期或时间"),
    ],
)
def test_what_cannot_be_says_where_why_and_what_to_write(start, end, place, fact):
    with pytest.raises(ConfigurationError) as error:
        past(start, end)
    assert error.value.place.startswith(place)
    assert fact in error.value.text.zh
    assert error.value.mend.zh
    assert "\x1b" not in error.value.sentence("zh")


def test_every_spider_says_what_it_does_with_dates():
    able = {name: kind.dates for name, kind in SPIDERS.items()}
    assert [name for name, dates in able.items() if dates is Dates.ASKED] == ["weibo_search"]
    assert {name for name, dates in able.items() if dates is Dates.NONE} == {
        "weibo_hot",
        "zhihu_hot",
        "weibo_item",
        "zhihu_item",
        "tieba_item",
    }
    for name, dates in able.items():
        if dates is not Dates.NONE:
            assert look_back_or_refuse(name).zh


@pytest.mark.parametrize("spider", ["weibo_hot", "tieba_item"])
def test_a_spider_without_a_past_is_refused_with_its_reason_and_those_that_can(spider):
    with pytest.raises(ConfigurationError) as error:
        look_back_or_refuse(spider)
    assert error.value.text == no_past(spider)
    assert "不支持日期范围" in error.value.sentence("zh")
    assert "weibo_search" in error.value.mend.zh


class TestSpiderArguments:
    """`scrapy crawl SPIDER -a from=… -a to=…`: the same words, the same refusals."""

    def build(self, spider: type[WatchSpider], **arguments: str) -> None:
        services = SimpleNamespace(
            settings=SimpleNamespace(timezone="Asia/Shanghai"), clock=FixedClock(NOW)
        )
        crawler = get_crawler(spider)
        spider.from_crawler(crawler, watch="w", source="s", services=services, **arguments)  # type: ignore[arg-type]

    def test_a_spider_without_a_past_refuses_a_range(self):
        with pytest.raises(ConfigurationError) as error:
            self.build(WeiboHotSpider, **{"from": "2026-11-10"})
        assert error.value.place == "weibo_hot --from"

    def test_what_cannot_be_read_is_refused_before_anything_else(self):
        with pytest.raises(ConfigurationError) as error:
            self.build(WeiboSearchSpider, **{"from": "2026-11-12", "to": "2026-11-10"})
        assert "不早于 --to 2026-11-10" in error.value.text.zh

    def test_the_span_is_the_plan_whatever_was_seen_before(self):
        spider = WeiboSearchSpider()
        spider.watch = Watch("w", "奶茶", ("tea",), ("奶茶", "茶"), ("s",))
        spider.source = Source("s", "weibo_search", Platform.WEIBO, HTTP, "https://s.weibo.com")
        spider.past, spider.is_supplement = past("2026-11-10", "2026-11-12"), False
        plan = spider.make_plan((), NOW)
        assert [window.start for window in plan.windows] == [utc(11, 16), utc(10, 16), utc(9, 16)]
        assert all(window.backfill for window in plan.windows)
        assert len(plan.series) == 6
        assert all("/weibo?" in series.url for series in plan.series)
        assert plan.known_before is None
