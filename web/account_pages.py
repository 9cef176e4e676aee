"""`/account`: one's own password, second factor and sessions, none of them through Streamlit."""

from collections.abc import Callable
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from anyio import CapacityLimiter, to_thread
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from domain.account import Account
from domain.errors import KoubeiError, Text
from presentation.formats import short_time
from presentation.wording import word
from web.guard import visitor_of
from web.login_pages import new_password
from web.paper import Paper, account_id_of, address_of, text
from workflow.login import change_password, prove_password
from workflow.passwords import LONGEST, SHORTEST
from workflow.permissions import nobody_may
from workflow.second_factor import (
    confirm_second_factor,
    drop_second_factor,
    has_second_factor,
    prepare_second_factor,
)
from workflow.sessions import end_other_sessions
from workflow.totp import setup_address

_DONE_PASSWORD = Text("密码已修改，其他登录已全部退出", "password changed; all other logins ended")
_DONE_SESSIONS = Text("其他登录已全部退出", "all other logins ended")
_DONE_ON = Text("动态验证码已启用", "second factor on")
_DONE_OFF = Text("动态验证码已停用", "second factor off")


class AccountPages:
    """What everybody may do with their own account."""

    def __init__(self, paper: Paper, hashing: CapacityLimiter) -> None:
        self._paper = paper
        self._services = paper.services
        self._hashing = hashing

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/account", self.show),
            Route("/account/password", self.password, methods=["POST"]),
            Route("/account/sessions", self.sessions, methods=["POST"]),
            Route("/account/second-factor", self.prepare, methods=["POST"]),
            Route("/account/second-factor/confirm", self.confirm, methods=["POST"]),
            Route("/account/second-factor/off", self.off, methods=["POST"]),
        ]

    def show(self, request: Request) -> Response:
        """Show the page."""
        return self._page(request)

    async def password(self, request: Request) -> Response:
        """Change the password; every session ends but a new one here."""

        def act(form: FormData) -> Response:
            token = change_password(
                self._services.door,
                account_id_of(request),
                present=text(form, "present", longest=LONGEST + 1),
                wanted=new_password(dict(form)),
                address=address_of(request),
                at=self._services.clock.now(),
            )
            response = self._page(request, done=_DONE_PASSWORD)
            self._paper.cookies.set_session(response, token)
            return response

        return await self._do(request, act)

    async def sessions(self, request: Request) -> Response:
        """End every other session."""

        def act(_: FormData) -> Response:
            visitor = visitor_of(request)
            token = visitor.token if visitor else ""
            end_other_sessions(self._services.begin_work, token, self._services.clock.now())
            return self._page(request, done=_DONE_SESSIONS)

        return await self._do(request, act)

    async def prepare(self, request: Request) -> Response:
        """Make a new secret and show it once, to be put into an app."""

        def act(form: FormData) -> Response:
            account = self._proven(request, form)
            seal = self._paper.masker().seal
            secret = prepare_second_factor(self._services.begin_work, account.id, seal=seal)
            values = {
                "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
                "address": setup_address(secret, login=account.login, issuer="Koubei"),
            }
            return self._paper.form(request, "second_factor.html.j2", values)

        return await self._do(request, act)

    async def confirm(self, request: Request) -> Response:
        """Switch the second factor on with a first code."""

        def act(form: FormData) -> Response:
            confirm_second_factor(
                self._services.begin_work,
                account_id_of(request),
                text(form, "code", longest=20),
                unseal=self._paper.masker().unseal,
                at=self._services.clock.now(),
            )
            return self._page(request, done=_DONE_ON)

        return await self._do(request, act)

    async def off(self, request: Request) -> Response:
        """Switch it off, for who knows the password."""

        def act(form: FormData) -> Response:
            account = self._proven(request, form)
            drop_second_factor(self._services.begin_work, account.id, at=self._services.clock.now())
            return self._page(request, done=_DONE_OFF)

        return await self._do(request, act)

    async def _do(self, request: Request, act: Callable[[FormData], Response]) -> Response:
        """Take a form and act on it in a thread; what is refused stands above the page."""
        try:
            form = await self._paper.sent(request)
            return await to_thread.run_sync(act, form, limiter=self._hashing)
        except KoubeiError as error:
            return await to_thread.run_sync(partial(self._page, request, error=error))

    def _proven(self, request: Request, form: FormData) -> Account:
        return prove_password(
            self._services.door,
            account_id_of(request),
            present=text(form, "present", longest=LONGEST + 1),
            address=address_of(request),
            at=self._services.clock.now(),
        )

    def _page(
        self, request: Request, *, done: Text | None = None, error: KoubeiError | None = None
    ) -> Response:
        services = self._services
        with services.begin_reading() as work:
            account = work.accounts.get(account_id_of(request))
            sessions = work.accounts.sessions_of(account.id) if account else []
        if account is None:
            return self._paper.refused(request, nobody_may())
        zone, now = ZoneInfo(services.zone_name), services.clock.now()
        say = self._paper.say
        values: dict[str, Any] = {
            "name": account.name,
            "login": account.login,
            "roles": [say(word(role)) for role in sorted(account.roles)],
            "has_password": bool(account.password_hash),
            "has_factor": has_second_factor(services.begin_reading, account.id),
            "sessions": [
                {"began": short_time(s.began_at, zone), "seen": short_time(s.seen_at, zone)}
                for s in sessions
                if s.is_alive(now)
            ],
            "shortest": SHORTEST,
            "done": say(done) if done else "",
            "problem": self._paper.problem(error) if error else "",
        }
        return self._paper.form(request, "account.html.j2", values, status=400 if error else 200)
