"""One signal as the alert page shows it, beside what `signal_view` knows of it: its curve, posts,
words.

The words are those of the alert mail and the counts those of the detector, so that mail, page and
chart cannot disagree.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from delivery.alert_facts import AlertFacts
from delivery.alert_words import AlertWords
from domain.account import Account
from domain.alert import AlertContext, HourCount, MailStage
from domain.brand import NO_CLOCK, Recipient
from domain.ports import BeginWork, MentionStore
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
from monitoring.signal_view import SignalDetail, SignalLine, signal_detail
from monitoring.trail_words import TrailLine, lines
from presentation import formats
from presentation.charts import Bin, SpikeMark

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


def acknowledge_clock(line: SignalLine, now: datetime) -> Countdown | None:
    """Return the clock of a signal that nobody has taken; None where none runs."""
    if line.due_at is None:
        return None
    return countdown(line.signal.clock_start, line.due_at - line.signal.clock_start, now)


_READER = Recipient(id="page", name="", address="")


def alert_words(signal: Signal, context: AlertContext) -> AlertWords:
    """Return the words of a signal as its mail would say them now."""
    over = signal.state is SignalState.CLOSED
    stage = MailStage.CLOSING if over else MailStage.OPENING
    return AlertWords.about(AlertFacts(signal, stage, context, _READER))


@dataclass(frozen=True, slots=True)
class AlertView:
    """One signal with all that the page shows: what the workflow knows (`detail`), the words of its
    mail, its last 24 hours as the detector counted them, the posts behind it, its trail.
    """

    detail: SignalDetail
    words: AlertWords
    clock: Countdown | None
    bins: tuple[Bin, ...]
    marks: tuple[SpikeMark, ...]
    posts: tuple[TopPost, ...]
    trail: tuple[TrailLine, ...]

    @property
    def signal(self) -> Signal:
        """The signal itself."""
        return self.detail.signal


def read_alert(
    store: MentionStore,
    begin_reading: BeginWork,
    signal_id: str,
    *,
    account: Account,
    now: datetime,
    zone: ZoneInfo,
) -> AlertView | None:
    """Read one signal as `account` may see and do it; None when there is none of that id."""
    detail = signal_detail(begin_reading, signal_id, account, now, zone)
    if detail is None:
        return None
    signal = detail.signal
    end = floor_to(signal.closed_at or signal.updated_at, BIN)
    with begin_reading() as work:
        _, configuration = work.configuration.current()
        context = context_of(work, signal, configuration, now, zone, "")
        judged = work.evaluations.between(end - RECENT - HOUR, end, signal.brand_id)
        watches = configuration.watches_of(signal.brand_id)
        rows = work.coverage.rows([w.id for w in watches], start=end - RECENT - HOUR, end=end)
        trail = lines(work.audit.of(signal.id), {a.id: a.name for a in work.accounts.all()})
    platforms = signal.platforms or watched_platforms(configuration, watches)
    span = replace(span_at(end), start=end - RECENT - HOUR)
    series = read_series(store, signal.brand_id, platforms, Coverage(rows, watches), span)
    return AlertView(
        detail=detail,
        words=alert_words(signal, context),
        clock=acknowledge_clock(detail.line, now),
        bins=tuple(_bins(series.last_day(platforms, end), judged)),
        marks=(SpikeMark(signal.onset_at, signal.id, signal.level),),
        posts=_posts(store, signal, end),
        trail=tuple(reversed(trail)),
    )


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
