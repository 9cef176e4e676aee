"""A mention survives the way through JSON."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.documents import mention_document, mention_from_document
from domain.mention import Flag
from domain.merge import merge
from domain.sentiment import Judge, Label, Sentiment
from tests.fakes import NOON, a_mention

FULL = a_mention(
    title="标题",
    author="王**",
    author_key="ab" * 16,
    repost_of="weibo:9",
    edited_at=NOON,
    likes=0,
    views=12,
    watch_ids=frozenset({"w"}),
    brand_ids=frozenset({"b"}),
    terms=("虫子",),
    fingerprint=2**64 - 1,
    sentiment={"": Sentiment(Label.NEGATIVE, -0.5, 0.75, "m"),
               "b": Sentiment(Label.POSITIVE, 0.5, 0.75, "李", Judge.PERSON)},
    flags=frozenset({Flag.OWN_ACCOUNT}),
    embedded=True,
)  # fmt: skip


@pytest.mark.parametrize("mention", [a_mention(), FULL])
def test_nothing_is_lost_on_the_way(mention):
    assert mention_from_document(json.loads(json.dumps(mention_document(mention)))) == mention


def test_revisions_come_along():
    later = replace(FULL, text="改了", collected_at=NOON + timedelta(hours=1))
    merged = merge(FULL, later)
    assert merged.revisions
    assert mention_from_document(mention_document(merged)) == merged


def test_zero_stays_zero_and_unknown_stays_unknown():
    document = mention_document(FULL)
    assert document["likes"] == 0
    assert "comments" not in document


@pytest.mark.parametrize(
    "change", [{"koubei": 2}, {"platform": "myspace"}, {"published_at": "2026-01-01"}]
)
def test_what_is_no_document_of_ours_is_refused(change):
    with pytest.raises(ValueError, match=r"version|Platform|zone"):
        mention_from_document(mention_document(FULL) | change)
