"""What Zhihu's replies share: the list `data`, the way to what follows, and what an empty list is.

`paging.is_end` says whether there is more, `paging.next` is the address to ask for it: its offsets
are tokens, so it is followed as it stands. A reply that leads to itself is an endless road (seen on
comments asked with a made-up offset).
"""

from collections.abc import Mapping

from crawlers.pages.document import Document, bounded
from crawlers.pages.zhihu_item import first_count, part
from domain.errors import LayoutChanged
from domain.page import BlockKind, Page, PageState

_TOTALS = ("total_counts", "totals", "common_counts")


def entries(document: Document, page: str) -> list[Mapping[str, object]]:
    """Return `data`. Raises LayoutChanged when it is no list of objects, or longer than any."""
    found = document.object.get("data")
    if not isinstance(found, list):
        raise LayoutChanged(page, "data")
    if not all(isinstance(entry, dict) for entry in found):
        raise LayoutChanged(page, "data[]")
    return bounded(found, page)


def following(document: Document, page: str) -> str | None:
    """Return the address of what follows, None at the end."""
    paging = document.object.get("paging")
    if not isinstance(paging, dict) or not isinstance(paging.get("is_end"), int):
        raise LayoutChanged(page, "paging.is_end")
    if paging["is_end"]:
        return None
    address = paging.get("next")
    if not isinstance(address, str) or not address:
        raise LayoutChanged(page, "paging.next")
    return address


def nothing(document: Document, page: str, following: str | None) -> Page:
    """Return what an empty list says.

    `empty` only at the end of a list whose own total is none. A warning beside it says why there
    is nothing to see, not that there is nothing; so does a total that counts what is not shown.
    """
    reply = document.object
    if part(reply, "paging").get("need_force_login") is True:
        return Page.blocked(page, BlockKind.LOGIN_WALL)
    if reply.get("warning"):
        return Page.blocked(page, BlockKind.REFUSED)
    if following is not None:
        if following == document.url:
            return Page(
                page=page, state=PageState.NOT_CONTENT, reason="a page that leads to itself"
            )
        return Page(page=page, state=PageState.OK, next=following)
    total = _total(reply)
    if total and part(reply, "paging").get("is_start") is not False:
        return Page(page=page, state=PageState.NOT_CONTENT, reason=f"{total} counted, none shown")
    return Page.empty(page)


def _total(reply: Mapping[str, object]) -> int:
    places = (part(reply, "counts"), part(reply, "paging"), reply)
    return max(first_count(place, _TOTALS) or 0 for place in places)
