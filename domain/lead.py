"""A lead (线索): what an employee saw and reported. Everybody may report; nobody answers alone."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.case import CaseKind
from domain.errors import Text
from domain.links import Place

DO_NOT_ANSWER = Text(
    "请勿自行回应、转发或评论；公关团队会处理，进展在此查看。",
    "Please do not answer, share or comment yourself; the team takes care of it, see here how.",
)
"""What every reporter is told (001 §4.3 在引导下处理)."""


class LeadState(StrEnum):
    """received → in_case (made one, or joined one) | dismissed. A second report of the same thing
    has the state of the first."""

    RECEIVED = "received"
    IN_CASE = "in_case"
    DISMISSED = "dismissed"


class LeadProgress(StrEnum):
    """What the reporter sees of it; of the case itself they see nothing."""

    RECEIVED = "received"
    BEING_HANDLED = "being_handled"
    ANSWERED = "answered"
    DONE = "done"
    DISMISSED = "dismissed"


class ImageKind(StrEnum):
    """What a screenshot may be, known by its first bytes."""

    PNG = "png"
    JPEG = "jpeg"
    WEBP = "webp"


@dataclass(frozen=True, slots=True)
class Screenshot:
    """A picture in the page archive. `sha256` is that of what is kept, without its metadata (place,
    device, author); `original_sha256` that of the file as it was handed in.
    """

    sha256: str
    kind: ImageKind
    size: int
    original_sha256: str


@dataclass(frozen=True, slots=True)
class Lead:
    """One report by one person. `id` is `L-20261121-01`.

    `same_as` is the first report of the same thing, "" for that one itself; `url` the normal form
    of the link, "" without one; `mention_id` the stored mention it leads to. `case_id` is where it
    went, `handled_by` who decided, with the `reason` for none.
    """

    id: str
    state: LeadState
    reporter_id: str
    reported_at: datetime
    place: Place
    kind: CaseKind = CaseKind.INCIDENT
    brand_id: str = ""
    url: str = ""
    note: str = ""
    screenshots: tuple[Screenshot, ...] = ()
    mention_id: str = ""
    same_as: str = ""
    case_id: str = ""
    handled_by: str = ""
    handled_at: datetime | None = None
    reason: str = ""
    version: int = 0

    @property
    def root_id(self) -> str:
        """The first report of the same thing."""
        return self.same_as or self.id


@dataclass(frozen=True, slots=True)
class LeadNews:
    """The frozen facts of the mail that tells the desk of a new lead."""

    lead: Lead
    reporter: str
    brand_name: str
    zone_name: str
    public_url: str
    demo: bool = False
