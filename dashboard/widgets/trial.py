"""试读一页: a dialog that has one page asked for and shows what was read."""

import streamlit as st
from markupsafe import Markup

from dashboard.services import scout, services
from dashboard.state import key, me, now, zone
from dashboard.widgets.html import NOTHING, fill, join, show
from dashboard.widgets.notices import refused
from domain.brand import Source, Watch
from domain.errors import KoubeiError
from domain.trial import Trial, TriedMention
from presentation.trial_words import field_rows, next_words, reason_of, verdict_words, why_words
from presentation.wording import word
from workflow.watches import try_as

_SHOWN = 5


def try_page(watch: Watch, source: Source) -> None:
    """Open the dialog; call it where the button was pressed."""

    @st.dialog(f"试读一页 · {word(source.platform).zh}", width="large")
    def ask() -> None:
        show(
            fill(
                '<p class="kb-quiet">按与采集相同的规则（robots.txt、节奏、登录状态）只读一页，'
                "不入库，不进采集记录；这一步会记入审计。</p>"
            )
        )
        finder = scout()
        if finder is None:
            show(
                fill(
                    '<p class="kb-bad">本机没有采集组件；请在采集机上运行 '
                    "koubei crawl --dry-run</p>"
                )
            )
            return
        kept = key("trial", watch.id, source.id)
        if kept not in st.session_state:
            try:
                try_as(services().begin_work, me().id, watch.id, source.id, at=now())
                with st.spinner("正在读取，按平台的节奏可能要等一两分钟……", show_time=True):
                    st.session_state[kept] = finder.try_page(watch.id, source.id)
            except KoubeiError as error:
                refused(error)
                return
        show(_trial(st.session_state[kept], source))
        if st.button("关闭", key=key("trial", "close")):
            st.rerun()

    st.session_state.pop(key("trial", watch.id, source.id), None)
    ask()


def _trial(trial: Trial, source: Source) -> Markup:
    why = NOTHING
    if trial.reason:
        why = fill(
            '<div class="kb-why"><span>{mend}</span></div>',
            mend=reason_of(trial, source.platform).mend.zh,
        )
    under = NOTHING
    if trial.under:
        under = fill(
            '<p class="kb-quiet">robots.txt 不允许，在采集影响评估 {id} 下读取。</p>',
            id=trial.under,
        )
    return fill(
        '<div class="kb-trial"><p><b class="{tone}">{verdict}</b></p>{why}{under}'
        '<p class="kb-quiet kb-num">{place}</p>{mentions}<p class="kb-quiet">{next}</p></div>',
        tone="" if trial.was_read else "kb-bad",
        verdict=verdict_words(trial, source.platform).zh,
        why=why,
        under=under,
        place=f"{trial.url} · {trial.status} · {trial.bytes:,} 字节" if trial.url else "",
        mentions=join(
            _mention(number, each) for number, each in enumerate(trial.mentions[:_SHOWN], 1)
        ),
        next=next_words(trial).zh,
    )


def _mention(number: int, mention: TriedMention) -> Markup:
    return fill(
        "<details{open}><summary>第 {number} 条 · <b>{why}</b></summary>"
        '<table class="kb-table kb-pairs"><tbody>{rows}</tbody></table></details>',
        open=fill(" open") if number == 1 else NOTHING,
        number=number,
        why=why_words(mention.why).zh,
        rows=join(
            fill("<tr><th>{name}</th><td>{value}</td></tr>", name=name.zh, value=value)
            for name, value in field_rows(mention, zone())
        ),
    )
