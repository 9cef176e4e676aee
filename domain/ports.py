"""The ports: what the rooms need from the outside, as Protocols. Adapters live in storage,
delivery, analysis and browser; `runtime.wiring` alone knows which one is used.

A port exists where there are two real adapters, or where a test needs a fake.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from types import TracebackType
from typing import Protocol, Self

from domain.account import Account, Session
from domain.assessment import Assessment, RobotsSnapshot
from domain.audit import AuditRow
from domain.brand import Configuration
from domain.case import Case, CasePage, CaseQuery, CaseSort
from domain.correction import Correction
from domain.coverage import CoverageRow
from domain.crawl import CrawlRun, FrontierEntry, FrontierState, Sighting, Slot, SlotState
from domain.dead_letter import DeadLetter
from domain.drift import Episode, ReadPage, SurfaceCounts
from domain.evidence import SeenPage
from domain.keeping import BackupNote, OutboxHold
from domain.lead import Lead, LeadState
from domain.login import Attempts, SecondFactor, Ticket, TicketKind
from domain.mention import Mention, Platform
from domain.model_run import ModelRun
from domain.outbox import OutboxMail, OutboxState, Told
from domain.queries import (
    AddResult,
    AuditFilter,
    Bucket,
    MentionFilter,
    MentionPage,
    Near,
    Sort,
    StoreStatus,
    Summary,
    TimelinePoint,
)
from domain.report import Report, ReportKind
from domain.sentiment import ScoreRequest, Scores
from domain.session import PlatformSession
from domain.signal import Evaluation, Signal
from domain.silence import Silence
from domain.spool import Look, RunDebt, SpoolStanding, SpoolState, WaitingLook
from domain.trial import Trial


class Clock(Protocol):
    """The time; tests pass their own."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""


class MentionStore(Protocol):
    """Mentions in, queries out. Two adapters pass one contract suite (tests/contract).

    Every call is idempotent by mention id. Nothing here needs a script, a transaction across
    documents or a join, so that Elasticsearch can keep it: whole documents are written, with the
    version they replace, and a writer that lost a race reads, merges and writes again.
    """

    def add(self, mentions: Iterable[Mention]) -> AddResult:
        """Store new mentions and `merge` known ones; durable when it returns.

        A mention that cannot be taken is in `refused`, the others are stored all the same. Raises
        StoreUnavailable when nothing is known to have been stored; calling again is then safe.
        """

    def amend(self, mention_id: str, change: Callable[[Mention], Mention]) -> Mention | None:
        """Replace one mention by `change(mention)`, atomically, retrying on a lost race.

        For labels by a person, flags, clusters and re-scoring. `change` must keep the id and may be
        called more than once. Returns what is now stored, None when the id is unknown.
        """

    def amend_many(
        self, mention_ids: Iterable[str], change: Callable[[Mention], Mention]
    ) -> dict[str, Mention]:
        """`amend` of many in few requests; return those that there are as they are stored now.

        Each mention is replaced by itself: of a call that fails, some may have been.
        """

    def get(self, mention_ids: Iterable[str]) -> dict[str, Mention]:
        """Return those of the mentions that are stored, by id."""

    def remove(self, mention_ids: Iterable[str]) -> int:
        """Erase mentions and all their traces in indexes and rollups; return how many there
        were.
        """

    def search(
        self,
        wanted: MentionFilter,
        *,
        sort: Sort = Sort.NEWEST,
        limit: int = 50,
        after: str | None = None,
    ) -> MentionPage:
        """Return one page of mentions. `after` continues where an earlier page of the same query
        ended.
        """

    def count(self, wanted: MentionFilter) -> int:
        """Return how many mentions there are."""

    def timeline(
        self, wanted: MentionFilter, bucket: Bucket, *, day_offset: timedelta = timedelta(0)
    ) -> list[TimelinePoint]:
        """Return the non-empty bins, sorted by start, platform, label.

        Needs `start` and `end`. `day_offset` is the business zone's offset: a DAY bin begins at its
        midnight. Exact under re-ingest, correction, merge and deletion.
        """

    def summary(self, wanted: MentionFilter) -> Summary:
        """Return the totals of a filter, exactly."""

    def top_terms(self, wanted: MentionFilter, limit: int = 30) -> list[tuple[str, int]]:
        """Return the most frequent keywords and the number of mentions of each, most frequent
        first, ties by the word."""

    def near(self, fingerprints: Sequence[int], *, since: datetime, distance: int) -> list[Near]:
        """Return stored mentions published at or after `since` that share one of four 16-bit bands
        with any of the fingerprints and differ from it in at most `distance` bits (0 to 64; up to
        three bits apart they always share one), each pair once; in order of publication, then
        id."""

    def scan(self, wanted: MentionFilter) -> Iterator[Mention]:
        """Yield every mention of a filter, oldest first, in bounded memory."""

    def status(self) -> StoreStatus:
        """Return size and freshness; raises StoreUnavailable when the store cannot be reached."""

    def close(self) -> None:
        """Release files and connections."""


