"""What a browser keeps of a login: cookies, and what pages put into their local storage.

The shape is that of Playwright's `storage_state`. All of it is secret: whoever has it is logged in.
So nothing here shows a value in its `repr`, and no error repeats one.
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import urlsplit

from domain.errors import InputRefused, Text
from domain.hosts import is_loopback, normal_host

MOST_COOKIES: Final = 300
LONGEST_COOKIE: Final = 8192
"""Characters of name and value; browsers take 4096 bytes (RFC 6265 §6.1 asks for at least that)."""
MOST_STORED: Final = 256 * 1024
"""Characters of local storage of all origins together."""
_ROUNDING: Final = 2.0
"""Seconds."""
_SAME_SITE: Final = frozenset({"Strict", "Lax", "None"})
_FORBIDDEN: Final = frozenset("\r\n\0;")


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie. `domain` begins with a dot where hosts below it get the cookie too. `expires` is
    in seconds of the epoch, None for one that lasts as long as its browser; `set_at`, as well, when
    a crawl was given it (0: it came with the login).
    """

    name: str
    value: str = field(repr=False)
    domain: str
    path: str = "/"
    expires: float | None = None
    secure: bool = False
    http_only: bool = False
    same_site: str = "Lax"
    set_at: float = 0.0

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it one cookie: another value under the same key replaces it."""
        return self.name, self.domain, self.path

    @property
    def host(self) -> str:
        """The host of its domain."""
        return self.domain.removeprefix(".")

    def is_alive(self, now: float) -> bool:
        """Whether it has not expired."""
        return self.expires is None or self.expires > now

    def goes_to(self, url: str) -> bool:
        """Whether it may be sent to an address (RFC 6265 §5.1.3 and §5.1.4); never in the open,
        but on this very machine, whatever the platform says of `secure`.
        """
        parts = urlsplit(url)
        try:
            host = normal_host(parts)
        except ValueError:
            return False
        below = self.domain.startswith(".") and host.endswith(self.domain)
        safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
        return safe and (host == self.host or below) and _is_on_path(parts.path or "/", self.path)


@dataclass(frozen=True, slots=True)
class StorageState:
    """Cookies and local storage: by origin (`https://weibo.com`), pairs of name and value."""

    cookies: tuple[Cookie, ...] = field(default=(), repr=False)
    origins: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict, repr=False)

    def cookie_header(self, url: str, now: float) -> str | None:
        """Return the `Cookie` header for an address, longer paths first (RFC 6265 §5.4); None when
        no cookie is for it.
        """
        fitting = [c for c in self.cookies if c.is_alive(now) and c.goes_to(url)]
        fitting.sort(key=lambda cookie: -len(cookie.path))
        return "; ".join(f"{c.name}={c.value}" for c in fitting) or None

    def is_for(self, url: str, now: float) -> bool:
        """Whether any cookie may be sent to the host of an address, on whichever path."""
        return any(c.is_alive(now) and replace(c, path="/").goes_to(url) for c in self.cookies)

    def with_cookies(self, newer: Iterable[Cookie]) -> "StorageState":
        """Return the state with cookies added, or put in the place of those with their key; one
        that was set before the one in place is left out.
        """
        kept = {cookie.key: cookie for cookie in self.cookies}
        for cookie in newer:
            known = kept.get(cookie.key)
            if known is None or cookie.set_at >= known.set_at:
                kept[cookie.key] = cookie
        return replace(self, cookies=tuple(kept.values()))

    def without_dead(self, now: float) -> "StorageState":
        """Return the state without cookies that expired."""
        return replace(self, cookies=tuple(c for c in self.cookies if c.is_alive(now)))

    def for_browser(self) -> dict[str, Any]:
        """Return it as Playwright takes it. Cookies for other machines go over TLS only."""
        return {
            "cookies": [_to_playwright(cookie) for cookie in self.cookies],
            "origins": [
                {
                    "origin": origin,
                    "localStorage": [{"name": n, "value": v} for n, v in pairs],
                }
                for origin, pairs in self.origins.items()
            ],
        }

    def to_json(self) -> str:
        """Return it as JSON, to be sealed."""
        document = self.for_browser()
        for told, cookie in zip(document["cookies"], self.cookies, strict=True):
            told |= {"secure": cookie.secure, "setAt": cookie.set_at}
        return json.dumps(document, ensure_ascii=True)


@dataclass(frozen=True, slots=True)
class Sorted:
    """What of a storage state is a platform's own, and what was refused: by host, how many."""

    state: StorageState
    refused: Mapping[str, int]


