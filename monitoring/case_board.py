"""The board of cases: who has what, in which stage, and how much time is left."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.account import Account
from domain.brand import Level
from domain.case import Case, CaseQuery, CaseSort, CaseState
from domain.case_guards import waiting_roles
from domain.clocks import ClockReading, ClockState, clocks_of, most_urgent
from domain.ports import BeginWork, UnitOfWork
from domain.work_calendar import WorkCalendar
from monitoring.case_clocks import clock_policy
from monitoring.case_view import stage_of

MOST = 200
"""How many cases a board shows; who has more narrows it down."""

LANES: Mapping[str, tuple[str, ...]] = {
    "研判": ("研判", "分派"),
    "核实": ("核实",),
    "拟稿": ("拟稿",),
    "审批": ("审批",),
    "待发布": ("发布记录",),
    "跟踪": ("跟踪",),
    "复盘": ("办结", "复盘", "归档"),
}
"""The lanes of the board and the stages in each."""


class Scope(StrEnum):
    """Which cases are wanted; the value stands in the address."""

    ACTIVE = "active"
    MINE = "mine"
    TO_APPROVE = "approve"
    LATE = "late"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the board is narrowed to; empty means all."""

    scope: Scope = Scope.ACTIVE
    level: Level | None = None
    brand_id: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A case on the board with the clock that is due first."""

    case: Case
    owner: str
    brand: str
    clock: ClockReading | None
    waits_for_me: bool

    @property
    def is_late(self) -> bool:
        """Whether a duty ran out that is still owed."""
        return self.clock is not None and self.clock.state is ClockState.BREACHED


@dataclass(frozen=True, slots=True)
class Board:
    """The cases that fit, most urgent first; `found` is how many there are besides the limit."""

    tickets: tuple[Ticket, ...]
    found: int
    now: datetime

    def lane(self, name: str) -> tuple[Ticket, ...]:
        """Return the tickets of one lane."""
        return tuple(t for t in self.tickets if stage_of(t.case) in LANES[name])

    @property
    def late(self) -> int:
        """How many are late."""
        return sum(ticket.is_late for ticket in self.tickets)


def read_board(
    begin_reading: BeginWork, wanted: Wanted, account: Account, *, now: datetime
) -> Board:
    """Read the cases that fit."""
    over = wanted.scope is Scope.OVER
    query = CaseQuery(
        states=tuple(state for state in CaseState if state.is_active is not over),
        levels=(wanted.level,) if wanted.level else (),
        brand_id=wanted.brand_id,
        owner_id=account.id if wanted.scope is Scope.MINE else "",
        text=wanted.text,
    )
    with begin_reading() as work:
        page = work.cases.search(query, sort=CaseSort.NEWEST, limit=MOST)
        tickets = _tickets(work, page.cases, account, now)
    fitting = [ticket for ticket in tickets if _fits(ticket, wanted.scope)]
    fitting.sort(key=_urgency)
    narrowed = len(fitting) < len(tickets)
    return Board(tuple(fitting), len(fitting) if narrowed else page.total, now)


def _tickets(
    work: UnitOfWork, cases: tuple[Case, ...], account: Account, now: datetime
) -> list[Ticket]:
    _, configuration = work.configuration.current()
    policy, calendar = clock_policy(work), WorkCalendar(configuration.calendar)
    names = {each.id: each.name for each in work.accounts.all()}
    brands = {brand.id: brand.name for brand in configuration.brands}
    return [
        Ticket(
            case=case,
            owner=names.get(case.owner_id, case.owner_id),
            brand=brands.get(case.brand_id, case.brand_id),
            clock=most_urgent(clocks_of(case, work.audit.of(case.id), policy, calendar, now))
            if case.state.is_active
            else None,
            waits_for_me=waits_for(case, account),
        )
        for case in cases
    ]


def waits_for(case: Case, account: Account) -> bool:
    """Whether the approval that is next is this person's to give."""
    return (
        case.state is CaseState.IN_REVIEW
        and bool(set(waiting_roles(case)) & account.roles)
        and account.id not in case.writers
    )


def _fits(ticket: Ticket, scope: Scope) -> bool:
    if scope is Scope.TO_APPROVE:
        return ticket.waits_for_me
    return ticket.is_late if scope is Scope.LATE else True


def _urgency(ticket: Ticket) -> tuple[bool, datetime, int]:
    """What is due first comes first; what has no clock comes last, the graver first."""
    due = ticket.clock.due_at if ticket.clock else None
    return due is None, due or ticket.case.opened_at, ticket.case.level.rank
