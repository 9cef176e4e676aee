"""Tests of cli/explain.py: how the trail tells by whose words a mention belongs."""

import pytest

from cli.explain import _detail
from domain.crawl import Sighting, SightingOutcome, read_to_the_end, taken_by
from tests.fakes import NOON


@pytest.mark.parametrize(
    ("detail", "told"),
    [
        (taken_by({"tea"}), "tea"),
        (
            taken_by({"tea"}, through="weibo:5", in_depth=True),
            "tea (by the words of weibo:5) · in depth",
        ),
        ("all_words:退款", "all_words:退款"),
    ],
)
def test_a_line_names_the_post_above(detail, told):
    sighting = Sighting("weibo:1", "", "run", NOON, SightingOutcome.STORED, detail)
    assert _detail(sighting).en == told


def test_an_item_that_was_read_to_its_end_says_so():
    look = taken_by({"tea"}, in_depth=True)
    sighting = Sighting("weibo:1", "", "run", NOON, SightingOutcome.STORED, look)
    assert _detail(read_to_the_end(sighting, 1, NOON)).zh == "tea · 深读 · 跟帖已读"
