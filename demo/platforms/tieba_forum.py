"""A forum of the demo's Tieba in two generations: the finished list of 50 threads a page, which
lies inside a comment for the page's scripts, and the page of 2026 that asks for it.

Threads stand in the order of their last replies, the forum's oldest thread pinned above them.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from html import escape
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from demo.platforms.followed import Road, followed_page
from demo.platforms.surface import Stage, number
from demo.world import Post
from domain.mention import Kind
from domain.times import CHINA

THREADS_A_PAGE = 50
FEEDS_A_CALL = 30
CALL = "/c/f/frs/page_pc"
_REPLIED_WITHIN = timedelta(hours=3)
"""In the demo a thread that was replied to at all was so within this time."""

Answer = Callable[[Request], Awaitable[Response]]


def forum_page(stage: Stage) -> Answer:
    """Return what answers `/f?kw=` with the finished list."""

    async def forum(request: Request) -> Response:
        now, name = stage.clock.now(), request.query_params.get("kw", "")
        threads = _threads(stage.posts(now), name, now)
        begin = number(request, "pn", 0) // THREADS_A_PAGE * THREADS_A_PAGE
        return HTMLResponse(_list_page(name, threads, begin, now))

    return forum


def forum_app_routes(stage: Stage) -> list[Route]:
    """Return the page of 2026 and the call that its script makes."""

    async def page(request: Request) -> Response:
        name = request.query_params.get("kw", "")
        return HTMLResponse(followed_page(f"{name}吧", Road(CALL, "tieba", word=name)))

    async def call(request: Request) -> Response:
        asked = dict(
            part.split("=", 1) for part in (await request.body()).decode().split("&") if "=" in part
        )
        now, name = stage.clock.now(), unquote(asked.get("kw", ""))
        page_number = max(int(asked["pn"]), 1) if asked.get("pn", "").isdecimal() else 1
        return JSONResponse(_reply(name, _threads(stage.posts(now), name, now), page_number, now))

    return [Route("/f", page), Route(CALL, call, methods=["POST"])]


def stirred_at(post: Post, now: datetime) -> datetime:
    """Return when a thread was replied to last."""
    _, replies, _ = post.counts_at(now)
    wait = timedelta(seconds=int(post.native_id) % int(_REPLIED_WITHIN.total_seconds()))
    return min(post.published_at + wait, now) if replies else post.published_at


def _threads(posts: Sequence[Post], name: str, now: datetime) -> list[Post]:
    """The threads of a forum: its oldest one, which is pinned, then by their last replies."""
    own = [post for post in posts if post.kind is Kind.THREAD and post.forum == name]
    pinned, others = own[:1], own[1:]
    others.sort(key=lambda post: (stirred_at(post, now), post.native_id), reverse=True)
    return pinned + others


def _list_page(name: str, threads: Sequence[Post], begin: int, now: datetime) -> str:
    shown = threads[begin : begin + THREADS_A_PAGE]
    rows = "\n".join(
        _row(post, now, pinned=begin == 0 and place == 0) for place, post in enumerate(shown)
    )
    more = begin + THREADS_A_PAGE
    pager = f'<a href="/f?kw={quote(name)}&amp;ie=utf-8&amp;pn={more}" class="next">下一页</a>'
    return _PAGE.format(
        name=escape(name),
        rows=rows,
        pager=pager if more < len(threads) else "",
        name_json=json.dumps(name),
    )


def _row(post: Post, now: datetime, *, pinned: bool) -> str:
    _, replies, _ = post.counts_at(now)
    data = {
        "id": int(post.parent_id),
        "author_name": post.author.name,
        "author_nickname": post.author.name,
        "first_post_id": int(post.native_id),
        "reply_num": replies,
        "is_top": pinned,
    }
    author = {"user_id": int(post.author.uid)}
    return _ROW.format(
        data=escape(json.dumps(data, ensure_ascii=False), quote=True),
        author_data=escape(json.dumps(author), quote=True),
        tid=post.parent_id,
        title=escape(post.title, quote=True),
        text=escape(post.text),
        author=escape(post.author.name, quote=True),
        replies=replies,
        created=_short(post.published_at, now),
        replied=_short(stirred_at(post, now), now),
    )


def _short(at: datetime, now: datetime) -> str:
    """A time as the list writes it: `02:38` today, `7-6` this year, `2020-05` before."""
    local, today = at.astimezone(CHINA), now.astimezone(CHINA)
    if local.date() == today.date():
        return f"{local:%H:%M}"
    if local.year == today.year:
        return f"{local.month}-{local.day}"
    return f"{local:%Y-%m}"


def _reply(name: str, threads: Sequence[Post], page: int, now: datetime) -> dict[str, object]:
    shown = threads[(page - 1) * FEEDS_A_CALL : page * FEEDS_A_CALL]
    return {
        "error_code": 0,
        "forum": {"id": 9_900_001, "name": name, "tids": ",".join(p.parent_id for p in shown)},
        "page": {"current_page": page, "has_more": int(page * FEEDS_A_CALL < len(threads))},
        "page_data": {"feed_list": [{"layout": "feed", "feed": _feed(p, now)} for p in shown]},
    }


def _feed(post: Post, now: datetime) -> dict[str, object]:
    likes, replies, _ = post.counts_at(now)
    replied = str(int(stirred_at(post, now).timestamp()))
    head = {
        "image_data": {"img_url": ""},
        "main_data": [{"type": 1, "text": {"text": post.author.name}}],
        "extra_data": [
            {"business_info_map": {"time_prefix": "回复于"}, "text": {"text": replied, "type": 3}}
        ],
    }
    parts: dict[str, object] = {
        "feed_head": head,
        "feed_title": {"data": [{"text_info": {"text": escape(post.title)}}]},
        "feed_abstract": {"data": [{"type": 1, "text_info": {"text": escape(post.text)}}]},
        "feed_social": {"comment_num": replies, "agree": {"agree_num": likes}},
    }
    return {
        "business_info_map": {
            "thread_id": post.parent_id,
            "title": escape(post.title),
            "forum_name": post.forum,
            "user_id": post.author.uid,
            "create_time": str(int(post.published_at.timestamp())),
        },
        "components": [{"component": part, part: content} for part, content in parts.items()],
    }


_ROW = """<li class=" j_thread_list clearfix thread_item_box" data-field='{data}' data-tid='{tid}'>
<span class="threadlist_rep_num center_text" title="回复">{replies}</span>
<a href="/p/{tid}" title="{title}" class="j_th_tit ">{title}</a>
<span class="tb_icon_author " title="主题作者: {author}" data-field='{author_data}'><a
 class="frs-author-name j_user_card ">{author}</a></span>
<span class="pull-right is_show_create_time" title="创建时间">{created}</span>
<div class="threadlist_abs threadlist_abs_onlyline ">{text}</div>
<span class="threadlist_reply_date pull_right" title="最后回复时间">{replied}</span></li>"""
_PAGE = """<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<title>{name}吧-百度贴吧</title>
<link rel="icon" href="data:,">
<script>PageData = {{}}; PageData.forum = {{ 'id': 9900001, 'name': {name_json} }};</script>
</head>
<body>
<div id="pagelet_frs-list/pagelet/thread_list"></div>
<code class="pagelet_html" id="pagelet_html_frs-list/pagelet/thread_list" style="display:none;"><!--
<ul id="thread_list" class="threadlist_bright">
{rows}
</ul>
<div id="frs_list_pager">{pager}</div>
--></code>
</body>
</html>
"""
