"""What stands in the way of a page, looked for before anything on it is read.

The signs were seen up to September 2026. A page's own words say more than its address, and its
address more than the HTTP status: a 403 may be a captcha, a login wall or a plain refusal. Words
count only where no post could have said them: in an error object, in the title, or on a page that
shows no posts at all. No signs are: `CAPTCHA_TYPE`, `gt4.js` and yidun scripts (on every good Weibo
page), `zse-ck` scripts beside content (on every good Zhihu page), and a login button.
"""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from crawlers.pages import zhihu_state
from crawlers.pages.document import Document
from crawlers.pages.text import node_text
from domain.mention import Platform
from domain.page import BlockKind, Page, PageState

_Wall = BlockKind | PageState
"""A block kind, or the state `gone` or `empty`."""

_STUB_CHARACTERS = 30_000
"""Pages that only send the browser elsewhere are small; these are far below it."""

_STATUS: dict[int, _Wall] = {
    401: BlockKind.LOGIN_WALL,
    403: BlockKind.REFUSED,
    404: PageState.GONE,
    410: PageState.GONE,
    414: BlockKind.RATE_LIMITED,
    418: BlockKind.RATE_LIMITED,
    429: BlockKind.RATE_LIMITED,
    432: BlockKind.RATE_LIMITED,
}

_ADDRESSES: tuple[tuple[re.Pattern[str], BlockKind], ...] = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        (r"(visitor\.passport\.weibo\.c(om|n)/|passport\.weibo\.com/visitor)", BlockKind.VISITOR),
        (r"passport\.weibo\.c(om|n)/verify", BlockKind.CAPTCHA),
        (r"passport\.weibo\.c(om|n)/", BlockKind.LOGIN_WALL),
        (r"(www\.)?weibo\.com/(login\.php|newlogin)", BlockKind.LOGIN_WALL),
        (r"login\.sina\.com\.cn/", BlockKind.LOGIN_WALL),
        (r"www\.zhihu\.com/account/unhuman", BlockKind.CAPTCHA),
        (r"www\.zhihu\.com/signin", BlockKind.LOGIN_WALL),
        (r"wappass\.baidu\.com/static/captcha", BlockKind.CAPTCHA),
        (r"(wap)?pass(port)?\.baidu\.com/", BlockKind.LOGIN_WALL),
    )
)

_REASONS = {
    PageState.GONE: "deleted, or never was",
    PageState.EMPTY: "no results",
    PageState.NOT_CONTENT: "an error of the server",
}

_CONTENT = {
    Platform.WEIBO: "[action-type=feed_list_item], .card-no-result, div.c[id^=M_], div.c[id^=C_]",
    Platform.ZHIHU: (
        ".ContentItem, .Search-card, .RichContent, .Post-RichText, .HotItem, .HotList-item,"
        "[data-zop]"
    ),
    Platform.TIEBA: (
        ".l_post, .s_post, .threadcardclass, .thread-content-box, .j_thread_list, .lzl_single_post,"
        ".lzl_li_pager, .pb-comment-item, .pb-content-wrap, .thread-card-wrapper, .thread-card"
    ),
}
"""Where posts stand; a page with one of these is read, whatever else is on it."""

_WEIBO_GONE = re.compile(
    r"(?:微博|用户|评论|内容|页面)不存在|已被(?:作者)?删除|(?:暂无|没有).{0,8}查看权限|不可见"
    r"|(?:无法|不能)(?:查看|访问)|does not exist"
)
_WEIBO_ONE_POST = re.compile(r"//m\.weibo\.cn/(?:statuses/show|detail|status)\b")
_WEIBO_DATA = re.compile(r"//m\.weibo\.cn/(?:api|statuses|comments)/|//(?:www\.)?weibo\.com/ajax/")
"""Addresses that answer JSON: a page in its place wants a person to do something first."""

_WEIBO_LOGIN = re.compile(r"请先?登录|登录后|需要登录|relogin")
_WEIBO_RATE = re.compile(r"频繁|歇歇|前方有?点?拥堵|操作太快|out of rate limit")
_WEIBO_NOTHING = re.compile(
    r"还没有(?:内容|微博|评论|转发)|还没有人|暂无(?:数据|内容|评论|转发|微博)|(?:未|没有?)找到|无结果"
    r"|快来(?:发表|评论|转发|抢)|抢沙发|关闭.{0,3}评论|评论.{0,3}关闭"
)
_WEIBO_ERRORS: dict[str, _Wall] = {
    "10022": BlockKind.RATE_LIMITED,
    "10023": BlockKind.RATE_LIMITED,
    "10024": BlockKind.RATE_LIMITED,
    "20003": PageState.GONE,
    "20101": PageState.GONE,
    "20112": PageState.GONE,
    "20201": PageState.GONE,
    "21301": BlockKind.LOGIN_WALL,
    "21327": BlockKind.LOGIN_WALL,
    "21332": BlockKind.LOGIN_WALL,
    "100002": BlockKind.LOGIN_WALL,
    "100005": BlockKind.RATE_LIMITED,
    "100010": PageState.EMPTY,
    "100011": PageState.EMPTY,
}
"""Of open.weibo.com/wiki/Error_code; the six digits are m.weibo.cn's own, as clients met them."""

