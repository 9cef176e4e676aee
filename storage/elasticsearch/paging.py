"""Orders of a search and the tokens that continue one.

A token holds the sort value and the id of the last mention of a page; the next page begins after
it, whatever was written in between. It holds nothing of the server, so it never expires.
"""

import base64
from typing import Any

import orjson

from domain.queries import MentionFilter, Sort
from storage.elasticsearch.documents import polarity_field
from storage.elasticsearch.queries import query_of

Place = list[Any]
"""Where a mention stands in an order: its sort value and its id."""

LARGEST = 5_000
"""Mentions in one answer; more are asked for in several requests (the server gives up to
10,000)."""


def page_body(wanted: MentionFilter, sort: Sort, size: int, after: Place | None) -> dict[str, Any]:
    """Return the search for the next mentions after a place."""
    field, direction = _by(sort, wanted.brand_id)
    body = {
        "query": query_of(wanted),
        "sort": [{field: direction}, {"event.id": "asc"}],
        "size": size,
        "track_total_hits": False,
    }
    return body if after is None else {**body, "search_after": after}


def token(sort: Sort, place: Place) -> str:
    """Return the token that continues after a place."""
    return base64.urlsafe_b64encode(orjson.dumps([sort, *place])).decode()


def read_token(text: str, sort: Sort) -> Place:
    """Return the place of a token; ValueError when it is none of a search in this order."""
    try:
        made_for, value, mention_id = orjson.loads(base64.urlsafe_b64decode(text))
    except (ValueError, TypeError) as error:
        raise ValueError("not a token of a search") from error
    is_value = isinstance(value, str) if sort is Sort.MOST_NEGATIVE else type(value) is int
    if made_for != sort or not is_value or not isinstance(mention_id, str):
        raise ValueError("not a token of such a search")
    return [value, mention_id]


def _by(sort: Sort, brand_id: str | None) -> tuple[str, str]:
    match sort:
        case Sort.NEWEST:
            return "koubei.published_us", "desc"
        case Sort.OLDEST:
            return "koubei.published_us", "asc"
        case Sort.REACH:
            return "koubei.interactions", "desc"
    return polarity_field(brand_id), "asc"
