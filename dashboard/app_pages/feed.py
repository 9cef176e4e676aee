"""信息流: search and read, and act on what was read."""

from datetime import timedelta

import streamlit as st

from dashboard import data
from dashboard.state import address, go, key, require_page, zone
from dashboard.widgets.definitions import where_from
from dashboard.widgets.feed_actions import actions, tick
from dashboard.widgets.feed_filters import filters, head_filters
from dashboard.widgets.feed_review import review_first
from dashboard.widgets.feed_sample import leave, sample_desk
from dashboard.widgets.frame import head
from dashboard.widgets.html import fill, show
from dashboard.widgets.mentions import card_face
from dashboard.widgets.notices import empty
from domain.account import Account
from monitoring.feed import LAST_PAGE, Entry, FeedQuery, FeedTotals
from presentation import definitions
from presentation.formats import near_time, share
from presentation.hits import pieces
from presentation.hostile import excerpt
from presentation.masking import mask_speakers
from presentation.wording import UNCOUNTED_WORDS
from workflow.permissions import Permission, may

REFRESH = timedelta(seconds=30)
TEXT_SIGNS = 280
TITLE_SIGNS = 80


def main() -> None:
    """Ask, count, list."""
    account = require_page(Permission.READ)
    if address().get("check") == "1" and may(account, Permission.CORRECT):
        with head("抽样核对", "先判定，后看模型怎么说"):
            st.button("返回信息流", key=key("check", "end"), on_click=leave)
        sample_desk(account)
        return
    with head("信息流"):
        head_filters()
    query = filters()
    totals = data.feed_totals(query)
    with st.container(key=key("bar"), horizontal=True, vertical_alignment="center", gap="small"):
        _told(totals)
        where_from(definitions.feed(), definitions.unsure(data.review_below()))
        _for_people(account, query, totals)
        actions(account, query)
    _not_listed(query)
    review_first(account, query, totals)
    _arrivals(query, totals)
    _list(query, account)


def _told(totals: FeedTotals) -> None:
    """How many, how negative, how new."""
    newest = (
        f"最新 {near_time(totals.newest_at, data.this_moment(), zone())}"
        if totals.newest_at
        else ""
    )
    negative = (
        f"负面 {totals.negative:,} 条（{share(totals.negative / totals.count)}）"
        if totals.count
        else ""
    )
    show(
        fill(
            '<div class="kb-told"><b>共 {count:,} 条</b><span>{negative}</span>'
            '<span class="kb-quiet">{newest}</span></div>',
            count=totals.count,
            negative=negative,
            newest=newest,
        )
    )


def _not_listed(query: FeedQuery) -> None:
    """Nothing is left out silently: how much is folded, and how much is not listed at all."""
    left = data.not_listed(query)
    told = [
        f"{left.folded:,} 条近似内容折叠显示" if left.folded else "",
        "未计入、未列出：" if left.uncounted else "",
    ]
    if not any(told):
        return
    with st.container(
        key=key("not-listed"), horizontal=True, vertical_alignment="center", gap="small"
    ):
        show(fill('<span class="kb-quiet">{told}</span>', told="；".join(filter(None, told))))
        for flag, count in left.uncounted.items():
            _list_too(f"{UNCOUNTED_WORDS[flag].zh} {count:,}", uncounted=flag.value)
        if left.uncounted:
            _list_too("一并列出", hidden="1")


def _list_too(label: str, **shown: str) -> None:
    """A button that lists what was not."""
    st.button(
        label,
        key=key("list", *shown, *shown.values()),
        type="tertiary",
        on_click=go,
        args=(shown,),
        kwargs={"without": ("page",)},
    )


def _for_people(account: Account, query: FeedQuery, totals: FeedTotals) -> None:
    """What the model is not sure of, and a random sample to check it by."""
    if totals.unsure and query.unsure_below is None:
        st.button(
            f"待复核 {totals.unsure:,}",
            key=key("unsure"),
            help="模型把握不足、还没有人判定的内容",
            on_click=go,
            args=({"unsure": "1"},),
            kwargs={"without": ("page",)},
        )
    if may(account, Permission.CORRECT):
        st.button(
            "抽样核对",
            key=key("check", "begin"),
            help="随机抽 20 条，不看模型标签先判定，用来衡量模型准不准",
            on_click=go,
            args=({"check": "1"},),
        )


@st.fragment(run_every=REFRESH)
def _arrivals(query: FeedQuery, before: FeedTotals) -> None:
    """Tell of what came in since; the list itself moves only when its reader says so."""
    new = data.feed_totals(query).count - before.count
    if new > 0 and st.button(
        f"有 {new:,} 条新内容，点此显示", key=key("arrivals"), type="tertiary"
    ):
        st.rerun()


def _list(query: FeedQuery, account: Account) -> None:
    number = _number()
    found = data.feed_page(query, number)
    if found is None or not found.entries:
        _nothing(query, number)
        return
    for entry in found.entries:
        _card(entry, query)
    _paging(number, more=found.after is not None)


def _card(entry: Entry, query: FeedQuery) -> None:
    mention = entry.mention
    with st.container(key=key("mention", mention.id), horizontal=True, gap="small"):
        tick(mention.id)
        show(
            card_face(
                mention,
                brand_id=query.brand_id,
                title=pieces(excerpt(mention.title, TITLE_SIGNS), query.words),
                text=pieces(excerpt(mask_speakers(mention.text), TEXT_SIGNS), query.words),
                now=data.this_moment(),
                zone=zone(),
                review_below=data.review_below(),
            )
        )
        if entry.copies and mention.cluster_id:
            st.button(
                f"相似 ×{entry.copies}",
                key=key("similar", mention.id),
                type="tertiary",
                help="展开内容几乎相同的其他条目",
                on_click=go,
                args=({"cluster": mention.cluster_id},),
                kwargs={"without": ("page",)},
            )


def _number() -> int:
    text = address().get("page", "1")
    return min(max(int(text), 1), LAST_PAGE) if text.isascii() and text.isdigit() else 1


def _paging(number: int, *, more: bool) -> None:
    with st.container(horizontal=True, horizontal_alignment="center", gap="small"):
        st.button(
            "上一页",
            key=key("page", "before"),
            disabled=number == 1,
            on_click=go,
            args=({"page": str(number - 1) if number > 2 else ""},),
        )
        show(fill('<span class="kb-page">第 {n} 页</span>', n=number))
        st.button(
            "下一页",
            key=key("page", "after"),
            disabled=not more or number >= LAST_PAGE,
            on_click=go,
            args=({"page": str(number + 1)},),
        )


def _nothing(query: FeedQuery, number: int) -> None:
    if number > 1:
        empty("没有更多了", "回到上一页，或放宽筛选条件。")
    elif query.words or query.without:
        empty(
            "没有找到这样的内容",
            "减少关键词，或放宽时间与平台；也可在「方案」中确认是否监测了这些词。",
        )
    else:
        empty(
            "所选范围内没有内容",
            "放宽时间范围；若一直没有，请在「采集」中确认各来源都在按时更新，没有读到不等于没人说。",
        )


main()