def read_storage_state(text: str, place: str) -> StorageState:
    """Read Playwright's `storage_state` JSON (or what `to_json` wrote); InputRefused when it is
    none. `place` is where the text came from. Cookies that no header can carry are left out.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        # the text of a JSON error shows what stands there
        raise _refused(place, type(error).__name__) from None
    return storage_state_of(document, place)


def storage_state_of(document: Any, place: str) -> StorageState:
    """Return what a `storage_state` document says; see `read_storage_state`."""
    try:
        cookies = tuple(c for each in document["cookies"] if (c := _cookie(each)) is not None)
        origins = {
            str(each["origin"]): tuple((str(p["name"]), str(p["value"])) for p in _pairs(each))
            for each in document.get("origins", ())
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _refused(place, type(error).__name__) from None
    stored = sum(len(n) + len(v) for pairs in origins.values() for n, v in pairs)
    if len(cookies) > MOST_COOKIES or stored > MOST_STORED:
        raise _refused(place, "too large")
    return StorageState(cookies, origins)


def sort_out(state: StorageState, hosts: Collection[str]) -> Sorted:
    """Part a storage state: what belongs to `hosts` (and all below them), and the rest, counted."""
    refused: Counter[str] = Counter()

    def own(host: str) -> bool:
        fits = is_below_any(host, hosts)
        if not fits:
            refused[host or "?"] += 1
        return fits

    cookies = tuple(cookie for cookie in state.cookies if own(cookie.host))
    origins = {o: p for o, p in state.origins.items() if own((urlsplit(o).hostname or "").lower())}
    return Sorted(StorageState(cookies, origins), dict(refused))


def is_below_any(host: str, sites: Collection[str]) -> bool:
    """Whether a host is one of the sites, or lies below one."""
    return any(host == site or host.endswith("." + site) for site in sites)


def changed(
    before: StorageState, after: StorageState, *, now: float, own: Callable[[Cookie], bool]
) -> list[Cookie]:
    """Return the cookies of `after` that `own` admits and that `before` does not have so."""
    known = {cookie.key: cookie for cookie in before.cookies}
    return [
        replace(cookie, set_at=now)
        for cookie in after.cookies
        if own(cookie) and not _same(known.get(cookie.key), cookie)
    ]


def _same(old: Cookie | None, new: Cookie) -> bool:
    """Whether a cookie was not renewed. A browser may round its end, or bring it nearer."""
    if old is None or old.value != new.value:
        return False
    if old.expires is None or new.expires is None:
        return old.expires == new.expires
    return new.expires - old.expires < _ROUNDING


def _is_on_path(path: str, cookie_path: str) -> bool:
    if path == cookie_path:
        return True
    return path.startswith(cookie_path if cookie_path.endswith("/") else cookie_path + "/")


def _to_playwright(cookie: Cookie) -> dict[str, Any]:
    return {
        "name": cookie.name,
        "value": cookie.value,
        "domain": cookie.domain,
        "path": cookie.path,
        "expires": -1 if cookie.expires is None else cookie.expires,
        "httpOnly": cookie.http_only,
        "secure": cookie.secure or not is_loopback(cookie.host),
        "sameSite": cookie.same_site,
    }


def _cookie(told: Mapping[str, Any]) -> Cookie | None:
    """Read one cookie, None when it cannot be sent; ValueError, KeyError or TypeError when it is
    none.
    """
    name, value = told["name"], told["value"]
    domain = str(told["domain"]).lower().rstrip(".")
    path = str(told.get("path") or "/")
    if not isinstance(name, str) or not isinstance(value, str):
        raise TypeError("no cookie")
    whole = name + value + domain + path
    if (
        len(whole) > LONGEST_COOKIE
        or _FORBIDDEN & set(whole)
        or "=" in name
        or not (name and domain)
    ):
        return None
    expires = float(told.get("expires", -1))
    same_site = str(told.get("sameSite", "Lax"))
    return Cookie(
        name=name,
        value=value,
        domain=domain,
        path=path if path.startswith("/") else "/",
        expires=expires if 0 <= expires < 1e12 else None,
        secure=bool(told.get("secure", False)),
        http_only=bool(told.get("httpOnly", False)),
        same_site=same_site if same_site in _SAME_SITE else "Lax",
        set_at=float(told.get("setAt", 0)),
    )


def _pairs(origin: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    found: Iterable[Mapping[str, Any]] = origin.get("localStorage", ())
    return found


def _refused(place: str, why: str) -> InputRefused:
    return InputRefused(
        Text(f"不是 storage_state 文件（{why}）", f"this is no storage_state file ({why})"),
        place=place,
        mend=Text(
            "用 Playwright 的 context.storage_state(path=…) 导出",
            "write it with Playwright's context.storage_state(path=…)",
        ),
    )
