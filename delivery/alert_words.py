"""What an alert mail says, sentence by sentence: a signal and its context become words.

Templates only place these words. Everything crawled (terms, excerpts, names, addresses) leaves this
module cleaned, cut and defanged; escaping is the template's.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from domain.alert import AlertContext, CoverageNote, MailStage
from domain.brand import Recipient, Sensitivity
from domain.coverage import CoverageState
from domain.errors import Text
from domain.mention import Platform
from domain.signal import Signal, SignalState, TopPost
from presentation import formats
from presentation.hostile import clean_line, excerpt, link_host, quotation, safe_link
from presentation.masking import mask_name
from presentation.wording import ROMAN, reason, word

SUBJECT_LIMIT = 78
_TOPIC_TERMS, _TERM_SIGNS, _TOPIC_SIGNS = 2, 8, 14
_SHOWN_POSTS, _SHOWN_TERMS, _EXCERPT_SIGNS = 3, 10, 80
_RARE = 0.5
"""Below this many an hour a multiple says nothing: 3 instead of 0.05 is not "60 times as much"."""


@dataclass(frozen=True, slots=True)
class Action:
    """A link to a page that asks before it does anything (GET never changes state)."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its name and what to compare it with."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour of the chart; `share` 0 to 1 of the highest, `hot` since the onset."""

    label: str
    negative: int
    known: bool
    share: float
    hot: bool


@dataclass(frozen=True, slots=True)
class Post:
    """One representative post as the mail shows it."""

    head: str
    excerpt: str
    facts: str
    link: str | None
    host: str
    platform: str


@dataclass(frozen=True, slots=True)
class AlertWords:
    """Every text of one alert mail in one language, computed from frozen facts."""

    signal: Signal
    stage: MailStage
    context: AlertContext
    recipient: Recipient
    language: str = "zh"

    def t(self, zh: str, en: str) -> str:
        """Return the sentence in the language of this mail."""
        return Text(zh, en).in_language(self.language)

    # who and what

    @property
    def brand(self) -> str:
        """The brand's name, short enough for a subject."""
        return quotation(self.context.brand_name, 24)

    @property
    def tone(self) -> str:
        """Which colours the band has: the level's, or `calm` for the closing mail."""
        return "calm" if self.stage is MailStage.CLOSING else self.signal.level.value

    @property
    def badge(self) -> str:
        """`橙色预警`, `橙色预警·更新`, `解除`: the level in words, colour is never alone."""
        level = word(self.signal.level).in_language(self.language)
        if self.stage is MailStage.CLOSING:
            return self.t("解除", "All clear")
        return level + (self.t("·更新", ", update") if self.stage is MailStage.UPDATE else "")

    @property
    def grade(self) -> str:
        """`Ⅱ 级`; for the closing mail the level that the alert had."""
        if self.stage is MailStage.CLOSING:
            return self.t("原", "was ") + word(self.signal.level).in_language(self.language)
        return self.t(f"{ROMAN[self.signal.level]} 级", f"grade {ROMAN[self.signal.level]}")

    @property
    def when(self) -> str:
        """The local time of what happened, with its zone."""
        moment = {
            MailStage.OPENING: self.signal.opened_at,
            MailStage.UPDATE: self.signal.updated_at,
            MailStage.CLOSING: self.signal.closed_at or self.signal.updated_at,
        }[self.stage]
        return f"{formats.full_time(moment, self._zone)} {formats.zone_mark(moment, self._zone)}"

    # the subject and what a phone shows of the mail before it is opened

    @property
    def subject(self) -> str:
        """At most 78 signs; the topic is cut first, the brand next, the alert's id never."""
        end = f"|{clean_line(self.signal.id)}"
        for place in (self._place(18), self._place(6), self._main_platform, ""):
            line = self._subject_start(self.brand) + (f"|{place}" if place else "") + end
            if len(line) <= SUBJECT_LIMIT:
                return line
        return self._subject_start(excerpt(self.brand, 8))[: SUBJECT_LIMIT - len(end)] + end

    @property
    def preheader(self) -> str:
        """The line that mail programs show under the subject."""
        if self.stage is MailStage.CLOSING:
            return self.sentence
        parts = [self._count_against_usual, self.first_seen, self._state, self._next_deadline]
        return self.t("，", ", ").join(part for part in parts if part)

    @property
    def headline(self) -> str:
        """The mail in one short line."""
        if self.stage is MailStage.CLOSING:
            return self.t(f"{self.brand}：负面已回落", f"{self.brand}: negatives have subsided")
        if self.stage is MailStage.UPDATE and self._growth:
            news = self.t("，", ", ").join(filter(None, (self._growth, self._raised)))
            return self.t(f"{self.brand}：{news}", f"{self.brand}: {news}")
        return self.t(f"{self.brand}：{self._rise}", f"{self.brand}: {self._rise}")

    @property
    def sentence(self) -> str:
        """What is the case, with numbers, and who said it first."""
        told = self._over if self.stage is MailStage.CLOSING else self._burning
        if not self.first_seen:
            return told
        return told + self.t(f"{self.first_seen}。", f" F{self.first_seen[1:]}.")

    # what to do

    @property
    def steps(self) -> list[str]:
        """What the reader does now, in order; deadlines are local clock times."""
        if self.stage is MailStage.CLOSING:
            return [
                self.t(
                    "解除只表示负面量已回落，不表示事件已处理完；已承诺的回应请继续跟进。",
                    "The volume has subsided; that does not mean the matter is settled. "
                    "Keep every promise made.",
                )
            ]
        return [*self._acknowledge_step, self._verify_step, self._response_step]

    @property
    def actions(self) -> list[Action]:
        """Links to pages that exist, the first being the main one; none without a public URL."""
        page = f"{self.context.public_url}/alerts?id={clean_line(self.signal.id)}"
        if safe_link(page) is None:
            return []
        if self.stage is MailStage.CLOSING:
            return [Action(self.t("查看经过", "See what happened"), page)]
        return [Action(self.t("查看预警", "Open the alert"), page)]

    # the numbers

    @property
    def figures(self) -> list[Figure]:
        """The numbers behind the alarm, each with what is usual."""
        facts = self.signal.figures
        unknown = self.t("未知", "unknown")
        authors = unknown if facts.distinct_authors is None else f"{facts.distinct_authors:,}"
        share = unknown if facts.share is None else formats.share(facts.share)
        reach = sum(post.interactions for post in self.signal.top_posts)
        return [
            Figure(self.t("负面 / 小时", "Negatives / hour"), self._observed, self._usual_note),
            Figure(self.t("相当于平时", "Against usual"), self._multiple, self._record_note),
            Figure(self.t("负面占比", "Negative share"), share, self._share_note),
            Figure(self.t("独立作者", "Distinct authors"), authors, self._copies_note),
            Figure(
                self.t("代表内容转评赞", "Interactions, top posts"),
                formats.count(reach, self.language),
                self.t(
                    f"{len(self.signal.top_posts)} 条合计", f"{len(self.signal.top_posts)} posts"
                ),
            ),
            Figure(
                self.t("开始于", "Since"),
                formats.near_time(self.signal.onset_at, self.context.data_until, self._zone),
                self.t(f"峰值 {self._peak} 条/小时", f"peak {self._peak} an hour"),
            ),
        ]

    @property
    def platforms(self) -> str:
        """`微博 44 · 知乎 2 · 贴吧 未能采集`: a platform that was not read never shows a zero."""
        missing = {note.platform for note in self.context.coverage}
        parts = []
        for platform in sorted(
            {*self.signal.platform_counts, *missing},
            key=lambda p: (-self.signal.platform_counts.get(p, 0), list(Platform).index(p)),
        ):
            name = word(platform).in_language(self.language)
            told = self.signal.platform_counts.get(platform, 0)
            if platform not in missing:
                parts.append(f"{name} {told:,}")
            elif told:
                parts.append(f"{name} ≥ {told:,}" + self.t("（未采全）", " (not fully read)"))
            else:
                parts.append(name + self.t(" 未能采集", " not read"))
        return " · ".join(parts)

    # the chart

    @property
    def bars(self) -> list[Bar]:
        """The last hours, scaled to the highest of them and of the usual count."""
        top = self._scale
        return [
            Bar(
                label=f"{hour.start.astimezone(self._zone):%H}",
                negative=hour.negative,
                known=hour.known,
                share=hour.negative / top,
                hot=hour.start + timedelta(hours=1) > self.signal.onset_at,
            )
            for hour in self.context.hours
        ]

    @property
    def usual_bar(self) -> Bar | None:
        """The bar of the usual hour, to compare by eye; None while it is not known."""
        mean = self.signal.figures.mean
        if mean is None:
            return None
        return Bar(self.t("平时", "usual"), round(mean), True, mean / self._scale, False)

    @property
    def unknown_hours(self) -> int:
        """How many hours of the chart were not fully read."""
        return sum(not bar.known for bar in self.bars)

    @property
    def chart_told(self) -> str:
        """The chart in words, for who cannot see it."""
        known = [bar for bar in self.bars if bar.known]
        peak = max(known, key=lambda bar: bar.negative, default=None)
        if peak is None:
            return self.t("各小时均未完整采集", "no hour was fully read")
        told = self.t(
            f"每小时负面条数，最高 {peak.label} 时 {peak.negative} 条",
            f"negatives per hour, highest {peak.negative} at {peak.label}:00",
        )
        return told + (f"{self.t('；', '; ')}{self.gaps_told}" if self.unknown_hours else "")

    @property
    def gaps_told(self) -> str:
        """What the gaps of the chart mean; "" when there are none."""
        if not self.unknown_hours:
            return ""
        return self.t(
            f"{self.unknown_hours} 个小时未完整采集，画作「?」，不代表 0 条",
            f"{self.unknown_hours} hours were not fully read, drawn as “?”: not known, not zero",
        )

    # the posts behind it

    @property
    def posts(self) -> list[Post]:
        """The representative posts: masked, cut, with a link only where it is a plain one."""
        return [self._post(post) for post in self.signal.top_posts[:_SHOWN_POSTS]]

    @property
    def first_seen(self) -> str:
        """`首发 @王** 10:12`, or "" while it is not known."""
        post = self.signal.first_post
        if post is None:
            return ""
        at = formats.near_time(post.published_at, self.context.data_until, self._zone)
        name = self._author(post)
        return self.t(f"首发 {name} {at}", f"first by {name} at {at}")

    @property
    def terms(self) -> str:
        """The most frequent words with their counts."""
        return " · ".join(
            f"{quotation(term, _TERM_SIGNS)} {number}"
            for term, number in self.signal.terms[:_SHOWN_TERMS]
        )

    @property
    def similar(self) -> list[str]:
        """Earlier alerts of the kind, one line each."""
        return [quotation(line, 100) for line in self.context.similar]

    # what qualifies it

    @property
    def gaps(self) -> list[tuple[str, str]]:
        """(what could not be read and why, the step that mends it) for each source."""
        return [self._gap(note) for note in self.context.coverage]

    @property
    def rule(self) -> str:
        """Which rule, how sensitive, by how much it was passed."""
        sensitivity = quotation(self.context.sensitivity, 20)
        if sensitivity in list(Sensitivity):
            sensitivity = word(Sensitivity(sensitivity)).in_language(self.language)
        told = word(self.signal.rule).in_language(self.language)
        told += self.t(f"（灵敏度：{sensitivity}）", f" (sensitivity: {sensitivity})")
        facts = self.signal.figures
        over = self.stage is MailStage.CLOSING
        if not over and facts.z is not None and facts.threshold_z is not None:
            z, line = formats.decimal(facts.z), formats.decimal(facts.threshold_z)
            told += self.t(
                f"，高出平时 {z} 个标准差，触发线 {line}",
                f", {z} standard deviations above usual, threshold {line}",
            )
        return told

    @property
    def watches(self) -> str:
        """The watches that the alert belongs to."""
        return self.t("、", ", ").join(quotation(name, 20) for name in self.context.watch_names)

    @property
    def why(self) -> str:
        """Why this person got the mail."""
        name = quotation(self.recipient.name or self.recipient.id, 20)
        if self.stage is MailStage.CLOSING:
            return self.t(
                f"{name}：您收到过此预警的首封邮件，因此也会收到解除邮件。",
                f"{name}: you got the first mail of this alert, so you get its end.",
            )
        lowest = word(self.recipient.min_level).in_language(self.language)
        brands = self.brand if self.recipient.brand_ids else self.t("全部品牌", "all brands")
        return self.t(
            f"{name}：您登记接收「{brands}」的{lowest}及以上级别。",
            f"{name}: you are registered for {brands}, from {lowest.lower()} upwards.",
        )

    @property
    def freshness(self) -> str:
        """Up to when the data reach, and how old the newest crawl was."""
        until = formats.full_time(self.context.data_until, self._zone)
        if self.context.lag is None:
            return self.t(f"数据截至 {until}，采集延迟未知", f"Data until {until}, lag unknown")
        lag = formats.duration(self.context.lag, self.language)
        return self.t(f"数据截至 {until}，采集延迟 {lag}", f"Data until {until}, lag {lag}")

    @property
    def model(self) -> str:
        """The sentiment model, "" when it was not told."""
        return quotation(self.context.model_id, 60)

    # parts of sentences

    @property
    def _observed(self) -> str:
        """The negatives of the hour; `≥ 47` where not all of it was seen."""
        facts = self.signal.figures
        return formats.at_least(f"{facts.observed:,}", facts.lower_bound)

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.context.zone_name)

    @property
    def _peak(self) -> str:
        return f"{max(self.signal.peak_observed, self.signal.figures.observed):,}"

    @property
    def _scale(self) -> float:
        known = [hour.negative for hour in self.context.hours if hour.known]
        return max([1.0, *known, self.signal.figures.mean or 0.0])

    @property
    def _rise(self) -> str:
        """The heart of subject and headline: a multiple where there is one to speak of."""
        facts = self.signal.figures
        if facts.multiple is not None and facts.mean is not None and facts.mean >= _RARE:
            times = formats.multiple(facts.multiple, self.language)
            times = formats.at_least(times, facts.lower_bound)
            return self.t(f"负面升至基线 {times}", f"negatives at {times} the baseline")
        count = self._observed
        if facts.mean is None:
            return self.t(
                f"1 小时负面 {count} 条（基线学习中）",
                f"{count} negatives in an hour (baseline still learning)",
            )
        return self.t(
            f"1 小时负面 {count} 条（平时几乎没有）",
            f"{count} negatives in an hour (usually hardly any)",
        )

    @property
    def _growth(self) -> str:
        """How it grew since the mail before; "" when the context does not tell."""
        before, now = self.context.told_observed, self.signal.figures.observed
        told = self.context.told_platforms or self.signal.platforms
        spiking = self.signal.alerted_platforms or self.signal.platforms
        fresh = [platform for platform in spiking if platform not in told]
        parts = []
        if before is not None and now > before:
            parts.append(
                self.t(
                    f"负面由 {before:,} 增至 {self._observed} 条/小时",
                    f"{before:,} → {self._observed} an hour",
                )
            )
        if fresh:
            names = self.t("、", ", ").join(word(p).in_language(self.language) for p in fresh)
            parts.append(self.t(f"扩散到{names}", f"spread to {names}"))
        return self.t("，", ", ").join(parts)

    @property
    def _raised(self) -> str:
        """That the level is higher than the mail before told; "" when it is not."""
        before, now = self.context.told_level, self.signal.level
        if before is None or now.rank >= before.rank:
            return ""
        was, has_become = word(before), word(now)
        return self.t(
            f"级别由{was.zh}升为{has_become.zh}",
            f"raised from {was.en.lower()} to {has_become.en.lower()}",
        )

    def _subject_start(self, brand: str) -> str:
        if self.stage is MailStage.CLOSING:
            return self.t(
                f"【解除】{brand}负面已回落，峰值 {self._peak} 条/小时",
                f"[All clear] {brand}: negatives subsided, peak {self._peak} an hour",
            )
        told = (self.stage is MailStage.UPDATE and self._growth) or self._rise
        return self.t(f"【{self.badge}】{brand}{told}", f"[{self.badge}] {brand}: {told}")

    @property
    def _topic(self) -> str:
        words = [quotation(term, _TERM_SIGNS) for term, _ in self.signal.terms[:_TOPIC_TERMS]]
        if not any(words) and self.signal.first_post:
            words = [quotation(self.signal.first_post.excerpt, _TOPIC_SIGNS)]
        return " ".join(filter(None, words))

    @property
    def _main_platform(self) -> str:
        counts = self.signal.platform_counts
        top = max(counts, key=lambda p: counts[p]) if counts else None
        top = top or (self.signal.platforms[0] if self.signal.platforms else None)
        return word(top).in_language(self.language) if top else ""

    def _place(self, topic_signs: int) -> str:
        """`微博「异物 腹泻」`: where, and about what."""
        topic = excerpt(self._topic, topic_signs)
        quoted = self.t(f"「{topic}」", f" “{topic}”") if topic else ""
        return (self._main_platform + quoted).strip()

    @property
    def _burning(self) -> str:
        facts = self.signal.figures
        since = formats.near_time(self.signal.onset_at, self.context.data_until, self._zone)
        topic = self._topic
        about = self.t(f"「{topic}」相关", f" about “{topic}”") if topic else ""
        told = self.t(
            f"{since} 起，{self._main_platform}集中出现{about}负面："
            f"最近 1 小时 {self._observed} 条",
            f"Since {since}, negatives{about} gather on {self._main_platform}: "
            f"{self._observed} in the last hour",
        )
        if facts.lower_bound:
            told += self.t(
                "（该小时未采全，实际只多不少）", " (not fully read: the truth is higher)"
            )
        parts = [told, self._usual, self._record]
        told = self.t("，", ", ").join(part for part in parts if part)
        if facts.share is not None:
            told += self.t(
                f"；占同期声量 {formats.share(facts.share)}",
                f"; {formats.share(facts.share)} of all voices",
            )
        told += self.t("。", ".")
        if self.signal.one_text_wave and facts.near_copy_share is not None:
            copies = formats.share(facts.near_copy_share)
            told += self.t(
                f"其中 {copies} 是同一文本的转发或近似内容。",
                f" {copies} of it is one text, reposted or nearly copied.",
            )
        return told

    @property
    def _over(self) -> str:
        end = self.signal.closed_at or self.signal.updated_at
        since = formats.near_time(self.signal.onset_at, end, self._zone)
        lasted = formats.duration(end - self.signal.onset_at, self.language)
        told = self.t(
            f"{since} 开始的负面突增历时 {lasted}，峰值 {self._peak} 条/小时，"
            f"最近 1 小时 {self.signal.figures.observed:,} 条",
            f"The spike that began at {since} lasted {lasted}; peak {self._peak} an hour, "
            f"{self.signal.figures.observed:,} in the last one",
        )
        if self.signal.quiet_since:
            quiet = formats.duration(end - self.signal.quiet_since, self.language)
            told += self.t(
                f"，低于峰值三分之一已满 {quiet}", f", below a third of the peak for {quiet}"
            )
        return told + self.t("。", ".")

    @property
    def _usual(self) -> str:
        mean = self.signal.figures.mean
        if mean is None:
            return self.t("基线仍在学习", "the baseline is still being learnt")
        usual = formats.decimal(mean)
        return self.t(f"平时约 {usual} 条", f"usually about {usual}")

    @property
    def _record(self) -> str:
        """`为 12 天来最高`; since the record began when it was never as high."""
        facts = self.signal.figures
        over = self.stage is MailStage.CLOSING
        if over or facts.record_days is None or facts.record_days < 1:
            return ""
        if facts.record_days >= facts.history_days > 0:
            span = formats.days(facts.history_days, self.language)
            return self.t(f"为有记录的 {span}来最高", f"the highest in all {span} on record")
        span = formats.days(facts.record_days, self.language)
        return self.t(f"为 {span}来最高", f"the highest in {span}")

    @property
    def _count_against_usual(self) -> str:
        facts = self.signal.figures
        count = self.t(f"1 小时 {self._observed} 条负面", f"{self._observed} negatives in 1 h")
        if facts.mean is None:
            return count
        usual = formats.decimal(facts.mean)
        return count + self.t(f"（平时 {usual}）", f" (usually {usual})")

    @property
    def _multiple(self) -> str:
        facts = self.signal.figures
        if facts.multiple is None or (facts.mean or 0) < _RARE:
            return self.t("学习中", "learning") if facts.mean is None else "—"
        times = formats.multiple(facts.multiple, self.language)
        return formats.at_least(times, facts.lower_bound)

    @property
    def _usual_note(self) -> str:
        facts = self.signal.figures
        band = facts.expected_band
        if facts.mean is None or band is None:
            return self.t("基线学习中", "baseline learning")
        usual, low, high = (formats.decimal(value) for value in (facts.mean, *band))
        return self.t(f"平时 {usual}，常见 {low}–{high}", f"usually {usual}, range {low}–{high}")

    @property
    def _record_note(self) -> str:
        return self._record.removeprefix("为 ").removeprefix("为")

    @property
    def _share_note(self) -> str:
        facts = self.signal.figures
        total = formats.count(facts.total, self.language)
        all_voices = self.t(f"同期声量 {total}", f"of {total} voices")
        if facts.usual_share is None:
            return all_voices
        usual = formats.share(facts.usual_share)
        return self.t(f"平时 {usual}，", f"usually {usual}, ") + all_voices

    @property
    def _copies_note(self) -> str:
        copies = self.signal.figures.near_copy_share
        if copies is None:
            return ""
        return self.t(f"近似文本 {formats.share(copies)}", f"near copies {formats.share(copies)}")

    @property
    def _state(self) -> str:
        return word(self.signal.state).in_language(self.language)

    def _by(self, allowed: timedelta) -> str:
        """The local time at which a clock of this alert runs out."""
        return formats.near_time(self.signal.opened_at + allowed, self._told_at, self._zone)

    def _is_late(self, allowed: timedelta) -> bool:
        return self.signal.opened_at + allowed < self._told_at

    @property
    def _told_at(self) -> datetime:
        return self.signal.updated_at

    @property
    def _next_deadline(self) -> str:
        acknowledge, respond = self.context.clocks.acknowledge, self.context.clocks.first_response
        if self.signal.state is SignalState.OPEN and acknowledge is not None:
            by = self._by(acknowledge)
            if self._is_late(acknowledge):
                return self.t(f"接手已超时（{by}）", f"nobody took it by {by}")
            return self.t(f"请于 {by} 前接手", f"take it by {by}")
        if respond is None:
            return ""
        by = self._by(respond)
        return self.t(f"首次回应时限 {by}", f"first response due {by}")

    @property
    def _acknowledge_step(self) -> list[str]:
        if self.signal.state is not SignalState.OPEN:
            return []
        act = Text("由一人接手，并告知同事", "one person takes this and tells the team")
        return [self._step(act, self.context.clocks.acknowledge)]

    @property
    def _verify_step(self) -> str:
        return self.t(
            "先核实，再发声：事实未核实前，不对外回应。",
            "Verify before you speak: no public answer while the facts are unverified.",
        )

    @property
    def _response_step(self) -> str:
        act = Text("首次回应，或书面决定暂不回应", "first response, or a decided silence")
        return self._step(act, self.context.clocks.first_response)

    def _step(self, act: Text, allowed: timedelta | None) -> str:
        """What to do and by when; the company's own figure, and never an invented one."""
        if allowed is None:
            return self.t(
                f"{act.zh}（时限：制度未填写，请先设置）",
                f"{act.en[0].upper()}{act.en[1:]} (no time limit is set: please set it)",
            )
        by, span = self._by(allowed), formats.duration(allowed, self.language)
        if self._is_late(allowed):
            return self.t(
                f"立即{act.zh}（时限 {by} 已过）", f"Overdue since {by}: {act.en} at once"
            )
        return self.t(f"{by} 前{act.zh}（{span}内）", f"By {by}: {act.en} ({span})")

    def _author(self, post: TopPost) -> str:
        name = mask_name(post.author)
        return f"@{name}" if name else self.t("作者未知", "author unknown")

    def _post(self, post: TopPost) -> Post:
        platform = word(post.platform).in_language(self.language)
        at = formats.near_time(post.published_at, self.context.data_until, self._zone)
        head = [at, platform, self._author(post)]
        first = self.signal.first_post
        if first and first.mention_id == post.mention_id:
            head.append(self.t("首发", "first"))
        facts = [
            self.t("转评赞 ", "interactions ") + formats.count(post.interactions, self.language)
        ]
        if post.near_copies:
            facts.append(self.t("相似 ", "near copies ") + f"{post.near_copies:,}")
        facts.append(
            self.t("负面置信度 ", "negative, confidence ") + formats.share(post.confidence)
        )
        link = safe_link(post.url)
        return Post(
            head=" · ".join(head),
            excerpt=quotation(post.excerpt, _EXCERPT_SIGNS),
            facts=" · ".join(facts),
            link=link,
            host=link_host(link) if link else "",
            platform=platform,
        )

    def _gap(self, note: CoverageNote) -> tuple[str, str]:
        platform = word(note.platform).in_language(self.language)
        why = reason(note.reason)
        state = quotation(note.state, 20)
        if state in list(CoverageState):
            state = word(CoverageState(state)).in_language(self.language)
        source = quotation(note.source_id, 40)
        told = self.t(
            f"{platform}（{source}）{state}：{why.text.zh}",
            f"{platform} ({source}) {state}: {why.text.en}",
        )
        return told, why.mend.in_language(self.language)
