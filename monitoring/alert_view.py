"""The alert page: the inbox of signals, and one signal with everything that stands behind it.

The words are those of the alert mail and the counts those of the detector, so that mail, page and
chart cannot disagree.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from delivery.alert_facts import AlertFacts
from delivery.alert_words import AlertWords
from domain.account import Account
from domain.alert import AlertContext, HourCount, MailStage
from domain.audit import AuditRow
from domain.brand import DEFAULT_CLOCKS, NO_CLOCK, Configuration, Recipient
from domain.case import Case, CaseQuery, CaseState
from domain.ports import BeginWork, MentionStore, UnitOfWork
from domain.queries import MentionFilter, Sort
from domain.sentiment import Label
from domain.signal import Evaluation, Figures, Signal, SignalState, TopPost
from monitoring.evidence import SAMPLE, as_post
from monitoring.explain import last_words
from monitoring.series import (
    BIN,
    HOUR,
    RECENT,
    Coverage,
    floor_to,
    read_series,
    span_at,
    watched_platforms,
)
from monitoring.signal_context import context_of
from presentation import formats
from presentation.charts import Bin, SpikeMark
from workflow.permissions import Permission, may

RECENT_SIGNALS = 100
SHOWN_CLOSED = 12
SIMILAR = 5
POSTS = 5
HALF, NEAR = 0.5, 0.8


class Spent(StrEnum):
    """How far a clock has run: what a bar is coloured by."""

    OK = "ok"
    HALF = "half"
    NEAR = "near"
    BREACHED = "breached"


@dataclass(frozen=True, slots=True)
class Countdown:
    """A clock that somebody has to answer: when it is due, and how much of it is spent."""

    due_at: datetime
    left: timedelta
    share: float

    @property
    def state(self) -> Spent:
        """50 %, 80 % and 100 % of the time given."""
        if self.share >= 1:
            return Spent.BREACHED
        if self.share >= NEAR:
            return Spent.NEAR
        return Spent.HALF if self.share >= HALF else Spent.OK

    @property
    def words(self) -> str:
        """`剩余 12 分钟`, `超时 1 小时`."""
        if self.left < timedelta(0):
            return f"超时 {formats.duration(-self.left, 'zh')}"
        return f"剩余 {formats.duration(self.left, 'zh')}"


def countdown(start: datetime, allowed: timedelta | None, now: datetime) -> Countdown | None:
    """Return a clock at `now`; None where the company set none."""
    if allowed is None or allowed == NO_CLOCK:
        return None
    spent = (now - start) / allowed if allowed else 1.0
    return Countdown(start + allowed, start + allowed - now, min(1.0, max(0.0, spent)))


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One line of the inbox. `clock` runs while nobody holds the signal."""

    signal: Signal
    headline: str
    holder: str
    clock: Countdown | None

    @property
    def is_waiting(self) -> bool:
        """Whether somebody has to take it."""
        return self.signal.is_waiting


@dataclass(frozen=True, slots=True)
class Inbox:
    """The signals, most urgent on top: those that wait, those in hand, those that are over."""

    waiting: tuple[InboxRow, ...]
    held: tuple[InboxRow, ...]
    closed: tuple[InboxRow, ...]

    @property
    def first(self) -> InboxRow | None:
        """The one to look at when none was chosen."""
        return next(iter((*self.waiting, *self.held)), None)


def read_inbox(begin_reading: BeginWork, *, now: datetime, zone: ZoneInfo) -> Inbox:
    """Read the newest signals."""
    with begin_reading() as work:
        _, configuration = work.configuration.current()
        recent = {s.id: s for s in (*work.signals.unclosed(), *work.signals.recent(RECENT_SIGNALS))}
        names = _names(work)
    rows = [_row(signal, configuration, names, now, zone) for signal in recent.values()]
    rows.sort(key=lambda row: _urgency(row, now))
    going = [row for row in rows if row.signal.state is not SignalState.CLOSED]
    over = [row for row in rows if row.signal.state is SignalState.CLOSED]
    over.sort(key=lambda row: row.signal.opened_at, reverse=True)
    return Inbox(
        waiting=tuple(row for row in going if row.is_waiting),
        held=tuple(row for row in going if not row.is_waiting),
        closed=tuple(over[:SHOWN_CLOSED]),
    )


def _urgency(row: InboxRow, now: datetime) -> tuple[int, datetime]:
    return row.signal.level.rank, row.clock.due_at if row.clock else row.signal.opened_at


def _row(
    signal: Signal,
    configuration: Configuration,
    names: Mapping[str, str],
    now: datetime,
    zone: ZoneInfo,
) -> InboxRow:
    return InboxRow(
        signal=signal,
        headline=alert_words(signal, _bare_context(signal, configuration, zone)).story.headline,
        holder=names.get(signal.acknowledged_by, ""),
        clock=_acknowledge_clock(signal, configuration, now),
    )


