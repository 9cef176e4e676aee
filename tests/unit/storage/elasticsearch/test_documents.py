"""storage/elasticsearch/documents.py"""

import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from importlib import resources
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.mention import Flag, Kind, Mention, Platform, Precision, Revision
from domain.sentiment import WHOLE_TEXT, Judge, Label, Sentiment
from storage.elasticsearch.documents import decode, encode, polarity_field, verdict
from storage.storable import Unstorable
from tests.contract.mention_store import full_mention
from tests.fakes import NOON, a_mention

MAPPING = json.loads(
    (resources.files("storage.elasticsearch") / "mapping.json").read_text(encoding="utf-8")
)

_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_name = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
_zones = st.sampled_from([UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-3.5))])
_micros = st.integers(3 * 86400 * 10**6, 250_000_000_000 * 10**6)
_times = st.builds(
    lambda us, zone: (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)).astimezone(
        zone
    ),
    _micros,
    _zones,
)
_counts = st.none() | st.integers(-(2**53) + 1, 2**53 - 1)
_finite = st.floats(allow_nan=False, allow_infinity=False)
_judgements = st.builds(
    Sentiment, st.sampled_from(Label), _finite, _finite, _text, st.sampled_from(Judge)
)
_revisions = st.builds(
    Revision, _times, _text, _text, st.none() | _times, _counts, _counts, _counts, _counts
)
mentions = st.builds(
    Mention,
    id=_name,
    platform=st.sampled_from(Platform),
    kind=st.sampled_from(Kind),
    url=_text,
    text=_text,
    published_at=_times,
    published_precision=st.sampled_from(Precision),
    collected_at=_times,
    first_seen_at=_times,
    source=_text,
    title=_text,
    author=_text,
    author_key=st.none() | _text,
    parent_id=st.none() | _text,
    root_id=st.none() | _text,
    repost_of=st.none() | _text,
    edited_at=st.none() | _times,
    ip_location=st.none() | _text,
    client=st.none() | _text,
    likes=_counts,
    comments=_counts,
    reposts=_counts,
    views=_counts,
    forum=st.none() | _text,
    topic=st.none() | _text,
    watch_ids=st.frozensets(_text, max_size=3),
    brand_ids=st.frozensets(_name, max_size=3),
    terms=st.lists(_text, max_size=4).map(tuple),
    cluster_id=st.none() | _text,
    fingerprint=st.none() | st.integers(0, 2**64 - 1),
    sentiment=st.dictionaries(_text, _judgements, max_size=3),
    flags=st.frozensets(st.sampled_from(Flag)),
    embedded=st.booleans(),
    revisions=st.lists(_revisions, max_size=2).map(tuple),
)


def kept(mention: Mention) -> dict[str, Any]:
    """The document as the index keeps it: without what the mapping leaves out."""
    document = orjson.loads(encode(mention).body)
    for path in MAPPING["_source"]["excludes"]:
        *above, name = path.split(".")
        part = document
        for step in above:
            part = part[step]
        part.pop(name, None)
    return document


def own(mention: Mention) -> dict[str, Any]:
    """What stands under `koubei` in the document that is sent."""
    return dict(orjson.loads(encode(mention).body)["koubei"])


@given(mentions)
def test_every_mention_comes_back_from_what_the_index_keeps(mention):
    assert decode(kept(mention)) == mention


def test_an_empty_mention_and_a_full_one_come_back():
    for mention in (a_mention(), full_mention()):
        assert decode(kept(mention)) == mention


@given(mentions)
def test_every_field_is_in_the_mapping_which_takes_no_other(mention):
    assert MAPPING["dynamic"] == "strict"
    _check_fields(orjson.loads(encode(mention).body), MAPPING)


def _check_fields(part: dict[str, Any], mapping: dict[str, Any]) -> None:
    for name, value in part.items():
        field = mapping["properties"][name]
        if "properties" in field:
            _check_fields(value, field)


