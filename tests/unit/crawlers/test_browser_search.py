"""Tests of crawlers/browser_search.py: what an order of replies allows to say."""

from datetime import timedelta

import pytest

from crawlers.browser_search import is_by_time
from crawlers.pipelines import Taken
from crawlers.plan import NOTHING
from domain.mention import Kind, Platform
from domain.page import FoundMention, Page, PageState
from tests.fakes import NOON


def taken(*minutes_ago: int | None) -> Taken:
    """A page with posts so old; None for one without a time."""
    found = tuple(
        FoundMention(
            id=f"zhihu:{number}",
            platform=Platform.ZHIHU,
            kind=Kind.ANSWER,
            url="",
            text="x",
            published_at=None if age is None else NOON - timedelta(minutes=age),
        )
        for number, age in enumerate(minutes_ago)
    )
    return Taken(Page("zhihu_search", PageState.OK, found), NOTHING)


@pytest.mark.parametrize(
    ("pages", "by_time"),
    [
        ([taken(1, 2, 2, 3), taken(3, 9)], True),
        ([taken(1, 3, 2)], False),
        ([taken(1, 5), taken(2, 6)], False),
        ([taken(1, None)], False),
        ([taken()], False),
    ],
)
def test_only_a_list_that_came_newest_first_says_how_far_back_it_reached(pages, by_time):
    assert is_by_time(pages) is by_time
