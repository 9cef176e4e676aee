"""One transaction over the workflow database."""

import secrets
from collections.abc import Callable
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import TimeoutError as PoolTimeout

from domain.errors import Text
from domain.ports import (
    AccountRepository,
    AssessmentRepository,
    AuditRepository,
    BeginWork,
    CaseRepository,
    ConfigurationRepository,
    CorrectionRepository,
    CoverageRepository,
    CrawlRepository,
    DeadLetterRepository,
    DriftRepository,
    EvaluationRepository,
    LeadRepository,
    LoginRepository,
    ModelRunRepository,
    NoteRepository,
    OutboxRepository,
    ReportRepository,
    SealedNameRepository,
    SeenPageRepository,
    SessionRepository,
    SignalRepository,
    SilenceRepository,
    SlotRepository,
    SpooledRepository,
)
from storage.sql.accounts import SqlAccountRepository
from storage.sql.assessments import SqlAssessmentRepository
from storage.sql.audit import SqlAuditRepository
from storage.sql.cases import SqlCaseRepository
from storage.sql.configurations import SqlConfigurationRepository
from storage.sql.corrections import SqlCorrectionRepository
from storage.sql.coverage import SqlCoverageRepository
from storage.sql.crawls import SqlCrawlRepository
from storage.sql.dead_letters import SqlDeadLetterRepository
from storage.sql.drift import SqlDriftRepository
from storage.sql.evaluations import SqlEvaluationRepository
from storage.sql.failures import unavailable
from storage.sql.leads import SqlLeadRepository, SqlSeenPageRepository
from storage.sql.logins import SqlLoginRepository
from storage.sql.model_runs import SqlModelRunRepository
from storage.sql.notes import SqlNoteRepository
from storage.sql.outbox import SqlOutboxRepository
from storage.sql.reports import SqlReportRepository
from storage.sql.sealed_names import SqlSealedNameRepository
from storage.sql.sessions import SqlSessionRepository
from storage.sql.signals import SqlSignalRepository
from storage.sql.silences import SqlSilenceRepository
from storage.sql.slots import SqlSlotRepository
from storage.sql.spooled import SqlSpooledRepository


def _random_salt() -> str:
    return secrets.token_hex(16)


def begin_work(engine: Engine, new_salt: Callable[[], str] = _random_salt) -> BeginWork:
    """Return what opens units of work on a database; `new_salt` seals audit payloads."""
    return lambda: SqlUnitOfWork(engine, new_salt)


class SqlUnitOfWork:
    """The repositories over one connection and its transaction.

    On SQLite it is BEGIN IMMEDIATE: units come one after the other. On PostgreSQL it is READ
    COMMITTED: what must not be decided twice is guarded by a version, a unique key or a row lock.
    StoreUnavailable from `commit` on a line that broke leaves open whether it committed; every
    write here may be repeated, so the answer is to do the unit again.
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

    def __init__(self, engine: Engine, new_salt: Callable[[], str]) -> None:
        self._engine = engine
        self._new_salt = new_salt
        self._db: Connection | None = None

    def __enter__(self) -> Self:
        if self._db is not None:
            raise RuntimeError("a unit of work is entered once")
        db = self._db = _connect(self._engine)
        self.configuration = SqlConfigurationRepository(db)
        self.coverage = SqlCoverageRepository(db)
        self.crawls = SqlCrawlRepository(db)
        self.slots = SqlSlotRepository(db)
        self.signals = SqlSignalRepository(db)
        self.evaluations = SqlEvaluationRepository(db)
        self.outbox = SqlOutboxRepository(db)
        self.audit = SqlAuditRepository(db, self._new_salt)
        self.sealed_names = SqlSealedNameRepository(db)
        self.accounts = SqlAccountRepository(db)
        self.silences = SqlSilenceRepository(db)
        self.logins = SqlLoginRepository(db)
        self.reports = SqlReportRepository(db)
        self.corrections = SqlCorrectionRepository(db)
        self.notes = SqlNoteRepository(db)
        self.leads = SqlLeadRepository(db)
        self.pages = SqlSeenPageRepository(db)
        self.cases = SqlCaseRepository(db)
        self.spooled = SqlSpooledRepository(db)
        self.dead_letters = SqlDeadLetterRepository(db)
        self.assessments = SqlAssessmentRepository(db)
        self.sessions = SqlSessionRepository(db)
        self.drift = SqlDriftRepository(db)
        self.model_runs = SqlModelRunRepository(db)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._db is not None:
            self._db.close()  # rolls back what was not committed

    def commit(self) -> None:
        """Make everything since the beginning durable; what follows is a transaction of its own."""
        if self._db is None:
            raise RuntimeError("the unit of work was not begun")
        self._db.commit()


def _connect(engine: Engine) -> Connection:
    """Return a connection in a transaction; StoreUnavailable when none can be had."""
    try:
        db = engine.connect()
    except PoolTimeout as error:
        fact = Text("数据库连接已用尽", "all connections of this process are in use")
        raise unavailable(fact) from error
    try:
        db.begin()
    except BaseException:
        db.close()
        raise
    return db
