"""A warning that a clock of a case runs out, or has: the frozen facts of one mail."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.case import Case
from domain.clocks import ClockReading


class WarnedAs(StrEnum):
    """Why somebody is warned."""

    OWNER = "owner"
    DUTY_LEAD = "duty_lead"
    APPROVER = "approver"
    FALLBACK = "fallback"


@dataclass(frozen=True, slots=True)
class ClockWarning:
    """One warning to one reader. `threshold` is 50, 80 or 100 per cent; `owner` is the name of
    whoever has the case, "" for nobody; `zone_name` an IANA zone.
    """

    case: Case
    reading: ClockReading
    threshold: int
    warned_as: WarnedAs
    at: datetime
    owner: str
    brand_name: str
    zone_name: str
    public_url: str
    demo: bool = False
