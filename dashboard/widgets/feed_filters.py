"""The filters of the feed, all of them in its address."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import TypeVar

import streamlit as st

from dashboard.data import configuration, review_below
from dashboard.state import address, go, key, moment_in_address, zone
from dashboard.widgets.brands import watched_brands
from dashboard.widgets.filters import BETWEEN, check, choose, choose_some, day, switch, words
from dashboard.widgets.frame import card
from dashboard.widgets.html import fill, show
from dashboard.widgets.period import choose_period, period
from domain.mention import UNCOUNTED, Flag, Kind, Platform
from domain.queries import Sort
from domain.sentiment import Label
from monitoring.feed import FeedQuery
from monitoring.periods import Period, Range
from presentation.formats import short_time
from presentation.wording import UNCOUNTED_WORDS, word

_E = TypeVar("_E", bound=StrEnum)

SORTS = {
    Sort.NEWEST.value: "最新",
    Sort.REACH.value: "影响力",
    Sort.MOST_NEGATIVE.value: "最负面",
}
_MORE = ("watch", "kind", "collected_first", "collected_last", "hidden")


def head_filters() -> None:
    """The brand and the span, at the head of the page."""
    brands = {brand.id: brand.name for brand in watched_brands()}
    choose("品牌", "brand", {"": "全部品牌", **brands})
    if _exact() is None:
        choose_period(Range.WEEK)


def filters() -> FeedQuery:
    """Show the other filters and return what is asked for."""
    with card("filters"), st.container(horizontal=True, vertical_alignment="center", gap="small"):
        platforms = choose_some("全部平台", "platform", _words(Platform))
        labels = choose_some("全部情感", "label", _words(Label))
        wanted = words("包含", "words", hint="包含（空格分隔，须全部出现）")
        without = words("排除", "without", hint="排除")
        more = _more()
        sort = switch("排序", "sort", SORTS, default=Sort.NEWEST.value)
    _chips()
    span = _exact() or period(Range.WEEK)
    collected = _days(address().get("collected_first"), address().get("collected_last"))
    return FeedQuery(
        brand_id=address().get("brand", ""),
        watch_id=more.get("watch", ""),
        platforms=_members(Platform, platforms),
        labels=_members(Label, labels),
        kinds=_members(Kind, more.get("kind", "").split(BETWEEN)),
        start=span.start,
        end=span.end,
        collected_start=collected[0],
        collected_end=collected[1],
        words=wanted,
        without=without,
        cluster_id=address().get("cluster", ""),
        hidden=bool(more.get("hidden")),
        unsure_below=review_below() if address().get("unsure") == "1" else None,
        uncounted=_uncounted(),
        sort=Sort(sort),
    )


def _more() -> Mapping[str, str]:
    """The filters that are asked for less often, behind a button that says how many are set."""
    used = sum(name in address() for name in _MORE)
    _, watched = configuration()
    with st.popover(f"更多筛选（{used}）" if used else "更多筛选"):
        choose(
            "监测方案",
            "watch",
            {"": "全部方案", **{watch.id: watch.name for watch in watched.watches}},
            hide_label=False,
        )
        choose_some("全部类型", "kind", _words(Kind))
        show(fill('<span class="kb-quiet">采集时间（发布时间在页首选择）</span>'))
        left, right = st.columns(2)
        with left:
            day("采集起始日", "collected_first")
        with right:
            day("采集结束日", "collected_last")
        check("包括跟帖、垃圾信息与自有账号", "hidden")
    return {name: address().get(name, "") for name in _MORE}


def _exact() -> Period | None:
    """The exact span that a click on a chart or figure asked for."""
    start, end = moment_in_address("from"), moment_in_address("to")
    return Period(start, end) if start and end and start < end else None


def _chips() -> None:
    """Filters that came with a link, each with a way to drop it."""
    exact = _exact()
    chips: list[tuple[str, tuple[str, ...]]] = []
    if exact is not None:
        span = f"{short_time(exact.start, zone())} 至 {short_time(exact.end, zone())}"
        chips.append((f"发布时间 {span}", ("from", "to")))
    if "cluster" in address():
        chips.append(("只看相似内容", ("cluster",)))
    if address().get("unsure") == "1":
        chips.append((f"只看待复核（模型把握低于 {review_below()}%）", ("unsure",)))
    if reasons := _uncounted():
        named = "、".join(UNCOUNTED_WORDS[reason].zh for reason in reasons)
        chips.append((f"只看未计入图表的：{named}", ("uncounted",)))
    if not chips:
        return
    with st.container(horizontal=True, gap="small"):
        for words_, names in chips:
            st.button(
                f"{words_}　✕",
                key=key("chip", *names),
                type="tertiary",
                on_click=go,
                args=({},),
                kwargs={"without": (*names, "page")},
            )


def _uncounted() -> tuple[Flag, ...]:
    """Why what is listed counts nowhere; empty: what counts is listed."""
    asked = _members(Flag, address().get("uncounted", "").split(BETWEEN))
    return tuple(flag for flag in UNCOUNTED if flag in asked)


def _words(enum: type[_E]) -> dict[str, str]:
    return {member.value: word(member).zh for member in enum}


def _members(enum: type[_E], codes: Iterable[str]) -> tuple[_E, ...]:
    known = {member.value: member for member in enum}
    return tuple(known[code] for code in codes if code in known)


def _days(first: str | None, last: str | None) -> tuple[datetime | None, datetime | None]:
    """Whole local days, both included, as moments."""
    start, end = _midnight(first), _midnight(last)
    return start, end + timedelta(days=1) if end else None


def _midnight(text: str | None) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(text or ""), time.min, zone())
    except ValueError:
        return None
