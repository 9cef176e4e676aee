import pytest
from starlette.datastructures import Headers

from web.addresses import OwnAddresses, local_place, login_address

HTTPS = OwnAddresses("https://koubei.example", "127.0.0.1")
LAN = OwnAddresses("http://192.0.2.9:8501", "0.0.0.0")


def headers(**named: str) -> Headers:
    return Headers(named)


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("koubei.example", True),
        ("KOUBEI.example:443", True),
        ("koubei.example.", True),
        ("localhost:8501", True),
        ("127.0.0.1", True),
        ("[::1]:8501", True),
        ("evil.example", False),
        ("koubei.example.evil.example", False),
        ("koubei.example@evil.example", False),
        ("evil.example#koubei.example", False),
        ("koubei.example/x", False),
        ("0.0.0.0", False),
        ("", False),
        ("*", False),
    ],
)
def test_a_host_is_one_of_ours_or_refused(host, known):
    assert HTTPS.knows_host(headers(host=host)) is known


def test_two_host_headers_are_none():
    assert not HTTPS.knows_host(Headers(raw=[(b"host", b"koubei.example")] * 2))
    assert not HTTPS.knows_host(headers())


@pytest.mark.parametrize(
    ("own", "scheme", "host", "origin", "known"),
    [
        (HTTPS, "https", "koubei.example", "https://koubei.example", True),
        (HTTPS, "http", "koubei.example", "https://koubei.example", True),
        (HTTPS, "http", "koubei.example", "http://koubei.example", False),
        (HTTPS, "wss", "koubei.example", "https://koubei.example", True),
        (HTTPS, "https", "koubei.example", "https://koubei.example:8443", False),
        (HTTPS, "https", "koubei.example", "https://evil.example", False),
        (HTTPS, "https", "koubei.example", "https://koubei.example.evil.example", False),
        (HTTPS, "https", "koubei.example", "null", False),
        (HTTPS, "https", "koubei.example", "", False),
        (HTTPS, "http", "localhost:8501", "http://localhost:8501", True),
        (HTTPS, "ws", "localhost:8501", "http://localhost:8501", True),
        (HTTPS, "ws", "localhost:8501", "http://localhost:3000", False),
        (HTTPS, "http", "localhost:8501", "https://koubei.example", False),
        (LAN, "http", "192.0.2.9:8501", "http://192.0.2.9:8501", True),
        (LAN, "ws", "192.0.2.9:8501", "http://192.0.2.9:8501", True),
        (LAN, "http", "192.0.2.9:8501", "http://192.0.2.9", False),
        (LAN, "http", "192.0.2.9:8501", "http://192.0.2.10:8501", False),
    ],
)
def test_an_origin_is_that_of_the_page_itself_or_foreign(own, scheme, host, origin, known):
    given = headers(host=host, origin=origin)
    assert own.knows_origin({"type": "http", "scheme": scheme}, given) is known


def test_no_origin_is_foreign():
    assert not HTTPS.knows_origin({"scheme": "https"}, headers(host="koubei.example"))


@pytest.mark.parametrize(
    ("wanted", "place"),
    [
        ("/alerts?id=A-20261121-03", "/alerts?id=A-20261121-03"),
        ("/case?id=C-1&tab=审批", "/case?id=C-1&tab=%E5%AE%A1%E6%89%B9"),
        ("/feed?words=%E5%A5%B6", "/feed?words=%E5%A5%B6"),
        ("//evil.example", "/"),
        ("///evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/\r\nSet-Cookie: x=y", "/"),
        ("/\t/evil.example", "/"),
        ("", "/"),
        ("evil.example", "/"),
        ("/" + "x" * 5000, "/"),
        ("/login?next=/login", "/"),
        ("/logout", "/"),
        ("/_stcore/stream", "/"),
        ("/@evil.example", "/@evil.example"),
    ],
)
def test_after_login_one_goes_to_a_page_of_ours_only(wanted, place):
    assert local_place(wanted) == place


def test_the_login_page_remembers_where_one_wanted_to_go():
    scope = {"path": "/alerts", "query_string": b"id=A-1&x=%E5%A5%B6"}
    assert login_address(scope) == "/login?next=%2Falerts%3Fid%3DA-1%26x%3D%25E5%25A5%25B6"
    assert login_address({"path": "/", "query_string": b""}) == "/login"
