from dataclasses import replace
from datetime import timedelta

import pytest

from domain.account import AccountState
from domain.errors import InputRefused, NotPermitted
from tests.fakes import NOON
from tests.fixtures.people import MASKER, PASSWORD, QUICK, a_session, an_account, move_in
from workflow.login import (
    Door,
    Entry,
    change_password,
    give_code,
    log_in,
    of_address,
    prove_password,
)
from workflow.passwords import Passwords
from workflow.second_factor import (
    confirm_second_factor,
    drop_second_factor,
    has_second_factor,
    prepare_second_factor,
)
from workflow.sessions import account_of
from workflow.totp import code_at, step_of

HOME = "198.51.100.4"


@pytest.fixture
def door(services) -> Door:
    move_in(services.begin_work, an_account())
    return services.door


def enter(door, password=PASSWORD, *, login="lin", at=NOON, address=HOME):
    return log_in(door, login=login, password=password, address=address, at=at)


class TestLogIn:
    def test_the_right_password_begins_a_session(self, door, services):
        answer = enter(door)
        assert answer.entry is Entry.ENTERED
        account, session = account_of(services.begin_reading, answer.token, NOON)
        assert account.login == "lin"
        assert session.began_at == NOON

    @pytest.mark.parametrize("login", ["LIN", " lin ", "Lin"])
    def test_a_login_is_compared_without_case_and_blanks(self, door, login):
        assert enter(door, login=login).entry is Entry.ENTERED

    @pytest.mark.parametrize(
        ("login", "password"), [("lin", "wrong"), ("nobody", PASSWORD), ("", ""), ("lin", "")]
    )
    def test_everything_else_gets_one_and_the_same_answer(self, door, login, password):
        answer = enter(door, password, login=login)
        assert (answer.entry, answer.token, answer.until) == (Entry.REFUSED, "", None)

    @pytest.mark.parametrize("changes", [{"state": AccountState.DISABLED}, {"password_hash": ""}])
    def test_who_is_disabled_or_has_no_password_is_refused(self, services, changes):
        move_in(services.begin_work, an_account(**changes))
        assert enter(services.door).entry is Entry.REFUSED
        assert enter(services.door, "").entry is Entry.REFUSED

    def test_an_unknown_login_is_hashed_like_a_known_one(self, services):
        move_in(services.begin_work, an_account())
        asked = []

        class Counting(Passwords):
            def verify(self, password_hash, password):
                asked.append(password_hash)
                return super().verify(password_hash, password)

        door = Door(services.begin_work, Counting(QUICK._hasher))
        for login in ("lin", "nobody"):
            enter(door, "wrong", login=login)
        assert len(asked) == 2

    def test_a_dated_hash_is_made_anew_at_login(self, services):
        move_in(services.begin_work, an_account())
        door = Door(services.begin_work, Passwords())
        assert enter(door).entry is Entry.ENTERED
        with services.begin_reading() as work:
            assert "m=65536" in work.accounts.by_login("lin").password_hash


class TestThrottling:
    def test_after_five_failures_even_the_right_password_waits(self, door):
        for _ in range(5):
            assert enter(door, "wrong").entry is Entry.REFUSED
        answer = enter(door)
        assert answer.entry is Entry.MUST_WAIT
        assert answer.until == NOON + timedelta(seconds=30)
        assert enter(door, at=answer.until).entry is Entry.ENTERED

    def test_it_is_kept_in_the_store_and_so_survives_a_restart(self, door, services):
        for _ in range(5):
            enter(door, "wrong")
        after_restart = Door(services.begin_work, QUICK)
        assert enter(after_restart).entry is Entry.MUST_WAIT

    def test_a_login_that_nobody_has_waits_all_the_same(self, door):
        for _ in range(5):
            enter(door, login="nobody")
        assert enter(door, login="nobody").entry is Entry.MUST_WAIT

    def test_one_address_cannot_try_many_logins(self, door):
        for number in range(20):
            assert enter(door, login=f"user{number}").entry is Entry.REFUSED
        assert enter(door, login="user20").entry is Entry.MUST_WAIT
        assert enter(door, address="198.51.100.5").entry is Entry.ENTERED

    def test_a_success_forgets_the_account_s_failures_but_not_the_address_s(self, door):
        for number in range(19):
            enter(door, login=f"user{number}")
        assert enter(door).entry is Entry.ENTERED
        enter(door, login="one more")
        assert enter(door, login="and another").entry is Entry.MUST_WAIT

    def test_refused_attempts_do_not_prolong_the_wait(self, door):
        for _ in range(5):
            enter(door, "wrong")
        for _ in range(50):
            assert enter(door).until == NOON + timedelta(seconds=30)

    def test_what_was_typed_as_login_is_not_kept(self, door, services, tmp_path):
        enter(door, login="my-very-secret-password")
        for file in tmp_path.glob("workflow.sqlite*"):
            assert b"my-very-secret" not in file.read_bytes()

    @pytest.mark.parametrize(
        ("one", "other", "same"),
        [
            ("2001:db8::1", "2001:db8::ffff", True),
            ("2001:db8::1", "2001:db8:0:1::1", False),
            ("198.51.100.4", "198.51.100.5", False),
            ("::ffff:198.51.100.4", "::ffff:198.51.100.5", False),
            ("not an address", "", True),
        ],
    )
    def test_an_ipv6_household_is_one_visitor(self, one, other, same):
        assert (of_address(one) == of_address(other)) is same


