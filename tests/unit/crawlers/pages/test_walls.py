"""What is a wall, of which kind, and what is none."""

import json
from datetime import UTC, datetime

import pytest

from crawlers.pages import walls
from crawlers.pages.document import Document
from domain.mention import Platform
from domain.page import BlockKind, PageState

WEIBO, ZHIHU, TIEBA = Platform.WEIBO, Platform.ZHIHU, Platform.TIEBA
AT = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


def find(platform, body=b"", *, url="", status=200):
    text = json.dumps(body, ensure_ascii=False) if isinstance(body, dict) else body
    raw = text.encode() if isinstance(text, str) else text
    return walls.find(platform, Document(raw, url, status, AT), page="page")


def html(body="", title="", head=""):
    return f"<html><head><title>{title}</title>{head}</head><body>{body}</body></html>"


@pytest.mark.parametrize(
    ("platform", "body", "kind"),
    [
        (WEIBO, {"ok": -100, "url": "https://weibo.com/login.php?url=x"}, BlockKind.VISITOR),
        (WEIBO, {"ok": -100, "url": "https://passport.weibo.com/verify?x"}, BlockKind.CAPTCHA),
        (WEIBO, {"ok": 0, "message": "前方有点拥堵，请登录后使用"}, BlockKind.LOGIN_WALL),
        (WEIBO, {"ok": 0, "msg": "请先登录"}, BlockKind.LOGIN_WALL),
        (WEIBO, {"error_code": 21301, "error": "relogin!"}, BlockKind.LOGIN_WALL),
        (
            WEIBO,
            {"ok": 0, "url": "https://passport.weibo.com/sso/signin?x"},
            BlockKind.LOGIN_WALL,
        ),
        (WEIBO, {"ok": 0, "url": "https://passport.weibo.com/verify?x"}, BlockKind.CAPTCHA),
        (WEIBO, {"ok": 0, "url": "https://m.weibo.cn/c/attitudes"}, BlockKind.CAPTCHA),
        (WEIBO, {"error": "Forbidden"}, BlockKind.REFUSED),
        (WEIBO, {"ok": 0, "msg": "登录设备异常"}, BlockKind.REFUSED),
        (
            WEIBO,
            {"ok": 0, "errno": "100005", "msg": "请求过于频繁，歇歇吧"},
            BlockKind.RATE_LIMITED,
        ),
        (WEIBO, {"error_code": 10023, "error": "x"}, BlockKind.RATE_LIMITED),
        (WEIBO, html(title="新浪通行证"), BlockKind.LOGIN_WALL),
        (WEIBO, html(title="微博安全验证"), BlockKind.CAPTCHA),
        (WEIBO, html("nginx", title="414 Request-URI Too Large"), BlockKind.RATE_LIMITED),
        (WEIBO, html("nginx", title="403 Forbidden"), BlockKind.REFUSED),
        (WEIBO, html("<p>请先登录</p>", title="微博-出错了"), BlockKind.LOGIN_WALL),
        (WEIBO, html(title="Sina Visitor System"), BlockKind.VISITOR),
        (
            WEIBO,
            html('<script>location="https://passport.weibo.com/visitor/visitor?a"</script>'),
            BlockKind.VISITOR,
        ),
        (
            WEIBO,
            html('<script>location="https://passport.weibo.com/verify?a"</script>'),
            BlockKind.CAPTCHA,
        ),
        (ZHIHU, {"error": {"code": 40362, "message": "x"}}, BlockKind.REFUSED),
        (ZHIHU, {"error": {"code": 40352, "need_login": True}}, BlockKind.CAPTCHA),
        (ZHIHU, {"error": {"code": 10003}}, BlockKind.REFUSED),
        (ZHIHU, {"error": {"code": 999}}, BlockKind.REFUSED),
        (ZHIHU, {"error": {"code": 100, "need_login": True}}, BlockKind.LOGIN_WALL),
        (
            ZHIHU,
            {"error": {"code": 1, "redirect": "https://www.zhihu.com/account/unhuman?type=x"}},
            BlockKind.CAPTCHA,
        ),
        (ZHIHU, {"data": [{}], "paging": {}, "need_force_login": True}, BlockKind.LOGIN_WALL),
        (ZHIHU, html(title="安全验证 - 知乎"), BlockKind.CAPTCHA),
        (ZHIHU, html('<div class="SignContainer"></div>'), BlockKind.LOGIN_WALL),
        (TIEBA, {"error_code": 110001, "error_msg": "未知错误"}, BlockKind.REFUSED),
        (TIEBA, {"no": 4, "error": "need login"}, BlockKind.LOGIN_WALL),
        (TIEBA, {"error_code": "1", "error_msg": "用户没有登录"}, BlockKind.LOGIN_WALL),
        (TIEBA, {"errno": 40, "errmsg": "请输入验证码"}, BlockKind.CAPTCHA),
        (TIEBA, {"error_code": 110003, "error_msg": "操作过于频繁"}, BlockKind.RATE_LIMITED),
        (
            TIEBA,
            html("<script>location='https://wappass.baidu.com/static/captcha/x.html'</script>"),
            BlockKind.CAPTCHA,
        ),
        (TIEBA, html(title="百度安全验证"), BlockKind.CAPTCHA),
        (
            TIEBA,
            html(
                "网络不给力，请稍后重试", head='<link href="https://ppui-static-wap.example/a.css">'
            ),
            BlockKind.CAPTCHA,
        ),
        (TIEBA, html("<div>数据加载失败</div>"), BlockKind.REFUSED),
    ],
)
def test_a_page_that_says_it_is_a_wall_is_one(platform, body, kind):
    page = find(platform, body)
    assert page is not None
    assert (page.state, page.block_kind, page.reason) == (PageState.BLOCKED, kind, kind.value)


