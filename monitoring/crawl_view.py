"""Can the data be trusted? Every source with its last looks, its gaps hour by hour, and what helps.

What the page 采集 shows; pure of the page.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum

from domain.brand import Source, Watch
from domain.coverage import (
    KNOWN_STATES,
    CoverageRow,
    CoverageState,
    Interval,
    is_known,
    looked_at,
)
from domain.crawl import CrawlRun, Slot, SlotState, crawl_job_name
from domain.dead_letter import DeadLetter
from domain.drift import Episode, SurfaceCounts
from domain.mention import Platform
from domain.ports import BeginWork, MentionStore, UnitOfWork
from domain.session import PlatformSession, SessionState, state_of
from monitoring.overview import Overview, SourceStanding, overview
from workflow.platform_sessions import owner_name

HOURS_SHOWN = 48
LETTERS_SHOWN = 20
_HOUR = timedelta(hours=1)
_WORST_FIRST = (CoverageState.FAILED, CoverageState.BLOCKED, CoverageState.PARTIAL)


@dataclass(frozen=True, slots=True)
class SeenHour:
    """One hour of a watch on a source: how it was looked at; `state` None is not looked at yet."""

    start: datetime
    state: CoverageState | None
    reason: str = ""


class Trouble(IntEnum):
    """What is the matter with a source, the worst first."""

    UNREAD = 0
    NEVER = 1
    PARTIAL = 2
    LATE = 3
    DRIFT = 4


@dataclass(frozen=True, slots=True)
class SourceView:
    """One watch on one source. `next_at` is when it is looked at next, None while it is switched
    off; `due` says that a look is waiting or running now. `surfaces` are the newest counts of each
    surface of the source, `episodes` its drift: what goes on, and what ended in the hours shown.
    """

    standing: SourceStanding
    hours: tuple[SeenHour, ...]
    last_run: CrawlRun | None
    next_at: datetime | None
    due: bool
    surfaces: tuple[SurfaceCounts, ...] = ()
    episodes: tuple[Episode, ...] = ()

    @property
    def seen_share(self) -> float:
        """Which part of the hours shown was wholly looked at, 0 to 1."""
        known = sum(h.state in {CoverageState.OK, CoverageState.EMPTY} for h in self.hours)
        return known / len(self.hours) if self.hours else 0.0

    @property
    def trouble(self) -> Trouble | None:
        """What somebody has to look at; None while it is read as it should be."""
        latest = self.standing.latest
        if latest is None:
            return Trouble.NEVER
        if latest.state is CoverageState.PARTIAL:
            return Trouble.PARTIAL
        if latest.state not in KNOWN_STATES:
            return Trouble.UNREAD
        if self.standing.late:
            return Trouble.LATE
        is_drifting = any(episode.ended_at is None for episode in self.episodes)
        return Trouble.DRIFT if is_drifting else None


@dataclass(frozen=True, slots=True)
class SessionView:
    """The login at a platform that is read: `session` is the newest one, None when there never was
    one; `owner` is what its owner is called.
    """

    platform: Platform
    state: SessionState
    session: PlatformSession | None = None
    owner: str = ""


@dataclass(frozen=True, slots=True)
class CrawlView:
    """The whole page: `stopped` are watches and sources that are switched off, which is a gap that
    somebody decided; `letters` are the newest mentions that the store refused; `sessions` are the
    logins at the platforms that are read.
    """

    overview: Overview
    sources: tuple[SourceView, ...]
    stopped: tuple[tuple[Watch, Source], ...]
    runs: tuple[CrawlRun, ...]
    letters: tuple[DeadLetter, ...] = ()
    sessions: tuple[SessionView, ...] = ()


def crawl_view(begin_reading: BeginWork, store: MentionStore, now: datetime) -> CrawlView:
    """Read everything once; StoreUnavailable when the workflow database is away."""
    whole = overview(begin_reading, store, now)
    end = now.replace(minute=0, second=0, microsecond=0) + _HOUR
    start = end - HOURS_SHOWN * _HOUR
    with begin_reading() as work:
        ids = [watch.id for watch in whole.configuration.watches]
        rows = work.coverage.rows(ids, start=start, end=end)
        runs = work.crawls.recent(100)
        slots = {slot.job: slot for slot in work.slots.latest()}
        letters = work.dead_letters.recent(LETTERS_SHOWN)
        platforms = {standing.source.platform for standing in whole.sources}
        sessions = session_views(work, platforms, now)
        sources = {standing.source.id for standing in whole.sources}
        drift = {source: _drift(work, source, start) for source in sources}
    return CrawlView(
        overview=whole,
        sources=tuple(
            replace(
                _view(standing, rows, runs, slots.get(_job(standing)), start, now),
                surfaces=drift[standing.source.id][0],
                episodes=drift[standing.source.id][1],
            )
            for standing in whole.sources
        ),
        stopped=tuple(_stopped(whole)),
        runs=tuple(runs),
        letters=tuple(letters),
        sessions=sessions,
    )


def worst_first(sources: Iterable[SourceView]) -> list[SourceView]:
    """Return sources in the order in which they want somebody: what carries a platform before what
    only adds depth, the worst first; what is well comes last, as it was.
    """

    def place(each: SourceView) -> tuple[bool, bool, int]:
        trouble = each.trouble
        return (trouble is None, trouble is not None and each.standing.supplement, trouble or 0)

    return sorted(sources, key=place)


def session_views(
    work: UnitOfWork, platforms: Collection[Platform], now: datetime
) -> tuple[SessionView, ...]:
    """Return how it stands with the login at each of the platforms."""
    known = {session.platform: session for session in work.sessions.all()}

    def view(platform: Platform) -> SessionView:
        session = known.get(platform)
        owner = owner_name(work, session.owner_id) if session else ""
        return SessionView(platform, state_of(session, now), session, owner)

    return tuple(view(platform) for platform in Platform if platform in platforms)


def seen_hours(
    rows: Sequence[CoverageRow], start: datetime, now: datetime, hours: int = HOURS_SHOWN
) -> tuple[SeenHour, ...]:
    """Return how each hour from `start` was looked at by one source; the hour under way counts up
    to `now`.
    """
    known = looked_at(rows)
    # the newest look ends a little before the present moment: what comes after is no gap yet
    until = min(now, max((row.window_end for row in rows), default=now))
    return tuple(_hour(rows, known, start + step * _HOUR, until) for step in range(hours))


def _drift(
    work: UnitOfWork, source_id: str, since: datetime
) -> tuple[tuple[SurfaceCounts, ...], tuple[Episode, ...]]:
    """The newest counts of each surface that was read in the hours shown, and the episodes."""
    newest = {counts.surface: counts for counts in work.drift.history(source_id, 200)}
    recent = [counts for _, counts in sorted(newest.items()) if counts.at >= since]
    episodes = [
        each
        for each in work.drift.episodes(source_id)
        if each.ended_at is None or each.ended_at >= since
    ]
    return tuple(recent), tuple(episodes)


def _view(
    standing: SourceStanding,
    rows: Iterable[CoverageRow],
    runs: Iterable[CrawlRun],
    slot: Slot | None,
    start: datetime,
    now: datetime,
) -> SourceView:
    watch, source = standing.watch, standing.source
    own = [row for row in rows if (row.watch_id, row.source_id) == (watch.id, source.id)]
    last = next((r for r in runs if (r.watch_id, r.source_id) == (watch.id, source.id)), None)
    due = slot is not None and slot.state in {SlotState.DUE, SlotState.RUNNING}
    next_at = slot.slot_at + source.every if slot is not None else None
    return SourceView(
        standing=standing,
        hours=seen_hours(own, start, now),
        last_run=last,
        next_at=max(next_at, now) if next_at else None,
        due=due,
    )


def _hour(
    rows: Sequence[CoverageRow], known: Sequence[Interval], start: datetime, until: datetime
) -> SeenHour:
    end = min(start + _HOUR, until)
    over = [row for row in rows if row.window_start < end and start < row.window_end]
    if not over:
        return SeenHour(start, None)
    # what was read again later is known, whatever went wrong before
    if is_known(known, start, end):
        empty = all(row.state is CoverageState.EMPTY for row in over)
        return SeenHour(start, CoverageState.EMPTY if empty else CoverageState.OK)
    for state in _WORST_FIRST:
        bad = next((row for row in reversed(over) if row.state is state), None)
        if bad is not None:
            return SeenHour(start, state, bad.reason)
    return SeenHour(start, CoverageState.PARTIAL)


def _stopped(whole: Overview) -> Iterable[tuple[Watch, Source]]:
    running = {(s.watch.id, s.source.id) for s in whole.sources}
    for watch in whole.configuration.watches:
        for source_id in watch.source_ids:
            source = whole.configuration.source(source_id)
            if source is not None and (watch.id, source.id) not in running:
                yield watch, source


def _job(standing: SourceStanding) -> str:
    return crawl_job_name(standing.watch.id, standing.source.id)
