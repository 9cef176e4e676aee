"""Tests of domain/follows.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.brand import Follow, FollowKind, Source, Transport, Watch
from domain.follows import (
    NotFollowable,
    follow_text,
    follow_url,
    followed_by,
    parse_follow,
    spider_for,
)
from domain.mention import Platform

FORUM = Follow(Platform.TIEBA, FollowKind.FORUM, "云栈茶饮")
QUESTION = Follow(Platform.ZHIHU, FollowKind.QUESTION, "19550225")
WRITER = Follow(Platform.ZHIHU, FollowKind.ACCOUNT, "yun-zhan-12")
ACCOUNT = Follow(Platform.WEIBO, FollowKind.ACCOUNT, "1234567890")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tieba:forum:云栈茶饮", FORUM),
        ("  tieba:forum:云栈茶饮 ", FORUM),
        ("https://tieba.baidu.com/f?kw=%E4%BA%91%E6%A0%88%E8%8C%B6%E9%A5%AE&ie=utf-8", FORUM),
        ("https://tieba.baidu.com/f?kw=%D4%C6%D5%BB%B2%E8%D2%FB", FORUM),
        ("https://tieba.baidu.com/f?ie=utf-8&kw=云栈茶饮&fr=search", FORUM),
        ("zhihu:question:19550225", QUESTION),
        ("https://www.zhihu.com/question/19550225", QUESTION),
        ("www.zhihu.com/question/19550225/answers/updated", QUESTION),
        ("https://www.zhihu.com/question/19550225/answer/12202130?utm=1", QUESTION),
        ("zhihu:account:yun-zhan-12", WRITER),
        ("https://www.zhihu.com/people/yun-zhan-12/posts", WRITER),
        ("https://www.zhihu.com/org/yun-zhan-12", WRITER),
        ("weibo:account:1234567890", ACCOUNT),
        ("https://weibo.com/u/1234567890?tabtype=feed", ACCOUNT),
        ("https://weibo.com/1234567890", ACCOUNT),
        ("https://m.weibo.cn/profile/1234567890", ACCOUNT),
        ("weibo.com/u/1234567890", ACCOUNT),
    ],
)
def test_an_address_and_the_short_form_say_the_same(text, expected):
    assert parse_follow(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "must be tieba:forum:NAME"),
        ("云栈茶饮", "must be tieba:forum:NAME"),
        ("tieba:forum:", "must be"),
        ("tieba:forum:云 栈", "must be"),
        ("tieba:question:1", "must be"),
        ("weibo:forum:茶", "must be"),
        ("zhihu:question:十", "must be"),
        ("weibo:account:name", "must be"),
        ("douban:account:1", "must be"),
        ("https://weibo.com/n/云栈", "needs its number"),
        ("https://weibo.com/yunzhan", "needs its number"),
        ("https://s.weibo.com/weibo?q=x", "nothing at this address"),
        ("https://www.zhihu.com/column/tea", "nothing at this address"),
        ("https://tieba.baidu.com/p/123", "nothing at this address"),
        ("https://tieba.baidu.com/f?ie=utf-8", "must be"),
        ("https://evil.example/question/1", "nothing at this address"),
        ("https://zhihu.com.evil.example/question/1", "nothing at this address"),
        ("http://[zhihu.com/question/1", "must be"),
        ("weibo:account:1234567890:na\nme", "must be"),
    ],
)
def test_what_cannot_be_followed_is_refused_with_what_can(text, said):
    with pytest.raises(NotFollowable) as caught:
        parse_follow(text)
    assert said in caught.value.text.en
    assert caught.value.text.zh


@pytest.mark.parametrize("follow", [FORUM, QUESTION, WRITER, ACCOUNT])
def test_its_text_and_its_address_are_read_as_the_same(follow):
    named = Follow(follow.platform, follow.kind, follow.key, "云栈：官方")
    assert parse_follow(follow_text(named)) == named
    assert parse_follow(follow_url(follow)) == follow


@given(
    st.text(max_size=200) | st.text(max_size=80).map(lambda t: f"https://tieba.baidu.com/f?kw={t}")
)
def test_whatever_is_typed_is_followed_or_refused(text):
    try:
        follow = parse_follow(text)
    except NotFollowable:
        return
    assert parse_follow(follow_text(follow)) == follow


def test_each_is_read_by_its_own_spider():
    everything = (FORUM, QUESTION, WRITER, ACCOUNT)
    spiders = ["tieba_forum", "zhihu_question", "zhihu_account", "weibo_account"]
    assert [spider_for(follow) for follow in everything] == spiders
    watch = Watch("w", "w", ("b",), (), ("s",), follows=everything)
    source = Source("s", "zhihu_account", Platform.ZHIHU, Transport.HTTP, "https://www.zhihu.com")
    assert followed_by(watch, source) == (WRITER,)
