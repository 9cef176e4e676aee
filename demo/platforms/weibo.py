"""A Weibo whose search pages look like those of 2026.

Shapes as seen in public page readers and saved pages: `div.card-wrap[action-type=feed_list_item]`,
`div.from` before the text since 2022, at most 50 pages of 10 posts, `div.card-no-result` with cards
below it that have nothing to do with the query.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from html import escape
from urllib.parse import quote, urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from demo.people import OWN_UID
from demo.phrases import lines
from demo.platforms.surface import (
    Stage,
    common_routes,
    found,
    number,
)
from demo.platforms.weibo_account import account_routes
from demo.world import Post
from domain.times import CHINA

POSTS_A_PAGE = 10
PAGE_CEILING = 50
_LINKS_SHOWN = 50
_CUT_AT = 130
_BASE62 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
_SCOPE = re.compile(
    r"custom:(\d{4}-\d{1,2}-\d{1,2}(?:-\d{1,2})?)?:(\d{4}-\d{1,2}-\d{1,2}(?:-\d{1,2})?)?"
)


def weibo_app(
    stage: Stage, *, page_ceiling: int | None = PAGE_CEILING, also: Sequence[Route] = ()
) -> Starlette:
    """Return the search site. `page_ceiling` None shows every page that there is; `also` are
    surfaces beside the search.
    """

    async def search(request: Request) -> Response:
        now = stage.clock.now()
        query = request.query_params.get("q", "").strip()
        posts = found(stage.posts(now), query)
        if request.url.path == "/weibo":
            posts = _within(posts, request.query_params.get("timescope", ""))
        return HTMLResponse(_page(request, query, posts, now, page_ceiling))

    routes = [Route("/weibo", search), Route("/realtime", search), *also]
    routes += account_routes(stage)
    return Starlette(routes=routes + common_routes(stage, public_url))


def public_url(post: Post) -> str:
    """Return the address of a post on the platform."""
    return f"https://weibo.com/{post.author.uid}/{bid_of(post.native_id)}"


def bid_of(mid: str) -> str:
    """Return the short id: four base-62 digits for every seven decimal ones, from the right."""
    groups = [_base62(int(mid[max(end - 7, 0) : end])) for end in range(len(mid), 0, -7)]
    *rest, first = groups
    return first + "".join(group.rjust(4, "0") for group in reversed(rest))


def _base62(value: int) -> str:
    digits = ""
    while value:
        value, rest = divmod(value, 62)
        digits = _BASE62[rest] + digits
    return digits or "0"


def time_text(at: datetime, now: datetime) -> str:
    """Return a time as Weibo writes it: `30秒前`, `5分钟前`, `今天12:30`, `11月18日 16:55`."""
    age, local, today = now - at, at.astimezone(CHINA), now.astimezone(CHINA)
    if age < timedelta(seconds=5):
        return "刚刚"
    if age < timedelta(minutes=1):
        return f"{int(age.total_seconds())}秒前"
    if age < timedelta(hours=1):
        return f"{int(age.total_seconds()) // 60}分钟前"
    if local.date() == today.date():
        return f"今天{local:%H:%M}"
    if local.year == today.year:
        return f"{local:%m月%d日 %H:%M}"
    return f"{local:%Y年%m月%d日 %H:%M}"


def _within(posts: list[Post], timescope: str) -> list[Post]:
    """Keep the posts of `custom:FROM:TO` (`YYYY-MM-DD-H`, China time, from ≤ t < to)."""
    scope = _SCOPE.fullmatch(timescope)
    if scope is None:
        return posts
    begin, end = (_moment(part) if part else None for part in scope.groups())
    return [
        post
        for post in posts
        if (begin is None or begin <= post.published_at)
        and (end is None or post.published_at < end)
    ]


def _moment(text: str) -> datetime:
    year, month, day, *hour = (int(part) for part in text.split("-"))
    midnight = datetime(year, month, day, tzinfo=CHINA)
    return midnight + timedelta(hours=hour[0] if hour else 0)


def _page(
    request: Request, query: str, posts: Sequence[Post], now: datetime, ceiling: int | None
) -> str:
    pages = -(-len(posts) // POSTS_A_PAGE)
    pages = pages if ceiling is None else min(pages, ceiling)
    page = number(request, "page", 1, low=1)
    shown = posts[(page - 1) * POSTS_A_PAGE : page * POSTS_A_PAGE] if page <= pages else ()
    if not shown:
        body = _NO_RESULT + "".join(
            _unrelated_card(n, text) for n, text in enumerate(lines("unrelated"))
        )
    else:
        cards = [_card(post, query, now) for post in shown]
        if page == 1:
            cards.insert(0, _user_card())
            cards.insert(min(4, len(cards)), _topic_card(query))
        body = "".join(cards) + _pager(request, page, pages, len(posts))
    return _PAGE.format(
        title=escape(f"{query} - 微博搜索"), query=escape(query, quote=True), body=body
    )


def _card(post: Post, query: str, now: datetime) -> str:
    likes, comments, reposts = post.counts_at(now)
    return _CARD.format(
        mid=post.native_id,
        uid=post.author.uid,
        name=escape(post.author.name),
        verified=_VERIFIED if post.author.uid == OWN_UID else "",
        bid=bid_of(post.native_id),
        time=time_text(post.published_at, now),
        client=escape(post.author.client),
        texts=_texts(post, query),
        original=_original(post.repost_of, query, now) if post.repost_of else "",
        forward=reposts or "转发",
        comment=comments or "评论",
        like=likes or "赞",
    )


def _texts(post: Post, query: str) -> str:
    """The text, and for a long one the cut text with a link and the whole one hidden below it."""
    name = escape(post.author.name, quote=True)
    whole = marked_up(post.text, query)
    if len(post.text) <= _CUT_AT:
        return _TEXT.format(kind="feed_list_content", name=name, style="", text=whole)
    link = f'<a href="//weibo.com/{post.author.uid}/{bid_of(post.native_id)}" action-type='
    unfold = f'...{link}"fl_unfold" target="_blank">展开<i class="wbicon">c</i></a>'
    fold_up = '<a href="javascript:void(0);" action-type="fl_fold">收起<i class="wbicon">d</i></a>'
    cut = marked_up(post.text[: _CUT_AT - 20], query) + unfold
    style = ' style="display: none"'
    return _TEXT.format(kind="feed_list_content", name=name, style="", text=cut) + _TEXT.format(
        kind="feed_list_content_full", name=name, style=style, text=whole + fold_up
    )


def _original(post: Post, query: str, now: datetime) -> str:
    likes, comments, reposts = post.counts_at(now)
    return _ORIGINAL.format(
        mid=post.native_id,
        uid=post.author.uid,
        name=escape(post.author.name, quote=True),
        bid=bid_of(post.native_id),
        time=time_text(post.published_at, now),
        client=escape(post.author.client),
        text=marked_up(post.text, query),
        forward=f"转发 {reposts}" if reposts else "转发",
        comment=f"评论 {comments}" if comments else "评论",
        like=likes or "",
    )


def marked_up(text: str, query: str = "") -> str:
    """The text as Weibo's html: topics and names are links, emoticons images, the word red."""
    word = re.escape(query.split()[0]) if query else r"(?!)"
    parts = re.compile(
        rf"(?P<topic>#[^#\s]+#)|(?P<name>@[\w-]+)|(?P<face>\[\w+\])|(?P<word>{word})"
    )
    html, end = [], 0
    for match in parts.finditer(text):
        html += [escape(text[end : match.start()]), _part(match)]
        end = match.end()
    return "".join([*html, escape(text[end:])]).replace("\n", "<br/>")


