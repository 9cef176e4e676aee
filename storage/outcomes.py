"""What became of each mention of one `MentionStore.add`."""

from enum import IntEnum

from domain.errors import Text
from domain.queries import AddResult, Refused


class Outcome(IntEnum):
    """What became of a mention; when one call brings it twice, the greater holds."""

    UNCHANGED = 0
    CHANGED = 1
    NEW = 2


class Outcomes:
    """Gathers an AddResult."""

    def __init__(self) -> None:
        self._outcomes: dict[str, Outcome] = {}
        self._refused: list[Refused] = []

    def note(self, mention_id: str, outcome: Outcome) -> None:
        """Note what became of a mention."""
        if self._outcomes.get(mention_id, -1) < outcome:
            self._outcomes[mention_id] = outcome

    def refuse(self, mention_id: str, reason: Text) -> None:
        """Note that a mention could not be taken."""
        self._refused.append(Refused(mention_id, reason))

    def result(self) -> AddResult:
        """Return what was noted, in the order in which it was."""
        return AddResult(
            new=self._ids(Outcome.NEW),
            changed=self._ids(Outcome.CHANGED),
            unchanged=self._ids(Outcome.UNCHANGED),
            refused=tuple(self._refused),
        )

    def _ids(self, wanted: Outcome) -> tuple[str, ...]:
        return tuple(i for i, outcome in self._outcomes.items() if outcome is wanted)
