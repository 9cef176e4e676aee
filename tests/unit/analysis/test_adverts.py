"""Advertisements: surely told by their kind; whoever complains, asks or tells is never one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.adverts import Advert, advert_kind

ADVERTS = {
    "转发本条微博并关注@云栈茶饮，抽3位朋友送云栈保温杯一个，周五开奖": Advert.LOTTERY,
    "恭喜@小王 @小李 获得云栈月饼礼盒，请把收件地址和电话私信小编": Advert.LOTTERY,
    "转发抽奖，求抽中//@云栈茶饮:新品上市": Advert.LOTTERY,
    "云栈大杯拿铁券后9.9元，限时抢，领券地址 http://t.cn/A6x9abc": Advert.COUPON,
    "【秒杀】云栈礼盒到手价59，数量有限先到先得，复制这段话打开淘宝": Advert.COUPON,
    "招兼职，日结200，在家可做，加微信 ab123456": Advert.SOLICITING,
    "云栈加盟热线 400-123-4567，诚招各地合伙人": Advert.SOLICITING,
    "岁月静好#花呗套现#信用卡套现#愿你安好": Advert.STUFFED,
    "#云栈##奶茶##下午茶##探店##美食##周末去哪# 冲": Advert.STUFFED,
}

VOICES = [
    "云栈转发抽奖是假的，抽一位送保温杯，结果内定给自己人",
    "转发抽奖说送我一台手机，半年了还没收到，云栈你给个说法",
    "领券下单显示券后9.9元，付款变19.9，客服不理人 http://t.cn/A6x9abc",
    "云栈退款电话 400-123-4567 打了一天没人接，优惠券也过期了",
    "大家小心，这个加微信 ab123456 的兼职是骗子，打着云栈的名义",
    "喝到虫子了，视频在这 http://t.cn/A6x9abc 求扩散 @平台客服",
    "用优惠券买的云栈拿铁，包邮送到家，味道不错 http://t.cn/A6x9abc",
    "有没有人知道云栈的优惠券在哪里领券？秒杀几点开始 http://t.cn/A6x9abc",
    "提现申请三个月了#云栈卡提现#一直审核中#云栈提现#还我血汗钱",
    "云栈宣布召回三万盒月饼，退货电话 400-123-4567，优惠券照发",
    "#云栈##食品安全##315##消费者权益##奶茶##曝光# 投诉无门",
    "今天在云栈南门店排了半小时队，奶茶还行",
    "转发微博",
    "",
]


@pytest.mark.parametrize(("text", "kind"), ADVERTS.items())
def test_an_advertisement_is_told_by_its_kind(text, kind):
    assert advert_kind(text) is kind


@pytest.mark.parametrize("text", VOICES)
def test_a_complaint_a_question_and_an_experience_are_none(text):
    assert advert_kind(text) is None


@pytest.mark.parametrize("text", list(ADVERTS))
@pytest.mark.parametrize("angry", ["骗人的", "已投诉", "一直没收到", "还我血汗钱", "[怒]"])
def test_one_angry_word_clears_any_text(text, angry):
    assert advert_kind(f"{text} {angry}") is None
    assert advert_kind(f"{angry} {text}") is None


@given(st.text(max_size=300))
def test_any_text_is_judged(text):
    assert advert_kind(text) is None or advert_kind(text) in Advert


def test_a_very_long_text_takes_no_long_time():
    assert advert_kind("转发" * 100_000) is None
    assert advert_kind("#" * 100_000) is None
    assert advert_kind("关注1" * 100_000) is None
    assert advert_kind("吧" + "转发抽奖" * 1_000) is None
    assert advert_kind("恭喜" * 1_000 + "公布" * 1_000) is None