def _part(match: re.Match[str]) -> str:
    said = escape(match.group(), quote=True)
    if match.lastgroup == "topic":
        return f'<a href="//s.weibo.com/weibo?q={quote(match.group())}" target="_blank">{said}</a>'
    if match.lastgroup == "name":
        return f'<a href="//weibo.com/n/{quote(match.group()[1:])}" target="_blank">{said}</a>'
    if match.lastgroup == "face":
        return f'<img src="{_PIXEL}" title="{said}" alt="{said}" class="face" />'
    return f'<em class="s-color-red">{said}</em>'


def _pager(request: Request, page: int, pages: int, total: int) -> str:
    def link(target: int) -> str:
        params = [(k, v) for k, v in request.query_params.multi_items() if k != "page"]
        return escape(f"{request.url.path}?{urlencode([*params, ('page', target)])}", quote=True)

    first = max(1, min(page - _LINKS_SHOWN // 2, pages - _LINKS_SHOWN + 1))
    items = "".join(
        f'<li{" class=cur" if n == page else ""}><a href="{link(n)}">第{n}页</a></li>'
        for n in range(first, min(first + _LINKS_SHOWN, pages + 1))
    )
    before = f'<a class="prev" href="{link(page - 1)}">上一页</a>' if page > 1 else ""
    after = f'<a class="next" href="{link(page + 1)}">下一页</a>' if page < pages else ""
    return _PAGER.format(
        page=page, pages=pages, total=total, items=items, before=before, after=after
    )


def _user_card() -> str:
    return (
        '<div class="card-wrap"><div class="card card-user-b s-pg16 s-brt1"><div class="info">'
        f'<a href="//weibo.com/u/{OWN_UID}" class="name" target="_blank">云栈茶饮官方</a>'
        "<p>一片叶子，一杯茶</p></div></div></div>\n"
    )


def _topic_card(query: str) -> str:
    return (
        '<div class="card-wrap"><div class="card card-topic-b"><h4>相关话题</h4>'
        f'<a href="/weibo?q={quote(f"#{query}#")}">#{escape(query)}#</a><p>讨论 1.2万</p>'
        "</div></div>\n"
    )


def _unrelated_card(place: int, text: str) -> str:
    mid = str(6_099_999_000_000_000 + place)
    return _CARD.format(
        mid=mid,
        uid=9_800_000_000 + place,
        name=f"邻座的人{place}",
        verified="",
        bid=bid_of(mid),
        time=f"{place + 2}分钟前",
        client="iPhone客户端",
        texts=_TEXT.format(kind="feed_list_content", name="", style="", text=escape(text)),
        original="",
        forward="转发",
        comment="评论",
        like="赞",
    )


_VERIFIED = '<svg id="woo_svg_vblue" width="16" height="16"></svg>'
_TEXT = '<p class="txt" node-type="{kind}" nick-name="{name}"{style}>\n{text}\n</p>\n'
_CARD = """<!--card-wrap-->
<div class="card-wrap" action-type="feed_list_item" mid="{mid}" >
<div class="card"><div class="card-feed">
<div class="avator"><a href="//weibo.com/{uid}?refer_flag=1001030103_" target="_blank"></a></div>
<div class="content" node-type="like">
<div class="info"><div style="padding: 6px 0 3px;">
<a href="//weibo.com/{uid}?refer_flag=1001030103_" class="name" target="_blank">{name}</a>{verified}
</div></div>
<div class="from">
<a href="//weibo.com/{uid}/{bid}?refer_flag=1001030103_" target="_blank">
{time}
</a>
&nbsp;来自 <a href="//weibo.com/" rel="nofollow">{client}</a>
</div>
{texts}{original}</div>
</div>
<div class="card-act"><ul>
<li><a action-type="feed_list_forward">{forward}</a></li>
<li><a action-type="feed_list_comment">{comment}</a></li>
<li><a action-type="feed_list_like"><button><span
 class="woo-like-count">{like}</span></button></a></li>
</ul></div>
</div></div>
<!--/card-wrap-->
"""
_ORIGINAL = """<div class="card-comment"><div class="con">
<div node-type="feed_list_forwardContent">
<a href="//weibo.com/{uid}?refer_flag=1001030103_" class="name" nick-name="{name}">@{name}</a>
<p class="txt" node-type="feed_list_content" nick-name="{name}">
{text}
</p>
<div class="func"><ul class="act s-fr">
<li><a href="//weibo.com/{uid}/{bid}?type=repost" target="_blank">{forward}</a></li>
<li><a href="//weibo.com/{uid}/{bid}?type=comment" target="_blank">{comment}</a></li>
<li><a action-type="feed_list_like" action-data="mid={mid}" title="赞"><em>{like}</em></a></li>
</ul><p class="from">
<a href="//weibo.com/{uid}/{bid}?refer_flag=1001030103_" target="_blank">{time}</a>
&nbsp;来自 <a href="//weibo.com/" rel="nofollow">{client}</a></p></div>
</div></div></div>
"""
_NO_RESULT = """<div class="card card-no-result s-pt20b40">
<p>抱歉，未找到相关结果。</p></div>
<div class="card-wrap"><h4 class="title">以下是为你推荐的内容</h4></div>
"""
_PAGER = """<div class="m-page"><div>{before}
<span class="list"><a href="javascript:void(0);" class="pagenum">第{page}页</a>
<ul class="s-scroll" style="display: none;" node-type="feed_list_page_morelist">{items}</ul></span>
{after}<span class="page-info">共{pages}页/{total}条</span></div></div>
"""
_PAGE = """<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<title>{title}</title>
<link rel="icon" href="data:,">
<script>var $CONFIG = {{}}; $CONFIG['product'] = 'search'; $CONFIG['islogin'] = '1';</script>
</head>
<body>
<div class="m-search"><form action="/weibo"><input name="q" value="{query}"></form></div>
<div class="m-main"><div class="main-full" id="pl_feedlist_index"><div>
{body}</div></div></div>
</body>
</html>
"""
