"""Asks for one page, or for robots.txt alone, because a person wants to see it; in a process of its
own, like a crawl.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from crawlers.launch import WORKER, Worked, run_worker
from crawlers.services import Services
from domain.assessment import RobotsSnapshot
from domain.brand import Source, Watch
from domain.coverage import CoverageState
from domain.errors import CrawlError, Text
from domain.trial import Trial

LIMIT = timedelta(minutes=4)
"""For a turn at the host (at most two minutes) and one page in a browser."""


def try_page(
    pair: tuple[Watch, Source], *, limit: timedelta = LIMIT, command: Sequence[str] = WORKER
) -> Trial:
    """Return what one page of a watch on a source shows; nothing is kept of it."""
    watch, source = pair
    worked = run_worker(
        ["--watch", watch.id, "--source", source.id, "--trial"], limit, command=command
    )
    found = worked.events.said("trial")
    if worked.in_time and found:
        return Trial.from_json(cast("Mapping[str, Any]", found["trial"]))
    reason = "not_started" if worked.in_time else "wall_clock"
    return Trial(watch.id, source.id, CoverageState.FAILED, reason, told=_told(worked))


def read_robots(
    source: Source, *, limit: timedelta = LIMIT, command: Sequence[str] = WORKER
) -> RobotsSnapshot:
    """Return the robots.txt of a source as it is now; a host that does not answer has status 0.

    CrawlError when the worker could not begin.
    """
    worked = run_worker(["--source", source.id, "--robots"], limit, command=command)
    found = worked.events.said("robots")
    if not worked.in_time or not found:
        raise CrawlError(
            _told(worked) or Text("没有读到 robots.txt", "robots.txt was not read"),
            place=source.id,
            mend=Text("查看日志，或运行 koubei doctor", "see the log, or run koubei doctor"),
        )
    return RobotsSnapshot(
        url=str(found["url"]),
        status=int(cast("int", found["status"])),
        text=str(found["text"]),
        read_at=datetime.fromisoformat(str(found["read_at"])),
        disallowed=tuple(cast("list[str]", found["disallowed"])),
    )


@dataclass(frozen=True, slots=True)
class ProcessScout:
    """What the pages are given to look at a source with."""

    services: Services

    def try_page(self, watch_id: str, source_id: str) -> Trial:
        """Return what one page of a watch on a source shows; CrawlError when either is gone."""
        with self.services.begin_work() as work:
            _, configuration = work.configuration.current()
        watch, source = configuration.watch(watch_id), configuration.source(source_id)
        if watch is None or source is None:
            raise _removed(f"{watch_id} × {source_id}")
        return try_page((watch, source))

    def read_robots(self, source_id: str) -> RobotsSnapshot:
        """Return the robots.txt of a source as it is now."""
        with self.services.begin_work() as work:
            _, configuration = work.configuration.current()
        source = configuration.source(source_id)
        if source is None:
            raise _removed(source_id)
        return read_robots(source)


def _told(worked: Worked) -> Text | None:
    said = worked.events.said("error")
    return Text(str(said.get("zh", "")), str(said.get("en", ""))) if said else None


def _removed(place: str) -> CrawlError:
    return CrawlError(Text("方案或来源已被移除", "watch or source was removed"), place=place)
