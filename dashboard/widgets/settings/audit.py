"""审计: who did what to what, when and why; and whether the chain still holds."""

import streamlit as st
from markupsafe import Markup

from dashboard.services import services
from dashboard.state import key, now, zone
from dashboard.widgets.frame import card, section
from dashboard.widgets.html import fill, join, show
from domain.audit import AuditRow, first_broken
from presentation.formats import full_time, near_time
from presentation.hostile import excerpt

_SHOWN = 100


def show_part() -> None:
    """Draw the newest rows; verifying reads them all and is asked for."""
    with services().begin_reading() as work:
        rows = list(work.audit.rows())
        names = {account.actor: account.name for account in work.accounts.all()}
    with card("audit"):
        left, right = st.columns([6, 1], vertical_alignment="center")
        with left:
            section("审计", f"共 {len(rows)} 条，只增不改，逐条以哈希相连")
        if right.button("校验", key=key("audit", "verify"), width="stretch"):
            broken = first_broken(rows)
            told = (
                "完整：每一条都与前一条相连"
                if broken is None
                else f"第 {broken} 条起不一致，请立即联系管理员"
            )
            show(
                fill(
                    '<div class="{kind}"><b>{told}</b></div>',
                    kind="kb-note" if broken is None else "kb-error",
                    told=told,
                )
            )
        show(
            fill(
                '<table class="kb-table"><thead><tr><th>序号</th><th>时间</th><th>人</th>'
                "<th>动作</th><th>对象</th><th>理由</th></tr></thead><tbody>{rows}</tbody></table>",
                rows=join(_row(row, names) for row in reversed(rows[-_SHOWN:])),
            )
        )


def _row(row: AuditRow, names: dict[str, str]) -> Markup:
    return fill(
        '<tr><td class="kb-num">{seq}</td><td class="kb-num" title="{exact}">{when}</td>'
        "<td>{who}</td><td><code>{action}</code></td><td>{what}</td><td>{why}</td></tr>",
        seq=row.seq,
        exact=full_time(row.at, zone()),
        when=near_time(row.at, now(), zone()),
        who=names.get(row.actor, row.actor),
        action=row.action,
        what=excerpt(row.object_id, 48),
        why=excerpt(row.reason, 60),
    )
