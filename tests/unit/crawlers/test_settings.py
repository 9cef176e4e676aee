"""Tests of crawlers/settings.py: Scrapy's defaults that trust too much are overridden."""

from pathlib import Path

import pytest
from scrapy.settings import Settings, default_settings

from crawlers import middlewares
from crawlers.law import LAW, PRIORITY


@pytest.fixture
def settings() -> Settings:
    settings = Settings()
    settings.setmodule("crawlers.settings", priority="project")
    return settings


@pytest.mark.parametrize(
    ("name", "dangerous", "ours"),
    [
        ("DOWNLOAD_VERIFY_CERTIFICATES", False, True),
        ("AUTOTHROTTLE_ENABLED", False, True),
        ("DOWNLOAD_MAXSIZE", 1024**3, 8 * 1024**2),
        ("TELNETCONSOLE_ENABLED", 1, False),
        ("REMOTE_CONTROL_ENABLED", True, False),
        ("CONCURRENT_REQUESTS_PER_DOMAIN", 8, 1),
        ("CONCURRENT_REQUESTS", 16, 1),
        ("DOWNLOAD_DELAY", 0, 5),
        ("DOWNLOAD_DELAY_JITTER", 0.5, 0),
        ("DOWNLOAD_TIMEOUT", 180, 30),
        ("REDIRECT_MAX_TIMES", 20, 5),
        ("HTTPPROXY_ENABLED", True, False),
        ("COOKIES_ENABLED", True, False),
        ("METAREFRESH_ENABLED", True, False),
        (
            "REFERRER_POLICY",
            "scrapy.spidermiddlewares.referer.DefaultReferrerPolicy",
            "no-referrer",
        ),
    ],
)
def test_a_default_of_scrapy_is_overridden(settings, name, dangerous, ours):
    assert getattr(default_settings, name) == dangerous, "Scrapy changed: is ours still needed?"
    assert settings[name] == ours


def test_only_http_and_https_can_be_fetched(settings):
    handlers = settings.getwithbase("DOWNLOAD_HANDLERS")
    assert {scheme for scheme, handler in handlers.items() if handler} == {"http", "https"}


def test_our_robots_middleware_stands_in_for_scrapys_which_allows_on_errors(settings):
    assert settings["ROBOTSTXT_OBEY"] is False
    active = settings.getwithbase("DOWNLOADER_MIDDLEWARES")
    assert active["scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware"] is None
    for name in ("GuardMiddleware", "RobotsMiddleware", "PaceMiddleware"):
        assert hasattr(middlewares, name)
    order = {name.rpartition(".")[2]: place for name, place in active.items() if place}
    assert order["GuardMiddleware"] < order["RobotsMiddleware"] < order["RedirectMiddleware"]
    assert order["PaceMiddleware"] == max(order.values())


def test_no_page_is_told_where_we_came_from(settings):
    assert settings["REFERRER_POLICY"] == "no-referrer"


def test_rate_limits_are_walls_and_not_retried(settings):
    assert not {401, 403, 414, 418, 429, 432} & set(settings["RETRY_HTTP_CODES"])


def test_names_are_resolved_by_the_guard_and_nothing_is_resumed_from_files(settings):
    assert settings["TWISTED_DNS_RESOLVER"] == "crawlers.guard.GuardedResolver"
    assert settings["JOBDIR"] is None


def test_scrapy_finds_the_project_from_its_root():
    root = Path(__file__).resolve().parents[3]
    assert "default = crawlers.settings" in (root / "scrapy.cfg").read_text(encoding="utf-8")


def test_the_command_line_cannot_take_the_law_from_a_run(settings):
    attempt = {
        "DOWNLOADER_MIDDLEWARES": "{}",
        "EXTENSIONS": "{}",
        "DEFAULT_REQUEST_HEADERS": '{"User-Agent": "Mozilla/5.0"}',
        "HTTPPROXY_ENABLED": "1",
        "DOWNLOAD_VERIFY_CERTIFICATES": "0",
        "COOKIES_ENABLED": "1",
    }
    lawful = {name: settings.getwithbase(name) for name in ("DOWNLOADER_MIDDLEWARES", "EXTENSIONS")}
    settings.setdict(attempt, priority="cmdline")
    assert not settings.getdict("DOWNLOADER_MIDDLEWARES")
    settings.setdict(LAW, priority=PRIORITY)
    for name, expected in lawful.items():
        assert dict(settings.getwithbase(name)) == dict(expected)
    assert "User-Agent" not in settings.getdict("DEFAULT_REQUEST_HEADERS")
    assert not settings.getbool("HTTPPROXY_ENABLED")
    assert settings.getbool("DOWNLOAD_VERIFY_CERTIFICATES")
    assert not settings.getbool("COOKIES_ENABLED")