class ConfigurationRepository(Protocol):
    """The team's decisions, one immutable document a version."""

    def current(self) -> tuple[int, Configuration]:
        """Return the newest version and its document; version 0 is the empty configuration."""

    def get(self, version: int) -> Configuration | None:
        """Return an earlier version, None when there is none."""

    def save(
        self,
        configuration: Configuration,
        *,
        expected_version: int,
        actor: str,
        at: datetime,
        origin: str,
    ) -> int:
        """Store the next version and return its number; VersionConflict when somebody was
        faster.
        """

    def history(self) -> list[tuple[int, datetime, str, str]]:
        """Return (version, at, actor, origin), newest first."""


class CoverageRepository(Protocol):
    """The coverage ledger."""

    def record(self, row: CoverageRow) -> None:
        """Append an entry; the same run, watch, source and window again replaces it."""

    def rows(
        self, watch_ids: Iterable[str], *, start: datetime, end: datetime
    ) -> list[CoverageRow]:
        """Return the entries whose window touches start..end, by window start."""

    def looks_at(
        self, source_id: str, watch_ids: Iterable[str], *, since: datetime
    ) -> list[CoverageRow]:
        """Return the entries of a source that were observed at or after a moment, whatever time
        they are about, by when they were observed.
        """

    def latest(self) -> list[CoverageRow]:
        """Return the newest entry of each watch and source, by watch and source; a look at the past
        alone is none.
        """


class CrawlRepository(Protocol):
    """Runs, the frontier and what became of each fetched mention."""

    def start(self, run: CrawlRun) -> None:
        """Note that a run began."""

    def beat(self, run_id: str, at: datetime) -> None:
        """Note that a run is alive."""

    def finish(self, run: CrawlRun) -> None:
        """Note how a run ended."""

    def run(self, run_id: str) -> CrawlRun | None:
        """Return a run by id."""

    def recent(self, limit: int = 50) -> list[CrawlRun]:
        """Return the newest runs first."""

    def unfinished(
        self, watch_id: str, source_id: str, *, backfill: bool = False
    ) -> CrawlRun | None:
        """Return the newest run of the pair that never ended and still has frontier entries to do;
        `backfill`: of those that read nothing but the past.
        """

    def push(self, entries: Iterable[FrontierEntry]) -> int:
        """Add entries that are not there yet (by lineage and fingerprint); return how many were
        new.
        """

    def frontier(self, lineage: str, states: Iterable[FrontierState]) -> list[FrontierEntry]:
        """Return the entries of a crawl in the given states, in the order they were pushed."""

    def mark_fetched(self, entry: FrontierEntry) -> None:
        """Note that a page lies in the archive; the entry carries its hash, url, status and
        time.
        """

    def mark_done(self, lineage: str, fingerprints: Iterable[str]) -> None:
        """Note that everything on these pages is stored."""

    def forget(self, lineage: str) -> None:
        """Drop the frontier of a crawl that ended."""

    def saw(self, sightings: Iterable[Sighting]) -> None:
        """Record what became of fetched mentions; the same mention and run again replaces it."""

    def sightings(self, mention_id: str) -> list[Sighting]:
        """Return every sighting of a mention id, newest first."""

    def sightings_of_url(self, url: str) -> list[Sighting]:
        """Return every sighting with this url, newest first."""

    def seen_by(self, mention_ids: Iterable[str], moment: datetime) -> frozenset[str]:
        """Return those of the mentions that had been sighted by a moment."""

    def prune_sightings(self, before: datetime) -> int:
        """Drop sightings seen before; return how many."""


