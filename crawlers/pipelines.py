"""What happens to a page between the network and the store, in the order that survives kill -9.

    keep    body into the archive, frontier says fetched
    read    pure page reader
    take    one ingest step; the store (or, while that is away, the spool) has acknowledged when it
            returns; which mentions stood on the page is noted, as evidence outlives the frontier,
            and how much of each was read, for the drift guard

The spider then advances the frontier. Every step may be repeated without harm.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from analysis.matching import matches
from crawlers.frontier import Frontier
from crawlers.plan import Tally
from crawlers.services import Services
from domain.brand import Watch
from domain.crawl import FrontierEntry
from domain.drift import ReadPage
from domain.errors import LayoutChanged, StoreUnavailable
from domain.evidence import SeenPage
from domain.page import FoundMention, Page
from monitoring.drift import counts_of, judge_run, unread


class Read(Protocol):
    """A page reader: `crawlers.pages.<surface>.parse`."""

    def __call__(self, body: bytes, *, url: str, status: int, fetched_at: datetime) -> Page: ...


class BodyLost(Exception):
    """A page that was fetched is not in the archive any more; it has to be asked for again."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A page whose mentions are stored. `known`: those of them that were stored, or seen and passed
    over, before the last complete look ended; `all_known`: every one was.
    """

    page: Page
    tally: Tally
    all_known: bool = False
    known: frozenset[str] = frozenset()


class Intake:
    """Carries the pages of one run into the store."""

    def __init__(self, services: Services, frontier: Frontier, watch: Watch, read: Read) -> None:
        self._store = services.store
        self._ingest = services.ingest
        self._begin_work = services.begin_work
        self._clock = services.clock
        self._frontier = frontier
        self._watch = watch
        self._read = read

    def read(self, entry: FrontierEntry) -> Page:
        """Read a fetched page from the archive; LayoutChanged as the reader raises it."""
        body = self._frontier.body(entry)
        if body is None:
            raise BodyLost(entry.body_sha256)
        return self._read(
            body, url=entry.url, status=entry.status, fetched_at=self._fetched_at(entry)
        )

    def take(self, entry: FrontierEntry, page: Page) -> Taken:
        """Store what a page holds; StoreUnavailable when that has to be tried again."""
        counts = self._ingest.take(
            page.mentions,
            watch=self._watch,
            run_id=self._frontier.run.id,
            collected_at=self._fetched_at(entry),
        )
        self._note(entry, page)
        tally = Tally(
            1,
            counts.found,
            counts.matched,
            counts.new,
            oldest(page.mentions),
            counts.dead_lettered,
        )
        ids = frozenset(mention.id for mention in page.mentions if not mention.embedded)
        known = frozenset() if counts.spooled else self._known(ids, self.known_before(entry))
        return Taken(page, tally, bool(ids) and known == ids, known)

    def known_before(self, entry: FrontierEntry) -> datetime | None:
        """Return when the last complete look ended that a page goes on from; None without one."""
        return self._frontier.plan.known_before

    def unread(self, entry: FrontierEntry, error: LayoutChanged) -> None:
        """Note that the reader gave a page up, and for want of what."""
        told = unread(
            error.surface, error.field, run=self._frontier.run, at=self._fetched_at(entry)
        )
        with self._begin_work() as work:
            work.drift.count(told)
            work.drift.note_page(self._read_page(entry, error.surface, missing=told.missing))
            work.commit()

    def look_for_drift(self, run_id: str) -> None:
        """Judge what a run read against the runs before it (`monitoring.drift`)."""
        judge_run(self._begin_work, run_id)

    def _note(self, entry: FrontierEntry, page: Page) -> None:
        at = self._fetched_at(entry)
        ids = [mention.id for mention in page.mentions]
        with self._begin_work() as work:
            known = work.pages.of(ids)
            fresh = [mention for mention in page.mentions if mention.id not in known]
            work.drift.count(counts_of(page, fresh, run=self._frontier.run, at=at))
            if ids and entry.body_sha256:
                work.pages.note(SeenPage(entry.body_sha256, entry.url, at), ids)
            work.drift.note_page(self._read_page(entry, page.page, mentions=len(ids)))
            work.commit()

    def _read_page(
        self, entry: FrontierEntry, surface: str, *, mentions: int = 0, missing: str = ""
    ) -> ReadPage:
        run = self._frontier.run
        return ReadPage(
            run_id=run.id,
            sha256=entry.body_sha256,
            watch_id=run.watch_id,
            source_id=run.source_id,
            platform=run.platform,
            url=entry.url,
            status=entry.status,
            fetched_at=self._fetched_at(entry),
            surface=surface,
            mentions=mentions,
            missing=missing,
        )

    def _known(self, ids: frozenset[str], since: datetime | None) -> frozenset[str]:
        if since is None or not ids:
            return frozenset()
        with self._begin_work() as work:
            seen = frozenset(ids & work.crawls.seen_by(ids, since))
        if seen == ids:
            return seen
        try:
            stored = self._store.get(ids - seen)
        except StoreUnavailable:
            return seen  # the page is safe; if more lies behind it, the next page tells
        return seen | {i for i, mention in stored.items() if mention.first_seen_at <= since}

    def lacking_time(self, page: Page) -> tuple[FoundMention, ...]:
        """Return what the watch would take of a page and cannot, as the page does not tell its
        time; its own page does. Without what is stored already.
        """
        rule = self._watch.rule
        found = {
            m.id: m
            for m in page.mentions
            if m.published_at is None and not m.embedded and matches(rule, f"{m.title}\n{m.text}")
        }
        try:
            stored = self._store.get(found)
        except StoreUnavailable:
            stored = {}  # opened once too often, rather than not at all
        return tuple(mention for i, mention in found.items() if i not in stored)

    def _fetched_at(self, entry: FrontierEntry) -> datetime:
        return entry.fetched_at or self._clock.now()


def oldest(mentions: Iterable[FoundMention]) -> datetime | None:
    """Return the earliest time of the mentions that stand on a page by themselves."""
    times = [m.published_at for m in mentions if m.published_at is not None and not m.embedded]
    return min(times, default=None)


def newest(mentions: Iterable[FoundMention]) -> datetime | None:
    """Return the latest time of the mentions that stand on a page by themselves."""
    times = [m.published_at for m in mentions if m.published_at is not None and not m.embedded]
    return max(times, default=None)
