"""Every error that Koubei raises on purpose, in one tree.

    KoubeiError                     place, fact, mend: what a person needs to act
    ├── ConfigurationError          a setting, key or file that cannot be used; nothing was changed
    ├── DependencyMissing           an optional part (browser, package, font) is not on this machine
    │   └── BrowserMissing          no Chromium that Playwright can drive
    ├── PageError                   about one page
    │   └── LayoutChanged           the page is none that the reader knows; names the field
    │       └── PageTooLarge        it has more than readers build; names the number
    ├── CrawlError                  about a run
    │   ├── AddressRefused          the network guard said no to an address
    │   ├── RobotsRefused           robots.txt said no, or could not be read
    │   └── UnknownSpider           the name given is not a spider of ours
    ├── StoreError                  about a store; `retry` says whether trying again can help
    │   ├── StoreUnavailable        away, locked or timed out: trying again helps
    │   ├── VersionConflict         somebody else wrote first: read again, decide again
    │   │   └── CaseChanged         the same of a case, and says who did what
    │   └── SchemaMismatch          the store is of another version than this program
    ├── DeliveryError               a mail was not accepted: `retry` and `uncertain`
    ├── ImportRefused               a file that cannot be imported at all (bad rows: RowProblem)
    ├── InputRefused                what a person entered cannot be taken; nothing was changed
    └── NotPermitted                the person may not do this

A message is a fact with its place and its mend, in Chinese for users and in English for developers
and logs: `str(error)` is the English text, `error.text.zh` the Chinese one. Secrets and crawled
text never go into either.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in the two languages of the product; nothing else translates it later."""

    zh: str
    en: str

    def in_language(self, language: str) -> str:
        """Return the English sentence for `en…`, the Chinese one for anything else."""
        return self.en if language.startswith("en") else self.zh

    def __str__(self) -> str:
        return self.en


NO_MEND = Text("", "")


class KoubeiError(Exception):
    """The root: `place` (where), `text` (what is the case) and `mend` (what helps)."""

    def __init__(self, text: Text, *, place: str = "", mend: Text = NO_MEND) -> None:
        self.text = text
        self.place = place
        self.mend = mend
        super().__init__(self.sentence("en"))

    def sentence(self, language: str) -> str:
        """Return place, fact and mend as one line in `language` (`zh` or `en`)."""
        colon, stop = (": ", " ") if language.startswith("en") else ("：", " ")
        parts = [f"{self.place}{colon}" if self.place else "", self.text.in_language(language)]
        mend = self.mend.in_language(language)
        return "".join(parts) + (f"{stop}→ {mend}" if mend else "")


class ConfigurationError(KoubeiError):
    """A setting, key or file that cannot be used; names file, line, value and what is allowed."""


class DependencyMissing(KoubeiError):
    """An optional part is not on this machine; what needs it is off, the rest runs."""


class BrowserMissing(DependencyMissing):
    """No Chromium that Playwright can drive was found."""


class PageError(KoubeiError):
    """Something about one page."""


class LayoutChanged(PageError):
    """The page is none that the reader knows. `surface` and `field` say what is missing."""

    def __init__(self, surface: str, field: str) -> None:
        self.surface = surface
        self.field = field
        super().__init__(
            Text(
                f"页面中找不到「{field}」，版式可能已变", f"no field {field!r}: the layout changed"
            ),
            place=surface,
            mend=Text(
                "用 koubei parse 查看存档页面，并更新对应的页面解析模块",
                "look at the archived page with koubei parse and mend its page module",
            ),
        )

    @property
    def code(self) -> str:
        """The reason as the ledger keeps it: `layout_changed:created_at`."""
        return f"layout_changed:{self.field}"


TAGS = Text("标签数", "tags")
DEPTH = Text("标签嵌套层数", "tags inside each other")
REBUILT = Text("未闭合的格式标签要重建的次数", "rebuilt formatting tags")
ATTRIBUTES = Text("一个标签的属性数", "attributes of a tag")
BRACKETS = Text("方括号与花括号数", "brackets")
"""What a page may have more of than is read."""


