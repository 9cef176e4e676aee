"""Tieba's threads as finished html: `/p/<tid>?pn=`, with the replies to floors asked separately.

A thread has its opening post and a floor for each comment; replies to a floor come from
`/p/totalComment` (of all floors of a page, ten each) and `/p/comment` (of one floor, ten a page).
Of a thread that the search knows by one floor only, the opening post says nothing of the company.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from demo.people import Person
from demo.platforms.followed import Road, followed_page
from demo.platforms.surface import Stage, number
from demo.platforms.tieba import forum_id, minute
from demo.replies import Reply, answers_at, comments_at, has_vanished, place_of, roots_at
from demo.world import Post
from domain.mention import Kind

FLOORS_A_PAGE = 30
REPLIES_A_PAGE = 10
REPLIES_SHOWN = 4
CALL = "/c/f/pb/page_pc"


@dataclass(frozen=True, slots=True)
class _Floor:
    """One floor: what stands on it and what was replied to it, oldest first."""

    pid: str
    author: Person
    text: str
    at: datetime
    replies: Sequence[Reply] = ()


def thread_routes(stage: Stage) -> list[Route]:
    """Return the thread page and the two calls for replies."""
    asked = _Asked(stage)
    return [
        Route("/p/totalComment", asked.replies_of_page),
        Route("/p/comment", asked.replies_of_floor),
        Route("/p/{tid:int}", asked.thread),
    ]


def thread_app_routes(stage: Stage) -> list[Route]:
    """Return the thread as the page of 2026 reads it: its script calls `pb/page_pc` while one
    scrolls, up to four replies come with each floor, the rest as the fragment of before.
    """
    asked = _Asked(stage)
    return [
        Route("/p/comment", asked.replies_of_floor),
        Route("/p/{tid:int}", asked.thread_frame),
        Route(CALL, asked.thread_call, methods=["POST"]),
    ]


class _Asked:
    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    async def thread(self, request: Request) -> Response:
        tid = str(request.path_params["tid"])
        post, now = self._post(tid)
        if post is None:
            return HTMLResponse(_GONE, status_code=404)
        floors = _floors(post, now)
        pages = -(-len(floors) // FLOORS_A_PAGE)
        page = number(request, "pn", 1, low=1, high=pages)
        shown = _page_of(floors, page)
        first = (page - 1) * FLOORS_A_PAGE + 1
        body = "".join(_floor(post, floor, n) for n, floor in enumerate(shown, first))
        if page == 1:
            body = body.replace(_END_OF_OPENING, _END_OF_OPENING + _ADVERT, 1)
        return HTMLResponse(
            _PAGE.format(
                title=escape(_title(post), quote=True),
                forum=escape(post.forum),
                replies=post.counts_at(now)[1] + (post.kind is Kind.FLOOR),
                pages=pages,
                floors=body,
                pager=_pager(tid, page, pages),
            )
        )

    async def thread_frame(self, request: Request) -> Response:
        tid = str(request.path_params["tid"])
        post, _ = self._post(tid)
        if post is None:
            return HTMLResponse(_GONE, status_code=404)
        return HTMLResponse(followed_page(_title(post), Road(CALL, "tieba", word=tid)))

    async def thread_call(self, request: Request) -> Response:
        asked = parse_qs((await request.body()).decode())
        post, now = self._post(asked.get("kw", [""])[0])
        if post is None:
            return JSONResponse({"error_code": 350008, "error_msg": "帖子不存在"})
        return JSONResponse(_told(post, int(asked.get("pn", ["1"])[0]), now))

    async def replies_of_page(self, request: Request) -> Response:
        post, now = self._post(request.query_params.get("tid", ""))
        if post is None:
            return JSONResponse({"errno": 350008, "errmsg": "帖子不存在", "data": {}})
        shown = _page_of(_floors(post, now), number(request, "pn", 1, low=1))
        listed = {floor.pid: _listed(post, floor) for floor in shown if floor.replies}
        users = {
            reply.author.uid: {"user_id": int(reply.author.uid), "user_name": reply.author.name}
            for floor in shown
            for reply in floor.replies[:REPLIES_A_PAGE]
        }
        data: dict[str, object] = {"comment_list": listed or [], "user_list": users or []}
        return JSONResponse({"errno": 0, "errmsg": "success", "data": data})

    async def replies_of_floor(self, request: Request) -> Response:
        post, now = self._post(request.query_params.get("tid", ""))
        floors = _floors(post, now) if post is not None else []
        pid = request.query_params.get("pid", "")
        replies = next((floor.replies for floor in floors if floor.pid == pid), ())
        pages = max(-(-len(replies) // REPLIES_A_PAGE), 1)
        page = number(request, "pn", 1, low=1, high=pages)
        shown = replies[(page - 1) * REPLIES_A_PAGE : page * REPLIES_A_PAGE]
        items = "".join(_reply(reply) for reply in shown)
        return HTMLResponse(items + _REPLY_PAGER.format(total=len(replies), pages=pages, page=page))

    def _post(self, tid: str) -> tuple[Post | None, datetime]:
        now = self._stage.clock.now()
        post = self._stage.world.thread(tid, now)
        return (None if post is None or has_vanished(post, now) else post), now


def _floors(post: Post, now: datetime) -> list[_Floor]:
    if post.kind is Kind.FLOOR:
        opening = _Floor(
            str(int(post.native_id) - 1), post.author, "如题，大家怎么看", _before(post)
        )
        said = _Floor(
            post.native_id, post.author, post.text, post.published_at, comments_at(post, now)
        )
        return [opening, said]
    opening = _Floor(post.native_id, post.author, post.text, post.published_at)
    return [
        opening,
        *(
            _Floor(
                root.native_id,
                root.author,
                root.text,
                root.published_at,
                answers_at(post, root.native_id, now),
            )
            for root in roots_at(post, now)
        ),
    ]


def _told(post: Post, page: int, now: datetime) -> dict[str, object]:
    """A page of a thread as `pb/page_pc` tells it."""
    floors = _floors(post, now)
    pages = -(-len(floors) // FLOORS_A_PAGE)
    shown = _page_of(floors, page)
    users = {f.author.uid: f.author for f in (*shown, floors[0])}
    users |= {r.author.uid: r.author for f in shown for r in f.replies[:REPLIES_SHOWN]}
    return {
        "error_code": 0,
        "page": {"current_page": page, "total_page": pages, "has_more": int(page < pages)},
        "thread": {
            "id": int(post.parent_id),
            "title": escape(_title(post)),
            "create_time": int(floors[0].at.timestamp()),
            "reply_num": post.counts_at(now)[1] + (post.kind is Kind.FLOOR),
            "agree": {"agree_num": post.counts_at(now)[0] if post.kind is Kind.THREAD else 0},
        },
        "forum": {"id": forum_id(post.forum), "name": post.forum},
        "first_floor": _told_floor(floors[0]),
        "post_list": [_told_floor(floor) for floor in shown],
        "user_list": [
            {
                "id": int(uid),
                "name": person.name,
                "name_show": person.name,
                "ip_address": place_of(person),
            }
            for uid, person in users.items()
        ],
    }


def _told_floor(floor: _Floor) -> dict[str, object]:
    replies = [
        {
            "id": int(reply.native_id),
            "author_id": int(reply.author.uid),
            "time": int(reply.published_at.timestamp()),
            "content": [{"type": 0, "text": escape(reply.text)}],
        }
        for reply in floor.replies[:REPLIES_SHOWN]
    ]
    return {
        "id": int(floor.pid),
        "floor": 0,
        "author_id": int(floor.author.uid),
        "time": int(floor.at.timestamp()),
        "content": [{"type": 0, "text": escape(floor.text)}],
        "sub_post_number": len(floor.replies),
        "sub_post_list": {"pid": int(floor.pid), "sub_post_list": replies},
    }


def _before(post: Post) -> datetime:
    return post.published_at - timedelta(hours=3)


def _page_of(floors: Sequence[_Floor], page: int) -> Sequence[_Floor]:
    return floors[(page - 1) * FLOORS_A_PAGE : page * FLOORS_A_PAGE]


def _title(post: Post) -> str:
    return "有人去过这家店吗" if post.kind is Kind.FLOOR else post.title


def _floor(post: Post, floor: _Floor, place: int) -> str:
    field = {
        "author": {
            "user_id": int(floor.author.uid),
            "user_name": floor.author.name,
            "portrait": f"demo.{floor.author.uid}",
        },
        "content": {
            "post_id": int(floor.pid),
            "post_no": place,
            "comment_num": len(floor.replies),
            "thread_id": int(post.parent_id),
            "forum_id": forum_id(post.forum),
        },
    }
    return _FLOOR.format(
        field=escape(json.dumps(field, ensure_ascii=False), quote=True),
        name=escape(floor.author.name),
        pid=floor.pid,
        text=escape(floor.text).replace("\n", "<br>"),
        place=escape(place_of(floor.author)),
        client="Android客户端",
        number=place,
        time=minute(floor.at),
    )


def _listed(post: Post, floor: _Floor) -> dict[str, object]:
    shown = floor.replies[:REPLIES_A_PAGE]
    return {
        "comment_num": len(floor.replies),
        "comment_list_num": len(shown),
        "comment_info": [
            {
                "thread_id": int(post.parent_id),
                "post_id": int(floor.pid),
                "comment_id": int(reply.native_id),
                "user_id": int(reply.author.uid),
                "username": reply.author.name,
                "now_time": int(reply.published_at.timestamp()),
                "content": escape(reply.text),
            }
            for reply in shown
        ],
    }


def _reply(reply: Reply) -> str:
    field = json.dumps(
        {
            "spid": int(reply.native_id),
            "showname": reply.author.name,
            "user_name": reply.author.name,
            "portrait": f"demo.{reply.author.uid}",
        },
        ensure_ascii=False,
    )
    return _REPLY.format(
        field=escape(field, quote=True),
        cid=reply.native_id,
        name=escape(reply.author.name),
        text=escape(reply.text),
        time=minute(reply.published_at),
    )


def _pager(tid: str, page: int, pages: int) -> str:
    if pages == 1:
        return ""
    links = "".join(
        f'<span class="tP">{n}</span>' if n == page else f'<a href="/p/{tid}?pn={n}">{n}</a>'
        for n in range(1, pages + 1)
    )
    after = f'<a href="/p/{tid}?pn={page + 1}">下一页</a>' if page < pages else ""
    return f"{links}{after}"


_END_OF_OPENING = "<!--end of floor 1-->"
_ADVERT = '<div class="l_post l_post_bright j_l_post clearfix" data-field="{}"></div>\n'
_FLOOR = """<div class="l_post l_post_bright j_l_post clearfix" data-field="{field}">
<div class="d_author"><ul><li class="d_name"><a class="p_author_name" href="#">{name}</a></li></ul>
</div>
<div class="d_post_content_main">
<cc><div id="post_content_{pid}" class="d_post_content j_d_post_content">{text}</div></cc>
<div class="core_reply"><div class="core_reply_tail"><div class="post-tail-wrap">
<span>IP属地:{place}</span><span class="tail-info">来自<a href="/c/s/download">{client}</a></span>
<span class="tail-info">{number}楼</span><span class="tail-info">{time}</span></div></div></div>
</div></div><!--end of floor {number}-->
"""
_REPLY = """<li class="lzl_single_post j_lzl_s_p" data-field="{field}"><a name="{cid}"></a>
<div class="lzl_cnt"><a class="at j_user_card" href="#">{name}</a>：
<span class="lzl_content_main">{text}</span>
<div class="lzl_content_reply"><span class="lzl_time">{time}</span></div></div></li>
"""
_REPLY_PAGER = """<li class="lzl_li_pager j_lzl_l_p"
 data-field='{{"total_num":{total},"total_page":{pages}}}'><p class="j_pager l_pager pager_theme_2">
<span class="tP">{page}</span></p></li>
"""
_PAGE = """<!DOCTYPE html>
<html>
<head><meta charset="utf-8"><title>{title}_{forum}吧_百度贴吧</title><link rel="icon" href="data:,">
</head>
<body>
<div class="card_title"><a class="card_title_fname" href="/f">{forum}吧</a></div>
<h3 class="core_title_txt" title="{title}">{title}</h3>
<ul class="l_posts_num"><li class="l_pager pager_theme_5">{pager}</li>
<li class="l_reply_num"><span class="red">{replies}</span>回复贴，共<span
 class="red">{pages}</span>页</li></ul>
<div id="j_p_postlist" class="p_postlist">
{floors}</div>
</body>
</html>
"""
_GONE = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>贴吧404</title></head>
<body><div class="page404"><h1>很抱歉，该贴已被删除。</h1></div></body></html>
"""
