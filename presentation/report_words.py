"""The sentences and comparisons of a report. The same snapshot gives the same words."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.case_words import STATE_WORDS
from domain.errors import Text
from domain.report import (
    CaseLine,
    Day,
    Period,
    PlatformLine,
    ReportKind,
    Snapshot,
    Tally,
)
from domain.sentiment import Label
from presentation import formats, hostile
from presentation.wording import reason, word

NOTHING = "—"
TERM_SIGNS, BRAND_SIGNS = 8, 40
_SAME = 0.005
_WEEKDAYS = (
    Text("周一", "Mon"),
    Text("周二", "Tue"),
    Text("周三", "Wed"),
    Text("周四", "Thu"),
    Text("周五", "Fri"),
    Text("周六", "Sat"),
    Text("周日", "Sun"),
)


def short(text: str, limit: int) -> str:
    """Return a text as one harmless line of at most `limit` signs."""
    return hostile.excerpt(text, limit)


def quoted(text: str, limit: int) -> str:
    """Return crawled text as `short`, with addresses that no program makes links of."""
    return hostile.defang(short(text, limit))


@dataclass(frozen=True, slots=True)
class ReportWords:
    """Says a snapshot in one language (`zh` or `en`)."""

    snapshot: Snapshot
    language: str = "zh"

    def t(self, zh: str, en: str) -> str:
        """Return the sentence in the report's language."""
        return Text(zh, en).in_language(self.language)

    # ---- names of spans ----

    @property
    def period(self) -> Period:
        """The span that is told of."""
        return self.snapshot.period

    @property
    def weekly(self) -> bool:
        """Whether it is a week."""
        return self.period.kind is ReportKind.WEEK

    @property
    def issue(self) -> str:
        """`2026 年第 47 周`, or the day."""
        year, week, _ = self.period.first_day.isocalendar()
        if self.weekly:
            return self.t(f"{year} 年第 {week} 周", f"week {week} of {year}")
        return f"{self.period.first_day.isoformat()} {self.weekday(self.period.start)}"

    @property
    def span(self) -> str:
        """`2026-11-16 00:00 至 2026-11-22 24:00（UTC+8）`; how far it came while it lasts."""
        first, last = self.period.first_day.isoformat(), self.period.last_day.isoformat()
        mark = formats.zone_mark(self.period.start, self.period.zone)
        until = self.time(self.snapshot.data_until)
        over = self.snapshot.data_until >= self.period.end
        zh, en = (mark, mark) if over else (f"{mark}，截至 {until}", f"{mark}, up to {until}")
        return self.t(
            f"{first} 00:00 至 {last} 24:00（{zh}）", f"{first} 00:00 to {last} 24:00 ({en})"
        )

    @property
    def now_named(self) -> str:
        """本周 or 当日."""
        return self.t("本周", "this week") if self.weekly else self.t("当日", "the day")

    @property
    def before_named(self) -> str:
        """上周 or 前一日."""
        return (
            self.t("上周", "the week before") if self.weekly else self.t("前一日", "the day before")
        )

    @property
    def usual_named(self) -> str:
        """How the mean of the past is named, with how many periods could be used."""
        used, all_of = len(self.snapshot.usual), len(self.snapshot.past)
        part = (
            "" if used == all_of or not used else self.t(f"（{used} 期可比）", f" ({used} usable)")
        )
        if self.weekly:
            return self.t("近四周均值", "mean of 4 weeks") + part
        return self.t("近七日均值", "mean of 7 days") + part

    def weekday(self, moment: datetime) -> str:
        """周一 to 周日."""
        return _WEEKDAYS[moment.astimezone(self.period.zone).weekday()].in_language(self.language)

    def day(self, moment: datetime) -> str:
        """`11-21 周六`."""
        return f"{moment.astimezone(self.period.zone):%m-%d} {self.weekday(moment)}"

    def time(self, moment: datetime) -> str:
        """`11-21 10:31`."""
        return formats.short_time(moment, self.period.zone)

    # ---- comparisons ----

    def change(self, now: float, before: float | None) -> str:
        """`+20%`, `-8%`, `持平`, `新出现`, `—` where nothing can be compared."""
        if before is None:
            return NOTHING
        if not before:
            return self.t("新出现", "new") if now else self.t("持平", "same")
        by = now / before - 1
        if abs(by) < _SAME:
            return self.t("持平", "same")
        times = now / before
        return formats.multiple(times, self.language) if times >= 10 else f"{by:+.0%}"

    def points(self, now: float | None, before: float | None) -> str:
        """`+8.1 个百分点`, for shares."""
        if now is None or before is None:
            return NOTHING
        by = 100 * (now - before)
        if abs(by) < 0.05:
            return self.t("持平", "same")
        return self.t(f"{by:+.1f} 个百分点", f"{by:+.1f} points")

    @staticmethod
    def share(value: float | None) -> str:
        """`26.4%`; `—` where there is nothing to take a part of."""
        return NOTHING if value is None else f"{value * 100:.1f}%"

    @staticmethod
    def mean(value: float | None) -> str:
        """`121.4`; `—` where nothing is known."""
        return NOTHING if value is None else f"{value:,.1f}".removesuffix(".0")

    def took(self, span: timedelta | None) -> str:
        """`3 小时 20 分钟`; `—` where it did not come yet."""
        return NOTHING if span is None else formats.duration(span, self.language)

    def before_tally(self) -> Tally | None:
        """What was counted in the period before, where it can be compared with."""
        before = self.snapshot.before
        return before.tally if before else None

    # ---- what was not seen ----

    def gaps(self) -> list[str]:
        """Say what was not looked at: platforms never read, then days, each with its reasons."""
        told = [
            self.t(
                f"{self.platform(line)}：整个时段未采到，声量不含此平台{self._why(line)}",
                f"{self.platform(line)}: never read, not in the figures{self._why(line)}",
            )
            for line in self.unread()
        ]
        return told + [self._gap(day) for day in self.snapshot.days_with_gap]

    def unread(self) -> list[PlatformLine]:
        """The platforms of which nothing at all was read."""
        return [line for line in self.snapshot.lines if line.watched.unread]

    def platform(self, line: PlatformLine) -> str:
        """The platform's word."""
        return word(line.platform).in_language(self.language)

    def _why(self, line: PlatformLine) -> str:
        codes = [
            s.reason for s in self.snapshot.sources if s.platform is line.platform and s.reason
        ]
        return self._reasons(codes, line)

    def _reasons(self, codes: list[str], line: PlatformLine) -> str:
        words = [
            reason(code, line.platform).text.in_language(self.language)
            for code in dict.fromkeys(codes)
        ]
        return self.t(f"（{'；'.join(words)}）", f" ({'; '.join(words)})") if words else ""

    def _gap(self, day: Day) -> str:
        unread = {line.platform for line in self.unread()}
        bad = [
            source
            for source in self.snapshot.sources
            if source.start == day.start and source.reason and source.platform not in unread
        ]
        told = [
            f"{short(source.source_id, 40)} "
            + reason(source.reason, source.platform).text.in_language(self.language)
            for source in bad
        ]
        why = self.t(f"（{'；'.join(told)}）", f" ({'; '.join(told)})") if told else ""
        known, hours = day.watched.known, day.watched.hours
        return self.t(
            f"{self.day(day.start)}：采全 {known}/{hours} 平台小时{why}",
            f"{self.day(day.start)}: {known} of {hours} platform hours read{why}",
        )

    # ---- the overview that the system drafts ----

    def overview(self) -> list[str]:
        """Return three to six sentences, each with a number and, where it can be, its change."""
        sentences = [self._volume(), self._sentiment(), self._peak(), self._platforms()]
        sentences += [self._handling(), self._to_decide(), self._coverage()]
        return [sentence for sentence in sentences if sentence]

    def _volume(self) -> str:
        s, before = self.snapshot, self.before_tally()
        brand, total = short(s.brand_name, BRAND_SIGNS), f"{s.tally.total:,}"
        change = self.change(s.tally.total, before.total if before else None)
        usual = self.change(s.tally.total, s.usual_total)
        compared = ""
        if before:
            compared = self.t(
                f"，环比 {change}（{self.before_named} {before.total:,} 条），"
                f"与{self.usual_named}相比 {usual}",
                f", {change} on {self.before_named} ({before.total:,}), "
                f"{usual} on the {self.usual_named}",
            )
        else:
            compared = self.t(
                f"；{self.before_named}没有采全，不作环比",
                f"; {self.before_named} was not fully read, so nothing is compared",
            )
        return self.t(
            f"{self.now_named}采到提及「{brand}」的公开内容 {total} 条{compared}。",
            f"{total} public posts named {brand} in {self.now_named}{compared}.",
        )

    def _sentiment(self) -> str:
        s, before = self.snapshot, self.before_tally()
        if not s.tally.total:
            return ""
        share = self.share(s.tally.negative_share)
        points = self.points(s.tally.negative_share, before.negative_share if before else None)
        change = self.change(s.tally.negative, before.negative if before else None)
        compared = (
            self.t(f"，条数环比 {change}，占比 {points}", f", count {change}, share {points}")
            if before
            else ""
        )
        return self.t(
            f"负面 {s.tally.negative:,} 条，占 {share}{compared}。",
            f"{s.tally.negative:,} were negative, {share}{compared}.",
        )

    def _peak(self) -> str:
        peak = self.snapshot.peak
        if peak is None or not self.weekly:
            return ""
        cause = self.peak_cause(peak)
        return self.t(
            f"峰值在 {self.day(peak.start)}，{peak.tally.total:,} 条"
            f"（负面 {peak.tally.negative:,} 条）{f'，{cause}' if cause else ''}。",
            f"The peak was {self.day(peak.start)} with {peak.tally.total:,} "
            f"({peak.tally.negative:,} negative){f', {cause}' if cause else ''}.",
        )

    def peak_cause(self, peak: Day) -> str:
        """Say what stands out on the loudest day: its words, and the signals that began on it."""
        terms = [quoted(term, TERM_SIGNS) for term in self.snapshot.peak_words]
        marks = [m.signal_id for m in self.snapshot.marks if peak.start <= m.at < peak.end]
        parts = []
        if terms:
            in_brackets = "、".join(f"「{t}」" for t in terms)
            parts.append(self.t(f"集中于{in_brackets}", f"about {', '.join(terms)}"))
        if marks:
            listed = self.t("、", ", ").join(marks)
            parts.append(self.t(f"当日起预警 {listed}", f"when alert {listed} began"))
        return self.t("，", ", ").join(parts)

    def _platforms(self) -> str:
        lines = [line for line in self.snapshot.lines if line.tally.total]
        if not lines or not self.weekly:
            return ""
        loudest = max(lines, key=lambda line: line.tally.total)
        worst = max(lines, key=lambda line: line.tally.negative_share or 0.0)
        part = self.share(loudest.tally.total / self.snapshot.tally.total)
        return self.t(
            f"声量最大的是{self.platform(loudest)}，{loudest.tally.total:,} 条（{part}）；"
            f"负面率最高的是{self.platform(worst)}，{self.share(worst.tally.negative_share)}。",
            f"{self.platform(loudest)} was loudest with {loudest.tally.total:,} ({part}); the "
            f"negative share was highest on {self.platform(worst)}, "
            f"{self.share(worst.tally.negative_share)}.",
        )

    def _handling(self) -> str:
        h = self.snapshot.handling
        opened, closed = len(h.opened_in(self.period)), len(h.closed)
        answered = h.to_respond()
        took = (
            self.t(
                f"，首次回应中位数 {self.took(answered)}",
                f", median first answer {self.took(answered)}",
            )
            if answered
            else ""
        )
        return self.t(
            f"新开预警 {len(h.signals)} 次；工单新开 {opened} 件、办结 {closed} 件、"
            f"在办 {len(h.still_open)} 件{took}。",
            f"{len(h.signals)} alerts; {opened} cases opened, {closed} ended, "
            f"{len(h.still_open)} under way{took}.",
        )

    def _to_decide(self) -> str:
        urgent = [case for case in self.snapshot.handling.overdue if case.closed_at is None]
        waiting = [line.id for line in self.snapshot.handling.signals if line.late]
        parts = [self._owed(case) for case in urgent[:3]]
        if waiting:
            listed = self.t("、", ", ").join(waiting)
            parts.append(
                self.t(f"预警 {listed} 认领超时", f"alert {listed} was taken late or not yet")
            )
        if not parts:
            return ""
        joined = self.t("；", "; ").join(parts)
        return self.t(f"需要处理：{joined}。", f"To decide: {joined}.")

    def _owed(self, case: CaseLine) -> str:
        clocks = self.t("、", ", ").join(word(c).in_language(self.language) for c in case.overdue)
        state = STATE_WORDS[case.state].in_language(self.language)
        return self.t(
            f"工单 {case.id}（{state}）的{clocks}已超时",
            f"case {case.id} ({state}) is late: {clocks}",
        )

    def _coverage(self) -> str:
        gaps = self.gaps()
        if not gaps:
            return ""
        return self.t(
            f"采集有缺口 {len(gaps)} 处（见报告头），实际数字可能更高。",
            f"{len(gaps)} gaps in the crawl (see the head): the true figures may be higher.",
        )

    # ---- labels ----

    def label(self, label: Label) -> str:
        """负面, 中性, 正面."""
        return word(label).in_language(self.language)
