"""Weibo's pages: the odd values that posts, comments, lists and searches may have."""

import json
from datetime import UTC, datetime

import pytest

from crawlers.pages.detect import read_page
from domain.errors import LayoutChanged
from domain.mention import Platform
from domain.page import BlockKind, FoundMention, Page, PageState

AT = datetime(2026, 11, 20, 4, 0, 30, tzinfo=UTC)
USER = {"id": 9000000001, "screen_name": "晴天小卖部"}
POST = {
    "id": "4806110650831915",
    "mid": "4806110650831915",
    "bid": "M2eWPrPhd",
    "created_at": "Sat Aug 20 18:29:52 +0800 2022",
    "text": "云栈奶茶好喝",
    "source": "iPhone",
    "user": USER,
    "reposts_count": 1,
    "comments_count": 2,
    "attitudes_count": 3,
    "isLongText": False,
}
ORIGINAL = POST | {"id": "4806110650831000", "mid": "4806110650831000", "bid": "", "text": "原文"}
COMMENT = {
    "id": "4806110650831999",
    "rootid": "4806110650831999",
    "created_at": "Sat Aug 20 18:29:52 +0800 2022",
    "text": "好的",
    "source": "来自 北京",
    "user": USER,
    "like_count": 5,
    "comments": False,
    "total_number": 0,
}
ONE_POST = "https://m.weibo.cn/statuses/show?id=4806110650831915"
SEARCH = (
    "https://m.weibo.cn/api/container/getIndex"
    "?containerid=100103type%3D61%26q%3Dx&page_type=searchall"
)
HOTFLOW = "https://m.weibo.cn/comments/hotflow?id=4806110650831915&mid=4806110650831915"


def weibo(body: object, *, url: str = "", status: int = 200) -> Page:
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return read_page(text.encode(), platform=Platform.WEIBO, url=url, status=status, fetched_at=AT)


def one(changes: dict[str, object]) -> tuple[FoundMention, ...]:
    return weibo({"ok": 1, "data": POST | changes}).mentions


def container(*cards: object) -> dict[str, object]:
    return {"ok": 1, "data": {"cardlistInfo": {"total": 0}, "cards": list(cards)}}


def comments(*rows: object) -> dict[str, object]:
    return {"ok": 1, "data": {"data": list(rows), "total_number": 9, "max_id": 0}}


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"source": "来自 iPhone客户端"}, "client", "iPhone客户端"),
        ({"source": '<a href="x" rel="nofollow">微博 weibo.com</a>'}, "client", "微博 weibo.com"),
        ({"source": ""}, "client", None),
        ({"region_name": "发布于 其他"}, "ip_location", None),
        ({"region_name": "来自 广东"}, "ip_location", "广东"),
        ({"attitudes_count": "100万+"}, "likes", 1_000_000),
        ({"attitudes_count": -1}, "likes", None),
        ({"reposts_count": None}, "reposts", None),
        ({"text": "好<img alt=[doge] src='//x/emoticon/d.png' />"}, "text", "好[doge]"),
        ({"text": '第一句...<a href="/status/1">全文</a>'}, "text", "第一句..."),
        (
            {"text": "好 <a><span><img src='x'></span><span>北京·三里屯</span></a>"},
            "text",
            "好 北京·三里屯",
        ),
        ({"text": "哈//<a href='/n/甲'>@甲</a>:对//<a>@乙</a>:是"}, "text", "哈//@甲:对//@乙:是"),
        (
            {"page_info": {"type": "video", "title": "做饭", "play_count": "3.4万次播放"}},
            "views",
            34_000,
        ),
        (
            {"page_info": {"object_type": "video", "media_info": {"play_count": 1182}}},
            "views",
            1182,
        ),
        ({"created_at": "12-31"}, "published_at", datetime(2025, 12, 30, 16, tzinfo=UTC)),
        ({"created_at": "昨天 20:29"}, "published_at", datetime(2026, 11, 19, 12, 29, tzinfo=UTC)),
    ],
)
def test_a_post_is_read_whatever_form_a_value_has(changes, field, value):
    assert getattr(one(changes)[0], field) == value


@pytest.mark.parametrize(
    "original",
    [
        {"user": None, "text": "抱歉，此微博已被作者删除。查看帮助："},
        {"user": None, "text": "该内容已被博主设为仅粉丝可见"},
        {"text": "因违反相关规定，该微博不予显示"},
        {"text": "words nobody has met yet"},
        {"user": {}, "text": "抱歉，作者已设置仅展示半年内微博，此微博已不可见。"},
        {"user": [], "deleted": "1"},
    ],
)
def test_a_repost_of_what_is_gone_keeps_its_id_and_nothing_else(original):
    (post,) = one({"retweeted_status": {"id": "4806110650831000"} | original})
    assert post.repost_of == "weibo:4806110650831000"


