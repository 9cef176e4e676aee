"""Warnings of clocks, on a real database: who is told of what, once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from delivery.clock_mail import render_clock_warning
from domain import case_moves as moves
from domain.account import Account, AccountState, Role
from domain.brand import DEFAULT_CLOCKS, Brand, Configuration, Level, Recipient
from domain.case import Case, CaseState, UpwardSheet
from domain.clock_warning import ClockWarning
from domain.clocks import ClockName, ClockState
from domain.outbox import OutboxMail, Rendered
from monitoring.case_clocks import ClockWarner, WarnResult, clock_policy, read_clocks
from storage.sql.database import begin_reading, begin_work
from tests.fakes import NOON
from tests.fixtures.case_trails import a_case
from tests.fixtures.cases import Journey, add_everyone
from tests.fixtures.databases import new_workflow_database

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ONLY_TAKING = {
    level: replace(
        DEFAULT_CLOCKS[level],
        **{name.value: None for name in ClockName if name is not ClockName.ACKNOWLEDGE},
    )
    for level in Level
}


def person(name: str, *roles: Role, address: str | None = None) -> Account:
    return Account(
        id=name,
        login=name,
        name=name,
        roles=frozenset(roles),
        created_at=NOON - DAY,
        address=f"{name}@example.org" if address is None else address,
    )


LI = person("li", Role.ANALYST)
LEAD = person("lead", Role.DUTY_LEAD)
CHIEF = person("chief", Role.APPROVER_L2)
TEAM = (LI, LEAD, CHIEF, person("law", Role.LEGAL))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = new_workflow_database(tmp_path / "workflow.db")
    yield engine
    engine.dispose()


class Desk:
    """A database with a team, and the cases and moves that a test puts there."""

    def __init__(self, engine: Engine, team: tuple[Account, ...] = TEAM) -> None:
        self.begin = begin_work(engine)
        self.read = begin_reading(engine)
        self.warnings: list[ClockWarning] = []
        self.warner = ClockWarner(
            self.begin, self.read, self._render, "Asia/Shanghai", "https://koubei.example"
        )
        configuration = Configuration(
            brands=(Brand("yunzhan", "云栈茶饮"),),
            recipients=(
                Recipient("duty", "值班", "duty@example.org"),
                Recipient("other", "别的", "other@example.org", brand_ids=("other",)),
            ),
            clocks=ONLY_TAKING,
        )
        with self.begin() as work:
            for account in team:
                work.accounts.add(account)
            work.configuration.save(
                configuration, expected_version=0, actor="t", at=NOON - DAY, origin="t"
            )
            work.commit()

    def _render(self, warning: ClockWarning) -> Rendered:
        self.warnings.append(warning)
        return render_clock_warning(warning)

    def open(self, case: Case) -> Case:
        with self.begin() as work:
            work.cases.add(case)
            work.commit()
        self.move(case, "case.opened", NOON)
        return case

    def move(self, case: Case, action: str, at, *, before: CaseState | None = None) -> None:
        with self.begin() as work:
            work.audit.append(
                at=at,
                actor="account:li",
                action=action,
                object_id=case.id,
                reason="",
                payload={"from": before, "to": case.state, "level": case.level, "role": "analyst"},
            )
            work.commit()

    def mails(self) -> list[OutboxMail]:
        with self.begin() as work:
            return sorted(work.outbox.recent(), key=lambda mail: mail.key)

    def readers(self) -> list[str]:
        return sorted(mail.recipient.partition("@")[0] for mail in self.mails())


@pytest.fixture
def desk(engine: Engine) -> Desk:
    return Desk(engine)


@pytest.mark.parametrize(
    ("after", "readers"),
    [
        (7 * MINUTE, []),
        (8 * MINUTE, ["li"]),
        (12 * MINUTE, ["lead", "li"]),
        (15 * MINUTE, ["chief", "lead", "li"]),
        (3 * HOUR, ["chief", "lead", "li"]),
    ],
)
def test_the_circle_of_readers_grows_with_the_time_that_is_gone(desk, after, readers):
    desk.open(a_case(owner_id="li"))
    result = desk.warner.warn(NOON + after)
    assert desk.readers() == readers
    assert result == WarnResult(1, len(readers), 0)


def test_each_threshold_is_told_once_however_often_a_round_runs(desk):
    desk.open(a_case(owner_id="li"))
    for minute in range(61):
        desk.warner.warn(NOON + minute * MINUTE)
    keys = [mail.key for mail in desk.mails()]
    assert len(keys) == len(set(keys)) == 1 + 2 + 3
    assert desk.warner.warn(NOON + 2 * HOUR) == WarnResult(1, 0, 0)
    assert keys[0] == (
        "C-20261120-01|clock:acknowledge-100|20261120T040000-orange|chief@example.org"
    )


def test_who_slept_is_told_of_the_last_threshold_only(desk):
    desk.open(a_case(owner_id="li"))
    desk.warner.warn(NOON + DAY)
    assert {mail.key.split("|")[1] for mail in desk.mails()} == {"clock:acknowledge-100"}


def test_what_is_done_is_not_warned_of(desk):
    case = desk.open(a_case())
    taken = replace(case, state=CaseState.TRIAGE, owner_id="li")
    with desk.begin() as work:
        work.cases.save(taken)
        work.commit()
    desk.move(taken, "case.taken", NOON + MINUTE, before=CaseState.NEW)
    assert desk.warner.warn(NOON + DAY).written == 0


def test_an_archived_case_is_not_looked_at(desk):
    desk.open(a_case(state=CaseState.CLOSED))
    assert desk.warner.warn(NOON + DAY) == WarnResult(0, 0, 0)


def test_a_clock_that_begins_anew_is_warned_of_anew(desk):
    case = desk.open(a_case(owner_id="li"))
    desk.warner.warn(NOON + 8 * MINUTE)
    for action, state, minute in (("case.taken", "triage", 9), ("case.released", "new", 30)):
        desk.move(replace(case, state=CaseState(state)), action, NOON + minute * MINUTE)
    desk.warner.warn(NOON + 38 * MINUTE)
    assert len(desk.mails()) == 2


def test_without_an_owner_the_duty_lead_is_told_at_once(desk):
    desk.open(a_case())
    desk.warner.warn(NOON + 8 * MINUTE)
    assert desk.readers() == ["lead"]


@pytest.mark.parametrize(
    "team",
    [
        (),
        (person("lead", Role.DUTY_LEAD, address=""),),
        (replace(LEAD, state=AccountState.DISABLED),),
    ],
)
def test_a_warning_that_would_reach_nobody_goes_to_who_gets_the_alerts(engine, team):
    desk = Desk(engine, team)
    desk.open(a_case())
    assert desk.warner.warn(NOON + HOUR) == WarnResult(1, 1, 0)
    assert desk.readers() == ["duty"]
    assert "没有可通知的负责人" in desk.mails()[0].rendered.text


def test_a_warning_that_reaches_nobody_at_all_is_counted(engine):
    desk = Desk(engine, ())
    desk.open(a_case(brand_id="third"))
    with desk.begin() as work:
        version, configuration = work.configuration.current()
        work.configuration.save(
            replace(configuration, recipients=()),
            expected_version=version,
            actor="t",
            at=NOON,
            origin="t",
        )
        work.commit()
    assert desk.warner.warn(NOON + HOUR) == WarnResult(1, 0, 1)


def test_the_figures_that_held_when_a_clock_began_are_remembered(desk):
    case = desk.open(a_case())
    later = {**ONLY_TAKING, Level.ORANGE: replace(ONLY_TAKING[Level.ORANGE], acknowledge=DAY)}
    with desk.begin() as work:
        version, configuration = work.configuration.current()
        work.configuration.save(
            replace(configuration, clocks=later),
            expected_version=version,
            actor="t",
            at=NOON + MINUTE,
            origin="t",
        )
        work.commit()
    with desk.read() as work:
        assert len(clock_policy(work).versions) == 2
        readings = read_clocks(work, case, NOON + HOUR)
    [taking] = [r for r in readings if r.name is ClockName.ACKNOWLEDGE]
    assert taking.state is ClockState.BREACHED
    others = {r.state for r in readings} - {ClockState.BREACHED}
    assert others == {ClockState.NOT_SET}


def test_nothing_configured_has_the_default_figures(engine):
    with begin_reading(engine)() as work:
        figure = clock_policy(work).figure(ClockName.ACKNOWLEDGE, Level.RED, NOON)
    assert figure == 10 * MINUTE


@pytest.mark.slow
def test_hundreds_of_cases_are_all_looked_at(desk):
    with desk.begin() as work:
        for number in range(450):
            case = a_case(id=f"C-20261120-{number:03}", owner_id="li")
            work.cases.add(case)
            work.audit.append(
                at=NOON,
                actor="system",
                action="case.opened",
                object_id=case.id,
                reason="",
                payload={"to": case.state, "level": case.level},
            )
        work.commit()
    assert desk.warner.warn(NOON + 8 * MINUTE) == WarnResult(450, 450, 0)


def test_the_trail_that_the_case_engine_writes_drives_the_clocks(tmp_path: Path):
    """The real moves, by the real door: not a payload that a test made up."""
    engine = new_workflow_database(tmp_path / "engine.db")
    begin = begin_work(engine)
    add_everyone(begin)
    journey = Journey(begin)
    case = journey.do(journey.open(Level.YELLOW), "analyst", moves.Take())
    case = journey.do(case, "analyst", moves.Hold("等平台回复", journey.at + HOUR))
    case = journey.do(case, "analyst", moves.Wake())
    case = journey.do(case, "duty_lead", moves.ConfirmGrade(Level.ORANGE, "媒体转载"))
    case = journey.do(
        case, "analyst", moves.ReportUpward(UpwardSheet("异物"), ("duty_lead", "approver_l2"))
    )
    with begin() as work:
        readings = {r.name: r for r in read_clocks(work, case, journey.at + MINUTE)}
    engine.dispose()
    assert readings[ClockName.ACKNOWLEDGE].state is ClockState.MET
    assert readings[ClockName.REPORT_EXECUTIVE].state is ClockState.MET
    assert readings[ClockName.REPORT_LEAD].state is ClockState.MET
    fact_sheet = readings[ClockName.FACT_SHEET]
    assert (fact_sheet.level, fact_sheet.state) == (Level.ORANGE, ClockState.OK)
    assert fact_sheet.due_at == NOON + 4 * MINUTE + 2 * HOUR
