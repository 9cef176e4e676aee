"""Tests of crawlers/gate.py: robots.txt × sheet × address."""

from dataclasses import replace

import pytest

from crawlers.endings import outcome_of
from crawlers.gate import judge
from crawlers.robots import RobotsAnswer
from domain.assessment import Lapse, Standing
from domain.surfaces import READINGS
from tests.fixtures.sheets import FORBIDDING, a_sheet

BASE = "https://s.weibo.com"
HERE = "https://s.weibo.com/realtime?q=x"
FREE = "https://s.weibo.com/other"
RULES = RobotsAnswer(200, FORBIDDING)
NOTHING = Standing()
SIGNED = Standing(a_sheet())
SILENT = Standing(a_sheet(allows_disallowed=False))


def lapsed(lapse: Lapse) -> Standing:
    return Standing(a_sheet(), lapse)


@pytest.mark.parametrize(
    ("answer", "standing", "url", "passes", "reason"),
    [
        (RULES, NOTHING, FREE, True, ""),
        (RULES, NOTHING, HERE, False, "robots"),
        (RULES, SIGNED, HERE, True, ""),
        (RULES, SILENT, HERE, False, "robots"),
        (RULES, lapsed(Lapse.EXPIRED), HERE, False, "assessment_expired"),
        (RULES, lapsed(Lapse.WITHDRAWN), HERE, False, "assessment_withdrawn"),
        (RULES, lapsed(Lapse.FASTER), HERE, False, "assessment_faster"),
        (RULES, lapsed(Lapse.MOVED), HERE, False, "assessment_moved"),
        (RULES, lapsed(Lapse.OTHERWISE), HERE, False, "assessment_otherwise"),
        (RULES, lapsed(Lapse.ROBOTS_CHANGED), HERE, False, "assessment_robots_changed"),
        (RULES, lapsed(Lapse.EXPIRED), FREE, True, ""),
        (RULES, Standing(SILENT.signed, Lapse.EXPIRED), HERE, False, "robots"),
        (RobotsAnswer(404), NOTHING, HERE, True, ""),
        (RobotsAnswer(401), SIGNED, HERE, False, "robots"),
        (RobotsAnswer(403), SIGNED, HERE, False, "robots"),
        (RobotsAnswer(429), SIGNED, HERE, False, "robots"),
        (RobotsAnswer(302), SIGNED, HERE, False, "robots"),
        (RobotsAnswer(500), SIGNED, HERE, False, "robots_unread"),
        (RobotsAnswer(503), SIGNED, HERE, False, "robots_unread"),
        (RobotsAnswer(0), SIGNED, HERE, False, "robots_unread"),
        (RULES, SIGNED, "https://weibo.com/realtime?q=x", False, "robots"),
        (RULES, SIGNED, "http://s.weibo.com/realtime?q=x", False, "robots"),
        (RULES, SIGNED, "https://s.weibo.com:8443/realtime?q=x", False, "robots"),
        (RULES, SIGNED, "https://S.Weibo.com/realtime?q=x", True, ""),
    ],
)
def test_an_address_passes_by_robots_txt_or_by_a_sheet_that_holds_and_says_so(
    answer, standing, url, passes, reason
):
    verdict = judge(url, answer, base_url=BASE, signed=lambda _: standing)
    assert (verdict.refusal is None) is passes
    if not passes:
        assert outcome_of(verdict.refusal).reason == reason
    assert (verdict.under is not None) is (passes and not answer.allows(url))


def test_the_sheet_is_asked_with_the_digest_of_what_the_host_says_today():
    asked = []

    def signed(digest: str) -> Standing:
        asked.append(digest)
        return NOTHING

    judge(HERE, RULES, base_url=BASE, signed=signed)
    judge(HERE, replace(RULES, body=FORBIDDING + "\n"), base_url=BASE, signed=signed)
    assert len(set(asked)) == 2
    assert asked[0] == a_sheet().robots.sha256


def test_who_has_signed_is_not_asked_where_robots_txt_has_nothing_against_it():
    def never(_: str) -> Standing:
        raise AssertionError

    assert judge(FREE, RULES, base_url=BASE, signed=never).refusal is None


def test_an_example_on_the_sheet_is_judged_as_the_address_that_is_asked():
    examples = [BASE + surface.example for surface in READINGS["weibo_search"].surfaces]
    assert [RULES.allows(url) for url in examples] == [False, False]
