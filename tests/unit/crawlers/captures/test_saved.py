"""What people save opens; what holds no page is refused by what it is."""

import base64
import json
import zlib
from datetime import UTC, datetime

import pytest

from crawlers.captures.saved import open_saved
from domain.errors import InputRefused

HTML = "<html><body><div class='card-wrap'>好喝</div></body></html>"
MHTML = """From: <Saved by Blink>
Snapshot-Content-Location: https://s.weibo.com/realtime?q=x
Subject: x
Date: Fri, 20 Nov 2026 04:00:30 -0000
MIME-Version: 1.0
Content-Type: multipart/related; type="text/html"; boundary="----Boundary"

------Boundary
Content-Type: text/html
Content-Transfer-Encoding: quoted-printable
Content-Location: https://s.weibo.com/realtime?q=x

<html><body><div class=3D"card-wrap">=E5=A5=BD=E5=96=9D</div></body></html>
------Boundary
Content-Type: image/png
Content-Transfer-Encoding: base64

AAAA
------Boundary--
"""


def saved(tmp_path, name: str, content: bytes):
    path = tmp_path / name
    path.write_bytes(content)
    return open_saved(path)


def an_entry(text: str, kind: str, **content: str) -> dict:
    return {
        "startedDateTime": "2026-11-20T12:00:30+08:00",
        "request": {"url": "https://m.weibo.cn/api?x=1", "cookies": [{"value": "SECRET"}]},
        "response": {"status": 200, "content": {"mimeType": kind, "text": text, **content}},
    }


def test_a_page_and_a_reply_are_what_they_are(tmp_path):
    assert saved(tmp_path, "a.html", HTML.encode())[0].body == HTML.encode()
    assert saved(tmp_path, "a.txt", b'{"ok":1}')[0].body == b'{"ok":1}'
    assert saved(tmp_path, "a.zlib", zlib.compress(b"<p>x</p>"))[0].body == b"<p>x</p>"


def test_a_single_file_of_chrome_tells_where_and_when(tmp_path):
    (page,) = saved(tmp_path, "a.mhtml", MHTML.replace("\n", "\r\n").encode())
    assert '<div class="card-wrap">好喝</div>' in page.body.decode()
    assert page.url == "https://s.weibo.com/realtime?q=x"
    assert page.fetched_at == datetime(2026, 11, 20, 4, 0, 30, tzinfo=UTC)


def test_a_har_gives_its_replies_and_none_of_its_requests(tmp_path):
    packed = base64.b64encode(HTML.encode()).decode()
    entries = [
        an_entry("body{}", "text/css"),
        an_entry('{"ok":1}', "application/json; charset=utf-8"),
        an_entry(packed, "text/html", encoding="base64"),
        {"request": {}, "response": {"content": {}}},
        "nonsense",
    ]
    pages = saved(tmp_path, "a.har", json.dumps({"log": {"entries": entries}}).encode())
    assert [page.body for page in pages] == [b'{"ok":1}', HTML.encode()]
    assert [page.label for page in pages] == ["#2 application/json", "#3 text/html"]
    assert pages[0].fetched_at == datetime(2026, 11, 20, 4, 0, 30, tzinfo=UTC)
    assert not any(b"SECRET" in page.body for page in pages)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"%PDF-1.7 ...", "PDF"),
        (b"\x89PNG\r\n\x1a\n...", "PNG"),
        (b"bplist00....", "webarchive"),
        (b"PK\x03\x04....", "zip"),
        (b"\x1f\x8b\x08...", "gzip"),
        (b"  \n ", "empty"),
        (bytes(range(256)) * 4, "no text"),
    ],
)
def test_what_holds_no_page_is_refused_by_what_it_is(tmp_path, content, what):
    with pytest.raises(InputRefused, match=what) as refused:
        saved(tmp_path, "a.html", content)
    assert "HTML only" in refused.value.mend.en


def test_a_damaged_page_of_the_archive_is_refused(tmp_path):
    with pytest.raises(InputRefused, match="archive"):
        saved(tmp_path, "a.zlib", b"not packed")
