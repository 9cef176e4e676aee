"""What people paste, and what it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.links import LONGEST_LINK, Place, read_link

MID, BID = "4497642253759082", "IEY7vfLUm"


@pytest.mark.parametrize(
    "pasted",
    [
        f"https://weibo.com/1234567890/{BID}",
        f"https://weibo.com/1234567890/{BID}?from=page_1005&wvr=6&mod=weibotime",
        f"http://www.weibo.com/1234567890/{BID}/",
        f"weibo.com/1234567890/{BID}",
        f"https://m.weibo.cn/detail/{MID}",
        f"https://m.weibo.cn/status/{BID}?sourceType=weixin&from=10B",
        f"https://weibo.cn/status/{MID}",
        f"快看这个 https://m.weibo.cn/detail/{MID}，太离谱了（来自@某人的微博）",
        f"https://m.weibo.cn/detail/{MID}。",
    ],
)
def test_one_weibo_post_has_many_addresses_and_one_name(pasted):
    link = read_link(pasted)
    assert link is not None
    assert link.place is Place.WEIBO
    assert link.key == f"weibo:{MID}"


@pytest.mark.parametrize(
    ("pasted", "place", "mention_id", "url"),
    [
        (
            "https://www.zhihu.com/question/12/answer/345?utm_psn=999",
            Place.ZHIHU,
            "zhihu:answer:345",
            "https://www.zhihu.com/question/12/answer/345",
        ),
        (
            "https://zhuanlan.zhihu.com/p/678",
            Place.ZHIHU,
            "zhihu:article:678",
            "https://zhuanlan.zhihu.com/p/678",
        ),
        (
            "https://www.zhihu.com/pin/9?utm_id=0",
            Place.ZHIHU,
            "zhihu:pin:9",
            "https://www.zhihu.com/pin/9",
        ),
        (
            "https://tieba.baidu.com/p/8888888?pn=2&fr=share",
            Place.TIEBA,
            "tieba:8888888",
            "https://tieba.baidu.com/p/8888888",
        ),
        (
            "https://tieba.baidu.com/p/888?pid=999&cid=0#999",
            Place.TIEBA,
            "tieba:999",
            "https://tieba.baidu.com/p/888?pid=999&cid=0",
        ),
    ],
)
def test_answers_articles_and_threads_are_named(pasted, place, mention_id, url):
    link = read_link(pasted)
    assert link is not None
    assert (link.place, link.key, link.url) == (place, mention_id, url)


@pytest.mark.parametrize(
    ("pasted", "place", "url"),
    [
        (
            "https://mp.weixin.qq.com/s?__biz=A&mid=1&idx=1&scene=27&sharer_shareinfo=abc",
            Place.WECHAT,
            "https://mp.weixin.qq.com/s?__biz=A&mid=1&idx=1",
        ),
        ("https://t.cn/A6abcdef", Place.WEIBO, "https://t.cn/A6abcdef"),
        ("https://user.qzone.qq.com/1/", Place.QQ, "https://user.qzone.qq.com/1"),
        (
            "https://www.example.com/x?id=3&utm_source=app#top",
            Place.OTHER,
            "https://www.example.com/x?id=3",
        ),
        ("https://weibo.com/", Place.WEIBO, "https://weibo.com/"),
        ("https://notweibo.com/1/IEY7vfLUm", Place.OTHER, "https://notweibo.com/1/IEY7vfLUm"),
    ],
)
def test_other_links_lose_who_shared_them(pasted, place, url):
    link = read_link(pasted)
    assert link is not None
    assert (link.place, link.url, link.mention_ids) == (place, url, ())


@pytest.mark.parametrize(
    "pasted",
    [
        "",
        "没有链接",
        "javascript:alert(1)",
        "ftp://example.com/a",
        "http://127.0.0.1/a",
        "http://localhost/a",
        "https://user@weibo.com/1/IEY7vfLUm",
        "https://weibo.com:8443/1/IEY7vfLUm",
        "https://",
        "https://例",
        "http://[::1]/",
        f"https://example.com/{'a' * LONGEST_LINK}",
    ],
)
def test_what_is_no_public_web_address_is_no_link(pasted):
    assert read_link(pasted) is None


def test_the_first_usable_address_counts():
    link = read_link("http://127.0.0.1/x 和 https://tieba.baidu.com/p/1")
    assert link is not None
    assert link.key == "tieba:1"


@given(st.text(max_size=300) | st.text("htps:/.weiboczhn@?&=#%[]\\ 1", max_size=300))
def test_whatever_is_pasted_is_read_or_not_and_reading_twice_changes_nothing(pasted):
    link = read_link(pasted)
    if link is not None:
        assert link.url.isprintable()
        again = read_link(link.url)
        assert again is not None
        assert again.key == link.key
