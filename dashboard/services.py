"""What the pages work with. Streamlit runs a page's script again and again and gives it no
arguments, so the process that serves the pages offers its services here, once, before it starts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from domain.account import Account
from domain.ports import Scout
from runtime.wiring import Services

Identify = Callable[[Mapping[str, str]], Account | None]
"""Tells from a request's cookies whose session it is; None when it is nobody's (any more)."""


@dataclass(slots=True)
class _Offer:
    services: Services | None = None
    identify: Identify | None = None
    scout: Scout | None = None


_offer = _Offer()


def offer(services: Services, identify: Identify, scout: Scout | None = None) -> None:
    """Make the services of this process known to its pages; `identify` is asked on every run.
    `scout` is None on a machine that cannot crawl.
    """
    _offer.services = services
    _offer.identify = identify
    _offer.scout = scout


def services() -> Services:
    """Return what was offered; LookupError when the pages run without a process around them."""
    if _offer.services is None:
        raise LookupError("the dashboard runs inside a process that offers its services")
    return _offer.services


def scout() -> Scout | None:
    """Return who looks at sources; None where nobody can."""
    return _offer.scout


def whose(cookies: Mapping[str, str]) -> Account | None:
    """Return the account whose session the cookies are, as it stands now; None when nobody's."""
    return _offer.identify(cookies) if _offer.identify else None
