"""Why a mention counts in no chart, for queries to ask of the rows that do not count."""

from typing import Final

import orjson

from domain import mention

_FLAGS: Final = 22
"""The place of the flags in a document, see rows.py: places never move."""


def uncounted_as(document: bytes) -> str | None:
    """Return the first reason that the flags of a document give, None where it counts."""
    return mention.uncounted_as(orjson.loads(document)[_FLAGS])
