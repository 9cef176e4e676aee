"""Tests of crawlers/robots.py."""

from datetime import timedelta
from pathlib import Path

import pytest

from crawlers.robots import RobotsAnswer, RobotsCache, robots_url
from tests.fakes import NOON

URL = "https://s.weibo.com/weibo?q=1"
RULES = "User-agent: *\nDisallow: /weibo\n\nUser-agent: Koubei\nDisallow: /private\n"


@pytest.mark.parametrize(
    ("status", "allowed"),
    [(200, True), (404, True), (410, True), (400, True)]
    + [(status, False) for status in (0, 301, 302, 401, 403, 429, 500, 502, 503)],
)
def test_the_status_decides_before_any_rule(status, allowed):
    assert RobotsAnswer(status).allows(URL) is allowed


def test_rules_for_us_win_over_rules_for_all():
    answer = RobotsAnswer(200, RULES)
    assert answer.allows("https://s.weibo.com/weibo?q=1")
    assert not answer.allows("https://s.weibo.com/private/x")


def test_robots_txt_belongs_to_the_exact_scheme_host_and_port():
    assert robots_url("http://127.0.0.1:8600/a/b?c") == "http://127.0.0.1:8600/robots.txt"
    assert robots_url(URL) == "https://s.weibo.com/robots.txt"


def test_an_answer_that_lasts_is_kept_for_a_day(tmp_path):
    RobotsCache(tmp_path).put(URL, RobotsAnswer(200, RULES), NOON)
    cache = RobotsCache(tmp_path)
    assert cache.get("https://s.weibo.com/other", NOON) == RobotsAnswer(200, RULES)
    assert cache.get(URL, NOON + timedelta(hours=23)) is not None
    assert cache.get(URL, NOON + timedelta(hours=24)) is None
    assert cache.get(URL, NOON - timedelta(hours=1)) is None
    assert cache.get("http://s.weibo.com/", NOON) is None


@pytest.mark.parametrize("status", [0, 401, 403, 429, 500, 503])
def test_refusals_and_silence_are_not_kept(tmp_path, status):
    cache = RobotsCache(tmp_path)
    cache.put(URL, RobotsAnswer(status), NOON)
    assert cache.get(URL, NOON) is None


def test_processes_that_keep_the_same_answer_do_not_take_each_others_draft(tmp_path, monkeypatch):
    url, answer = "https://s.weibo.com/x", RobotsAnswer(200, "User-agent: *")
    replace = Path.replace

    def while_another_keeps_it_too(draft, target):
        monkeypatch.setattr(Path, "replace", replace)
        monkeypatch.setattr("os.getpid", lambda: 1)
        RobotsCache(tmp_path).put(url, answer, NOON)
        return replace(draft, target)

    monkeypatch.setattr(Path, "replace", while_another_keeps_it_too)
    RobotsCache(tmp_path).put(url, answer, NOON)
    assert RobotsCache(tmp_path).get(url, NOON) == answer


def test_a_damaged_file_is_no_answer(tmp_path):
    cache = RobotsCache(tmp_path)
    cache.put(URL, RobotsAnswer(200, RULES), NOON)
    (file,) = tmp_path.iterdir()
    for content in (b"", b"{", b"[]", b'{"at": 1}', b"\xff\xfe"):
        file.write_bytes(content)
        assert cache.get(URL, NOON) is None
