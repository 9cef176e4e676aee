"""The first start: `/setup` makes the first admin by a one-time code, `/setup/team` the others."""

from functools import partial
from typing import Any

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from domain.errors import InputRefused, KoubeiError, Text
from presentation.wording import word
from web.login_pages import new_password
from web.paper import Paper, account_id_of, address_of, text
from workflow.accounts import OneTimeLink, invite, list_accounts
from workflow.first_start import make_first_admin, needs_first_admin
from workflow.passwords import SHORTEST
from workflow.role_presets import PRESETS, Preset, TeamSize, preset

_FIELDS = ("code", "login", "name", "mail_address", "size")


class SetupPages:
    """From nothing to a team in which somebody else approves."""

    def __init__(self, paper: Paper, hashing: CapacityLimiter) -> None:
        self._paper = paper
        self._services = paper.services
        self._hashing = hashing

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/setup", self.show),
            Route("/setup", self.begin, methods=["POST"]),
            Route("/setup/team", self.show_team),
            Route("/setup/team", self.add, methods=["POST"]),
        ]

    def show(self, request: Request) -> Response:
        """Show the first form, as long as there is no account."""
        if not needs_first_admin(self._services.begin_reading):
            return RedirectResponse("/", 303)
        return self._first(request, {})

    async def begin(self, request: Request) -> Response:
        """Make the first admin and let them in."""
        reading = self._services.begin_reading
        if not await to_thread.run_sync(needs_first_admin, reading):
            return RedirectResponse("/", 303)
        given: dict[str, str] = {}
        try:
            form = await self._paper.sent(request)
            given = {name: text(form, name) for name in _FIELDS}
            _, token = await to_thread.run_sync(
                partial(
                    make_first_admin,
                    self._services.door,
                    code=given["code"],
                    login=given["login"],
                    name=given["name"],
                    mail_address=given["mail_address"],
                    password=new_password(dict(form)),
                    size=_size(given["size"]),
                    address=address_of(request),
                    at=self._services.clock.now(),
                ),
                limiter=self._hashing,
            )
        except KoubeiError as error:
            return self._first(request, given, error)
        return self._paper.entered(f"/setup/team?size={_size(given['size']).value}", token)

    def show_team(self, request: Request) -> Response:
        """Show who is there, and the form for one more."""
        try:
            return self._team(request, _size(request.query_params.get("size", "small")))
        except KoubeiError as error:
            return self._paper.refused(request, error)

    async def add(self, request: Request) -> Response:
        """Invite one more, and show the link to hand over."""
        size = _size(request.query_params.get("size", "small"))
        problem, link = None, None
        try:
            form = await self._paper.sent(request)
            position = _position(size, text(form, "preset"))
            link = await to_thread.run_sync(
                partial(
                    invite,
                    self._services.begin_work,
                    account_id_of(request),
                    login=text(form, "login"),
                    name=text(form, "name"),
                    address=text(form, "mail_address"),
                    roles=position.roles,
                    at=self._services.clock.now(),
                    house=self._services.house,
                )
            )
        except InputRefused as error:
            problem = error
        except KoubeiError as error:
            return self._paper.refused(request, error)
        return await to_thread.run_sync(partial(self._team, request, size, link, problem))

    def _first(
        self, request: Request, given: dict[str, str], error: KoubeiError | None = None
    ) -> Response:
        values: dict[str, Any] = {name: given.get(name, "") for name in _FIELDS}
        values["size"] = _size(given.get("size", "")).value
        values |= {
            "shortest": SHORTEST,
            "problem": self._paper.problem(error) if error else "",
        }
        return self._paper.form(request, "setup.html.j2", values, status=400 if error else 200)

    def _team(
        self,
        request: Request,
        size: TeamSize,
        link: OneTimeLink | None = None,
        error: KoubeiError | None = None,
    ) -> Response:
        say = self._paper.say
        accounts = list_accounts(self._services.begin_reading, account_id_of(request))
        values = {
            "size": size.value,
            "people": [
                {
                    "name": one.name,
                    "login": one.login,
                    "roles": [say(word(role)) for role in sorted(one.roles)],
                    "waits": not one.password_hash and not one.oidc_subject,
                }
                for one in accounts
            ],
            "presets": [
                {"id": one.id, "name": say(one.name), "duties": say(one.duties)}
                for one in PRESETS[size]
            ],
            "link": link.url if link else "",
            "invited": link.account.name if link else "",
            "mailed": bool(link and link.account.address),
            "alone": len(accounts) < 2,
            "problem": self._paper.problem(error) if error else "",
        }
        return self._paper.form(request, "team.html.j2", values, status=400 if error else 200)


def _size(text: str) -> TeamSize:
    return TeamSize.LARGE if text == TeamSize.LARGE.value else TeamSize.SMALL


def _position(size: TeamSize, preset_id: str) -> Preset:
    found = preset(size, preset_id)
    if found is None:
        raise InputRefused(Text("请选择岗位", "choose a position"))
    return found