class SlotRepository(Protocol):
    """Scheduled work: unique (job, slot) rows with leases."""

    def ensure(self, job: str, slot_at: datetime) -> bool:
        """Make a due slot if there is none and no newer one of the job; return whether it is new.

        Older slots of the job that are still due are folded into it (`coalesced` counts them): a
        service that slept does the work once, and says how many it stands for.
        """

    def claim(
        self, owner: str, now: datetime, lease: timedelta, jobs: Iterable[str]
    ) -> Slot | None:
        """Take the oldest due slot of these jobs, or one whose lease ran out; None when there is
        none.
        """

    def renew(self, slot: Slot, owner: str, now: datetime, lease: timedelta) -> bool:
        """Prolong a lease; False when it was lost to somebody else."""

    def finish(
        self, slot: Slot, owner: str, now: datetime, state: SlotState, detail: Mapping[str, object]
    ) -> bool:
        """End a slot; False when the lease was lost to somebody else, whose result then counts."""

    def latest(self) -> list[Slot]:
        """Return the newest slot of each job, by job."""

    def not_done_since(self, job: str) -> datetime | None:
        """Return when a job was last done, else the moment of its oldest slot; None when it has
        none.
        """

    def prune(self, before: datetime) -> int:
        """Drop slots that ended before, but never the newest of a job; return how many."""


class SignalRepository(Protocol):
    """Signals, each a row with a version."""

    def add(self, signal: Signal) -> None:
        """Store a new signal; VersionConflict when its key or id is taken."""

    def save(self, signal: Signal) -> Signal:
        """Store the next version of a known one (`signal.version` is the one read) and return it;
        VersionConflict when somebody wrote in between."""

    def get(self, signal_id: str) -> Signal | None:
        """Return a signal by id."""

    def open_of(self, brand_id: str) -> list[Signal]:
        """Return a brand's signals that are not closed, oldest first."""

    def unclosed(self) -> list[Signal]:
        """Return every signal that is not closed, oldest first."""

    def of_brand(self, brand_id: str, limit: int = 50) -> list[Signal]:
        """Return a brand's signals, newest first."""

    def recent(self, limit: int = 50) -> list[Signal]:
        """Return signals, newest first."""

    def next_id(self, business_date: str) -> str:
        """Return the next free id of a day, `A-20261121-03` for `20261121`."""


class EvaluationRepository(Protocol):
    """Every decision of the detector."""

    def add(self, evaluations: Iterable[Evaluation]) -> None:
        """Store decisions; the same brand, series, rule and bin again replaces the earlier one."""

    def between(
        self, start: datetime, end: datetime, brand_id: str | None = None
    ) -> list[Evaluation]:
        """Return decisions whose bin ends in start < t ≤ end, by bin end."""

    def prune(self, before: datetime) -> int:
        """Drop decisions whose bin ended before; return how many."""


class OutboxRepository(Protocol):
    """Mails that are to be sent, and those that were."""

    def add(self, mail: OutboxMail) -> bool:
        """Store a mail; False when its key is there already, which is then left alone."""

    def claim(
        self, owner: str, now: datetime, lease: timedelta, *, recipient: str | None = None
    ) -> OutboxMail | None:
        """Take the oldest mail (of `recipient`, where one is named) that is due (pending, retry,
        uncertain, or sending with a lease that ran out, which is then uncertain), set it to sending
        and count the attempt; None when there is none.

        Within one `thread` an earlier mail to the same recipient goes first. While the outbox is
        held (`NoteRepository.hold_outbox`) there is none.
        """

    def settle(
        self,
        key: str,
        owner: str,
        state: OutboxState,
        *,
        at: datetime,
        next_attempt_at: datetime | None = None,
        error: str = "",
    ) -> bool:
        """Note how an attempt ended; False when the lease was lost to another worker."""

    def get(self, key: str) -> OutboxMail | None:
        """Return a mail by key."""

    def postpone(self, route: str, until: datetime) -> int:
        """Let no waiting mail of a route be due before; return how many had been."""

    def waiting(self) -> list[OutboxMail]:
        """Return the mails that are to be sent, oldest first."""

    def drop(self, keys: Iterable[str], *, at: datetime, reason: str) -> int:
        """Set mails that are to be sent to dropped; return how many there were."""

    def recipients_of(self, signal_id: str, epoch: int) -> list[str]:
        """Return who got (or will get) the mail of that epoch of a signal."""

    def told(self, signal_id: str) -> list[Told]:
        """Return whom a signal's mails told, and when, in the order they were written."""

    def hasten(self, conversation: str, at: datetime) -> int:
        """Make the mails of a conversation due that were to leave later and were never tried;
        return how many there were. What is urgent does not queue behind what could wait.
        """

    def counts(self) -> dict[OutboxState, int]:
        """Return how many mails are in each state; states without any are 0."""

    def recent(self, limit: int = 50) -> list[OutboxMail]:
        """Return mails, newest first."""


