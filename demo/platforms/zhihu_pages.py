"""A question of the demo's Zhihu with its answers, an account with what it wrote (and the pins that
tell of its articles), and the hot list.

The page of a question carries its first five answers and names the address of what follows, as the
real one does; the answers that changed last stand first.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from demo.platforms.followed import Road, followed_page
from demo.platforms.surface import Stage, number
from demo.world import Post
from domain.mention import Kind

ANSWERS_ON_PAGE = 5
ANSWERS_A_CALL = 20
_QUESTION_AGE = timedelta(days=700)
_MISSING = {"error": {"code": 404, "name": "NotFoundException", "message": "资源不存在"}}
_LISTS = {"answers": Kind.ANSWER, "articles": Kind.ARTICLE, "zvideos": Kind.VIDEO}

Write = Callable[[Post, datetime], dict[str, Any]]
"""A post as Zhihu's calls write it (snake case)."""


def page_routes(stage: Stage, write: Write) -> list[Route]:
    """Return the pages and calls."""

    async def question(request: Request) -> Response:
        now, qid = stage.clock.now(), request.path_params["qid"]
        answers = _answers(stage.posts(now), qid)
        if not answers:
            return HTMLResponse(_GONE, status_code=404)
        return HTMLResponse(_question_page(request, qid, answers, now, write))

    async def feeds(request: Request) -> Response:
        now, qid = stage.clock.now(), request.path_params["qid"]
        answers = _answers(stage.posts(now), qid)
        if not answers:
            return JSONResponse(_MISSING, status_code=404)
        entries = [
            {"type": "question_feed_card", "target_type": "answer", "target": write(post, now)}
            for post in answers
        ]
        return JSONResponse(_listed(request, entries) | {"session": {"id": "1"}})

    async def member(request: Request) -> Response:
        now, kind = stage.clock.now(), _LISTS.get(request.path_params["list"])
        posts = [
            post
            for post in reversed(stage.posts(now))
            if f"demo-{post.author.uid}" == request.path_params["token"] and post.kind is kind
        ]
        return JSONResponse(_listed(request, [write(post, now) for post in posts]))

    async def pins(request: Request) -> Response:
        now, token = stage.clock.now(), request.path_params["token"]
        announced = [
            _pin(post, author=write(post, now)["author"])
            for post in reversed(stage.posts(now))
            if f"demo-{post.author.uid}" == token and post.kind is Kind.ARTICLE
        ]
        return JSONResponse(_listed(request, announced))

    async def person(request: Request) -> Response:
        token, tab = request.path_params["token"], request.path_params["tab"]
        name = "articles" if tab == "posts" else tab
        first = f"/api/v4/members/{token}/{name}?offset=0&limit=20&sort_by=created"
        if tab == "pins":
            first = f"/api/v4/v2/pins/{token}/moments?offset=0&limit=20"
        return HTMLResponse(followed_page("知乎用户", Road(first, "zhihu")))

    async def hot_page(request: Request) -> Response:
        rows = [_hot_row(post) for post in _hot(stage.posts(stage.clock.now()))]
        data = {"initialState": {"topstory": {"hotList": rows}, "entities": {}}}
        page = followed_page("知乎热榜", Road("", "once"), data=data, data_id="js-initialData")
        return HTMLResponse(page)

    async def hot_call(request: Request) -> Response:
        # the login page in front of the site keeps strangers from this call
        posts = _hot(stage.posts(stage.clock.now()))
        data = [_hot_reply(post, place) for place, post in enumerate(posts)]
        return JSONResponse({"data": data, "paging": {"is_end": True}, "fresh_text": ""})

    return [
        Route("/question/{qid:int}", question),
        Route("/question/{qid:int}/answers/updated", question),
        Route("/api/v4/questions/{qid:int}/feeds", feeds),
        Route("/api/v4/members/{token}/{list}", member),
        Route("/api/v4/v2/pins/{token}/moments", pins),
        Route("/people/{token}/{tab}", person),
        Route("/hot", hot_page),
        Route("/api/v3/feed/topstory/hot-lists/total", hot_call),
    ]


def _answers(posts: Sequence[Post], qid: int) -> list[Post]:
    return [p for p in reversed(posts) if p.kind is Kind.ANSWER and p.parent_id == str(qid)]


