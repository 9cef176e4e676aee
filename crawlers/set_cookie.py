"""Reading `Set-Cookie` as a browser does (RFC 6265 §5.2 and §5.3), for the cookies of a login."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

from domain.hosts import normal_host
from domain.storage_state import LONGEST_COOKIE, Cookie

_LONGEST_AGE: Final = 400 * 24 * 3600
"""Seconds; no cookie is to last longer (RFC 6265bis §5.5)."""
_CONTROLS: Final = frozenset(map(chr, range(32))) | {"\x7f"}


def read_set_cookie(header: str, *, url: str, now: float) -> Cookie | None:
    """Return the cookie that the answer of `url` sets; None when it is none, or not its to set.

    One that is to be forgotten comes back as one that has expired. `now` in seconds of the epoch.
    """
    first, *rest = header.split(";")
    name, equals, value = first.partition("=")
    name, value = name.strip(), value.strip()
    if not (equals and name) or len(header) > LONGEST_COOKIE or _CONTROLS & set(header):
        return None
    told = _attributes(rest)
    host = normal_host(urlsplit(url))
    domain = told.get("domain", "").lower().lstrip(".")
    if domain and host != domain and not host.endswith("." + domain):
        return None
    path = told.get("path", "")
    return Cookie(
        name=name,
        value=value,
        domain=f".{domain}" if domain else host,
        path=path if path.startswith("/") else _folder(urlsplit(url).path),
        expires=_expires(told, now),
        secure="secure" in told,
        http_only="httponly" in told,
        set_at=now,
    )


def _attributes(parts: list[str]) -> Mapping[str, str]:
    pairs = (part.partition("=") for part in parts)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _expires(told: Mapping[str, str], now: float) -> float | None:
    age = told.get("max-age", "")
    if age.removeprefix("-").isdecimal() and age.isascii():
        return now + min(int(age[:12]), _LONGEST_AGE)
    if told.get("expires"):
        try:
            moment = parsedate_to_datetime(told["expires"].replace("-", " ")).timestamp()
        except (ValueError, OverflowError):
            return None
        return min(moment, now + _LONGEST_AGE)
    return None


def _folder(path: str) -> str:
    return path.rpartition("/")[0] or "/"
