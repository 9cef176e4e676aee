"""A report as plain words and rows, the same for mail, Word and PDF; templates only place them.

Whatever was crawled or typed has been cleaned, cut and defanged here; templates still escape it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from domain.brand import ReportPlan
from domain.case_words import STATE_WORDS
from domain.report import (
    NegativePost,
    PlatformLine,
    Query,
    Report,
    ReportKind,
    ReportState,
    Snapshot,
    SourceDay,
    Tally,
    Topic,
)
from domain.sentiment import Label
from domain.signal import TopPost
from presentation.feed_link import feed_path
from presentation.hostile import clean_line, link_host, safe_link
from presentation.masking import mask_name
from presentation.report_words import BRAND_SIGNS, NOTHING, TERM_SIGNS, ReportWords, quoted, short
from presentation.wording import reason, word

_EXCERPT_SIGNS = 80
_LONGEST_PARAGRAPH = 2_000
_MOST_PARAGRAPHS = 60
_LONGEST_PROPOSAL = 300
_OF_A_DAY, _LEAST_OF_A_DAY = 5, 3


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its text, the address of the posts behind it (""), and whether it warns."""

    text: str
    link: str = ""
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table; `grey` where part of what it counts was not looked at."""

    cells: tuple[Cell, ...]
    grey: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its headings; all columns but the first are numbers unless `texts` is set."""

    headings: tuple[str, ...]
    rows: tuple[Row, ...]
    texts: bool = False


@dataclass(frozen=True, slots=True)
class Tile:
    """A headline figure."""

    label: str
    value: str
    note: str
    link: str = ""
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Quote:
    """A post, short and masked. `link` is None where it is no plain address."""

    head: str
    text: str
    link: str | None
    host: str
    facts: str = ""


@dataclass(frozen=True, slots=True)
class TopicView:
    """One topic."""

    name: str
    facts: str
    link: str
    quotes: tuple[Quote, ...]


