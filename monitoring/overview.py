"""How things stand, in one look: for `koubei status`, the status page, /readyz and /metrics.

It can be looked at while the mention store is away: that is when people ask.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.brand import Configuration, Source, Watch
from domain.coverage import KNOWN_STATES, CoverageRow, of_the_present
from domain.crawl import Slot
from domain.drift import Episode
from domain.errors import StoreUnavailable
from domain.keeping import BackupNote, OutboxHold
from domain.model_run import ModelRun
from domain.outbox import OutboxMail, OutboxState
from domain.ports import BeginWork, MentionStore
from domain.queries import StoreStatus
from domain.signal import Signal, SignalState
from domain.spiders import adds_depth_only
from domain.spool import SpoolStanding

_LOOK_BACK = timedelta(days=30)
_RECENT_SIGNALS = 20
_RECENT_MAILS = 10


@dataclass(frozen=True, slots=True)
class SourceStanding:
    """One watch on one source: its newest look, and the newest that ended ok or empty.

    `found` and `new` are those of the whole run that looked last. `failing_since` is the first of
    the looks in a row that did not. `late`: the newest good look is older than twice the cadence.
    `supplement`: it adds depth, and says nothing of whether its platform is read.
    """

    watch: Watch
    source: Source
    latest: CoverageRow | None
    last_good_at: datetime | None
    failing_since: datetime | None
    late: bool
    found: int = 0
    new: int = 0
    supplement: bool = False


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything one screen shows. `store` is None while the mention store is away; `spools` are
    what waits for it, on every machine; `drifting` what is not read as it used to be.
    """

    now: datetime
    configuration_version: int
    configuration: Configuration
    store: StoreStatus | None
    sources: tuple[SourceStanding, ...]
    open_signals: tuple[Signal, ...]
    recent_signals: tuple[Signal, ...]
    mails: Mapping[OutboxState, int]
    recent_mails: tuple[OutboxMail, ...]
    jobs: tuple[Slot, ...]
    outbox_hold: OutboxHold | None = None
    last_backup: BackupNote | None = None
    spools: tuple[SpoolStanding, ...] = ()
    dead_letters: int = 0
    drifting: tuple[Episode, ...] = ()
    model_run: ModelRun | None = None

    @property
    def spooled_looks(self) -> int:
        """How many looks wait for the mention store."""
        return sum(spool.looks for spool in self.spools)

    @property
    def spooled_since(self) -> datetime | None:
        """Since when the oldest of them waits, None when none does."""
        return min((spool.oldest_at for spool in self.spools), default=None)

    @property
    def unread_sources(self) -> tuple[SourceStanding, ...]:
        """The sources whose newest look left a gap."""
        return tuple(
            s for s in self.sources if s.latest is not None and s.latest.state not in KNOWN_STATES
        )

    @property
    def last_good_at(self) -> datetime | None:
        """When a platform was last read well, by whichever source; a supplement reads none."""
        looks = (s.last_good_at for s in self.sources if s.last_good_at and not s.supplement)
        return max(looks, default=None)

    @property
    def is_blind(self) -> bool:
        """Whether no source at all has been read in time: then silence means nothing."""
        carrying = [s for s in self.sources if not s.supplement] or self.sources
        return bool(carrying) and all(s.late for s in carrying)


def overview(begin_work: BeginWork, store: MentionStore, now: datetime) -> Overview:
    """Read both stores once; StoreUnavailable when the workflow database is away."""
    with begin_work() as work:
        version, configuration = work.configuration.current()
        watch_ids = [watch.id for watch in configuration.watches]
        rows = work.coverage.rows(watch_ids, start=now - _LOOK_BACK, end=now + _LOOK_BACK)
        signals = work.signals.recent(_RECENT_SIGNALS)
        mails, recent = work.outbox.counts(), work.outbox.recent(_RECENT_MAILS)
        jobs = work.slots.latest()
        hold, last_backup = work.notes.outbox_hold(), work.notes.last_backup()
        spools, dead_letters = work.spooled.waiting(), work.dead_letters.count()
        drifting = [each for each in work.drift.episodes() if each.ended_at is None]
        model_run = work.model_runs.current()
    looks: dict[tuple[str, str], list[CoverageRow]] = {}
    for row in rows:
        looks.setdefault((row.watch_id, row.source_id), []).append(row)
    return Overview(
        now=now,
        configuration_version=version,
        configuration=configuration,
        store=_status(store),
        sources=tuple(
            replace(
                _standing(watch, source, looks.get((watch.id, source.id), []), now),
                supplement=adds_depth_only(configuration, watch, source),
            )
            for watch, source in configuration.crawl_pairs()
        ),
        open_signals=tuple(s for s in signals if s.state is not SignalState.CLOSED),
        recent_signals=tuple(signals),
        mails={state: mails.get(state, 0) for state in OutboxState},
        recent_mails=tuple(recent),
        jobs=tuple(job for job in jobs if not job.job.startswith("lane:")),
        outbox_hold=hold,
        last_backup=last_backup,
        spools=tuple(spools),
        dead_letters=dead_letters,
        drifting=tuple(drifting),
        model_run=model_run,
    )


def _status(store: MentionStore) -> StoreStatus | None:
    try:
        return store.status()
    except StoreUnavailable:
        return None


def _standing(
    watch: Watch, source: Source, rows: list[CoverageRow], now: datetime
) -> SourceStanding:
    in_order = sorted(of_the_present(rows), key=lambda row: (row.observed_at, row.window_end))
    good = [row.observed_at for row in in_order if row.state in KNOWN_STATES]
    last_good = good[-1] if good else None
    bad_since = [
        row.observed_at
        for row in in_order
        if row.state not in KNOWN_STATES and (last_good is None or row.observed_at > last_good)
    ]
    latest = in_order[-1] if in_order else None
    of_run = [row for row in rows if latest and row.run_id == latest.run_id]
    return SourceStanding(
        watch=watch,
        source=source,
        latest=latest,
        found=sum(row.found for row in of_run),
        new=sum(row.new for row in of_run),
        last_good_at=last_good,
        failing_since=bad_since[0] if bad_since else None,
        late=last_good is None or now - last_good > 2 * source.every,
    )
