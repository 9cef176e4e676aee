"""The real captures of Zhihu, read field by field as their catalogue says."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawlers.pages.detect import read_page
from domain.mention import Platform
from domain.page import FoundMention, Page, PageState

pytestmark = pytest.mark.shared

AT = datetime(2026, 11, 20, 4, 0, 30, tzinfo=UTC)


def catalogue(shared: Path) -> list[tuple[dict, Page]]:
    folder = shared / "platforms" / "captures"
    listed = json.loads((folder / "captures.json").read_text(encoding="utf-8"))["captures"]
    zhihu = [capture for capture in listed if capture["platform"] == "zhihu"]
    assert len(zhihu) >= 17
    return [(c, read((folder / c["file"]).read_bytes())) for c in zhihu]


def read(body: bytes) -> Page:
    return read_page(body, platform=Platform.ZHIHU, fetched_at=AT)


def bare(text: str | None) -> str:
    return re.sub(r"[\s\u200b\ufeff]+", "", text or "")


def wrong(item: dict, mention: FoundMention) -> list[str]:
    """Which fields differ from what the catalogue tells."""
    told = item.get
    created, updated = moment(told("created_at")), moment(told("updated_at"))
    question = f"zhihu:question:{told('question_id')}"
    checks = {
        "url": told("url") in (None, mention.url),
        "author": bare(told("author")) == bare(mention.author),
        "author_uid": (told("author_token") or None) in (None, mention.author_uid),
        "text": bare(told("text_contains")) in bare(mention.text),
        "title": told("title") is None or bare(told("title")) == bare(mention.title),
        "published_at": created == mention.published_at,
        "edited_at": updated in (None, created, mention.edited_at),
        "likes": told("likes") in (None, mention.likes),
        "comments": told("comments", told("child_count")) in (None, 0, mention.comments),
        "ip_location": told("ip_location") == mention.ip_location,
        "parent_id": told("question_id") is None or mention.parent_id == question,
    }
    return [name for name, is_right in checks.items() if not is_right]


def moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def test_every_item_of_every_capture_is_read_field_by_field(shared: Path):
    checked = 0
    for capture, page in catalogue(shared):
        expect = capture["expect"]
        own = [mention for mention in page.mentions if not mention.embedded]
        if expect["kind"] in ("posts", "comments"):
            assert len(own) == expect["count"], capture["file"]
        found = {mention.id.rpartition(":")[2]: mention for mention in page.mentions}
        items = expect.get("items") or ([expect["item"]] if "item" in expect else [])
        children = [child for item in items for child in item.get("children", [])]
        for item in items + children:
            if expect["kind"] == "question":
                assert found[item["id"]].title == item["title"]
                continue
            assert not wrong(item, found[item["id"]]), (capture["file"], item["id"])
            checked += 1
    assert checked >= 50


def test_what_follows_is_named_as_the_reply_names_it(shared: Path):
    for capture, page in catalogue(shared):
        told = capture["expect"].get("next")
        if told:
            assert page.next == (None if told["is_end"] else told["next"]), capture["file"]


def test_questions_beside_answers_are_read_and_embedded(shared: Path):
    seen = 0
    for capture, page in catalogue(shared):
        for question in capture["expect"].get("questions", []):
            found = next(m for m in page.mentions if m.id == f"zhihu:question:{question['id']}")
            assert found.embedded
            assert (found.title, found.comments) == (question["title"], question["comments"])
            assert found.published_at == moment(question["created_at"])
            seen += 1
    assert seen


def test_refusals_are_walls_and_a_bare_text_is_its_text(shared: Path):
    for capture, page in catalogue(shared):
        expect = capture["expect"]
        if expect["kind"] == "error":
            assert page.state is PageState.BLOCKED, capture["file"]
        if expect["kind"] == "text":
            (body,) = page.mentions
            assert bare(body.text).startswith(bare(expect["first_contains"]))
            assert bare(body.text).endswith(bare(expect["last_contains"]))
