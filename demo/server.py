"""One process, five loopback ports: three platforms, a second Weibo behind its login, a new Tieba.

One uvicorn server listens on all sockets; the port on which a request came in says which site it
is for, so that each has an address, a robots.txt and counters of its own.
"""

import socket
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from demo.clock import DemoClock
from demo.platforms.layout import Renamed
from demo.platforms.login import SCANNED_AFTER, Logins, WithLogin
from demo.platforms.robots import Forbidding
from demo.platforms.surface import Counted, Stage
from demo.platforms.tieba import tieba_app, tieba_app_2026
from demo.platforms.tieba_threads import thread_app_routes, thread_routes
from demo.platforms.weibo import PAGE_CEILING, weibo_app
from demo.platforms.weibo_posts import post_routes
from demo.platforms.zhihu import zhihu_app
from demo.platforms.zhihu_items import item_routes
from demo.world import World
from domain.mention import Platform

LOOPBACK = "127.0.0.1"


def sites(
    world: World,
    clock: DemoClock,
    *,
    page_ceiling: int | None = PAGE_CEILING,
    walls: bool = False,
    scanned_after: float | None = SCANNED_AFTER,
) -> dict[str, Counted]:
    """Return the five sites by name: weibo, zhihu, tieba, weibo_wall, tieba_app.

    With `walls` each of them answers only those who are logged in, as weibo_wall always does. A
    login holds for all sites of a platform.
    """
    weibo = Stage(world, clock, Platform.WEIBO)
    zhihu = Stage(world, clock, Platform.ZHIHU)
    tieba = Stage(world, clock, Platform.TIEBA)
    logins = {platform: Logins(scanned_after) for platform in Platform}

    def site(app: ASGIApp, platform: Platform, *, walled: bool = walls) -> Counted:
        return Counted(Renamed(WithLogin(app, platform, logins[platform], walled=walled)))

    return {
        "weibo": site(
            weibo_app(weibo, page_ceiling=page_ceiling, also=post_routes(weibo)), Platform.WEIBO
        ),
        "zhihu": site(zhihu_app(zhihu, also=item_routes(zhihu)), Platform.ZHIHU),
        "tieba": site(tieba_app(tieba, also=thread_routes(tieba)), Platform.TIEBA),
        "weibo_wall": site(
            weibo_app(weibo, page_ceiling=page_ceiling, also=post_routes(weibo)),
            Platform.WEIBO,
            walled=True,
        ),
        "tieba_app": site(tieba_app_2026(tieba, also=thread_app_routes(tieba)), Platform.TIEBA),
    }


def forbid_programs(named: Mapping[str, Counted]) -> None:
    """Let the robots.txt of each site forbid everything; the pages stay open."""
    for site in named.values():
        site.app = Forbidding(site.app)


@dataclass(frozen=True)
class ByPort:
    """Hands a request to the site of the port that it came in on."""

    site_of: Mapping[int, ASGIApp]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        server = scope.get("server")
        site = self.site_of.get(server[1]) if server else None
        await (site or PlainTextResponse("no such site", 404))(scope, receive, send)


class DemoServer(uvicorn.Server):
    """Leaves signals to the process that runs it, which has a clean way to stop it."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        """Capture nothing."""
        return nullcontext()

    def stop(self) -> None:
        """Finish the requests under way, then end `serve`."""
        self.should_exit = True


@dataclass(frozen=True)
class OpenDemo:
    """Bound sockets and the server for them; `urls` by the names of `sites`."""

    urls: Mapping[str, str]
    sockets: list[socket.socket]
    server: DemoServer

    async def serve(self) -> None:
        """Answer until the server is stopped; the sockets are closed then."""
        await self.server.serve(sockets=self.sockets)


def open_demo(named: Mapping[str, ASGIApp], *, port: int = 0) -> OpenDemo:
    """Bind a loopback port for each site: free ones for port 0, else `port` and those after it.

    Raises OSError when a port is taken.
    """
    urls: dict[str, str] = {}
    site_of: dict[int, ASGIApp] = {}
    sockets: list[socket.socket] = []
    for place, (name, site) in enumerate(named.items()):
        try:
            bound = _bind(port + place if port else 0)
        except OSError:
            for opened in sockets:
                opened.close()
            raise
        sockets.append(bound)
        number = bound.getsockname()[1]
        site_of[number] = site
        urls[name] = f"http://{LOOPBACK}:{number}"
    config = uvicorn.Config(
        ByPort(site_of),
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=2,
    )
    return OpenDemo(urls, sockets, DemoServer(config))


def _bind(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((LOOPBACK, port))
    except OSError:
        bound.close()
        raise
    bound.listen(128)
    return bound
