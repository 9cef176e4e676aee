"""Public statements: where they are published, of which sort they are, what a check may find."""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Venue(StrEnum):
    """Where the words will stand; `Draft.platform` holds one of these values."""

    WEIBO_POST = "weibo_post"
    WEIBO_COMMENT = "weibo_comment"
    ZHIHU_ANSWER = "zhihu_answer"
    ZHIHU_COMMENT = "zhihu_comment"
    TIEBA_THREAD = "tieba_thread"
    TIEBA_REPLY = "tieba_reply"
    PRESS = "press"


class Template(StrEnum):
    """The sorts of statement that there is a text to begin from."""

    HOLDING = "holding"
    APOLOGY = "apology"
    CLARIFICATION = "clarification"
    COMPLAINT_REPLY = "complaint_reply"


class FindingCode(StrEnum):
    """What a check of a draft can find; the value stands in `Finding.code`."""

    EMPTY = "empty"
    BLANK_LEFT = "blank_left"
    SUPERLATIVE = "superlative"
    OVER_PROMISE = "over_promise"
    PERSON_NAMED = "person_named"
    PERSONAL_DATA = "personal_data"
    DATE_MISSING = "date_missing"
    CONTACT_MISSING = "contact_missing"
    CAUSE_BEFORE_VERIFIED = "cause_before_verified"
    NOT_IN_FACT_SHEET = "not_in_fact_sheet"
    BARE_LINK = "bare_link"
    TOO_LONG = "too_long"
    FOLDED = "folded"


@dataclass(frozen=True, slots=True)
class Length:
    """How long a text may be, in signs as the platform counts them (two ASCII signs are one).

    Beyond `fold` readers have to unfold it. `firm`: the platform refuses more than `limit`; where
    it is not, the figure is our own for what is still read.
    """

    limit: int
    fold: int | None = None
    firm: bool = False


LENGTHS = MappingProxyType(
    {
        Venue.WEIBO_POST: Length(2000, fold=140, firm=True),
        Venue.WEIBO_COMMENT: Length(140, firm=True),
        Venue.ZHIHU_ANSWER: Length(3000),
        Venue.ZHIHU_COMMENT: Length(1000),
        Venue.TIEBA_THREAD: Length(2000),
        Venue.TIEBA_REPLY: Length(140),
        Venue.PRESS: Length(1500),
    }
)
"""Weibo: 2,000 signs since 2016, 140 shown before 「展开」, comments 140; ASCII counts half."""
