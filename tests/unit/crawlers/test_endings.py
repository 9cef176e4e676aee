"""Tests of crawlers/endings.py: how a page or an error ends a run."""

import pytest
from playwright.async_api import Error as PlaywrightError
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
    IgnoreRequest,
)

from crawlers.endings import outcome_of, wall_of
from crawlers.middlewares import SourcePaused
from domain.coverage import CoverageState
from domain.errors import AddressRefused, RobotsRefused, Text
from domain.page import BlockKind, Page, PageState
from presentation.wording import REASON_CODES
from presentation.wording import reason as meaning

NO = Text("", "")
OK = Page("weibo_search", PageState.OK)


@pytest.mark.parametrize(
    ("page", "status", "state", "reason"),
    [
        (Page.blocked("p", BlockKind.CAPTCHA), 200, CoverageState.BLOCKED, "captcha"),
        (Page.blocked("p", BlockKind.CAPTCHA), 403, CoverageState.BLOCKED, "captcha"),
        (Page.blocked("p", BlockKind.LOGIN_WALL), 302, CoverageState.BLOCKED, "login_wall"),
        (None, 403, CoverageState.BLOCKED, "refused"),
        (OK, 429, CoverageState.BLOCKED, "rate_limited"),
        (None, 432, CoverageState.BLOCKED, "rate_limited"),
        (OK, 302, CoverageState.FAILED, "address_refused"),
        (OK, 503, CoverageState.FAILED, "http_503"),
        (None, 500, CoverageState.FAILED, "http_500"),
        (Page("p", PageState.GONE), 200, CoverageState.FAILED, "gone"),
        (Page("p", PageState.NOT_CONTENT), 200, CoverageState.FAILED, "not_content"),
    ],
)
def test_a_page_that_cannot_be_stored_ends_the_run_with_its_reason(page, status, state, reason):
    end = wall_of(page, status)
    assert end is not None
    assert (end.state, end.reason) == (state, reason)


@pytest.mark.parametrize("page", [OK, Page.empty("p")])
def test_a_page_with_or_without_results_goes_on(page):
    assert wall_of(page, 200) is None


@pytest.mark.parametrize(
    ("error", "state", "reason"),
    [
        (RobotsRefused(NO), CoverageState.FAILED, "robots"),
        (RobotsRefused(NO, unread=True), CoverageState.FAILED, "robots_unread"),
        (AddressRefused(NO), CoverageState.FAILED, "address_refused"),
        (SourcePaused(NO), CoverageState.BLOCKED, "rate_limited"),
        (DownloadTimeoutError(), CoverageState.FAILED, "timeout"),
        (DownloadCancelledError(), CoverageState.FAILED, "body_too_large"),
        (CannotResolveHostError(), CoverageState.FAILED, "no_such_host"),
        (DownloadConnectionRefusedError(), CoverageState.FAILED, "no_connection"),
        (IgnoreRequest("max redirections reached"), CoverageState.FAILED, "too_many_redirects"),
        (IgnoreRequest("body exceeded"), CoverageState.FAILED, "body_too_large"),
        (
            PlaywrightError("net::ERR_TUNNEL_CONNECTION_FAILED"),
            CoverageState.FAILED,
            "address_refused",
        ),
        (PlaywrightError("Timeout 30000ms exceeded"), CoverageState.FAILED, "timeout"),
        (PlaywrightError("net::ERR_CONNECTION_RESET"), CoverageState.FAILED, "no_connection"),
    ],
)
def test_an_error_ends_the_run_with_a_reason_that_a_person_can_look_up(error, state, reason):
    end = outcome_of(error)
    assert (end.state, end.reason) == (state, reason)
    stem = reason.partition(":")[0].rstrip("0123456789").rstrip("_")
    assert stem in REASON_CODES, "every reason that a run can end with has words"


def test_a_name_that_the_guard_refused_is_not_called_unknown():
    assert outcome_of(CannotResolveHostError(), refused=True).reason == "address_refused"


@pytest.mark.parametrize("kind", BlockKind)
def test_every_wall_has_words_and_a_mend(kind):
    assert kind.value in REASON_CODES
    assert meaning(kind.value).mend.zh
