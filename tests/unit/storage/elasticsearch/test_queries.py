"""storage/elasticsearch/queries.py and paging.py: the JSON that is sent."""

import base64
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.brand import Proximity
from domain.mention import Kind, Platform
from domain.queries import MentionFilter, Sort
from domain.sentiment import Label
from storage.elasticsearch.bands import bands, may_be_near
from storage.elasticsearch.characters import NOTHING, contains, is_near
from storage.elasticsearch.paging import page_body, read_token, token
from storage.elasticsearch.queries import query_of
from tests.contract.mention_store import filters
from tests.fakes import NOON

ALL = MentionFilter(public_voice_only=False)


def clauses(wanted: MentionFilter) -> list:
    return query_of(wanted)["bool"]["filter"]


def test_a_filter_of_everything_asks_for_everything():
    assert query_of(ALL) == {"bool": {"filter": [], "must_not": []}}


def test_each_field_of_a_filter_is_a_clause():
    micros = int(NOON.timestamp()) * 1_000_000
    for wanted, clause in (
        (MentionFilter(), {"term": {"koubei.public_voice": True}}),
        (
            MentionFilter(labels=frozenset({Label.NEGATIVE}), public_voice_only=False),
            {"term": {"koubei.verdicts": "negative:"}},
        ),
        (
            MentionFilter(platforms=frozenset(Platform), public_voice_only=False),
            {"terms": {"koubei.platform": ["tieba", "weibo", "zhihu"]}},
        ),
        (
            MentionFilter(kinds=frozenset({Kind.POST}), public_voice_only=False),
            {"term": {"koubei.kind": "post"}},
        ),
        (
            MentionFilter(start=NOON, public_voice_only=False),
            {"range": {"koubei.published_us": {"gte": micros}}},
        ),
        (
            MentionFilter(collected_end=NOON, public_voice_only=False),
            {"range": {"koubei.collected_us": {"lt": micros}}},
        ),
        (MentionFilter(words=("ＩPhone",), public_voice_only=False), contains("iphone")),
        (
            MentionFilter(near=(Proximity(("服務", "差"), 4),), public_voice_only=False),
            is_near("服务", "差", 4),
        ),
    ):
        assert clauses(wanted) == [clause]


def test_labels_are_those_towards_the_brand():
    wanted = MentionFilter(brand_id="cha", labels=frozenset(Label), public_voice_only=False)
    assert {"terms": {"koubei.verdicts": ["negative:cha", "neutral:cha", "positive:cha"]}} in (
        clauses(wanted)
    )
    assert {"term": {"koubei.brand_ids": "cha"}} in clauses(wanted)


def test_words_to_leave_out_are_excluded_and_empty_ones_say_nothing():
    query = query_of(MentionFilter(without=("差", ""), words=("",), public_voice_only=False))
    assert query == {"bool": {"filter": [], "must_not": [contains("差")]}}


def test_a_time_before_all_mentions_is_the_first_one():
    early = datetime(1, 1, 1, tzinfo=UTC)
    assert clauses(MentionFilter(start=early, end=early, public_voice_only=False)) == [
        {"range": {"koubei.published_us": {"gte": 0, "lt": 0}}}
    ]


def test_half_characters_are_nowhere():
    for field in ("brand_id", "watch_id", "author_key", "cluster_id", "source"):
        assert clauses(MentionFilter(**{field: "\udfff"}, public_voice_only=False)) == [NOTHING]


@given(filters)
def test_every_query_filters_and_none_scores(wanted):
    query = query_of(wanted)
    assert set(query) == {"bool"}
    assert set(query["bool"]) == {"filter", "must_not"}
    orjson.dumps(query)


@pytest.mark.parametrize("sort", list(Sort))
def test_every_order_ends_with_the_id(sort):
    body = page_body(MentionFilter(brand_id="cha"), sort, 10, None)
    assert body["sort"][-1] == {"event.id": "asc"}
    assert body["size"] == 10
    assert "search_after" not in body
    assert page_body(ALL, sort, 10, [1, "weibo:1"])["search_after"] == [1, "weibo:1"]


def test_a_brand_has_its_own_order_by_polarity():
    whole = page_body(ALL, Sort.MOST_NEGATIVE, 1, None)["sort"][0]
    of_brand = page_body(MentionFilter(brand_id="cha"), Sort.MOST_NEGATIVE, 1, None)["sort"][0]
    assert whole == {"koubei.polarity_order.t": "asc"}
    assert of_brand == {"koubei.polarity_order.t636861": "asc"}


@given(st.integers(-(2**60), 2**60), st.text(st.characters(exclude_categories=["Cs"])))
def test_a_token_is_the_place_it_was_made_of(value, mention_id):
    for sort in (Sort.NEWEST, Sort.OLDEST, Sort.REACH):
        assert read_token(token(sort, [value, mention_id]), sort) == [value, mention_id]
    order = f"{value % 2**64:016x}"
    made = token(Sort.MOST_NEGATIVE, [order, mention_id])
    assert read_token(made, Sort.MOST_NEGATIVE) == [order, mention_id]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"{}",
        b"[]",
        b'["newest"]',
        b'["newest",1]',
        b'["newest","1","weibo:1"]',
        b'["newest",1.5,"weibo:1"]',
        b'["newest",true,"weibo:1"]',
        b'["newest",1,null]',
        b'["newest",1,"weibo:1","more"]',
        b'["oldest",1,"weibo:1"]',
        b'["newest",{"query":{}},"weibo:1"]',
        b"\xff",
    ],
)
def test_what_is_no_token_of_this_order_is_refused(content):
    with pytest.raises(ValueError, match="token"):
        read_token(base64.urlsafe_b64encode(content).decode(), Sort.NEWEST)


@pytest.mark.parametrize("text", ["", "中文", "%%%", "A", "\x00", "=" * 100_000])
def test_any_text_may_come_as_a_token(text):
    with pytest.raises(ValueError, match="token"):
        read_token(text, Sort.NEWEST)


def test_fingerprints_are_looked_for_by_their_bands():
    assert bands(0xF0F0_1234_8765_000A) == ["0:000a", "1:8765", "2:1234", "3:f0f0"]
    assert may_be_near([0xA, 0xA]) == {
        "terms": {"koubei.bands": ["0:000a", "1:0000", "2:0000", "3:0000"]}
    }


@given(st.integers(0, 2**64 - 1), st.sets(st.integers(0, 63), max_size=3))
def test_near_fingerprints_share_a_band(fingerprint, flips):
    other = fingerprint
    for flip in flips:
        other ^= 1 << flip
    assert set(bands(fingerprint)) & set(bands(other))


def test_bounds_keep_their_microseconds():
    moment = NOON + timedelta(microseconds=1)
    (clause,) = clauses(MentionFilter(start=moment, public_voice_only=False))
    assert clause["range"]["koubei.published_us"]["gte"] % 10 == 1
