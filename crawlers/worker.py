"""`python -m crawlers.worker --watch W --source S`: one crawl in a process of its own.

`--from` and `--to` make it one over a range of the past. Standard output carries one JSON object a
line: `started`, `page` (figures so far), `ended` (state and reason), or `error`; with `--trial` one
`trial`, with `--robots` (no watch) one `robots`. Logs go to standard error. `crawlers.launch` and
`crawlers.trying` start and watch it.
"""

import argparse
import json
import logging
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, cast

import structlog
from scrapy import Spider
from scrapy.crawler import CrawlerProcess
from scrapy.settings import Settings as ScrapySettings
from twisted.python.failure import Failure

from crawlers.frontier import AlreadyRunning
from crawlers.pairs import find_source
from crawlers.processes import adopt_orphans
from crawlers.robots_reader import RobotsReader
from crawlers.run import Report
from crawlers.services import Services
from domain.errors import KoubeiError
from runtime.heap import settled_heap
from runtime.logs import configure_logs
from runtime.settings import load_settings
from runtime.wiring import open_services

_NOT_LOGGED = frozenset({"event", "zh", "en", "trial", "text"})
_log = structlog.get_logger("crawlers.worker")


def configured_services() -> AbstractContextManager[Services]:
    """Open the services that koubei.toml and the environment describe."""
    return cast("AbstractContextManager[Services]", open_services(load_settings()))


def crawl(
    services: Services,
    watch: str,
    source: str,
    *,
    report: Report,
    overrides: Mapping[str, Any] | None = None,
    trial: bool = False,
    dates: Mapping[str, str] | None = None,
) -> None:
    """Run one crawl in this process and return when it ended; a process can do that once.

    `overrides` are Scrapy settings on top of the project's. `trial`: one page, nothing kept.
    `dates`: `from` and `to` of a range of the past. Raises what kept the run from starting.
    """
    _run(
        find_source(services, source).spider,
        overrides,
        watch=watch,
        source=source,
        services=services,
        report=report,
        trial=trial,
        **(dates or {}),
    )


def read_robots(
    services: Services,
    source: str,
    *,
    report: Report,
    overrides: Mapping[str, Any] | None = None,
) -> None:
    """Read the robots.txt of a source in this process; see `crawl`."""
    wanted = find_source(services, source)
    _run(RobotsReader, overrides, services=services, source=wanted, report=report)


def _run(spider: str | type[Spider], overrides: Mapping[str, Any] | None, **how: Any) -> None:
    adopt_orphans()
    settings = ScrapySettings()
    settings.setmodule("crawlers.settings", priority="project")
    ours = {"LOG_INSTALL_ROOT_HANDLER": False, "LOG_VERSIONS": [], **(overrides or {})}
    settings.setdict(ours, priority="cmdline")
    process = CrawlerProcess(settings)
    failures: list[Failure] = []
    crawling = process.crawl(spider, **how)
    crawling.addErrback(failures.append)
    with settled_heap():
        process.start()
    if failures:
        failures[0].raiseException()


def report_line(event: Mapping[str, object]) -> None:
    """Print one event for the launcher, and log its ids and counts; what stood on a page is left
    out of the log.
    """
    figures = {key: value for key, value in event.items() if key not in _NOT_LOGGED}
    _log.info("crawl_" + str(event.get("event")), **figures)
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def dates_of(start: str | None, end: str | None) -> dict[str, str]:
    """Return the arguments of a spider for a range of the past; none for the present."""
    return {name: text for name, text in (("from", start), ("to", end)) if text}


def main() -> int:
    """Run as a program: 0 when the ledger tells how it ended, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="crawlers.worker")
    parser.add_argument("--watch", default="")
    parser.add_argument("--source", required=True)
    parser.add_argument("--trial", action="store_true")
    parser.add_argument("--robots", action="store_true")
    parser.add_argument("--from", dest="start")
    parser.add_argument("--to", dest="end")
    wanted = parser.parse_args()
    try:
        settings = load_settings()
        configure_logs(settings.log.level, settings.log.format)
        for handler in logging.getLogger().handlers:
            handler.setLevel(settings.log.level.upper())  # Scrapy gives its loggers their own
        with open_services(settings) as services:
            if wanted.robots:
                read_robots(services, wanted.source, report=report_line)
            else:
                crawl(
                    services,
                    wanted.watch,
                    wanted.source,
                    report=report_line,
                    trial=wanted.trial,
                    dates=dates_of(wanted.start, wanted.end),
                )
    except KoubeiError as error:
        reason = "already_running" if isinstance(error, AlreadyRunning) else "not_started"
        told = {language: error.sentence(language) for language in ("zh", "en")}
        report_line({"event": "error", "reason": reason, **told})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