@pytest.mark.parametrize(
    ("platform", "url", "kind"),
    [
        (WEIBO, "https://passport.weibo.com/visitor/visitor?entry=x", BlockKind.VISITOR),
        (WEIBO, "https://visitor.passport.weibo.cn/visitor?x", BlockKind.VISITOR),
        (WEIBO, "https://passport.weibo.com/verify/index", BlockKind.CAPTCHA),
        (WEIBO, "https://passport.weibo.com/sso/signin?entry=x", BlockKind.LOGIN_WALL),
        (WEIBO, "https://weibo.com/login.php?url=x", BlockKind.LOGIN_WALL),
        (ZHIHU, "https://www.zhihu.com/account/unhuman?type=S", BlockKind.CAPTCHA),
        (ZHIHU, "https://www.zhihu.com/signin?next=%2Fsearch", BlockKind.LOGIN_WALL),
        (TIEBA, "https://wappass.baidu.com/static/captcha/tuxing.html", BlockKind.CAPTCHA),
        (TIEBA, "https://passport.baidu.com/v2/?login", BlockKind.LOGIN_WALL),
    ],
)
def test_an_address_that_is_a_wall_blocks_whatever_the_page_shows(platform, url, kind):
    page = find(platform, html("<p>x</p>"), url=url)
    assert page is not None
    assert page.block_kind is kind


@pytest.mark.parametrize(
    ("status", "state", "kind"),
    [
        (401, PageState.BLOCKED, BlockKind.LOGIN_WALL),
        (403, PageState.BLOCKED, BlockKind.REFUSED),
        (414, PageState.BLOCKED, BlockKind.RATE_LIMITED),
        (418, PageState.BLOCKED, BlockKind.RATE_LIMITED),
        (429, PageState.BLOCKED, BlockKind.RATE_LIMITED),
        (432, PageState.BLOCKED, BlockKind.RATE_LIMITED),
        (404, PageState.GONE, None),
        (410, PageState.GONE, None),
        (302, PageState.NOT_CONTENT, None),
        (500, PageState.NOT_CONTENT, None),
        (502, PageState.NOT_CONTENT, None),
    ],
)
@pytest.mark.parametrize("platform", list(Platform))
def test_a_status_speaks_where_the_page_does_not(platform, status, state, kind):
    page = find(platform, html("<p>x</p>"), status=status)
    assert page is not None
    assert (page.state, page.block_kind) == (state, kind)


def test_the_words_of_a_page_say_more_than_its_status():
    captcha = find(ZHIHU, {"error": {"code": 40352}}, status=403)
    login = find(WEIBO, {"ok": 0, "message": "前方有点拥堵，请登录后使用"}, status=403)
    assert captcha is not None
    assert captcha.block_kind is BlockKind.CAPTCHA
    assert login is not None
    assert login.block_kind is BlockKind.LOGIN_WALL


