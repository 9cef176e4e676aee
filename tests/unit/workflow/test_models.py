"""Going back to the model before: who may, upon what they saw, and what is written down."""

from dataclasses import dataclass

import pytest

from domain.account import Account, Role
from domain.errors import KoubeiError, NotPermitted
from domain.queries import AuditFilter
from tests.fakes import NOON
from workflow.models import GIVEN_BACK, INSTALLED, give_back, give_back_at_terminal, note_installed


@dataclass
class Shelf:
    """Models by name alone."""

    names: tuple[str, ...] = ("", "a.npz", "b.npz")

    def back(self):
        self.names = self.names[:-1]
        return self


@pytest.fixture
def people(begin):
    with begin() as work:
        for role in (Role.DUTY_LEAD, Role.ADMIN, Role.ANALYST):
            work.accounts.add(
                Account(role.value, role.value, "某", frozenset({role}), created_at=NOON)
            )
        work.commit()


def trail(begin):
    with begin() as work:
        return list(work.audit.search(AuditFilter(action="model."), limit=10))


@pytest.mark.parametrize("role", [Role.DUTY_LEAD, Role.ADMIN])
def test_who_leads_goes_back_and_it_is_written_down(begin, people, role):
    shelf = Shelf()
    give_back(begin, role.value, shelf, seen="b.npz", reason=" 误判增多 ", at=NOON)
    assert shelf.names == ("", "a.npz")
    [row] = trail(begin)
    assert (row.action, row.object_id, row.reason) == (GIVEN_BACK, "a.npz", "误判增多")
    assert row.actor == f"account:{role.value}"


def test_others_may_not(begin, people):
    shelf = Shelf()
    with pytest.raises(NotPermitted):
        give_back(begin, Role.ANALYST.value, shelf, seen="b.npz", reason="不好", at=NOON)
    assert shelf == Shelf()
    assert trail(begin) == []


@pytest.mark.parametrize(
    ("names", "seen", "reason"),
    [
        (("", "a.npz"), "b.npz", "误判"),  # somebody went back meanwhile
        (("",), "", "误判"),  # there is none before
        (("", "b.npz"), "b.npz", "  "),
    ],
)
def test_nothing_changes_that_was_not_meant(begin, people, names, seen, reason):
    shelf = Shelf(names)
    with pytest.raises(KoubeiError):
        give_back(begin, Role.ADMIN.value, shelf, seen=seen, reason=reason, at=NOON)
    assert shelf.names == names
    assert trail(begin) == []


def test_a_file_that_cannot_be_changed_leaves_no_word(begin, people):
    class Stuck(Shelf):
        def back(self):
            raise PermissionError

    with pytest.raises(PermissionError):
        give_back_at_terminal(begin, "cli:root", Stuck(), at=NOON)
    assert trail(begin) == []


def test_what_is_installed_is_noted_with_its_figures(begin):
    note_installed(begin, "cli:root", Shelf(), before="a.npz", figures={"learnt": 96}, at=NOON)
    [row] = trail(begin)
    assert (row.action, row.object_id) == (INSTALLED, "b.npz")
    assert '"learnt":96' in row.payload.replace(" ", "")
