"""A page is known by what is on it; nothing that is thrown at the readers crashes them, and
nothing that is broken reads as calm.
"""

import json
import time
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawlers.pages.detect import READERS, read_page
from domain.errors import LayoutChanged, PageTooLarge
from domain.mention import Platform
from domain.page import Page, PageState
from tests.pages import saved_pages

AT = datetime(2026, 11, 20, 4, 0, 30, tzinfo=UTC)
ALL = [
    (platform, page) for platform in Platform for page in saved_pages(f"{platform.value}_search")
]
WITH_POSTS = [(platform, page) for platform, page in ALL if page.expected.mentions]


def read(platform: Platform, body: bytes, url: str = "") -> Page | None:
    """What the readers say; None for a layout that is not understood."""
    try:
        return read_page(body, platform=platform, url=url, fetched_at=AT)
    except LayoutChanged:
        return None


@pytest.mark.parametrize("platform", list(Platform))
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"{}",
        b"[]",
        b"null",
        b"1",
        b'{"ok":1}',
        b'{"data":',
        b"<html></html>",
        b"hello",
    ],
)
def test_an_unknown_page_is_a_changed_layout_and_never_empty(platform, body):
    with pytest.raises(LayoutChanged) as caught:
        read_page(body, platform=platform, fetched_at=AT)
    assert caught.value.surface == platform.value


def test_a_thread_that_quotes_the_words_of_an_empty_search_is_no_empty_search():
    body = '<div class="l_post">他说：哎呀！木有找到相关内容</div>'
    assert read(Platform.TIEBA, body.encode()) is None


def test_page_types_have_one_name_each():
    for readers in READERS.values():
        lines = [(reader.name, reader.looks_like) for reader in readers]
        assert len(set(lines)) == len(lines)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"])
@pytest.mark.parametrize(("platform", "page"), WITH_POSTS)
def test_the_encoding_of_a_file_changes_nothing(platform, page, encoding):
    original = "gbk" if page.name == "finished_2024" else "utf-8"
    body = page.body.decode(original).encode(encoding)
    assert read_page(body, platform=platform, url=page.url, fetched_at=page.fetched_at) == (
        page.expected
    )


@pytest.mark.parametrize(("platform", "page"), WITH_POSTS)
def test_a_page_cut_off_anywhere_is_never_empty(platform, page):
    for end in range(0, len(page.body), max(1, len(page.body) // 150)):
        cut = read(platform, page.body[:end], page.url)
        assert cut is None or cut.state is not PageState.EMPTY


def test_json_with_half_an_emoji_is_still_read():
    body = (
        '{"paging":{"is_end":true},"data":[{"type":"search_result","object":{"type":"article",'
        '"id":"7","title":"好\\ud83d","content":"文","created_time":1763600000,"author":null}}]}'
    )
    page = read(Platform.ZHIHU, body.encode())
    assert page is not None
    assert [mention.title for mention in page.mentions] == ["好"]


@st.composite
def mutated(draw: st.DrawFn) -> tuple[Platform, bytes]:
    """A saved page with a few slices deleted, doubled, overwritten or filled with noise."""
    platform, page = draw(st.sampled_from(ALL))
    body = bytearray(page.body)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(body)))
        end = min(len(body), start + draw(st.integers(0, 400)))
        piece = bytes(body[start:end])
        noise = draw(
            st.one_of(
                st.just(b""),
                st.just(piece * 3),
                st.binary(max_size=40),
                st.sampled_from([b"<div>", b"</div>", b"null", b"{}", b"[]", b"-1", b'"', b">"]),
            )
        )
        body[start:end] = noise
    return platform, bytes(body)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_a_damaged_page_is_read_or_not_understood(damaged):
    platform, body = damaged
    page = read(platform, body)
    assert page is None or isinstance(page, Page)


THEIR_KEYS = """
    ok url msg data paging is_end next error code type object id title content author question
    created_time card_list cardInfo tid pid user has_more current_page main_post time name errno
    error_code need_force_login
"""
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(THEIR_KEYS.split()), inner, max_size=6)
    ),
    max_leaves=25,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(platform=st.sampled_from(list(Platform)), value=JSON_VALUES)
def test_any_json_with_their_keys_is_read_or_not_understood(platform, value):
    page = read(platform, json.dumps(value).encode())
    assert page is None or isinstance(page, Page)


@settings(max_examples=200, deadline=None)
@given(platform=st.sampled_from(list(Platform)), body=st.binary(max_size=2000), url=st.text())
def test_random_bytes_and_addresses_are_never_empty_and_never_crash(platform, body, url):
    page = read(platform, body, url)
    assert page is None or page.state in (PageState.NOT_CONTENT, PageState.BLOCKED)


