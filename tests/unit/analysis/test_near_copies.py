"""Fingerprints: copies are close, other texts are not, and nothing makes it fall over."""

from hypothesis import given
from hypothesis import strategies as st

from analysis.near_copies import DISTANCE, fingerprint

POST = "今天在云栈南门店买的奶茶里喝到一只虫子，店员说只能换一杯，已经打了投诉电话，大家小心"


def _distance(one: str, other: str) -> int:
    first, second = fingerprint(one), fingerprint(other)
    assert first is not None
    assert second is not None
    return (first ^ second).bit_count()


def test_marks_links_names_and_emoticons_do_not_count():
    copy = f"{POST}！！！[怒] http://t.cn/A6abc @某某"
    assert _distance(POST, copy) == 0


def test_traditional_script_is_the_same_text():
    assert _distance(POST, POST.replace("虫", "蟲").replace("电话", "電話")) == 0


def test_another_text_is_far_away():
    other = "周末去爬山，路上风景特别好，下次还要带上爸妈一起去，记得早点出发避开人流高峰"
    assert _distance(POST, other) > 3 * DISTANCE


def test_a_short_text_has_no_fingerprint():
    assert fingerprint("转发微博") is None
    assert fingerprint("[doge][doge][doge][doge][doge][doge]") is None


@given(st.text(max_size=300))
def test_it_is_a_64_bit_number_or_none_and_always_the_same(text):
    value = fingerprint(text)
    assert value == fingerprint(text)
    assert value is None or 0 <= value < 2**64
