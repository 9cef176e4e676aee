"""Damaged Zhihu pages: each field taken out, bytes flipped, the end cut off. None may crash a
reader, and none may turn a page with posts into calm.
"""

import json
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawlers.pages.detect import read_page
from domain.errors import LayoutChanged
from domain.mention import Platform
from domain.page import Page, PageState
from tests.pages import PAGES, saved_pages

AT = datetime(2026, 11, 20, 4, 0, 30, tzinfo=UTC)
SEED = 20261120
CUTS = 20
FLIPS = 20
FIELDS = 40
"""Of each kind a page at most in the unit suite; over the captures all fields are taken out."""

_DATA = re.compile(rb'(?<=type="text/json">)\{.*?\}(?=</script>)', re.DOTALL)
_MARKUP = re.compile(rb' [a-z-]+="[^"]*"|<[a-z0-9]+ |(?<=>)[^<>]+(?=<)')


def read(body: bytes, url: str = "") -> Page | None:
    """What the readers say; None for a layout that is not understood, the one thing they raise."""
    try:
        return read_page(body, platform=Platform.ZHIHU, url=url, fetched_at=AT)
    except LayoutChanged:
        return None


def without_each_field(body: bytes) -> Iterator[bytes]:
    """The page without each of its fields: of JSON, of the data inside a page, of markup."""
    if body[:1] == b"{":
        yield from without_each_key(body)
        return
    if data := _DATA.search(body):
        for less in without_each_key(data[0]):
            yield body[: data.start()] + less + body[data.end() :]
    for place in _MARKUP.finditer(_DATA.sub(b"", body)):
        yield body.replace(place[0], b"", 1)


def without_each_key(body: bytes) -> Iterator[bytes]:
    whole = json.loads(body)
    for path in list(paths(whole)):
        *parents, key = path
        place = whole
        for parent in parents:
            place = place[parent]
        kept = dict(place)
        del place[key]
        yield json.dumps(whole, ensure_ascii=False).encode()
        place.clear()
        place.update(kept)


def paths(value: object, at: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*at, key)
            yield from paths(inner, (*at, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from paths(inner, (*at, index))


def flipped(body: bytes, dice: random.Random, times: int) -> Iterator[bytes]:
    for _ in range(times):
        damaged = bytearray(body)
        for _ in range(dice.randint(1, 8)):
            damaged[dice.randrange(len(damaged))] ^= 1 << dice.randrange(8)
        yield bytes(damaged)


def cut(body: bytes, dice: random.Random, times: int) -> Iterator[bytes]:
    for _ in range(times):
        yield body[: dice.randrange(len(body))]


def check(body: bytes, url: str, damaged: Iterator[bytes]) -> int:
    """Read every damaged page and return how many there were."""
    whole = read(body, url)
    assert whole is not None
    count = 0
    for less in damaged:
        count += 1
        page = read(less, url)
        if page is None or not whole.mentions:
            continue
        assert page.state is not PageState.EMPTY, less[:400]
        assert page.mentions or page.state is not PageState.OK, less[:400]
    return count


SAVED = [
    pytest.param(page, id=f"{folder.name}-{page}")
    for folder in sorted(PAGES.glob("zhihu_*"))
    for page in saved_pages(folder.name)
]


@pytest.mark.parametrize("page", SAVED)
def test_a_damaged_page_is_neither_a_crash_nor_calm(page):
    dice = random.Random(SEED)
    fields = list(without_each_field(page.body.strip()))
    damaged = [
        *dice.sample(fields, min(FIELDS, len(fields))),
        *flipped(page.body, dice, FLIPS),
        *cut(page.body, dice, CUTS),
    ]
    assert check(page.body, page.url, iter(damaged)) >= FLIPS + CUTS


@pytest.mark.slow
@pytest.mark.shared
def test_damaged_captures_are_neither_crashes_nor_calm(shared: Path):
    dice = random.Random(SEED)
    count = 0
    for path in sorted((shared / "platforms" / "captures" / "zhihu").iterdir()):
        body = path.read_bytes()
        fields = list(without_each_field(body.strip())) if len(body) < 60_000 else []
        count += check(body, "", iter(dice.sample(fields, min(160, len(fields)))))
        count += check(body, "", flipped(body, dice, 80))
        count += check(body, "", cut(body, dice, 80))
    assert count >= 4_000
