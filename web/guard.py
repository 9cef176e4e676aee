"""The guard: nobody reaches a page, an upload or the WebSocket without a live session.

Pure ASGI, in front of everything, for `http` and `websocket` alike: what Streamlit would do with an
anonymous request never matters, because it does not see one. An open WebSocket is asked about at
each message and every few seconds in between: logging out, disabling an account and running out of
time end it too.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, Final, cast

import structlog
from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.account import Account, Session
from domain.errors import StoreError
from web.addresses import OwnAddresses, login_address
from web.cookies import Cookies
from web.services import WebServices
from workflow.first_start import needs_first_admin
from workflow.sessions import account_of, note_sign_of_life

_log = structlog.get_logger(__name__)

_VISITOR: Final = "koubei.visitor"
OPEN_PATHS: Final = frozenset(
    {
        "/healthz",
        "/readyz",
        "/metrics",
        "/login",
        "/login/code",
        "/logout",
        "/setup",
        "/welcome",
        "/oidc/start",
        "/oidc/callback",
    }
)
"""What answers without a session; `/metrics` asks for its token itself."""
_NOT_PAGES: Final = ("/_stcore/", "/media/", "/component/", "/static/", "/session")
_CLOSED: Final = ("/_stcore/agent", "/auth/", "/oauth2callback")
"""Parts of Streamlit that nobody is to use: its agent interface and its own login."""
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_IDENTITY_HEADERS: Final = (
    "x-forwarded-",
    "x-auth-",
    "x-remote-",
    "x-koubei-",
    "x-streamlit-",
    "x-user",
    "x-real-ip",
    "x-ms-client-principal",
    "x-goog-authenticated-user",
    "cf-access-",
    "remote-",
    "forwarded",
)
"""What proxies say about people. Ours says nothing but address and scheme, which were read."""
_ASK_AGAIN_SECONDS: Final = 15.0
_POLICY_VIOLATION: Final = 1008


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks: an account with its session, as both stood at this request."""

    account: Account
    session: Session
    token: str


def visitor_of(request: Request) -> Visitor | None:
    """Return who asks, None for somebody who is not logged in."""
    visitor = request.scope.get(_VISITOR)
    return visitor if isinstance(visitor, Visitor) else None


class Judgement(StrEnum):
    """What a message on a WebSocket is."""

    BY_PERSON = "by_person"
    BY_ITSELF = "by_itself"
    REFUSED = "refused"


Judge = Callable[[bytes], Judgement]


def refuse_all(_message: bytes) -> Judgement:
    """Refuse every message: nothing of ours speaks over a WebSocket without the dashboard."""
    return Judgement.REFUSED


