"""`/oidc/start` sends a browser to the company's provider, `/oidc/callback` takes it back."""

import hmac
from functools import partial
from typing import TYPE_CHECKING

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from domain.errors import KoubeiError, NotPermitted, Text
from domain.login import TICKET_LIFE, Ticket, TicketKind
from web.addresses import local_place
from web.paper import Paper
from workflow.company_login import CompanyRules, enter_by_identity
from workflow.sessions import hash_token, new_token

if TYPE_CHECKING:  # needs an extra that not every host has
    from web.provider import Provider

CALLBACK = "/oidc/callback"


class CompanyPages:
    """Login through the provider; what was asked for survives the round trip."""

    def __init__(self, paper: Paper, provider: "Provider") -> None:
        self._paper = paper
        self._services = paper.services
        self._provider = provider
        oidc = paper.services.oidc
        self._rules = CompanyRules(
            oidc.roles_by_group() if oidc else {}, bool(oidc and oidc.create_accounts)
        )

    def routes(self) -> list[Route]:
        """Return the two routes."""
        return [Route("/oidc/start", self.start), Route(CALLBACK, self.callback)]

    def start(self, request: Request) -> Response:
        """Note what the browser is about to do, and send it to the provider."""
        state, nonce, verifier = new_token(), new_token(), new_token()
        try:
            address = self._provider.login_address(state=state, nonce=nonce, verifier=verifier)
        except KoubeiError as error:
            return self._paper.refused(request, error)
        at = self._services.clock.now()
        payload = {
            "nonce": nonce,
            "verifier": verifier,
            "next": local_place(request.query_params.get("next", "/")),
            "invitation": request.query_params.get("invitation", "")[:64],
        }
        expires_at = at + TICKET_LIFE[TicketKind.OIDC]
        with self._services.begin_work() as work:
            work.logins.prune_tickets(at)
            work.logins.add_ticket(
                Ticket(hash_token(state), TicketKind.OIDC, expires_at, payload=payload)
            )
            work.commit()
        response = RedirectResponse(address, 303)
        self._paper.cookies.set_oidc_state(response, state)
        return response

    async def callback(self, request: Request) -> Response:
        """Take the browser back: the state must be its own, and is used up."""
        try:
            token, place = await to_thread.run_sync(partial(self._enter, request))
        except KoubeiError as error:
            response = self._paper.refused(request, error)
        else:
            response = self._paper.entered(place, token)
        self._paper.cookies.set_oidc_state(response, "")
        return response

    def _enter(self, request: Request) -> tuple[str, str]:
        asked = request.query_params
        state = asked.get("state", "")
        begun = self._paper.cookies.oidc_state(request)
        at = self._services.clock.now()
        if not state or not hmac.compare_digest(state.encode(), begun.encode()):
            raise _begin_again()
        with self._services.begin_work() as work:
            ticket = work.logins.take_ticket(hash_token(state), TicketKind.OIDC, at)
            work.commit()
        if ticket is None or "code" not in asked:
            raise _begin_again()
        identity = self._provider.identify(
            code=asked["code"],
            verifier=ticket.payload["verifier"],
            nonce=ticket.payload["nonce"],
        )
        token = enter_by_identity(
            self._services.door,
            identity,
            self._rules,
            invitation=ticket.payload["invitation"],
            at=at,
            house=self._services.house,
        )
        return token, local_place(ticket.payload["next"])


def _begin_again() -> NotPermitted:
    return NotPermitted(
        Text("登录未完成或已过期", "the login was not completed, or took too long"),
        mend=Text("请从登录页重新开始", "begin again at the login page"),
    )
