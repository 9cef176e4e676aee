"""A mention store and a workflow database in memory, as far as detection uses them."""

import copy
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from domain.brand import Configuration
from domain.case import Case
from domain.coverage import CoverageRow, of_the_present
from domain.errors import VersionConflict
from domain.mention import Mention
from domain.model_run import ModelRun
from domain.outbox import OutboxMail, Told
from domain.queries import Bucket, MentionFilter, MentionPage, Sort, Summary, TimelinePoint
from domain.signal import Evaluation, Signal, SignalState
from domain.silence import Silence


class MemoryStore:
    """Mentions in a list; counts its queries."""

    def __init__(self, mentions: Iterable[Mention] = ()) -> None:
        self.mentions = list(mentions)
        self.queries = 0

    def _wanted(self, wanted: MentionFilter) -> list[Mention]:
        self.queries += 1
        return [
            m
            for m in self.mentions
            if (wanted.brand_id is None or wanted.brand_id in m.brand_ids)
            and (wanted.start is None or m.published_at >= wanted.start)
            and (wanted.end is None or m.published_at < wanted.end)
            and (not wanted.labels or m.label_towards(wanted.brand_id or "") in wanted.labels)
            and (not wanted.public_voice_only or m.is_public_voice)
        ]

    def timeline(
        self, wanted: MentionFilter, bucket: Bucket, *, day_offset: timedelta = timedelta(0)
    ) -> list[TimelinePoint]:
        counts: Counter[tuple[datetime, object, object]] = Counter()
        for m in self._wanted(wanted):
            seconds = int(m.published_at.timestamp()) // bucket.seconds * bucket.seconds
            label = m.label_towards(wanted.brand_id or "")
            counts[datetime.fromtimestamp(seconds, UTC), m.platform, label] += 1
        return [TimelinePoint(s, p, label, n) for (s, p, label), n in sorted(counts.items())]

    def summary(self, wanted: MentionFilter) -> Summary:
        found = self._wanted(wanted)
        clusters = Counter(m.cluster_id for m in found if m.cluster_id)
        shared = [n for n in clusters.values() if n > 1]
        return Summary(
            count=len(found),
            by_platform=dict(Counter(m.platform for m in found)),
            distinct_authors=len({m.author_key for m in found if m.author_key}),
            unknown_authors=sum(m.author_key is None for m in found),
            clusters=len(shared),
            in_clusters=sum(shared),
            interactions=sum(m.interactions for m in found),
        )

    def search(self, wanted, *, sort=Sort.NEWEST, limit=50, after=None) -> MentionPage:
        keys = {
            Sort.NEWEST: lambda m: (-m.published_at.timestamp(), m.id),
            Sort.OLDEST: lambda m: (m.published_at, m.id),
            Sort.REACH: lambda m: (-m.interactions, m.id),
        }
        return MentionPage(tuple(sorted(self._wanted(wanted), key=keys[sort])[:limit]), None)

    def scan(self, wanted: MentionFilter) -> Iterator[Mention]:
        return iter(sorted(self._wanted(wanted), key=lambda m: (m.published_at, m.id)))

    def top_terms(self, wanted: MentionFilter, limit: int = 30) -> list[tuple[str, int]]:
        terms = Counter(t for m in self._wanted(wanted) for t in set(m.terms))
        return sorted(terms.items(), key=lambda item: (-item[1], item[0]))[:limit]


@dataclass
class Database:
    """What is committed."""

    configuration: Configuration = field(default_factory=Configuration)
    coverage: list[CoverageRow] = field(default_factory=list)
    signals: dict[str, Signal] = field(default_factory=dict)
    evaluations: dict[tuple[object, ...], Evaluation] = field(default_factory=dict)
    mails: dict[str, OutboxMail] = field(default_factory=dict)
    audit: list[dict[str, object]] = field(default_factory=list)
    silences: list[Silence] = field(default_factory=list)
    cases: dict[str, Case] = field(default_factory=dict)
    model_run: ModelRun | None = None
    version: int = 0
    before_commit: list[object] = field(default_factory=list)

    def begin(self) -> "MemoryWork":
        return MemoryWork(self)


