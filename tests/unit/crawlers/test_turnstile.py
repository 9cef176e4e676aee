"""Tests of crawlers/turnstile.py."""

from datetime import timedelta

import pytest

from crawlers.turnstile import Turnstile, gate_of
from domain.pace import pace_of

FIVE = timedelta(seconds=5)
ALLOWED = (
    "127.0.0.1:8600",
    "localhost:8600",
    "[::1]:8600",
    "9.9.9.9:443",  # public: allowing it gives no leave to be rude
    "mirror.example:443",
)


class Seconds:
    """A clock of seconds that moves only when told."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("url", "delay", "seconds"),
    [
        ("https://s.weibo.com/x", 0, 8),
        ("https://s.weibo.com/x", 5, 8),
        ("https://s.weibo.com/x", 20, 20),
        ("https://m.weibo.cn/x", 1, 8),
        ("https://www.zhihu.com/x", 0, 5),
        ("https://tieba.baidu.com/x", 1, 5),
        ("http://S.WEIBO.COM:80/x", 0, 8),
        ("https://notweibo.com/x", 5, 5),
        ("http://127.0.0.1:8600/x", 5, 0),
        ("http://127.0.0.1:8601/x", 5, 5),
        ("http://127.0.0.1/x", 5, 5),
        ("https://s.weibo.com./x", 5, 8),
        ("https://s.weibo\uff0ecom/x", 5, 8),
        ("https://9.9.9.9/x", 5, 5),
        ("https://mirror.example/x", 5, 5),
        ("http://localhost:8600/x", 5, 0),
        ("http://[::1]:8600/x", 5, 0),
    ],
)
def test_settings_can_lengthen_the_pace_of_a_platform_and_never_shorten_it(url, delay, seconds):
    pace = pace_of(url, delay=timedelta(seconds=delay), allowed_hosts=ALLOWED)
    assert pace == timedelta(seconds=seconds)


def test_naming_a_platform_in_allowed_hosts_does_not_lift_its_floor():
    allowed = ("s.weibo.com:443", "s.weibo.com:80")
    assert pace_of("https://s.weibo.com/", delay=FIVE, allowed_hosts=allowed).seconds == 8


@pytest.mark.parametrize(
    "url",
    [
        "http://s.weibo.com/a",
        "https://S.Weibo.com/b",
        "https://s.weibo.com:443",
        "https://s.weibo.com.",
        "https://s.weibo\uff0ecom",
    ],
)
def test_one_host_is_one_turnstile_however_it_is_spelled(url):
    assert gate_of(url, allowed_hosts=ALLOWED) == "s.weibo.com"


def test_two_servers_of_ones_own_machine_are_two(tmp_path):
    allowed = ("127.0.0.1:1", "127.0.0.1:2")
    gates = {gate_of(f"http://127.0.0.1:{n}/", allowed_hosts=allowed) for n in (1, 2)}
    assert gates == set(allowed)


def test_two_processes_take_turns(tmp_path):
    clock = Seconds()
    one, other = (Turnstile(tmp_path, "s.weibo.com", FIVE, clock) for _ in range(2))
    assert [one.take(60), other.take(60), one.take(60)] == [0, 5, 10]
    clock.now += 15
    assert other.take(60) == 0


def test_hosts_do_not_wait_for_each_other(tmp_path):
    clock = Seconds()
    assert Turnstile(tmp_path, "a", FIVE, clock).take(60) == 0
    assert Turnstile(tmp_path, "b", FIVE, clock).take(60) == 0


def test_a_wait_that_is_too_long_takes_no_turn(tmp_path):
    clock = Seconds()
    turnstile = Turnstile(tmp_path, "a", FIVE, clock)
    turnstile.close_for(600)
    assert turnstile.take(120) is None
    clock.now += 500
    assert turnstile.take(120) == 100
    clock.now += 100
    assert turnstile.take(120) == 5


def test_a_shorter_retry_after_does_not_shorten_an_earlier_one(tmp_path):
    turnstile = Turnstile(tmp_path, "a", FIVE, Seconds())
    turnstile.close_for(600)
    turnstile.close_for(1)
    assert turnstile.take(10_000) == 600


def test_neither_a_header_nor_a_clock_nor_a_torn_file_stops_a_source_for_ever(tmp_path):
    clock = Seconds()
    turnstile = Turnstile(tmp_path, "a", FIVE, clock)
    turnstile.close_for(1e12)
    assert turnstile.take(1e12) == 86400
    clock.now -= 1e5  # set back
    assert turnstile.take(1e12) == 86400
    (file,) = tmp_path.iterdir()
    file.write_text("nonsense", encoding="ascii")
    assert turnstile.take(60) == 0
