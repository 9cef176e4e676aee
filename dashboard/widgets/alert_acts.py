"""What can be done with a signal, as forms. GET changes nothing: `do=` only opens a form."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import streamlit as st

from dashboard.acting import action_id, attempt, seen
from dashboard.services import services
from dashboard.state import address, key, me, my_session, now, zone
from dashboard.widgets.desk import say
from domain.case import Case, FalseAlarmCategory
from domain.signal import SignalAct
from domain.silence import SilenceScope
from monitoring.alert_view import AlertView
from presentation.wording import word
from workflow import handling

CASE: Final = "app_pages/case.py"

_AT_ONCE = (SignalAct.ACKNOWLEDGE, SignalAct.MAKE_CASE)
"""Done with one tap; the others ask for a reason first."""

_SPANS: Final = {
    "2 小时": timedelta(hours=2),
    "4 小时": timedelta(hours=4),
    "12 小时": timedelta(hours=12),
    "1 天": timedelta(days=1),
    "3 天": timedelta(days=3),
    "7 天": timedelta(days=7),
}


def acts(view: AlertView) -> None:
    """Show the buttons, and the form of the act that was chosen. `do=` of the address says which
    one the mail was about: it only comes first, or stands open.
    """
    possible = view.detail.acts
    wanted = address().get("do", "")
    at_once = [act for act in _AT_ONCE if act in possible]
    at_once.sort(key=lambda act: act.value != wanted)
    if at_once:
        with st.container(key=key("acts"), horizontal=True, gap="small"):
            for place, act in enumerate(at_once):
                pressed = st.button(
                    word(act).zh,
                    key=key("act", act.value),
                    type="primary" if place == 0 else "secondary",
                )
                if pressed:
                    _AT_ONCE_DO[act](view)
    others = [act for act in possible if act not in _AT_ONCE]
    if others:
        _ask(view, others, wanted)


def _ask(view: AlertView, others: list[SignalAct], wanted: str) -> None:
    codes = [act.value for act in others]
    chosen = st.pills(
        "其他处理",
        codes,
        format_func=lambda code: word(SignalAct(code)).zh,
        default=wanted if wanted in codes else None,
        key=key("alert", "other", view.signal.id),
        label_visibility="collapsed",
    )
    if chosen is not None:
        _FORMS[SignalAct(chosen)](view)


def _acknowledge(view: AlertView) -> None:
    signal = view.signal
    attempt(
        lambda: handling.acknowledge(
            services().begin_work,
            me().id,
            signal.id,
            expected_version=seen(signal.id, signal.version),
            at=now(),
            session_id=my_session(),
        ),
        "已确认收到，提醒与升级已停止",
    )


def _make_case(view: AlertView) -> None:
    signal, version = view.signal, seen(view.signal.id, view.signal.version)
    attempt(
        lambda: handling.make_case(
            services().begin_work,
            me().id,
            signal.id,
            expected_version=version,
            at=now(),
            desk=services().desk,
            title=case_title(view),
            action_id=action_id(me().id, signal.id, version, SignalAct.MAKE_CASE),
            session_id=my_session(),
        ),
        "已建立工单，请研判定级",
        then=_open,
    )


def case_title(view: AlertView) -> str:
    """Return what a case of this signal is called until somebody finds a better name."""
    line = view.detail.line
    return f"{line.brand} {line.title.zh}"


def _open(case: Case) -> None:
    st.switch_page(CASE, query_params={"id": case.id})


_AT_ONCE_DO: Final[dict[SignalAct, Callable[[AlertView], None]]] = {
    SignalAct.ACKNOWLEDGE: _acknowledge,
    SignalAct.MAKE_CASE: _make_case,
}


def _attach(view: AlertView) -> None:
    if not view.detail.open_cases:
        say("这个品牌没有处理中的工单，可直接「建工单」。")
        return
    cases = {case.id: case for case in view.detail.open_cases}
    with st.form(key("form", "attach")):
        chosen = st.selectbox(
            "并入哪个工单",
            list(cases),
            format_func=lambda case_id: f"{case_id}　{cases[case_id].title}",
            key=key("attach", "case"),
        )
        reason = st.text_input("理由（选填）", key=key("attach", "reason"), max_chars=500)
        if st.form_submit_button("并入", type="primary", key=key("attach", "go")):
            attempt(
                lambda: handling.attach(
                    services().begin_work,
                    me().id,
                    view.signal.id,
                    chosen,
                    expected_version=seen(view.signal.id, view.signal.version),
                    at=now(),
                    desk=services().desk,
                    reason=reason or "",
                    session_id=my_session(),
                ),
                f"已并入 {chosen}",
                then=_open,
            )


def _false_alarm(view: AlertView) -> None:
    with st.form(key("form", "false")):
        category = st.selectbox(
            "误报类别",
            [each.value for each in FalseAlarmCategory],
            format_func=lambda code: word(FalseAlarmCategory(code)).zh,
            key=key("false", "category"),
        )
        reason = st.text_area(
            "理由",
            key=key("false", "reason"),
            max_chars=1_000,
            height=80,
            placeholder="写明为什么不是问题；会计入误报率，并通知收到过预警的人",
        )
        if st.form_submit_button("标为误报", type="primary", key=key("false", "go")):
            attempt(
                lambda: handling.mark_false_alarm(
                    services().begin_work,
                    me().id,
                    view.signal.id,
                    category=FalseAlarmCategory(category),
                    reason=reason or "",
                    expected_version=seen(view.signal.id, view.signal.version),
                    at=now(),
                    session_id=my_session(),
                ),
                "已标为误报，预警关闭",
            )


def _silence(view: AlertView) -> None:
    with st.form(key("form", "silence")):
        span = st.selectbox("静默多久", list(_SPANS), key=key("silence", "span"))
        reason = st.text_area(
            "理由",
            key=key("silence", "reason"),
            max_chars=1_000,
            height=80,
            placeholder="静默期间不再提醒这条预警；升为红色时照常提醒",
        )
        if st.form_submit_button("开始静默", type="primary", key=key("silence", "go")):
            at = now()
            attempt(
                lambda: handling.silence(
                    services().begin_work,
                    me().id,
                    scope=SilenceScope(signal_key=view.signal.key),
                    until=at + _SPANS[span],
                    reason=reason or "",
                    at=at,
                    zone=zone(),
                    session_id=my_session(),
                ),
                f"已静默 {span}",
            )


def _give_back(view: AlertView) -> None:
    with st.form(key("form", "back")):
        say("取消后，确认时限与提醒重新开始。")
        reason = st.text_input("理由（选填）", key=key("back", "reason"), max_chars=500)
        if st.form_submit_button("取消确认", type="primary", key=key("back", "go")):
            attempt(
                lambda: handling.unacknowledge(
                    services().begin_work,
                    me().id,
                    view.signal.id,
                    expected_version=seen(view.signal.id, view.signal.version),
                    at=now(),
                    reason=reason or "",
                    session_id=my_session(),
                ),
                "已取消确认，预警重新待确认",
            )


_FORMS: Final[dict[SignalAct, Callable[[AlertView], None]]] = {
    SignalAct.ATTACH: _attach,
    SignalAct.FALSE_ALARM: _false_alarm,
    SignalAct.SILENCE: _silence,
    SignalAct.GIVE_BACK: _give_back,
}
