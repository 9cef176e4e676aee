"""weibo.com/ajax/side/hotSearch and hot_band: the words of Weibo's hot list (热搜), some fifty.

A word is a mention of its own, as a brand on this list is news by itself: its text is the word, its
forum is the list. The list has no ids, so the id is made of the word: the same word is the same
mention for as long as it stays. How hot a word is (`num`) is neither views nor likes and is left.
"""

from datetime import datetime
from hashlib import blake2b
from urllib.parse import quote

from crawlers.pages import walls
from crawlers.pages.document import Document, bounded
from crawlers.pages.text import plain_text
from crawlers.pages.weibo_post import Fields, list_in, object_in, once
from domain.errors import LayoutChanged
from domain.mention import Kind, Platform, Precision
from domain.page import FoundMention, Page, PageState
from domain.times import read_time

PAGE = "weibo_hot_words"
LIST = "微博热搜"

_LISTS = ("realtime", "band_list")


def parse(body: bytes, *, url: str, status: int, fetched_at: datetime) -> Page:
    """Return the words in the order of the list, without adverts.

    The time is when a word came onto the list, where the reply tells that, else when it was seen
    there, to the minute. Raises LayoutChanged when an entry has no word, or the list no entry.
    """
    document = Document(body, url, status, fetched_at)
    return walls.find(Platform.WEIBO, document, page=PAGE) or read(document)


def looks_like(document: Document) -> bool:
    """Whether the page is the hot list."""
    data = object_in(document.object, "data")
    return any(name in data for name in (*_LISTS, "hotgov", "hotgovs"))


def read(document: Document) -> Page:
    """Read a page that no wall stands before."""
    data = object_in(document.object, "data")
    name = next((name for name in _LISTS if name in data), _LISTS[0])
    rows = bounded(list_in(data, name, page=PAGE, path=f"data.{name}"), PAGE)
    if not rows:  # there is always something hot
        raise LayoutChanged(PAGE, f"data.{name}[]")
    entries = [*_pinned(data), *rows]
    words = [_word(entry, document.fetched_at) for entry in entries if not _is_advert(entry)]
    return Page(page=PAGE, state=PageState.OK, mentions=once(words))


def _pinned(data: Fields) -> list[object]:
    """What stands above the list whatever its heat: one entry, several since 2023, or none."""
    several = data.get("hotgovs")
    entries = several if isinstance(several, list) else [data.get("hotgov")]
    return [entry for entry in entries if isinstance(entry, dict) and entry.get("word")]


def _is_advert(entry: object) -> bool:
    return isinstance(entry, dict) and entry.get("is_ad") in (1, True, "1")


def _word(entry: object, fetched_at: datetime) -> FoundMention:
    fields: Fields = entry if isinstance(entry, dict) else {}
    shown = next((w for name in ("word", "note") if (w := plain_text(fields.get(name)))), "")
    word = shown.strip("#")
    if not word:
        raise LayoutChanged(PAGE, "word")
    since = read_time(fields.get("onboard_time"), fetched_at=fetched_at)
    seen_at, precision = since or (fetched_at.replace(second=0, microsecond=0), Precision.MINUTE)
    scheme = plain_text(fields.get("word_scheme")) or word
    key = blake2b(word.encode("utf-8", "replace"), digest_size=8).hexdigest()
    return FoundMention(
        id=f"{Platform.WEIBO}:hot-{key}",
        platform=Platform.WEIBO,
        kind=Kind.POST,
        url=f"https://s.weibo.com/weibo?q={quote(scheme, errors='replace')}",
        text=word,
        published_at=seen_at,
        published_precision=precision,
        forum=LIST,
        topic=word,
    )
