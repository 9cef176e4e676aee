"""预警规则: how readily a spike alerts, with what each setting would have done last month."""

from dataclasses import replace

import streamlit as st

from dashboard.data import configuration
from dashboard.services import services
from dashboard.state import i_may, key, now, zone
from dashboard.widgets.configuring import save
from dashboard.widgets.frame import card, section
from dashboard.widgets.html import fill, join, show
from dashboard.widgets.notices import empty
from domain.brand import Brand, Configuration, DetectionRule, Level, LevelClocks, Sensitivity
from domain.signal import Outcome
from monitoring.replay import Replay, replay_brand
from presentation.formats import decimal, duration, short_time
from presentation.wording import ROMAN, word
from workflow.permissions import Permission

_DAYS = 30


def show_part() -> None:
    """Draw a card a brand, and the clocks of the levels."""
    version, current = configuration()
    if not current.brands:
        empty("还没有品牌", "先在「全部配置」写入品牌")
        return
    for brand in current.brands:
        with card("rule", brand.id):
            _brand(version, current, brand)
    with card("clocks"):
        _clocks(current)


def _brand(version: int, current: Configuration, brand: Brand) -> None:
    section(f"{brand.name} · 负面突增", "灵敏度只决定多意外才叫醒人；证据与基线照常记录")
    held = current.detection.for_brand(brand.id)
    left, middle, right, _ = st.columns([3, 1, 1, 3], vertical_alignment="center")
    with left:
        chosen = (
            st.segmented_control(
                "灵敏度",
                list(Sensitivity),
                default=held,
                format_func=lambda each: word(each).zh,
                key=key("sensitivity", brand.id, version),
                label_visibility="collapsed",
            )
            or held
        )
    if middle.button("回测 30 天", key=key("replay", brand.id), width="stretch"):
        with st.spinner("正在回放……"):
            _replayed(
                replay_brand(
                    services().store,
                    services().begin_reading,
                    brand_id=brand.id,
                    sensitivity=chosen,
                    now=now(),
                    days=_DAYS,
                ),
                chosen,
            )
    if (
        chosen is not held
        and i_may(Permission.EDIT_WATCHES)
        and right.button("保存", key=key("rule", brand.id), type="primary", width="stretch")
    ):
        by_brand = {**current.detection.by_brand, brand.id: chosen}
        rule = DetectionRule(current.detection.sensitivity, by_brand)
        saved = save(
            replace(current, detection=rule),
            expected_version=version,
            reason=f"{brand.name} 灵敏度：{word(chosen).zh}",
        )
        if saved is not None:
            st.rerun()


def _replayed(found: Replay, sensitivity: Sensitivity) -> None:
    opened = [alert for alert in found.alerts if alert.outcome is Outcome.OPENED]
    share = found.known_hours / found.hours if found.hours else 0.0
    show(
        fill(
            '<div class="kb-note"><b>「{name}」在近 {days} 天会产生 {n} 次预警</b>'
            "<p>回放了 {known} 小时中采全的 {share}；没有采全的时间不会触发预警。</p>{lines}</div>",
            name=word(sensitivity).zh,
            days=_DAYS,
            n=len(opened),
            known=decimal(found.hours),
            share=f"{share:.0%}",
            lines=join(
                fill(
                    "<p>{when} 起，峰值 {peak} 条/时</p>",
                    when=short_time(alert.at, zone()),
                    peak=alert.peak,
                )
                for alert in opened[-12:]
            ),
        )
    )


_CLOCKS = (
    ("acknowledge", "确认收到"),
    ("report_lead", "上报值班长"),
    ("report_executive", "上报高层"),
    ("fact_sheet", "核实单"),
    ("first_response", "首次回应"),
    ("follow_up", "跟进"),
    ("watch_window", "观察期"),
    ("review", "复盘"),
)


def _clocks(current: Configuration) -> None:
    section(
        "各级时限", "红、橙全天候计时；黄、蓝按工作日历。在「全部配置」中修改，空白表示制度未填写"
    )
    rows = join(
        fill(
            "<tr><th>{name}</th>{cells}</tr>",
            name=name,
            cells=join(
                fill("<td>{value}</td>", value=_figure(current.clocks.get(level), field))
                for level in Level
            ),
        )
        for field, name in _CLOCKS
    )
    heads = join(
        fill("<th>{roman} {name}</th>", roman=ROMAN[level], name=word(level).zh) for level in Level
    )
    show(
        fill(
            '<table class="kb-table"><thead><tr><th></th>{heads}</tr></thead>'
            "<tbody>{rows}</tbody></table>",
            heads=heads,
            rows=rows,
        )
    )


def _figure(clocks: LevelClocks | None, field: str) -> str:
    value = getattr(clocks, field) if clocks is not None else None
    if value is None:
        return "制度未填写"
    return duration(value, "zh") if value else "不计时"