def test_a_repost_brings_its_original_but_not_the_originals_original():
    deeper = ORIGINAL | {"id": "4806110650830000", "mid": "4806110650830000"}
    post, original = one({"retweeted_status": ORIGINAL | {"retweeted_status": deeper}})
    assert (post.repost_of, original.id) == ("weibo:4806110650831000", "weibo:4806110650831000")
    assert (original.embedded, original.text) == (True, "原文")


@pytest.mark.parametrize(
    "mark",
    [{"isAd": 1}, {"is_ad": True}, {"readtimetype": "adMblog"}, {"mblogtypename": "广告"}],
)
def test_an_advert_among_posts_is_no_mention(mark):
    advert = ORIGINAL | mark
    page = weibo(container({"card_type": 9, "mblog": POST}, {"card_type": 9, "mblog": advert}))
    assert [mention.id for mention in page.mentions] == ["weibo:4806110650831915"]


def test_a_post_that_names_a_wall_beside_its_words_is_read():
    assert weibo(
        POST | {"mblogid": "M2eWPrPhd", "url": "https://passport.weibo.com/verify"}
    ).mentions


def test_a_post_that_its_author_promotes_is_no_advert():
    assert one({"ad_state": 1, "promotion": {"adtype": 8}})


NOTHING_FOUND = {"card_type": 11, "card_group": [{"card_type": 58, "desc": "没有找到相关结果"}]}


def test_posts_under_the_notice_of_a_search_are_not_what_was_asked_for():
    unrelated = {"card_type": 11, "card_group": [{"card_type": 9, "mblog": POST}]}
    assert weibo(container(NOTHING_FOUND, unrelated), url=SEARCH).state is PageState.EMPTY
    assert weibo(container(unrelated, NOTHING_FOUND), url=SEARCH).state is PageState.OK


def test_a_container_of_other_cards_alone_is_not_calm():
    with pytest.raises(LayoutChanged, match="mblog"):
        weibo(container({"card_type": 11, "card_group": [{"card_type": 10, "user": USER}]}))


@pytest.mark.parametrize(
    "row",
    [
        {"adType": "推荐", "text": "买"},
        COMMENT | {"id": "4806110650832009", "isAd": 1},
        {"id": "4806110650832001", "user": None, "text": "此评论已被博主删除"},
    ],
)
def test_adverts_and_notices_among_comments_are_none(row):
    page = weibo(comments(COMMENT, row), url=HOTFLOW)
    assert [mention.id for mention in page.mentions] == ["weibo:4806110650831999"]


def test_a_comment_whose_author_weibo_does_not_show_is_nobodys():
    (found,) = weibo(comments(COMMENT | {"user": None}), url=HOTFLOW).mentions
    assert (found.author, found.author_uid, found.text) == ("", None, "好的")
    with pytest.raises(LayoutChanged, match="user"):
        weibo(comments({k: v for k, v in COMMENT.items() if k != "user"}), url=HOTFLOW)


@pytest.mark.parametrize(
    ("source", "place", "client"),
    [
        ("来自北京", "北京", None),
        ("发布于 北京", "北京", None),
        ("来自其他", None, None),
        ("来自HUAWEI P30", None, "HUAWEI P30"),
        ("<a href='x'>iPhone客户端</a>", None, "iPhone客户端"),
    ],
)
def test_behind_a_comment_stands_a_place_or_a_client(source, place, client):
    (found,) = weibo(comments(COMMENT | {"source": source}), url=HOTFLOW).mentions
    assert (found.ip_location, found.client) == (place, client)


def test_what_is_pinned_above_the_hot_words_is_read_once():
    rows = [{"word": "甲"}, {"word": "广告", "is_ad": 1}, {"word": "乙"}]
    several = {"hotgov": {"word": "#政#"}, "hotgovs": [{"word": "#政#"}, {"word": "#策#"}]}
    page = weibo({"ok": 1, "data": several | {"realtime": rows}})
    assert [mention.text for mention in page.mentions] == ["政", "策", "甲", "乙"]


@pytest.mark.parametrize("data", [{}, [], None])
def test_a_post_that_is_not_long_has_no_longer_text(data):
    page = weibo({"ok": 1, "data": data}, url="https://weibo.com/ajax/statuses/longtext?id=M1")
    assert page.state is PageState.EMPTY


def detail(script: str) -> str:
    return f"<!DOCTYPE html><html><head><title>微博正文</title></head><body>{script}</body></html>"


def test_the_data_of_a_mobile_page_are_found_in_a_script_only():
    data = json.dumps([{"status": POST | {"text": "我写 [0] || {} 也行"}}], ensure_ascii=False)
    page = weibo(detail(f"<script>\nvar $render_data = {data}[0] || {{}};\n</script>"))
    assert page.mentions[0].text == "我写 [0] || {} 也行"
    with pytest.raises(LayoutChanged):
        weibo(detail(f"<p>var $render_data = {data}[0] || {{}}</p>"))


