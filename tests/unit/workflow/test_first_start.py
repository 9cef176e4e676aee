import pytest

from domain.account import Role
from domain.errors import InputRefused, NotPermitted
from tests.fakes import NOON
from tests.fixtures.people import PASSWORD, an_account, move_in
from workflow.first_start import first_code, make_first_admin, needs_first_admin
from workflow.role_presets import PRESETS, TeamSize, roles_of_first_admin
from workflow.sessions import account_of


def begin(services, code, **changes):
    values = {
        "login": "lin",
        "name": "林澜",
        "mail_address": "",
        "password": PASSWORD,
        "size": TeamSize.SMALL,
        "address": "::1",
        "at": NOON,
        **changes,
    }
    return make_first_admin(services.door, code=code, **values)


@pytest.mark.parametrize("written", [str, str.lower, lambda code: code.replace("-", " ")])
def test_the_code_makes_the_first_admin_and_lets_in(services, written):
    assert needs_first_admin(services.begin_reading)
    account, token = begin(services, written(first_code(services.begin_work, NOON)))
    assert Role.ADMIN in account.roles
    assert account_of(services.begin_reading, token, NOON)[0].login == "lin"
    assert not needs_first_admin(services.begin_reading)
    assert first_code(services.begin_work, NOON) is None


@pytest.mark.parametrize("code", ["", "AAAA-AAAA-AAAA-AAAA"])
def test_no_other_code_does(services, code):
    first_code(services.begin_work, NOON)
    with pytest.raises(InputRefused, match="code is wrong"):
        begin(services, code)


def test_each_start_voids_the_code_before(services):
    old, new = first_code(services.begin_work, NOON), first_code(services.begin_work, NOON)
    with pytest.raises(InputRefused):
        begin(services, old)
    begin(services, new)


def test_what_is_refused_leaves_the_code_good(services):
    code = first_code(services.begin_work, NOON)
    for changes in ({"password": "password12345"}, {"login": "x"}, {"name": ""}):
        with pytest.raises(InputRefused):
            begin(services, code, **changes)
    begin(services, code)


def test_a_code_is_worth_nothing_once_there_is_an_account(services):
    code = first_code(services.begin_work, NOON)
    move_in(services.begin_work, an_account("other"))
    with pytest.raises(InputRefused):
        begin(services, code)


def test_guessing_is_throttled(services):
    code = first_code(services.begin_work, NOON)
    for _ in range(20):
        with pytest.raises(InputRefused):
            begin(services, "AAAA")
    with pytest.raises(NotPermitted, match="too many"):
        begin(services, code)


@pytest.mark.parametrize("size", TeamSize)
def test_the_positions_of_a_team_cover_every_step_and_approving_lies_with_others(size):
    positions = PRESETS[size]
    held = {role for position in positions for role in position.roles}
    needed = {Role.ANALYST, Role.DUTY_LEAD, Role.VERIFIER, Role.DRAFTER, Role.LEGAL} | {
        Role.APPROVER_L1,
        Role.APPROVER_L2,
        Role.APPROVER_L3,
        Role.PUBLISHER,
        Role.COMPLAINT_AGENT,
        Role.AUDITOR,
        Role.ADMIN,
    }
    assert needed <= held
    approving = {Role.APPROVER_L1, Role.APPROVER_L2, Role.APPROVER_L3}
    assert not [p.id for p in positions if Role.DRAFTER in p.roles and p.roles & approving]
    assert Role.ADMIN in roles_of_first_admin(size)
    assert len({position.id for position in positions}) == len(positions)


def test_in_a_large_team_the_admin_approves_nothing():
    assert roles_of_first_admin(TeamSize.LARGE) == {Role.ADMIN}
