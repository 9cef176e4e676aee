"""体检: every dependency looked at again, each fault with what mends it."""

import streamlit as st
from markupsafe import Markup

from dashboard.services import services
from dashboard.state import key
from dashboard.widgets.frame import card, section
from dashboard.widgets.html import NOTHING, fill, join, show
from runtime.check_services import service_checks
from runtime.checks import Check, Mark, machine_checks

_WORDS = {Mark.OK: "正常", Mark.NOTE: "注意", Mark.OPTIONAL: "可选", Mark.FAILED: "故障"}


def show_part() -> None:
    """Check when asked: it takes a few seconds and starts a browser."""
    with card("health"):
        left, right = st.columns([6, 1], vertical_alignment="center")
        with left:
            section("体检", "与命令 koubei doctor 相同；会试开浏览器，约需几秒")
        if right.button("开始体检", key=key("health", "go"), type="primary", width="stretch"):
            with st.spinner("正在检查……", show_time=True):
                settings, clock = services().settings, services().clock
                checks = [*machine_checks(settings), *service_checks(settings, clock)]
            bad = sum(check.mark is Mark.FAILED for check in checks)
            show(
                fill(
                    "<p><b>{told}</b></p>",
                    told=f"{bad} 项故障" if bad else "没有故障",
                )
            )
            show(fill('<div class="kb-checks">{rows}</div>', rows=join(map(_row, checks))))


def _row(check: Check) -> Markup:
    return fill(
        '<div class="kb-check kb-check-{mark}"><span>{word}</span><b>{name}</b>'
        "<span>{fact}{mend}</span></div>",
        mark=check.mark.value,
        word=_WORDS[check.mark],
        name=check.name.zh,
        fact=check.fact.zh,
        mend=fill(' <em class="kb-quiet">→ {mend}</em>', mend=check.mend.zh)
        if check.mend.zh
        else NOTHING,
    )
