"""A login for each of the demo's platforms, and the wall that asks for it.

One logs in with a QR code, as at the real ones; nobody has an app for an invented platform, so the
demo takes a code for scanned after a while, or when it is told so. Whoever is logged in has the
cookie that the platform's real users have, by name. With its wall up a platform answers nobody
else.

    POST /__demo__/login/scan      every open code counts as scanned
    POST /__demo__/login/expire    every open code is too old
    POST /__demo__/login/end       every login has ended
"""

import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.mention import Platform

SCANNED_AFTER = 8.0
"""Seconds after which a code counts as scanned, unless told otherwise."""
CODE_LIFE = 60.0
"""Seconds for which a code can be scanned."""
LOGIN_LIFE = 30 * 24 * 3600
"""Seconds for which a login lasts after its last use."""
SITE = "/__demo__/login"
_PAGE_FILE = Path(__file__).with_name("login.html")
_CODES: list[list[str]] = json.loads(
    Path(__file__).with_name("codes.json").read_text(encoding="utf-8")
)
"""The modules of three QR codes (version 1), a row as a hex number: `KOUBEI DEMO LOGIN 1` to 3."""
_MODULES = 21


@dataclass(frozen=True, slots=True)
class Entrance:
    """How a platform's login looks: its path, with what goes before the address that was asked, its
    cookie with the beginning of its value, and what its pages and its calls say to a stranger.
    """

    path: str
    back: str
    cookie: str
    prefix: str
    title: str
    body: str
    call_status: int
    call_answer: Mapping[str, object]
    always: tuple[str, ...] = ()
    """Calls that want a login even where the wall is down."""


ENTRANCES = {
    Platform.WEIBO: Entrance(
        "/sso/signin",
        "entry=miniblog&source=miniblog&url=",
        "SUB",
        "_2A25demo",
        "登录 - 微博",
        '<form id="loginForm" method="post" action="https://passport.weibo.com/sso/signin">'
        "<h2>请先登录</h2><p>扫描二维码登录后继续访问</p></form>",
        403,
        {"ok": 0, "message": "前方有点拥堵，请登录后使用"},
    ),
    Platform.ZHIHU: Entrance(
        "/signin",
        "next=",
        "z_c0",
        "2|demo",
        "知乎 - 有问题，就会有答案",
        '<div class="SignContainer"><h2>登录知乎</h2></div>',
        401,
        {"error": {"code": 100, "name": "AuthenticationError", "message": "请先登录"}},
        always=("/api/v3/feed/topstory/hot-lists/",),
    ),
    Platform.TIEBA: Entrance(
        "/v2/",
        "login&u=",
        "BDUSS",
        "demo",
        "登录百度帐号",
        '<ul><li class="u_login"><a href="#">登录</a></li></ul>',
        200,
        {"no": 4, "error": "need login", "error_code": 4, "data": {}},
    ),
}
_CALLS = ("/api/", "/ajax/", "/mo/q/", "/c/f/")
_OPEN_PATHS = frozenset({"/robots.txt"})


@dataclass
class Logins:
    """Who is logged in at a platform, and which codes are on show. In memory: a restart ends all.

    `scanned_after` None: a code waits to be told.
    """

    scanned_after: float | None = SCANNED_AFTER
    monotonic: Callable[[], float] = time.monotonic
    shown: dict[str, float] = field(default_factory=dict)
    scanned: set[str] = field(default_factory=set)
    tokens: set[str] = field(default_factory=set)

    def show_code(self) -> str:
        """Return the name of a new code; those that are too old are forgotten."""
        for old in [name for name in self.shown if self.state_of(name) == "expired"]:
            del self.shown[old]
        name = secrets.token_hex(8)
        self.shown[name] = self.monotonic()
        return name

    def state_of(self, name: str) -> str:
        """Return `waiting`, `scanned` or `expired`."""
        born = self.shown.get(name)
        age = CODE_LIFE if born is None else self.monotonic() - born
        if name in self.scanned:
            return "scanned"
        if age >= CODE_LIFE:
            return "expired"
        by_itself = self.scanned_after is not None and age >= self.scanned_after
        return "scanned" if by_itself else "waiting"

    def scan(self) -> int:
        """Take every open code for scanned; return how many there were."""
        waiting = [name for name in self.shown if self.state_of(name) == "waiting"]
        self.scanned.update(waiting)
        return len(waiting)

    def expire(self) -> int:
        """Let every open code be too old; return how many there were."""
        return self._forget_codes()

    def end(self) -> int:
        """End every login; return how many there were."""
        ended = len(self.tokens)
        self.tokens.clear()
        return ended

    def use_up(self, name: str, prefix: str) -> str:
        """Return the token of a new login, for a code that was scanned."""
        self.shown.pop(name, None)
        self.scanned.discard(name)
        token = prefix + secrets.token_hex(24)
        self.tokens.add(token)
        return token

    def _forget_codes(self) -> int:
        number = len(self.shown)
        self.shown.clear()
        self.scanned.clear()
        return number


