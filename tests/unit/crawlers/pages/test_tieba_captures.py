"""Tieba's real captures, read as their catalogue says they must be, and damaged in many ways."""

import json
import random
import re
from datetime import UTC, datetime, time
from pathlib import Path

import pytest

from crawlers.pages.detect import read_page
from domain.errors import LayoutChanged
from domain.mention import Kind, Platform
from domain.page import FoundMention, Page, PageState
from domain.times import CHINA, read_time

pytestmark = pytest.mark.shared

DAMAGED = 3_400
"""Pages: a third of the 10,000 that the three platforms share, in well under a minute."""


def captures(shared: Path) -> list[dict]:
    listing = json.loads((shared / "platforms/captures/captures.json").read_text(encoding="utf-8"))
    return [one for one in listing["captures"] if one["platform"] == "tieba"]


def moment(capture: dict) -> datetime:
    """When a capture was taken: its day at noon, where no more is known."""
    day = re.match(r"\d{4}-\d\d-\d\d", capture["captured"])
    told = day[0] if day else f"{capture['captured'][:4]}-12-31"
    return datetime.combine(datetime.fromisoformat(told), time(12), CHINA).astimezone(UTC)


def read(shared: Path, capture: dict, body: bytes | None = None) -> Page:
    saved = body or (shared / "platforms/captures" / capture["file"]).read_bytes()
    return read_page(saved, platform=Platform.TIEBA, fetched_at=moment(capture))


def bare(text: str | None) -> str:
    return re.sub(r"[\s\u200b\ufeff]+", "", text or "")


def wrong(item: dict, mention: FoundMention, at: datetime) -> list[str]:
    """The fields of a mention that are not what the catalogue says."""
    told = item.get("created_at") or item.get("created_at_raw") or item.get("created_raw")
    replies = item.get("replies", item.get("sub_comments"))
    if mention.kind is Kind.THREAD and item.get("sub_comments") is not None:
        replies = None  # the catalogue counts replies to the opening post, we those of the thread
    wanted = read_time(told, fetched_at=at) if told else None
    checks = {
        "author": not item.get("author") or bare(item["author"]) == bare(mention.author),
        "author_uid": item.get("author_id") in (None, mention.author_uid),
        "text": bare(item.get("text_contains")) in bare(f"{mention.title}{mention.text}"),
        "title": bare(item.get("title")) in bare(mention.title),
        "forum": item.get("forum") in (None, mention.forum),
        "ip_location": item.get("ip_location") in (None, mention.ip_location),
        "replies": replies in (None, mention.comments),
        "url": item.get("url") in (None, mention.url),
        "parent": item.get("parent") in (None, str(mention.parent_id).removeprefix("tieba:")),
        "first_post": item.get("first_post_id", item.get("post_id")) in (None, mention.bid),
        "time": wanted is None or wanted[0] == mention.published_at,
    }
    return [name for name, is_right in checks.items() if not is_right]


def test_every_capture_is_read_right(shared):
    for capture in captures(shared):
        page, expect = read(shared, capture), capture["expect"]
        if expect["kind"] == "blocked":
            assert page.state is PageState.BLOCKED
            continue
        own = [mention for mention in page.mentions if not mention.embedded]
        assert len(own) == expect["count"], capture["file"]
        known = {mention.id.removeprefix("tieba:"): mention for mention in page.mentions}
        known |= {mention.bid: mention for mention in page.mentions if mention.bid}
        for item in expect["items"]:
            for one in (item, *item.get("children", ())):
                problems = wrong(one, known[one["id"]], moment(capture))
                assert not problems, (capture["file"], one["id"], problems)


def test_replies_shown_below_a_floor_stand_beside_it(shared):
    (thread,) = [one for one in captures(shared) if one["file"].endswith("thread_page_2024.html")]
    shown = [mention for mention in read(shared, thread).mentions if mention.embedded]
    assert len(shown) == 10
    assert {mention.parent_id for mention in shown} == {"tieba:150719088158"}


@pytest.mark.slow
def test_no_damage_crashes_a_reader_or_makes_it_say_that_nobody_spoke(shared):
    chance = random.Random(20261121)
    read_well = [one for one in captures(shared) if one["expect"]["kind"] != "blocked"]
    for number in range(DAMAGED):
        capture = read_well[number % len(read_well)]
        body = damaged((shared / "platforms/captures" / capture["file"]).read_bytes(), chance)
        try:
            page = read(shared, capture, body or b" ")
        except LayoutChanged:
            continue
        assert page.state is not PageState.EMPTY, capture["file"]
        assert page.mentions or page.next or page.state is not PageState.OK, capture["file"]


def damaged(body: bytes, chance: random.Random) -> bytes:
    """A page with a word of its markup taken out, bytes flipped, a slice lost, or cut."""
    kind = chance.randrange(4)
    place = chance.randrange(len(body))
    if kind == 0:
        words = re.findall(rb"[A-Za-z_]{4,30}", body[place : place + 400])
        return body.replace(chance.choice(words), b"") if words else body[:place]
    if kind == 1:
        changed = bytearray(body)
        for _ in range(chance.randint(1, 20)):
            changed[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
        return bytes(changed)
    if kind == 2:
        return body[:place] + body[place + chance.randint(1, 2000) :]
    return body[:place]