_WEIBO_TITLES: tuple[tuple[re.Pattern[str], _Wall], ...] = (
    (re.compile(r"Sina Visitor System|访客系统"), BlockKind.VISITOR),
    (re.compile(r"安全验证|验证码|人机验证"), BlockKind.CAPTCHA),
    (re.compile(r"新浪通行证|^登录|微博.{0,3}登录|登录.{0,3}微博"), BlockKind.LOGIN_WALL),
)
_HTTP_TITLE = re.compile(r"([45][0-9]{2})(?: |$)")
"""`403 Forbidden`, `414 Request-URI Too Large`: a server's own page, as it is saved."""

_WEIBO_STUBS = (
    (re.compile(r"passport\.weibo\.c(?:om|n)/verify|请输入验证码|/pincode/"), BlockKind.CAPTCHA),
    (re.compile(r"请(?:先|您)?完成(?:安全|人机)?验证"), BlockKind.CAPTCHA),
    (re.compile(r"(?:请求|操作|访问|搜索)(?:过于|太)频繁"), BlockKind.RATE_LIMITED),
    (
        re.compile(
            r"visitor\.passport\.weibo\.c|passport\.weibo\.c(?:om|n)/visitor|/visitor/genvisitor"
        ),
        BlockKind.VISITOR,
    ),
    (
        re.compile(r"passport\.weibo\.c(?:om|n)/(?:sso/)?signin|weibo\.com/login\.php|请先登录"),
        BlockKind.LOGIN_WALL,
    ),
)
_ZHIHU_ERRORS: dict[str, _Wall] = {
    "40350": BlockKind.CAPTCHA,
    "40351": BlockKind.CAPTCHA,
    "40352": BlockKind.CAPTCHA,
    "40353": BlockKind.CAPTCHA,
    "40362": BlockKind.REFUSED,
    "10001": BlockKind.REFUSED,
    "10002": BlockKind.REFUSED,
    "10003": BlockKind.REFUSED,
    "100": BlockKind.LOGIN_WALL,
    "401": BlockKind.LOGIN_WALL,
    "404": PageState.GONE,
    "410": PageState.GONE,
    "4041": PageState.GONE,
    "429": BlockKind.RATE_LIMITED,
}
_TIEBA_CAPTCHA = re.compile(
    r"wappass\.baidu\.com/static/(?:captcha|machine)|seccaptcha\.baidu\.com|api/mkdjump"
)
_TIEBA_LIST = re.compile(r"<code[^<>]{0,400}>\s{0,99}<!--[^<>]{0,400}<ul[^<>]{0,400}thread_list")
_TIEBA_GONE = re.compile(
    r"(?:贴|帖)子?可能已被删除|(?:该|您的)(?:贴|帖)子?已被(?:[^，。！]{0,6})?删除|您浏览的主题已不存在"
    r"|访问的(?:贴|帖)子(?:无法显示|被隐藏|不存在)|楼层可能已被删除"
    r"|(?:本|该)吧(?:暂不开放|暂时不能访问|不存在|被合并|尚未建立)"
)
_TIEBA_WORDS: tuple[tuple[re.Pattern[str], _Wall], ...] = (
    (re.compile(r"已被[^，。！]{0,6}删除|已?不存在|被隐藏|无法显示"), PageState.GONE),
    (re.compile(r"验证码|安全验证"), BlockKind.CAPTCHA),
    (re.compile(r"频繁|太快"), BlockKind.RATE_LIMITED),
    (re.compile(r"登录|登陆|need login", re.IGNORECASE), BlockKind.LOGIN_WALL),
)
_TIEBA_ERRORS: dict[str, _Wall] = {"350008": PageState.GONE}
_ZHIHU_GONE = re.compile(
    r"没有知识存在的荒原|NotFound"
    r"|(?:回答|文章|问题|想法|视频|评论|专栏|内容|资源)(?:已经?)?(?:不存在|被?(?:作者|系统|管理员)?删除)"
)
_ZHIHU_LOGIN = re.compile(r"Authentication|oauth_token|_TICKET|身份未|请(?:先|您)?登录|登录后")