class AuditRepository(Protocol):
    """The append-only trail."""

    def append(
        self, *, at: datetime, actor: str, action: str, object_id: str, reason: str, payload: object
    ) -> AuditRow:
        """Seal and store the next row; it commits with the act it tells of."""

    def rows(self, after_seq: int = 0) -> Iterator[AuditRow]:
        """Yield rows in order."""

    def of(self, object_id: str) -> list[AuditRow]:
        """Return the trail of one object, oldest first."""

    def search(
        self, wanted: AuditFilter, *, before_seq: int | None = None, limit: int = 50
    ) -> list[AuditRow]:
        """Return the newest rows of a filter, newest first, of those before a row if one is
        named.
        """

    def head(self) -> tuple[int, str]:
        """Return the number and the hash of the last row; 0 and FIRST_HASH when there is none."""

    def given_out(self) -> int:
        """Return the last number that was given to a row."""

    def actors(self) -> list[str]:
        """Return everybody who ever acted, in order."""


class SealedNameRepository(Protocol):
    """Full author names, encrypted, until they expire or a case holds them."""

    def put(self, names: Iterable[tuple[str, bytes, datetime]]) -> None:
        """Store or replace sealed names: mention id, sealed name, and when it is destroyed."""

    def get(self, mention_id: str) -> bytes | None:
        """Return the sealed name, None when there is none any more."""

    def prune(self, before: datetime) -> int:
        """Destroy names that expired before; return how many."""


class AccountRepository(Protocol):
    """Accounts and their sessions."""

    def add(self, account: Account) -> None:
        """Store a new account; VersionConflict when its id, login or OIDC identity is taken."""

    def save(self, account: Account) -> Account:
        """Store the next version (`account.version` is the one read) and return it;
        VersionConflict when somebody wrote in between."""

    def get(self, account_id: str) -> Account | None:
        """Return an account by id."""

    def by_login(self, login: str) -> Account | None:
        """Return an account by what is typed at login, compared without case."""

    def by_identity(self, issuer: str, subject: str) -> Account | None:
        """Return the account of an OIDC identity."""

    def all(self) -> list[Account]:
        """Return every account, by name."""

    def begin_session(self, session: Session) -> None:
        """Store a login."""

    def session(self, token_hash: str) -> Session | None:
        """Return a login by the hash of its token."""

    def sessions_of(self, account_id: str) -> list[Session]:
        """Return the logins of an account that were not ended, newest first."""

    def seen(self, token_hash: str, at: datetime) -> None:
        """Note a sign of life of a session."""

    def end_session(self, token_hash: str, at: datetime) -> None:
        """End one login."""

    def end_sessions_of(self, account_id: str, at: datetime) -> int:
        """End every login of an account; return how many there were."""

    def prune_sessions(self, before: datetime) -> int:
        """Drop sessions that began before; return how many."""


class SilenceRepository(Protocol):
    """Silences, each a row with a version."""

    def add(self, silence: Silence) -> None:
        """Store a new silence; VersionConflict when its id is taken."""

    def save(self, silence: Silence) -> Silence:
        """Store the next version (`silence.version` is the one read) and return it;
        VersionConflict when somebody wrote in between."""

    def get(self, silence_id: str) -> Silence | None:
        """Return a silence by id."""

    def holding(self, now: datetime) -> list[Silence]:
        """Return the silences that hold at `now`, the one that ends first first."""

    def untold_ends(self, now: datetime) -> list[Silence]:
        """Return the silences whose time is over and whose notice was not written yet."""

    def recent(self, limit: int = 50) -> list[Silence]:
        """Return silences, the newest first."""

    def next_id(self, business_date: str) -> str:
        """Return the next free id of a day, `S-20261121-03` for `20261121`."""


