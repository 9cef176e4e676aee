"""What every answer carries, and how much a request may bring."""

from collections.abc import Mapping
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OWN_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""Our own pages: no script at all."""

_ALWAYS: Final[Mapping[str, str]] = {
    "x-content-type-options": "nosniff",
    # `no-referrer` would make browsers send `Origin: null` with our own forms (Fetch, "append a
    # request Origin header")
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_HSTS: Final = "max-age=31536000"
_ASSETS: Final = "/static/"
"""Files of a package under names that hold their hash: the one thing worth keeping."""

_MIB: Final = 1024 * 1024
MAX_UPLOAD_MIB: Final = 20
MAX_WIDGET_STATE_MIB: Final = 5
WEBSOCKET_LIMIT: Final = (MAX_WIDGET_STATE_MIB + 1) * _MIB
"""A frame is a message of one page: the state of its widgets, and a little around it."""
_UPLOADS: Final = "/_stcore/upload_file/"
_UPLOAD_LIMIT: Final = (MAX_UPLOAD_MIB + 1) * _MIB
_FORM_LIMIT: Final = 64 * 1024


class SecurityHeaders:
    """Pure ASGI: the headers go onto every response, errors too; those of others give way."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._always = {**_ALWAYS, **({"strict-transport-security": _HSTS} if https else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._always.items():
                    headers[name] = value
                headers.setdefault("content-security-policy", OWN_POLICY)
                if not (scope["path"].startswith(_ASSETS) and message["status"] in {200, 304}):
                    headers["cache-control"] = "no-store"
                for name in ("access-control-allow-origin", "server"):
                    del headers[name]
            await send(message)

        await self._app(scope, receive, send_with_headers)


class BodyLimit:
    """Pure ASGI: 413 for a body larger than anything we take, counted as it comes in."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = _UPLOAD_LIMIT if scope["path"].startswith(_UPLOADS) else _FORM_LIMIT
        declared = Headers(scope=scope).get("content-length", "0")
        if not declared.isdigit() or int(declared) > limit:
            await PlainTextResponse("Content Too Large", 413)(scope, receive, send)
            return
        taken = 0

        async def receive_within_limit() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise HTTPException(413)
            return message

        await self._app(scope, receive_within_limit, send)
