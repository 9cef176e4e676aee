"""Tests of cli/crawl.py."""

from contextlib import nullcontext
from datetime import timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from cli.crawl import (
    SPIDERS,
    able_to_look_back,
    choose,
    exit_code,
    show,
    show_unread,
    try_all,
)
from crawlers.launch import RunOutcome
from domain.brand import Configuration, Source, Transport, Watch
from domain.coverage import CoverageRow, CoverageState, Interval
from domain.errors import ConfigurationError, Text, UnknownSpider
from domain.mention import Platform
from domain.trial import Trial, TriedMention
from presentation.wording import reason
from tests.fakes import NOON, FixedClock


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


class TestLookingBack:
    """`--from` and `--to`: who can, told before anybody is asked."""

    def pairs(self, *spiders: str):
        watch = CONFIGURATION.watches[0]
        return [(watch, a_source(f"s{number}", name)) for number, name in enumerate(spiders)]

    def test_those_that_can_are_told_how_and_the_others_why_not(self, capsys):
        pairs = self.pairs("weibo_search", "weibo_hot", "tieba_search", "weibo_item")
        assert able_to_look_back(pairs) == [pairs[0], pairs[2]]
        told = capsys.readouterr().err
        for line in (
            "· weibo_search：按日期向平台查询",
            "· tieba_search：平台不能按日期查询",
            "✗ weibo_hot：不支持日期范围：热榜没有过去",
            "✗ weibo_item：不支持日期范围：它重读已入库的内容",
        ):
            assert line in told, line

    def test_when_none_can_nothing_is_crawled(self):
        with pytest.raises(ConfigurationError) as error:
            able_to_look_back(self.pairs("zhihu_hot", "tieba_item"))
        assert "zhihu_hot --from" in error.value.sentence("zh")

    def test_what_was_not_read_is_listed_with_its_reason(self, capsys, monkeypatch):
        monkeypatch.setenv("COLUMNS", "200")
        past = Interval(NOON - timedelta(days=2), NOON - timedelta(days=1))

        def row(source: str, start: int, end: int, state: CoverageState, reason: str = ""):
            day = timedelta(hours=1)
            return CoverageRow(
                "tea", source, Platform.WEIBO, past.start + start * day, past.start + end * day,
                NOON, state, "run", reason=reason, backfill=True,
            )  # fmt: skip

        rows = [
            row("s0", 0, 24, CoverageState.OK),
            row("s1", 6, 24, CoverageState.OK),
            row("s1", 0, 6, CoverageState.PARTIAL, "result_ceiling"),
        ]
        work = SimpleNamespace(coverage=SimpleNamespace(rows=lambda ids, start, end: rows))
        services = SimpleNamespace(begin_work=lambda: nullcontext(work))
        pairs = self.pairs("weibo_search", "tieba_search")
        zone = ZoneInfo("Asia/Shanghai")
        show_unread(pairs, services, past, zone)
        told = capsys.readouterr().out
        (line,) = [line for line in told.splitlines() if line.startswith("tea")]
        assert "s1" in line
        assert "2026-11-18 12:00 – 2026-11-18 18:00" in line
        assert reason("result_ceiling", Platform.WEIBO).text.zh in line
        show_unread(pairs[:1], services, past, zone)
        assert "整个范围都已读到" in capsys.readouterr().out


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


def test_what_was_erased_meanwhile_is_told_with_its_number(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    show([RunOutcome("tea", "items", CoverageState.OK, skipped=2), ended(CoverageState.OK)], {})
    told = capsys.readouterr().out
    assert "tea × items：上次中断以来有 2 条内容已被删除，已跳过" in told
    assert told.count("已跳过") == 1


def test_a_worker_that_could_not_begin_is_quoted(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    told = Text("缺少密钥 → koubei init", "no key → koubei init")
    show([RunOutcome("tea", "weibo", CoverageState.FAILED, "not_started", told=told)], {})
    assert "缺少密钥 → koubei init" in capsys.readouterr().out


class TestTrying:
    """`--dry-run`: one page a pair, shown."""

    @pytest.fixture
    def tried(self, monkeypatch):
        answers = {}
        noted = []

        def page(pair):
            watch, source = pair
            return answers.get(source.id) or Trial(watch.id, source.id, CoverageState.OK)

        monkeypatch.setattr("cli.crawl.try_page", page)
        monkeypatch.setattr(
            "cli.crawl.note_trial", lambda begin, watch, source, **_: noted.append((watch, source))
        )
        return SimpleNamespace(answers=answers, noted=noted)

    def run(self, *source_ids: str) -> int:
        services = SimpleNamespace(
            begin_work=None, clock=FixedClock(), settings=SimpleNamespace(timezone="Asia/Shanghai")
        )
        watch = CONFIGURATION.watches[0]
        sources = [s for s in CONFIGURATION.sources if s.id in source_ids]
        return try_all([(watch, source) for source in sources], services)

    def failed(self, reason: str) -> Trial:
        return Trial("tea", "weibo", CoverageState.FAILED, reason)

    def test_each_is_noted_before_it_is_asked_for(self, tried):
        assert self.run("weibo", "zhihu") == 0
        assert tried.noted == [("tea", "weibo"), ("tea", "zhihu")]

    def test_the_exit_code_is_that_of_a_crawl(self, tried):
        tried.answers["weibo"] = self.failed("robots")
        assert self.run("weibo") == 1
        assert self.run("weibo", "zhihu") == 3
        tried.answers["weibo"] = Trial("tea", "weibo", CoverageState.PARTIAL, "browser_needed")
        assert self.run("weibo") == 3
        tried.answers["weibo"] = Trial("tea", "weibo", CoverageState.EMPTY)
        assert self.run("weibo") == 0

    def test_a_refusal_names_its_mend(self, tried, capsys):
        tried.answers["weibo"] = self.failed("robots")
        self.run("weibo")
        said = " ".join(capsys.readouterr().out.split())
        assert "没有读到：微博的 robots.txt 不允许" in said
        assert "设置 → 来源 → 采集影响评估" in said

    def test_what_was_read_is_shown_with_every_field_and_cannot_drive_the_terminal(
        self, tried, capsys
    ):
        mentions = (
            TriedMention({"text": "云栈\x1b[31m红\x1b]0;x\x07", "likes": 3, "author": "王**"}),
            TriedMention({"text": "云栈道"}, "none_words:云栈道"),
        )
        tried.answers["weibo"] = Trial(
            "tea", "weibo", CoverageState.OK, url="https://x.example/1", status=200, found=2,
            matched=1, mentions=mentions, next="https://x.example/2", under="P-20261121-01",
        )  # fmt: skip
        self.run("weibo")
        said = capsys.readouterr().out
        for told in (
            "会入库",
            "含排除词「云栈道」",
            "王**",
            "点赞数",
            "P-20261121-01",
            "x.example/2",
        ):
            assert told in said, told
        assert "\x1b" not in said
