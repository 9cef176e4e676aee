"""Warnings that a clock of a case runs out: at 50 and 80 % of its time, and when it is over.

Clocks are read, not kept (`domain.clocks`), so a round may run twice, late, or on two machines: the
key of a warning names case, clock, threshold, the start of the clock and the reader, and a mail
with that key is there once. A service that slept warns of the highest threshold that was passed,
not of each of them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from domain.account import Account, AccountState, Role
from domain.brand import Configuration, Level, LevelClocks
from domain.case import Case, CaseQuery, CaseState
from domain.clock_warning import ClockWarning, WarnedAs
from domain.clocks import ClockName, ClockPolicy, ClockReading, ClockState, clocks_of
from domain.outbox import OutboxMail, Rendered
from domain.ports import BeginWork, UnitOfWork
from domain.work_calendar import WorkCalendar

RenderClockWarning = Callable[[ClockWarning], Rendered]
"""Makes the words; `delivery.clock_mail.render_clock_warning` is the real one."""

THRESHOLDS: Mapping[ClockState, int] = {
    ClockState.HALF: 50,
    ClockState.NEAR: 80,
    ClockState.BREACHED: 100,
}
ACTIVE = tuple(state for state in CaseState if state.is_active)
_PAGE = 200


@dataclass(frozen=True, slots=True)
class WarnResult:
    """What one round did: cases looked at, mails written, warnings that reach nobody."""

    cases: int = 0
    written: int = 0
    unreached: int = 0


@dataclass(frozen=True, slots=True)
class ClockWarner:
    """Writes the warnings that are due."""

    begin_work: BeginWork
    begin_reading: BeginWork
    render: RenderClockWarning
    zone_name: str
    public_url: str

    def warn(self, now: datetime) -> WarnResult:
        """Look at every active case and write one mail a warning and reader that has none yet.

        Reading waits for no writer; each case with something to tell is then read again in its own
        transaction, so nobody is warned of what was done a moment ago.
        """
        looked = unreached = 0
        told: list[str] = []
        with self.begin_reading() as work:
            desk = _Desk.open(work, now)
            for case in active_cases(work):
                looked += 1
                due = desk.warnings(work, case)
                unreached += sum(not warning.address for warning in due)
                if any(self._is_news(work, warning) for warning in due):
                    told.append(case.id)
        return WarnResult(looked, sum(self._write(case_id, now) for case_id in told), unreached)

    def _write(self, case_id: str, now: datetime) -> int:
        with self.begin_work() as work:
            case = work.cases.get(case_id)
            if case is None or not case.state.is_active:
                return 0
            desk = _Desk.open(work, now)
            reached = [due for due in desk.warnings(work, case) if due.address]
            written = sum(work.outbox.add(self._mail(due, desk)) for due in reached)
            work.commit()
        return written

    def _is_news(self, work: UnitOfWork, due: "_Due") -> bool:
        return bool(due.address) and work.outbox.get(due.key) is None

    def _mail(self, due: "_Due", desk: "_Desk") -> OutboxMail:
        case, brands = due.case, {b.id: b.name for b in desk.configuration.brands}
        warning = ClockWarning(
            case=case,
            reading=due.reading,
            threshold=due.threshold,
            warned_as=due.warned_as,
            at=desk.now,
            owner=desk.accounts[case.owner_id].name if case.owner_id in desk.accounts else "",
            brand_name=brands.get(case.brand_id, case.brand_id),
            zone_name=self.zone_name,
            public_url=self.public_url,
            demo=desk.configuration.is_demo,
        )
        return OutboxMail(
            key=due.key,
            recipient=due.address,
            rendered=self.render(warning),
            created_at=desk.now,
            next_attempt_at=desk.now,
            kind="clock",
        )


def active_cases(work: UnitOfWork) -> Iterator[Case]:
    """Yield every case that is not done."""
    offset: int | None = 0
    while offset is not None:
        page = work.cases.search(CaseQuery(states=ACTIVE), limit=_PAGE, offset=offset)
        yield from page.cases
        offset = page.next_offset


def clock_policy(work: UnitOfWork) -> ClockPolicy:
    """Return the company's figures with the moments from which they held."""
    versions: list[tuple[datetime, Mapping[Level, LevelClocks]]] = []
    for version, at, _, _ in reversed(work.configuration.history()):
        configuration = work.configuration.get(version)
        if configuration and (not versions or versions[-1][1] != configuration.clocks):
            versions.append((at, configuration.clocks))
    if not versions:
        _, unset = work.configuration.current()
        versions.append((datetime.min.replace(tzinfo=UTC), unset.clocks))
    return ClockPolicy(tuple(versions))


