from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from domain.account import AccountState, Role
from domain.audit import first_broken
from domain.errors import InputRefused, NotPermitted, VersionConflict
from tests.fakes import NOON
from tests.fixtures.people import PASSWORD, a_session, an_account, move_in
from workflow.accounts import (
    House,
    Operator,
    disable,
    enable,
    end_sessions,
    invite,
    list_accounts,
    reset,
    set_roles,
)
from workflow.login import Entry, log_in, owner_of_link, set_password_by_link
from workflow.sessions import account_of

HOUSE = House("https://koubei.example")
ADMIN = an_account("admin", Role.ADMIN, address="admin@example.com")
OTHER_ADMIN = an_account("boss", Role.ADMIN, address="boss@example.com")
LEAD = an_account("lead", Role.DUTY_LEAD, address="lead@example.com")
PLAIN = an_account("chen", Role.ANALYST, address="chen@example.com")
SHELL = Operator("root")


@pytest.fixture
def team(services):
    move_in(services.begin_work, ADMIN, LEAD, PLAIN)
    return services


def ask_in(services, **changes):
    values = {"login": "new", "name": "新来的", "roles": {Role.ANALYST}, "at": NOON, "house": HOUSE}
    return invite(services.begin_work, ADMIN.id, **{**values, **changes})


def ticket_of(link) -> str:
    return parse_qs(urlsplit(link.url).query)["ticket"][0]


def mails(services) -> list[tuple[str, str]]:
    with services.begin_reading() as work:
        return [(mail.recipient, mail.rendered.text) for mail in work.outbox.recent(50)]


def trail(services) -> list[tuple[str, str, str]]:
    with services.begin_reading() as work:
        rows = list(work.audit.rows())
    assert first_broken(rows) is None
    return [(row.actor, row.action, row.object_id) for row in rows]


def account(services, account_id):
    with services.begin_reading() as work:
        return work.accounts.get(account_id)


def enter(services, login, password=PASSWORD):
    return log_in(services.door, login=login, password=password, address="::1", at=NOON).entry