class WithLogin:
    """A site with its login page. `walled`: it answers only those who are logged in."""

    def __init__(self, app: ASGIApp, platform: Platform, logins: Logins, *, walled: bool) -> None:
        self.app = app
        self._entrance = ENTRANCES[platform]
        self._logins = logins
        self._walled = walled
        self._login = _login_app(self._entrance, logins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        entrance, path = self._entrance, scope["path"]
        if path == entrance.path or path.startswith(f"{SITE}/"):
            await self._login(scope, receive, send)
            return
        token = Request(scope).cookies.get(entrance.cookie, "")
        if token in self._logins.tokens:
            await self.app(scope, receive, _renewing(send, entrance, token))
        elif self._is_shut(path):
            await _refusal(entrance, Request(scope))(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _is_shut(self, path: str) -> bool:
        """Whether a stranger is not answered here."""
        if path in _OPEN_PATHS or path.startswith("/__demo__/"):
            return False
        return self._walled or path.startswith(self._entrance.always)


def _refusal(entrance: Entrance, request: Request) -> Response:
    if request.url.path.startswith(_CALLS):
        return JSONResponse(dict(entrance.call_answer), status_code=entrance.call_status)
    back = f"{entrance.path}?{entrance.back}{quote(str(request.url), safe='')}"
    return RedirectResponse(back, status_code=302)


def _renewing(send: Send, entrance: Entrance, token: str) -> Send:
    """Prolong the login of whoever asked: the cookie comes back with a later end."""

    async def renewing(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.append("Set-Cookie", _cookie(entrance, token))
        await send(message)

    return renewing


def _cookie(entrance: Entrance, token: str) -> str:
    return f"{entrance.cookie}={token}; Path=/; Max-Age={LOGIN_LIFE}; HttpOnly; SameSite=Lax"


def _login_app(entrance: Entrance, logins: Logins) -> Starlette:
    async def page(request: Request) -> Response:
        html = _PAGE_FILE.read_text(encoding="utf-8")
        values = {"title": escape(entrance.title), "body": entrance.body, "site": SITE}
        values["code"] = logins.show_code()
        for name, value in values.items():
            html = html.replace(f"__{name.upper()}__", value)
        return HTMLResponse(html, headers={"Cache-Control": "no-store"})

    async def picture(request: Request) -> Response:
        return Response(_svg(request.path_params["name"]), media_type="image/svg+xml")

    async def state(request: Request) -> Response:
        name = request.path_params["name"]
        found = logins.state_of(name)
        answer = JSONResponse({"state": found}, headers={"Cache-Control": "no-store"})
        if found == "scanned":
            answer.headers.append(
                "Set-Cookie", _cookie(entrance, logins.use_up(name, entrance.prefix))
            )
        return answer

    async def scan(request: Request) -> Response:
        return JSONResponse({"scanned": logins.scan()})

    async def expire(request: Request) -> Response:
        return JSONResponse({"expired": logins.expire()})

    async def end(request: Request) -> Response:
        return JSONResponse({"ended": logins.end()})

    return Starlette(
        routes=[
            Route(entrance.path, page),
            Route(f"{SITE}/code/{{name}}.svg", picture),
            Route(f"{SITE}/state/{{name}}", state),
            Route(f"{SITE}/scan", scan, methods=["POST"]),
            Route(f"{SITE}/expire", expire, methods=["POST"]),
            Route(f"{SITE}/end", end, methods=["POST"]),
        ]
    )


def _svg(name: str) -> str:
    """Draw one of the codes; another name, mostly another code."""
    rows = _CODES[sum(name.encode()) % len(_CODES)]
    squares = "".join(
        f'<rect x="{x}" y="{y}" width="1" height="1"/>'
        for y, row in enumerate(rows)
        for x in range(_MODULES)
        if int(row, 16) >> (_MODULES - 1 - x) & 1
    )
    whole = _MODULES + 8
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-4 -4 {whole} {whole}" width="232" '
        f'height="232" shape-rendering="crispEdges"><rect x="-4" y="-4" width="{whole}" '
        f'height="{whole}" fill="#fff"/>{squares}</svg>'
    )