def find(platform: Platform, document: Document, *, page: str) -> Page | None:
    """Return what stands in the way as a `Page` named `page`, None when the page can be read.

    The states are `blocked` with its kind, `gone`, `empty` (only where an error object says that
    there is nothing), and `not_content` for bodies too large to read and for server errors.
    """
    if document.is_too_large:
        return Page(page=page, state=PageState.NOT_CONTENT, reason="larger than 16 MiB")
    wall = _SIGNS[platform](document) or _by_address(document.url) or _STATUS.get(document.status)
    if isinstance(wall, BlockKind):
        return Page.blocked(page, wall)
    if wall is not None:
        return Page(page=page, state=wall, reason=_REASONS.get(wall, ""))
    if document.status >= 300:
        return Page(
            page=page, state=PageState.NOT_CONTENT, reason=f"answered HTTP {document.status}"
        )
    return None


def _by_address(url: str) -> BlockKind | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    place = f"{parts.hostname or ''}{parts.path}" if parts.netloc else ""
    return next((kind for pattern, kind in _ADDRESSES if pattern.match(place)), None)


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""


def _code(value: object) -> str:
    return str(value) if isinstance(value, int) and value else _word(value)


def has_content(platform: Platform, document: Document) -> bool:
    """Whether posts stand on a page, so that words on it may be theirs."""
    return document.first(_CONTENT[platform]) is not None


def _weibo(document: Document) -> _Wall | None:
    return _weibo_reply(document) if document.object else _weibo_markup(document)


def _weibo_reply(document: Document) -> _Wall | None:
    reply = document.object
    if reply.get("error") == "Forbidden":
        return BlockKind.REFUSED
    address = _sent_to(reply)
    if not address and reply.get("ok") in (1, "1"):
        return None
    holds, kind = _holds(reply), _by_address(address)
    if reply.get("ok") in (-100, "-100"):
        return BlockKind.CAPTCHA if kind is BlockKind.CAPTCHA else BlockKind.VISITOR
    if kind is not None and not holds:
        return kind
    if reply.get("ok") in (1, "1") or not _SAYS_HOW_IT_WENT & reply.keys():
        return None
    words = " ".join(_word(reply.get(key)) for key in ("msg", "message", "errmsg", "error"))
    codes = (_code(reply.get(name)) for name in ("errno", "error_code", "code"))
    for wall, is_meant in (
        (_WEIBO_ERRORS.get(next(filter(None, codes), "")), True),
        (kind, True),
        (BlockKind.LOGIN_WALL, _WEIBO_LOGIN.search(words)),
        (BlockKind.RATE_LIMITED, _WEIBO_RATE.search(words)),
        (PageState.GONE, _WEIBO_GONE.search(words)),
        (PageState.EMPTY, _WEIBO_NOTHING.search(words)),
        # m.weibo.cn hands out an address that a person has to open
        (BlockKind.CAPTCHA, not holds and _word(reply.get("url"))),
        # m.weibo.cn says no more than `"ok": 0` of a post that is gone
        (PageState.GONE, not holds and _WEIBO_ONE_POST.search(document.url)),
        # words that nobody has met yet or none at all, and nothing else
        (_STATUS.get(document.status, BlockKind.REFUSED), not holds),
    ):
        if wall and is_meant:
            return wall
    return None


_SAYS_HOW_IT_WENT = frozenset(
    {"ok", "errno", "error_code", "error", "code", "retcode", "msg", "message"}
)
_OF_CONTENT = ("cards", "statuses", "text", "text_raw", "mblogid")


def _sent_to(reply: dict[str, object]) -> str:
    """The address that a reply of Weibo gives in place of data, "" when it gives none."""
    data = reply.get("data")
    inside = data.get("url") if isinstance(data, dict) else data
    return _word(reply.get("url")) or _word(inside)


def _holds(reply: dict[str, object]) -> bool:
    """Whether a reply of Weibo has anything beside its words and an address."""
    data = reply.get("data")
    found = data.keys() - {"url"} if isinstance(data, dict) else isinstance(data, list) and data
    return bool(found) or any(reply.get(name) for name in _OF_CONTENT)


def _weibo_markup(document: Document) -> _Wall | None:
    if "$render_data" in document.text:  # a post as a script of its page
        return None
    if document.title == "Sina Visitor System":
        return BlockKind.VISITOR
    if len(document.text) > _STUB_CHARACTERS or has_content(Platform.WEIBO, document):
        return None
    for title, wall in _WEIBO_TITLES:
        if title.search(document.title):
            return wall
    if answered := _HTTP_TITLE.match(document.title):
        return _STATUS.get(int(answered[1]), PageState.NOT_CONTENT)
    if said := _weibo_error_page(document):
        return said
    for sign, kind in _WEIBO_STUBS:
        if sign.search(document.text):
            return kind
    is_in_place_of_data = _WEIBO_DATA.search(document.url) and document.tree is not None
    return BlockKind.VISITOR if is_in_place_of_data and document.json is None else None


