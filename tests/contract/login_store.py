"""What a workflow database has to do for logins; a subclass gives the fixture `engine`."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from domain.account import Role
from domain.errors import NotPermitted
from domain.login import Attempts, SecondFactor, Ticket, TicketKind
from domain.ports import BeginWork
from storage.sql.database import begin_work
from tests.fakes import NOON
from tests.fixtures.people import QUICK, an_account, move_in
from workflow.accounts import disable
from workflow.login import Door, Entry, log_in

LATER = NOON + timedelta(minutes=5)
WORKERS = 6


class LoginStoreContract:
    @pytest.fixture
    def begin(self, engine: Engine) -> BeginWork:
        return begin_work(engine)

    def issue(self, begin: BeginWork, **changes: object) -> Ticket:
        values = {
            "secret_hash": "h",
            "kind": TicketKind.OIDC,
            "expires_at": LATER,
            "account_id": "a",
            "payload": {"next": "/案件?id=1", "nonce": "n"},
            **changes,
        }
        ticket = Ticket(**values)  # type: ignore[arg-type]
        with begin() as work:
            work.logins.add_ticket(ticket)
            work.commit()
        return ticket

    def test_a_ticket_comes_back_as_it_was_and_stays_until_it_is_taken(self, begin):
        ticket = self.issue(begin)
        with begin() as work:
            assert work.logins.ticket("h", TicketKind.OIDC, NOON) == ticket
            assert work.logins.take_ticket("h", TicketKind.OIDC, NOON) == ticket
            assert work.logins.take_ticket("h", TicketKind.OIDC, NOON) is None

    def test_a_ticket_of_another_kind_or_past_its_time_is_none(self, begin):
        self.issue(begin)
        with begin() as work:
            assert work.logins.take_ticket("h", TicketKind.INVITATION, NOON) is None
            assert work.logins.take_ticket("h", TicketKind.OIDC, LATER) is None
            assert work.logins.ticket("h", TicketKind.OIDC, LATER) is None
            assert work.logins.take_ticket("h", TicketKind.OIDC, NOON) is not None

    def test_of_many_at_once_one_takes_a_ticket(self, begin):
        self.issue(begin)
        barrier = threading.Barrier(WORKERS)

        def take(_: int) -> bool:
            barrier.wait()
            with begin() as work:
                taken = work.logins.take_ticket("h", TicketKind.OIDC, NOON)
                work.commit()
            return taken is not None

        with ThreadPoolExecutor(WORKERS) as pool:
            assert sum(pool.map(take, range(WORKERS))) == 1

    def test_tickets_are_dropped_by_kind_and_account_and_by_age(self, begin):
        self.issue(begin, secret_hash="one")
        self.issue(begin, secret_hash="other kind", kind=TicketKind.INVITATION)
        self.issue(begin, secret_hash="other account", account_id="b")
        with begin() as work:
            work.logins.drop_tickets(TicketKind.OIDC, "a")
            assert work.logins.ticket("one", TicketKind.OIDC, NOON) is None
            assert work.logins.ticket("other kind", TicketKind.INVITATION, NOON)
            assert work.logins.ticket("other account", TicketKind.OIDC, NOON)
            assert work.logins.prune_tickets(NOON) == 0
            assert work.logins.prune_tickets(LATER) == 2

    def test_counters_are_kept_cleared_and_pruned(self, begin):
        with begin() as work:
            assert work.logins.attempts("x") is None
            work.logins.save_attempts(Attempts("x", 1, NOON))
            work.logins.save_attempts(Attempts("x", 2, LATER))
            work.logins.save_attempts(Attempts("y", 1, NOON))
            assert work.logins.attempts("x") == Attempts("x", 2, LATER)
            assert work.logins.prune_attempts(LATER) == 1
            work.logins.clear_attempts("x")
            assert work.logins.attempts("x") is None

    def test_of_many_guesses_at_once_no_more_than_the_free_ones_are_looked_at(self, begin):
        move_in(begin, an_account())
        door = Door(begin, QUICK)
        with begin() as work:  # the counter's row is there: it is what guesses wait for
            work.logins.save_attempts(Attempts("address:::1", 0, NOON))
            work.commit()
        log_in(door, login="lin", password="wrong", address="::1", at=NOON)

        def guess(number: int) -> Entry:
            return log_in(door, login="lin", password=f"{number}", address="::1", at=NOON).entry

        with ThreadPoolExecutor(WORKERS) as pool:
            entries = list(pool.map(guess, range(20)))
        assert entries.count(Entry.REFUSED) == 4
        assert entries.count(Entry.MUST_WAIT) == 16

    def test_a_second_factor_is_kept_used_step_by_step_and_dropped(self, begin):
        factor = SecondFactor("a", b"\x00sealed", confirmed=True, last_step=5)
        with begin() as work:
            work.logins.save_second_factor(SecondFactor("a", b"first"))
            work.logins.save_second_factor(factor)
            assert work.logins.second_factor("a") == factor
            assert [work.logins.use_step("a", step) for step in (5, 4, 6, 6)] == [
                False,
                False,
                True,
                False,
            ]
            assert not work.logins.use_step("b", 9)
            assert work.logins.drop_second_factor("a")
            assert not work.logins.drop_second_factor("a")
            assert work.logins.second_factor("a") is None

    def test_two_admins_who_disable_each_other_leave_one(self, begin):
        admins = [an_account(name, Role.ADMIN) for name in ("one", "two")]
        move_in(begin, *admins)
        barrier = threading.Barrier(2)

        def end_of(number: int) -> bool:
            barrier.wait()
            by, other = admins[number].id, admins[1 - number].id
            try:
                disable(begin, by, other, expected_version=0, reason="", at=NOON)
            except NotPermitted:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(end_of, range(2))) == [False, True]