def read_clocks(work: UnitOfWork, case: Case, now: datetime) -> list[ClockReading]:
    """Return the clocks of a case: what a page shows beside it."""
    return _Desk.open(work, now).readings(work, case)


@dataclass(frozen=True, slots=True)
class _Due:
    """One warning to one reader; no `address`: there is nobody to write to."""

    case: Case
    reading: ClockReading
    threshold: int
    warned_as: WarnedAs
    address: str

    @property
    def key(self) -> str:
        """case | clock-threshold | epoch | reader; a clock that begins anew has another epoch."""
        epoch = f"{self.reading.started_at:%Y%m%dT%H%M%S}-{self.reading.level.value}"
        clock = f"{self.reading.name.value}-{self.threshold}"
        return f"{self.case.id}|clock:{clock}|{epoch}|{self.address}"


@dataclass(frozen=True, slots=True)
class _Desk:
    """What every case of a round is read with."""

    now: datetime
    configuration: Configuration
    policy: ClockPolicy
    calendar: WorkCalendar
    accounts: Mapping[str, Account]

    @classmethod
    def open(cls, work: UnitOfWork, now: datetime) -> "_Desk":
        _, configuration = work.configuration.current()
        accounts = {a.id: a for a in work.accounts.all() if a.state is AccountState.ACTIVE}
        calendar = WorkCalendar(configuration.calendar)
        return cls(now, configuration, clock_policy(work), calendar, accounts)

    def readings(self, work: UnitOfWork, case: Case) -> list[ClockReading]:
        return clocks_of(case, work.audit.of(case.id), self.policy, self.calendar, self.now)

    def warnings(self, work: UnitOfWork, case: Case) -> list[_Due]:
        """Return what is to be told of a case now, whether or not it was told before."""
        return [
            _Due(case, reading, THRESHOLDS[reading.state], warned_as, address)
            for reading in self.readings(work, case)
            if reading.is_running
            and reading.state in THRESHOLDS
            and not reading.superseded
            and reading.name is not ClockName.WATCH_WINDOW
            for address, warned_as in self._readers(case, THRESHOLDS[reading.state]).items()
        ]

    def _readers(self, case: Case, threshold: int) -> Mapping[str, WarnedAs]:
        """Return who is told, by address: the owner; from 80 % on, or without one, the duty leads;
        at the end also the approvers L2. Who gets the brand's alerts when none of them has an
        address; "" when nobody has.
        """
        found: dict[str, WarnedAs] = {}
        owner = self.accounts.get(case.owner_id)
        if owner is not None and owner.address:
            found[owner.address] = WarnedAs.OWNER
        if threshold >= THRESHOLDS[ClockState.NEAR] or not found:
            self._add(found, Role.DUTY_LEAD, WarnedAs.DUTY_LEAD)
        if threshold >= THRESHOLDS[ClockState.BREACHED]:
            self._add(found, Role.APPROVER_L2, WarnedAs.APPROVER)
        if not found:
            for recipient in self.configuration.recipients:
                reaches = case.level.rank <= recipient.min_level.rank
                if reaches and (not recipient.brand_ids or case.brand_id in recipient.brand_ids):
                    found[recipient.address] = WarnedAs.FALLBACK
        return found or {"": WarnedAs.FALLBACK}

    def _add(self, found: dict[str, WarnedAs], role: Role, warned_as: WarnedAs) -> None:
        for account in self.accounts.values():
            if role in account.roles and account.address:
                found.setdefault(account.address, warned_as)
