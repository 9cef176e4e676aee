"""Bytes become text, JSON or markup, within bounds."""

from datetime import UTC, datetime

import pytest

from crawlers.pages.document import Document, asked, decode, parse_json, parse_markup

AT = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


def document(body: bytes) -> Document:
    return Document(body, "", 200, AT)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "gbk"])
def test_chinese_text_is_decoded_from_every_encoding_the_platforms_used(encoding):
    text = "<p>云栈奶茶，今天排队两小时，真的值得吗？</p>"
    assert decode(text.encode(encoding)) == text


def test_utf_16_without_a_mark_is_seen_by_its_zeros():
    text = "<html><body>plain</body></html>"
    assert decode(text.encode("utf-16-le")) == text
    assert decode(text.encode("utf-16-be")) == text


def test_a_character_cut_off_at_the_end_costs_only_itself():
    assert decode("云栈奶茶".encode()[:-1]).startswith("云栈奶")


def test_a_broken_byte_in_the_middle_leaves_the_rest_readable():
    body = "云栈奶茶".encode() + b"\xff" + "今天排队".encode()
    assert decode(body) == "云栈奶茶\ufffd今天排队"


def test_a_picture_has_no_text():
    assert decode(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 50) == ""


@pytest.mark.parametrize(
    "text",
    ["", "{", '{"a":', "[" * 100_000, "{" + '"a":{' * 100_000, "[" + "{}," * 600_000 + "{}]"],
)
def test_what_is_no_json_or_too_much_of_it_is_none(text):
    assert parse_json(text) is None


def test_json_inside_pre_is_the_json_of_the_page():
    page = document(b'<html><body><pre style="x">{"a": "&lt;p&gt;"}</pre></body></html>')
    assert page.object == {"a": "<p>"}


def test_a_pre_in_a_post_is_not_the_json_of_the_page():
    assert document(b'<div><pre>{"a": 1}</pre></div>').json is None


def test_an_array_is_json_but_no_object():
    page = document(b"[1]")
    assert page.json == [1]
    assert page.object == {}


@pytest.mark.parametrize(
    "markup",
    [
        "<div>" * 5_000,
        "<div>" * 600 + "<p>x</p>" * 4_000,
        "<p>x" * 200_001,
        "".join(f"<b id={n}>" for n in range(1_000)) + "<p>x" * 1_000,
        "<div " + "a=1 " * 5_000 + ">",
    ],
)
def test_markup_that_no_browser_would_build_is_none(markup):
    assert parse_markup(markup) is None


@pytest.mark.parametrize(
    "markup",
    [
        "<div>" * 500 + "x",
        "<p>x" * 100_000,
        "<ul>" + "<li>x" * 50_000 + "</ul>",
        "<table>" + "<tr><td>x" * 50_000 + "</table>",
        "<div><a href='x'>y</a><em>z</em></div>" * 20_000,
        '<img src="data:image/png;base64,' + "A" * 3_000_000 + '">',
    ],
)
def test_large_but_ordinary_markup_is_built(markup):
    assert parse_markup(markup) is not None


def test_a_parameter_of_an_address_is_read_in_its_encoding():
    assert asked("/home/main?un=%C0%CF%B2%E8", "un", encoding="gb18030") == "老茶"
    assert asked("/home/main?un=%E8%80%81", "un") == "老"
    assert asked("http://[", "un") == ""
    assert asked("", "un") == ""
    with pytest.raises(UnicodeDecodeError):
        asked("/home/main?un=%C0%CF", "un")
