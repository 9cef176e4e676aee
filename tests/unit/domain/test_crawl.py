"""Tests of domain/crawl.py: what a sighting tells besides the watches."""

from datetime import timedelta

import pytest

from domain.crawl import Sighting, SightingOutcome, read_to_the_end, taken_by
from tests.fakes import NOON


def seen(detail: str) -> Sighting:
    return Sighting("weibo:1", "", "run-1", NOON, SightingOutcome.STORED, detail)


@pytest.mark.parametrize(
    ("detail", "watches", "through", "in_depth", "read_to"),
    [
        (taken_by({"b", "a"}), "a,b", "", False, None),
        (taken_by({"a"}, through="weibo:9"), "a", "weibo:9", False, None),
        (taken_by({"a"}, through="weibo:9", in_depth=True), "a", "weibo:9", True, None),
        ("none_words:云栈道", "none_words:云栈道", "", False, None),
        ("", "", "", False, None),
        ("a;in_depth;to_the_end:x", "a", "", True, None),
    ],
)
def test_a_detail_tells_by_which_watches_and_how(detail, watches, through, in_depth, read_to):
    sighting = seen(detail)
    assert sighting.watches == watches
    assert sighting.through == through
    assert sighting.is_in_depth is in_depth
    assert sighting.read_to is read_to


def test_an_item_that_was_read_to_its_end_says_how_far_and_when():
    done = read_to_the_end(seen(taken_by({"a"}, in_depth=True)), 7, NOON + timedelta(minutes=3))
    assert (done.read_to, done.seen_at, done.is_in_depth) == (7, NOON + timedelta(minutes=3), True)
