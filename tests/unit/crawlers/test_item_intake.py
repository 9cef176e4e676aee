"""Tests of crawlers/item_intake.py: what hangs under which item, and what it lacks."""

import pytest

from crawlers.item_intake import is_under, placed
from domain.mention import Kind, Platform
from domain.page import FoundMention
from tests.fakes import NOON, a_mention


def found(native: str, kind: Kind, **changes: object) -> FoundMention:
    platform = changes.pop("platform", Platform.WEIBO)
    values: dict[str, object] = {"url": "", "text": "恶心", "published_at": NOON, "author": "甲"}
    return FoundMention(f"{platform}:{native}", platform, kind, **values | changes)  # type: ignore[arg-type]


POST = a_mention("1", text="云栈喝出虫子", url="https://weibo.com/9/abc")
THREAD = a_mention("7", platform=Platform.TIEBA, kind=Kind.THREAD, id="tieba:7")
FLOOR = a_mention("8", platform=Platform.TIEBA, kind=Kind.FLOOR, id="tieba:8", root_id="tieba:7")


@pytest.mark.parametrize(
    ("item", "one", "under"),
    [
        (POST, found("2", Kind.COMMENT), True),
        (POST, found("2", Kind.COMMENT, root_id="weibo:99"), True),  # the comment it answers
        (POST, found("2", Kind.POST, repost_of="weibo:1"), True),
        (POST, found("2", Kind.POST), False),
        (THREAD, found("9", Kind.FLOOR, platform=Platform.TIEBA, root_id="tieba:7"), True),
        (THREAD, found("9", Kind.REPLY, platform=Platform.TIEBA), True),
        (THREAD, found("9", Kind.FLOOR, platform=Platform.TIEBA, root_id="tieba:6"), False),
        (FLOOR, found("9", Kind.REPLY, platform=Platform.TIEBA, parent_id="tieba:8"), True),
        (FLOOR, found("9", Kind.REPLY, platform=Platform.TIEBA, parent_id="tieba:5"), False),
        (FLOOR, found("9", Kind.FLOOR, platform=Platform.TIEBA, root_id="tieba:7"), False),
    ],
)
def test_what_hangs_under_an_item(item, one, under):
    assert is_under(one, item) is under
    shown = placed(one, item)
    assert shown.under == item.id
    assert bool(shown.context) is under


def test_an_answer_to_a_comment_hangs_under_the_post():
    answer = placed(found("3", Kind.COMMENT, root_id="weibo:2", parent_id="weibo:2"), POST)
    assert (answer.root_id, answer.parent_id) == ("weibo:1", "weibo:2")
    assert answer.url == POST.url
    assert "虫子" in answer.context


def test_a_long_text_takes_what_it_lacks_from_its_post():
    whole = found("1", Kind.POST, author="", published_at=None, text="全文", url="https://m/1")
    shown = placed(whole, POST)
    assert (shown.published_at, shown.published_precision) == (
        POST.published_at,
        POST.published_precision,
    )
    assert (shown.text, shown.url) == ("全文", POST.url)


def test_the_page_of_an_item_is_taken_as_it_is():
    own = found("1", Kind.POST, url="https://weibo.com/9/abc", likes=3)
    shown = placed(own, POST)
    assert (shown.likes, shown.under) == (3, POST.id)
