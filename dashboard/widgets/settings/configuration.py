"""全部配置: every decision of the team as one text, checked and compared before it is saved."""

import streamlit as st

from dashboard.data import configuration
from dashboard.state import key
from dashboard.widgets.configuring import PLACE, differences, save
from dashboard.widgets.frame import card, section
from dashboard.widgets.html import fill, show
from domain.brand import diff
from domain.errors import ConfigurationError
from runtime.configuration_file import parse_configuration, write_configuration


def show_part() -> None:
    """Draw the text with its checks."""
    version, current = configuration()
    with card("configuration"):
        section(
            "全部配置",
            f"第 {version} 版 · 与 koubei apply 同一格式；保存前先看差别，旧版本可以在「方案」恢复",
        )
        text = st.text_area(
            "配置（TOML）",
            write_configuration(current),
            height=460,
            key=key("configuration", version),
            label_visibility="collapsed",
        )
        try:
            new = parse_configuration(text or "", PLACE)
        except ConfigurationError as error:
            show(
                fill(
                    '<div class="kb-error" role="alert"><b>不能保存</b><pre>{told}</pre></div>',
                    told=error.sentence("zh"),
                )
            )
            return
        changes = diff(current, new)
        differences(changes)
        if changes and st.button("保存", key=key("configuration", "save"), type="primary"):
            applied = save(new, expected_version=version, reason="全部配置")
            if applied is not None:
                st.rerun()