class LoginRepository(Protocol):
    """What logins leave behind: tickets, counted attempts, second factors."""

    def add_ticket(self, ticket: Ticket) -> None:
        """Store a new ticket."""

    def ticket(self, secret_hash: str, kind: TicketKind, now: datetime) -> Ticket | None:
        """Return a ticket that can still be used, and leave it; None when there is none."""

    def take_ticket(self, secret_hash: str, kind: TicketKind, now: datetime) -> Ticket | None:
        """Use a ticket up and return it; None when it is unknown, of another kind, past its time
        or was taken before.
        """

    def drop_tickets(self, kind: TicketKind, account_id: str) -> None:
        """Make every ticket of a kind for an account worthless."""

    def prune_tickets(self, now: datetime) -> int:
        """Drop tickets past their time; return how many."""

    def attempts(self, subject: str) -> Attempts | None:
        """Return a counter, locked until the unit ends where the store has row locks."""

    def save_attempts(self, attempts: Attempts) -> None:
        """Store a counter."""

    def clear_attempts(self, subject: str) -> None:
        """Forget a counter."""

    def prune_attempts(self, before: datetime) -> int:
        """Drop counters that last rose before; return how many."""

    def second_factor(self, account_id: str) -> SecondFactor | None:
        """Return the second factor of an account, None when it has none."""

    def save_second_factor(self, factor: SecondFactor) -> None:
        """Store the second factor of an account in place of an earlier one."""

    def use_step(self, account_id: str, step: int) -> bool:
        """Note that the code of a time step was accepted; False when it, or a later one, was
        before.
        """

    def drop_second_factor(self, account_id: str) -> bool:
        """Forget the second factor of an account; return whether there was one."""


class ReportRepository(Protocol):
    """Weekly and daily reports, each a row with a version."""

    def add(self, report: Report) -> bool:
        """Store a new report; False when there is one of that period and brand, which stays."""

    def save(self, report: Report) -> Report:
        """Store the next version (`report.version` is the one read) and return it;
        VersionConflict when somebody wrote in between."""

    def get(self, report_id: str) -> Report | None:
        """Return a report by id."""

    def exists(self, report_id: str) -> bool:
        """Whether there is such a report, without reading it."""

    def recent(self, limit: int = 50, kind: ReportKind | None = None) -> list[Report]:
        """Return reports, the newest period first."""


class CorrectionRepository(Protocol):
    """People's corrections: rows that are only ever added."""

    def add(self, correction: Correction) -> Correction:
        """Store an act and return it with its number; its mention does not show it yet."""

    def of(self, mention_id: str) -> list[Correction]:
        """Return the acts about a mention, in order."""

    def of_batch(self, batch: str) -> list[Correction]:
        """Return the acts of a bulk, in order."""

    def between(self, start: datetime, end: datetime) -> list[Correction]:
        """Return the acts of start ≤ at < end, in order."""

    def next_batch(self) -> str:
        """Return the name of the next bulk."""

    def unprojected(self, limit: int) -> list[str]:
        """Return mentions that do not show what people said of them, those that wait longest
        first.
        """

    def mark_projected(self, mention_id: str, up_to: int) -> None:
        """Note that a mention shows the acts about it up to this number."""

    def project_all_again(self) -> int:
        """Note that no mention shows what people said, as after a restore; return how many acts
        there are.
        """


class NoteRepository(Protocol):
    """What is noted about the installation itself."""

    def hold_outbox(self, hold: OutboxHold) -> None:
        """Let no mail leave until it is released; `OutboxRepository.claim` gives none."""

    def outbox_hold(self) -> OutboxHold | None:
        """Return why no mail leaves, None when mail leaves."""

    def release_outbox(self) -> None:
        """Let mail leave again."""

    def note_backup(self, backup: BackupNote) -> None:
        """Note the newest backup."""

    def last_backup(self) -> BackupNote | None:
        """Return the newest backup, None when there was none."""


class CaseRepository(Protocol):
    """Cases, each a row with a version; nothing is ever deleted."""

    def add(self, case: Case) -> None:
        """Store a new case; VersionConflict when its id is taken."""

    def save(self, case: Case) -> Case:
        """Store the next version (`case.version` is the one read) and return it; VersionConflict
        when somebody wrote in between."""

    def get(self, case_id: str) -> Case | None:
        """Return a case by id."""

    def next_id(self, business_date: str) -> str:
        """Return the next free id of a day, `C-20261121-01` for `20261121`; a rollback gives it
        back.
        """

    def search(
        self,
        wanted: CaseQuery,
        *,
        sort: CaseSort = CaseSort.NEWEST,
        limit: int = 50,
        offset: int = 0,
    ) -> CasePage:
        """Return one page of the cases that fulfil every condition, and how many there are."""

    def of_signal(self, signal_id: str) -> Case | None:
        """Return the case that has a signal; of several the one that is not merged, then the
        newest.
        """

    def of_lead(self, lead_id: str) -> Case | None:
        """Return the case that has a lead, chosen like `of_signal`."""

    def with_any_mention(self, mention_ids: Iterable[str]) -> list[Case]:
        """Return the cases that have at least one of the mentions, by id."""

    def claim_key(self, key: str, case_id: str) -> str:
        """Return the case a key belongs to, which is this one when nobody had it: what two people
        open at once is one case.
        """

    def note_action(self, action_id: str, object_id: str, command: str, at: datetime) -> bool:
        """Note that an action was done; False when it was noted before."""

    def action(self, action_id: str) -> tuple[str, str] | None:
        """Return object and command of an action, None when it was never done."""


