"""The company's own figures for cases: leases, validity, clocks, and who has to approve.

Defaults are those of the response handbook; all of it is a setting.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.account import Role
from domain.approval import ApprovalMode, ChainStep, Deputy
from domain.brand import DEFAULT_CLOCKS, Level, LevelClocks
from domain.draft import Authorship, Draft, Importance

HOUR = timedelta(hours=1)

_L1, _L2, _L3, _LEGAL = (
    ChainStep((Role.APPROVER_L1,)),
    ChainStep((Role.APPROVER_L2,)),
    ChainStep((Role.APPROVER_L3,)),
    ChainStep((Role.LEGAL,)),
)
_BOTH_HEADS = ChainStep((Role.APPROVER_L1, Role.APPROVER_L2), ApprovalMode.ALL)

MATRIX: Mapping[Level, Mapping[Importance, tuple[ChainStep, ...]]] = {
    Level.RED: {
        Importance.ROUTINE: (_LEGAL, _L2, _L3),
        Importance.SENSITIVE: (_LEGAL, _L2, _L3),
    },
    Level.ORANGE: {
        Importance.ROUTINE: (_LEGAL, _L2),
        Importance.SENSITIVE: (_LEGAL, _L2, _L3),
    },
    Level.YELLOW: {
        Importance.ROUTINE: (_L1,),
        Importance.SENSITIVE: (_L1, _L3),
    },
    Level.BLUE: {
        Importance.ROUTINE: (_L1,),
        Importance.SENSITIVE: (_L1, _L3),
    },
}
"""Level × importance → chain (004 三(三)1-2: 一般→部门负责人, 重要/敏感→高层; law looks at red and
orange).
"""


@dataclass(frozen=True, slots=True)
class CasePolicy:
    """What holds at one moment. `emergency` sends every answer to the top (001 §4.5)."""

    lease: timedelta = timedelta(minutes=15)
    validity: Mapping[Level, timedelta] = field(
        default_factory=lambda: {
            Level.RED: 2 * HOUR,
            Level.ORANGE: 4 * HOUR,
            Level.YELLOW: 24 * HOUR,
            Level.BLUE: 72 * HOUR,
        }
    )
    longest_silence: Mapping[Level, timedelta] = field(
        default_factory=lambda: {
            Level.RED: 24 * HOUR,
            Level.ORANGE: 24 * HOUR,
            Level.YELLOW: timedelta(days=7),
            Level.BLUE: timedelta(days=7),
        }
    )
    longest_hold: timedelta = timedelta(days=30)
    clocks: Mapping[Level, LevelClocks] = field(default_factory=lambda: dict(DEFAULT_CLOCKS))
    matrix: Mapping[Level, Mapping[Importance, tuple[ChainStep, ...]]] = field(
        default_factory=lambda: MATRIX
    )
    reviewed_levels: tuple[Level, ...] = (Level.RED, Level.ORANGE, Level.YELLOW)
    deputies: tuple[Deputy, ...] = ()
    emergency: bool = False

    def chain_for(self, level: Level, draft: Draft) -> tuple[ChainStep, ...]:
        """Return the steps a draft has to pass at a level.

        Words from outside the company pass both heads first (004 三(三)3 业务部门负责人+分管领导);
        steps that this already covers are not asked twice. In an emergency the top always signs.
        """
        steps = self.matrix[level][draft.importance]
        if draft.authorship is Authorship.EXTERNAL:
            covered = {_L1, _L2}
            steps = (_BOTH_HEADS, *(step for step in steps if step not in covered))
        if self.emergency and not any(Role.APPROVER_L3 in step.roles for step in steps):
            steps = (*steps, _L3)
        return steps

    def is_deputy(self, account_id: str, role: Role, at: datetime) -> bool:
        """Whether an account stands in for a role now."""
        return any(deputy.stands_in(account_id, role, at) for deputy in self.deputies)
