"""Sentences of our own: none is a probe, and each that is about a brand names it."""

from analysis.polarity.lessons import BRAND, lessons, lessons_towards
from analysis.polarity.probes import probes
from domain.sentiment import Label


def test_every_sentence_towards_a_brand_names_it():
    made = lessons_towards(7)
    assert all(BRAND in text for text, _ in made)
    assert "{" not in "".join(text for text, _ in made)


def test_of_two_brands_the_label_is_what_is_said_of_ours():
    pairs = [(text, label) for text, label in lessons_towards(7) if "别家" in text]
    plain = dict(lessons(7, copies=400))
    told = 0
    for text, label in pairs:
        first, second = text.find(BRAND), text.find("别家")
        half = text[first + len(BRAND) : second] if first < second else text[first + len(BRAND) :]
        for joint in ("，而", "，", "。", " ", "；"):
            known = plain.get(half.removesuffix(joint))
            if known is not None:
                assert known is label
                told += 1
                break
    assert told > len(pairs) / 10
    assert {label for _, label in pairs} == {Label.NEGATIVE, Label.POSITIVE}


def test_the_same_seed_makes_the_same_sentences():
    assert lessons_towards(3) == lessons_towards(3) != lessons_towards(4)


def test_no_probe_is_among_the_sentences_towards_a_brand():
    taught = {text for text, _ in lessons_towards(7, copies=100)}
    assert taught.isdisjoint(one.text for one in probes())
