"""The stock engine: a defined answer for every text, the same in any batch."""

import pytest

from analysis.sentiment import NOTHING_TO_SCORE, StockSnowNlpScorer
from domain.sentiment import Label, ScoreRequest

SCORER = StockSnowNlpScorer()


def test_plain_praise_and_plain_complaint_differ():
    good, bad = SCORER.score(
        [ScoreRequest("非常好喝，服务态度也很好，推荐"), ScoreRequest("太差了，难喝，服务态度恶劣")]
    )
    assert good.text.label is Label.POSITIVE
    assert bad.text.label is Label.NEGATIVE


@pytest.mark.parametrize("text", ["", "   ", "😀😀", "！！！", "\u200b"])
def test_a_text_without_a_letter_is_neutral(text):
    assert SCORER.score([ScoreRequest(text)])[0].text == NOTHING_TO_SCORE


def test_the_answer_does_not_depend_on_the_batch():
    texts = ["排队太久了", "包装好看", "不知道为什么关门了"]
    together = SCORER.score([ScoreRequest(t) for t in texts])
    alone = [SCORER.score([ScoreRequest(t)])[0] for t in texts]
    assert together == alone


def test_probabilities_add_up_and_the_model_names_its_version():
    scores = SCORER.score([ScoreRequest("一般般")])[0].text
    assert scores.negative + scores.neutral + scores.positive == pytest.approx(1.0)
    assert SCORER.model_id.startswith("snownlp-0.")
