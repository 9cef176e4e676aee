"""Reading Set-Cookie: what a platform may set, and what it may not."""

import pytest

from crawlers.set_cookie import read_set_cookie
from tests.fixtures.sessions import DAY, NOW

URL = "https://s.weibo.com/a/b"


def read(header: str, url: str = URL):
    return read_set_cookie(header, url=url, now=NOW)


def test_the_attributes_are_read():
    cookie = read("SUB=_2A25; Max-Age=60; Domain=.weibo.com; Path=/ajax; Secure; HttpOnly")
    assert (cookie.name, cookie.value, cookie.key) == (
        "SUB",
        "_2A25",
        ("SUB", ".weibo.com", "/ajax"),
    )
    assert (cookie.expires, cookie.secure, cookie.http_only, cookie.set_at) == (
        NOW + 60, True, True, NOW,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("header", "domain", "path"),
    [
        ("a=1", "s.weibo.com", "/a"),
        ("a=1; domain=weibo.com", ".weibo.com", "/a"),
        ("a=1; Domain=.WEIBO.com", ".weibo.com", "/a"),
        ("a=1; domain=s.weibo.com", ".s.weibo.com", "/a"),
        ("a=1; path=/", "s.weibo.com", "/"),
        ("a=1; path=x", "s.weibo.com", "/a"),
    ],
)
def test_whose_it_is(header, domain, path):
    cookie = read(header)
    assert (cookie.domain, cookie.path) == (domain, path)


@pytest.mark.parametrize(
    ("told", "expires"),
    [
        ("", None),
        ("; max-age=0", NOW),
        ("; max-age=-5", NOW - 5),
        ("; max-age=99999999999999999999", NOW + 400 * DAY),
        ("; max-age=soon", None),
        ("; expires=Fri, 20 Nov 2026 05:00:00 GMT", NOW + 3600),
        ("; expires=Fri, 20-Nov-2026 05:00:00 GMT", NOW + 3600),
        ("; expires=Thu, 01-Jan-1970 00:00:01 GMT", 1.0),
        ("; expires=never", None),
        ("; max-age=60; expires=Fri, 20 Nov 2026 05:00:00 GMT", NOW + 60),
    ],
)
def test_until_when(told, expires):
    assert read(f"a=1{told}").expires == expires


@pytest.mark.parametrize(
    "header",
    [
        "",
        "no pair",
        "=nameless",
        "a=1; domain=evil.example",
        "a=1; domain=bo.com",
        "a=\x001",
        "a=1\r\nb=2",
        "a=" + "v" * 9_000,
    ],
)
def test_what_is_no_cookie_of_that_host_is_none(header):
    assert read(header) is None
