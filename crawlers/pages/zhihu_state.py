"""The data inside a Zhihu page: JSON in `script#js-initialData`, before any script has run."""

import re
from collections.abc import Mapping

from crawlers.pages.document import Document

SCRIPT = "js-initialData"
KINDS = {
    "questions": "question",
    "answers": "answer",
    "articles": "article",
    "zvideos": "zvideo",
    "pins": "pin",
}
"""The shelves of `entities` and what stands on them."""

_BODY = re.compile(r"<(?:p|h2|h3|ul|ol|figure|blockquote)[ >]")
_WITHIN = 4096


def initial_state(document: Document) -> Mapping[str, object]:
    """Return `initialState`, empty when the page has none that can be read."""
    return _object(document.script(SCRIPT), "initialState")


def entities(document: Document) -> Mapping[str, object]:
    """Return `initialState.entities`: shelves by name, on each its objects by id."""
    return _object(initial_state(document), "entities")


def shelf(document: Document, name: str) -> Mapping[str, object]:
    """Return one shelf of the entities, empty when it is not there."""
    return _object(entities(document), name)


def holds_items(document: Document) -> bool:
    """Whether the page brings something that somebody wrote."""
    return any(shelf(document, name) for name in KINDS)


def hot_list(document: Document) -> list[object]:
    """Return the entries of the hot list that a page brings."""
    found = _object(initial_state(document), "topstory").get("hotList")
    return found if isinstance(found, list) else []


def is_body(document: Document) -> bool:
    """Whether the page is nothing but the text of an item, as saved from its `content`."""
    head = document.text[:_WITHIN]
    return (
        _BODY.match(head) is not None
        and "data-pid=" in head
        and not any(tag in head for tag in ("<html", "<head", "<body"))
    )


def _object(value: object, name: str) -> Mapping[str, object]:
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, dict) else {}
