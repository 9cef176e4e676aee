"""Plain letters and their grams: defined for every text, the same in every batch."""

import pytest

from analysis.polarity.grams import grams
from analysis.polarity.letters import HEAD, LINK, NAME, TAIL, letters_of, plain
from analysis.polarity.views import DENIED, TURNED, denied, turned


def read(text):
    codes = letters_of(plain([text]))
    return "".join(map(chr, codes))


@pytest.mark.parametrize(
    ("written", "same_as"),
    [
        ("ＡＢＣ　１２３", "abc 999"),
        ("服務態度很差", "服务态度很差"),
        ("好\u200b吃\ufeff\ufe0f", "好吃"),
        ("哈哈哈哈哈哈", "哈哈"),
        ("好   吃\r\n\n吧", "好 吃 吧"),
        ("２０２６年", "1999年"),
        ("！？，", "!?,"),
        ("cafe\u0301", "cafe"),
        ("差\ud83d评", "差评"),
        ("差\x00评\x07", "差评"),
        ("", ""),
    ],
)
def test_what_looks_alike_reads_alike(written, same_as):
    assert read(written) == read(same_as)


def test_a_link_a_name_and_an_emoticon_are_one_letter_each():
    assert read("看http://t.cn/a1?b=2这") == f"看{LINK}这"
    assert read("@小明 好") == f"{NAME} 好"
    crying, angry = read("[泪]"), read("[怒]")
    assert len(crying) == len(angry) == 1
    assert crying != angry


def test_private_letters_of_a_text_are_no_marks_of_ours():
    assert read(f"好{LINK}{NAME}\ue001") == "好"


def test_of_a_long_text_beginning_and_end_are_read():
    text = "甲" + "乙丙" * 50_000 + "丁"
    letters = plain([text])[0]
    assert len(letters) == HEAD + TAIL
    assert letters[0] == "甲"
    assert letters[-1] == "丁"


def test_grams_are_the_same_alone_and_in_a_batch():
    texts = ["质量一点问题都没有", "", "外观好看但是容易坏", "好", "\x00", "没有让我失望，不愧是你"]
    together = grams(texts, 18)
    for number, text in enumerate(texts):
        alone = grams([text], 18)
        begin, size = together.starts[number], together.sizes[number]
        assert sorted(together.buckets[begin : begin + size]) == sorted(alone.buckets)
        assert alone.sizes[0] == len(alone.buckets) > 0


def view(find, shift, *texts):
    codes = letters_of(plain(list(texts)))
    numbers, seen = find(codes)
    letters = "".join("|" if c == 0 else "_" if c == 1 else chr(int(c) - shift) for c in seen)
    return list(numbers), letters


def test_what_is_denied_is_seen_within_its_clause():
    numbers, letters = view(denied, DENIED, "好", "没有让我失望，味道好", "问题都没有。很棒")
    assert numbers == [1, 2]
    assert letters == "没有让我失望_|问题都没有_"


def test_what_comes_after_the_last_turn_is_seen():
    numbers, letters = view(turned, TURNED, "好看但是小，不过值", "一般", "好吃就是贵")
    assert numbers == [0, 2]
    assert letters == "不过值|就是贵"


def test_texts_without_negation_or_turn_have_no_views():
    assert view(denied, DENIED, "好", "很棒") == ([], "")
    assert view(turned, TURNED, "好", "很棒") == ([], "")
