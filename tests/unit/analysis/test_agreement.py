from datetime import timedelta

import pytest

from analysis.agreement import ENOUGH, Agreement, agreements, measure, of, wilson
from domain.correction import Act, Correction, corrected, taken_back
from domain.mention import Platform
from domain.sentiment import Label, Sentiment
from tests.fakes import NOON, a_mention


def act(native: str, said: Label, platform: Platform = Platform.WEIBO, brand: str = "cha"):
    model = Sentiment(Label.NEGATIVE, -0.8, 0.9, "m")
    mention = a_mention(
        native, platform=platform, brand_ids=frozenset({brand}), sentiment={"": model}
    )
    row = corrected(mention, [], said, brand, Act("u", NOON, ""))
    assert row is not None
    return row, mention


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [
        # the published example of R. G. Newcombe, Statistics in Medicine 17 (1998), table I
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (29, 29, 0.8830, 1.0),
    ],
)
def test_the_interval_is_the_published_one(hits, trials, low, high):
    assert wilson(hits, trials) == pytest.approx((low, high), abs=5e-5)


def test_a_share_of_nothing_is_refused():
    with pytest.raises(ValueError, match="no trials"):
        wilson(0, 0)


def test_nobody_judged_is_no_share_and_not_zero():
    (total,) = agreements([])
    assert (total.judged, total.share, total.low, total.high) == (0, None, None, None)


def test_agreement_is_counted_over_all_and_by_platform_and_brand():
    rows = [
        act("1", Label.NEGATIVE)[0],
        act("2", Label.POSITIVE)[0],
        act("3", Label.NEGATIVE, Platform.ZHIHU, "milk")[0],
    ]
    found = {(a.platform, a.brand_id): (a.judged, a.agreed) for a in agreements(rows)}
    assert found == {
        (None, None): (3, 2),
        (Platform.WEIBO, None): (2, 1),
        (Platform.ZHIHU, None): (1, 1),
        (None, "cha"): (2, 1),
        (None, "milk"): (1, 1),
        (Platform.WEIBO, "cha"): (2, 1),
        (Platform.ZHIHU, "milk"): (1, 1),
    }
    assert [(a.platform, a.brand_id) for a in agreements(rows)][:3] == [
        (None, None),
        (Platform.WEIBO, None),
        (Platform.ZHIHU, None),
    ]


def test_only_the_newest_word_counts_and_none_that_was_taken_back():
    first, mention = act("1", Label.POSITIVE)
    history: list[Correction] = [first]
    changed = corrected(mention, history, Label.NEGATIVE, "cha", Act("u", NOON, ""))
    assert changed is not None
    total = agreements([first, changed])[0]
    assert (total.judged, total.agreed) == (1, 1)
    gone = taken_back(mention, [first, changed], "cha", Act("u", NOON + timedelta(hours=1), ""))
    assert gone is not None
    assert [(a.judged, a.agreed) for a in agreements([first, changed, gone])] == [(0, 0)]


def drawn(native: str, said: Label, model: str = "m", **changes):
    judged = Sentiment(Label.NEGATIVE, -0.8, 0.9, model)
    mention = a_mention(native, brand_ids=frozenset({"cha"}), sentiment={"": judged})
    row = corrected(mention, [], said, "cha", Act("u", NOON, "", **changes))
    assert row is not None
    return row


def test_a_random_sample_is_told_apart_from_what_people_picked():
    rows = [
        drawn("1", Label.NEGATIVE, sampled=True),
        drawn("2", Label.POSITIVE, sampled=True),
        drawn("3", Label.POSITIVE),
    ]
    found = measure(rows)
    sampled, picked = of(found.sampled, "cha"), of(found.spontaneous, "cha")
    assert (sampled.judged, sampled.agreed) == (2, 1)
    assert (picked.judged, picked.agreed) == (1, 0)
    assert of(found.sampled, "cha", Platform.ZHIHU).judged == 0


def test_a_mention_of_the_sample_stays_in_it_when_people_come_back_to_it():
    found = measure([drawn("1", Label.NEGATIVE, sampled=True), drawn("1", Label.POSITIVE)])
    assert (of(found.sampled, "cha").judged, of(found.sampled, "cha").agreed) == (1, 0)
    assert of(found.spontaneous, "cha").judged == 0


def test_what_people_said_of_another_model_is_no_measure_of_this_one():
    rows = [
        drawn("1", Label.NEGATIVE, "old", sampled=True),
        drawn("2", Label.POSITIVE, "new", sampled=True),
    ]
    new = of(measure(rows, "new").sampled, "cha")
    assert (new.judged, new.agreed) == (1, 0)
    assert of(measure(rows).sampled, "cha").judged == 2


def test_few_judgements_are_not_enough_for_a_share():
    assert not Agreement(None, None, ENOUGH - 1, ENOUGH - 1).is_enough
    assert Agreement(None, None, ENOUGH, 0).is_enough
