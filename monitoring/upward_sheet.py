"""The report sheet (上报单) before anybody has typed: 什么事、从何来、扩散、已做、建议.

It is a draft for a person, made of what is stored: nothing is claimed that the case, its signals or
its clocks do not say, and what is not known is said to be unknown. The company reads Chinese, so
the sheet is Chinese.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from domain.case import Case, UpwardSheet
from domain.case_words import STATE_WORDS
from domain.clocks import ClockName, ClockReading, ClockState, most_urgent
from domain.fact_sheet import Verdict
from domain.signal import Signal
from presentation import formats
from presentation.hostile import quotation
from presentation.wording import word

_EXCERPT = 60
_VERDICTS = {
    Verdict.TRUE: "属实",
    Verdict.PARTLY: "部分属实",
    Verdict.FALSE: "不实",
    Verdict.UNVERIFIABLE: "无法核实",
}


@dataclass(frozen=True, slots=True)
class SheetFacts:
    """What a sheet is written from. `mention_count`: how many posts the case has."""

    case: Case
    brand_name: str
    signals: Sequence[Signal]
    clocks: Sequence[ClockReading]
    mention_count: int
    now: datetime
    zone: ZoneInfo


def write_sheet(facts: SheetFacts) -> UpwardSheet:
    """Return the sheet for a person to read, mend and send."""
    return UpwardSheet(
        what=_what(facts),
        origin=_origin(facts),
        spread=_spread(facts),
        done=_done(facts),
        advice=_advice(facts),
    )


def _what(facts: SheetFacts) -> str:
    case = facts.case
    grade = word(case.level).zh.removesuffix("预警")
    confirmed = "已定级" if case.grade_confirmed else "建议级别，待确认"
    summary = f"\n{quotation(case.summary, 300)}" if case.summary else ""
    return f"{facts.brand_name}：{quotation(case.title, 60)}（{grade}，{confirmed}）{summary}"


def _origin(facts: SheetFacts) -> str:
    posts = [signal.first_post for signal in facts.signals if signal.first_post]
    if not posts:
        return "员工线索或人工新建，暂无采集到的首发内容" if facts.case.lead_ids else "首发内容未知"
    first = min(posts, key=lambda post: post.published_at)
    when = formats.full_time(first.published_at, facts.zone)
    said = quotation(first.excerpt, _EXCERPT)
    return f"{when} {word(first.platform).zh}用户 {first.author or '（未知）'}：「{said}」"


def _spread(facts: SheetFacts) -> str:
    lines = [_signal_line(signal, facts) for signal in facts.signals]
    lines.append(f"工单内共 {facts.mention_count} 条提及" if facts.mention_count else "")
    return "\n".join(line for line in lines if line) or "暂无可用数字"


def _signal_line(signal: Signal, facts: SheetFacts) -> str:
    numbers = signal.figures
    observed = formats.at_least(f"{numbers.observed:,}", numbers.lower_bound)
    usual = f"，平时约 {formats.decimal(numbers.mean)} 条" if numbers.mean is not None else ""
    authors = f"，{numbers.distinct_authors} 位作者" if numbers.distinct_authors else ""
    where = "、".join(word(platform).zh for platform in signal.platforms) or "平台未知"
    until = formats.full_time(signal.updated_at, facts.zone)
    return (
        f"{signal.id}（{where}，截至 {until}）：最近一小时负面 {observed} 条{usual}{authors}，"
        f"峰值 {signal.peak_observed:,} 条"
    )


def _done(facts: SheetFacts) -> str:
    case = facts.case
    lines = [f"当前状态：{STATE_WORDS[case.state].zh}"]
    claims = case.fact_sheet.claims
    checked = [claim for claim in claims if claim.verdict is not None]
    if claims:
        lines.append(f"核实单：{len(claims)} 项说法，已核实 {len(checked)} 项")
        lines += [
            f"· {quotation(claim.statement, 40)}：{_VERDICTS[claim.verdict]}"
            for claim in checked
            if claim.verdict is not None
        ]
    else:
        lines.append("核实单：尚未填写")
    for publication in case.publications:
        at = formats.full_time(publication.at, facts.zone)
        lines.append(f"{at} 已公开回应：{quotation(publication.url, 100)}")
    if case.silence is not None:
        until = formats.full_time(case.silence.review_at, facts.zone)
        lines.append(f"已决定暂不回应，{until} 前复核：{quotation(case.silence.reason, 80)}")
    late = [r for r in facts.clocks if r.state is ClockState.BREACHED]
    if late:
        lines.append(f"已超时：{'、'.join(dict.fromkeys(word(r.name).zh for r in late))}")
    return "\n".join(lines)


def _advice(facts: SheetFacts) -> str:
    case, lines = facts.case, []
    sheet = case.fact_sheet
    if not sheet.is_complete:
        lines.append("事实未核实前不说明原因；如需先发声，仅用「情况说明（核实中）」")
    elif sheet.unverifiable_claims:
        lines.append("有说法无法核实，只可发布情况说明，不可下结论")
    due = next((r for r in facts.clocks if _is_owed(r, ClockName.FIRST_RESPONSE)), None)
    if due is not None and due.due_at is not None:
        by = formats.full_time(due.due_at, facts.zone)
        lines.append(f"{by} 前首次回应，或书面决定不回应")
    urgent = most_urgent(facts.clocks)
    if urgent is not None and urgent.name is not ClockName.FIRST_RESPONSE and urgent.due_at:
        by = formats.full_time(urgent.due_at, facts.zone)
        lines.append(f"最近的时限：{word(urgent.name).zh}，{by}")
    if case.open_promises:
        lines.append(f"尚有 {len(case.open_promises)} 项承诺待兑现")
    return "\n".join(lines) or "按现有安排跟进"


def _is_owed(reading: ClockReading, name: ClockName) -> bool:
    return reading.name is name and reading.is_running
