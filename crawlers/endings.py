"""How a page, or an error in its place, ends a run: the state and the reason for the ledger. Pure.

Every reason has words and a mend in `presentation.wording`.
"""

from collections.abc import Collection

from playwright.async_api import Error as PlaywrightError
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadTimeoutError,
    IgnoreRequest,
)

from crawlers.middlewares import SourcePaused
from crawlers.plan import Outcome
from domain.coverage import CoverageState
from domain.errors import AddressRefused, RobotsRefused
from domain.page import BlockKind, Page, PageState

_WALLS = {
    401: BlockKind.LOGIN_WALL,
    403: BlockKind.REFUSED,
    414: BlockKind.RATE_LIMITED,
    418: BlockKind.RATE_LIMITED,
    429: BlockKind.RATE_LIMITED,
    432: BlockKind.RATE_LIMITED,
}


def failed(reason: str) -> Outcome:
    """Return the end of a run that failed for a reason."""
    return Outcome(CoverageState.FAILED, reason)


ANSWERS = frozenset({PageState.OK, PageState.EMPTY})
"""What a search can answer."""
ITEM_ANSWERS = ANSWERS | {PageState.NOT_CONTENT}
"""What the page of one item can answer: one that shows nothing says nothing of the others."""


def wall_of(
    page: Page | None, status: int, answers: Collection[PageState] = ANSWERS
) -> Outcome | None:
    """Return how a run ends at this page; None when the page can be stored.

    `page` None: the reader did not know it. A wall that the reader names comes first, then what
    the status says by itself. `answers` are the states that are no reason to end.
    """
    if page is not None and page.state is PageState.BLOCKED:
        return Outcome(CoverageState.BLOCKED, page.reason)
    if status in _WALLS:
        return Outcome(CoverageState.BLOCKED, _WALLS[status].value)
    if 300 <= status < 400:
        return failed("address_refused")
    if status >= 400:
        return failed(f"http_{status}")
    if page is not None and page.state not in answers:
        return failed(page.state.value)
    return None


def outcome_of(error: BaseException | None, *, refused: bool = False) -> Outcome:
    """Return how a run ends when a page could not be fetched at all. `refused`: the resolver said
    no to its host.
    """
    if isinstance(error, SourcePaused):
        return Outcome(CoverageState.BLOCKED, BlockKind.RATE_LIMITED.value)
    return failed("address_refused" if refused else _reason(error))


def _reason(error: BaseException | None) -> str:
    if isinstance(error, RobotsRefused):
        return _robots_reason(error)
    if isinstance(error, AddressRefused):
        return "address_refused"
    if isinstance(error, CannotResolveHostError):
        return "no_such_host"
    if isinstance(error, DownloadTimeoutError):
        return "timeout"
    if isinstance(error, DownloadCancelledError):
        return "body_too_large"
    if isinstance(error, IgnoreRequest):
        return "too_many_redirects" if "redirect" in str(error) else "body_too_large"
    if isinstance(error, PlaywrightError):
        return _browser_reason(error.message)
    return "no_connection"


def _robots_reason(error: RobotsRefused) -> str:
    if error.unread:
        return "robots_unread"
    return f"assessment_{error.lapse}" if error.lapse else "robots"


def _browser_reason(message: str) -> str:
    if "ERR_TUNNEL_CONNECTION_FAILED" in message or "ERR_BLOCKED_BY_CLIENT" in message:
        return "address_refused"
    if "ERR_TOO_MANY_REDIRECTS" in message:
        return "too_many_redirects"
    if "ERR_HTTP_RESPONSE_CODE_FAILURE" in message:
        return "http_error"
    if "Timeout" in message or "ERR_TIMED_OUT" in message:
        return "timeout"
    return "no_connection"
