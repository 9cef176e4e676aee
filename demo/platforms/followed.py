"""Pages that can be followed, as a browser sees them: their script asks for more on scrolling."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

_FILE = Path(__file__).with_name("followed.html")


@dataclass(frozen=True, slots=True)
class Road:
    """How the script of a page goes on: `first` is what it asks, `kind` whose replies it reads,
    `word` what a forum is called; `waits` until one scrolls, as the page brings the beginning.
    """

    first: str
    kind: str
    word: str = ""
    waits: bool = False


def followed_page(
    title: str, road: Road, *, data: Mapping[str, object] | None = None, data_id: str = "state"
) -> str:
    """Return such a page; `data` lies in it as JSON, under the id that the platform uses."""
    told = {"first": road.first, "kind": road.kind, "word": road.word, "waits": road.waits}
    filled = {
        "__TITLE__": escape(title),
        "__ID__": data_id,
        "__TYPE__": "text/json",
        "__STATE__": _safe(data or {}),
        "__ROAD__": _safe(told),
    }
    page = _FILE.read_text(encoding="utf-8")
    for place, text in filled.items():
        page = page.replace(place, text)
    return page


def _safe(data: Mapping[str, object]) -> str:
    """JSON in which no `<` can end the script."""
    return json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
