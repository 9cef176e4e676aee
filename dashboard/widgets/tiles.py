"""Headline figures: the number, how it changed, its course, and a click to what is behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import streamlit as st
from markupsafe import Markup

from dashboard.pages import page
from dashboard.state import key
from dashboard.widgets.html import NOTHING, fill, join, show

MOST_BARS = 30


class Tone(StrEnum):
    """Whether a change, or a figure, is trouble. Most are neither."""

    PLAIN = "plain"
    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure. `change` is its comparison in words (`+12%`, `—`), `course` its sparkline from
    the oldest to the newest bin (None: not seen). `page` (the name of its
    file) and `params` are what a click opens.
    """

    name: str
    value: str
    change: str = ""
    change_tone: Tone = Tone.PLAIN
    tone: Tone = Tone.PLAIN
    note: str = ""
    course: Sequence[float | None] = ()
    page: str = ""
    params: tuple[tuple[str, str], ...] = ()


def tiles(row: Sequence[Tile]) -> None:
    """Show figures side by side."""
    for number, (column, tile) in enumerate(zip(st.columns(len(row)), row, strict=True)):
        with column, st.container(key=key("tile", number)):
            show(_face(tile))
            if tile.page:
                label, params = f"查看{tile.name}", dict(tile.params)
                st.page_link(page(tile.page), label=label, query_params=params)


def _face(tile: Tile) -> Markup:
    change = (
        fill(
            '<span class="kb-change kb-{tone}">{change}</span>',
            tone=tile.change_tone.value,
            change=tile.change,
        )
        if tile.change
        else NOTHING
    )
    return fill(
        '<div class="kb-tile"><div class="kb-tile-name">{name}</div>'
        '<div class="kb-tile-row"><span class="kb-tile-value kb-{tone}">{value}</span>'
        "{course}</div>"
        '<div class="kb-tile-foot">{change}<span class="kb-quiet">{note}</span></div></div>',
        name=tile.name,
        tone=tile.tone.value,
        value=tile.value,
        course=sparkline(tile.course, tile.tone),
        change=change,
        note=tile.note,
    )


def sparkline(course: Sequence[float | None], tone: Tone = Tone.PLAIN) -> Markup:
    """Return small bars; a bin that was not seen is a grey stub, never a zero."""
    course = _fewer(course)
    seen = [value for value in course if value is not None]
    top = max(seen, default=0.0)
    if not seen:
        return NOTHING
    bars = join(_bar(value, top) for value in course)
    return fill(
        '<span class="kb-spark kb-spark-{tone}" aria-hidden="true">{bars}</span>',
        tone=tone.value,
        bars=bars,
    )


def _fewer(course: Sequence[float | None]) -> Sequence[float | None]:
    """Return at most MOST_BARS values: means of neighbours, of those that were seen."""
    step = -(-len(course) // MOST_BARS) or 1
    groups = [course[start : start + step] for start in range(0, len(course), step)]
    return [
        sum(seen) / len(seen) if (seen := [v for v in group if v is not None]) else None
        for group in groups
    ]


def _bar(value: float | None, top: float) -> Markup:
    if value is None:
        return fill('<i class="kb-unseen"></i>')
    height = 4 if top <= 0 else max(4, round(100 * value / top))
    return fill('<i style="height:{height}%"></i>', height=height)
