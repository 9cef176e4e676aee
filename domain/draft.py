"""The draft (拟稿): what the company is about to say, every version of it, and what a check found.

A version is never changed, the next one is appended: what was approved can be read for ever.
"""

import hashlib
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class DraftKind(StrEnum):
    """An answer to the matter, or a holding statement (声明稿：快报事实、慎报原因)."""

    ANSWER = "answer"
    HOLDING = "holding"


class Importance(StrEnum):
    """How weighty the words are (004 三(三): 一般 · 重要/敏感)."""

    ROUTINE = "routine"
    SENSITIVE = "sensitive"


class Authorship(StrEnum):
    """Who writes: our own people, or somebody from outside (004 三(三)3 外部人员)."""

    STAFF = "staff"
    EXTERNAL = "external"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a check of the text found. `code` names the rule (`blank_left`, `superlative` …),
    `excerpt` is where, `blocking` whether the draft cannot be submitted without a reason. `start`
    and `end` are the place in the text, both 0 for what is missing from it.
    """

    code: str
    excerpt: str = ""
    detail: str = ""
    blocking: bool = True
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Draft:
    """One version of the text. `number` counts from 1 within a case; `by` is an account id."""

    number: int
    text: str
    by: str
    at: datetime
    kind: DraftKind = DraftKind.ANSWER
    importance: Importance = Importance.ROUTINE
    authorship: Authorship = Authorship.STAFF
    platform: str = ""

    @property
    def sha256(self) -> str:
        """The hash that approvals are bound to."""
        return text_sha256(self.text)


def text_sha256(text: str) -> str:
    """Return the SHA-256 of a text as a platform keeps it: NFC, line ends and outer space alike.

    So the published text can be compared with the approved one, and any other change shows.
    """
    lines = unicodedata.normalize("NFC", text).splitlines()
    kept = "\n".join(line.rstrip() for line in lines).strip()
    return hashlib.sha256(kept.encode("utf-8", "surrogatepass")).hexdigest()
