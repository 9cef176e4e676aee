"""The first screen's sentences: what burns, and what was not seen. Facts first, then numbers."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from analysis.agreement import Agreement
from domain.errors import Text
from domain.mention import Platform
from monitoring.pulse import Pulse, Verdict
from monitoring.sight import Gap
from presentation.charts import HOUR, bin_width
from presentation.formats import decimal, multiple, near_time, share, short_time
from presentation.wording import reason, word

_DAY = timedelta(days=1)


def headline(pulse: Pulse, span: str) -> Text:
    """Return the one sentence: `过去 24 小时负面 132 条，为基线 3.1 倍，2 条预警待处置`.

    `span` names the span in Chinese (`过去 24 小时`). It never says calm of what was not seen.
    """
    negative = pulse.tally.negative
    seen = "至少 " if pulse.gaps else ""
    facts = [f"{span}负面 {seen}{negative:,} 条", _against_baseline(pulse)]
    english = [f"{negative:,} negatives"]
    match pulse.verdict:
        case Verdict.BURNING | Verdict.ALERTED:
            facts.append(_signals(pulse))
            english.append(f"{len(pulse.signals)} alerts not closed")
        case Verdict.BLIND:
            facts = ["没有一个来源在按时采集，无法判断是否平稳"]
            english = ["no source is read in time: cannot tell"]
        case Verdict.RAISED:
            facts.append("未触发预警")
            english.append("raised, no alert")
        case Verdict.CALM:
            calm = "已采集部分平稳" if pulse.gaps or pulse.late else "平稳"
            facts.insert(0, calm)
            english.insert(0, "calm" if calm == "平稳" else "calm where it was seen")
    return Text("，".join(fact for fact in facts if fact), ", ".join(english))


def _against_baseline(pulse: Pulse) -> str:
    if pulse.multiple is None:
        learning = pulse.expected is None and bin_width(pulse.period.length) == HOUR
        return "基线尚在学习" if learning else ""
    if pulse.multiple < 0.1:
        return "远低于基线"
    return f"为基线 {multiple(pulse.multiple, 'zh')}"


def _signals(pulse: Pulse) -> str:
    waiting, going = len(pulse.waiting), len(pulse.signals)
    if waiting:
        return f"{waiting} 条预警待处置"
    return f"{going} 条预警处置中"


def unseen(pulse: Pulse) -> str:
    """Return what was not seen in a sentence, "" when all was: `贴吧 3 小时没有采全`."""
    parts = [f"{word(p).zh}超时未更新" for p in pulse.late]
    for platform in Platform:
        hours = sum(gap.hours for gap in pulse.gaps if gap.platform is platform)
        if hours:
            parts.append(f"{word(platform).zh} {_hours(hours)}没有采全")
    return "，".join(parts)


def gap_lines(pulse: Pulse, zone: ZoneInfo) -> list[str]:
    """Return each gap with its reason: `贴吧 11-20 01:40 至 04:40：贴吧要求登录`."""
    return [_gap_line(gap, zone) for gap in pulse.gaps]


def coverage_words(pulse: Pulse, zone: ZoneInfo) -> str:
    """Return the coverage part of the definitions of this screen's figures."""
    gaps = gap_lines(pulse, zone)
    read = "、".join(word(p).zh for p in pulse.platforms) or "尚无来源"
    told = "；".join(gaps[:4]) + (f"；另有 {len(gaps) - 4} 处" if len(gaps) > 4 else "")
    return f"{read}。" + (
        f"缺口：{told}。缺口内的内容不计入，实际只会更多。" if gaps else "所选时段已采全。"
    )


def freshness(pulse: Pulse, zone: ZoneInfo) -> str:
    """`数据更新于 16:40`."""
    if pulse.data_until is None:
        return "所选时段没有采集"
    return f"数据更新于 {near_time(pulse.data_until, pulse.now, zone)}"


def change_of_volume(pulse: Pulse) -> str:
    """`+12%`, `—` where the span before was not seen or empty."""
    if pulse.before is None or not pulse.before.total:
        return "—"
    return f"{pulse.tally.total / pulse.before.total - 1:+.0%}"


def change_of_share(pulse: Pulse) -> str:
    """`+3.2 个百分点`."""
    now = pulse.tally.negative_share
    before = pulse.before.negative_share if pulse.before else None
    if now is None or before is None:
        return "—"
    return f"{(now - before) * 100:+.1f} 个百分点"


def signal_line(brand: str, observed: int, times: float | None) -> str:
    """`云栈 负面升至 38 条/时，为平时 93 倍`."""
    how = f"，为平时 {multiple(times, 'zh')}" if times else ""
    return f"{brand}负面升至 {decimal(observed)} 条/时{how}"


def _gap_line(gap: Gap, zone: ZoneInfo) -> str:
    why = reason(gap.reason, gap.platform).text.zh if gap.reason else "没有采集"
    platform = word(gap.platform).zh
    return f"{platform} {short_time(gap.start, zone)} 至 {short_time(gap.end, zone)}（{why}）"


def _hours(hours: float) -> str:
    return f"{decimal(hours)} 小时" if hours >= 1 else f"{round(hours * 60)} 分钟"


def agreement_words(pulse: Pulse) -> list[str]:
    """Return what was measured on each platform that was read: `微博 86%（79%–91%，120 条）`."""
    found = [(p, pulse.trust.sampled(pulse.brand.id, p)) for p in pulse.platforms]
    return [f"{word(platform).zh} {measured_words(each)}" for platform, each in found]


def measured_words(each: Agreement) -> str:
    """`86%（79%–91%，120 条）`, `样本不足（3 条）`, `未抽样`."""
    if not each.judged:
        return "未抽样"
    if not each.is_enough or each.share is None or each.low is None or each.high is None:
        return f"样本不足（{each.judged:,} 条）"
    return f"{share(each.share)}（{share(each.low)}–{share(each.high)}，{each.judged:,} 条）"


def spontaneous_words(pulse: Pulse) -> str:
    """`微博 12 条中一致 4 条，知乎 没有`."""
    found = [(p, pulse.trust.spontaneous(pulse.brand.id, p)) for p in pulse.platforms]
    return "，".join(
        f"{word(platform).zh} "
        + (f"{each.judged:,} 条中一致 {each.agreed:,} 条" if each.judged else "没有")
        for platform, each in found
    )


def model_words(pulse: Pulse, zone: ZoneInfo) -> str:
    """Return which model made what of the span: `koubei-2（11-18 10:00 起）、stock（此前）`."""
    parts = pulse.trust.stretches
    if len(parts) < 2:
        return "、".join(pulse.models)
    return "、".join(
        f"{each.model_id}（{short_time(each.start, zone)} 起）"
        if each.start in pulse.trust.changes and each.start is not None
        else f"{each.model_id}（此前）"
        for each in parts
    )
