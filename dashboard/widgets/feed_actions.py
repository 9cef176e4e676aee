"""What can be done with mentions that were ticked: 改判, 忽略, 建单, 警, and 导出 of all of them.

The page only asks; every act is checked, audited and done by its use case.
"""

from collections.abc import Callable

import streamlit as st

from dashboard import data
from dashboard.pages import page
from dashboard.services import services
from dashboard.state import key, now, zone
from dashboard.widgets.notices import done, refused
from domain.account import Account
from domain.errors import KoubeiError
from domain.sentiment import WHOLE_TEXT, Label
from monitoring.feed import FeedQuery
from monitoring.feed_export import MOST, export_feed
from presentation.wording import word
from workflow.corrections import correct_many
from workflow.permissions import Permission, may
from workflow.setting_aside import set_aside, take_back

_TICKED = key("ticked", "")
_FORMATS = {"csv": ("text/csv", "CSV"), "xlsx": ("application/vnd.ms-excel", "Excel")}


def tick(mention_id: str) -> None:
    """A box beside a card."""
    st.checkbox("选择", key=_TICKED + mention_id, label_visibility="collapsed")


def chosen() -> tuple[str, ...]:
    """Return the ids of what is ticked."""
    return tuple(
        str(name).removeprefix(_TICKED)
        for name, value in st.session_state.items()
        if str(name).startswith(_TICKED) and value is True
    )


def actions(account: Account, query: FeedQuery) -> None:
    """Show the acts that the reader's roles allow."""
    ids = chosen()
    if may(account, Permission.CORRECT):
        _correct(account, query, ids)
        _set_aside(account, query, ids)
    if may(account, Permission.MAKE_CASE):
        _hand_over(query, ids)
    if may(account, Permission.EXPORT):
        _export(account, query)


def _title(words: str, ids: tuple[str, ...]) -> str:
    return f"{words}（{len(ids)}）" if ids else words


def _correct(account: Account, query: FeedQuery, ids: tuple[str, ...]) -> None:
    with (
        st.popover(_title("改判情感", ids), disabled=not ids),
        st.form(key("correct"), border=False),
    ):
        code = st.radio(
            "改为",
            [label.value for label in Label],
            format_func=lambda code: word(Label(code)).zh,
            horizontal=True,
            key=key("correct", "label"),
        )
        reason = st.text_input(
            "理由", key=key("correct", "reason"), max_chars=200, placeholder="反讽、断章取义……"
        )
        if st.form_submit_button("改判", type="primary"):
            _do(
                lambda: _told_bulk(
                    correct_many(
                        services().begin_work,
                        services().store,
                        account.id,
                        ids,
                        Label(code),
                        target=query.brand_id or WHOLE_TEXT,
                        reason=reason,
                        at=now(),
                    ).changed,
                    "改判",
                )
            )


def _set_aside(account: Account, query: FeedQuery, ids: tuple[str, ...]) -> None:
    with st.popover(_title("忽略", ids), disabled=not ids), st.form(key("aside"), border=False):
        reason = st.text_input(
            "理由",
            key=key("aside", "reason"),
            max_chars=200,
            placeholder="广告、同名、与品牌无关……",
        )
        act, words = (take_back, "恢复计入") if query.hidden else (set_aside, "忽略")
        st.text("仍会保存、可以查到，但不计入图表与预警；勾选「包括垃圾信息」可恢复。")
        if st.form_submit_button(words, type="primary"):
            _do(
                lambda: _told_bulk(
                    act(
                        services().begin_work,
                        services().store,
                        account.id,
                        ids,
                        reason=reason,
                        at=now(),
                    ),
                    words,
                )
            )


def _hand_over(query: FeedQuery, ids: tuple[str, ...]) -> None:
    """Making a case and raising an alarm have pages of their own, which begin with these posts."""
    params = {"brand": query.brand_id, "mentions": "~".join(ids[:50])}
    if st.button(_title("建单", ids), key=key("make_case"), disabled=not ids):
        st.switch_page(page("cases"), query_params={"new": "1", **params})
    if st.button(
        "警", key=key("raise"), disabled=not ids, help="人工预警：不等计数规则，立即提请处置"
    ):
        st.switch_page(page("alerts"), query_params={"raise": "1", **params})


def _export(account: Account, query: FeedQuery) -> None:
    services_, zone_, at = services(), zone(), now()

    def file(ending: str) -> Callable[[], bytes]:
        return lambda: export_feed(
            services_.begin_work, services_.store, account.id, query, ending, zone=zone_, at=at
        )

    with st.popover("导出"):
        st.text(f"按当前筛选导出，最多 {MOST:,} 条；导出会记入台账。")
        for ending, (mime, name) in _FORMATS.items():
            st.download_button(
                name,
                data=file(ending),
                file_name=f"koubei-{at.astimezone(zone_):%Y%m%d-%H%M}.{ending}",
                mime=mime,
                key=key("export", ending),
                on_click="ignore",
            )


def _do(act: Callable[[], str]) -> None:
    """Carry out an act, tell of it, untick, and draw the page anew."""
    try:
        told = act()
    except KoubeiError as error:
        refused(error)
        return
    data.forget()
    for mention_id in chosen():
        del st.session_state[_TICKED + mention_id]
    done(told)
    st.rerun()


def _told_bulk(changed: tuple[str, ...], words: str) -> str:
    return f"已{words} {len(changed)} 条" if changed else "没有需要改动的内容"