@pytest.mark.parametrize(
    ("platform", "body", "state"),
    [
        (WEIBO, {"ok": 0, "errno": "20101", "msg": "该微博不存在"}, PageState.GONE),
        (WEIBO, {"ok": 0, "msg": "微博不存在或暂无查看权限!"}, PageState.GONE),
        (WEIBO, {"ok": 0, "msg": "根据博主设置，此内容无法访问"}, PageState.GONE),
        (WEIBO, html("<p>微博不存在或暂无查看权限!</p>", title="微博-出错了"), PageState.GONE),
        (WEIBO, {"ok": 0, "msg": "这里还没有内容", "data": {"cards": []}}, PageState.EMPTY),
        (WEIBO, {"ok": 0, "msg": "快来发表你的评论吧"}, PageState.EMPTY),
        (WEIBO, {"ok": 0, "errno": "100011", "msg": "暂无数据"}, PageState.EMPTY),
        (ZHIHU, {"error": {"code": 404, "name": "NotFoundException"}}, PageState.GONE),
        (ZHIHU, html("你似乎来到了没有知识存在的荒原"), PageState.GONE),
        (
            TIEBA,
            {"error_code": 4, "error_msg": "这个楼层可能已被删除啦，去看看其他贴子吧"},
            PageState.GONE,
        ),
        (
            TIEBA,
            {"error_code": "28", "error_msg": "您浏览的主题已不存在，去看看其他贴子吧"},
            PageState.GONE,
        ),
        (TIEBA, {"error_code": 350008, "error_msg": ""}, PageState.GONE),
        (TIEBA, html('<a class="u_login">登录</a>很抱歉，该贴已被删除。'), PageState.GONE),
        (TIEBA, html("很抱歉，您的贴子已被系统删除"), PageState.GONE),
        (TIEBA, html("很抱歉，该吧被合并您所访问的贴子无法显示。"), PageState.GONE),
        (TIEBA, html("抱歉，您访问的贴子被隐藏，暂时无法访问。"), PageState.GONE),
    ],
)
def test_deleted_is_gone_and_only_the_platform_says_empty(platform, body, state):
    page = find(platform, body)
    assert page is not None
    assert page.state is state


WEIBO_CARD = '<div class="card-wrap" action-type="feed_list_item" mid="1">{}</div>'


@pytest.mark.parametrize(
    ("platform", "body"),
    [
        (WEIBO, {"ok": 1, "data": {"cards": []}, "msg": "请先登录"}),
        (WEIBO, {"ok": 0, "msg": "登录设备异常", "data": {"list": [{"id": 1}]}}),
        (WEIBO, {"mblogid": "x", "text_raw": "请先登录", "url_struct": []}),
        (WEIBO, html(WEIBO_CARD.format("有人说请先登录 passport.weibo.com/sso/signin"))),
        (WEIBO, html(head="<script>CAPTCHA_TYPE='x'</script><script src='gt4.js'></script>")),
        (WEIBO, html("<script>var $render_data = [{'text': '请先登录'}][0]</script>")),
        (WEIBO, html("<!--" + "x" * 40_000 + "--><a href='//passport.weibo.com/signin'>登录</a>")),
        (ZHIHU, {"data": [], "paging": {"is_end": True}, "need_force_login": False}),
        (ZHIHU, html('<div class="ContentItem">你似乎来到了没有知识存在的荒原</div>')),
        (
            ZHIHU,
            html('<div class="ContentItem">x</div><div class="signFlowModal"></div>'),
        ),
        (ZHIHU, html('<script id="js-initialData">{}</script><script>__zse_ck</script>')),
        (TIEBA, {"error_code": 0, "data": {}}),
        (TIEBA, {"errno": "0", "errmsg": "成功"}),
        (TIEBA, html(title="百度安全验证【网络安全吧】_百度贴吧")),
        (TIEBA, html('<div class="s_post">数据加载失败</div><a class="u_login">登录</a>')),
        (TIEBA, html("<script>var text = '数据加载失败'</script>哎呀！木有找到相关内容")),
        (TIEBA, html('<div class="l_post">很抱歉，该贴已被删除。</div>')),
        (TIEBA, html('<div class="pb-content-wrap">该贴已被删除？</div><a class="u_login"></a>')),
        (TIEBA, html('<code><!--<ul id="thread_list"></ul>--></code><a class="u_login">登录</a>')),
        (TIEBA, b"\x00\xff\xfe"),
    ],
)
def test_what_a_good_page_may_hold_is_no_wall(platform, body):
    assert find(platform, body) is None


def test_a_hostile_address_is_no_wall_and_no_crash():
    assert find(WEIBO, html("<p>x</p>"), url="http://[") is None
    assert find(WEIBO, {"ok": 1, "msg": "", "url": ["http://["]}) is None


def test_a_page_larger_than_any_page_is_not_read():
    page = find(TIEBA, b" " * (16 * 1024 * 1024 + 1))
    assert page is not None
    assert page.state is PageState.NOT_CONTENT
