"""模型: which one judges sentiment, how far the history is judged again, and one click back."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import streamlit as st

from dashboard.acting import attempt, show_told
from dashboard.services import services
from dashboard.state import i_may, key, me, now, zone
from dashboard.widgets.confirm import confirm
from dashboard.widgets.frame import card, section
from dashboard.widgets.html import fill, join, show
from dashboard.widgets.notices import empty
from domain.errors import DependencyMissing
from domain.model_run import ModelRun
from monitoring.rescoring_words import run_words
from presentation.formats import near_time
from workflow.models import Models, give_back
from workflow.permissions import Permission

_REFRESH = timedelta(seconds=10)
_TEACH = (
    "在「信息流」改判或抽样核对满 50 条后，管理员在运行口碑的机器上执行 koubei train："
    "从自带模型学起，在留出的五分之一判定和自带探针上都不差才会启用。"
)


def show_part() -> None:
    """Show the models of this machine and their runs."""
    show_told()
    with card("model"):
        section("情感模型", "换模型后，历史在后台逐步重算；人工判定一律保留")
        _present()
    _runs()


def _present() -> None:
    engine = services().settings.scorer.engine
    if engine != "koubei":
        show(fill("<p>在用引擎：<b>{engine}</b>（由设置 scorer.engine 决定）</p>", engine=engine))
        return
    try:
        models = services().models
    except DependencyMissing:
        empty("本机没有情感组件", "请在负责检测与采集的机器的网页上查看与退回")
        return
    names = list(reversed(models.names))
    show(
        fill(
            '<table class="kb-table kb-pairs"><tbody>{rows}</tbody></table>'
            '<p class="kb-quiet">{teach}</p>',
            rows=join(
                fill(
                    "<tr><th>{n}</th><td>{name}<span class='kb-quiet'>　{when}</span></td></tr>",
                    n="在用" if place == 0 else ("上一个" if place == 1 else "更早"),
                    name=_called(name),
                    when=_installed_at(models.folder / name) if name else "随产品提供",
                )
                for place, name in enumerate(names)
            ),
            teach=_TEACH,
        )
    )
    if len(names) > 1 and i_may(Permission.CHANGE_MODEL):
        _back(models, names[0], names[1])


def _back(models: Models, present: str, before: str) -> None:
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    reason = left.text_input("理由", key=key("model", "why"), placeholder="例如：误判增多")
    if right.button("退回上一个模型", key=key("model", "back"), width="stretch"):
        confirm(
            "model-back",
            "退回上一个模型",
            f"改用{_called(before)}。新内容随即由它判定，存量在后台重新判定，"
            "人工判定保留，期间不会因此触发预警。此操作记入审计。",
            lambda: attempt(
                lambda: _give_back(models, present, reason),
                f"已退回{_called(before)}，历史重算已排上，几分钟内开始",
            ),
            yes="退回",
        )


def _give_back(models: Models, present: str, reason: str) -> ModelRun | None:
    """Go back, and begin the run at once: whoever judges history with the other model stops."""
    account, at = me(), now()
    give_back(services().begin_work, account.id, models, seen=present, reason=reason, at=at)
    services().use_present_model()
    return services().rescoring(account.actor, at).run_in_use()


@st.fragment(run_every=_REFRESH)
def _runs() -> None:
    with services().begin_reading() as work:
        runs = work.model_runs.all()
    with card("model-runs"):
        section("历史由谁判定", "最新的在前")
        if not runs:
            empty("还没有记录", "服务运行几分钟后会记下在用的模型")
            return
        if runs[0].finished_at is None:
            st.progress(runs[0].share, text=run_words(runs[0], zone()).zh)
        rows = runs[1:] if runs[0].finished_at is None else runs
        if rows:
            show(
                fill(
                    '<div class="kb-lines">{rows}</div>',
                    rows=join(
                        fill(
                            "<div>{said}</div>",
                            said=run_words(run, zone(), in_use=run is runs[0]).zh,
                        )
                        for run in rows
                    ),
                )
            )


def _called(name: str) -> str:
    return f"团队训练的模型 {name.removesuffix('.npz')}" if name else "自带模型"


def _installed_at(path: Path) -> str:
    if not path.is_file():
        return "文件已不在"
    made = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return f"{near_time(made, now(), zone())} 装入"
