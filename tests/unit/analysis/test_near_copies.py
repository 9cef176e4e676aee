"""Near copies: copies share a band and are told apart from what only looks alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.near_copies import edits_within, fingerprint, is_copy, letters

POST = "今天在云栈南门店买的奶茶里喝到一只虫子，店员说只能换一杯，已经打了投诉电话，大家小心"


def _bands(text: str) -> list[int]:
    value = fingerprint(text)
    assert value is not None
    return [value >> shift & 0xFFFF for shift in (0, 16, 32, 48)]


def _shared(one: str, other: str) -> int:
    return sum(a == b for a, b in zip(_bands(one), _bands(other), strict=True))


@pytest.mark.parametrize(
    "copy",
    [
        f"{POST}！！！[怒] http://t.cn/A6abc @某某",
        f"{POST} #云栈奶茶喝出虫子#",
        POST.replace("虫", "蟲").replace("电话", "電話"),
    ],
)
def test_marks_links_names_hashtags_and_script_do_not_count(copy):
    assert fingerprint(copy) == fingerprint(POST)
    assert is_copy(copy, POST)


@pytest.mark.parametrize(
    "copy",
    [
        f"求扩散，帮忙转一下：{POST}",
        f"{POST}转发出去让更多的人看到",
        POST[:28],
        POST[8:],
        POST.replace("买的奶茶", "点的果茶"),
        POST.replace("已经打了投诉电话，", ""),
        f"//@路人甲:{POST}",
    ],
)
def test_a_copy_with_an_edit_shares_a_band_and_is_one(copy):
    assert _shared(copy, POST) >= 1
    assert is_copy(copy, POST)
    assert is_copy(POST, copy)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (POST, "周末去爬山，路上风景特别好，下次还要带上爸妈一起去，记得早点出发避开人流高峰"),
        ("云栈大杯拿铁今天第二杯半价只要9.9元快来", "云栈大杯拿铁今天第二杯半价只要19.9元快来"),
        (
            "云栈宣布召回三万盒月饼，请大家留意退款通知",
            "云栈宣布召回八万盒月饼，请大家留意退款通知",
        ),
        ("云栈这次的处理方式我是满意的希望越来越好", "云栈这次的处理方式我是不满意的希望越来越好"),
        (
            "这家店的奶茶真的很难喝以后都再也不会去买了",
            "这家店的奶茶真的很好喝以后都再也不会去买了",
        ),
        (POST, POST[:18]),
        ("转发微博", "转发微博"),
        ("", ""),
    ],
)
def test_what_says_something_else_is_no_copy(one, other):
    assert not is_copy(one, other)
    assert not is_copy(other, one)


def test_one_number_in_a_long_text_does_not_make_it_another():
    article = "".join(f"第{n}段写的是门店卫生检查的经过与各方的说法。" for n in range(20))
    assert is_copy(article, article.replace("第7段", "第9段"))


def test_hashtags_count_where_there_is_little_else():
    assert letters("#云栈奶茶喝出虫子##消费者维权# 转发") == "云栈奶茶喝出虫子消费者维权转发"


def test_a_short_text_has_no_fingerprint():
    assert fingerprint("转发微博") is None
    assert fingerprint("[doge][doge][doge][doge][doge][doge]") is None


def test_the_value_stays_what_stores_hold():
    assert fingerprint(POST) == 0x1D5DF65A452C3114


@given(st.text(max_size=300))
def test_it_is_a_64_bit_number_or_none_and_always_the_same(text):
    value = fingerprint(text)
    assert value == fingerprint(text)
    assert value is None or 0 <= value < 2**64


@given(st.text(alphabet="云栈奶茶ab😀", max_size=30), st.text(alphabet="云栈奶茶ab😀", max_size=30))
def test_edits_are_what_the_plain_table_says(one, other):
    short, long = sorted((one, other), key=len)
    row = [0] * (len(long) + 1)
    for letter in short:
        before, row = row, [row[0] + 1]
        for place, there in enumerate(long):
            row.append(min(before[place] + (letter != there), before[place + 1] + 1, row[-1] + 1))
    assert edits_within(short, long) == min(row)


@given(st.text(max_size=200), st.text(max_size=200))
def test_it_makes_no_difference_which_one_is_the_copy(one, other):
    assert is_copy(one, other) == is_copy(other, one)