def _pin(post: Post, *, author: object) -> dict[str, Any]:
    """How an account tells of an article it wrote: a pin, under a number of the pins' own."""
    created = int(post.published_at.timestamp())
    link = {"type": "link", "title": post.title, "url": f"https://www.zhihu.com/p/{post.native_id}"}
    return {
        "id": post.native_id,
        "type": "pin",
        "url": f"https://www.zhihu.com/pin/{post.native_id}?native=0",
        "created": created,
        "updated": created,
        "content": [{"type": "text", "content": "新写了一篇文章", "own_text": ""}, link],
        "content_html": "新写了一篇文章",
        "excerpt_title": "新写了一篇文章",
        "author": author,
        "is_deleted": False,
        "source_pin_id": 0,
        "like_count": 0,
        "reaction_count": 0,
        "comment_count": 0,
        "repin_count": 0,
    }


def _listed(request: Request, entries: list[dict[str, Any]]) -> dict[str, Any]:
    offset = number(request, "offset", 0)
    shown = entries[offset : offset + ANSWERS_A_CALL]
    is_end = offset + ANSWERS_A_CALL >= len(entries)
    following = request.url.include_query_params(offset=offset + ANSWERS_A_CALL)
    paging: dict[str, Any] = {
        "is_end": is_end,
        "is_start": offset == 0,
        "totals": len(entries),
        "next": str(following),
        "previous": "",
    }
    return {"data": shown, "paging": paging}


def _question_page(
    request: Request, qid: int, answers: Sequence[Post], now: datetime, write: Write
) -> str:
    shown = answers[:ANSWERS_ON_PAGE]
    path = f"/api/v4/questions/{qid}/feeds?order=updated&limit={ANSWERS_A_CALL}"
    following = f"{request.url.scheme}://{request.url.netloc}{path}&offset={ANSWERS_ON_PAGE}"
    drained = len(answers) <= ANSWERS_ON_PAGE
    question = _question(qid, answers, now)
    ids = [{"target": post.native_id, "type": "question_feed_card"} for post in shown]
    state = {
        "env": {"ctx": {"path": request.url.path, "query": {}, "host": "www.zhihu.com"}},
        "entities": {
            "questions": {str(qid): question},
            "answers": {post.native_id: _camel(write(post, now)) for post in shown},
        },
        "question": {
            "answers": {
                str(qid): {"isDrained": drained, "ids": ids, "next": "" if drained else following}
            }
        },
    }
    road = Road("" if drained else following, "zhihu", waits=True)
    return followed_page(
        answers[0].title, road, data={"initialState": state}, data_id="js-initialData"
    )


def _question(qid: int, answers: Sequence[Post], now: datetime) -> dict[str, Any]:
    """A question is far older than what can be seen of its answers."""
    asked = int((answers[-1].published_at - _QUESTION_AGE).timestamp())
    return {
        "id": str(qid),
        "type": "question",
        "title": answers[0].title,
        "created": asked,
        "updatedTime": asked,
        "url": f"https://www.zhihu.com/api/v4/questions/{qid}",
        "author": {"id": "0", "urlToken": "demo-asker", "name": "提问的人", "type": "people"},
        "detail": "",
        "answerCount": len(answers),
        "commentCount": 0,
        "followerCount": 20,
    }


def _camel(value: object) -> Any:
    """What the calls write in snake case stands in pages in camel case."""
    if isinstance(value, dict):
        return {_humped(key): _camel(inner) for key, inner in value.items()}
    return [_camel(inner) for inner in value] if isinstance(value, list) else value


def _humped(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.title() for other in others)


def _hot(posts: Sequence[Post]) -> list[Post]:
    """The questions with the most answers of late, one answer for each."""
    by_question: dict[str, list[Post]] = defaultdict(list)
    for post in posts[-200:]:
        if post.kind is Kind.ANSWER:
            by_question[post.parent_id].append(post)
    return [found[-1] for found in sorted(by_question.values(), key=len, reverse=True)[:20]]


def _hot_row(post: Post) -> dict[str, Any]:
    return {
        "type": "hot_list_feed",
        "id": f"0_{post.parent_id}",
        "detailText": "39 万热度",
        "target": {
            "titleArea": {"text": post.title},
            "excerptArea": {"text": ""},
            "link": {"url": f"https://www.zhihu.com/question/{post.parent_id}"},
        },
    }


def _hot_reply(post: Post, place: int) -> dict[str, Any]:
    row = _hot_row(post)
    area = row["target"]
    return {
        "type": row["type"],
        "id": row["id"],
        "detail_text": row["detailText"],
        "trend": 0,
        "debut": False,
        "card_id": f"Q_{post.parent_id}",
        "index": place,
        "target": {
            "title_area": area["titleArea"],
            "excerpt_area": area["excerptArea"],
            "link": area["link"],
        },
    }


_GONE = json.dumps(_MISSING)
