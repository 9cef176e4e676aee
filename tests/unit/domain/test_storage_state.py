"""What of a login goes where: cookies by host and path, a platform's own and nobody else's."""

import json
from dataclasses import replace

import pytest

from domain.errors import InputRefused
from domain.storage_state import (
    MOST_COOKIES,
    StorageState,
    changed,
    read_storage_state,
    sort_out,
)
from tests.fixtures.sessions import DAY, NOW, SECRET, a_state, as_file, told_cookie


@pytest.mark.parametrize(
    ("domain", "path", "url", "goes"),
    [
        (".weibo.com", "/", "https://weibo.com/", True),
        (".weibo.com", "/", "https://s.weibo.com/realtime?q=a", True),
        (".weibo.com", "/", "https://S.WEIBO.COM./x", True),
        (".weibo.com", "/", "http://s.weibo.com/realtime", False),
        (".weibo.com", "/", "https://evilweibo.com/", False),
        (".weibo.com", "/", "https://weibo.com.evil.example/", False),
        (".weibo.com", "/", "https://user@evil.example/?.weibo.com", False),
        ("weibo.com", "/", "https://weibo.com/", True),
        ("weibo.com", "/", "https://s.weibo.com/", False),
        (".weibo.com", "/ajax", "https://weibo.com/ajax/statuses/show", True),
        (".weibo.com", "/ajax", "https://weibo.com/ajax", True),
        (".weibo.com", "/ajax/", "https://weibo.com/ajax/x", True),
        (".weibo.com", "/ajax", "https://weibo.com/ajaxed", False),
        (".weibo.com", "/ajax", "https://weibo.com/", False),
        ("127.0.0.1", "/", "http://127.0.0.1:8600/weibo", True),
        ("127.0.0.1", "/", "http://127.0.0.2:8600/weibo", False),
        ("10.0.0.1", "/", "http://10.0.0.1/weibo", False),
        (".weibo.com", "/", "ftp://weibo.com/", False),
        (".weibo.com", "/", "https://", False),
    ],
)
def test_a_cookie_goes_to_the_hosts_and_paths_it_names_and_never_in_the_open(
    domain, path, url, goes
):
    state = a_state(told_cookie(domain=domain, path=path, secure=False))
    assert state.cookies[0].goes_to(url) is goes
    assert (state.cookie_header(url, NOW) is not None) is goes


def test_the_header_holds_living_cookies_longer_paths_first():
    state = a_state(
        told_cookie("a", value="1"),
        told_cookie("b", value="2", path="/ajax"),
        told_cookie("dead", value="3", expires=NOW - 1),
        told_cookie("c", value="4", expires=-1),
    )
    assert state.cookie_header("https://weibo.com/ajax/x", NOW) == "b=2; a=1; c=4"
    assert state.cookie_header("https://zhihu.com/", NOW) is None
    assert state.is_for("https://weibo.com/elsewhere", NOW)
    assert not a_state(told_cookie(expires=NOW)).is_for("https://weibo.com/", NOW)


def test_of_a_file_only_what_is_the_platforms_is_taken_and_the_rest_is_counted_by_host():
    state = a_state(
        told_cookie(),
        told_cookie("m", "m.weibo.cn"),
        told_cookie("x", ".taobao.com"),
        told_cookie("y", ".taobao.com"),
        told_cookie("z", "evilweibo.com"),
        origins=(
            {"origin": "https://weibo.com", "localStorage": [{"name": "k", "value": "v"}]},
            {"origin": "https://bank.example", "localStorage": [{"name": "k", "value": "v"}]},
        ),
    )
    parted = sort_out(state, ("weibo.com", "weibo.cn"))
    assert {cookie.name for cookie in parted.state.cookies} == {"SUB", "m"}
    assert list(parted.state.origins) == ["https://weibo.com"]
    assert parted.refused == {"taobao.com": 2, "evilweibo.com": 1, "bank.example": 1}


def test_what_is_sealed_comes_back_as_it_was():
    state = a_state(
        told_cookie(set_at=1),
        told_cookie("s", expires=-1, secure=False),
        origins=({"origin": "https://weibo.com", "localStorage": [{"name": "名", "value": "值"}]},),
    )
    state = state.with_cookies([replace(state.cookies[0], set_at=NOW)])
    assert read_storage_state(state.to_json(), "x") == state


def test_a_browser_sends_the_cookies_of_other_machines_over_tls_only():
    state = a_state(told_cookie(secure=False), told_cookie("d", "127.0.0.1", secure=False))
    assert [c["secure"] for c in state.for_browser()["cookies"]] == [True, False]


@pytest.mark.parametrize(
    "text",
    [
        f"{SECRET} is no json",
        "[]",
        "{}",
        '{"cookies": 7}',
        '{"cookies": ["SUB"]}',
        json.dumps({"cookies": [told_cookie(value=None)]}),
        json.dumps({"cookies": [told_cookie(expires="soon")]}),
        json.dumps({"cookies": [{"name": SECRET}]}),
        json.dumps({"cookies": [told_cookie()] * (MOST_COOKIES + 1)}),
        json.dumps({"cookies": [], "origins": [{"origin": "https://a", "localStorage": [1]}]}),
    ],
)
def test_what_is_no_storage_state_is_refused_without_repeating_it(text):
    with pytest.raises(InputRefused) as caught:
        read_storage_state(text, "state.json")
    assert SECRET not in f"{caught.value!r} {caught.value} {caught.value.__cause__}"
    assert caught.value.place == "state.json"


@pytest.mark.parametrize(
    "broken",
    [
        {"name": ""},
        {"domain": ""},
        {"value": "a\r\nX: y"},
        {"value": "a; b=c"},
        {"name": "a=b"},
        {"value": "v" * 9_000},
    ],
)
def test_a_cookie_that_no_header_can_carry_is_left_out(broken):
    text = as_file({**told_cookie(), **broken}, told_cookie("good"))
    assert [cookie.name for cookie in read_storage_state(text, "f").cookies] == ["good"]


def test_of_two_renewals_the_newer_wins_in_either_order():
    first = a_state()
    old = replace(first.cookies[0], value="old", set_at=NOW + 10)
    new = replace(first.cookies[0], value="new", set_at=NOW + 20)
    for order in ([old, new], [new, old]):
        state = first
        for cookie in order:
            state = state.with_cookies([cookie])
        assert [cookie.value for cookie in state.cookies] == ["new"]


def test_what_a_browser_was_given_is_told_from_what_it_had():
    before = a_state(told_cookie("a"), told_cookie("b"), told_cookie("c", expires=-1))
    after = a_state(
        told_cookie("a", expires=NOW + 30 * DAY + 0.4),
        told_cookie("b", expires=NOW + 40 * DAY),
        told_cookie("c", expires=-1),
        told_cookie("new"),
        told_cookie("other", ".evil.example"),
    )
    given = changed(before, after, now=NOW, own=lambda c: c.host == "weibo.com")
    assert [(cookie.name, cookie.set_at) for cookie in given] == [("b", NOW), ("new", NOW)]


def test_nothing_of_it_shows_in_a_repr():
    state = a_state(
        origins=({"origin": "https://weibo.com", "localStorage": [{"name": "k", "value": SECRET}]},)
    )
    assert SECRET not in repr(state) + repr(state.cookies[0]) + str(sort_out(state, ("weibo.com",)))
    assert StorageState() == StorageState((), {})
