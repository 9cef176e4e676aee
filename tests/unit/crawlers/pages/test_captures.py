"""The real captures of the search surfaces, read as their catalogue says they must be.

The rules are the catalogue's own: mentions are matched by id (or bid, or first post id), texts are
compared without white space, times to the precision given, counts with `+` as lower bounds.
"""

import html
import json
import re
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path

import pytest

from crawlers.pages.detect import read_page
from domain.counts import read_count
from domain.mention import Platform
from domain.page import FoundMention, Page, PageState
from domain.times import read_time

pytestmark = pytest.mark.shared

OURS = (
    "weibo/s_search_*.html",
    "zhihu/search_v3_*.json",
    "tieba/api_multsearch_2026.json",
    "tieba/search_page_2024.html",
    "tieba/search_card_2026.html",
    "tieba/security_page_403.html",
    "zhihu/error_*.json",
    "weibo/ajax_login_wall_2026.json",
    "weibo/ajax_needs_visitor_2026.json",
    "weibo/ajax_forbidden_2026.json",
    "weibo/ajax_deleted_2026.json",
)


def test_every_capture_of_the_search_surfaces_is_read_right(shared: Path):
    folder = shared / "platforms" / "captures"
    catalogue = json.loads((folder / "captures.json").read_text(encoding="utf-8"))["captures"]
    ours = [c for c in catalogue if any(fnmatch(c["file"], pattern) for pattern in OURS)]
    assert len(ours) >= 15
    for capture in ours:
        read = _read(folder, capture)
        if capture["expect"]["kind"] == "posts":
            _check_posts(capture, read)
        else:
            assert read.state in (PageState.BLOCKED, PageState.GONE), capture["file"]


def test_every_other_capture_is_named_and_none_reads_as_calm(shared: Path):
    folder = shared / "platforms" / "captures"
    catalogue = json.loads((folder / "captures.json").read_text(encoding="utf-8"))["captures"]
    others = [c for c in catalogue if not any(fnmatch(c["file"], pattern) for pattern in OURS)]
    for capture in others:
        read = _read(folder, capture)
        assert read.mentions or read.state is PageState.NOT_CONTENT, capture["file"]


def _read(folder: Path, capture: dict) -> Page:
    epoch = capture.get("captured_at_epoch", 1767182400)
    return read_page(
        (folder / capture["file"]).read_bytes(),
        platform=Platform(capture["platform"]),
        fetched_at=datetime.fromtimestamp(epoch, UTC),
    )


def _check_posts(capture: dict, read: Page) -> None:
    expect = capture["expect"]
    own = [mention for mention in read.mentions if not mention.embedded]
    assert len(own) == expect["count"], capture["file"]
    known = {}
    for mention in read.mentions:
        known[mention.id.rpartition(":")[2]] = mention
        known[mention.bid or mention.id] = mention
    for item in expect.get("items") or []:
        wrong = _wrong(item, known[item["id"]])
        assert not wrong, f"{capture['file']}: {item['id']}: {wrong}"


def _wrong(item: dict, mention: FoundMention) -> list[str]:
    checks = {
        "bid": item.get("bid") in (None, mention.bid),
        "url": item.get("url") in (None, mention.url),
        "author": _bare(item["author"]) == _bare(mention.author),
        "author_uid": (item.get("author_id") or item.get("author_token"))
        in (None, mention.author_uid),
        "text": _bare(item.get("text_contains")) in _bare(mention.text),
        "title": _bare(item.get("title")) == _bare(mention.title),
        "forum": item.get("forum") in (None, mention.forum),
        "client": item.get("source_contains", "") in (mention.client or ""),
        "time": _is_same_time(item, mention),
        "replies": item.get("replies") in (None, mention.comments),
    }
    for name in ("likes", "comments", "reposts"):
        checks[name] = _is_same_count(item.get(name), getattr(mention, name))
    return [name for name, is_right in checks.items() if not is_right]


def _bare(text: str | None) -> str:
    return re.sub(r"[\s\u200b\ufeff]+", "", html.unescape(text or ""))


def _is_same_time(item: dict, mention: FoundMention) -> bool:
    told = item.get("created_at") or item.get("created_at_raw") or ""
    wanted = read_time(told, fetched_at=datetime(2025, 12, 31, 12, 0, tzinfo=UTC))
    if wanted is None or mention.published_at is None:
        return False
    if "前" in told:  # relative, and the moment of the capture is not known
        return mention.published_precision == wanted[1]
    return abs((mention.published_at - wanted[0]).total_seconds()) < 60


def _is_same_count(wanted: object, found: int | None) -> bool:
    if wanted is None:
        return True
    count = read_count(wanted)
    if count is None or found is None:
        return False
    return found >= count if str(wanted).endswith("+") else abs(found - count) <= 0.001 * count
