"""The HTTP service: health for machines, and until the dashboard is there a read-only status page.

`/healthz` answers as long as the process lives. `/readyz` is 503 while a store is away or every
source has gone unread for twice its cadence. `/metrics`, `/` and `/alerts` need the access key that
`koubei up` prints once: in a cookie that the first visit sets, or as a bearer token. A request
whose Host header is none of ours is refused (DNS rebinding), pages load nothing from anywhere.
"""

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.errors import StoreError
from domain.ports import BeginWork, Clock, MentionStore
from monitoring.overview import Overview, overview
from web.metrics import CONTENT_TYPE, metrics_text
from web.views import signal_view, status_view

COOKIE = "koubei_key"
_SIGNAL_ID = re.compile(r"[A-Za-z0-9-]{1,40}")
_CONTENT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_HEADERS = {
    b"content-security-policy": _CONTENT_POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cache-control": b"no-store",
    b"x-frame-options": b"DENY",
}


@dataclass(frozen=True, slots=True)
class WebServices:
    """What the pages read. `zone_name` is the business zone; `mails_become_files`: no mail server
    is set.
    """

    begin_work: BeginWork
    store: MentionStore
    clock: Clock
    access_key: str = field(repr=False)
    public_url: str
    zone_name: str
    language: str = "zh"
    mails_become_files: bool = False


def build_app(services: WebServices) -> Starlette:
    """Return the ASGI application."""
    pages = _Pages(services)
    host = urlsplit(services.public_url).hostname or "localhost"
    return Starlette(
        routes=[
            Route("/healthz", pages.healthz),
            Route("/readyz", pages.readyz),
            Route("/metrics", pages.metrics),
            Route("/", pages.status),
            Route("/alerts", pages.alert),
        ],
        # Starlette answers what nobody caught outside of every middleware
        exception_handlers={Exception: pages.failed},
        middleware=[
            Middleware(_SecurityHeaders),
            Middleware(
                TrustedHostMiddleware,
                allowed_hosts=sorted({host, "localhost", "127.0.0.1", "[::1]"}),
                www_redirect=False,
            ),
        ],
    )


class _SecurityHeaders:
    """Pure ASGI: the headers go onto every response, errors too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *_HEADERS.items()]
            await send(message)

        await self._app(scope, receive, send_with_headers)


class _Pages:
    def __init__(self, services: WebServices) -> None:
        self._services = services
        self._templates = Environment(
            loader=PackageLoader("web"),
            autoescape=select_autoescape(default_for_string=True, default=True),
            undefined=StrictUndefined,
        )

    async def failed(self, _request: Request, _error: Exception) -> Response:
        return PlainTextResponse(
            "Internal Server Error",
            status_code=500,
            headers={name.decode(): value.decode() for name, value in _HEADERS.items()},
        )

    async def healthz(self, _request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    def readyz(self, request: Request) -> Response:
        # what is watched, and where data lie, is told to those with the key alone
        knows_key = self._has_key(request)
        try:
            view = self._overview()
        except StoreError as error:
            told = {"error": str(error)} if knows_key else {}
            return JSONResponse({"status": "store away", **told}, status_code=503)
        body: dict[str, object] = {"status": "blind" if view.is_blind else "ready"}
        if knows_key:
            body["sources"] = {
                f"{s.watch.id}/{s.source.id}": s.latest.state.value if s.latest else "never"
                for s in view.sources
            }
        return JSONResponse(body, status_code=503 if view.is_blind else 200)

    def metrics(self, request: Request) -> Response:
        return self._guarded(
            request, lambda: Response(metrics_text(self._overview()), media_type=CONTENT_TYPE)
        )

    def status(self, request: Request) -> Response:
        return self._guarded(
            request,
            lambda: self._page("status.html.j2", status_view(self._overview(), self._services)),
        )

    def alert(self, request: Request) -> Response:
        return self._guarded(request, lambda: self._alert(request.query_params.get("id", "")))

    def _alert(self, signal_id: str) -> Response:
        with self._services.begin_work() as work:
            signal = work.signals.get(signal_id) if _SIGNAL_ID.fullmatch(signal_id) else None
            _, configuration = work.configuration.current()
        if signal is None:
            return self._page("missing.html.j2", {"signal_id": signal_id[:40]}, status=404)
        return self._page("alert.html.j2", signal_view(signal, configuration, self._services))

    def _overview(self) -> Overview:
        return overview(self._services.begin_work, self._services.store, self._services.clock.now())

    def _guarded(self, request: Request, answer: Callable[[], Response]) -> Response:
        given = request.query_params.get("key", "")
        if given and self._is_key(given):
            clean = request.url.remove_query_params("key")
            response: Response = RedirectResponse(
                f"{clean.path}?{clean.query}" if clean.query else clean.path, status_code=303
            )
            response.set_cookie(
                COOKIE,
                given,
                httponly=True,
                samesite="lax",
                secure=self._services.public_url.startswith("https:"),
                max_age=10 * 3600,
            )
            return response
        if not self._has_key(request):
            return self._page("key_needed.html.j2", {}, status=403)
        try:
            return answer()
        except StoreError as error:
            told = error.text.in_language(self._services.language)  # without where data lie
            return self._page("store_away.html.j2", {"told": told}, status=503)

    def _has_key(self, request: Request) -> bool:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        return self._is_key(request.cookies.get(COOKIE, "")) or self._is_key(bearer)

    def _is_key(self, given: str) -> bool:
        # an empty key would be every visitor's key
        key = self._services.access_key
        return bool(key) and hmac.compare_digest(given.encode(), key.encode())

    def _page(self, template: str, values: dict[str, object], *, status: int = 200) -> Response:
        text = self._templates.get_template(template).render(
            values, zh=not self._services.language.startswith("en")
        )
        return HTMLResponse(text, status_code=status)
