"""A crawl run for tests."""

from domain.crawl import CrawlRun
from domain.mention import Platform
from tests.fakes import NOON


def a_run() -> CrawlRun:
    """Return a run that has begun."""
    return CrawlRun(
        id="run-1",
        lineage="run-1",
        spider="weibo_search",
        watch_id="tea",
        source_id="weibo",
        platform=Platform.WEIBO,
        window_start=NOON,
        window_end=NOON,
        started_at=NOON,
        heartbeat_at=NOON,
    )
