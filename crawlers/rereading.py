"""Read pages of the archive again, after a page reader was mended.

Nothing is asked of any platform. Every page goes the way of a fresh one, through ingest, with the
time at which it was fetched: so it changes nothing that is newer, and a second time changes nothing
at all. The ledger is left alone: what was not looked at in time is looked at by the next crawl.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from crawlers.pages.detect import read_page
from domain.brand import Configuration, Watch
from domain.drift import ReadPage
from domain.errors import LayoutChanged
from domain.page import Page, PageState
from domain.ports import BeginWork, PageArchive
from monitoring.ingest_result import IngestResult

Take = Callable[..., IngestResult]
"""`monitoring.ingest.Ingest.take`."""


class Reading(StrEnum):
    """What came of one page."""

    READ = "read"
    MENDED = "mended"
    """Its reader gave it up before, and does not now."""
    UNREAD = "unread"
    GONE = "gone"
    """Not in the archive of this machine any more."""
    REMOVED = "removed"
    """Its watch is not configured any more."""


@dataclass(slots=True)
class Reread:
    """What reading again did. `found` before and after are the mentions on the pages read."""

    pages: Counter[Reading] = field(default_factory=Counter)
    found_before: int = 0
    found: int = 0
    new: int = 0
    changed: int = 0
    spooled: int = 0
    missing: Counter[tuple[str, str]] = field(default_factory=Counter)


def pages_to_reread(
    begin_work: BeginWork, since: datetime, source_id: str | None, *, unread: bool
) -> list[ReadPage]:
    """Return the pages that were fetched since, each body once: the newest look at it."""
    with begin_work() as work:
        pages = work.drift.pages(since, source_id, unread=unread)
    newest = {(page.sha256, page.watch_id): page for page in pages}
    return sorted(newest.values(), key=lambda page: (page.fetched_at, page.sha256))


def reread(
    pages: Sequence[ReadPage],
    *,
    archive: PageArchive,
    configuration: Configuration,
    take: Take | None,
    advance: Callable[[], object] = lambda: None,
) -> Reread:
    """Read pages again and take what stands on them; without `take` only look what would be read.

    StoreError as `take` raises it: what was taken stays, and doing it all again is safe.
    """
    done = Reread()
    for page in pages:
        watch = configuration.watch(page.watch_id)
        done.pages[_again(page, watch, archive, take, done)] += 1
        advance()
    return done


def _again(
    page: ReadPage,
    watch: Watch | None,
    archive: PageArchive,
    take: Take | None,
    done: Reread,
) -> Reading:
    if watch is None:
        return Reading.REMOVED
    body = archive.get(page.sha256)
    if body is None:
        return Reading.GONE
    try:
        read = read_page(
            body,
            platform=page.platform,
            url=page.url,
            status=page.status,
            fetched_at=page.fetched_at,
        )
    except LayoutChanged as error:
        done.missing[error.surface, error.field] += 1
        return Reading.UNREAD
    done.found_before += page.mentions
    done.found += len(read.mentions)
    if take is not None and _has_mentions(read):
        result = take(read.mentions, watch=watch, run_id=page.run_id, collected_at=page.fetched_at)
        done.new += result.new
        done.changed += result.changed
        done.spooled += result.spooled
    return Reading.MENDED if page.missing else Reading.READ


def _has_mentions(page: Page) -> bool:
    return page.state is PageState.OK and bool(page.mentions)