def _acknowledge_clock(
    signal: Signal, configuration: Configuration, now: datetime
) -> Countdown | None:
    if not signal.is_waiting:
        return None
    clocks = configuration.clocks.get(signal.level, DEFAULT_CLOCKS[signal.level])
    return countdown(signal.clock_start, clocks.acknowledge, now)


_READER = Recipient(id="page", name="", address="")


def alert_words(signal: Signal, context: AlertContext) -> AlertWords:
    """Return the words of a signal as its mail would say them now."""
    over = signal.state is SignalState.CLOSED
    stage = MailStage.CLOSING if over else MailStage.OPENING
    return AlertWords.about(AlertFacts(signal, stage, context, _READER))


def _bare_context(signal: Signal, configuration: Configuration, zone: ZoneInfo) -> AlertContext:
    names = {brand.id: brand.name for brand in configuration.brands}
    return AlertContext(
        brand_name=names.get(signal.brand_id, signal.brand_id),
        watch_names=(),
        sensitivity=configuration.detection.for_brand(signal.brand_id).value,
        zone_name=zone.key,
        public_url="",
        clocks=configuration.clocks.get(signal.level, DEFAULT_CLOCKS[signal.level]),
        hours=(),
        data_until=signal.updated_at,
    )


# ---- what may be done ----


class Act(StrEnum):
    """What a person does with a signal; the value stands in the address (`do=`)."""

    ACKNOWLEDGE = "ack"
    MAKE_CASE = "case"
    ATTACH = "attach"
    FALSE_ALARM = "false"
    SILENCE = "silence"
    GIVE_BACK = "back"


def possible_acts(signal: Signal, account: Account) -> tuple[Act, ...]:
    """Return which buttons to show; the use case itself decides, and says what is missing."""
    going = signal.state is not SignalState.CLOSED
    free = not signal.case_id and signal.false_alarm is None
    held = signal.state is SignalState.ACKNOWLEDGED and not signal.case_id
    offered = {
        Act.ACKNOWLEDGE: (signal.is_waiting and going, Permission.ACKNOWLEDGE),
        Act.MAKE_CASE: (free, Permission.MAKE_CASE),
        Act.ATTACH: (free, Permission.MAKE_CASE),
        Act.FALSE_ALARM: (free, Permission.MARK_FALSE_ALARM),
        Act.SILENCE: (going, Permission.SILENCE),
        Act.GIVE_BACK: (held, Permission.ACKNOWLEDGE),
    }
    return tuple(act for act, (fits, need) in offered.items() if fits and may(account, need))


# ---- one signal ----


@dataclass(frozen=True, slots=True)
class Similar:
    """An earlier signal of the brand: its line, how it ended, and the case that it went into."""

    signal: Signal
    headline: str
    lasted: timedelta | None


@dataclass(frozen=True, slots=True)
class AlertView:
    """One signal with all that the page shows. `bins` are its last 24 hours as the detector counted
    them; `case` carries it; `open_cases` are those of the brand that it may be added to.
    """

    signal: Signal
    words: AlertWords
    brand_name: str
    clock: Countdown | None
    holder: str
    bins: tuple[Bin, ...]
    marks: tuple[SpikeMark, ...]
    similar: tuple[Similar, ...]
    trail: tuple[AuditRow, ...]
    people: Mapping[str, str]
    case: Case | None
    open_cases: tuple[Case, ...]
    posts: tuple[TopPost, ...]
    formula: tuple[str, ...]


def read_alert(
    store: MentionStore,
    begin_reading: BeginWork,
    signal_id: str,
    *,
    now: datetime,
    zone: ZoneInfo,
) -> AlertView | None:
    """Read one signal; None when there is none of that id."""
    with begin_reading() as work:
        signal = work.signals.get(signal_id)
        if signal is None:
            return None
        _, configuration = work.configuration.current()
        context = context_of(work, signal, configuration, now, zone, "")
        end = floor_to(signal.closed_at or signal.updated_at, BIN)
        judged = work.evaluations.between(end - RECENT - HOUR, end, signal.brand_id)
        watches = configuration.watches_of(signal.brand_id)
        rows = work.coverage.rows([w.id for w in watches], start=end - RECENT - HOUR, end=end)
        trail = tuple(work.audit.of(signal.id))
        past = [s for s in work.signals.of_brand(signal.brand_id) if s.id != signal.id]
        names = _names(work)
        case = work.cases.get(signal.case_id) if signal.case_id else None
        open_cases = _open_cases(work, signal)
    platforms = signal.platforms or watched_platforms(configuration, watches)
    span = replace(span_at(end), start=end - RECENT - HOUR)
    series = read_series(store, signal.brand_id, platforms, Coverage(rows, watches), span)
    return AlertView(
        signal=signal,
        words=alert_words(signal, context),
        brand_name=context.brand_name,
        clock=_acknowledge_clock(signal, configuration, now),
        holder=names.get(signal.acknowledged_by, ""),
        bins=tuple(_bins(series.last_day(platforms, end), judged)),
        marks=(SpikeMark(signal.onset_at, signal.id, signal.level),),
        similar=tuple(_similar(past, configuration, zone)),
        trail=trail,
        people=names,
        case=case,
        open_cases=open_cases,
        posts=_posts(store, signal, end),
        formula=formula(signal),
    )


