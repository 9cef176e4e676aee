"""The shipped model: the same answer in any batch, defined for any text, aware of targets."""

import random

import numpy as np
import pytest

from analysis.polarity import exact
from analysis.polarity.lessons import lessons
from analysis.polarity.probes import probe, probes
from analysis.polarity.scorer import NOTHING_TO_SCORE, SHIPPED, KoubeiScorer
from analysis.polarity.weights import load
from domain.sentiment import Label, ScoreRequest

SCORER = KoubeiScorer.shipped()


def said(text, platform="weibo", **targets):
    return SCORER.score([ScoreRequest(text, platform, targets)])[0]


def rounded(scores):
    one = scores.text
    return (one.negative, one.neutral, one.positive, one.label)


def test_plain_praise_and_plain_complaint_differ():
    assert said("非常好喝，服务态度也很好，推荐").text.label is Label.POSITIVE
    assert said("太差了，难喝，服务态度恶劣").text.label is Label.NEGATIVE


def test_probabilities_add_up_for_every_platform():
    for platform in ("weibo", "zhihu", "tieba", "forum", "news", "review", "", "never heard of"):
        one = said("一般般吧，没什么特别的", platform).text
        assert one.negative + one.neutral + one.positive == pytest.approx(1.0)
        assert 0 <= one.score <= 1


@pytest.mark.parametrize("text", ["", "   ", "\u200b\ufeff", "！！！", "\x00\x07", "http://t.cn/a"])
def test_a_text_that_says_nothing_is_neutral(text):
    one = said(text).text
    assert (one.negative, one.neutral, one.positive) == (0.0, 1.0, 0.0)
    assert one.label is Label.NEUTRAL
    assert one.confidence == NOTHING_TO_SCORE.neutral


@pytest.mark.parametrize("text", ["😡😡😡", "[怒][怒]", "ok", "7"])
def test_an_emoji_an_emoticon_and_a_letter_are_judged(text):
    assert said(text).text.neutral < 1.0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("服務很差，以後不會再來", "服务很差，以后不会再来"),
        ("质量太差！！！！！！", "质量太差！！！"),
        ("ＯＫ，很好用", "ok,很好用"),
        ("客服\u200b态度\ufe0f极差", "客服态度极差"),
    ],
)
def test_other_spellings_have_the_same_score(one, other):
    assert rounded(said(one)) == rounded(said(other))


def test_ten_megabytes_are_judged_by_beginning_and_end():
    assert rounded(said("很好吃。" * 2_500_000)) == rounded(said("很好吃。" * 2_000))


def test_answers_do_not_depend_on_the_batch():
    texts = [text for text, _ in lessons(3, copies=1)] + ["", "\x00", "很好。" * 700]
    random.Random(1).shuffle(texts)
    platforms = ["weibo", "review", "", "forum"]
    asked = [ScoreRequest(t, platforms[n % 4]) for n, t in enumerate(texts)]
    together = SCORER.score(asked)
    alone = [SCORER.score([one])[0] for one in asked]
    assert together == alone


def test_a_target_is_judged_by_what_is_said_about_it():
    text = "今天修了两辆车，白鹭的很好用，特别满意，青松的一直漏油，太差了，再也不买"
    scores = said(text, "forum", good=("白鹭",), bad=("青松",)).by_target
    assert scores["good"].polarity > scores["bad"].polarity


def test_targets_do_not_change_the_judgement_of_the_text():
    text = "青松的净水器一直漏水，客服也不管"
    assert said(text).text == said(text, a=("青松",), b=("白鹭", "")).text


def test_a_target_whose_name_is_a_pattern_is_only_a_name():
    assert said("C++(完)很差", x=("C++(完)", "[", "")).by_target["x"].label is Label.NEGATIVE


def test_the_model_names_its_weights_and_their_recipe():
    weights = load(SHIPPED)
    assert SCORER.model_id == f"koubei-{weights.digest}"
    assert weights.card["seed"] is not None
    assert len(weights.card["sources"]) == 19
    assert SHIPPED.stat().st_size <= 5_000_000


def test_the_probes_are_no_lessons():
    taught = {text for text, _ in lessons(7, copies=200)}
    assert taught.isdisjoint(one.text for one in probes())


def test_most_probes_are_answered_rightly():
    found = probe(SCORER)
    assert sum(kind.right for kind in found) / sum(kind.count for kind in found) >= 0.78


def test_our_exp_is_that_of_the_maths_library():
    values = np.concatenate([np.linspace(-60, 0, 5_001), [-700.0, -1e9]])
    expected = np.exp(np.maximum(values, -700))
    assert np.allclose(exact.exp(values), expected, rtol=1e-14, atol=0)


def test_the_scores_of_these_sentences_are_these_on_every_machine():
    answers = {text: said(text).text for text, _ in EXPECTED}
    assert {t: (round(a.negative, 6), round(a.positive, 6)) for t, a in answers.items()} == dict(
        EXPECTED
    )


EXPECTED: tuple[tuple[str, tuple[float, float]], ...] = (
    ("太差了，难喝", (0.981866, 0.009153)),
    ("请问几点开门", (0.34036, 0.181559)),
    ("服务没有不好，挺满意的", (0.245435, 0.735521)),
    ("外观漂亮，可惜容易坏[微笑]", (0.568214, 0.39848)),
    ("公司被立案调查", (0.89545, 0.023233)),
)
