"""What the three platforms have in common: searching the world, robots.txt, truth and counters."""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from demo.clock import DemoClock
from demo.world import Post, World, is_relevant
from domain.han import fold
from domain.mention import Kind, Platform

ROBOTS = "User-agent: *\nDisallow: /__demo__/\nAllow: /\n"


@dataclass(frozen=True, slots=True)
class Stage:
    """What a platform plays on: the world, the clock, and the posts that are its own."""

    world: World
    clock: DemoClock
    platform: Platform

    def posts(self, now: datetime) -> Sequence[Post]:
        """What the platform holds, oldest first."""
        return self.world.until(now, self.platform)


def found(posts: Iterable[Post], query: str) -> list[Post]:
    """Return the posts that hold every word of the query, newest first; none for no words."""
    words = fold(query).split()
    hits = [p for p in posts if words and _holds(p, words)]
    return sorted(hits, key=lambda p: (p.published_at, p.native_id), reverse=True)


def _holds(post: Post, words: Sequence[str]) -> bool:
    said = _folded(post.title, post.text)
    return all(word in said for word in words)


@lru_cache(maxsize=50_000)
def _folded(title: str, text: str) -> str:
    """Folding is most of a search's time, and every search reads every post."""
    return fold(f"{title}\n{text}")


def number(request: Request, name: str, default: int, *, low: int = 0, high: int = 10**6) -> int:
    """Return a number of the query string, kept within bounds; `default` when it is none."""
    try:
        value = int(request.query_params.get(name, ""))
    except ValueError:
        return default
    return min(max(value, low), high)


def mention_id(post: Post) -> str:
    """Return the id under which a page reader knows the post."""
    if post.platform is Platform.ZHIHU:
        return f"{post.platform.value}:{post.kind.value}:{post.native_id}"
    own = post.parent_id if post.kind is Kind.THREAD else post.native_id
    return f"{post.platform.value}:{own}"


def truth_of(post: Post, url: str) -> dict[str, object]:
    """Return what is true about a post, for tests that compare."""
    return {
        "id": mention_id(post),
        "url": url,
        "kind": post.kind.value,
        "published_at": post.published_at.isoformat(),
        "title": post.title,
        "text": post.text,
        "author": post.author.name,
        "mood": post.mood.value,
        "story": post.story.value,
        "brands": list(post.brands),
        "relevant": is_relevant(post),
        "repost_of": mention_id(post.repost_of) if post.repost_of else None,
    }


@dataclass
class Counted:
    """Counts the requests that an application gets; what tests of politeness read.

    Its own address is `/__demo__/requests.json`; that one and the truth are not counted.
    """

    app: ASGIApp
    monotonic: Callable[[], float] = time.monotonic
    by_path: Counter[str] = field(default_factory=Counter)
    arrivals: deque[float] = field(default_factory=lambda: deque(maxlen=5_000))
    under_way: int = 0
    most_at_once: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = scope.get("path", "")
        if path == "/__demo__/requests.json":
            await self._report()(scope, receive, send)
        elif scope["type"] != "http" or path.startswith("/__demo__/"):
            await self.app(scope, receive, send)
        else:
            await self._count(scope, receive, send)

    async def _count(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.by_path[scope["path"]] += 1
        self.arrivals.append(self.monotonic())
        self.under_way += 1
        self.most_at_once = max(self.most_at_once, self.under_way)
        try:
            await self.app(scope, receive, send)
        finally:
            self.under_way -= 1

    def _report(self) -> Response:
        first = self.arrivals[0] if self.arrivals else 0.0
        return JSONResponse(
            {
                "by_path": dict(self.by_path),
                "most_at_once": self.most_at_once,
                "arrivals": [round(moment - first, 3) for moment in self.arrivals],
            }
        )


def common_routes(
    stage: Stage,
    address: Callable[[Post], str],
    offered: Callable[[Sequence[Post]], Sequence[Post]] = lambda posts: posts,
) -> list[Route]:
    """Return robots.txt and the truth.

    `address` is a post's public url; `offered` keeps what the platform's search can show.
    """

    async def robots(request: Request) -> Response:
        return PlainTextResponse(ROBOTS)

    async def truth(request: Request) -> Response:
        now = stage.clock.now()
        mentions = [truth_of(post, address(post)) for post in offered(stage.posts(now))]
        return JSONResponse({"now": now.isoformat(), "mentions": mentions})

    return [Route("/robots.txt", robots), Route("/__demo__/truth.json", truth)]