CARD = """
<div class="card-wrap" {mark}><div class="card"><div class="card-feed"><div class="content">
<div class="info"><a href="//weibo.com/9000000002" class="name" nick-name="小圆子">小圆子</a></div>
<p class="txt" node-type="feed_list_content">{text}</p>{original}
<p class="from"><a href="//weibo.com/9000000002/R0sVUdZrj?x">{time}</a>&nbsp;来自 <a>iPhone</a></p>
</div></div><div class="card-act"><ul><li><a action-type="feed_list_forward">转发</a></li>
<li><a action-type="feed_list_comment">评论 1.2万</a></li></ul></div></div></div>
"""
MARK = 'action-type="feed_list_item" mid="5301112223334441"'
REPOSTED = """
<div class="card-comment"><div class="con"><div node-type="feed_list_forwardContent">
<a href="//weibo.com/u/2286908003" class="name" nick-name="人民网">@人民网</a>
<p class="txt" node-type="feed_list_content">开头<a action-type="fl_unfold">展开</a></p>
<p class="txt" node-type="feed_list_content_full" style="display:none">全部<br/>第二行</p></div>
<div class="func">{buttons}
<p class="from"><a href="//weibo.com/2286908003/IEY7vfLUm">2020年04月25日 16:55</a></p></div>
</div></div>
"""
BY_PLACE = """<ul class="act s-fr"><li><a>转发 12</a></li><li><a>评论 3万</a></li>
<li><a action-data="mid=4497642253759082" action-type="feed_list_like"><em>7</em></a></li></ul>"""
BY_NAME = """<a action-type="feed_list_forward">12</a><a action-type="feed_list_comment">3万</a>
<a action-type="feed_list_like"><span class="woo-like-count">7</span></a>"""


def found_posts(*cards: str, tail: str = "") -> Page:
    return weibo(f"<html><head><title>微博搜索</title></head><body>{''.join(cards)}{tail}</body>")


def card(
    *, mark: str = MARK, text: str = "好喝", original: str = "", time: str = "今天11:52"
) -> str:
    return CARD.format(mark=mark, text=text, original=original, time="今天11:52")


@pytest.mark.parametrize(
    "mark", [MARK, 'mid="5301112223334441"', 'action-type="feed_list_item"', 'mid=""']
)
def test_a_card_is_one_by_its_type_or_by_its_id(mark):
    (post,) = found_posts(card(mark=mark)).mentions
    assert (post.id, post.comments, post.reposts) == ("weibo:5301112223334441", 12_000, 0)


@pytest.mark.parametrize("buttons", [BY_PLACE, BY_NAME])
def test_the_counts_of_an_original_stand_by_place_or_by_name(buttons):
    post, original = found_posts(card(original=REPOSTED.format(buttons=buttons))).mentions
    assert (post.text, post.comments, post.repost_of) == ("好喝", 12_000, original.id)
    assert (original.id, original.author) == ("weibo:4497642253759082", "人民网")
    assert (original.likes, original.comments, original.reposts) == (7, 30_000, 12)
    assert original.text == "全部\n第二行"


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ('好 <a><i class="wbicon">2</i>北京·三里屯</a>', "好 北京·三里屯"),
        ('<a><i class="wbicon">L</i>某人的微博视频</a>', "某人的微博视频"),
        ('<a>#<em class="s-color-red">茶</em>#</a>好', "#茶#好"),
        ('<img src="a" title="[泪]" alt="[泪]" class="face" />', "[泪]"),
        ('好 <a href="//weibo.com/1/x">展开<i class="wbicon">c</i></a>', "好"),
        ("一\n  二<br/>\n<br/>三\u200b", "一 二\n\n三"),
    ],
)
def test_the_text_of_a_card_is_what_a_person_reads(markup, text):
    assert found_posts(card(text=markup)).mentions[0].text == text


@pytest.mark.parametrize(
    ("tail", "following"),
    [
        ('<a class="next" href="/weibo?q=x&amp;Refer=g&amp;page=3">下一页</a>', "3"),
        ('<a class="next" href="javascript:void(0);">下一页</a>', None),
        (
            '<ul class="s-scroll"><li class="cur"><a href="/weibo?q=x&page=1">1</a></li>'
            '<li><a href="/weibo?q=x&page=2">2</a></li></ul>',
            "2",
        ),
    ],
)
def test_the_next_page_is_told_by_the_link_or_by_the_list_of_pages(tail, following):
    assert found_posts(card(), tail=tail).next == following


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ("抱歉，未找到“x”相关结果。", PageState.EMPTY),
        ("抱歉，暂无相关结果", PageState.EMPTY),
        ("根据相关法律法规和政策，“x”搜索结果未予显示。", BlockKind.REFUSED),
        ("您的搜索过于频繁，请稍后再试", BlockKind.RATE_LIMITED),
        ("请登录后查看更多结果", BlockKind.LOGIN_WALL),
        ("抱歉，未找到“法律法规”相关结果。", PageState.EMPTY),
        ("抱歉，未找到“搜索过于频繁 请登录”相关结果。", PageState.EMPTY),
    ],
)
def test_a_search_without_results_says_why(words, state):
    page = found_posts(f'<div class="card card-no-result"><p>{words}</p></div>', card())
    assert (page.block_kind or page.state) is state
    assert not page.mentions


