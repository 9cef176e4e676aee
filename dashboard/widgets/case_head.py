"""The head of a case: level, state, who holds it, its clocks, the road, and what comes next."""

from datetime import datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup

from dashboard.widgets.badges import level_badge, tag
from dashboard.widgets.desk import clock_bar
from dashboard.widgets.html import NOTHING, fill, join, show
from domain.account import Account
from domain.case import Case, CaseKind, CaseState
from domain.case_policy import CasePolicy
from domain.clocks import ClockName, ClockReading, ClockState
from monitoring.case_view import CaseView, Standing, clock_words, next_step, road
from presentation.formats import near_time
from presentation.wording import word

_SHOWN_CLOCKS = 4


def title(view: CaseView, zone: ZoneInfo) -> None:
    """What it is, how grave, in which state, who holds it."""
    case = view.case
    show(
        fill(
            '<div class="kb-case-title">{level}<h2>{title}</h2>{state}{kind}</div>'
            '<div class="kb-slip-line kb-quiet">{told}</div>',
            level=level_badge(case.level),
            title=case.title,
            state=_state(case),
            kind=tag(word(case.kind).zh) if case.kind is not CaseKind.INCIDENT else NOTHING,
            told=" · ".join(_told(view, zone)),
        )
    )


def _state(case: Case) -> Markup:
    return fill(
        '<span class="kb-case-state {over}">{words}</span>',
        over="" if case.state.is_active else "kb-case-state-over",
        words=word(case.state).zh,
    )


def _told(view: CaseView, zone: ZoneInfo) -> list[str]:
    case = view.case
    told = [case.id, view.brand_name]
    told.append("级别已确认" if case.grade_confirmed else "级别待确认（建议）")
    told.append(f"负责人 {view.name(case.owner_id)}" if case.owner_id else "尚无负责人")
    told.append(f"{near_time(case.opened_at, view.now, zone)} 建立")
    if case.pause is not None:
        told.append(f"等待外部至 {near_time(case.pause.until, view.now, zone)}")
    if case.merged is not None:
        told.append(f"已并入 {case.merged.into}")
    return told


def clocks(view: CaseView, now: datetime) -> None:
    """The clocks that run, and those that had run out before they were answered."""
    running = view.running[:_SHOWN_CLOCKS]
    bars = [_clock(reading, now) for reading in running]
    late = [word(reading.name).zh for reading in view.breached]
    if late:
        bars.append(
            fill(
                '<span class="kb-left kb-left-breached">曾超时：{late}</span>', late="、".join(late)
            )
        )
    if bars:
        show(fill('<div class="kb-clocks">{bars}</div>', bars=join(bars)))


def _clock(reading: ClockReading, now: datetime) -> Markup:
    tone = reading.state.value
    if reading.name is ClockName.WATCH_WINDOW or reading.state in {
        ClockState.MET,
        ClockState.NOT_SET,
    }:
        tone = "ok"
    return clock_bar(word(reading.name).zh, clock_words(reading, now), reading.spent_share, tone)


def stepper(case: Case) -> None:
    """The road, with the stage that the case is in."""
    show(
        fill(
            '<ol class="kb-road" aria-label="工单进度">{stages}</ol>',
            stages=join(
                fill(
                    '<li class="kb-{standing}-stage"{current}>{name}</li>',
                    standing=stage.standing.value,
                    current=Markup(' aria-current="step"')
                    if stage.standing is Standing.NOW
                    else NOTHING,
                    name=stage.name,
                )
                for stage in road(case)
            ),
        )
    )


def what_next(view: CaseView, account: Account, policy: CasePolicy) -> None:
    """The one thing that moves the case on, and whose it is."""
    step = next_step(view.case, account, policy, view.now)
    if step is None:
        words = _END.get(view.case.state, "")
        show(fill('<div class="kb-next"><span>{words}</span></div>', words=words))
        return
    whose = "由您操作" if step.is_mine else f"由 {step.who} 操作"
    show(
        fill(
            '<div class="kb-next"><span class="kb-quiet">下一步</span><b>{words}</b>'
            "<span>{whose}</span></div>",
            words=step.words,
            whose=whose,
        )
    )


_END = {
    CaseState.CLOSED: "工单已归档；需要时值班长可以重新打开。",
    CaseState.FALSE_ALARM: "已判定为误报；有新情况可以重新打开。",
    CaseState.MERGED: "已并入另一工单，在那里继续处理；值班长可以撤销并案。",
}
