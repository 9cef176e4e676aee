"""A Zhihu whose search page makes its own calls to `/api/v4/search_v3`, as the real one does.

The call carries a header that the page's script computes; without it the answer is 403 with code
10003. Results come twenty at a time while one scrolls, among entries that are no results.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from html import escape
from pathlib import Path
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from demo.people import OWN_UID
from demo.platforms.markup import filled_page, marked
from demo.platforms.surface import Stage, common_routes, found, number
from demo.platforms.tokens import nonce_for, token_for
from demo.platforms.zhihu_pages import page_routes
from demo.world import Post
from domain.mention import Kind

API_PATH = "/api/v4/search_v3"
PROOF_HEADER = "x-demo-page-token"
_PAGE_FILE = Path(__file__).with_name("zhihu_search.html")
_SPANS = {
    "a_day": 1,
    "a_week": 7,
    "a_month": 30,
    "three_months": 91,
    "half_a_year": 182,
    "a_year": 365,
}
_KINDS = {"answer": Kind.ANSWER, "article": Kind.ARTICLE}
_EXCERPT = 90


def zhihu_app(stage: Stage) -> Starlette:
    """Return the search page and the call that it makes."""

    async def page(request: Request) -> Response:
        query = request.query_params.get("q", "")
        filters = {
            name: request.query_params.get(name, "")
            for name in ("sort", "time_interval", "vertical")
        }
        data = {"query": query, "nonce": nonce_for("zhihu", query), "api": API_PATH, **filters}
        return HTMLResponse(filled_page(_PAGE_FILE, query, data))

    async def search(request: Request) -> Response:
        query = request.query_params.get("q", "")
        address = f"{request.url.path}?{request.url.query}"
        if request.headers.get(PROOF_HEADER) != token_for(nonce_for("zhihu", query), address):
            return JSONResponse(_REFUSAL, status_code=403)
        return JSONResponse(_answer(stage, request, query))

    routes = [Route("/search", page), Route(API_PATH, search)]
    routes += page_routes(stage, written)
    return Starlette(routes=routes + common_routes(stage, public_url))


def public_url(post: Post) -> str:
    """Return the address of an answer or an article on the platform."""
    if post.kind is Kind.ARTICLE:
        return f"https://zhuanlan.zhihu.com/p/{post.native_id}"
    return f"https://www.zhihu.com/question/{post.parent_id}/answer/{post.native_id}"


def _answer(stage: Stage, request: Request, query: str) -> dict[str, object]:
    now = stage.clock.now()
    offset = number(request, "offset", 0)
    limit = number(request, "limit", 20, low=1, high=20)
    posts = _chosen(found(stage.posts(now), query), request, now)
    shown = posts[offset : offset + limit]
    is_end = offset + limit >= len(posts)
    data = [_entry(post, query, now, offset + n) for n, post in enumerate(shown, 1)]
    if offset == 0 and shown:
        data = [_relevant_query(query), *data[:3], _account(query), *data[3:], _advert()]
    paging: dict[str, object] = {"is_end": is_end}
    if not is_end:
        params = dict(request.query_params) | {"offset": str(offset + limit)}
        paging["next"] = f"https://api.zhihu.com/search_v3?{urlencode(params)}"
    return {
        "paging": paging,
        "data": data,
        "hit_labels": None,
        "related_search_result": [],
        "search_action_info": {"lc_idx": offset + limit, "search_hash_id": "", "isfeed": False},
        "is_brand_word": False,
        "sensitive_level": -1,
        "warning": "",
    }


def _chosen(posts: list[Post], request: Request, now: datetime) -> list[Post]:
    """Apply the filters of the page's filter bar."""
    days = _SPANS.get(request.query_params.get("time_interval", ""))
    kind = _KINDS.get(request.query_params.get("vertical", ""))
    chosen = [
        post
        for post in posts
        if (days is None or post.published_at >= now - timedelta(days=days))
        and (kind is None or post.kind is kind)
    ]
    if request.query_params.get("sort") == "upvoted_count":
        chosen.sort(key=lambda post: post.likes, reverse=True)
    return chosen


def written(post: Post, now: datetime) -> dict[str, object]:
    """Return an answer or an article as the calls write it, without the marks of a search."""
    return _object(post, "", post.text.replace("\n", "")[:_EXCERPT], now)


def _entry(post: Post, query: str, now: datetime, index: int) -> dict[str, object]:
    excerpt = post.text.replace("\n", "")[:_EXCERPT]
    return {
        "type": "search_result",
        "highlight": {"description": marked(excerpt, query), "title": marked(post.title, query)},
        "object": _object(post, query, excerpt, now),
        "hit_labels": None,
        "index": index,
    }


def _object(post: Post, query: str, excerpt: str, now: datetime) -> dict[str, object]:
    likes, comments, collected = post.counts_at(now)
    created = int(post.published_at.timestamp())
    answer = post.kind is Kind.ANSWER
    api = "https://api.zhihu.com"
    item: dict[str, object] = {
        "id": post.native_id,
        "type": "answer" if answer else "article",
        "title": post.title if answer else marked(post.title, query),
        "excerpt": marked(excerpt, query),
        "url": f"{api}/{'answers' if answer else 'articles'}/{post.native_id}",
        "voteup_count": likes,
        "comment_count": comments,
        "created_time": created,
        "updated_time": created,
        "content": _body(post.text),
        "thumbnail_info": {"count": 0, "thumbnails": [], "type": "thumbnail_info"},
        "author": _author(post),
        "is_anonymous": False,
        "native": 0,
        "favorites_count" if answer else "zfav_count": collected,
    }
    if answer:
        item["question"] = {
            "id": post.parent_id,
            "type": "question",
            "name": marked(post.title, query),
            "url": f"{api}/questions/{post.parent_id}",
            "answer_count": 0,
            "follow_count": 0,
        }
    return item


def _author(post: Post) -> dict[str, object]:
    uid = post.author.uid
    return {
        "id": uid,
        "url_token": f"demo-{uid}",
        "name": post.author.name,
        "headline": "",
        "user_type": "organization" if uid == OWN_UID else "people",
        "url": f"https://api.zhihu.com/people/{uid}",
        "type": "people",
        "badge": [],
    }


def _body(text: str) -> str:
    """The text as an answer's html: a paragraph for each line, the second one a little louder."""
    paragraphs = [escape(line) for line in text.split("\n")]
    if len(paragraphs) > 1:
        paragraphs[1] = f"<b>{paragraphs[1]}</b>"
    return "".join(f'<p data-pid="p{n}">{line}</p>' for n, line in enumerate(paragraphs))


def _relevant_query(query: str) -> dict[str, object]:
    words = (f"{query}菜单", f"{query}加盟", f"{query}新品")
    queries: Sequence[dict[str, str]] = [{"query": word} for word in words]
    return {"type": "relevant_query", "id": "", "index": 0, "query_list": queries}


def _account(query: str) -> dict[str, object]:
    person = {"id": OWN_UID, "type": "people", "name": marked("云栈茶饮", query), "headline": ""}
    return {"type": "search_result", "highlight": {}, "object": person, "index": 3}


def _advert() -> dict[str, object]:
    advert = {"header": {"card_title": "茶艺入门"}, "body": {"title": "十节课学会泡茶"}}
    return {"type": "knowledge_ad", "highlight": None, "object": advert, "index": 20}


_REFUSAL = {"error": {"code": 10003, "message": "请求参数异常，请升级客户端后重试。"}}
