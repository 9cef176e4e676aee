from dataclasses import replace
from datetime import timedelta

import pytest

from domain.account import ABSOLUTE_LIMIT, IDLE_LIMIT, AccountState
from tests.fakes import NOON
from tests.fixtures.people import a_session, an_account, move_in
from workflow.sessions import (
    PLAIN_COOKIE,
    SECURE_COOKIE,
    account_of,
    account_of_cookies,
    end_other_sessions,
    end_session,
    hash_token,
    name_of_cookies,
    new_token,
    note_sign_of_life,
    session_name,
)

SECOND = timedelta(seconds=1)


@pytest.fixture
def token(services) -> str:
    move_in(services.begin_work, an_account())
    return a_session(services.begin_work, an_account(), NOON)


def lives(services, token, at=NOON) -> bool:
    return account_of(services.begin_reading, token, at) is not None


def test_a_session_ends_when_nobody_uses_it(services, token):
    assert lives(services, token, NOON + IDLE_LIMIT - SECOND)
    assert not lives(services, token, NOON + IDLE_LIMIT)


def test_signs_of_life_prolong_it_up_to_its_absolute_end(services, token):
    at = NOON
    while at + timedelta(minutes=20) < NOON + ABSOLUTE_LIMIT:
        at += timedelta(minutes=20)
        _, session = account_of(services.begin_reading, token, at)
        note_sign_of_life(services.begin_work, session, at)
    assert lives(services, token, NOON + ABSOLUTE_LIMIT - SECOND)
    assert not lives(services, token, NOON + ABSOLUTE_LIMIT)


def test_a_sign_of_life_is_written_once_a_minute(services, token):
    _, session = account_of(services.begin_reading, token, NOON)
    note_sign_of_life(lambda: pytest.fail("written"), session, NOON + 59 * SECOND)
    note_sign_of_life(services.begin_work, session, NOON + 60 * SECOND)
    assert account_of(services.begin_reading, token, NOON)[1].seen_at == NOON + 60 * SECOND


def test_logout_ends_it_at_once_and_only_this_one(services, token):
    other = a_session(services.begin_work, an_account(), NOON)
    end_session(services.begin_work, token, NOON)
    assert not lives(services, token)
    assert lives(services, other)


def test_all_others_end_and_this_one_stays(services, token):
    others = [a_session(services.begin_work, an_account(), NOON) for _ in range(3)]
    assert end_other_sessions(services.begin_work, token, NOON) == 3
    assert [lives(services, one) for one in others] == [False] * 3
    assert lives(services, token)


def test_a_disabled_account_has_no_session(services, token):
    with services.begin_work() as work:
        work.accounts.save(replace(work.accounts.get("id-lin"), state=AccountState.DISABLED))
        work.commit()
    assert not lives(services, token)


@pytest.mark.parametrize("token", ["", "x", "0" * 64, "\ud800"])
def test_what_is_no_token_is_nobody_s(services, token):
    assert not lives(services, token)


def test_the_table_holds_no_token(services, token, tmp_path):
    for file in tmp_path.glob("workflow.sqlite*"):
        assert token.encode() not in file.read_bytes()
    assert len(new_token()) == 64
    assert hash_token(token) != token


@pytest.mark.parametrize("name", [SECURE_COOKIE, PLAIN_COOKIE])
def test_pages_ask_with_the_cookies_that_they_see(services, token, name):
    found = account_of_cookies(services.begin_reading, {"x": "y", name: token}, NOON)
    assert found.login == "lin"
    assert account_of_cookies(services.begin_reading, {"x": token}, NOON) is None
    _, session = account_of(services.begin_reading, token, NOON)
    assert name_of_cookies({"x": "y", name: token}) == session_name(session)
    assert name_of_cookies({"x": token}) == ""