def _weibo_error_page(document: Document) -> _Wall | None:
    """m.weibo.cn: a page titled 出错了; weibo.cn: a box `.me`. Either says why in a sentence."""
    is_error = "出错了" in document.title
    if document.tree is None or not (is_error or document.first("body > .me")):
        return None
    shown = node_text(document.tree.body)
    signs: tuple[tuple[re.Pattern[str], _Wall], ...] = (
        (_WEIBO_LOGIN, BlockKind.LOGIN_WALL),
        (_WEIBO_RATE, BlockKind.RATE_LIMITED),
        (_WEIBO_GONE, PageState.GONE),
    )
    unknown = BlockKind.REFUSED if is_error else None
    return next((wall for sign, wall in signs if sign.search(shown)), unknown)


def _zhihu(document: Document) -> _Wall | None:
    return _zhihu_reply(document) if document.object else _zhihu_markup(document)


def _zhihu_reply(document: Document) -> _Wall | None:
    reply = document.object
    if reply.get("need_force_login") is True:
        return BlockKind.LOGIN_WALL
    error = reply.get("error")
    if isinstance(error, str):
        error = {**reply, "message": f"{error} {_word(reply.get('message'))}"}
    elif error is None and "message" in reply and "code" in reply and "data" not in reply:
        error = reply
    if not isinstance(error, dict):
        return None
    words = f"{_word(error.get('name'))} {_word(error.get('message'))}"
    for wall, is_meant in (
        (_ZHIHU_ERRORS.get(str(error.get("code"))), True),
        (BlockKind.CAPTCHA, "/account/unhuman" in _word(error.get("redirect"))),
        (PageState.GONE, _ZHIHU_GONE.search(words)),
        (BlockKind.RATE_LIMITED, "频繁" in words),
        (BlockKind.LOGIN_WALL, error.get("need_login")),
        (BlockKind.LOGIN_WALL, _ZHIHU_LOGIN.search(words)),
    ):
        if wall and is_meant:
            return wall
    if document.status >= 500:  # a server that failed has refused nothing
        return None
    return _STATUS.get(document.status, BlockKind.REFUSED)


def _zhihu_markup(document: Document) -> _Wall | None:
    if zhihu_state.holds_words(document):
        return None
    if document.title == "安全验证 - 知乎":
        return BlockKind.CAPTCHA
    if "没有知识存在的荒原" in document.title:
        return PageState.GONE
    if document.tree is None or has_content(Platform.ZHIHU, document):
        return None
    if document.first(".signFlowModal, .SignFlow, .SignContainer"):
        return BlockKind.LOGIN_WALL
    if document.first("[class^=Unhuman]"):
        return BlockKind.CAPTCHA
    if "你似乎来到了没有知识存在的荒原" in node_text(document.tree.body):
        return PageState.GONE
    if _ZHIHU_GONE.search(node_text(document.first(".ErrorPage"))):
        return PageState.GONE
    if len(document.text) <= _STUB_CHARACTERS and not document.first("#js-initialData"):
        if "/account/unhuman" in document.text:
            return BlockKind.CAPTCHA
        if "__zse_ck" in document.text:
            return BlockKind.BROWSER_CHECK
    return None


def _tieba(document: Document) -> _Wall | None:
    return _tieba_reply(document.object) if document.object else _tieba_markup(document)


def _tieba_reply(reply: dict[str, object]) -> _Wall | None:
    for key in ("error_code", "errno", "no", "err_no"):
        if str(reply.get(key, 0)) not in ("0", "None", ""):
            words = " ".join(_word(reply.get(name)) for name in ("error_msg", "errmsg", "error"))
            code = _TIEBA_ERRORS.get(str(reply[key]), BlockKind.REFUSED)
            return next((wall for sign, wall in _TIEBA_WORDS if sign.search(words)), code)
    return None


def _tieba_markup(document: Document) -> _Wall | None:
    if _TIEBA_LIST.search(document.text):  # threads that scripts have yet to show
        return None
    if document.title == "百度安全验证":
        return BlockKind.CAPTCHA
    if document.tree is None or has_content(Platform.TIEBA, document):
        return None
    shown = node_text(document.tree.body)
    if "网络不给力，请稍后重试" in shown:  # what its mobile form shows beside the puzzle
        return BlockKind.CAPTCHA
    if len(document.text) <= _STUB_CHARACTERS and _TIEBA_CAPTCHA.search(document.text):
        return BlockKind.CAPTCHA
    if "数据加载失败" in shown:
        return BlockKind.REFUSED
    if _TIEBA_GONE.search(shown):
        return PageState.GONE
    if "木有找到相关内容" not in shown and document.first(".u_login, .header-login"):
        return BlockKind.LOGIN_WALL
    return None


_SIGNS: dict[Platform, Callable[[Document], _Wall | None]] = {
    Platform.WEIBO: _weibo,
    Platform.ZHIHU: _zhihu,
    Platform.TIEBA: _tieba,
}