def test_names_are_those_of_the_elastic_common_schema():
    document = orjson.loads(encode(full_mention()).body)
    assert document["event"]["dataset"] == "weibo.comment"
    assert document["url"] == {"full": "https://weibo.com/1/full", "domain": "weibo.com"}
    assert document["user"] == {"id": "key-1", "name": "王**"}
    assert document["@timestamp"] == "2026-11-20T03:00:00.123456+00:00"


def test_verdicts_name_the_label_towards_each_brand_and_of_the_whole_text():
    mention = a_mention(
        brand_ids=frozenset({"cha", "tea"}),
        sentiment={
            WHOLE_TEXT: Sentiment(Label.NEGATIVE, -0.5, 0.7, "m"),
            "tea": Sentiment(Label.POSITIVE, 0.5, 0.7, "m"),
        },
    )
    assert own(mention)["verdicts"] == ["negative:", "negative:cha", "positive:tea"]
    assert own(a_mention(brand_ids=frozenset({"cha"})))["verdicts"] == ["unscored:", "unscored:cha"]
    assert verdict(None, "cha") == "unscored:cha"


@given(st.lists(_finite | st.sampled_from([0.0, -0.0, 2.0]), min_size=2))
def test_polarities_sort_as_text_as_they_do_as_numbers(polarities):
    def order(polarity: float) -> str:
        said = {WHOLE_TEXT: Sentiment(Label.NEUTRAL, polarity, 1.0, "m")}
        return str(own(a_mention(sentiment=said))["polarity_order"]["t"])

    for one, other in pairwise(polarities):
        assert (one < other) == (order(one) < order(other))
        assert (one == other) == (order(one) == order(other))


def test_the_field_to_sort_by_holds_no_character_that_means_something():
    assert polarity_field("a.b*") == "koubei.polarity_order.t612e622a"
    assert polarity_field(None) == "koubei.polarity_order.t"


@given(st.integers(-(2**53) + 1, 2**53 - 1), st.integers(0, 2**53 - 1))
def test_interactions_are_the_two_numbers_that_are_summed(likes, comments):
    fields = own(a_mention(likes=likes, comments=comments))
    assert (fields["interactions_high"] << 26) + fields["interactions_low"] == likes + comments
    assert 0 <= fields["interactions_low"] < 2**26


@pytest.mark.parametrize(
    "changes",
    [
        {"id": ""},
        {"id": "长" * 171},
        {"id": "weibo:" + "x" * 100_000},
        {"source": "x" * 8001},
        {"author_key": "长" * 2667},
        {"cluster_id": "x" * 40_000},
        {"terms": ("好", "长" * 11_000)},
        {"brand_ids": frozenset({"x" * 9_000})},
        {"watch_ids": frozenset({"x" * 9_000})},
        {"brand_ids": frozenset({""})},
        {"likes": 2**53},
        {"fingerprint": -1},
        {"published_at": datetime(1969, 12, 31, tzinfo=UTC)},
        {"published_at": NOON.replace(tzinfo=None)},
        {"collected_at": datetime(1, 1, 1, tzinfo=UTC)},
        {"sentiment": {"": Sentiment(Label.NEGATIVE, math.nan, 1.0, "m")}},
        {"text": "\ud800"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_no_document_can_hold_is_refused_with_a_reason_that_quotes_nothing(changes):
    with pytest.raises(Unstorable) as refusal:
        encode(a_mention(**changes))
    assert len(refusal.value.text.zh) < 40
    assert len(refusal.value.text.en) < 60


def test_names_may_be_as_long_as_a_person_could_ever_want():
    mention = a_mention("x" * 506, source="长" * 2666, url="https://x.cn/" + "y" * 100_000)
    assert decode(kept(mention)) == mention


@pytest.mark.parametrize("url", ["", "http://[", "no url", "https://x.cn:99999999/", "//@:/"])
def test_a_broken_address_is_kept_as_it_is(url):
    mention = replace(a_mention(), url=url)
    assert decode(kept(mention)) == mention
