"""待复核 first: above the list, the few mentions that wait for a person's word, to be judged with
one click each. The list below keeps its order.
"""

from functools import partial

import streamlit as st

from dashboard import data
from dashboard.acting import attempt, show_told
from dashboard.services import services
from dashboard.state import address, go, key, now, zone
from dashboard.widgets.frame import card, section
from dashboard.widgets.html import show
from dashboard.widgets.mentions import short_list
from domain.account import Account
from domain.mention import Mention
from domain.sentiment import WHOLE_TEXT, Label
from monitoring.feed import WAITING, FeedQuery, FeedTotals
from presentation.wording import word
from workflow.corrections import correct
from workflow.permissions import Permission, may

_REASON = "待复核"


def review_first(account: Account, query: FeedQuery, totals: FeedTotals) -> None:
    """Show the first of what waits, on the first page of a list that holds other things too, to
    those who may judge.
    """
    show_told()
    asked_for = query.unsure_below is not None or query.cluster_id or "page" in address()
    if not totals.unsure or asked_for or not may(account, Permission.CORRECT):
        return
    with card("review"):
        with st.container(horizontal=True, vertical_alignment="center"):
            section(
                "请先看：待复核",
                f"模型把握不足的 {totals.unsure:,} 条中最新的 {min(WAITING, totals.unsure)} 条，"
                "点选即判定",
            )
            st.button(
                "全部待复核",
                key=key("unsure", "all"),
                type="tertiary",
                on_click=go,
                args=({"unsure": "1"},),
            )
        for mention in data.feed_waiting(query):
            _ask(account, query, mention)


def _ask(account: Account, query: FeedQuery, mention: Mention) -> None:
    with st.container(
        key=key("waiting", mention.id), horizontal=True, vertical_alignment="center", gap="small"
    ):
        # without the model's label: who sees it first tends to agree
        show(short_list([mention], data.this_moment(), zone()))
        for label in Label:
            if st.button(word(label).zh, key=key("waits", label, mention.id)):
                _judge(account, query, mention, label)


def _judge(account: Account, query: FeedQuery, mention: Mention, label: Label) -> None:
    attempt(
        partial(
            correct,
            services().begin_work,
            services().store,
            account.id,
            mention.id,
            label,
            target=query.brand_id or WHOLE_TEXT,
            reason=_REASON,
            at=now(),
        ),
        f"已判定为{word(label).zh}，立即生效；判错了可在列表中改判",
        kept="没有任何内容被改动",
    )
