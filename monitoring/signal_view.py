"""What the 预警 page shows: who waits for whom and how long still, and everything about one signal.

Read from the workflow database alone. The curve is that of the evaluations, so the page, the mail
and the decision tell the same numbers; an hour without an evaluation is not known, never zero.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from domain.account import Account
from domain.alert import CoverageNote
from domain.audit import AuditRow
from domain.brand import Configuration
from domain.case import Case, CaseQuery, CaseState
from domain.errors import Text
from domain.outbox import OutboxState
from domain.ports import BeginWork, UnitOfWork
from domain.roster import Gap
from domain.signal import Evaluation, Rule, Signal, SignalAct, SignalState
from domain.silence import Silence
from monitoring.escalate import acknowledge_by, names_on_duty, step_of
from monitoring.handling_clocks import clocks_for, empty_slots, scope_words
from monitoring.signal_context import context_of
from presentation import formats
from presentation.hostile import quotation
from presentation.wording import word
from workflow.handling import possible_acts

CLOSED_SHOWN = 30
HISTORY = 10
DAY = timedelta(hours=24)
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class SignalLine:
    """One line of the inbox. `due_at`: until when somebody has to take it (None: no clock runs),
    `left` what is left of that, negative when it is late. `holder`: who has it. `silenced_until`:
    until when nobody is told of it.
    """

    signal: Signal
    brand: str
    title: Text
    due_at: datetime | None = None
    left: timedelta | None = None
    holder: str = ""
    silenced_until: datetime | None = None

    @property
    def is_unread(self) -> bool:
        """Whether nobody has taken it."""
        return self.signal.is_waiting

    @property
    def is_late(self) -> bool:
        """Whether its acknowledge clock has run out."""
        return self.left is not None and self.left < timedelta(0)


@dataclass(frozen=True, slots=True)
class SilenceLine:
    """A silence that holds, as the first page lists it."""

    silence: Silence
    author: str
    scope: Text
    left: timedelta


@dataclass(frozen=True, slots=True)
class SignalList:
    """The inbox, most urgent first: what waits, what somebody holds, what was closed lately."""

    now: datetime
    waiting: tuple[SignalLine, ...]
    held: tuple[SignalLine, ...]
    closed: tuple[SignalLine, ...]
    silences: tuple[SilenceLine, ...]
    empty_slots: tuple[Gap, ...]
    has_roster: bool

    @property
    def unread(self) -> int:
        """How many signals nobody has taken."""
        return len(self.waiting)

    @property
    def late(self) -> int:
        """How many of them are late."""
        return sum(line.is_late for line in self.waiting)


@dataclass(frozen=True, slots=True)
class HourPoint:
    """One hour of the curve with its expected band; `known` False is a gap, never a zero."""

    start: datetime
    negative: int
    known: bool
    band: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class ToldLine:
    """Whom a message told, when, and what became of it; `step` of a reminder."""

    who: str
    at: datetime
    state: OutboxState
    step: int | None = None


@dataclass(frozen=True, slots=True)
class TrailLine:
    """One act: when, who, what, why; `payload` as it lies in the trail."""

    seq: int
    at: datetime
    who: str
    action: str
    reason: str
    payload: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class SignalDetail:
    """Everything about one signal. `version` is what an act names as `expected_version`."""

    line: SignalLine
    sentence: Text
    formula: tuple[Text, ...]
    hours: tuple[HourPoint, ...]
    coverage: tuple[CoverageNote, ...]
    told: tuple[ToldLine, ...]
    on_duty: tuple[str, ...]
    history: tuple[SignalLine, ...]
    false_alarms: tuple[int, int]
    case: Case | None
    open_cases: tuple[Case, ...]
    trail: tuple[TrailLine, ...]
    acts: tuple[SignalAct, ...]

    @property
    def signal(self) -> Signal:
        """The signal itself, with figures, terms and posts."""
        return self.line.signal

    @property
    def version(self) -> int:
        """What an act on it names as the version that was seen."""
        return self.line.signal.version


def signal_list(begin_reading: BeginWork, now: datetime, zone: ZoneInfo) -> SignalList:
    """Return the inbox as it stands at `now`."""
    with begin_reading() as work:
        _, configuration = work.configuration.current()
        lines = [_line(work, s, configuration, now, zone) for s in work.signals.unclosed()]
        recent = [s for s in work.signals.recent(CLOSED_SHOWN) if s.state is SignalState.CLOSED]
        return SignalList(
            now=now,
            waiting=tuple(sorted((ln for ln in lines if ln.is_unread), key=_urgency)),
            held=tuple(sorted((ln for ln in lines if not ln.is_unread), key=_urgency)),
            closed=tuple(_line(work, s, configuration, now, zone) for s in recent),
            silences=tuple(
                _silence(work, s, configuration, now) for s in work.silences.holding(now)
            ),
            empty_slots=tuple(empty_slots(configuration, now, zone)),
            has_roster=bool(configuration.rosters),
        )


def signal_detail(
    begin_reading: BeginWork, signal_id: str, account: Account, now: datetime, zone: ZoneInfo
) -> SignalDetail | None:
    """Return everything about one signal, as `account` may see and do it; None: no such signal."""
    with begin_reading() as work:
        signal = work.signals.get(signal_id)
        if signal is None:
            return None
        _, configuration = work.configuration.current()
        earlier = [s for s in work.signals.of_brand(signal.brand_id, HISTORY * 10) if s != signal]
        context = context_of(work, signal, configuration, now, zone, "")
        return SignalDetail(
            line=_line(work, signal, configuration, now, zone),
            sentence=sentence(signal, zone, now),
            formula=formula(signal),
            hours=_hours(work, signal),
            coverage=context.coverage,
            told=_told(work, signal, configuration),
            on_duty=names_on_duty(configuration, signal.brand_id, now, zone),
            history=tuple(_line(work, s, configuration, now, zone) for s in earlier[:HISTORY]),
            false_alarms=_false_alarms(earlier),
            case=work.cases.get(signal.case_id) if signal.case_id else None,
            open_cases=_open_cases(work, signal.brand_id),
            trail=tuple(_trail(work, row) for row in work.audit.of(signal.id)),
            acts=possible_acts(signal, account),
        )


def sentence(signal: Signal, zone: ZoneInfo, now: datetime) -> Text:
    """Return what happened in one sentence: when, how many, against what is usual."""
    since = formats.near_time(signal.onset_at, now, zone)
    if signal.rule is Rule.HAND_RAISED:
        return Text(f"{since} 的一条内容由同事人工预警", f"a colleague raised a post of {since}")
    figures = signal.figures
    count = formats.at_least(f"{figures.observed:,}", figures.lower_bound)
    usual = _against_usual(signal)
    return Text(
        f"{since} 起负面突增：最近 1 小时 {count} 条{usual.zh}",
        f"negatives rose since {since}: {count} in the last hour{usual.en}",
    )


def formula(signal: Signal) -> tuple[Text, ...]:
    """Return in words, step by step, how the numbers led to the alert."""
    figures = signal.figures
    if signal.rule is Rule.HAND_RAISED:
        return (Text("人工判断，没有计数公式", "a person's judgement; nothing was counted"),)
    if figures.mean is None or figures.spread is None or figures.z is None:
        return (
            Text(
                f"基线学习中：按首日绝对量判断，1 小时 {figures.observed} 条负面",
                f"the baseline is learning: by the count of a first day, {figures.observed} in 1 h",
            ),
        )
    mean, spread, z = (formats.decimal(v) for v in (figures.mean, figures.spread, figures.z))
    line = formats.decimal(figures.threshold_z or 0.0)
    steps = [
        Text(
            f"近 28 天每小时负面均值 {mean}，标准差 {spread}（{figures.samples} 个已知小时）",
            f"hourly negatives of 28 days: mean {mean}, deviation {spread} "
            f"({figures.samples} known hours)",
        ),
        Text(
            f"Z =（{figures.observed} − {mean}）÷ {spread}（不足 1 时按 1） = {z}，触发线 {line}",
            f"Z = ({figures.observed} − {mean}) / max({spread}, 1) = {z}, threshold {line}",
        ),
    ]
    if figures.record_days is not None:
        days = Text(
            formats.days(figures.record_days, "zh"), formats.days(figures.record_days, "en")
        )
        steps.append(Text(f"{days.zh}内没有过同样高的一小时", f"no hour as high within {days.en}"))
    if figures.share is not None and figures.usual_share is not None:
        share, usual = formats.share(figures.share), formats.share(figures.usual_share)
        steps.append(
            Text(f"负面占声量 {share}，平时 {usual}", f"negatives are {share}, usually {usual}")
        )
    if figures.lower_bound:
        steps.append(Text("该小时未采全，数字是下限", "the hour was not fully read: a lower bound"))
    return tuple(steps)


def _against_usual(signal: Signal) -> Text:
    multiple = signal.figures.multiple
    if multiple is None or signal.figures.mean is None:
        return Text("（基线学习中）", " (baseline learning)")
    mean = formats.decimal(signal.figures.mean)
    return Text(
        f"，平时 {mean} 条（{formats.multiple(multiple, 'zh')}）",
        f", usually {mean} ({formats.multiple(multiple, 'en')})",
    )


def _title(signal: Signal) -> Text:
    """Return what it is about: its words, else its first post."""
    topic = " ".join(quotation(term, 12) for term, _ in signal.terms[:2])
    if not topic and signal.first_post:
        topic = quotation(signal.first_post.excerpt, 24)
    rule = word(signal.rule)
    if not topic:
        return rule
    return Text(f"{rule.zh}「{topic}」", f"{rule.en} “{topic}”")


def _line(
    work: UnitOfWork, signal: Signal, configuration: Configuration, now: datetime, zone: ZoneInfo
) -> SignalLine:
    names = {brand.id: brand.name for brand in configuration.brands}
    clocks = clocks_for(configuration, signal)
    due_at = acknowledge_by(signal, clocks, configuration.quiet_hours, zone)
    silenced = signal.silenced_until
    return SignalLine(
        signal=signal,
        brand=names.get(signal.brand_id, signal.brand_id),
        title=_title(signal),
        due_at=due_at,
        left=due_at - now if due_at is not None else None,
        holder=_name(work, signal.acknowledged_by),
        silenced_until=silenced if silenced is not None and silenced > now else None,
    )


def _urgency(line: SignalLine) -> tuple[bool, int, datetime]:
    """Silenced ones last; else by level, then by what is due first."""
    signal = line.signal
    return (line.silenced_until is not None, signal.level.rank, line.due_at or signal.opened_at)


def _silence(
    work: UnitOfWork, silence: Silence, configuration: Configuration, now: datetime
) -> SilenceLine:
    scope = Text(
        scope_words(silence, configuration, "zh"), scope_words(silence, configuration, "en")
    )
    return SilenceLine(silence, _name(work, silence.author_id), scope, silence.ends_at - now)


def _hours(work: UnitOfWork, signal: Signal) -> tuple[HourPoint, ...]:
    """Return the day up to the newest evaluated bin, hour by hour, of all platforms together."""
    found = work.evaluations.between(
        signal.updated_at - DAY - HOUR, signal.updated_at, signal.brand_id
    )
    whole = {e.bin_end: e for e in found if e.platform is None}
    if not whole:
        return ()
    newest = max(whole)
    ends = [newest - HOUR * back for back in range(24)]
    return tuple(_point(end, whole.get(end)) for end in reversed(ends))


def _point(end: datetime, evaluation: Evaluation | None) -> HourPoint:
    if evaluation is None or not evaluation.inputs.get("known"):
        return HourPoint(end - HOUR, 0, known=False)
    figures = evaluation.figures
    return HourPoint(end - HOUR, figures.observed, known=True, band=figures.expected_band)


def _told(work: UnitOfWork, signal: Signal, configuration: Configuration) -> tuple[ToldLine, ...]:
    names = {recipient.address: recipient.name for recipient in configuration.recipients}
    return tuple(
        ToldLine(names.get(t.recipient, t.recipient), t.at, t.state, step_of(t))
        for t in work.outbox.told(signal.id)
    )


def _false_alarms(earlier: Sequence[Signal]) -> tuple[int, int]:
    """Return how many of a brand's earlier closed signals were none, and how many there were."""
    closed = [signal for signal in earlier if signal.state is SignalState.CLOSED]
    return sum(signal.false_alarm is not None for signal in closed), len(closed)


def _open_cases(work: UnitOfWork, brand_id: str) -> tuple[Case, ...]:
    active = tuple(state for state in CaseState if state.is_active)
    return work.cases.search(CaseQuery(states=active, brand_id=brand_id)).cases


def _trail(work: UnitOfWork, row: AuditRow) -> TrailLine:
    who = row.actor
    if who.startswith("account:"):
        who = _name(work, who.removeprefix("account:"))
    payload = json.loads(row.payload) if row.payload else {}
    return TrailLine(row.seq, row.at, who, row.action, row.reason, payload)


def _name(work: UnitOfWork, account_id: str) -> str:
    if not account_id:
        return ""
    account = work.accounts.get(account_id)
    return account.name if account else account_id
