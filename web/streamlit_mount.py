"""The dashboard inside this process: Streamlit in its ASGI form, told what it may do.

Streamlit (seen with 1.67) reads its options from files, environment and flags in this order; ours
are set as flags, so that neither a file in the working directory nor a variable undoes them. Its
start page is rewritten on the way out: Chinese for browsers and screen readers, without scripts in
the page, so that the policy can forbid them, and with a script of ours that leads back to the login
when the session ends. It stands at the addresses of our pages only: at any other one Streamlit
would open an English dialog over the first page.
"""

import logging
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import Message, Receive, Scope, Send
from streamlit import config
from streamlit import logger as streamlit_logs
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.starlette import App

from web.guard import Judgement
from web.headers import MAX_UPLOAD_MIB, MAX_WIDGET_STATE_MIB
from web.services import DashboardScript

SESSION_SCRIPT: Final = "/session.js"
PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; media-src 'self' blob:; "
    "connect-src 'self'{sockets}; worker-src 'self' blob:; manifest-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""No outside host, no script in the page. Styles are set by script (Emotion), hence
'unsafe-inline' for them alone; Vega runs without eval (its `ast` mode)."""

_INLINE_SCRIPT: Final = re.compile(rb"<script>.*?</script>", re.DOTALL)
_AGENT_HINT: Final = re.compile(rb'<link rel="service-desc"[^>]*>')
_COMMENT: Final = re.compile(rb"<!--.*?-->", re.DOTALL)
_NO_SCRIPT: Final = re.compile(rb"<noscript>.*?</noscript>", re.DOTALL)


def options(hosts: frozenset[str]) -> Mapping[str, Any]:
    """Return what Streamlit is told, by option."""
    return {
        "browser.gatherUsageStats": False,
        "client.disableDataExport": True,
        "client.showErrorDetails": "none",
        "client.toolbarMode": "minimal",
        "global.developmentMode": False,
        "logger.hideWelcomeMessage": True,
        "runner.magicEnabled": False,
        "runner.postScriptGC": False,
        "server.allowedHosts": sorted(hosts),
        "server.enableAgentApi": False,
        "server.enableCORS": True,
        "server.enableStaticServing": False,
        "server.enableXsrfProtection": True,
        "server.fileWatcherType": "none",
        "server.headless": True,
        "server.maxUploadSize": MAX_UPLOAD_MIB,
        "server.maxWidgetStateSize": MAX_WIDGET_STATE_MIB,
        "server.runOnSave": False,
        "server.scriptHealthCheckEnabled": False,
        "server.trustedUserHeaders": {},
    }


_MESSAGES: Final = frozenset(
    {
        "rerun_script",
        "stop_script",
        "file_urls_request",
        "app_heartbeat",
        "backend_operation_request",
    }
)
_OPERATIONS: Final = frozenset({"deferred_file", "dataframe_chunk"})


def judge(message: bytes) -> Judgement:
    """Return what a message of a page is: of a person, of the page's own timer, or none that our
    pages send. Streamlit would also clear everybody's caches, tell of the source's state and write
    files for agents, for whoever is logged in.
    """
    told = BackMsg()
    try:
        told.ParseFromString(message)
    except DecodeError:
        return Judgement.REFUSED
    kind = told.WhichOneof("type")
    if kind not in _MESSAGES:
        return Judgement.REFUSED
    if kind == "backend_operation_request":
        operation = told.backend_operation_request.WhichOneof("payload")
        return Judgement.BY_PERSON if operation in _OPERATIONS else Judgement.REFUSED
    by_itself = kind == "app_heartbeat" or (
        kind == "rerun_script" and told.rerun_script.is_auto_rerun
    )
    return Judgement.BY_ITSELF if by_itself else Judgement.BY_PERSON


class Dashboard:
    """The application of a script, with its start page rewritten and its policy set. `nowhere`
    makes the answer where there is no page.
    """

    def __init__(
        self,
        script: DashboardScript,
        *,
        hosts: frozenset[str],
        nowhere: Callable[[], Response],
    ) -> None:
        self._script = script
        self._nowhere = nowhere
        _leave_logs_to_us()
        ours = {**script.settings, **options(hosts)}
        config.get_config_options(force_reparse=True, options_from_flags=ours)
        self._app = App(script.path, on_script_error=script.on_error)

    def lifespan(self) -> AbstractAsyncContextManager[None]:
        """Return what runs Streamlit while the service is up."""
        return self._app.lifespan()(None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if (place := self._proper_place(scope)) is not None:
            await RedirectResponse(place, 307)(scope, receive, send)
            return
        nowhere = None if self._is_page(scope) else self._nowhere
        await _Rewriting(scope, send, nowhere).run(self._app, receive)

    def _proper_place(self, scope: Scope) -> str | None:
        """Return the address of a page that was asked for under another one, None otherwise."""
        asked = scope["path"]
        name = asked.strip("/")
        is_first = bool(name) and name == self._script.first
        proper = "/" if is_first else f"/{name}"
        if proper == asked or not (is_first or name in self._script.pages):
            return None
        query = scope.get("query_string", b"").decode("latin-1")
        return f"{proper}?{query}" if query else proper

    def _is_page(self, scope: Scope) -> bool:
        pages = self._script.pages
        return not pages or scope["path"] == "/" or scope["path"][1:] in pages


def _leave_logs_to_us() -> None:
    """Take Streamlit's handlers from its loggers, and from uvicorn's: they write lines of their
    own past the service's log, and are given to each logger that is asked for later.
    """
    for its in streamlit_logs._loggers.values():  # its "root" is the logger `streamlit`
        its.handlers.clear()
        its.propagate = True
    streamlit_logs.get_logger = logging.getLogger


class _Rewriting:
    """One answer: a page is held back whole and rewritten, everything else passes. With `nowhere`
    there is no page here, and that is answered in place of one.
    """

    def __init__(self, scope: Scope, send: Send, nowhere: Callable[[], Response] | None) -> None:
        self._send = send
        self._nowhere = nowhere
        self._host = Headers(scope=scope).get("host", "")
        self._scope = {**scope, "headers": _whole_and_plain(scope)}
        self._start: Message | None = None
        self._body = b""

    async def run(self, app: App, receive: Receive) -> None:
        """Answer the request."""
        await app(self._scope, receive, self._pass)
        if self._start is not None and self._nowhere is not None:
            await self._nowhere()(self._scope, receive, self._send)

    async def _pass(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_page(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        elif self._nowhere is None:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                await self._finish(self._start)

    async def _finish(self, start: Message) -> None:
        body = rewritten(self._body)
        headers = MutableHeaders(raw=list(start["headers"]))
        # a HEAD answer has the length of the page and no body
        length = len(body) if self._scope["method"] != "HEAD" else headers.get("content-length", "")
        headers["content-length"] = str(length)
        for name in ("etag", "last-modified", "accept-ranges"):
            del headers[name]
        sockets = f" ws://{self._host} wss://{self._host}"
        headers["content-security-policy"] = PAGE_POLICY.format(sockets=sockets)
        await self._send({**start, "headers": headers.raw})
        await self._send({"type": "http.response.body", "body": body})


def rewritten(page: bytes) -> bytes:
    """Return Streamlit's start page as ours."""
    page = _INLINE_SCRIPT.sub(b"", _COMMENT.sub(b"", page))
    page = _NO_SCRIPT.sub(
        "<noscript><p>请在浏览器中启用 JavaScript 后使用口碑。</p></noscript>".encode(),
        _AGENT_HINT.sub(b"", page),
    )
    page = page.replace(b'<html lang="en">', b'<html lang="zh-CN">')
    page = page.replace(b"<title>Streamlit</title>", "<title>口碑</title>".encode())
    script = f'<script src="{SESSION_SCRIPT}" defer></script></head>'
    return page.replace(b"</head>", script.encode())


def _is_page(start: Message) -> bool:
    return Headers(raw=start["headers"]).get("content-type", "").startswith("text/html")


def _whole_and_plain(scope: Scope) -> list[tuple[bytes, bytes]]:
    """Return the headers without what could bring a page compressed, in part, or not at all."""
    if scope["path"].startswith(("/static/", "/media/", "/component/")):
        return list(scope["headers"])
    left_out = {b"accept-encoding", b"if-none-match", b"if-modified-since", b"range"}
    return [(name, value) for name, value in scope["headers"] if name not in left_out]