class TestSecondFactor:
    @pytest.fixture
    def secret(self, door, services) -> str:
        secret = prepare_second_factor(services.begin_work, "id-lin", seal=MASKER.seal)
        code = code_at(secret, step_of(NOON) - 1)
        confirm_second_factor(services.begin_work, "id-lin", code, unseal=MASKER.unseal, at=NOON)
        return secret

    def code(self, door, ticket, code, at=NOON):
        return give_code(door, ticket=ticket, code=code, unseal=MASKER.unseal, address=HOME, at=at)

    def test_password_alone_opens_nothing(self, door, secret):
        answer = enter(door)
        assert (answer.entry, answer.token) == (Entry.NEEDS_CODE, "")
        entered = self.code(door, answer.ticket, code_at(secret, step_of(NOON)))
        assert entered.entry is Entry.ENTERED

    def test_a_code_works_once(self, door, secret):
        code = code_at(secret, step_of(NOON))
        assert self.code(door, enter(door).ticket, code).entry is Entry.ENTERED
        assert self.code(door, enter(door).ticket, code).entry is Entry.NEEDS_CODE

    def test_the_code_of_the_confirmation_is_used_up(self, door, secret):
        code = code_at(secret, step_of(NOON) - 1)
        assert self.code(door, enter(door).ticket, code).entry is Entry.NEEDS_CODE

    def test_wrong_codes_are_throttled_however_often_the_password_is_given(self, door, secret):
        for _ in range(5):
            assert self.code(door, enter(door).ticket, "000000").entry is Entry.NEEDS_CODE
        right = code_at(secret, step_of(NOON))
        assert self.code(door, enter(door).ticket, right).entry is Entry.MUST_WAIT

    def test_a_ticket_is_used_up_and_ends(self, door, secret):
        ticket = enter(door).ticket
        late = NOON + timedelta(minutes=5)
        assert self.code(door, ticket, code_at(secret, step_of(late)), late).entry is Entry.REFUSED
        assert self.code(door, ticket, code_at(secret, step_of(NOON))).entry is Entry.ENTERED
        again = self.code(door, ticket, code_at(secret, step_of(NOON) + 1))
        assert again.entry is Entry.REFUSED

    def test_a_new_password_step_voids_the_ticket_before(self, door, secret):
        first, second = enter(door).ticket, enter(door).ticket
        right = code_at(secret, step_of(NOON))
        assert self.code(door, first, right).entry is Entry.REFUSED
        assert self.code(door, second, right).entry is Entry.ENTERED

    def test_the_secret_is_not_in_the_database(self, door, secret, tmp_path):
        for file in tmp_path.glob("workflow.sqlite*"):
            assert secret.encode() not in file.read_bytes()

    def test_until_it_is_confirmed_it_is_not_asked_for(self, door, services):
        prepare_second_factor(services.begin_work, "id-lin", seal=MASKER.seal)
        assert enter(door).entry is Entry.ENTERED
        with pytest.raises(InputRefused):
            confirm_second_factor(
                services.begin_work, "id-lin", "000000", unseal=MASKER.unseal, at=NOON
            )
        assert not has_second_factor(services.begin_reading, "id-lin")

    def test_one_in_use_is_not_replaced_by_preparing_another(self, door, services, secret):
        with pytest.raises(NotPermitted):
            prepare_second_factor(services.begin_work, "id-lin", seal=MASKER.seal)
        drop_second_factor(services.begin_work, "id-lin", at=NOON)
        assert enter(door).entry is Entry.ENTERED


class TestOwnPassword:
    def change(self, door, present=PASSWORD, wanted="an entirely other sentence"):
        return change_password(
            door, "id-lin", present=present, wanted=wanted, address=HOME, at=NOON
        )

    def test_a_change_ends_every_session_but_the_new_one(self, door, services):
        account = an_account()
        old = [a_session(services.begin_work, account, NOON) for _ in range(3)]
        token = self.change(door)
        assert [account_of(services.begin_reading, one, NOON) for one in old] == [None] * 3
        assert account_of(services.begin_reading, token, NOON)
        assert enter(door).entry is Entry.REFUSED
        assert enter(door, "an entirely other sentence").entry is Entry.ENTERED

    def test_the_present_one_is_needed_and_guesses_are_counted(self, door):
        for _ in range(5):
            with pytest.raises(InputRefused, match="present password"):
                self.change(door, present="wrong")
        with pytest.raises(NotPermitted, match="too many"):
            prove_password(door, "id-lin", present=PASSWORD, address=HOME, at=NOON)

    def test_a_guessable_one_is_refused_and_nothing_ends(self, door, services):
        token = a_session(services.begin_work, an_account(), NOON)
        with pytest.raises(InputRefused):
            self.change(door, wanted="password12345")
        assert account_of(services.begin_reading, token, NOON)


def test_an_account_changed_in_the_moment_of_its_login_is_not_let_in(services):
    move_in(services.begin_work, an_account())

    class Slow(Passwords):
        def verify(self, password_hash, password):
            with services.begin_work() as work:
                account = work.accounts.by_login("lin")
                work.accounts.save(replace(account, state=AccountState.DISABLED))
                work.commit()
            return super().verify(password_hash, password)

    assert enter(Door(services.begin_work, Slow(QUICK._hasher))).entry is Entry.REFUSED
