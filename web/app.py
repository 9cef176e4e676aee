"""The HTTP service, put together: guard, own pages, and the dashboard behind them.

From the outside in: what the proxy says of a visitor (of a trusted proxy only), the headers of
every answer, the size of every request, the guard, and then the routes. A visitor without a session
reaches `/login`, `/setup` while there is no account, one-time links, and health.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from domain.errors import StoreError
from runtime.extras import require
from web.account_pages import AccountPages
from web.addresses import OwnAddresses
from web.company_pages import CALLBACK, CompanyPages
from web.guard import Guard, Judge, refuse_all
from web.headers import BodyLimit, SecurityHeaders
from web.login_pages import LoginPages
from web.paper import Paper
from web.services import WebServices
from web.setup_pages import SetupPages
from web.status_pages import StatusPages

__all__ = ["WebApp", "WebServices", "build_app"]

_SCRIPTS = Path(__file__).with_name("scripts")


class WebApp:
    """The application. `routes` are all of it, those of the dashboard in their mount."""

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self.routes = tuple(routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def build_app(services: WebServices, *, ask_again_seconds: float = 15.0) -> WebApp:
    """Return the ASGI application. `ask_again_seconds`: how often an idle WebSocket is asked
    about.
    """
    paper = Paper(services)
    login, status = LoginPages(paper), StatusPages(paper)
    routes: list[BaseRoute] = [
        *status.machine_routes(),
        *login.routes(),
        *SetupPages(paper, login.hashing).routes(),
        *AccountPages(paper, login.hashing).routes(),
        *_company_routes(paper),
        Route("/session.js", _session_script),
    ]
    judging: Judge = refuse_all
    lifespan = None
    if services.dashboard is None:
        routes += status.page_routes()
    else:
        require("dashboard")
        from web.streamlit_mount import Dashboard, judge

        own = OwnAddresses(services.public_url, services.listens_on)
        nowhere = partial(paper.page, "nowhere.html.j2", {}, status=404)
        dashboard = Dashboard(services.dashboard, hosts=own.hosts, nowhere=nowhere)
        routes.append(Mount("/", app=dashboard, name="dashboard"))
        judging = judge

        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            async with dashboard.lifespan():
                yield

    inner = Starlette(
        routes=routes,
        lifespan=lifespan,
        # a store that is away, and what nobody caught: said without where data lie
        exception_handlers={StoreError: _store_away, Exception: _failed},
    )
    guard = Guard(inner, services, judge=judging, ask_again_seconds=ask_again_seconds)
    outer: ASGIApp = SecurityHeaders(BodyLimit(guard), https=services.is_https)
    if services.trusted_proxy:
        outer = ProxyHeadersMiddleware(outer, trusted_hosts=list(services.trusted_proxy))  # type: ignore[assignment,arg-type]
    return WebApp(outer, routes)


def _company_routes(paper: Paper) -> list[Route]:
    oidc = paper.services.oidc
    if oidc is None:
        return []
    require("oidc")
    from web.provider import Provider

    return CompanyPages(paper, Provider(oidc, f"{paper.services.public_url}{CALLBACK}")).routes()


async def _session_script(_: Request) -> Response:
    return FileResponse(_SCRIPTS / "session.js", media_type="text/javascript")


async def _store_away(_: Request, __: Exception) -> Response:
    return PlainTextResponse("数据库暂时不可用，请稍后重试。The database is away: try again.", 503)


async def _failed(_: Request, __: Exception) -> Response:
    return PlainTextResponse("Internal Server Error", 500)