class Guard:
    """Lets through what has a live session and comes from our own pages."""

    def __init__(
        self,
        app: ASGIApp,
        services: WebServices,
        *,
        judge: Judge = refuse_all,
        ask_again_seconds: float = _ASK_AGAIN_SECONDS,
    ) -> None:
        self._app = app
        self._services = services
        self._own = OwnAddresses(services.public_url, services.listens_on)
        self._cookies = Cookies(secure=services.is_https)
        self._judge = judge
        self._ask_again_seconds = ask_again_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._stranger(scope)
        visitor = None
        if refusal is None:
            try:
                visitor = await self._visitor(Headers(scope=scope))
                if visitor is None and scope["path"] not in OPEN_PATHS:
                    refusal = await self._anonymous(scope)
            except StoreError as error:
                refusal = self._store_away(scope, error)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        if visitor is not None and _shows_life(scope):
            await self._note(visitor)
        await self._app(self._vetted(scope, visitor), receive, send)

    def _stranger(self, scope: Scope) -> Response | None:
        """Return the refusal of a request that is not from our own pages, None otherwise."""
        headers = Headers(scope=scope)
        if not self._own.knows_host(headers):
            return PlainTextResponse("Invalid host header", 400)
        needs_origin = scope["method"] not in _SAFE_METHODS
        if (needs_origin or "origin" in headers) and not self._own.knows_origin(scope, headers):
            _log.info("request.foreign_origin", path=scope["path"], method=scope["method"])
            return PlainTextResponse("Foreign origin", 403)
        if scope["path"].startswith(_CLOSED):
            return PlainTextResponse("Not Found", 404)
        return None

    async def _anonymous(self, scope: Scope) -> Response:
        """Return where somebody without a session is sent: to the login, back here afterwards."""
        is_page = scope["method"] in {"GET", "HEAD"} and not scope["path"].startswith(_NOT_PAGES)
        if not is_page:
            return JSONResponse({"error": "login needed"}, 401)
        reading = self._services.begin_reading
        if await to_thread.run_sync(needs_first_admin, reading):
            return RedirectResponse("/setup", 303)
        return RedirectResponse(login_address(scope), 303)

    def _store_away(self, scope: Scope, error: StoreError) -> Response | None:
        """Fail closed; what needs no session still answers, and says itself what is away."""
        _log.warning("guard.store_away", error=str(error))
        if scope["path"] in {"/healthz", "/readyz", "/metrics"}:
            return None
        return PlainTextResponse(
            "数据库暂时不可用，请稍后重试。The database is away: try again.", 503
        )

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        visitor = None
        if self._own.knows_host(headers) and self._own.knows_origin(scope, headers):
            try:
                visitor = await self._visitor(headers)
            except StoreError as error:
                _log.warning("guard.store_away", error=str(error))
        if visitor is None:
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
            return
        watched = _WatchedSocket(
            receive,
            send,
            partial(self._still_welcome, headers),
            ask_again_seconds=self._ask_again_seconds,
        )
        try:
            await self._app(self._vetted(scope, visitor), watched.receive, send)
        finally:
            watched.end()

    async def _still_welcome(self, headers: Headers, message: Message | None) -> bool:
        """Whether an open WebSocket may go on; a message that a person caused keeps it alive."""
        judged = self._judge(message.get("bytes") or b"") if message is not None else None
        if judged is Judgement.REFUSED:
            return False
        try:
            visitor = await self._visitor(headers)
        except StoreError:
            return message is None  # no run without an answer; an idle line may wait for one
        if visitor is None:
            return False
        if judged is Judgement.BY_PERSON:
            await self._note(visitor)
        return True

    async def _visitor(self, headers: Headers) -> Visitor | None:
        token = self._cookies.session_token(headers)
        if not token:
            return None
        services = self._services
        found = await to_thread.run_sync(
            account_of, services.begin_reading, token, services.clock.now()
        )
        return Visitor(*found, token) if found else None

    async def _note(self, visitor: Visitor) -> None:
        services = self._services
        try:
            await to_thread.run_sync(
                note_sign_of_life, services.begin_work, visitor.session, services.clock.now()
            )
        except StoreError as error:  # a busy writer must not cost a reader the page
            _log.warning("guard.sign_of_life_lost", error=str(error))

    def _vetted(self, scope: Scope, visitor: Visitor | None) -> Scope:
        """Return the scope without what a client claims about itself, with what we know."""
        headers = Headers(scope=scope)
        kept = MutableHeaders(
            raw=[
                (name, value)
                for name, value in headers.raw
                if not name.decode("latin-1").startswith(_IDENTITY_HEADERS)
            ]
        )
        if "cookie" in kept:
            cookies = self._cookies.only_session(headers, visitor.token if visitor else "")
            del kept["cookie"]
            if cookies:
                kept["cookie"] = cookies
        return {**scope, "headers": kept.raw, _VISITOR: visitor}


Welcome = Callable[[Message | None], Awaitable[bool]]


class _WatchedSocket:
    """The receiving end of a WebSocket that closes when its visitor is no longer welcome."""

    def __init__(
        self, receive: Receive, send: Send, welcome: Welcome, *, ask_again_seconds: float
    ) -> None:
        self._receive = receive
        self._send = send
        self._welcome = welcome
        self._ask_again_seconds = ask_again_seconds
        self._next: asyncio.Task[Message] | None = None

    async def receive(self) -> Message:
        """Return the next message, or the end of the line."""
        while True:
            message = await self._wait()
            if message is not None and message["type"] != "websocket.receive":
                return message
            if not await self._welcome(message):
                await self._send({"type": "websocket.close", "code": _POLICY_VIOLATION})
                return {"type": "websocket.disconnect", "code": _POLICY_VIOLATION}
            if message is not None:
                return message

    def end(self) -> None:
        """Leave no task behind."""
        if self._next is not None:
            self._next.cancel()

    async def _wait(self) -> Message | None:
        """Return the next message, None when none came in time; it is then still waited for."""
        coming = self._next or asyncio.create_task(
            cast("Coroutine[Any, Any, Message]", self._receive())
        )
        done, _ = await asyncio.wait({coming}, timeout=self._ask_again_seconds)
        self._next = None if done else coming
        return coming.result() if done else None


def _shows_life(scope: Scope) -> bool:
    """Whether a person asked: a page or a form, not a file or a heartbeat of a page."""
    return scope["method"] not in _SAFE_METHODS or not scope["path"].startswith(_NOT_PAGES)
