"""Keywords: what the text is about, not how it is put; names whole, no fragments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.terms import MOST, keywords, names_of
from demo.configuration import demo_configuration
from domain.han import fold

NAMES = ("云栈", "云栈茶饮", "栗子云拿铁", "vivo", "SU7 Ultra")

# text → words that tell what it is about, picked by hand; all texts are our own
TRUTH = {
    "今天在云栈南门店买的奶茶里喝到一只虫子，店员说只能换一杯": "云栈 南门 奶茶 喝到 虫子 店员",
    "云栈茶饮的栗子云拿铁涨价了，会员卡不能用，客服不回复": "云栈茶饮 栗子云拿铁 涨价 会员卡 客服",
    "外卖送了两个小时，打电话投诉也没人管，要求退款": "外卖 投诉 退款 打电话",
    "消费者维权群里都在说云栈的加盟店失联，押金退不了": "消费者 维权 云栈 加盟店 失联 押金",
    "监管局通报云栈三家门店卫生不合格，已立案调查": "监管局 通报 云栈 门店 卫生 不合格 立案 调查",
    "排队一小时，味道一般，价格还贵，真的很失望[允悲]": "排队 味道 价格 失望",
    "车身锈蚀，刹车失灵，4S店推脱，准备起诉": "车身 锈蚀 刹车 失灵 推脱 起诉",
    "vivo新机发热严重，续航也不行，vivobook倒是不错": "vivo 新机 发热 续航 vivobook 不错",
    "第一次喝栗子云拿铁，甜度刚好，包装也好看": "栗子云拿铁 甜度 包装 好看",
    "SU7 Ultra刹车距离实测，视频见评论区 http://t.cn/A6x9abc大家看看": "su7ultra 刹车 距离 实测",
    "转发微博 @云栈茶饮 关注并转发抽三位送保温杯": "保温杯",
    "吃完拉肚子去医院，医生说是食物中毒，已保留小票": "拉肚子 医院 医生 食物中毒 小票",
}


def test_the_words_are_those_that_a_reader_would_pick():
    found = right = wanted = 0
    for text, told in TRUTH.items():
        truth = set(told.split())
        words = {word.replace(" ", "") for word in keywords(text, NAMES)}
        found, wanted, right = found + len(words), wanted + len(truth), right + len(words & truth)
    assert right / wanted >= 0.9
    assert right / found >= 0.75


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("新品栗子云拿铁上市", "栗子云拿铁"),
        ("雲棧茶飲道歉了", "云栈茶饮"),
        ("试驾SU7 ultra半天", "su7 ultra"),
        ("都说VIVO手机拍照好", "vivo"),
    ],
)
def test_a_name_is_never_cut(text, name):
    assert name in keywords(text, NAMES)


def test_latin_names_are_not_found_inside_other_words():
    assert "vivo" not in keywords("这台vivobook散热不行", NAMES)


def test_topics_stay_and_filler_goes():
    words = keywords("我们今天真的在云栈奶茶里喝到虫子了 @王五 你看看 http://t.cn/a1 [怒]")
    assert "虫子" in words
    assert not {"我们", "今天", "真的", "王五", "http"} & set(words)


def test_what_follows_a_link_without_a_space_is_read():
    assert "退款" in keywords("见http://t.cn/A6x9abc退款流程")


def test_wrong_cuts_that_the_dictionary_does_not_know_are_left_out():
    assert not {"点半定", "一到", "要换", "很足"} & set(
        keywords("10点半定的，1点送到的，一到门口就要换，分量很足")
    )


def test_a_negated_word_keeps_its_negation():
    words = keywords("卫生不合格，客服没道歉，大家都不满意")
    assert {"不合格", "没道歉", "不满意"} <= set(words)
    assert not {"合格", "道歉", "满意"} & set(words)


def test_each_word_once_in_order_and_at_most_twelve():
    places = "北京 上海 广州 深圳 杭州 南京 武汉 成都 重庆 天津 西安 苏州 长沙 青岛"
    words = keywords(f"退款退款退款 投诉 {places}")
    assert words[:2] == ("退款", "投诉")
    assert len(words) == MOST
    assert len(set(words)) == len(words)


def test_of_many_words_those_said_most_and_names_stay():
    places = "北京 上海 广州 深圳 杭州 南京 武汉 成都 重庆 天津 西安 苏州 长沙 青岛"
    words = keywords(f"{places}都在说虫子，虫子，还是虫子，云栈", NAMES)
    assert {"虫子", "云栈"} <= set(words)


def test_nothing_in_nothing_out():
    assert keywords("") == ()
    assert keywords("！？…… 123 😀") == ()


def test_names_are_those_of_brands_and_watches():
    names = names_of(demo_configuration(*["http://127.0.0.1:1"] * 5))
    assert {"云栈茶饮", "云栈奶茶", "半山茶"} <= set(names)
    assert len(set(names)) == len(names)


@given(st.text(max_size=200), st.lists(st.text(max_size=6), max_size=4))
def test_words_are_few_different_and_folded(text, names):
    words = keywords(text, names)
    assert len(words) == len(set(words)) <= MOST
    assert all(word == fold(word) for word in words)
