"""docs/cases.md: its table is the table of the code."""

from collections.abc import Iterator
from pathlib import Path

from domain.account import Role
from domain.case import CaseState
from domain.case_guards import ON_THE_CASE
from domain.case_table import EVERYBODY, MOVES, Move
from domain.case_words import COMMAND_WORDS, STATE_WORDS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cases.md"
HEAD = "| move | command | from → to | who | only if | clause |"


def rows() -> Iterator[str]:
    """Yield the lines of the table as they have to stand in the page."""
    yield HEAD
    yield "|---|---|---|---|---|---|"
    for move in MOVES:
        word = COMMAND_WORDS[move.command].zh
        guards = "; ".join((guard.__doc__ or "").strip() for guard in move.guards)
        cells = (word, f"`{move.command.__name__}`", _road(move), _who(move), guards, move.clause)
        yield f"| {' | '.join(cells)} |"


def _road(move: Move) -> str:
    everywhere = set(CaseState)
    states = _states(move.states) if set(move.states) != everywhere else "any state"
    if not move.to:
        return f"{states} (stays)"
    many = len(move.to) > 4
    after = "the state it had" if many else " or ".join(state.name for state in move.to)
    return f"{states} → {after}"


def _states(states: tuple[CaseState, ...]) -> str:
    missing = [state for state in CaseState if state not in states]
    if len(missing) <= 4:
        return f"all but {', '.join(state.name for state in missing)}"
    return ", ".join(state.name for state in states)


def _who(move: Move) -> str:
    if move.roles == EVERYBODY:
        return "anybody"
    people = [role.value for role in Role if role in move.roles]
    if move.roles >= ON_THE_CASE:
        people = ["anyone on the case"]
    return ", ".join([*people, *(["the machine"] if move.machine else [])])


def test_the_page_has_the_table_of_the_code():
    page = PAGE.read_text(encoding="utf-8").splitlines()
    first = page.index(HEAD)
    wanted = list(rows())
    assert page[first : first + len(wanted)] == wanted, "put this table in:\n" + "\n".join(wanted)
    assert not page[first + len(wanted)].startswith("|"), "the page has rows the code has not"


def test_the_page_names_every_state():
    page = PAGE.read_text(encoding="utf-8")
    for state in CaseState:
        assert STATE_WORDS[state].zh in page
        assert state.name in page
