"""The one door of the case page: a form's command goes to `workflow.cases` with the version that
was seen, and what was typed is kept when it is refused.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import streamlit as st

from dashboard.acting import action_id, attempt, note_seen, note_state, seen
from dashboard.services import services
from dashboard.state import key, me, my_session, now
from domain.account import Account
from domain.case import Case
from domain.case_moves import CaseCommand
from domain.case_words import roles_listed
from monitoring.case_view import CaseView
from workflow.cases import act


def do(
    view: CaseView,
    *commands: CaseCommand,
    done: str,
    kept: str = "",
    then: Callable[[Case], None] | None = None,
) -> None:
    """Do one command, or several in turn, and say `done`; a refusal is shown where it was asked
    for, and what was done before it stays done.
    """
    attempt(lambda: _in_turn(view.case, commands), done, kept=kept, then=then)


def _in_turn(case: Case, commands: Sequence[CaseCommand]) -> Case:
    reader = me().id
    for command in commands:
        version = seen(case.id, case.version)
        case = act(
            services().begin_work,
            reader,
            case.id,
            command,
            expected_version=version,
            at=now(),
            desk=services().desk,
            action_id=action_id(reader, case.id, version, command),
            session=my_session(),
        )
        note_seen(case.id, case.version)
        note_state(case.id, case.state.value)
    return case


@contextmanager
def form(view: CaseView, name: str) -> Iterator[None]:
    """A form of this case; its name is unique on the page."""
    with st.form(key("form", view.case.id, name), enter_to_submit=False):
        yield


def field(view: CaseView, *name: object) -> str:
    """Return the name of a text field of this case, for `acting.typed`."""
    return "-".join((view.case.id, *(str(part) for part in name)))


def choose_person(
    label: str, view: CaseView, people: Sequence[Account], name: str, *, chosen: str = ""
) -> str:
    """Ask for one account; "" when there is none to choose."""
    ids = [account.id for account in people]
    if not ids:
        st.selectbox(label, ["没有可选的人，请管理员分配角色"], disabled=True)
        return ""
    told = {account.id: _who(account) for account in people}
    picked = st.selectbox(
        label,
        ids,
        index=ids.index(chosen) if chosen in ids else 0,
        format_func=lambda account_id: told[account_id],
        key=key("who", view.case.id, name),
    )
    return picked or ""


def choose_people(label: str, view: CaseView, people: Sequence[Account], name: str) -> list[str]:
    """Ask for several accounts."""
    told = {account.id: _who(account) for account in people}
    return st.multiselect(
        label,
        list(told),
        format_func=lambda account_id: told[account_id],
        key=key("who", view.case.id, name),
        placeholder="选择同事",
    )


def _who(account: Account) -> str:
    return f"{account.name}（{roles_listed(account.roles).zh}）"
