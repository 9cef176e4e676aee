"""发件箱: what is waiting, what was refused, what was sent."""

import streamlit as st
from markupsafe import Markup

from dashboard.acting import attempt
from dashboard.services import services
from dashboard.state import i_may, key, me, now, zone
from dashboard.widgets.frame import card, section
from dashboard.widgets.html import NOTHING, fill, join, show
from dashboard.widgets.notices import empty
from dashboard.widgets.tiles import Tile, Tone, tiles
from domain.outbox import OutboxMail, OutboxState
from presentation.formats import count, near_time
from presentation.hostile import excerpt
from presentation.wording import WRITTEN_AS_FILE, word
from workflow.outbox import HeldOutbox, held_outbox, release_outbox
from workflow.permissions import Permission

_SHOWN = 60


def show_part() -> None:
    """Draw the counts and the newest."""
    with services().begin_reading() as work:
        counts = work.outbox.counts()
        recent = work.outbox.recent(_SHOWN)
    waiting = sum(
        counts.get(state, 0)
        for state in (OutboxState.PENDING, OutboxState.SENDING, OutboxState.RETRY)
    )
    dead = counts.get(OutboxState.DEAD, 0)
    held = held_outbox(services().begin_reading)
    if held is not None:
        with card("held"):
            _held(held)
    files = services().settings.smtp is None
    tiles(
        [
            Tile(
                "已送达邮件服务器" if not files else WRITTEN_AS_FILE.zh,
                count(counts.get(OutboxState.SENT, 0), "zh"),
            ),
            Tile("等待发送", count(waiting, "zh"), note="按 30 秒到 15 分钟的间隔重试"),
            Tile(
                "结果不明",
                count(counts.get(OutboxState.UNCERTAIN, 0), "zh"),
                note="会以同一编号重发，并注明可能重复",
            ),
            Tile(
                "放弃",
                count(dead, "zh"),
                tone=Tone.BAD if dead else Tone.PLAIN,
                note="72 小时仍未送出",
            ),
        ]
    )
    with card("mails"):
        section("最近", "一封一行；内容不在这里显示")
        if not recent:
            empty("还没有发过邮件", "预警、工单和报告的通知都会出现在这里")
            return
        show(
            fill(
                '<table class="kb-table"><thead><tr><th>时间</th><th>状态</th><th>收件人</th>'
                "<th>主题</th><th>说明</th></tr></thead><tbody>{rows}</tbody></table>",
                rows=join(_row(mail) for mail in recent),
            )
        )


def _held(held: HeldOutbox) -> None:
    section("发件箱已暂停", "从备份恢复之后，先由人确认哪些该发，避免重复通知")
    mails = (*held.restored, *held.written)
    show(
        fill(
            '<p class="kb-quiet">备份时等待发送 {old} 封，之后新写 {new} 封。'
            "备份之后、恢复之前它们可能已经发出过。</p>",
            old=len(held.restored),
            new=len(held.written),
        )
    )
    if not i_may(Permission.EDIT_SETTINGS):
        show(fill('<p class="kb-quiet">请管理员在这里放行。</p>'))
        return
    titles = {
        mail.key: f"{near_time(mail.created_at, now(), zone())}　{excerpt(mail.recipient, 30)}　"
        f"{excerpt(mail.rendered.subject, 50)}"
        for mail in mails
    }
    drop = st.multiselect(
        "不再发送",
        list(titles),
        [mail.key for mail in held.restored],
        format_func=lambda each: titles[each],
        key=key("held", "drop"),
        placeholder="全部发送",
    )
    reason = st.text_input("理由", key=key("held", "why"), placeholder="例如：备份前的已送达")
    if st.button("放行其余", key=key("held", "go"), type="primary"):
        attempt(
            lambda: release_outbox(
                services().begin_work,
                me().id,
                drop=drop,
                seen=list(titles),
                reason=reason,
                at=now(),
            ),
            "已放行",
        )


def _row(mail: OutboxMail) -> Markup:
    bad = mail.state in {OutboxState.DEAD, OutboxState.RETRY, OutboxState.UNCERTAIN}
    return fill(
        '<tr><td class="kb-num">{when}</td><td>{state}</td><td>{to}</td><td>{subject}</td>'
        "<td>{why}</td></tr>",
        when=near_time(mail.sent_at or mail.created_at, now(), zone()),
        state=word(mail.state).zh,
        to=excerpt(mail.recipient, 40),
        subject=excerpt(mail.rendered.subject, 60),
        why=fill('<span class="kb-bad">{error}</span>', error=excerpt(mail.last_error, 80))
        if bad and mail.last_error
        else NOTHING,
    )