class LeadRepository(Protocol):
    """What employees reported, each a row with a version."""

    def add(self, lead: Lead) -> None:
        """Store a new lead; VersionConflict when its id is taken."""

    def save(self, lead: Lead) -> Lead:
        """Store the next version (`lead.version` is the one read) and return it; VersionConflict
        when somebody wrote in between."""

    def get(self, lead_id: str) -> Lead | None:
        """Return a lead by id."""

    def next_id(self, business_date: str) -> str:
        """Return the next free id of a day, `L-20261121-01` for `20261121`; a rollback gives it
        back.
        """

    def claim_key(self, key: str, lead_id: str) -> str:
        """Return the lead a key belongs to, which is this one when nobody had it: what two people
        report at once is one thing.
        """

    def of_reporter(self, account_id: str, limit: int = 100) -> list[Lead]:
        """Return what somebody reported, newest first."""

    def same_as(self, root_id: str) -> list[Lead]:
        """Return every report of one thing, newest first."""

    def in_state(self, state: LeadState, limit: int = 100) -> list[Lead]:
        """Return the first reports in a state, newest first."""

    def count(self, state: LeadState) -> int:
        """Return how many first reports are in a state."""

    def all_kept(self) -> list[Lead]:
        """Return every lead whose pictures are to be kept: all that were not dismissed."""


class SeenPageRepository(Protocol):
    """Which pages of the archive hold a mention; it outlives the frontier of the crawl."""

    def note(self, page: SeenPage, mention_ids: Iterable[str]) -> None:
        """Note that mentions stood on a page; the same again changes nothing but its time."""

    def of(self, mention_ids: Iterable[str]) -> dict[str, list[SeenPage]]:
        """Return the pages of each mention, newest first; a mention without any is left out."""

    def prune(self, before: datetime, keep: Collection[str]) -> int:
        """Forget pages fetched before, but for those with one of the hashes; return how many."""


class SpooledRepository(Protocol):
    """Which looks wait in the spools of the machines, and what the ledger is owed for them."""

    def add(self, look: WaitingLook) -> None:
        """Note that a look waits; the same again changes nothing."""

    def of_spool(self, spool: str) -> list[str]:
        """Return the ids of the looks that wait in a spool."""

    def take_off(self, look_id: str, *, new: int, dead_lettered: int) -> bool:
        """Note that a look was stored, with what it brought; False when it was not waiting."""

    def lose(self, look_ids: Iterable[str]) -> int:
        """Note that looks will never come out of their spool; return how many had waited."""

    def debt(self, lineage: str) -> RunDebt | None:
        """Return what is owed for a crawl, None when nothing of it was ever spooled."""

    def owe(self, lineage: str, run_id: str, rows: Sequence[CoverageRow]) -> None:
        """Keep the entries that will be true when nothing of the crawl waits any more."""

    def payable(self) -> list[RunDebt]:
        """Return the crawls that ended and of which nothing waits any more."""

    def forget(self, lineage: str) -> None:
        """Drop what is owed for a crawl: the ledger has it."""

    def waiting(self) -> list[SpoolStanding]:
        """Return what waits in each spool, by its name; spools without anything are left out."""

    def prune(self, before: datetime) -> int:
        """Drop debts of crawls that were last heard of before and never ended; return how many."""


class DeadLetterRepository(Protocol):
    """Mentions that the mention store refused, one a mention id."""

    def put(self, letters: Iterable[DeadLetter]) -> None:
        """Store refusals. Of a mention that has one, the newer look is kept and the attempt
        counted.
        """

    def recent(self, limit: int = 50) -> list[DeadLetter]:
        """Return letters, the newest refusal first."""

    def get(self, mention_ids: Iterable[str]) -> list[DeadLetter]:
        """Return those of the mentions that have one, by mention id."""

    def ids(self) -> list[str]:
        """Return the mention ids of all letters, in order."""

    def count(self) -> int:
        """Return how many there are."""

    def remove(self, mention_ids: Iterable[str]) -> int:
        """Drop letters; return how many there were."""

    def end(self, mention_ids: Iterable[str], collected_at: datetime) -> int:
        """Drop the letters of mentions of which a look of that time, or a newer one, was stored;
        return how many.
        """

    def prune(self, before: datetime) -> int:
        """Drop letters last refused before; return how many."""


