"""An account of the demo's Weibo and its hot list: the calls of weibo.com and the pages that make
them, and a wall before both.

`mymblog` has a pinned post first, and `since_id` for the next page.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from demo.phrases import lines
from demo.platforms.followed import Road, followed_page
from demo.platforms.surface import Stage, number
from demo.world import Post
from domain.times import CHINA
from domain.weibo_ids import bid_of

POSTS_A_PAGE = 10
"""The real page has about twenty; so few make even the demo's small account turn its pages."""
_HOT_WORDS = 20


def account_routes(stage: Stage) -> list[Route]:
    """Return the calls and pages of accounts and of the hot list."""

    async def mymblog(request: Request) -> Response:
        now = stage.clock.now()
        uid = request.query_params.get("uid", "")
        posts = [post for post in stage.posts(now) if post.author.uid == uid]
        return JSONResponse(_posts(posts[::-1], number(request, "page", 1, low=1), now))

    async def account(request: Request) -> Response:
        uid = request.path_params["uid"]
        road = Road(f"/ajax/statuses/mymblog?uid={uid}&page=1&feature=0", "weibo")
        return HTMLResponse(followed_page("微博", road))

    async def hot(request: Request) -> Response:
        return JSONResponse(_hot(stage.posts(stage.clock.now())))

    async def hot_page(request: Request) -> Response:
        return HTMLResponse(followed_page("微博热搜", Road("/ajax/side/hotSearch", "once")))

    return [
        Route("/ajax/statuses/mymblog", mymblog),
        Route("/u/{uid:int}", account),
        Route("/ajax/side/hotSearch", hot),
        Route("/hot/search", hot_page),
    ]


def post_object(post: Post, now: datetime) -> dict[str, Any]:
    """Return a post as weibo.com's calls write it."""
    likes, comments, reposts = post.counts_at(now)
    written = {
        "created_at": f"{post.published_at.astimezone(CHINA):%a %b %d %H:%M:%S +0800 %Y}",
        "id": int(post.native_id),
        "idstr": post.native_id,
        "mid": post.native_id,
        "mblogid": bid_of(post.native_id),
        "text": escape(post.text).replace("\n", "<br />"),
        "text_raw": post.text,
        "isLongText": False,
        "source": post.author.client,
        "attitudes_count": likes,
        "comments_count": comments,
        "reposts_count": reposts,
        "user": {
            "id": int(post.author.uid),
            "idstr": post.author.uid,
            "screen_name": post.author.name,
        },
    }
    if post.repost_of is not None:
        written["retweeted_status"] = post_object(post.repost_of, now)
    return written


def _posts(posts: Sequence[Post], page: int, now: datetime) -> dict[str, object]:
    """A page of an account, newest first; its oldest post is pinned to the top of the first."""
    shown = posts[(page - 1) * POSTS_A_PAGE : page * POSTS_A_PAGE]
    listed = [post_object(post, now) for post in shown]
    if page == 1 and len(posts) > POSTS_A_PAGE:
        pinned = {"isTop": 1, "title": {"text": "置顶"}}
        listed.insert(0, post_object(posts[-1], now) | pinned)
    more = page * POSTS_A_PAGE < len(posts)
    since = f"{shown[-1].native_id}kp{page + 1}" if more else ""
    data = {"list": listed, "since_id": since, "total": len(posts), "status_visible": 1}
    return {"ok": 1, "data": data}


def _hot(posts: Sequence[Post]) -> dict[str, object]:
    """The topics that most posts of late carry, an advert and some of what others talk about."""
    tags: Counter[str] = Counter()
    for post in posts[-300:]:
        tags.update(part for part in post.text.split("#")[1::2] if part)
    words = [*(word for word, _ in tags.most_common(_HOT_WORDS)), *lines("unrelated")]
    rows: list[dict[str, object]] = [
        {"word": word, "word_scheme": f"#{word}#", "num": 900_000 - 9_000 * place, "rank": place}
        for place, word in enumerate(words)
    ]
    rows.insert(2, {"word": "夏日饮品节", "note": "夏日饮品节", "is_ad": 1, "num": 0})
    return {"ok": 1, "data": {"realtime": rows, "hotgovs": []}}
