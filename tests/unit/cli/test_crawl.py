"""Tests of cli/crawl.py."""

import pytest

from cli.crawl import SPIDERS, choose, exit_code, show
from crawlers.launch import RunOutcome
from domain.brand import Configuration, Source, Transport, Watch
from domain.coverage import CoverageState
from domain.errors import ConfigurationError, Text, UnknownSpider
from domain.mention import Platform


def a_source(name: str, spider: str) -> Source:
    return Source(name, spider, Platform.WEIBO, Transport.HTTP, f"https://{name}.example")


CONFIGURATION = Configuration(
    watches=(
        Watch("tea", "奶茶", ("t",), ("奶茶",), ("weibo", "zhihu")),
        Watch("milk", "牛奶", ("m",), ("牛奶",), ("weibo",)),
        Watch("off", "停用", ("m",), ("x",), ("weibo",), enabled=False),
    ),
    sources=(a_source("weibo", "weibo_search"), a_source("zhihu", "zhihu_search")),
)


def ids(spider: str, watch: str | None = None, source: str | None = None) -> list[tuple[str, str]]:
    return [(w.id, s.id) for w, s in choose(CONFIGURATION, spider, watch, source)]


def test_all_means_every_enabled_watch_with_its_sources():
    assert ids("all") == [("tea", "weibo"), ("tea", "zhihu"), ("milk", "weibo")]


def test_spider_watch_and_source_narrow():
    assert ids("zhihu_search") == [("tea", "zhihu")]
    assert ids("all", watch="milk") == [("milk", "weibo")]
    assert ids("all", source="weibo") == [("tea", "weibo"), ("milk", "weibo")]


def test_an_unknown_spider_says_which_exist():
    with pytest.raises(UnknownSpider) as error:
        ids("nosuch")
    for name in SPIDERS:
        assert name in error.value.sentence("zh")


@pytest.mark.parametrize(("watch", "source", "known"), [("x", None, "tea"), (None, "x", "zhihu")])
def test_an_unknown_watch_or_source_says_which_exist(watch, source, known):
    with pytest.raises(ConfigurationError) as error:
        ids("all", watch, source)
    assert known in error.value.sentence("en")


def test_nothing_to_crawl_is_an_error_not_a_success():
    with pytest.raises(ConfigurationError):
        ids("tieba_search")


def ended(state: CoverageState | None, reason: str = "") -> RunOutcome:
    return RunOutcome("tea", "weibo", state, reason)


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ([CoverageState.OK, CoverageState.EMPTY], 0),
        ([CoverageState.OK, CoverageState.BLOCKED], 3),
        ([CoverageState.PARTIAL], 3),
        ([CoverageState.BLOCKED, CoverageState.FAILED], 1),
        ([None], 1),
    ],
)
def test_the_exit_code_says_whether_anything_is_missing(states, code):
    assert exit_code([ended(state) for state in states]) == code


def test_the_table_says_state_reason_and_mend_in_words(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    show([ended(CoverageState.BLOCKED, "login_wall"), ended(CoverageState.OK)], {})
    shown = capsys.readouterr().out
    for word in ("被拦截", "平台要求登录", "→", "正常", "2 项中 1 项完整"):
        assert word in shown
    monkeypatch.setenv("KOUBEI_LANGUAGE", "en")
    show([ended(None, "already_running")], {})
    assert "not started" in capsys.readouterr().out


def test_a_worker_that_could_not_begin_is_quoted(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    told = Text("缺少密钥 → koubei init", "no key → koubei init")
    show([RunOutcome("tea", "weibo", CoverageState.FAILED, "not_started", told=told)], {})
    assert "缺少密钥 → koubei init" in capsys.readouterr().out