CHANGES = {
    "list": lambda s, by: list_accounts(s.begin_reading, by),
    "invite": lambda s, by: invite(
        s.begin_work, by, login="new", name="n", roles=(), at=NOON, house=HOUSE
    ),
    "roles": lambda s, by: set_roles(
        s.begin_work, by, PLAIN.id, {Role.ADMIN}, expected_version=0, at=NOON, house=HOUSE
    ),
    "disable": lambda s, by: disable(
        s.begin_work, by, PLAIN.id, expected_version=0, reason="", at=NOON
    ),
    "enable": lambda s, by: enable(s.begin_work, by, PLAIN.id, expected_version=0, at=NOON),
    "reset": lambda s, by: reset(s.begin_work, by, PLAIN.id, at=NOON, house=HOUSE),
    "end sessions": lambda s, by: end_sessions(s.begin_work, by, PLAIN.id, at=NOON),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("by", [LEAD.id, PLAIN.id, "nobody", ""])
def test_only_admins_manage_accounts(team, change, by):
    with pytest.raises(NotPermitted):
        CHANGES[change](team, by)
    assert trail(team) == []
    assert mails(team) == []


@pytest.mark.parametrize("change", [name for name in CHANGES if name != "list"])
@pytest.mark.parametrize("by", [ADMIN.id, SHELL])
def test_every_change_is_in_the_trail_with_its_actor(team, change, by):
    CHANGES[change](team, by)
    actors = {actor for actor, _, _ in trail(team)}
    assert actors == ({"operator:root"} if by is SHELL else {ADMIN.actor})


class TestInvitation:
    def test_the_link_sets_a_password_once_and_lets_in(self, team):
        link = ask_in(team)
        assert enter(team, "new") is Entry.REFUSED
        token = set_password_by_link(team.door, ticket=ticket_of(link), password=PASSWORD, at=NOON)
        assert account_of(team.begin_reading, token, NOON)[0].name == "新来的"
        assert enter(team, "new") is Entry.ENTERED
        with pytest.raises(InputRefused, match="past its time or was used"):
            set_password_by_link(team.door, ticket=ticket_of(link), password=PASSWORD, at=NOON)

    def test_looking_at_it_uses_nothing_up(self, team):
        ticket = ticket_of(ask_in(team))
        for _ in range(3):
            assert owner_of_link(team.begin_reading, ticket, NOON).login == "new"

    def test_a_password_that_is_refused_leaves_the_link_alive(self, team):
        ticket = ticket_of(ask_in(team))
        with pytest.raises(InputRefused):
            set_password_by_link(team.door, ticket=ticket, password="password12345", at=NOON)
        assert owner_of_link(team.begin_reading, ticket, NOON)

    def test_it_ends_after_seven_days(self, team):
        link = ask_in(team)
        assert link.expires_at == NOON + timedelta(days=7)
        assert owner_of_link(team.begin_reading, ticket_of(link), link.expires_at) is None

    def test_it_is_mailed_where_an_address_is_known(self, team):
        link = ask_in(team, address="new@example.com")
        ((recipient, text),) = mails(team)
        assert recipient == "new@example.com"
        assert link.url in text

    @pytest.mark.parametrize(
        "changes",
        [
            {"login": "a"},
            {"login": "two words"},
            {"login": "x" * 65},
            {"login": "a\nb"},
            {"login": "ADMIN"},
            {"name": ""},
            {"name": "n" * 41},
            {"address": "nowhere"},
            {"address": "a@b\r\nBcc: c@d"},
        ],
    )
    def test_what_cannot_be_an_account_is_refused(self, team, changes):
        with pytest.raises(InputRefused):
            ask_in(team, **changes)


class TestRoles:
    def test_the_version_that_was_seen_is_needed(self, team):
        with pytest.raises(VersionConflict):
            set_roles(
                team.begin_work,
                ADMIN.id,
                PLAIN.id,
                {Role.DRAFTER},
                expected_version=7,
                at=NOON,
                house=HOUSE,
            )

    def grant(self, team, to, roles):
        known = account(team, to.id)
        return set_roles(
            team.begin_work,
            ADMIN.id,
            to.id,
            known.roles | roles,
            expected_version=known.version,
            at=NOON,
            house=HOUSE,
        )

    def test_an_admin_who_makes_himself_an_approver_is_seen_by_the_other_admins(self, team):
        move_in(team.begin_work, OTHER_ADMIN)
        self.grant(team, ADMIN, {Role.APPROVER_L1})
        ((recipient, text),) = mails(team)
        assert recipient == OTHER_ADMIN.address
        assert "为自己增加了角色：一级审批" in text
        with team.begin_reading() as work:
            assert '"self":true' in list(work.audit.rows())[-1].payload

    def test_the_only_admin_is_seen_by_the_duty_leads(self, team):
        self.grant(team, ADMIN, {Role.APPROVER_L2})
        assert [recipient for recipient, _ in mails(team)] == [LEAD.address]

    @pytest.mark.parametrize("role", [Role.ADMIN, Role.APPROVER_L3])
    def test_weighty_roles_of_others_are_told_too(self, team, role):
        move_in(team.begin_work, OTHER_ADMIN)
        self.grant(team, PLAIN, {role})
        ((recipient, text),) = mails(team)
        assert recipient == OTHER_ADMIN.address
        assert "为 Chen 增加了角色" in text

    def test_light_roles_are_told_to_nobody(self, team):
        self.grant(team, PLAIN, {Role.DRAFTER})
        assert mails(team) == []


class TestLastAdmin:
    def test_neither_demoted_nor_disabled(self, team):
        with pytest.raises(NotPermitted, match="last admin"):
            set_roles(
                team.begin_work, ADMIN.id, ADMIN.id, (), expected_version=0, at=NOON, house=HOUSE
            )
        with pytest.raises(NotPermitted, match="last admin"):
            disable(team.begin_work, SHELL, ADMIN.id, expected_version=0, reason="", at=NOON)
        assert account(team, ADMIN.id) == ADMIN
        assert trail(team) == []

    def test_a_disabled_second_admin_does_not_count(self, team):
        move_in(team.begin_work, an_account("old", Role.ADMIN, state=AccountState.DISABLED))
        with pytest.raises(NotPermitted, match="last admin"):
            disable(team.begin_work, SHELL, ADMIN.id, expected_version=0, reason="", at=NOON)


def test_disabling_ends_sessions_and_links_at_once(team):
    token = a_session(team.begin_work, PLAIN, NOON)
    ticket = ticket_of(reset(team.begin_work, ADMIN.id, LEAD.id, at=NOON, house=HOUSE))
    disable(team.begin_work, ADMIN.id, PLAIN.id, expected_version=0, reason="left", at=NOON)
    disable(team.begin_work, ADMIN.id, LEAD.id, expected_version=1, reason="left", at=NOON)
    assert account_of(team.begin_reading, token, NOON) is None
    assert owner_of_link(team.begin_reading, ticket, NOON) is None
    enable(team.begin_work, ADMIN.id, PLAIN.id, expected_version=1, at=NOON)
    assert account_of(team.begin_reading, token, NOON) is None, "an ended session stays ended"
    assert enter(team, "chen") is Entry.ENTERED


def test_a_reset_voids_password_and_sessions_and_tells_the_owner(team):
    token = a_session(team.begin_work, PLAIN, NOON)
    link = reset(team.begin_work, ADMIN.id, PLAIN.id, at=NOON, house=HOUSE)
    assert account_of(team.begin_reading, token, NOON) is None
    assert enter(team, "chen") is Entry.REFUSED
    assert [recipient for recipient, _ in mails(team)] == [PLAIN.address]
    set_password_by_link(team.door, ticket=ticket_of(link), password=PASSWORD, at=NOON)
    assert enter(team, "chen") is Entry.ENTERED


def test_a_second_reset_voids_the_first_link(team):
    first, second = (
        reset(team.begin_work, ADMIN.id, PLAIN.id, at=NOON, house=HOUSE) for _ in range(2)
    )
    assert owner_of_link(team.begin_reading, ticket_of(first), NOON) is None
    assert owner_of_link(team.begin_reading, ticket_of(second), NOON)


def test_an_admin_ends_the_sessions_of_another(team):
    tokens = [a_session(team.begin_work, PLAIN, NOON) for _ in range(2)]
    assert end_sessions(team.begin_work, ADMIN.id, PLAIN.id, at=NOON) == 2
    assert [account_of(team.begin_reading, one, NOON) for one in tokens] == [None, None]
