"""Zhihu's answers, articles and questions, one page each, and the comments that the page calls for.

The page carries its data as JSON; the comments come from `/api/v4/comment_v5/…`, which refuses a
call that the page's script did not sign. `signed=False` opens them, for tests of what plain
requests do.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from html import escape
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from demo.platforms.markup import filled_script
from demo.platforms.surface import Stage, number
from demo.platforms.tokens import nonce_for, token_for
from demo.platforms.zhihu import PROOF_HEADER, REFUSAL, author_of, body_of
from demo.replies import (
    Reply,
    answers_at,
    comments_at,
    has_vanished,
    place_of,
    roots_at,
)
from demo.world import Post
from domain.mention import Kind

COMMENTS: Final = "/api/v4/comment_v5"
_PAGE_FILE = Path(__file__).with_name("zhihu_item.html")
_PREVIEWED = 2
_NONCE = nonce_for("zhihu", "comments")
_KINDS = {"answers": Kind.ANSWER, "articles": Kind.ARTICLE}
_GONE = {"error": {"code": 404, "name": "NotFoundException", "message": "资源不存在"}}
_GONE_PAGE = """<!DOCTYPE html>
<html lang="zh"><head><meta charset="utf-8"><title>知乎 - 有问题，就会有答案</title></head>
<body><div class="ErrorPage"><p>你似乎来到了没有知识存在的荒原</p></div></body></html>
"""


def item_routes(stage: Stage, *, signed: bool = True) -> list[Route]:
    """Return the item pages and the calls for their comments."""
    asked = _Asked(stage, signed=signed)
    return [
        Route("/question/{qid:int}/answer/{native:int}", asked.answer),
        Route("/p/{native:int}", asked.article),
        Route(f"{COMMENTS}/comment/{{native:int}}/child_comment", asked.children),
        Route(f"{COMMENTS}/{{kind}}/{{native:int}}/root_comment", asked.roots),
    ]


class _Asked:
    def __init__(self, stage: Stage, *, signed: bool) -> None:
        self._stage = stage
        self._signed = signed

    async def answer(self, request: Request) -> Response:
        return self._page(request, Kind.ANSWER)

    async def article(self, request: Request) -> Response:
        return self._page(request, Kind.ARTICLE)

    def _page(self, request: Request, kind: Kind) -> Response:
        now = self._stage.clock.now()
        post = self._post(str(request.path_params["native"]), kind, now)
        if post is None:
            return HTMLResponse(_GONE_PAGE, status_code=404)
        return _filled(request.url.path, [post], now, about=post)

    async def roots(self, request: Request) -> Response:
        if not self._is_signed(request):
            return JSONResponse(REFUSAL, status_code=403)
        now = self._stage.clock.now()
        kind = _KINDS.get(request.path_params["kind"])
        post = self._post(str(request.path_params["native"]), kind, now) if kind else None
        if post is None:
            return JSONResponse(_GONE, status_code=404)
        rows = roots_at(post, now)
        by_time = request.query_params.get("order_by", request.query_params.get("order")) == "ts"
        rows.sort(key=lambda r: (r.published_at if by_time else r.likes, r.native_id), reverse=True)
        total = len(comments_at(post, now))
        return JSONResponse(_comment_page(request, rows, total, lambda row: _root(post, row, now)))

    async def children(self, request: Request) -> Response:
        if not self._is_signed(request):
            return JSONResponse(REFUSAL, status_code=403)
        now, root = self._stage.clock.now(), str(request.path_params["native"])
        post = next(
            (p for p in self._stage.posts(now) for r in comments_at(p, now) if r.native_id == root),
            None,
        )
        if post is None:
            return JSONResponse(_GONE, status_code=404)
        rows = answers_at(post, root, now)
        return JSONResponse(
            _comment_page(request, rows, len(rows), lambda row: _comment(post, row, now))
        )

    def _post(self, native: str, kind: Kind, now: datetime) -> Post | None:
        post = self._stage.world.post(self._stage.platform, native, now)
        wanted = post is not None and post.kind is kind and not has_vanished(post, now)
        return post if wanted else None

    def _is_signed(self, request: Request) -> bool:
        address = f"{request.url.path}?{request.url.query}"
        proof = request.headers.get(PROOF_HEADER)
        return not self._signed or proof == token_for(_NONCE, address)


def _filled(path: str, posts: Sequence[Post], now: datetime, *, about: Post | None) -> Response:
    answers = {p.native_id: _entity(p, now) for p in posts if p.kind is Kind.ANSWER}
    articles = {p.native_id: _entity(p, now) for p in posts if p.kind is Kind.ARTICLE}
    questions = {p.parent_id: _question(p) for p in posts if p.kind is Kind.ANSWER}
    state = {
        "initialState": {
            "entities": {
                "users": {},
                "questions": questions,
                "answers": answers,
                "articles": articles,
                "zvideos": {},
                "pins": {},
            },
            "question": {"answers": {}},
            "env": {"ctx": {"path": path}},
        },
        "subAppName": "main",
    }
    panel = {"nonce": _NONCE, "first": "", "count": 0, "text": ""}
    if about is not None:
        kind = "answers" if about.kind is Kind.ANSWER else "articles"
        first = f"{COMMENTS}/{kind}/{about.native_id}/root_comment?order_by=ts&limit=20&offset="
        panel |= {"first": first, "count": about.counts_at(now)[1], "text": about.text}
    page = _PAGE_FILE.read_text(encoding="utf-8").replace("__TITLE__", escape(posts[0].title))
    page = page.replace("__DATA__", filled_script(state))
    return HTMLResponse(page.replace("__PANEL__", filled_script(panel)))


def _entity(post: Post, now: datetime) -> dict[str, object]:
    likes, comments, _ = post.counts_at(now)
    created = int(post.published_at.timestamp())
    is_answer = post.kind is Kind.ANSWER
    author = author_of(post.author)
    common: dict[str, object] = {
        "id": post.native_id,
        "type": post.kind.value,
        "content": body_of(post.text),
        "excerpt": post.text[:90],
        "voteupCount": likes,
        "commentCount": comments,
        "author": {"id": author["id"], "urlToken": author["url_token"], "name": author["name"]},
        "ipInfo": f"IP 属地{place_of(post.author)}",
    }
    if is_answer:
        question = {"id": post.parent_id, "type": "question", "title": post.title}
        return common | {"createdTime": created, "updatedTime": created, "question": question}
    return common | {"title": post.title, "created": created, "updated": created}


def _question(post: Post) -> dict[str, object]:
    asked = int((post.published_at - timedelta(hours=2)).timestamp())
    return {
        "id": post.parent_id,
        "type": "question",
        "title": post.title,
        "detail": "",
        "created": asked,
        "updatedTime": asked,
        "answerCount": 1,
        "commentCount": 0,
        "followerCount": 3,
        "author": {"id": "0", "urlToken": "", "name": "匿名用户"},
    }


def _comment_page(
    request: Request, rows: Sequence[Reply], total: int, shape: Callable[[Reply], object]
) -> dict[str, object]:
    limit = number(request, "limit", 20, low=1, high=20)
    offset = request.query_params.get("offset", "")
    tokens = {_token(row): place for place, row in enumerate(rows)}
    start = tokens.get(offset, -1) + 1
    shown = rows[start : start + limit]
    is_end = start + limit >= len(rows)
    paging: dict[str, object] = {"is_end": is_end, "is_start": start == 0, "totals": len(rows)}
    if not is_end:
        following = request.url.include_query_params(offset=_token(shown[-1]))
        paging["next"] = str(following)
    return {
        "data": [shape(row) for row in shown],
        "paging": paging,
        "counts": {"total_counts": total, "collapsed_counts": 0, "reviewing_counts": 0},
        "comment_status": {"type": 0, "text": ""},
    }


def _token(row: Reply) -> str:
    return f"{int(row.published_at.timestamp())}_{row.native_id}_0"


def _root(post: Post, row: Reply, now: datetime) -> dict[str, object]:
    answers = answers_at(post, row.native_id, now)
    following = _token(answers[_PREVIEWED - 1]) if len(answers) > _PREVIEWED else ""
    return _comment(post, row, now) | {
        "child_comment_count": len(answers),
        "child_comment_next_offset": following or None,
        "child_comments": [_comment(post, answer, now) for answer in answers[:_PREVIEWED]],
    }


def _comment(post: Post, row: Reply, now: datetime) -> dict[str, object]:
    return {
        "id": row.native_id,
        "type": "comment",
        "resource_type": post.kind.value,
        "content": f"<p>{escape(row.text)}</p>",
        "created_time": int(row.published_at.timestamp()),
        "is_delete": False,
        "like_count": row.likes_at(now),
        "reply_comment_id": row.under or "0",
        "child_comment_count": 0,
        "child_comments": [],
        "author": author_of(row.author) | {"is_anonymous": False},
        "comment_tag": [{"type": "ip_info", "text": f"IP 属地{place_of(row.author)}"}],
    }