def articles(count: int) -> bytes:
    """A search_v3 reply with as many articles."""
    article = {"type": "article", "title": "好", "content": "<p>文</p>", "created_time": 1763600000}
    entries = [
        {"type": "search_result", "object": {**article, "id": str(number)}}
        for number in range(1, count + 1)
    ]
    return json.dumps({"paging": {"is_end": True}, "data": entries}).encode()


HUGE = {
    "deep": (Platform.WEIBO, lambda: b"<div>" * 3_000_000),
    "flat": (Platform.WEIBO, lambda: b"<p>" * 5_000_000),
    "brackets": (Platform.WEIBO, lambda: b"[" * 16_000_000),
    "objects": (Platform.ZHIHU, lambda: b'{"data":[' + b"{}," * 5_000_000 + b"{}]}"),
    "nested objects": (Platform.ZHIHU, lambda: b'{"data":' * 1_500_000),
    "GBK": (Platform.TIEBA, lambda: b"\xb0\xa1" * 8_000_000),
    "cards": (Platform.TIEBA, lambda: b"<div class='s_post'>x</div>" * 90_000),
    "rubbish": (Platform.TIEBA, lambda: bytes(range(256)) * 60_000),
    "just enough articles": (Platform.ZHIHU, lambda: articles(5_000)),
    "too many articles": (Platform.ZHIHU, lambda: articles(60_000)),
    "nested cards": (Platform.ZHIHU, lambda: b'<p class="ContentItem" data-zop="{">' * 150_000),
    "wap posts": (
        Platform.WEIBO,
        lambda: b'<div class="c" id="M_1"><p>' * 500 + b"<i>x</i>" * 90_000,
    ),
    "search cards": (
        Platform.WEIBO,
        lambda: (
            b'<div class="card-wrap" action-type="feed_list_item"><p>' * 500 + b"<i>x</i>" * 90_000
        ),
    ),
    "deep error": (
        Platform.WEIBO,
        lambda: b'{"ok":0,"errno":' + b"[" * 900 + b"]" * 900 + b"}",
    ),
    "deep post": (
        Platform.WEIBO,
        lambda: b'{"mblogid":"x","bid":"y","deleted":' + b"[" * 900 + b"]" * 900 + b"}",
    ),
    "comments": (
        Platform.WEIBO,
        lambda: (
            b'{"ok":1,"max_id":0,"data":[{"id":5301200000000000,"comments":['
            + b"{}," * 240_000
            + b"{}]}]}"
        ),
    ),
    "zeros": (Platform.WEIBO, lambda: b"\0" * 15_000_000),
    "too large": (Platform.WEIBO, lambda: b"x" * (30 * 1024 * 1024)),
}


@pytest.mark.parametrize("kind", HUGE)
def test_a_huge_page_is_read_or_not_understood_in_time(kind):
    platform, make = HUGE[kind]
    body = make()
    start = time.process_time()
    page = read(platform, body)
    assert time.process_time() - start < 2
    assert page is None or page.state is not PageState.EMPTY


@pytest.mark.parametrize(
    ("body", "said", "counted"),
    [
        (b"<p>x" * 210_331, ("标签数 210,331，最多读 200,000", "210,331 tags"), "210331 tags"),
        (b"<div>" * 9_000, ("标签嵌套层数 9,000，最多读 512", "9,000 tags inside"), "9000 tags"),
        (b"<div " + b"a=1 " * 5_000 + b">", ("一个标签的属性数", "attributes of a tag"), "5000 "),
        (b"[" + b"{}," * 600_000 + b"1]", ("600,001，最多读 500,000", "brackets"), "600001 "),
    ],
    ids=["tags", "deep", "attributes", "brackets"],
)
def test_a_page_beyond_what_is_read_is_told_with_its_number(body, said, counted):
    for platform in Platform:
        with pytest.raises(PageTooLarge) as caught:
            read_page(body, platform=platform, fetched_at=AT)
        assert said[0] in caught.value.sentence("zh")
        assert said[1] in caught.value.sentence("en")
        assert "koubei capture" in caught.value.sentence("zh")
        assert caught.value.code.startswith(f"page_too_large:{counted}")


def test_a_wall_is_one_however_many_tags_it_has():
    refused = read_page(b"<p>x" * 210_000, platform=Platform.WEIBO, status=429, fetched_at=AT)
    assert refused.state is PageState.BLOCKED
