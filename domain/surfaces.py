"""What each spider asks a platform for: the pages, how many at most, and the fields it reads.

A person signs for this (see `domain.assessment`), so it is told here and not found out while
crawling. A test compares it with the spiders.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

from domain.errors import ConfigurationError, Text
from domain.page import FoundMention

ALL_FIELDS: Final = tuple(field.name for field in fields(FoundMention))
"""Every field that a page reader can fill; one that a page does not show stays empty."""


@dataclass(frozen=True, slots=True)
class Surface:
    """One kind of page. `example` is an address as it is asked for, beginning with the path: what
    robots.txt is compared with.
    """

    name: Text
    example: str

    @property
    def path(self) -> str:
        """The path alone, as a person reads it."""
        return self.example.partition("?")[0]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a spider reads. `most_pages`: how many pages one query of one look takes at most."""

    surfaces: tuple[Surface, ...]
    most_pages: int
    fields: tuple[str, ...] = ALL_FIELDS


READINGS: Final[Mapping[str, Reading]] = {
    "weibo_search": Reading(
        (
            Surface(
                Text("搜索：最新微博", "search: newest posts"),
                "/realtime?q=x&rd=realtime&tw=realtime&Refer=weibo_realtime&page=1",
            ),
            Surface(
                Text("搜索：按日期回看", "search: a day of the past"),
                "/weibo?q=x&typeall=1&suball=1&timescope=custom:2026-01-01-0:2026-01-02-0"
                "&Refer=g&page=1",
            ),
        ),
        most_pages=50,
    ),
    "zhihu_search": Reading(
        (
            Surface(Text("搜索页", "search page"), "/search?type=content&q=x&sort=created_time"),
            Surface(
                Text("搜索页自己的调用", "the search page's own call"),
                "/api/v4/search_v3?t=general&q=x&correction=1&offset=0&limit=20",
            ),
        ),
        most_pages=11,
    ),
    "tieba_search": Reading(
        (
            Surface(Text("搜索页", "search page"), "/f/search/res?ie=utf-8&qw=x&rn=20&sm=1&pn=1"),
            Surface(
                Text("搜索页自己的调用", "the search page's own call"),
                "/mo/q/search/multsearch?word=x&pn=1&rn=20",
            ),
        ),
        most_pages=50,
    ),
}


def reading_of(spider: str) -> Reading:
    """Return what a spider reads; ConfigurationError when it is none that says so."""
    found = READINGS.get(spider)
    if found is None:
        raise ConfigurationError(
            Text("没有写明这个爬虫读取什么", "it is not told what this spider reads"),
            place=spider,
            mend=Text("升级程序，或改用其他爬虫", "update the program, or use another spider"),
        )
    return found
