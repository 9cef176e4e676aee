"""The fact sheet (核实单): what is claimed, line by line, and what was found out about each line.

No draft is submitted before every line has a verdict; a line that nobody can verify allows only a
holding statement (001 §5.2 未经证明的信息，不得盲目回应).
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.audit import canonical


class Verdict(StrEnum):
    """What was found out about one claim."""

    TRUE = "true"
    PARTLY = "partly"
    FALSE = "false"
    UNVERIFIABLE = "unverifiable"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a verdict rests on: words for it, and what it can be found by.

    `sha256` is that of a file or page in the archive, "" where the evidence is no file; `unit` is
    the part of the company that supplied it, "" for none of ours.
    """

    what: str
    sha256: str = ""
    url: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """One line: what is claimed, the verdict (None: still open) and what it rests on.

    `checked_by` and `checked_at` are set by the rules when the verdict is given or changed, never
    by who fills in the sheet.
    """

    number: int
    statement: str
    verdict: Verdict | None = None
    finding: str = ""
    evidence: tuple[Evidence, ...] = ()
    checked_by: str = ""
    checked_at: datetime | None = None

    @property
    def is_proven(self) -> bool:
        """Whether the verdict stands on something: evidence, or for 无法核实 what was tried."""
        if self.verdict is Verdict.UNVERIFIABLE:
            return bool(self.finding.strip())
        return bool(self.evidence)


@dataclass(frozen=True, slots=True)
class FactSheet:
    """All claims of a case. `accused_unit`: the part of the company that is accused, "" for none
    in particular; it may not verify alone.
    """

    claims: tuple[Claim, ...] = ()
    accused_unit: str = ""

    @property
    def open_claims(self) -> tuple[Claim, ...]:
        """The lines without a verdict."""
        return tuple(claim for claim in self.claims if claim.verdict is None)

    @property
    def unproven_claims(self) -> tuple[Claim, ...]:
        """The lines whose verdict stands on nothing."""
        return tuple(c for c in self.claims if c.verdict is not None and not c.is_proven)

    @property
    def unverifiable_claims(self) -> tuple[Claim, ...]:
        """The lines that nobody can verify: while there is one, only a holding statement."""
        return tuple(c for c in self.claims if c.verdict is Verdict.UNVERIFIABLE)

    @property
    def rests_on_the_accused_alone(self) -> bool:
        """Whether all evidence comes from the accused unit."""
        units = {item.unit for claim in self.claims for item in claim.evidence}
        return bool(self.accused_unit) and units == {self.accused_unit}

    @property
    def is_complete(self) -> bool:
        """Whether every line has a verdict that stands on something, and not on the accused
        alone.
        """
        return (
            bool(self.claims)
            and not self.open_claims
            and not self.unproven_claims
            and not self.rests_on_the_accused_alone
        )

    @property
    def sha256(self) -> str:
        """The hash that approvals are bound to: of everything the sheet says."""
        said = [
            [c.number, c.statement, c.verdict, c.finding]
            + [[e.what, e.sha256, e.url, e.unit] for e in c.evidence]
            for c in self.claims
        ]
        whole = canonical([self.accused_unit, said])
        return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()