@dataclass(frozen=True)
class ReportView:
    """The words of one report in one language; `public_url` has no slash at its end."""

    report: Report
    plan: ReportPlan = field(default_factory=ReportPlan)
    public_url: str = ""
    language: str = "zh"

    @property
    def s(self) -> Snapshot:
        """The frozen figures."""
        return self.report.snapshot

    @cached_property
    def say(self) -> ReportWords:
        """What says them."""
        return ReportWords(self.report.snapshot, self.language)

    def t(self, zh: str, en: str) -> str:
        """Return the sentence in the report's language."""
        return self.say.t(zh, en)

    # ---- 0 head ----

    @property
    def weekly(self) -> bool:
        """Whether it is the weekly one."""
        return self.report.kind is ReportKind.WEEK

    @property
    def brand(self) -> str:
        """The brand's name."""
        return short(self.s.brand_name, BRAND_SIGNS)

    @property
    def title(self) -> str:
        """`云栈茶饮 网络口碑周报`."""
        kind = self.t("周报", "weekly") if self.weekly else self.t("日报", "daily")
        return self.t(f"{self.brand} 网络口碑{kind}", f"{self.brand}: {kind} reputation report")

    @property
    def subject(self) -> str:
        """The subject of the mail: what it is, and the sentence of the period."""
        total, negative = self.s.tally.total, self.s.tally.negative
        kind = word(self.report.kind).in_language(self.language)
        head = self.t(f"【口碑{kind}】", f"[Reputation {kind}] ")
        demo = self.t("【演示】", "[DEMO] ") if self.s.demo else ""
        return demo + self.t(
            f"{head}{self.brand} {self.say.issue}：声量 {total:,}，负面 {negative:,}，"
            f"{self.verdict}",
            f"{head}{self.brand}, {self.say.issue}: {total:,} posts, {negative:,} negative, "
            f"{self.verdict}",
        )

    @property
    def state(self) -> str:
        """草稿, 已审, 已发."""
        return word(self.report.state).in_language(self.language)

    @property
    def is_draft(self) -> bool:
        """Whether nobody has reviewed a weekly report yet."""
        return self.weekly and self.report.state is ReportState.DRAFT

    @property
    def verdict(self) -> str:
        """The most serious level of the period, or 平稳."""
        if self.s.level is None:
            return self.t("无预警", "no alert")
        return word(self.s.level).in_language(self.language)

    @property
    def tone(self) -> str:
        """The level's code for colours, `calm` where there is none."""
        return self.s.level.value if self.s.level else "calm"

    @property
    def head(self) -> list[tuple[str, str]]:
        """The head of the report as (term, text)."""
        platforms = [word(p).in_language(self.language) for p in self.s.platforms]
        names = [short(watch.name, 40) for watch in self.s.watches]
        made_by = short(self.report.maker_name, 40) or self.t("系统自动生成", "the system")
        people = [
            (self.t("制作", "Made by"), made_by),
            (self.t("审核", "Reviewed by"), self._reviewer()),
        ]
        return [
            (self.t("期号", "Issue"), self.say.issue),
            (self.t("监测时段", "Period"), self.say.span),
            (self.t("监测平台", "Platforms"), self._join(platforms)),
            (self.t("监测方案", "Watches"), self._join(names)),
            *(people if self.weekly else []),
            (self.t("密级", "Classification"), self.classification),
        ]

    @property
    def classification(self) -> str:
        """密级."""
        return short(self.plan.confidentiality, 20) or NOTHING

    @property
    def definitions(self) -> list[tuple[str, str]]:
        """口径: how copies are treated, who judged, what heat is, what was read when."""
        models = [f"{short(name, 40) or NOTHING}（{n:,}）" for name, n in self.s.judging.models]
        person = self.s.judging.by_person
        judged = self.t(
            f"{'、'.join(models) or '未设置'}；人工改判 {person:,} 条，优先于模型",
            f"{', '.join(models) or 'none'}; {person:,} corrected by people, who come first",
        )
        now, version = self.say.time(self.s.taken_at), self.s.configuration_version
        return [
            (
                self.t("去重", "Copies"),
                self.t(
                    "同一条内容只计一次（按平台编号）；转发与相似内容各算一条声音。"
                    "垃圾信息与自有账号不计。",
                    "A post counts once (by its platform id); reposts and near copies are voices "
                    "of their own. Spam and own accounts do not count.",
                ),
            ),
            (self.t("情感模型", "Sentiment"), judged + self._agreement()),
            (
                self.t("热度", "Heat"),
                self.t(
                    "影响力（热度）= 点赞 + 评论 + 转发；平台未公开的计数不计入。",
                    "Reach (heat) = likes + comments + reposts; counts that are not shown are left "
                    "out.",
                ),
            ),
            (
                self.t("时间", "Time"),
                self.t(
                    f"按发布时间计；数据读取于 {now}，配置第 {version} 版。",
                    f"By time of publication; read at {now}, configuration version {version}.",
                ),
            ),
        ]

    @property
    def gaps(self) -> list[str]:
        """采集缺口, one a line."""
        return self.say.gaps()

    # ---- 1 overview ----

    @property
    def overview(self) -> list[str]:
        """What the analyst wrote, else what the system drafts."""
        return paragraphs(self.report.edits.overview) or self.say.overview()

    @property
    def overview_by(self) -> str:
        """Who wrote the overview."""
        if paragraphs(self.report.edits.overview):
            return self.t("分析员撰写", "written by the analyst")
        return self.t("系统据统计自动生成", "drafted by the system from the figures")

    @property
    def tiles(self) -> list[Tile]:
        """The four headline figures."""
        s, say, before = self.s, self.say, self.say.before_tally()
        h = s.handling
        on = self.t("环比", "change")
        return [
            Tile(
                self.t("总声量", "Posts"),
                f"{s.tally.total:,}",
                f"{on} {say.change(s.tally.total, before.total if before else None)}",
                self.link(s.tally.query),
            ),
            Tile(
                self.t("负面", "Negative"),
                f"{s.tally.negative:,}",
                f"{on} {say.change(s.tally.negative, before.negative if before else None)}",
                self.link(self._only(s.tally.query, Label.NEGATIVE)),
            ),
            Tile(
                self.t("负面率", "Negative share"),
                say.share(s.tally.negative_share),
                say.points(s.tally.negative_share, before.negative_share if before else None),
            ),
            Tile(
                self.t("预警 / 在办工单", "Alerts / open cases"),
                f"{len(h.signals)} / {len(h.still_open)}",
                self.t(f"超时 {len(h.overdue)} 件", f"{len(h.overdue)} late"),
                bad=bool(h.overdue),
            ),
        ]

    # ---- 2 volume ----

    @property
    def volume(self) -> Table:
        """The totals against the period before and the mean of the past."""
        s, say = self.s, self.say
        before = say.before_tally()
        usual = s.usual
        rows = [
            self._compared(
                self.t("总声量", "Posts"),
                s.tally.total,
                before.total if before else None,
                s.usual_total,
                s.tally.query,
            ),
            self._compared(
                self.t("负面", "Negative"),
                s.tally.negative,
                before.negative if before else None,
                s.usual_negative,
                self._only(s.tally.query, Label.NEGATIVE),
            ),
            self._compared(
                self.t("影响力（赞+评+转）", "Reach"),
                s.tally.interactions,
                before.interactions if before else None,
                sum(p.tally.interactions for p in usual) / len(usual) if usual else None,
            ),
        ]
        if self.weekly:
            rows.insert(1, self._daily_mean(before))
        return Table(
            ("", say.now_named, say.before_named, self.t("环比", "Change"), say.usual_named),
            tuple(rows),
        )

    @property
    def volume_notes(self) -> list[str]:
        """The peak with its cause, and how many people said how much of it twice."""
        notes = []
        peak = self.s.peak
        if peak is not None and self.weekly:
            cause = self.say.peak_cause(peak)
            told = f"{self.say.day(peak.start)}，{peak.tally.total:,}"
            notes.append(
                self.t(f"峰值：{told} 条。", f"Peak: {told}.") + (f"{cause}。" if cause else "")
            )
        if not self.weekly and self.s.peak_words:
            terms = self._join([quoted(w, TERM_SIGNS) for w in self.s.peak_words])
            notes.append(self.t(f"热词：{terms}。", f"Hot words: {terms}."))
        notes.append(
            self.t(
                f"独立作者 {self.s.authors:,} 人；相似内容 {self.s.near_copies:,} 条。",
                f"{self.s.authors:,} authors; {self.s.near_copies:,} near copies.",
            )
        )
        return notes

    # ---- 3 sentiment ----

    @property
    def sentiment(self) -> Table:
        """The three shares with their change."""
        before = self.say.before_tally()
        rows = [self._share_row(label, before) for label in Label]
        left = self.s.tally.total - self.s.tally.judged
        if left:
            share = self.say.share(left / self.s.tally.total)
            rows.append(_row(self.t("未判定", "not judged"), f"{left:,}", share, NOTHING, NOTHING))
        headings = (
            "",
            self.t("条数", "Posts"),
            self.t("占比", "Share"),
            self.say.before_named,
            self.t("变化", "Change"),
        )
        return Table(headings, tuple(rows))

    @property
    def sentiment_note(self) -> str:
        """How many people corrected, and how often they agreed."""
        count = f"{self.s.judging.by_person:,}"
        unmeasured = self.t("；尚无可测一致率的复核", "; nothing yet to measure agreement on")
        measured = self._agreement() or unmeasured
        return self.t(f"人工改判 {count} 条{measured}。", f"{count} labels by people{measured}.")

    # ---- 4 platforms ----

    @property
    def platforms(self) -> Table:
        """Volume, negative share and reach of each platform."""
        headings = (
            "",
            self.t("声量", "Posts"),
            self.t("环比", "Change"),
            self.t("负面", "Negative"),
            self.t("负面率", "Share"),
            self.t("影响力", "Reach"),
            self.t("采全", "Read"),
        )
        return Table(headings, tuple(self._platform_row(line) for line in self.s.lines))

    # ---- 5 course ----

    @property
    def days(self) -> Table:
        """The days; grey ones were not read as a whole, days to come are left out."""
        rows = [
            Row(
                (
                    Cell(self.say.day(day.start)),
                    Cell(f"{day.tally.total:,}", self.link(day.tally.query)),
                    *(
                        Cell(
                            f"{day.tally.of(label):,}",
                            self.link(self._only(day.tally.query, label)),
                        )
                        for label in Label
                    ),
                    Cell(self.say.share(day.tally.negative_share)),
                    Cell(self._read(day.watched.known, day.watched.hours)),
                ),
                grey=day.watched.has_gap,
            )
            for day in self.s.days
            if day.watched.hours or day.tally.total
        ]
        headings = (
            "",
            self.t("声量", "Posts"),
            *(self.say.label(label) for label in Label),
            self.t("负面率", "Share"),
            self.t("采全", "Read"),
        )
        return Table(headings, tuple(rows))

    # ---- 6 topics ----

    @property
    def topics(self) -> list[TopicView]:
        """The topics with a few quotes."""
        return [self._topic(topic) for topic in self.s.topics]

    # ---- 7 negative posts ----

    @property
    def negatives(self) -> list[Quote]:
        """The negative posts of the highest reach: ten of a week; of a day, which is one
        page, three to five.
        """
        lines = len(self.s.handling.signals) + len(self.s.handling.cases)
        of_a_day = max(_LEAST_OF_A_DAY, _OF_A_DAY - lines)
        shown = self.s.negatives if self.weekly else self.s.negatives[:of_a_day]
        return [self._negative(post) for post in shown]

    @property
    def negatives_link(self) -> str:
        """Where all negatives of the period stand."""
        return self.link(self._only(self.s.tally.query, Label.NEGATIVE))

    # ---- 8 handling ----

    @property
    def handling(self) -> list[tuple[str, str]]:
        """The figures of handling as (name, value)."""
        h, say = self.s.handling, self.say
        in_time, false_alarms = say.share(h.in_time), say.share(h.false_alarms)
        return [
            (self.t("新开预警", "Alerts"), f"{len(h.signals)}"),
            (self.t("误报率", "False alarms"), false_alarms),
            (self.t("新开工单", "Cases opened"), f"{len(h.opened_in(self.s.period))}"),
            (self.t("办结工单", "Cases ended"), f"{len(h.closed)}"),
            (self.t("在办工单", "Cases open"), f"{len(h.still_open)}"),
            (self.t("认领用时（中位数）", "Median time to triage"), say.took(h.to_triage())),
            (self.t("首次回应（中位数）", "Median first answer"), say.took(h.to_respond())),
            (self.t("办结用时（中位数）", "Median time to close"), say.took(h.to_close())),
            (self.t("时限达成率", "Done in time"), in_time),
            (self.t("超时工单", "Late cases"), f"{len(h.overdue)}"),
        ]

    @property
    def signals(self) -> Table:
        """The signals of the period."""
        rows = tuple(
            Row(
                (
                    Cell(line.id, self._page(f"/alerts?id={line.id}")),
                    Cell(self.say.time(line.opened_at)),
                    Cell(word(line.level).in_language(self.language)),
                    Cell(self._peak(line.observed, line.mean)),
                    Cell(
                        self._signal_state(
                            line.false_alarm, word(line.state).in_language(self.language)
                        )
                    ),
                    Cell(self.say.took(line.to_acknowledge), bad=line.late),
                )
            )
            for line in self.s.handling.signals
        )
        headings = (
            self.t("预警", "Alert"),
            self.t("开始", "Opened"),
            self.t("等级", "Level"),
            self.t("每小时负面（平时）", "Negatives an hour (usual)"),
            self.t("状态", "State"),
            self.t("认领用时", "Taken after"),
        )
        return Table(headings, rows, texts=True)

    @property
    def cases(self) -> Table:
        """The cases of the period, with what is late."""
        rows = tuple(
            Row(
                (
                    Cell(case.id, self._page(f"/case?id={case.id}")),
                    Cell(short(case.title, 30)),
                    Cell(word(case.level).in_language(self.language)),
                    Cell(STATE_WORDS[case.state].in_language(self.language)),
                    Cell(short(case.owner, 20) or NOTHING),
                    Cell(
                        self._join([word(c).in_language(self.language) for c in case.overdue])
                        or NOTHING,
                        bad=bool(case.overdue),
                    ),
                )
            )
            for case in self.s.handling.cases
        )
        headings = (
            self.t("工单", "Case"),
            self.t("事项", "Matter"),
            self.t("等级", "Level"),
            self.t("状态", "State"),
            self.t("负责人", "Owner"),
            self.t("超时", "Late"),
        )
        return Table(headings, rows, texts=True)

    # ---- 9 the analyst's ----

    @property
    def assessment(self) -> list[str]:
        """研判, in paragraphs."""
        return paragraphs(self.report.edits.assessment)

    @property
    def proposals(self) -> Table:
        """建议, each with who and until when."""
        rows = tuple(
            _row(
                f"{number}",
                short(p.text, _LONGEST_PROPOSAL),
                short(p.owner, 40) or NOTHING,
                short(p.due, 20) or NOTHING,
            )
            for number, p in enumerate(
                (p for p in self.report.edits.proposals if p.text.strip()), start=1
            )
        )
        headings = (
            self.t("序", "No."),
            self.t("建议", "Proposal"),
            self.t("负责人", "Owner"),
            self.t("期限", "Due"),
        )
        return Table(headings, rows, texts=True)

    # ---- 10 appendix ----

    @property
    def watches(self) -> Table:
        """The watches as they held."""
        rows = tuple(
            _row(
                short(watch.name, 40),
                self._words(watch.queries),
                self._words(watch.words),
                self._words(watch.without),
            )
            for watch in self.s.watches
        )
        headings = (
            self.t("方案", "Watch"),
            self.t("检索词", "Queries"),
            self.t("命中词", "Words"),
            self.t("排除词", "Excluded"),
        )
        return Table(headings, rows, texts=True)

    @property
    def sources(self) -> Table:
        """How each source was read on each day: good looks of all, with the reason of the rest."""
        starts = list(dict.fromkeys(source.start for source in self.s.sources))
        names = list(dict.fromkeys(source.source_id for source in self.s.sources))
        by = {(source.source_id, source.start): source for source in self.s.sources}
        rows = []
        for name in names:
            cells = [self._source_cell(by.get((name, start))) for start in starts]
            rows.append(Row((Cell(short(name, 40)), *cells)))
        days = tuple(f"{start.astimezone(self.s.period.zone):%m-%d}" for start in starts)
        return Table((self.t("来源", "Source"), *days), tuple(rows))

    @property
    def source_reasons(self) -> list[str]:
        """Why looks failed, a line a source and reason."""
        told: dict[str, None] = {}
        for source in self.s.sources:
            if source.reason:
                why = reason(source.reason, source.platform)
                fact, mend = (
                    why.text.in_language(self.language),
                    why.mend.in_language(self.language),
                )
                told.setdefault(
                    self.t(
                        f"{short(source.source_id, 40)}：{fact} → {mend}",
                        f"{short(source.source_id, 40)}: {fact} → {mend}",
                    )
                )
        return list(told)

    @property
    def method(self) -> list[str]:
        """How to read the figures."""
        return [
            self.t(
                "每个数字都保留了当时的查询条件，点击可打开对应内容；此后新采集、改判或删除的内容"
                "会使打开的条数与报告不同。",
                "Each figure keeps its query and opens its posts. What is read, corrected or "
                "erased later makes that number differ from the report's.",
            ),
            self.t(
                "环比与均值只用采全九成以上的时段；未采全的日期以灰色标出，数字为下限。",
                "Only periods that were read to nine tenths are compared with; days that were not "
                "read as a whole are grey, and their figures are lower bounds.",
            ),
            self.t(
                "时限达成率 = 按时完成的时限 ÷（按时完成 + 超时）；作者以首字加 ** 显示。",
                "Done in time = clocks met / (met + run out); authors are masked.",
            ),
        ]

    def link(self, query: Query) -> str:
        """Return the address of the posts behind a figure, "" where no public address is set."""
        return self._page(feed_path(query))

    # ---- parts ----

    @cached_property
    def _whole_days(self) -> frozenset[datetime]:
        """The days that were looked at as a whole, be it later."""
        return frozenset(day.start for day in self.s.days if not day.watched.has_gap)

    def _reviewer(self) -> str:
        if self.report.reviewed_at is None:
            return self.t("未审核", "not reviewed")
        return f"{short(self.report.reviewer_name, 40)} {self.say.time(self.report.reviewed_at)}"

    def _agreement(self) -> str:
        """What people thought of the labels: of a random sample, and of what struck them."""
        j = self.s.judging
        if not j.looked_at:
            return ""
        own, agreed = j.looked_at - j.sampled, j.agreed - j.sampled_agreed
        told = self._of_sample() if j.sampled else ""
        if own:
            told += self.t(
                f"；自发核对 {own:,} 条，一致 {agreed:,} 条（多为看着不对的，不代表全部）",
                f"; of {own:,} that people picked they agreed with {agreed:,} (mostly what looked "
                "wrong: not typical of all)",
            )
        return told

    def _of_sample(self) -> str:
        j = self.s.judging
        if j.sampled_low is None or j.sampled_high is None:
            return self.t(
                f"；随机抽样核对 {j.sampled:,} 条，样本不足，不给百分比",
                f"; {j.sampled:,} of a random sample checked: too few for a percentage",
            )
        part = self.say.share(j.sampled_agreed / j.sampled)
        low, high = self.say.share(j.sampled_low), self.say.share(j.sampled_high)
        return self.t(
            f"；随机抽样核对 {j.sampled:,} 条，与模型一致 {part}（95% 区间 {low} 至 {high}）",
            f"; of a random sample of {j.sampled:,} people agreed with {part} "
            f"(95% interval {low} to {high})",
        )

    def _compared(
        self,
        name: str,
        now: float,
        before: float | None,
        usual: float | None,
        query: Query | None = None,
    ) -> Row:
        return Row(
            (
                Cell(name),
                Cell(self.say.mean(now), self.link(query) if query else ""),
                Cell(self.say.mean(before)),
                Cell(self.say.change(now, before)),
                Cell(self.say.mean(usual)),
            )
        )

    def _daily_mean(self, before: Tally | None) -> Row:
        lasted = max(1, sum(1 for day in self.s.days if day.watched.hours))
        usual = self.s.usual_total
        return self._compared(
            self.t("日均声量", "Posts a day"),
            self.s.tally.total / lasted,
            before.total / 7 if before else None,
            usual / 7 if usual is not None else None,
        )

    def _share_row(self, label: Label, before: Tally | None) -> Row:
        now, then = self.s.tally.share(label), before.share(label) if before else None
        return Row(
            (
                Cell(self.say.label(label)),
                Cell(
                    f"{self.s.tally.of(label):,}", self.link(self._only(self.s.tally.query, label))
                ),
                Cell(self.say.share(now)),
                Cell(self.say.share(then)),
                Cell(self.say.points(now, then)),
            )
        )

    def _platform_row(self, line: PlatformLine) -> Row:
        comparable = self.s.before is not None
        bad = self._only(line.tally.query, Label.NEGATIVE)
        return Row(
            (
                Cell(self.say.platform(line)),
                Cell(f"{line.tally.total:,}", self.link(line.tally.query)),
                Cell(self.say.change(line.tally.total, line.before.total if comparable else None)),
                Cell(f"{line.tally.negative:,}", self.link(bad)),
                Cell(self.say.share(line.tally.negative_share)),
                Cell(f"{line.tally.interactions:,}"),
                Cell(self._read(line.watched.known, line.watched.hours)),
            ),
            grey=line.watched.has_gap,
        )

    def _read(self, known: int, hours: int) -> str:
        if not hours:
            return NOTHING
        return self.t("全", "all") if known == hours else f"{known * 100 // hours}%"

    def _topic(self, topic: Topic) -> TopicView:
        words = [quoted(w, TERM_SIGNS) for w in (topic.word, *topic.companions)]
        before = topic.before if self.s.before is not None else None
        start, end = self.say.time(topic.first_at), self.say.time(topic.last_at)
        facts = self.t(
            f"{topic.tally.total:,} 条（负面 {self.say.share(topic.tally.negative_share)}，"
            f"环比 {self.say.change(topic.tally.total, before)}） · {start} 至 {end}"
            f" · 相似内容 {topic.near_copies:,} 条",
            f"{topic.tally.total:,} posts ({self.say.share(topic.tally.negative_share)} negative, "
            f"{self.say.change(topic.tally.total, before)}) · {start} to {end}"
            f" · {topic.near_copies:,} near copies",
        )
        first = self._quote(topic.first_post, self.t("首发", "first"))
        views = tuple(self._quote(v, self.t("主要观点", "view")) for v in topic.views)
        return TopicView(" · ".join(words), facts, self.link(topic.tally.query), (first, *views))

    def _negative(self, negative: NegativePost) -> Quote:
        facts = []
        if negative.level:
            facts.append(word(negative.level).in_language(self.language))
        if negative.signal_id:
            facts.append(negative.signal_id)
        if negative.case_id and negative.case_state:
            state = STATE_WORDS[negative.case_state].in_language(self.language)
            facts.append(f"{negative.case_id} {state}")
        elif self.weekly:
            facts.append(self.t("未建工单", "no case"))
        return self._quote(negative.post, "", " · ".join(facts))

    def _quote(self, post: TopPost, role: str, facts: str = "") -> Quote:
        link = safe_link(post.url)
        author = mask_name(post.author[:100])
        head = [
            role,
            self.say.time(post.published_at),
            word(post.platform).in_language(self.language),
            f"@{author}" if author else self.t("作者未知", "author unknown"),
            self.t(f"影响力 {post.interactions:,}", f"reach {post.interactions:,}"),
            self.t(f"相似 {post.near_copies:,} 条", f"{post.near_copies:,} copies")
            if post.near_copies
            else "",
        ]
        return Quote(
            " · ".join(part for part in head if part),
            quoted(post.excerpt, _EXCERPT_SIGNS),
            link,
            link_host(link) if link else "",
            facts,
        )

    def _peak(self, observed: int, mean: float | None) -> str:
        usual = NOTHING if mean is None else f"{mean:.1f}"
        return self.t(f"{observed:,}（{usual}）", f"{observed:,} ({usual})")

    def _signal_state(self, false_alarm: bool, state: str) -> str:
        return self.t("误报", "false alarm") if false_alarm else state

    def _source_cell(self, source: SourceDay | None) -> Cell:
        if source is None or not source.looks:
            later = source is not None and source.start in self._whole_days
            return Cell(self.t("补采", "later") if later else self.t("未采", "none"), bad=not later)
        return Cell(f"{source.good}/{source.looks}", bad=source.good < source.looks)

    def _words(self, words: Iterable[str]) -> str:
        return self._join([short(w, 20) for w in words][:12]) or NOTHING

    def _join(self, parts: list[str]) -> str:
        return self.t("、", ", ").join(part for part in parts if part)

    def _page(self, path: str) -> str:
        return f"{self.public_url}{path}" if self.public_url else ""

    @staticmethod
    def _only(query: Query, label: Label) -> Query:
        return Query(query.brand_id, query.start, query.end, query.platforms, (label,), query.words)


def paragraphs(text: str) -> list[str]:
    """Return typed text as harmless paragraphs, each one line."""
    lines = (clean_line(line[:_LONGEST_PARAGRAPH]) for line in text.splitlines())
    return [line for line in lines if line][:_MOST_PARAGRAPHS]


def _row(*texts: str) -> Row:
    return Row(tuple(Cell(text) for text in texts))