def wap(title: str, body: str) -> str:
    tip = '<div class="c tip"><a href="https://m.weibo.cn" class="tl">触屏版</a></div>'
    return f"<html><head><title>{title}</title></head><body>{tip}{body}</body></html>"


OWNER = '<div class="u"><div class="ut">x</div><div class="tip2"><span>微博[0]</span></div></div>'


def test_an_account_of_weibo_cn_without_posts_is_empty_only_when_it_says_so():
    silent = weibo(wap("某人的微博", f'{OWNER}<div class="c">TA还没有发过微博.</div>'))
    assert silent.state is PageState.EMPTY
    with pytest.raises(LayoutChanged, match="M_"):
        weibo(wap("某人的微博", f'{OWNER}<div class="c">设置</div>'))


@pytest.mark.parametrize(
    ("body", "url"),
    [
        (wap("某人的资料", '<div class="c">昵称:某人</div>'), ""),
        (wap("某人的相册", '<div class="c">微博配图</div>'), ""),
        ({"data": {"login": False, "st": "x"}, "ok": 1}, "https://m.weibo.cn/api/config"),
        ("<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>", ""),
        (
            "<html><head><title>随时随地发现新鲜事！微博</title></head><div id=app></div></html>",
            "https://weibo.com/9000000001",
        ),
    ],
)
def test_a_page_that_holds_no_posts_is_not_content(body, url):
    assert weibo(body, url=url).state is PageState.NOT_CONTENT


VERIFY = "https://passport.weibo.com/verify/index?x"
SHELL = "<html><head><title>微博</title></head><body><div id='app'></div></body></html>"


@pytest.mark.parametrize(
    ("body", "url", "kind"),
    [
        ({"ok": 0}, "", BlockKind.REFUSED),
        ({"ok": 0, "data": {}}, SEARCH, BlockKind.REFUSED),
        ({"ok": 0, "msg": "", "data": "x"}, "", BlockKind.REFUSED),
        ({"url": VERIFY}, "", BlockKind.CAPTCHA),
        ({"ok": 1, "url": VERIFY}, "", BlockKind.CAPTCHA),
        ({"retcode": 6102, "msg": "", "url": VERIFY}, "", BlockKind.CAPTCHA),
        ({"code": "100027", "data": {"url": VERIFY}}, "", BlockKind.CAPTCHA),
        ({"code": "100002", "msg": "请登录", "data": ""}, "", BlockKind.LOGIN_WALL),
        ({"message": "前方有点拥堵，请登录后使用"}, "", BlockKind.LOGIN_WALL),
        ("<title>微博</title><div class='c'>请求过于频繁</div>", "", BlockKind.RATE_LIMITED),
        ("<title>验证</title><p>请完成验证</p>", "", BlockKind.CAPTCHA),
        (SHELL, SEARCH, BlockKind.VISITOR),
        ("<p>x</p>", "https://weibo.com/ajax/statuses/mymblog?uid=1", BlockKind.VISITOR),
        ("<title>微博</title><script>post('/visitor/genvisitor2')</script>", "", BlockKind.VISITOR),
        ("<title>微博-出错了</title><p class='h5-4con'>请求超时</p>", "", BlockKind.REFUSED),
        ("<title>微博搜索</title><p>请输入验证码</p>", "", BlockKind.CAPTCHA),
    ],
)
def test_what_stands_in_the_place_of_posts_is_a_wall(body, url, kind):
    assert weibo(body, url=url).block_kind is kind


@pytest.mark.parametrize(
    ("body", "url"),
    [
        ({"ok": 0}, ONE_POST),
        ({"ok": 0, "data": {}}, ONE_POST),
        ({"ok": 0, "errno": 20003, "msg": ""}, ""),
        ("<title>微博</title><div class='me'>用户不存在哦!</div>", ""),
    ],
)
def test_a_post_that_is_gone_says_so_in_many_ways(body, url):
    assert weibo(body, url=url).state is PageState.GONE


def test_closed_comments_are_no_wall():
    assert weibo({"ok": 0, "msg": "该微博已关闭评论功能"}, url=HOTFLOW).state is PageState.EMPTY
