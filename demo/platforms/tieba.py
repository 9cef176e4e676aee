"""A Tieba in two generations: finished html as until 2024, and a page of 2026 that asks for itself.

The old search is one html page for each `pn`. The new one is an application whose script calls
`/mo/q/search/multsearch`; a call without the page's token is answered with error code 110001.
"""

from collections.abc import Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from urllib.parse import quote, urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from demo.platforms.markup import filled_page, marked
from demo.platforms.surface import Stage, common_routes, found, number
from demo.platforms.tieba_forum import forum_app_routes, forum_page
from demo.platforms.tokens import nonce_for, token_for
from demo.world import Post
from domain.mention import Kind
from domain.times import CHINA

API_PATH = "/mo/q/search/multsearch"
_APP_FILE = Path(__file__).with_name("tieba_app.html")
_OLDEST_FIRST = 0
_FORUM_IDS = {"云栈": 9_900_001, "奶茶": 9_900_002, "澜屿": 9_900_003, "栖川": 9_900_004}
_OTHER_FORUM = 9_900_009
_LINKS_SHOWN = 10


def tieba_app(stage: Stage) -> Starlette:
    """Return the search of finished html pages."""

    async def search(request: Request) -> Response:
        query = request.query_params.get("qw", "").strip()
        posts = _ordered(found(stage.posts(stage.clock.now()), query), request, "sm")
        if request.query_params.get("only_thread") == "1":
            posts = _threads(posts)
        return HTMLResponse(_page(request, query, posts))

    routes = [Route("/f/search/res", search), Route("/f", forum_page(stage))]
    return Starlette(routes=[*routes, *common_routes(stage, public_url)])


def tieba_app_2026(stage: Stage) -> Starlette:
    """Return the search application and the call that its script makes; it shows threads only."""

    async def page(request: Request) -> Response:
        query = request.query_params.get("qw", "").strip()
        data = {"query": query, "nonce": nonce_for("tieba", query), "api": API_PATH}
        return HTMLResponse(filled_page(_APP_FILE, query, data))

    async def search(request: Request) -> Response:
        query = request.query_params.get("word", "")
        unsigned, _, sign = f"{request.url.path}?{request.url.query}".rpartition("&sign=")
        if sign != token_for(nonce_for("tieba", query), unsigned):
            return JSONResponse({"error_code": 110001, "error_msg": "未知错误", "data": {}})
        return JSONResponse(_answer(stage, request, query))

    routes = [Route("/f/search/res", page), Route(API_PATH, search), *forum_app_routes(stage)]
    return Starlette(routes=routes + common_routes(stage, public_url, _threads))


def public_url(post: Post) -> str:
    """Return the address of a thread, or of a floor within its thread, on the platform."""
    thread = f"https://tieba.baidu.com/p/{post.parent_id}"
    if post.kind is Kind.THREAD:
        return thread
    return f"{thread}?pid={post.native_id}&cid=0#{post.native_id}"


def _threads(posts: Sequence[Post]) -> list[Post]:
    return [post for post in posts if post.kind is Kind.THREAD]


def _ordered(posts: list[Post], request: Request, name: str) -> list[Post]:
    oldest_first = number(request, name, 1) == _OLDEST_FIRST
    return posts[::-1] if oldest_first else posts