def _names(work: UnitOfWork) -> Mapping[str, str]:
    return {account.id: account.name for account in work.accounts.all()}


def _open_cases(work: UnitOfWork, signal: Signal) -> tuple[Case, ...]:
    active = tuple(state for state in CaseState if state.is_active)
    return work.cases.search(CaseQuery(states=active, brand_id=signal.brand_id), limit=50).cases


def _bins(hours: Iterable[HourCount], judged: Iterable[Evaluation]) -> Iterable[Bin]:
    band_of = {
        each.bin_end: each.figures
        for each in last_words(tuple(judged))
        if each.platform is None and each.figures.mean is not None
    }
    for hour in hours:
        end = hour.start + HOUR
        figures = band_of.get(end)
        band = figures.expected_band if figures else None
        yield Bin(
            start=hour.start,
            end=end,
            counts={Label.NEGATIVE: hour.negative},
            known=hour.known,
            mean=figures.mean if figures else None,
            low=band[0] if band else None,
            high=band[1] if band else None,
            threshold=threshold(figures) if figures else None,
        )


def _posts(store: MentionStore, signal: Signal, end: datetime) -> tuple[TopPost, ...]:
    """Return the posts that went furthest since the onset, one a near-copy cluster; of a signal
    that was raised by hand those that it was raised for.
    """
    if not signal.rule.is_counted:
        return signal.top_posts
    wanted = MentionFilter(
        brand_id=signal.brand_id,
        labels=frozenset({Label.NEGATIVE}),
        start=min(signal.onset_at, end - HOUR),
        end=end,
    )
    loudest = store.search(wanted, sort=Sort.REACH, limit=SAMPLE).mentions
    copies = Counter(mention.cluster_id or mention.id for mention in loudest)
    first = {mention.cluster_id or mention.id: mention for mention in reversed(loudest)}
    told = [c for c in copies if c in first][:POSTS]
    return tuple(as_post(first[c], signal.brand_id, copies[c] - 1) for c in told)


def threshold(figures: Figures) -> float | None:
    """Return the count from which an hour is unusual: mean + Z × max(spread, 1)."""
    if figures.mean is None or figures.spread is None or figures.threshold_z is None:
        return None
    return figures.mean + figures.threshold_z * max(figures.spread, 1.0)


def formula(signal: Signal) -> tuple[str, ...]:
    """Return how the decision was computed, in words and with its numbers, a line a step."""
    numbers = signal.figures
    if not signal.rule.is_counted:
        return ("由人工提出，没有经过计算。",)
    seen = formats.at_least(f"{numbers.observed:,}", numbers.lower_bound)
    lines = [f"最近 1 小时负面 {seen} 条（同期声量 {numbers.total:,} 条）。"]
    line = threshold(numbers)
    if numbers.mean is None or numbers.spread is None:
        return (*lines, "基线仍在学习：首日按绝对条数判断。")
    mean, spread = formats.decimal(numbers.mean), formats.decimal(numbers.spread)
    lines.append(
        f"平时：最近 28 天 {numbers.samples:,} 个已采全的小时，均值 {mean}，标准差 {spread}。"
    )
    if numbers.z is not None:
        used = formats.decimal(max(numbers.spread, 1.0))
        lines.append(
            f"偏离：（{numbers.observed:,} − {mean}）÷ {used} = {formats.decimal(numbers.z)}"
            + (f"，预警线 {formats.decimal(numbers.threshold_z)}" if numbers.threshold_z else "")
            + (f"（即 {formats.decimal(line)} 条）。" if line is not None else "。")
        )
    if numbers.share is not None and numbers.usual_share is not None:
        lines.append(
            f"负面占比 {formats.share(numbers.share)}，平时 {formats.share(numbers.usual_share)}。"
        )
    return tuple(lines)


def _similar(
    past: Iterable[Signal], configuration: Configuration, zone: ZoneInfo
) -> Iterable[Similar]:
    for signal in list(past)[:SIMILAR]:
        words = alert_words(signal, _bare_context(signal, configuration, zone))
        lasted = signal.closed_at - signal.onset_at if signal.closed_at else None
        yield Similar(signal, words.story.headline, lasted)
