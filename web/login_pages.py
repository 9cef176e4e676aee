"""`/login`, `/login/code`, `/logout`, `/welcome` and `/session`."""

from functools import partial
from urllib.parse import quote

import structlog
from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from domain.errors import ConfigurationError, InputRefused, KoubeiError, Text
from web.addresses import local_place
from web.guard import visitor_of
from web.paper import Paper, address_of, text
from workflow.login import (
    Answer,
    Entry,
    dead_link,
    give_code,
    log_in,
    must_wait,
    owner_of_link,
    set_password_by_link,
)
from workflow.passwords import LONGEST, SHORTEST
from workflow.sessions import end_session

_log = structlog.get_logger(__name__)

_HASHES_AT_ONCE = 2
"""Each takes 64 MiB and a core: a crowd at the door waits instead of taking the machine down."""
_WRONG = Text("登录名或密码不对", "wrong login or password")
_WRONG_CODE = Text("验证码不对或已用过", "wrong or used code")


class LoginPages:
    """Coming in and going out."""

    def __init__(self, paper: Paper) -> None:
        self._paper = paper
        self._services = paper.services
        self.hashing = CapacityLimiter(_HASHES_AT_ONCE)

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/login", self.show),
            Route("/login", self.enter, methods=["POST"]),
            Route("/login/code", self.enter_code, methods=["POST"]),
            Route("/logout", self.show_logout),
            Route("/logout", self.leave, methods=["POST"]),
            Route("/welcome", self.show_welcome),
            Route("/welcome", self.set_password, methods=["POST"]),
            Route("/session", self.session),
        ]

    def show(self, request: Request) -> Response:
        """Show the form; somebody who is in goes on to where they wanted."""
        place = local_place(request.query_params.get("next", "/"))
        if visitor_of(request) is not None:
            return RedirectResponse(place, 303)
        return self._form(request, place)

    async def enter(self, request: Request) -> Response:
        """Take login and password."""
        place = local_place(request.query_params.get("next", "/"))
        try:
            form = await self._paper.sent(request)
        except KoubeiError as error:
            return self._form(request, place, problem=self._paper.problem(error), status=403)
        login = text(form, "login")
        answer = await to_thread.run_sync(
            partial(
                log_in,
                self._services.door,
                login=login,
                password=text(form, "password", longest=LONGEST + 1),
                address=address_of(request),
                at=self._services.clock.now(),
            ),
            limiter=self.hashing,
        )
        return await self._next_step(request, answer, place, login=login, wrong=_WRONG)

    async def enter_code(self, request: Request) -> Response:
        """Take the code of the second factor."""
        place = local_place(request.query_params.get("next", "/"))
        try:
            form = await self._paper.sent(request)
        except KoubeiError as error:
            return self._form(request, place, problem=self._paper.problem(error), status=403)
        try:
            answer = await to_thread.run_sync(
                partial(
                    give_code,
                    self._services.door,
                    ticket=text(form, "ticket"),
                    code=text(form, "code", longest=20),
                    unseal=self._paper.masker().unseal,
                    address=address_of(request),
                    at=self._services.clock.now(),
                )
            )
        except ConfigurationError as error:  # a host without the key that reads the secret
            return self._paper.refused(request, error)
        return await self._next_step(request, answer, place, wrong=_WRONG_CODE, again=True)

    async def _next_step(
        self,
        request: Request,
        answer: Answer,
        place: str,
        *,
        wrong: Text,
        login: str = "",
        again: bool = False,
    ) -> Response:
        if answer.entry is Entry.ENTERED:
            await self._end_present(request)
            return self._paper.entered(place, answer.token)
        _log.info("login.not_entered", entry=answer.entry.value, address=address_of(request))
        if answer.entry is Entry.NEEDS_CODE:
            said = self._paper.say(wrong) if again else ""
            return self._code_form(request, place, answer.ticket, said, 401 if again else 200)
        if answer.until is None:
            return self._form(request, place, login, self._paper.say(wrong), 401)
        problem = self._paper.problem(must_wait(answer.until, self._services.clock.now()))
        if answer.ticket:
            return self._code_form(request, place, answer.ticket, problem, 429)
        return self._form(request, place, login, problem, 429)

    def show_logout(self, request: Request) -> Response:
        """Ask; a link alone ends nothing."""
        if visitor_of(request) is None:
            return RedirectResponse("/login", 303)
        return self._paper.form(request, "logout.html.j2", {})

    async def leave(self, request: Request) -> Response:
        """End the session at once, on the server and in the browser."""
        try:
            await self._paper.sent(request)
        except KoubeiError as error:
            return self._paper.refused(request, error)
        await self._end_present(request)
        response = RedirectResponse("/login", 303)
        self._paper.cookies.drop_session(response)
        # other tabs of this browser lose what they show, too
        response.headers["clear-site-data"] = '"cache", "storage"'
        return response

    def show_welcome(self, request: Request) -> Response:
        """Show whose password an invitation or reset link sets; nothing is used up."""
        ticket = request.query_params.get("ticket", "")
        return self._welcome(request, ticket)

    async def set_password(self, request: Request) -> Response:
        """Set the password, use the link up, and come in."""
        ticket = ""
        try:
            form = await self._paper.sent(request)
            ticket = text(form, "ticket")
            token = await to_thread.run_sync(
                partial(
                    set_password_by_link,
                    self._services.door,
                    ticket=ticket,
                    password=new_password(dict(form)),
                    at=self._services.clock.now(),
                ),
                limiter=self.hashing,
            )
        except KoubeiError as error:
            return await to_thread.run_sync(partial(self._welcome, request, ticket, error))
        await self._end_present(request)
        return self._paper.entered("/", token)

    def session(self, request: Request) -> Response:
        """Say to a page's script whether the session lives; this is no sign of life."""
        return PlainTextResponse("", 204 if visitor_of(request) else 401)

    async def _end_present(self, request: Request) -> None:
        """End the session that this browser still has: a login begins anew (fixation)."""
        visitor = visitor_of(request)
        if visitor is not None:
            services = self._services
            now = services.clock.now()
            await to_thread.run_sync(end_session, services.begin_work, visitor.token, now)

    def _form(
        self, request: Request, place: str, login: str = "", problem: str = "", status: int = 200
    ) -> Response:
        oidc = self._services.oidc
        values = {
            "next": quote(place, safe=""),
            "login": login,
            "problem": problem,
            "company": (oidc.button or self._paper.say(_COMPANY)) if oidc else "",
        }
        return self._paper.form(request, "login.html.j2", values, status=status)

    def _code_form(
        self, request: Request, place: str, ticket: str, problem: str, status: int
    ) -> Response:
        values = {"next": quote(place, safe=""), "ticket": ticket, "problem": problem}
        return self._paper.form(request, "code.html.j2", values, status=status)

    def _welcome(self, request: Request, ticket: str, error: KoubeiError | None = None) -> Response:
        services = self._services
        account = owner_of_link(services.begin_reading, ticket, services.clock.now())
        if account is None:
            return self._paper.refused(request, dead_link())
        values = {
            "ticket": ticket,
            "login": account.login,
            "name": account.name,
            "shortest": SHORTEST,
            "problem": self._paper.problem(error) if error else "",
            "company": bool(services.oidc) and not account.password_hash,
        }
        return self._paper.form(request, "welcome.html.j2", values, status=400 if error else 200)


_COMPANY = Text("企业账号登录", "Company login")


def new_password(form: dict[str, object]) -> str:
    """Return the password that a form brought twice; InputRefused when the two differ."""
    first, second = form.get("password", ""), form.get("again", "")
    if not isinstance(first, str) or first != second:
        raise InputRefused(Text("两次输入的密码不一致", "the two passwords differ"))
    return first
