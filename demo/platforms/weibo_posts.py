"""Weibo's posts, asked one by one: `/ajax/statuses/…` as the pages of weibo.com ask.

The post itself (long texts cut, the whole asked for separately), its comments by time or by heat
with a cursor that ends at 0, the replies to a comment, and its reposts by number of page.
"""

from collections.abc import Sequence
from datetime import datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from demo.people import OWN_UID, Person
from demo.platforms.surface import Stage, number
from demo.platforms.weibo import marked_up
from demo.platforms.weibo_account import post_object
from demo.replies import (
    Reply,
    answers_at,
    comments_at,
    has_vanished,
    place_of,
    reposts_at,
    roots_at,
)
from demo.world import Post
from domain.times import CHINA

CUT_AT = 100
_REPOSTS_A_PAGE = 10
_PREVIEWED = 2
_GONE = {"ok": 0, "errno": "20101", "msg": "该微博不存在", "message": "该微博不存在"}
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def post_routes(stage: Stage) -> list[Route]:
    """Return the calls about one post."""
    asked = _Asked(stage)
    return [
        Route("/ajax/statuses/show", asked.show),
        Route("/ajax/statuses/longtext", asked.longtext),
        Route("/ajax/statuses/buildComments", asked.comments),
        Route("/ajax/statuses/repostTimeline", asked.reposts),
    ]


class _Asked:
    """Answers the calls; a post that vanished answers none of them."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    async def show(self, request: Request) -> Response:
        post, now = self._post(request)
        return JSONResponse(_GONE if post is None else {"ok": 1, **_object(post, now)})

    async def longtext(self, request: Request) -> Response:
        post, _ = self._post(request)
        if post is None:
            return JSONResponse(_GONE)
        whole = {"longTextContent": post.text} if len(post.text) > CUT_AT else {}
        return JSONResponse({"ok": 1, "data": whole})

    async def comments(self, request: Request) -> Response:
        now = self._stage.clock.now()
        if request.query_params.get("fetch_level") == "1":
            return JSONResponse(self._answers(request, now))
        post, now = self._post(request)
        if post is None:
            return JSONResponse(_GONE)
        by_time = request.query_params.get("flow") == "1"
        rows = roots_at(post, now)
        rows.sort(key=lambda r: (r.published_at if by_time else r.likes, r.native_id), reverse=True)
        shown, cursor = _from(rows, request.query_params.get("max_id", ""), _size(request))
        data = [_root(post, row, now) for row in shown]
        total = len(comments_at(post, now))
        return JSONResponse(_comment_page(data, cursor, total))

    async def reposts(self, request: Request) -> Response:
        post, now = self._post(request)
        if post is None:
            return JSONResponse(_GONE)
        everyone = reposts_at(post, self._stage.posts(now), now)
        page = number(request, "page", 1, low=1)
        shown = everyone[(page - 1) * _REPOSTS_A_PAGE : page * _REPOSTS_A_PAGE]
        pages = -(-len(everyone) // _REPOSTS_A_PAGE)
        data = [_object(one, now) for one in shown]
        return JSONResponse(
            {"ok": 1, "data": data, "total_number": len(everyone), "max_page": pages}
        )

    def _answers(self, request: Request, now: datetime) -> dict[str, object]:
        """The replies to a comment, oldest first; nothing says under which post it stands."""
        root = request.query_params.get("id", "")
        post = next((p for p in self._stage.posts(now) if _has_comment(p, root, now)), None)
        if post is None:
            return _GONE
        rows = answers_at(post, root, now)
        shown, cursor = _from(rows, request.query_params.get("max_id", ""), _size(request))
        return _comment_page([_comment(row, root, now) for row in shown], cursor, len(rows))

    def _post(self, request: Request) -> tuple[Post | None, datetime]:
        now = self._stage.clock.now()
        asked = request.query_params.get("id", "")
        post = self._stage.world.post(self._stage.platform, asked, now)
        return (None if post is None or has_vanished(post, now) else post), now


def _has_comment(post: Post, comment: str, now: datetime) -> bool:
    return any(row.native_id == comment for row in comments_at(post, now))


def _size(request: Request) -> int:
    return number(request, "count", 20, low=1, high=100)


def _from(rows: Sequence[Reply], cursor: str, size: int) -> tuple[Sequence[Reply], int]:
    """The rows after the one that the cursor names, and the cursor of what follows; 0 ends."""
    places = {row.native_id: place for place, row in enumerate(rows)}
    start = places[cursor] + 1 if cursor in places else 0
    shown = rows[start : start + size]
    return shown, int(shown[-1].native_id) if start + size < len(rows) else 0


def _comment_page(data: list[dict[str, object]], cursor: int, total: int) -> dict[str, object]:
    return {
        "ok": 1,
        "filter_group": [],
        "data": data,
        "rootComment": [],
        "total_number": total,
        "max_id": cursor,
        "trendsText": "" if cursor else "已加载全部评论" if total else "还没有人评论",
    }


def _root(post: Post, row: Reply, now: datetime) -> dict[str, object]:
    answers = answers_at(post, row.native_id, now)
    shown = [_comment(answer, row.native_id, now) for answer in answers[:_PREVIEWED]]
    return _comment(row, row.native_id, now) | {
        "comments": shown,
        "total_number": len(answers),
        "max_id": int(answers[_PREVIEWED - 1].native_id) if len(answers) > _PREVIEWED else 0,
        "is_mblog_author": row.author.uid == post.author.uid,
    }


def _comment(row: Reply, root: str, now: datetime) -> dict[str, object]:
    return {
        "created_at": _time(row.published_at),
        "id": int(row.native_id),
        "idstr": row.native_id,
        "mid": row.native_id,
        "rootid": int(root),
        "rootidstr": root,
        "floor_number": 0,
        "text": marked_up(row.text),
        "text_raw": row.text,
        "source": f"来自{place_of(row.author)}",
        "like_counts": row.likes_at(now),
        "user": _user(row.author),
    }


def _object(post: Post, now: datetime) -> dict[str, object]:
    """A post asked by itself: with its place, and a long text cut."""
    is_long = len(post.text) > CUT_AT
    text = f"{post.text[:CUT_AT]}\u200b..." if is_long else post.text
    unfold = ' <span class="expand">展开</span>' if is_long else ""
    return post_object(post, now) | {
        "text": marked_up(text) + unfold,
        "text_raw": text,
        "textLength": len(post.text),
        "isLongText": is_long,
        "region_name": f"发布于 {place_of(post.author)}",
    }


def _user(person: Person) -> dict[str, object]:
    return {
        "id": int(person.uid),
        "idstr": person.uid,
        "screen_name": person.name,
        "verified": person.uid == OWN_UID,
    }


def _time(at: datetime) -> str:
    """A time as Weibo's JSON has it, whatever language the machine speaks."""
    local = at.astimezone(CHINA)
    day, month = _DAYS[local.weekday()], _MONTHS[local.month - 1]
    return f"{day} {month} {local.day:02} {local:%H:%M:%S} +0800 {local.year}"
