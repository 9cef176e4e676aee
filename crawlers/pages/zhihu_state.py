"""The data inside a Zhihu page: JSON in `script#js-initialData`, before any script has run."""

import re
from collections.abc import Mapping

from crawlers.pages.document import Document, attribute, parse_json

SCRIPT = "js-initialData"
KINDS = {
    "questions": "question",
    "answers": "answer",
    "articles": "article",
    "zvideos": "zvideo",
    "pins": "pin",
}
"""The shelves of `entities` and what stands on them."""

_BODY = re.compile(
    r"<(?:p|h[1-6]|[uo]l|figure|blockquote|pre|table|hr|b|strong|em|i|u|a|img|br|sup|code)[ />]"
    r'|<div class="highlight">'
)
_EDITORS_MARKS = ("data-pid=", "data-draft-", "eeimg=", "zhimg.com/", "link.zhihu.com/")
_NOT_A_BODY = ("<html", "<head", "<body", "<script", "data-zop=", "ContentItem")
_WITHIN = 4096
_CARDS_DATA = " data-zop="
"""Stands at each rendered card."""


def initial_state(document: Document) -> Mapping[str, object]:
    """Return `initialState`, empty when the page has none that can be read.

    Until 2018 the same stood in an attribute, `div#data[data-state]`, without a name around it.
    """
    state = _object(document.script(SCRIPT), "initialState")
    return state or _old_state(document)


def entities(document: Document) -> Mapping[str, object]:
    """Return `initialState.entities`: shelves by name, on each its objects by id."""
    return _object(initial_state(document), "entities")


def shelf(document: Document, name: str) -> Mapping[str, object]:
    """Return one shelf of the entities, empty when it is not there."""
    return _object(entities(document), name)


def holds_items(document: Document) -> bool:
    """Whether the page brings something that somebody wrote."""
    shelves = entities(document)
    return any(_object(shelves, name) for name in KINDS)


def hot_list(document: Document) -> list[object]:
    """Return the entries of the hot list that a page brings."""
    found = _object(initial_state(document), "topstory").get("hotList")
    return found if isinstance(found, list) else []


def holds_words(document: Document) -> bool:
    """Whether the page brings words of people, which say nothing about the page itself."""
    return (
        _CARDS_DATA in document.text
        or holds_items(document)
        or bool(hot_list(document))
        or is_body(document)
    )


def is_body(document: Document) -> bool:
    """Whether the page is nothing but the text of an item, as saved from its `content`."""
    head = document.text[:_WITHIN]
    return (
        _BODY.match(head) is not None
        and any(mark in head for mark in _EDITORS_MARKS)
        and not any(sign in head for sign in _NOT_A_BODY)
    )


def _old_state(document: Document) -> Mapping[str, object]:
    if document.text[:1] != "<" or 'data-state="' not in document.text:
        return {}
    state = parse_json(attribute(document.first("#data[data-state]"), "data-state"))
    return state if isinstance(state, dict) else {}


def _object(value: object, name: str) -> Mapping[str, object]:
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, dict) else {}
