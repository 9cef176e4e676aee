from collections import Counter
from dataclasses import replace
from datetime import timedelta
from random import Random

from domain.sentiment import Judge, Label, Sentiment
from monitoring.sampling import draw
from tests.fakes import NOON, a_mention

MODEL = Sentiment(Label.NEUTRAL, 0.0, 0.8, "m")
PERSON = Sentiment(Label.NEGATIVE, -1.0, 1.0, "anna", Judge.PERSON)


def mentions(count: int, **changes: object):
    """Most of them in one busy hour, the others spread over days."""
    return [
        a_mention(
            str(i),
            published_at=NOON
            - (timedelta(seconds=40 * i) if i % 4 else timedelta(hours=1 + i % 150)),
            **{"brand_ids": frozenset({"tea"}), "sentiment": {"": MODEL}, **changes},
        )
        for i in range(1, count + 1)
    ]


def test_each_mention_is_as_likely_as_any_other(store):
    store.add(mentions(60))
    chance = Random(1)
    counts = Counter(
        m.id for _ in range(300) for m in draw(store, "tea", until=NOON, chance=chance, size=6)
    )
    # 300 draws of 6 out of 60: 30 times each, give or take; 3.9 spreads of a binomial on each side
    assert len(counts) == 60
    assert all(10 <= count <= 51 for count in counts.values())


def test_a_sample_holds_no_mention_twice_and_none_of_another_brand(store):
    store.add(mentions(30))
    store.add([a_mention("other", brand_ids=frozenset({"cha"}), sentiment={"": MODEL})])
    found = draw(store, "tea", until=NOON, chance=Random(2), size=50)
    assert sorted(m.id for m in found) == sorted(m.id for m in mentions(30))


def test_what_a_person_judged_nobody_scored_or_is_no_voice_is_not_drawn(store):
    person, unscored = mentions(2)
    store.add(
        [replace(person, sentiment={"": MODEL, "tea": PERSON}), replace(unscored, sentiment={})]
    )
    old = a_mention(
        "old",
        published_at=NOON - timedelta(days=8),
        brand_ids=frozenset({"tea"}),
        sentiment={"": MODEL},
    )
    store.add([old])
    assert draw(store, "tea", until=NOON, chance=Random(3)) == ()
    assert [m.id for m in draw(store, None, until=NOON, chance=Random(3))] == [person.id]


def test_nothing_said_is_nothing_drawn(store):
    assert draw(store, "tea", until=NOON, chance=Random(4)) == ()
