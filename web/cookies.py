"""Our cookies: the session's, and the one that ties a form to the browser it was shown in.

Behind https their names begin with `__Host-`, which a browser accepts only with Secure, Path=/ and
no Domain: no other host of the company can plant one. A plain LAN cannot have that, and its pages
say so.
"""

import hmac
import re
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from workflow.sessions import PLAIN_COOKIE, SECURE_COOKIE, new_token

_TOKEN = re.compile(r"[0-9a-f]{64}")
FORM_FIELD = "form"


class Cookies:
    """Reads and sets cookies under the names that this installation uses."""

    def __init__(self, *, secure: bool) -> None:
        self._secure = secure
        self._session = SECURE_COOKIE if secure else PLAIN_COOKIE
        self._form = "__Host-koubei-form" if secure else "koubei_form"
        self._oidc = "__Host-koubei-oidc" if secure else "koubei_oidc"

    def session_token(self, headers: Headers) -> str:
        """Return the token of the session cookie; "" without one, or when two claim its name."""
        values = [
            value
            for name, value in _pairs(headers)
            if name == self._session and _TOKEN.fullmatch(value)
        ]
        return values[0] if len(values) == 1 else ""

    def only_session(self, headers: Headers, token: str) -> str:
        """Return a Cookie header in which nothing but `token` claims to be a session."""
        others = [
            f"{name}={value}"
            for name, value in _pairs(headers)
            if name not in {SECURE_COOKIE, PLAIN_COOKIE}
        ]
        return "; ".join([*others, *([f"{self._session}={token}"] if token else [])])

    def set_session(self, response: Response, token: str) -> None:
        """Give the browser a session; Lax, because Strict would break the links in mails."""
        self._set(response, self._session, token)

    def drop_session(self, response: Response) -> None:
        """Take the session from the browser."""
        self._set(response, self._session, "", max_age=0)

    def form_token(self, request: Request) -> str:
        """Return the token that this browser's forms carry, a new one where it has none."""
        known = request.cookies.get(self._form, "")
        return known if _TOKEN.fullmatch(known) else new_token()

    def set_form_token(self, response: Response, token: str) -> None:
        """Tie a form to the browser."""
        self._set(response, self._form, token)

    def is_own_form(self, request: Request, given: str) -> bool:
        """Whether a form was shown by us in this very browser."""
        known = request.cookies.get(self._form, "")
        return bool(_TOKEN.fullmatch(known)) and hmac.compare_digest(
            known.encode(), given.encode("utf-8", "replace")
        )

    def oidc_state(self, request: Request) -> str:
        """Return the state of the company login that this browser began."""
        return request.cookies.get(self._oidc, "")

    def set_oidc_state(self, response: Response, state: str) -> None:
        """Note the state of a company login; Lax, because the provider sends the browser back."""
        self._set(response, self._oidc, state, max_age=600 if state else 0)

    def _set(
        self, response: Response, name: str, value: str, *, max_age: int | None = None
    ) -> None:
        response.set_cookie(
            name,
            value,
            max_age=max_age,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )


def _pairs(headers: Headers) -> list[tuple[str, str]]:
    """Return every cookie in order, also those that share a name."""
    found = []
    for header in headers.getlist("cookie"):
        for part in header.split(";"):
            name, equals, value = part.strip().partition("=")
            if equals and name:
                found.append((name, _plain(value)))
    return found


def _plain(value: str) -> str:
    try:
        jar = SimpleCookie(f"x={value}")
    except CookieError:
        return value
    return jar["x"].value if "x" in jar and value.startswith('"') else value
