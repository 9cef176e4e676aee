"""Which hosts and origins are ours, and which places a visitor may be sent to."""

import re
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

_LOCAL: frozenset[str] = frozenset({"localhost", "127.0.0.1", "::1"})
_ANYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104  # compared, not listened on
_HOST_HEADER = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?")
_LONGEST_PLACE = 2000
_NOWHERE_TO_RETURN = ("/login", "/logout", "/setup", "/welcome", "/oidc/", "/session", "/_stcore/")


class OwnAddresses:
    """The hosts and origins that a request may name. Host names are compared, ports are not:
    what a foreign name must not reach is this server, at whatever port.
    """

    def __init__(self, public_url: str, listens_on: str) -> None:
        public = urlsplit(public_url)
        self._public_origin = f"{public.scheme}://{public.netloc}".lower()
        self._public_host = (public.hostname or "").lower()
        self._is_https = public.scheme == "https"
        own = {self._public_host} | (set() if listens_on in _ANYWHERE else {listens_on.lower()})
        self.hosts = frozenset(own | _LOCAL) - {""}

    def knows_host(self, headers: Headers) -> bool:
        """Whether the one Host header names us."""
        given = headers.getlist("host")
        return len(given) == 1 and _host_of(given[0]) in self.hosts

    def knows_origin(self, scope: Scope, headers: Headers) -> bool:
        """Whether the one Origin header is that of our own pages, as this request reached them.

        Behind https the public host's only origin is the public one, so that a page which somebody
        in the line put at its http:// address is foreign.
        """
        given = headers.getlist("origin")
        if len(given) != 1:
            return False
        origin, host = given[0].lower(), headers.get("host", "").lower()
        is_public = _host_of(host) == self._public_host
        if is_public and origin == self._public_origin:
            return True
        if is_public and self._is_https:
            return False
        scheme = {"ws": "http", "wss": "https"}.get(scope["scheme"], scope["scheme"])
        return origin == f"{scheme}://{host}"


def local_place(wanted: str) -> str:
    """Return a path with query on this very site, `/` for everything else (open redirects)."""
    plain = wanted.isprintable() and "\\" not in wanted and len(wanted) <= _LONGEST_PLACE
    if not plain or not wanted.startswith("/") or wanted.startswith("//"):
        return "/"
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return "/"
    if parts.scheme or parts.netloc or parts.path.startswith(_NOWHERE_TO_RETURN):
        return "/"
    return quote(wanted, safe="/?&=%:@!$'()*+,;~-._")


def login_address(scope: Scope) -> str:
    """Return the login page that leads back to what was asked for."""
    query = scope.get("query_string", b"").decode("latin-1")
    place = local_place(scope["path"] + (f"?{query}" if query else ""))
    return "/login" if place == "/" else f"/login?next={quote(place, safe='')}"


def _host_of(header: str) -> str | None:
    found = _HOST_HEADER.fullmatch(header.strip())
    return found[1].strip("[]").rstrip(".").lower() if found else None
