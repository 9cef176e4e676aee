"""What can be done with mentions that were ticked: 改判, 忽略, 建单, 警, and 导出 of all of them.

The page only asks; every act is checked, audited and done by its use case.
"""

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from dashboard import data
from dashboard.pages import page
from dashboard.services import services
from dashboard.state import key, my_session, now, zone
from dashboard.widgets.brands import watched_brands
from dashboard.widgets.notices import done, refused
from domain.account import Account
from domain.brand import Level
from domain.case import Case
from domain.errors import KoubeiError
from domain.sentiment import WHOLE_TEXT, Label
from domain.signal import Signal
from monitoring.feed import FeedQuery
from monitoring.feed_export import MOST, export_feed
from monitoring.hand_raise import raise_by_hand
from presentation.formats import MEDIA_TYPES
from presentation.wording import word
from workflow.cases import Opening, open_case
from workflow.corrections import correct_many
from workflow.permissions import Permission, may
from workflow.setting_aside import set_aside, take_back

T = TypeVar("T")

_MOST_OF_A_CASE = 50
_TICKED = key("ticked", "")
_FORMATS = {"csv": "CSV", "xlsx": "Excel"}


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
        _make_case(account, query, ids)
        _raise(account, query, ids)
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
        is_back = query.hidden or bool(query.uncounted)
        act, words = (take_back, "恢复计入") if is_back else (set_aside, "忽略")
        st.text(
            "仍会保存、可以查到，但不计入图表与预警；在「更多筛选」中勾选「包括跟帖、垃圾信息与自有账号」可恢复。"
        )
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


def _make_case(account: Account, query: FeedQuery, ids: tuple[str, ...]) -> None:
    with st.popover(_title("建单", ids), disabled=not ids), st.form(key("case"), border=False):
        title = st.text_input(
            "标题", key=key("case", "title"), max_chars=80, placeholder="一句话说清是什么事"
        )
        brand_id = _brand(query, "case")
        level = _level("建议级别，研判时由人确认", "case")
        if st.form_submit_button("建单", type="primary"):
            _do(
                lambda: open_case(
                    services().begin_work,
                    account.id,
                    Opening(brand_id, title, level, mention_ids=ids[:_MOST_OF_A_CASE]),
                    at=now(),
                    desk=services().desk,
                    session=my_session(),
                ),
                _to_case,
            )


def _raise(account: Account, query: FeedQuery, ids: tuple[str, ...]) -> None:
    with (
        st.popover("警", disabled=len(ids) != 1, help="选中一条，不等计数规则，立即叫人"),
        st.form(key("raise"), border=False),
    ):
        st.text("会立即发出预警邮件，并计入审计。")
        brand_id = _brand(query, "raise")
        level = _level("级别", "raise")
        reason = st.text_input(
            "理由",
            key=key("raise", "reason"),
            max_chars=200,
            placeholder="央媒发文、涉及伤亡",
        )
        if st.form_submit_button("发出预警", type="primary"):
            _do(
                lambda: raise_by_hand(
                    services().begin_work,
                    services().store,
                    account.id,
                    ids[0],
                    brand_id=brand_id,
                    level=level,
                    reason=reason,
                    at=now(),
                    telling=services().telling,
                ),
                _to_signal,
            )


def _brand(query: FeedQuery, name: str) -> str:
    """Return the brand of the list; of a list of all brands, the one that is chosen here."""
    if query.brand_id:
        return query.brand_id
    brands = {brand.id: brand.name for brand in watched_brands()}
    return st.selectbox(
        "品牌", list(brands), format_func=lambda each: brands[each], key=key(name, "brand")
    )


def _level(label: str, name: str) -> Level:
    code = st.selectbox(
        label,
        [level.value for level in Level],
        index=Level.YELLOW.rank,
        format_func=lambda code: word(Level(code)).zh,
        key=key(name, "level"),
    )
    return Level(code)


def _to_case(case: Case) -> None:
    st.switch_page(page("case"), query_params={"id": case.id})


def _to_signal(signal: Signal) -> None:
    st.switch_page(page("alerts"), query_params={"id": signal.id})


def _export(account: Account, query: FeedQuery) -> None:
    services_, zone_, at = services(), zone(), now()

    def file(ending: str) -> Callable[[], bytes]:
        return lambda: export_feed(
            services_.begin_work, services_.store, account.id, query, ending, zone=zone_, at=at
        )

    with st.popover("导出"):
        st.text(f"按当前筛选导出，最多 {MOST:,} 条；导出会记入台账。")
        for ending, name in _FORMATS.items():
            st.download_button(
                name,
                data=file(ending),
                file_name=f"koubei-{at.astimezone(zone_):%Y%m%d-%H%M}.{ending}",
                mime=MEDIA_TYPES[ending],
                key=key("export", ending),
                on_click="ignore",
            )


def _do(act: Callable[[], T], then: Callable[[T], None] | None = None) -> None:
    """Carry out an act and untick. Its sentence is told on the page drawn anew, unless `then` leads
    to what it made.
    """
    try:
        made = act()
    except KoubeiError as error:
        refused(error)
        return
    data.forget()
    for mention_id in chosen():
        del st.session_state[_TICKED + mention_id]
    if then is not None:
        then(made)
    done(str(made))
    st.rerun()


def _told_bulk(changed: tuple[str, ...], words: str) -> str:
    return f"已{words} {len(changed)} 条" if changed else "没有需要改动的内容"
