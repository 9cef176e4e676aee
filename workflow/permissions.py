"""Who may do what, outside of a case (a case's moves have their own table in `domain`).

The table is the one truth: use cases call `require`, pages ask `may` only to hide what would be
refused. The account is read in the same transaction as the act, so a role that was taken away a
moment ago no longer counts.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from domain.account import Account, AccountState, Role
from domain.errors import NotPermitted, Text
from domain.ports import UnitOfWork


class Permission(StrEnum):
    """An act, or a room, that not everybody has."""

    READ = "read"
    REPORT_LEAD = "report_lead"
    ACKNOWLEDGE = "acknowledge"
    MAKE_CASE = "make_case"
    MARK_FALSE_ALARM = "mark_false_alarm"
    SILENCE = "silence"
    CORRECT = "correct"
    EXPORT = "export"
    EDIT_REPORT = "edit_report"
    REVIEW_REPORT = "review_report"
    SEND_REPORT = "send_report"
    EDIT_WATCHES = "edit_watches"
    EDIT_ROSTER = "edit_roster"
    EDIT_SETTINGS = "edit_settings"
    CHANGE_MODEL = "change_model"
    SIGN_SOURCE = "sign_source"
    MANAGE_ACCOUNTS = "manage_accounts"
    READ_AUDIT = "read_audit"
    READ_SEALED_NAME = "read_sealed_name"


_R = Role
_HANDLES = frozenset({_R.ANALYST, _R.DUTY_LEAD})
_EVERYBODY = frozenset(Role)
_PR = _EVERYBODY - {_R.ETHICS}

PERMITTED: Final[Mapping[Permission, frozenset[Role]]] = {
    Permission.READ: _PR,
    Permission.REPORT_LEAD: _EVERYBODY,
    Permission.ACKNOWLEDGE: _HANDLES,
    Permission.MAKE_CASE: _HANDLES,
    Permission.MARK_FALSE_ALARM: _HANDLES,
    Permission.SILENCE: frozenset({_R.DUTY_LEAD}),
    Permission.CORRECT: _HANDLES | {_R.VERIFIER},
    Permission.EXPORT: _HANDLES | {_R.AUDITOR},
    Permission.EDIT_REPORT: _HANDLES,
    Permission.REVIEW_REPORT: frozenset({_R.DUTY_LEAD, _R.APPROVER_L1, _R.APPROVER_L2}),
    Permission.SEND_REPORT: frozenset({_R.DUTY_LEAD}),
    Permission.EDIT_WATCHES: frozenset({_R.DUTY_LEAD, _R.ADMIN}),
    Permission.EDIT_ROSTER: frozenset({_R.DUTY_LEAD, _R.ADMIN}),
    Permission.EDIT_SETTINGS: frozenset({_R.ADMIN}),
    Permission.CHANGE_MODEL: frozenset({_R.DUTY_LEAD, _R.ADMIN}),
    Permission.SIGN_SOURCE: frozenset({_R.LEGAL, _R.ADMIN}),
    Permission.MANAGE_ACCOUNTS: frozenset({_R.ADMIN}),
    Permission.READ_AUDIT: frozenset({_R.AUDITOR, _R.DUTY_LEAD, _R.ADMIN}),
    Permission.READ_SEALED_NAME: frozenset({_R.DUTY_LEAD, _R.LEGAL}),
}


def nobody_may() -> NotPermitted:
    """The refusal for an account that is not there, or not any more."""
    return NotPermitted(
        Text("账号不存在或已停用", "no such account, or it is disabled"),
        mend=Text("请管理员在「设置 › 人员」中启用", "an admin enables it in settings"),
    )


def may(account: Account, permission: Permission) -> bool:
    """Whether an account has a permission."""
    return account.state is AccountState.ACTIVE and bool(account.roles & PERMITTED[permission])


def require(work: UnitOfWork, account_id: str, permission: Permission) -> Account:
    """Return the account as it stands now; NotPermitted when it may not do this."""
    account = work.accounts.get(account_id)
    if account is None or account.state is not AccountState.ACTIVE:
        raise nobody_may()
    if not may(account, permission):
        raise NotPermitted(
            Text("您的角色不能执行此操作", "none of your roles may do this"),
            place=permission.value,
            mend=Text("请有权限的同事操作，或请管理员调整角色", "ask one who may, or an admin"),
        )
    return account