class MemoryWork:
    """One transaction: a copy that replaces the committed state, unless that has moved on."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._base = database.version
        self.state = copy.copy(database)
        for name in ("signals", "evaluations", "mails"):
            setattr(self.state, name, dict(getattr(database, name)))
        self.state.audit = list(database.audit)
        self.signals = self.configuration = self.coverage = self
        self.evaluations = _Evaluations(self.state)
        self.outbox = _Outbox(self.state)
        self.audit = _Audit(self.state)
        self.silences = _Silences(self.state)
        self.cases = _Cases(self.state)
        self.model_runs = _ModelRuns(self.state)

    def __enter__(self) -> "MemoryWork":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def commit(self) -> None:
        if self._database.before_commit:
            self._database.before_commit.pop()()
        if self._database.version != self._base:
            raise VersionConflict("work", expected=self._base, found=self._database.version)
        for name in ("signals", "evaluations", "mails", "audit"):
            setattr(self._database, name, getattr(self.state, name))
        self._database.version += 1

    def current(self) -> tuple[int, Configuration]:
        return 1, self.state.configuration

    def rows(self, watch_ids, *, start, end) -> list[CoverageRow]:
        ids = set(watch_ids)
        return [
            row
            for row in self.state.coverage
            if row.watch_id in ids and row.window_start <= end and row.window_end >= start
        ]

    def latest(self) -> list[CoverageRow]:
        newest = {}
        for row in sorted(of_the_present(self.state.coverage), key=lambda row: row.observed_at):
            newest[row.watch_id, row.source_id] = row
        return list(newest.values())

    def add(self, signal: Signal) -> None:
        taken = {s.key for s in self.state.signals.values()} | set(self.state.signals)
        if signal.id in taken or signal.key in taken:
            raise VersionConflict(signal.id, expected=0, found=1)
        self.state.signals[signal.id] = signal

    def save(self, signal: Signal) -> Signal:
        found = self.state.signals[signal.id].version
        if found != signal.version:
            raise VersionConflict(signal.id, expected=signal.version, found=found)
        self.state.signals[signal.id] = saved = replace(signal, version=found + 1)
        return saved

    def get(self, signal_id: str) -> Signal | None:
        return self.state.signals.get(signal_id)

    def open_of(self, brand_id: str) -> list[Signal]:
        return [
            s
            for s in self.state.signals.values()
            if s.brand_id == brand_id and s.state is not SignalState.CLOSED
        ]

    def of_brand(self, brand_id: str, limit: int = 50) -> list[Signal]:
        return [s for s in self.recent(10**6) if s.brand_id == brand_id][:limit]

    def recent(self, limit: int = 50) -> list[Signal]:
        return sorted(self.state.signals.values(), key=lambda s: s.opened_at, reverse=True)[:limit]

    def next_id(self, business_date: str) -> str:
        number = sum(f"-{business_date}-" in key for key in self.state.signals) + 1
        return f"A-{business_date}-{number:02d}"


class _Evaluations:
    def __init__(self, state: Database) -> None:
        self._rows = state.evaluations

    def add(self, evaluations: Iterable[Evaluation]) -> None:
        for e in evaluations:
            self._rows[e.brand_id, e.platform, e.rule, e.bin_start] = e

    def between(self, start, end, brand_id=None) -> list[Evaluation]:
        rows = [
            e
            for e in self._rows.values()
            if start < e.bin_end <= end and brand_id in (None, e.brand_id)
        ]
        return sorted(rows, key=lambda e: e.bin_end)


class _Outbox:
    def __init__(self, state: Database) -> None:
        self._mails = state.mails

    def add(self, mail: OutboxMail) -> bool:
        return self._mails.setdefault(mail.key, mail) is mail

    def get(self, key: str) -> OutboxMail | None:
        return self._mails.get(key)

    def recipients_of(self, signal_id: str, epoch: int) -> list[str]:
        return [
            mail.recipient
            for mail in self._mails.values()
            if mail.signal_id == signal_id and mail.epoch == epoch
        ]

    def told(self, signal_id: str) -> list[Told]:
        return [
            Told(m.key, m.recipient, m.kind, m.epoch, m.created_at, m.state)
            for m in self._mails.values()
            if m.signal_id == signal_id
        ]

    def hasten(self, conversation: str, at: datetime) -> int:
        late = [
            m
            for m in self._mails.values()
            if conversation in {m.key, m.thread} and m.next_attempt_at > at
        ]
        self._mails.update({m.key: replace(m, next_attempt_at=at) for m in late})
        return len(late)


class _Silences:
    def __init__(self, state: Database) -> None:
        self._state = state

    def holding(self, now: datetime) -> list[Silence]:
        return [silence for silence in self._state.silences if silence.holds(now)]


class _Cases:
    def __init__(self, state: Database) -> None:
        self._state = state

    def get(self, case_id: str) -> Case | None:
        return self._state.cases.get(case_id)


class _ModelRuns:
    def __init__(self, state: Database) -> None:
        self._state = state

    def current(self) -> ModelRun | None:
        return self._state.model_run


class _Audit:
    def __init__(self, state: Database) -> None:
        self._rows = state.audit

    def append(self, **row: object) -> None:
        self._rows.append(row)