def _page(request: Request, query: str, posts: Sequence[Post]) -> str:
    size = number(request, "rn", 10, low=1, high=50)
    page = number(request, "pn", 1, low=1)
    pages = -(-len(posts) // size)
    shown = posts[(page - 1) * size : page * size]
    if shown:
        results = "".join(_result(post, query) for post in shown)
        body = f'<div class="s_post_list">{results}</div>{_pager(request, page, pages)}'
    else:
        body = '<div class="search_noresult">哎呀！木有找到相关内容</div>'
    return _PAGE.format(title=escape(query), query=escape(query, quote=True), body=body)


def _result(post: Post, query: str) -> str:
    return _RESULT.format(
        tid=post.parent_id,
        pid=post.native_id,
        fid=_FORUM_IDS.get(post.forum, _OTHER_FORUM),
        title=marked(post.title, query),
        text=marked(post.text, query),
        forum=escape(post.forum),
        forum_link=quote(post.forum, encoding="gbk"),
        author=escape(post.author.name),
        author_link=quote(post.author.name, encoding="gbk"),
        time=_minute(post.published_at),
    )


def _minute(at: datetime) -> str:
    return f"{at.astimezone(CHINA):%Y-%m-%d %H:%M}"


def _pager(request: Request, page: int, pages: int) -> str:
    def link(target: int, text: str, kind: str = "") -> str:
        params = dict(request.query_params) | {"pn": str(target)}
        address = escape(f"{request.url.path}?{urlencode(params)}", quote=True)
        return f'<a href="{address}"{kind}>{text}</a>'

    first = max(1, page - _LINKS_SHOWN // 2)
    numbers = [
        f'<span class="cur">{n}</span>' if n == page else link(n, str(n))
        for n in range(first, min(first + _LINKS_SHOWN, pages + 1))
    ]
    if page < pages:
        numbers += [
            link(page + 1, "下一页&gt;", ' class="next"'),
            link(pages, "尾页", ' class="last"'),
        ]
    return f'<div class="pager pager-search">{"".join(numbers)}</div>'


def _answer(stage: Stage, request: Request, query: str) -> dict[str, object]:
    now = stage.clock.now()
    size = number(request, "rn", 20, low=1, high=20)
    page = number(request, "pn", 1, low=1)
    posts = _ordered(_threads(found(stage.posts(now), query)), request, "st")
    shown = posts[(page - 1) * size : page * size]
    cards = [_card(post, now, n) for n, post in enumerate(shown, 2)]
    if page == 1 and cards:
        forum = {"exactMatch": {"forum_name": query}}
        cards.insert(0, {"cardInfo": "forum", "cardStyle": "forum", "num": 1, "data": forum})
    return {
        "error_code": 0,
        "error_msg": "",
        "data": {
            "has_more": int(page * size < len(posts)),
            "current_page": page,
            "card_list": cards,
        },
    }


def _card(post: Post, now: datetime, place: int) -> dict[str, object]:
    likes, replies, _ = post.counts_at(now)
    created = int(post.published_at.timestamp())
    data = {
        "tid": post.parent_id,
        "pid": int(post.native_id),
        "title": escape(post.title),
        "content": escape(post.text),
        "time": created,
        "create_time": created,
        "post_num": replies,
        "like_num": likes,
        "forum_id": _FORUM_IDS.get(post.forum, _OTHER_FORUM),
        "forum_name": post.forum,
        "pb_url": f"https://tieba.baidu.com/p/{post.parent_id}?tid={post.parent_id}",
        "user": {
            "user_name": post.author.name,
            "user_id": int(post.author.uid),
            "show_nickname": post.author.name,
        },
    }
    return {"cardInfo": "thread", "cardStyle": "thread", "num": place, "data": data}


_RESULT = """<div class="s_post"><span class="p_title"><a data-tid="{tid}" data-fid="{fid}"
 class="bluelink" href="/p/{tid}?pid={pid}&amp;cid=0#{pid}" target="_blank">{title}</a></span>
<div class="p_content">{text}</div>
贴吧：<a data-fid="{fid}" class="p_forum" href="/f?kw={forum_link}" target="_blank"><font
 class="p_violet">{forum}</font></a>作者：<a
 href="/home/main?un={author_link}" target="_blank"><font
 class="p_violet">{author}</font></a> <font class="p_green p_date">{time}</font></div>
"""
_PAGE = """<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<title>{title}_百度贴吧搜索</title>
<link rel="icon" href="data:,">
</head>
<body>
<form action="/f/search/res"><input name="qw" value="{query}"></form>
<div class="s_container">{body}</div>
</body>
</html>
"""