class AssessmentRepository(Protocol):
    """采集影响评估, signed: every sheet of every source, for years."""

    def add(self, assessment: Assessment) -> None:
        """Store a new sheet; VersionConflict when its id is taken."""

    def save(self, assessment: Assessment) -> Assessment:
        """Store the next version (`assessment.version` is the one read) and return it;
        VersionConflict when somebody wrote in between.
        """

    def get(self, assessment_id: str) -> Assessment | None:
        """Return a sheet by id."""

    def current(self, source_id: str) -> Assessment | None:
        """Return the newest sheet of a source, whatever became of it; None without one. Whether it
        holds, `domain.assessment.lapse_of` tells.
        """

    def history(self, source_id: str) -> list[Assessment]:
        """Return every sheet of a source, newest first."""

    def newest(self) -> list[Assessment]:
        """Return the newest sheet of each source."""

    def next_id(self, business_date: str) -> str:
        """Return the next free id of a day, `P-20261121-01` for `20261121`."""

    def prune(self, before: datetime) -> int:
        """Destroy the sheets that were over before a moment; return how many."""


class SessionRepository(Protocol):
    """The operator's logins at the platforms, the newest one of each; what opens them is sealed."""

    def put(self, session: PlatformSession, sealed: bytes) -> None:
        """Store a login in the place of the one before it."""

    def get(self, platform: Platform) -> PlatformSession | None:
        """Return a platform's newest login, also one that ended; None when there never was one."""

    def all(self) -> list[PlatformSession]:
        """Return the newest login of each platform, by platform."""

    def sealed_state(self, platform: Platform, *, to_change: bool = False) -> bytes | None:
        """Return the sealed storage state of a login that has not ended, None without one.
        `to_change`: nobody else changes it until the unit ends, where the store has row locks.
        """

    def reseal(
        self, platform: Platform, login: int, sealed: bytes, expires_at: datetime | None
    ) -> bool:
        """Replace the sealed state of a login that has not ended; False when it is no longer
        that login.
        """

    def end(self, platform: Platform, login: int, *, at: datetime, reason: str) -> bool:
        """Note that a login ended, and destroy its sealed state; False when it had ended, or is no
        longer that login.
        """


class ModelRunRepository(Protocol):
    """Which model judged which part of the history, and how far judging it again has come."""

    def current(self) -> ModelRun | None:
        """Return the newest run, None before the first."""

    def all(self) -> list[ModelRun]:
        """Return every run, the newest first."""

    def number_of(self, model_id: str) -> int:
        """Return the newest run of a model, 0 when it never had one."""

    def next_number(self) -> int:
        """Return the number of the next run; whoever else asks waits for this unit's end."""

    def add(self, run: ModelRun) -> None:
        """Store a new run."""

    def save(self, run: ModelRun) -> None:
        """Store how far a run has come."""


class Spool(Protocol):
    """Looks that wait on this machine, first in, first out; each survives kill -9 once `put`
    returned.
    """

    @property
    def name(self) -> str:
        """What this machine's spool is called everywhere, for good."""

    def put(self, look: Look, mentions: int) -> None:
        """Keep a look durably behind all others; the same again changes nothing. `mentions` of it
        are to be stored. StoreUnavailable when the spool is full or its disk says no.
        """

    def first(self) -> Look | None:
        """Return the look that has waited longest, None when none waits.

        An attempt at it is counted: one that ended the program time and again is set aside.
        """

    def give_back(self, look_id: str) -> None:
        """Say that the attempt at a look failed for no fault of its own."""

    def remove(self, look_id: str) -> None:
        """Drop a look: it is stored."""

    def ids(self) -> set[str]:
        """Return the ids of the looks that wait."""

    def is_empty(self) -> bool:
        """Whether nothing waits."""

    def state(self) -> SpoolState:
        """Return figures."""

    def retry_aside(self) -> int:
        """Put what was set aside behind all others, to be tried once more; return how many."""

    def draining(self) -> AbstractContextManager[bool]:
        """Hold the right to empty the spool; False when another process has it."""

    def in_step(self) -> AbstractContextManager[None]:
        """Keep others from putting, or removing, a look and saying so in the workflow database
        while the block lasts, so that the two never look at odds. Short, and never nested.
        """


