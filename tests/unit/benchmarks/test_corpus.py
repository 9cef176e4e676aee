"""benchmarks/corpus.py: the figures rest on its shape."""

from collections import Counter
from statistics import fmean

import pytest

from benchmarks.corpus import AUTHORS, BRANDS, END, START, mentions, signature, words

ROWS = 4_000


@pytest.fixture(scope="module")
def corpus():
    return list(mentions(ROWS))


def test_the_same_seed_gives_the_same_mentions_and_another_seed_others(corpus):
    assert list(mentions(ROWS)) == corpus
    assert list(mentions(50, seed=8)) != corpus[:50]


def test_there_are_as_many_as_asked_with_ids_of_their_own(corpus):
    assert len(corpus) == len({mention.id for mention in corpus}) == ROWS


def test_they_come_in_order_of_time_within_the_days(corpus):
    times = [mention.published_at for mention in corpus]
    assert times == sorted(times)
    assert times[0] >= START
    assert times[-1] < END
    by_hour = Counter((time.hour + 8) % 24 for time in times)
    assert by_hour[20] > 3 * by_hour[3]


def test_brands_copies_and_authors_have_the_promised_sizes(corpus):
    brands = Counter(brand for mention in corpus for brand in mention.brand_ids)
    assert 0.24 < brands[BRANDS[0]] / ROWS < 0.32
    assert set(brands) == set(BRANDS)
    copies = sum(mention.cluster_id is not None for mention in corpus)
    assert 0.09 < copies / ROWS < 0.15
    assert 1_000 < len({mention.author_key for mention in corpus}) < AUTHORS


def test_texts_are_as_long_as_posts_and_mostly_different(corpus):
    lengths = [len(mention.text) for mention in corpus]
    assert 50 < fmean(lengths) < 90
    assert max(lengths) < 260
    assert len({mention.text for mention in corpus}) > 0.9 * ROWS


def test_a_signature_belongs_to_one_brand(corpus):
    named = {b for mention in corpus if signature(0) in mention.text for b in mention.brand_ids}
    assert named == {BRANDS[0]}


def test_words_have_two_to_four_characters_and_some_are_common_and_some_rare(corpus):
    asked = words(80)
    assert asked == words(80)
    assert {len(word) for word in asked} <= {2, 3, 4}
    hits = [sum(word in mention.text for mention in corpus) for word in asked]
    assert max(hits) > ROWS / 20
    assert sum(count < ROWS / 500 for count in hits) > 10
