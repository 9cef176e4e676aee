"""The pages, in the order of a day's work, and links to them.

Making a page makes Streamlit look at the disk; the answer never changes, so each is made once and
every run works with copies (a page remembers whether it may be called).
"""

from collections.abc import Mapping
from copy import copy
from functools import cache
from typing import Final

import streamlit as st

SECTIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "监测": {
        "overview": "总览",
        "alerts": "预警",
        "feed": "信息流",
        "spread": "传播",
        "compare": "竞品",
    },
    "处置": {"cases": "工单", "case": "工单详情", "lead": "报线索"},
    "报告": {"reports": "报告"},
    "管理": {"queries": "方案", "crawl": "采集", "settings": "设置"},
}
"""By section: the name of the file, which is also the address, and the title."""

FIRST: Final = "overview"
"""The page at `/`."""
_HIDDEN: Final = frozenset({"case"})


def page(name: str) -> st.Page:
    """Return a page by the name of its file (`feed`), for `st.page_link` and `st.switch_page`."""
    return copy(_all()[name])


def navigation() -> dict[str, list[st.Page]]:
    """Return the pages by section, as `st.navigation` takes them."""
    return {section: [page(name) for name in part] for section, part in SECTIONS.items()}


def addresses() -> frozenset[str]:
    """Return the addresses of the pages, without the slash; the first one is at `/` instead."""
    return frozenset(name for part in SECTIONS.values() for name in part) - {FIRST}


@cache
def _all() -> Mapping[str, st.Page]:
    return {
        name: st.Page(
            f"app_pages/{name}.py",
            title=title,
            url_path=None if name == FIRST else name,
            default=name == FIRST,
            visibility="hidden" if name in _HIDDEN else "visible",
        )
        for part in SECTIONS.values()
        for name, title in part.items()
    }
