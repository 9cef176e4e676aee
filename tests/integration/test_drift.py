"""A layout that changes under a running installation is told with the field's name, within one
crawl.
"""

import json
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from domain.drift import DriftKind, Episode
from domain.queries import MentionFilter
from tests.demo_process import finish_demo, first_line, start_demo
from tests.integration.crawling import House

pytestmark = pytest.mark.integration


@pytest.fixture
def weibo() -> Iterator[str]:
    # real time: the crawler's clock is the machine's
    process = start_demo("--days", "3")
    try:
        yield first_line(process)["weibo"]
    finally:
        finish_demo(process)


def switch(url: str, **rename: str) -> None:
    httpx.post(f"{url}/__demo__/layout", json={"rename": rename}).raise_for_status()


def episodes(house: House) -> list[Episode]:
    with house.services.begin_work() as work:
        return work.drift.episodes("site")


def a_house(tmp_path, url: str) -> House:
    return House(
        tmp_path,
        url,
        queries=("云栈",),
        backfill=timedelta(days=2),
    )


def test_a_field_that_is_somewhere_else_is_told_within_one_crawl(tmp_path, weibo):
    with a_house(tmp_path, weibo) as house:
        house.crawl()
        assert episodes(house) == []
        switch(weibo, feed_list_like="feed_list_praise")
        house.crawl()
        (episode,) = episodes(house)
        assert (episode.surface, episode.field) == ("weibo_search", "likes")
        assert episode.kind is DriftKind.VANISHED
        assert episode.before[0] == episode.before[1] > 20
        assert episode.after[0] == 0
        house.crawl()
        assert episodes(house) == [episode], "once"
        switch(weibo)
        house.crawl()
        (ended,) = episodes(house)
        assert ended.ended_at is not None
        # what was known stays known: a look without the field does not make it nothing
        stored = list(house.services.store.scan(MentionFilter(public_voice_only=False)))
        assert all(mention.likes is not None for mention in stored)


def test_a_page_that_cannot_be_read_at_all_is_told_with_what_is_missing(tmp_path, weibo):
    with a_house(tmp_path, weibo) as house:
        house.crawl()
        switch(weibo, **{'class="from"': 'class="when"'})
        outcome = house.crawl()
        assert outcome.reason == "layout_changed:created_at"
        (episode,) = episodes(house)
        assert (episode.field, episode.kind) == ("created_at", DriftKind.LAYOUT)
        switch(weibo)
        house.crawl()
        assert [each.ended_at is None for each in episodes(house)] == [False]


def test_the_switch_says_what_it_takes(weibo):
    answer = httpx.post(f"{weibo}/__demo__/layout", content=b"{")
    assert answer.status_code == 400
    assert "rename" in json.loads(answer.text)["error"]
