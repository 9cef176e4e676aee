"""Real pages without the people on them: they read as before, and nobody is left."""

import base64
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest

from crawlers.captures.fixture import scrub_page, write
from crawlers.captures.words import INTERFACE
from crawlers.pages.detect import read_page
from domain.mention import Platform
from tests.pages import load_page

pytestmark = pytest.mark.shared
_STRUCTURAL = re.compile(r"[a-z_$][A-Za-z_$]*[0-9]?", re.ASCII)
KEY = b"a key for tests"


def every_capture(shared: Path) -> list[dict]:
    listing = shared / "platforms" / "captures" / "captures.json"
    return json.loads(listing.read_text(encoding="utf-8"))["captures"]


def scrubbed(shared: Path, entry: dict):
    epoch = entry.get("captured_at_epoch", 1767182400)
    return scrub_page(
        (shared / "platforms" / "captures" / entry["file"]).read_bytes(),
        platform=Platform(entry["platform"]),
        url="",
        status=200,
        fetched_at=datetime.fromtimestamp(epoch, UTC),
        key=KEY,
    )


def people_of(entry: dict) -> set[str]:
    """Names and ids as the catalogue tells them: derived without any code of ours."""
    expect = entry["expect"]
    items = [item for item in [*(expect.get("items") or []), expect.get("item")] if item]
    fields = ("author", "user_name", "author_id", "author_token", "id", "bid", "post_id")
    told = {str(item[field]) for item in items for field in fields if item.get(field)}
    # 用户 and the like are words of the interface, and a short ASCII word may be anything
    return {t for t in told if t not in INTERFACE and (len(t) > 4 or not t.isascii()) and t != "0"}


def writings(word: str) -> set[bytes]:
    raw = word.encode()
    escaped = json.dumps(word)[1:-1].encode()
    forms = {escaped, escaped.upper().replace(b"\\U", b"\\u")} if not word.isascii() else set()
    if not word.isascii():
        forms |= {quote(word).encode(), quote(word.encode("gb18030")).encode(), raw}
        forms |= {quote(quote(word)).encode(), raw.hex().encode()}
        forms |= {"".join(f"&#{ord(sign)};" for sign in word).encode()}
    if len(raw) >= 9:
        forms |= {base64.b64encode(raw[: len(raw) // 3 * 3])}
    return forms


@pytest.mark.slow
def test_every_capture_reads_as_before_and_nobody_is_left_in_it(shared: Path, tmp_path: Path):
    captures = every_capture(shared)
    assert len(captures) >= 50
    looked_for = 0
    for entry in captures:
        made = scrubbed(shared, entry)
        assert made.is_whole, (entry["file"], made.differences, made.leaks)
        for word in people_of(entry):
            looked_for += 1
            for form in writings(word):
                assert form not in made.body, entry["file"]
            if word.isascii():
                whole = rb"(?<![0-9A-Za-z])" + re.escape(word.encode()) + rb"(?![0-9A-Za-z])"
                assert not re.search(whole, made.body), entry["file"]
    assert looked_for > 500


@pytest.mark.slow
def test_what_is_written_is_a_fixture_that_the_tests_load(shared: Path, tmp_path: Path):
    for entry in every_capture(shared):
        made = scrubbed(shared, entry)
        if made.after is None:
            continue
        folder = write(made, tmp_path)
        saved = load_page(folder, made.surface)
        read = read_page(
            saved.body,
            platform=made.platform,
            url=saved.url,
            status=saved.status,
            fetched_at=saved.fetched_at,
        )
        expected = saved.expected
        if saved.is_wall:
            expected = replace(expected, page=made.platform.value)
        assert read == expected, entry["file"]


@pytest.mark.slow
def test_the_structure_stays_tag_by_tag_and_key_by_key(shared: Path):
    tag = re.compile(rb"<(/?[A-Za-z][A-Za-z0-9-]*)")
    for entry in every_capture(shared):
        body = (shared / "platforms" / "captures" / entry["file"]).read_bytes()
        made = scrubbed(shared, entry)
        if made.is_json:
            assert shape(json.loads(made.body)) == shape(json.loads(body)), entry["file"]
        else:
            before, after = (re.sub(rb"(?s)<script.*?</script", b"", b) for b in (body, made.body))
            assert tag.findall(before) == tag.findall(after), entry["file"]


def shape(value: object) -> object:
    """Types and keys; a key that is an id, or that somebody wrote, is one of its kind."""
    if isinstance(value, dict):
        return [
            (key if _STRUCTURAL.fullmatch(key) else "#", shape(each)) for key, each in value.items()
        ]
    if isinstance(value, list):
        return [shape(each) for each in value]
    return type(value).__name__