class DriftRepository(Protocol):
    """What was read of each surface, run by run, and the episodes in which it was less."""

    def count(self, counts: SurfaceCounts) -> None:
        """Add what a page brought to what its run has of the surface."""

    def of_run(self, run_id: str) -> list[SurfaceCounts]:
        """Return what a run read, by surface."""

    def history(self, source_id: str, limit: int = 1000) -> list[SurfaceCounts]:
        """Return the newest counts of a source, oldest first."""

    def save(self, episode: Episode) -> None:
        """Store an episode, or its next state."""

    def episodes(self, source_id: str | None = None) -> list[Episode]:
        """Return the episodes of a source, or of all, the newest first; those that go on before
        those that ended.
        """

    def note_page(self, page: ReadPage) -> None:
        """Note a page that a run read; the same again replaces it."""

    def pages(
        self, since: datetime, source_id: str | None = None, *, unread: bool = False
    ) -> list[ReadPage]:
        """Return the pages fetched at or after `since`, oldest first; `unread`: only those that
        their reader gave up.
        """

    def prune_pages(self, before: datetime) -> int:
        """Forget pages fetched before; return how many."""

    def prune(self, before: datetime) -> int:
        """Drop counts made, and episodes ended, before; return how many."""


class UnitOfWork(Protocol):
    """One transaction over the workflow database: all of it commits, or none of it.

    Used as `with begin() as work: …; work.commit()`. Leaving the block without `commit` rolls back.
    """

    configuration: ConfigurationRepository
    coverage: CoverageRepository
    crawls: CrawlRepository
    slots: SlotRepository
    signals: SignalRepository
    evaluations: EvaluationRepository
    outbox: OutboxRepository
    audit: AuditRepository
    sealed_names: SealedNameRepository
    accounts: AccountRepository
    silences: SilenceRepository
    logins: LoginRepository
    reports: ReportRepository
    corrections: CorrectionRepository
    notes: NoteRepository
    leads: LeadRepository
    pages: SeenPageRepository
    cases: CaseRepository
    spooled: SpooledRepository
    dead_letters: DeadLetterRepository
    assessments: AssessmentRepository
    sessions: SessionRepository
    drift: DriftRepository
    model_runs: ModelRunRepository

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def commit(self) -> None:
        """Make everything since the beginning durable."""


BeginWork = Callable[[], UnitOfWork]
"""Opens a unit of work; what use cases are given instead of a database."""


class PageArchive(Protocol):
    """Raw pages by content hash, compressed, shared by the workers of a machine."""

    def put(self, body: bytes) -> str:
        """Store bytes durably and return their SHA-256 in hex; the same bytes again cost
        nothing.
        """

    def get(self, sha256: str) -> bytes | None:
        """Return the bytes, None when they are not (or no longer) there."""

    def prune(self, before: datetime, keep: Collection[str] = ()) -> int:
        """Delete pages last put before, but for those with one of the hashes; return how many."""


class Scout(Protocol):
    """Looks at a source because a person wants to see it, by the rules of a crawl."""

    def try_page(self, watch_id: str, source_id: str) -> Trial:
        """Return what one page shows; it may take minutes, and nothing is kept."""

    def read_robots(self, source_id: str) -> RobotsSnapshot:
        """Return the robots.txt of a source as it is now; CrawlError when that could not begin."""


class Scorer(Protocol):
    """Text in, three calibrated probabilities out."""

    @property
    def model_id(self) -> str:
        """The engine and its version, as it goes into every mention it scores."""

    def score(self, requests: Sequence[ScoreRequest]) -> list[Scores]:
        """Return one answer a request, in order; the same text gives the same answer in any
        batch.
        """


class Notifier(Protocol):
    """Hands one mail to a mail server (or a folder)."""

    def send(self, mail: OutboxMail) -> None:
        """Return when the mail was accepted; DeliveryError says whether to try again."""


class Masker(Protocol):
    """Turns a platform identity into what may be stored."""

    def author_key(self, platform: Platform, uid: str) -> str:
        """Return the keyed hash of a platform's user id."""

    def seal(self, name: str) -> bytes:
        """Encrypt a display name."""

    def unseal(self, sealed: bytes) -> str:
        """Decrypt a sealed display name."""
