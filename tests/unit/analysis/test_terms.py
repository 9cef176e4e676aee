"""Keywords: what the text is about, not how it is put."""

from analysis.terms import MOST, keywords


def test_topics_stay_and_filler_goes():
    words = keywords("我们今天真的在云栈奶茶里喝到虫子了 @王五 你看看 http://t.cn/a1 [怒]")
    assert "虫子" in words
    assert not {"我们", "今天", "真的", "王五", "http"} & set(words)


def test_each_word_once_in_order_and_at_most_twelve():
    words = keywords(
        "退款退款退款 投诉 " + " ".join(f"关键词条{c}" for c in "甲乙丙丁戊己庚辛壬癸子丑")
    )
    assert words[:2] == ("退款", "投诉")
    assert len(words) <= MOST
    assert len(set(words)) == len(words)


def test_nothing_in_nothing_out():
    assert keywords("") == ()
    assert keywords("！？…… 123 😀") == ()