class PageTooLarge(LayoutChanged):
    """The page is larger or more tangled than readers build, so that nothing of it was read: of
    `what` it has `number`, and at most `most` are read.
    """

    def __init__(self, surface: str, what: Text, number: int, most: int) -> None:
        self.surface = surface
        self.field = f"at most {most} {what.en}"
        self._counted = f"{number} {what.en}"
        PageError.__init__(
            self,
            Text(
                f"页面太大，没有读：{what.zh} {number:,}，最多读 {most:,}",
                f"the page is too large and was not read: {number:,} {what.en}, "
                f"at most {most:,} are read",
            ),
            place=surface,
            mend=Text(
                "在浏览器中打开，看它是不是要读的页面；若是，用 koubei capture 存为样例并报告",
                "open it in a browser to see whether it is what was to be read; if so, make a "
                "fixture with koubei capture and report it",
            ),
        )

    @property
    def code(self) -> str:
        """The reason as the ledger keeps it: `page_too_large:210331 tags`."""
        return f"page_too_large:{self._counted}"


class CrawlError(KoubeiError):
    """Something about one crawl run."""


class AddressRefused(CrawlError):
    """The network guard refused an address (host not allowed, private, or a scheme but http)."""


class RobotsRefused(CrawlError):
    """robots.txt forbids the address, or could not be read (`unread`) and therefore forbids it.

    `lapse`: a person had signed for it, and why that holds no longer (`domain.assessment.Lapse`).
    """

    def __init__(
        self, text: Text, *, unread: bool = False, lapse: str = "", place: str = ""
    ) -> None:
        self.unread = unread
        self.lapse = lapse
        super().__init__(text, place=place)


class UnknownSpider(CrawlError):
    """The name given is not a spider; the mend lists those that are."""


class StoreError(KoubeiError):
    """A store said no. `retry`: whether the same call can succeed later."""

    retry = False


class StoreUnavailable(StoreError):
    """The store is away, locked or timed out."""

    retry = True


class VersionConflict(StoreError):
    """Somebody else wrote first; `expected` and `found` are the versions."""

    def __init__(self, what: str, *, expected: int, found: int) -> None:
        self.expected = expected
        self.found = found
        super().__init__(
            Text(
                f"已被他人修改（期望版本 {expected}，现为 {found}）",
                f"changed by somebody else (expected version {expected}, found {found})",
            ),
            place=what,
            mend=Text("重新读取后再决定", "read it again and decide again"),
        )


class CaseChanged(VersionConflict):
    """Somebody else moved a case first; `by` is their name, `act` what they did."""

    def __init__(self, case_id: str, *, expected: int, found: int, by: Text, act: Text) -> None:
        super().__init__(case_id, expected=expected, found=found)
        self.by = by
        self.act = act
        self.text = Text(
            f"已被{by.zh}先行修改（{act.zh}；期望版本 {expected}，现为 {found}）",
            f"{by.en} was faster ({act.en}; expected version {expected}, found {found})",
        )
        self.args = (self.sentence("en"),)


class SchemaMismatch(StoreError):
    """The store was made by another version of this program."""


class DeliveryError(KoubeiError):
    """The mail server did not accept a message.

    `retry`: a later attempt can succeed (4xx, no connection). `uncertain`: the line broke after the
    message was handed over, so it may have been accepted: it is sent again with the same
    Message-ID. `away`: it failed before anything was said about this mail (no connection, no
    login), so that no other mail would fare better. `wait`: trying sooner is of no use (a rate
    limit).
    """

    def __init__(
        self,
        text: Text,
        *,
        retry: bool,
        uncertain: bool = False,
        wait: timedelta | None = None,
        place: str = "",
        mend: Text = NO_MEND,
        away: bool = False,
    ) -> None:
        self.retry = retry
        self.uncertain = uncertain
        self.away = away
        self.wait = wait
        super().__init__(text, place=place, mend=mend)


class ImportRefused(KoubeiError):
    """A file that cannot be imported at all; nothing of it was stored."""


class InputRefused(KoubeiError):
    """What a person entered cannot be taken; nothing was changed."""


class NotPermitted(KoubeiError):
    """The person may not do this, or not at this point."""


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One row of an import that was left out: its 1-based number, the field and the reason."""

    row: int
    field: str
    text: Text

    @classmethod
    def of(cls, row: int, field: str, zh: str, en: str) -> Self:
        """Build a problem from the two sentences."""
        return cls(row, field, Text(zh, en))
