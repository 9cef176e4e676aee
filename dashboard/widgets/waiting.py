"""What was fetched and is not in the mention store: it waits, or the store refused it."""

from collections.abc import Callable, Collection, Sequence

import streamlit as st

from dashboard.data import forget
from dashboard.services import services
from dashboard.state import i_may, key, me, now, zone
from dashboard.widgets.confirm import confirm
from dashboard.widgets.frame import card, section
from dashboard.widgets.html import fill, show
from dashboard.widgets.notices import done, refused
from domain.dead_letter import DeadLetter
from domain.errors import KoubeiError
from monitoring.dead_letters import account, drop, replay
from monitoring.overview import Overview
from monitoring.spool_words import waiting_words
from presentation.formats import near_time
from presentation.hostile import excerpt
from presentation.wording import word
from workflow.permissions import Permission

_LONGEST = 80
_KEPT = "内容还在，没有丢失"


def waiting(view: Overview) -> None:
    """Say calmly that looks wait for the store, since when, and what helps; else nothing."""
    said = waiting_words(view.spools, view.now, zone(), away=view.store is None)
    if said is not None:
        show(
            fill(
                '<div class="kb-note kb-waiting" role="status"><b>{fact}</b><p>{mend}</p></div>',
                fact=said.text.zh,
                mend=said.mend.zh,
            )
        )


def store_away() -> None:
    """Say that a page cannot show anything while the mention store is away."""
    show(
        fill(
            '<div class="kb-empty"><b>内容库不可达，暂时看不到内容</b>'
            "<p>采集仍在继续，抓取结果暂存，恢复后自动补入；"
            '详情见<a href="/crawl" target="_self">采集</a></p></div>'
        )
    )


def refused_letters(letters: Sequence[DeadLetter], total: int) -> None:
    """List what the store refused, with what a person may do about it."""
    if not letters:
        return
    with card("letters"):
        section("内容库拒收", f"{total} 条，原文已保存，不在图表与预警中")
        for letter in letters:
            _letter(letter)
        if total > len(letters):
            show(
                fill(
                    '<span class="kb-quiet">另有 {n} 条：koubei dead-letters list</span>',
                    n=total - len(letters),
                )
            )
        if i_may(Permission.EDIT_WATCHES) and st.button(
            "全部重试", key=key("letters", "all"), type="secondary"
        ):
            _retry(_every_id())


def _letter(letter: DeadLetter) -> None:
    mention = letter.mention
    left, right = st.columns([8, 2], vertical_alignment="center")
    with left:
        show(
            fill(
                '<div class="kb-letter"><div><b>{reason}</b></div>'
                '<div class="kb-letter-text">{text}</div><div class="kb-quiet kb-num">'
                "{platform} · {id} · {when} · 第 {times} 次</div></div>",
                reason=excerpt(letter.reason.zh, _LONGEST),
                text=excerpt(mention.title or mention.text, _LONGEST),
                platform=word(mention.platform).zh,
                id=excerpt(mention.id, 40),
                when=near_time(letter.refused_at, now(), zone()),
                times=letter.attempts,
            )
        )
    if not i_may(Permission.EDIT_WATCHES):
        return
    with right, st.container(horizontal=True, horizontal_alignment="right", gap="small"):
        if st.button("重试", key=key("letter", "retry", mention.id)):
            _retry([mention.id])
        if st.button("丢弃", key=key("letter", "drop", mention.id), type="tertiary"):
            confirm(
                f"drop-{mention.id}",
                "丢弃这条内容",
                "丢弃后不能恢复，它不会进入图表与预警；这一步会记入审计。",
                _dropping(mention.id),
                yes="丢弃",
            )


def _retry(mention_ids: Collection[str]) -> None:
    house = services()
    try:
        tried = replay(house.begin_work, house.store, mention_ids, by=account(me().id), at=now())
    except KoubeiError as error:
        refused(error, kept=_KEPT)
        return
    forget()
    done(f"入库 {tried.stored} 条，仍被拒收 {tried.refused} 条")
    st.rerun()


def _dropping(mention_id: str) -> Callable[[], None]:
    def act() -> None:
        begin_work, by = services().begin_work, account(me().id)
        try:
            drop(begin_work, [mention_id], by=by, reason="采集页", at=now())
        except KoubeiError as error:
            refused(error, kept=_KEPT)
            return
        forget()
        done("已丢弃")
        st.rerun()

    return act


def _every_id() -> list[str]:
    with services().begin_reading() as work:
        return work.dead_letters.ids()
