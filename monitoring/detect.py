"""The detector: stored mentions and the coverage ledger become evaluations, signals and mails.

Every brand is judged on each of its platforms and on all that were known together, so that one
blocked platform does not blind the brand. Only the newest complete bin that was looked at can
alert, or a later one of which enough was seen although not all; the three hours before it are
judged again when posts came late, as history. A decision, its
evaluations, the signal, the audit row and the mails are one transaction; two detectors at once, or
one that repeats itself, make one signal.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from math import ceil
from zoneinfo import ZoneInfo

from analysis.grading import suggest_level
from analysis.spikes import MIN_COUNT, Judged, judge_series
from domain.alert import AlertContext, CoverageNote, HourCount
from domain.brand import DEFAULT_CLOCKS, Brand, Configuration, Level, Sensitivity, Watch
from domain.coverage import (
    KNOWN_STATES,
    CoverageRow,
    CoverageState,
    of_the_present,
    of_the_whole,
)
from domain.errors import VersionConflict
from domain.mention import Platform
from domain.model_run import ModelRun
from domain.ports import BeginWork, Clock, MentionStore, UnitOfWork
from domain.signal import Evaluation, Figures, Outcome, Signal, SignalState, signal_key
from monitoring.decide import BrandReading, Decision, Move, Reading, decide, quiet_since
from monitoring.escalate import names_on_duty
from monitoring.evidence import Evidence, gather
from monitoring.series import (
    BIN,
    HOUR,
    BrandSeries,
    Coverage,
    Span,
    clock_hours,
    even_out,
    moment_of,
    read_series,
    span_at,
    watched_platforms,
)
from workflow.handling import decided, is_hushed, is_swallowed
from workflow.signals import (
    Render,
    close_signal,
    grow_signal,
    open_signal,
    quiet_until,
    update_signal,
)

Join = Callable[[UnitOfWork, Signal, datetime], Signal | None]
"""Returns a new signal as part of an open case, None where there is none about it."""

REACH = timedelta(hours=2)
"""How old the newest known bin may be and still alert: the slowest usual cadence and a crawl."""

LATE = timedelta(hours=3)
ATTEMPTS = 5
EARLIER_SIGNALS = 200
SIMILAR = 3


@dataclass(frozen=True, slots=True)
class _Round:
    """What one evaluation of all brands shares: of the ledger all but supplements, which make
    nothing known and hide nothing.
    """

    now: datetime
    span: Span
    version: int
    configuration: Configuration
    coverage: Sequence[CoverageRow]
    latest: Sequence[CoverageRow]
    model_run: ModelRun | None


@dataclass(frozen=True, slots=True)
class _Subject:
    """One brand in a round: its watches, its counts and how they were judged."""

    brand: Brand
    watches: tuple[Watch, ...]
    series: BrandSeries
    reading: BrandReading


@dataclass(frozen=True, slots=True)
class _Case:
    """A decision that is to be carried out, with all that its signal and mail are made of.

    `denied` is the signal about the same incident that a person called none.
    """

    subject: _Subject
    round: _Round
    decision: Decision
    past: tuple[Signal, ...]
    denied: Signal | None = None

    @property
    def brand_id(self) -> str:
        return self.subject.brand.id

    @property
    def end(self) -> datetime:
        return self.decision.carrier.end or self.round.span.end

    @property
    def figures(self) -> Figures:
        return self._newest.verdict.figures

    @property
    def height(self) -> int:
        """The count that mails tell and growth is measured by: over all that is known."""
        return max(self.decision.carrier.height, self.subject.reading.overall.height)

    @property
    def last_day(self) -> tuple[HourCount, ...]:
        reading = self.decision.carrier
        return self.subject.series.last_day(reading.platforms, self.end)

    @property
    def _newest(self) -> Judged:
        newest = self.decision.carrier.newest
        if newest is None:  # decide() moves only on a series that has a bin to speak
            raise LookupError(f"{self.brand_id}: a move without a bin")
        return newest

    def refresh(self, signal: Signal, evidence: Evidence) -> Signal:
        """Return the signal with the newest figures and posts.

        The suggested level is taken over when a mail tells of it, and never lowers what stands. A
        platform that is not in the sum is no member by its counts: its calm could not be seen.
        """
        reading = self.subject.reading
        spiking = reading.spiking_platforms
        speaking = evidence.platform_counts.keys() & set(reading.overall.platforms)
        there = {*signal.platforms, *spiking, *speaking}
        figures = evidence.complete(self.figures)
        before = [bar.negative for bar in self.last_day[:-1] if bar.known]
        grade = suggest_level(
            figures,
            day_mean=sum(before) / len(before) if before else 0.0,
            interactions=evidence.hour.interactions,
            platforms=len(spiking),
            severe=evidence.severe,
        )
        is_told = self.decision.move in {Move.OPEN, Move.GROW}
        level = min(signal.level, grade.level, key=lambda level: level.rank)
        refreshed = replace(
            signal,
            figures=figures,
            level=level if is_told else signal.level,
            peak_observed=max(signal.peak_observed, self.height),
            platforms=tuple(p for p in Platform if p in there),
            one_text_wave=evidence.one_text_wave,
            first_post=evidence.first_post or signal.first_post,
            top_posts=evidence.top_posts or signal.top_posts,
            terms=evidence.terms or signal.terms,
            platform_counts=evidence.platform_counts,
        )
        quiet = quiet_since(reading.overall, refreshed)
        return replace(refreshed, quiet_since=quiet)

    def told(self, signal: Signal) -> Signal:
        """Return the signal as the growth mail tells it."""
        spiking = self.subject.reading.spiking_platforms
        told = {*signal.alerted_platforms, *spiking}
        return replace(
            signal,
            alerted_observed=max(signal.alerted_observed, self.height),
            alerted_platforms=tuple(p for p in Platform if p in told),
        )


class Detector:
    """Judges every watched brand; see the module."""

    def __init__(
        self,
        store: MentionStore,
        begin_work: BeginWork,
        clock: Clock,
        *,
        render: Render,
        zone: ZoneInfo,
        public_url: str,
        model_id: str = "",
        join: Join | None = None,
    ) -> None:
        """`zone` dates the ids of signals; `public_url` and `model_id` go into mails. `join` makes
        a new signal part of the open case about the same matter.
        """
        self._join = join
        self._store = store
        self._begin_work = begin_work
        self._clock = clock
        self._render = render
        self._zone = zone
        self._public_url = public_url.rstrip("/")
        self._model_id = model_id

    def evaluate(self, now: datetime | None = None) -> list[Evaluation]:
        """Judge all brands at `now` (the clock's time by default); return the stored decisions.

        Each brand commits by itself. Raises StoreError when a store fails; repeating is safe.
        """
        this_round = self._begin_round(now or self._clock.now())
        evaluations: list[Evaluation] = []
        for brand in this_round.configuration.brands:
            subject = self._read(brand, this_round)
            if subject is not None:
                evaluations += self._settle(subject, this_round)
        return evaluations

    def _begin_round(self, now: datetime) -> _Round:
        span = span_at(now)
        with self._begin_work() as work:
            version, configuration = work.configuration.current()
            watch_ids = [watch.id for watch in configuration.watches if watch.enabled]
            rows = work.coverage.rows(watch_ids, start=span.start - HOUR, end=now)
            coverage, latest = of_the_whole(rows), of_the_whole(work.coverage.latest())
            run = work.model_runs.current()
        return _Round(now, span, version, configuration, coverage, latest, run)

    def _read(self, brand: Brand, this_round: _Round) -> _Subject | None:
        """Read and judge a brand, in two store queries; None when nobody watches it."""
        configuration = this_round.configuration
        watches = configuration.watches_of(brand.id)
        platforms = watched_platforms(configuration, watches)
        if not platforms:
            return None
        series = read_series(
            self._store,
            brand.id,
            platforms,
            Coverage(this_round.coverage, watches),
            this_round.span,
        )
        series = even_out(series, this_round.model_run, brand.id)
        sensitivity = configuration.detection.for_brand(brand.id)
        readings = {p: self._judge(series, (p,), p, sensitivity) for p in platforms}
        known = [p for p in platforms if series.is_known((p,), _best_end(series, platforms))]
        overall = self._judge(series, series.with_history(known), None, sensitivity)
        return _Subject(brand, watches, series, BrandReading(brand.id, overall, readings))

    @staticmethod
    def _judge(
        series: BrandSeries,
        platforms: tuple[Platform, ...],
        platform: Platform | None,
        sensitivity: Sensitivity,
    ) -> Reading:
        """Judge a series and part it at the bin within reach that speaks for it."""
        judged = list(judge_series(series.steps(platforms), sensitivity))
        cut = _speaking(judged, clock_hours(series.span.end - REACH))
        return Reading(platform, platforms, judged[:cut], judged[cut:])

    def _settle(self, subject: _Subject, this_round: _Round) -> list[Evaluation]:
        """Decide and write in one transaction; start over when another detector was faster."""
        for attempt in range(ATTEMPTS):
            try:
                with self._begin_work() as work:
                    evaluations = self._decide_and_write(work, subject, this_round)
                    work.commit()
            except VersionConflict:
                if attempt + 1 == ATTEMPTS:
                    raise
            else:
                return evaluations
        return []

    def _decide_and_write(
        self, work: UnitOfWork, subject: _Subject, this_round: _Round
    ) -> list[Evaluation]:
        brand_id = subject.brand.id
        # what a person raised by hand has no counts to follow: it lives and ends by hand
        past = [s for s in work.signals.of_brand(brand_id, EARLIER_SIGNALS) if s.rule.is_counted]
        going = [s for s in work.signals.open_of(brand_id) if s.rule.is_counted]
        ended = [(s.closed_at, s) for s in past if s.closed_at is not None]
        closed_at, last = max(ended, key=lambda end: end[0], default=(None, None))
        signal = going[0] if going else None
        told = _as_judged_now(signal, this_round.model_run) if signal else None
        decision = decide(subject.reading, told, closed_at)
        outcome = decision.outcome
        if decision.move is not Move.NOTHING:
            denied = last if decision.again and last and last.false_alarm else None
            case = _Case(subject, this_round, decision, tuple(past), denied)
            signal, outcome = self._act(work, case, signal)
        evaluations = _evaluations(work, subject, this_round, decision, outcome, signal)
        work.evaluations.add(evaluations)
        return evaluations

    def _act(
        self, work: UnitOfWork, case: _Case, signal: Signal | None
    ) -> tuple[Signal | None, Outcome]:
        """Carry out a move; the outcome differs from it when too few people stand behind it."""
        end = case.end
        onset = signal.onset_at if signal else case.decision.onset or end - BIN
        evidence = gather(self._store, case.subject.brand, onset, end)
        if signal is None:
            if evidence.authors < MIN_COUNT:
                return None, Outcome.FEW_AUTHORS
            return self._open(work, case, evidence, onset)
        return self._follow(work, case, evidence, signal)

    def _open(
        self, work: UnitOfWork, case: _Case, evidence: Evidence, onset: datetime
    ) -> tuple[Signal | None, Outcome]:
        now, rule = case.round.now, case.decision.rule
        day = now.astimezone(self._zone).strftime("%Y%m%d")
        signal = case.refresh(
            Signal(
                id=work.signals.next_id(day),
                key=signal_key(case.brand_id, rule, onset),
                brand_id=case.brand_id,
                rule=rule,
                level=Level.BLUE,
                state=SignalState.OPEN,
                onset_at=onset,
                opened_at=now,
                updated_at=now,
                figures=case.figures,
                peak_observed=case.height,
                alerted_observed=case.height,
                platforms=(),
                watch_ids=tuple(watch.id for watch in case.subject.watches),
            ),
            evidence,
        )
        signal = replace(signal, alerted_platforms=case.subject.reading.spiking_platforms)
        if _is_denied(case.denied, signal) or is_hushed(work, signal, now):
            return None, Outcome.SILENCED
        if self._join is not None:
            signal = self._join(work, signal, now) or signal
        told = () if is_swallowed(work, signal) else case.round.configuration.recipients
        opened = open_signal(
            work,
            signal,
            recipients=told,
            context=self._context(case, signal),
            render=self._render,
            reason=_reason(signal.figures),
        )
        return opened, Outcome.OPENED

    def _follow(
        self, work: UnitOfWork, case: _Case, evidence: Evidence, signal: Signal
    ) -> tuple[Signal, Outcome]:
        now, move = case.round.now, case.decision.move
        newer = case.refresh(signal, evidence)
        if move is Move.UPDATE:
            return update_signal(work, newer, now), Outcome.STILL_OPEN
        if move is Move.GROW:
            told = case.told(newer)
            if is_hushed(work, told, now):
                # what stands was told; what is new is told when the silence ends
                quiet = replace(newer, level=signal.level)
                return update_signal(work, quiet, now), Outcome.SILENCED
            newer = _raised(signal, told, now)
        context = replace(
            self._context(case, newer),
            told_observed=signal.alerted_observed,
            told_platforms=signal.alerted_platforms,
            told_level=signal.level,
        )
        act = close_signal
        if move is Move.GROW:
            act = partial(grow_signal, tell=not is_swallowed(work, newer))
        written = act(
            work,
            newer,
            recipients=case.round.configuration.recipients,
            context=context,
            render=self._render,
            at=now,
            reason=_reason(newer.figures),
        )
        return written, Outcome.GREW if move is Move.GROW else Outcome.CLOSED

    def _context(self, case: _Case, signal: Signal) -> AlertContext:
        configuration, subject = case.round.configuration, case.subject
        watch_ids = set(signal.watch_ids)
        looks = [
            row.observed_at
            for row in of_the_present(case.round.coverage)
            if row.watch_id in watch_ids and row.state in KNOWN_STATES
        ]
        blind = [
            CoverageNote(row.source_id, row.platform, row.state.value, row.reason)
            for row in _unread(case, watch_ids)
        ]
        clocks = configuration.clocks.get(signal.level, DEFAULT_CLOCKS[signal.level])
        return AlertContext(
            brand_name=subject.brand.name,
            watch_names=tuple(watch.name for watch in subject.watches),
            sensitivity=configuration.detection.for_brand(subject.brand.id).value,
            zone_name=self._zone.key,
            public_url=self._public_url,
            clocks=clocks,
            hours=case.last_day,
            data_until=case.end,
            lag=case.round.now - max(looks) if looks else None,
            coverage=tuple(blind),
            similar=tuple(s.id for s in case.past if s.id != signal.id)[:SIMILAR],
            model_id=self._model_id,
            demo=configuration.is_demo,
            on_duty=names_on_duty(configuration, subject.brand.id, case.round.now, self._zone),
            waits_until=quiet_until(configuration, signal.level, case.round.now, self._zone),
        )


def _as_judged_now(signal: Signal, run: ModelRun | None) -> Signal:
    """Return a signal with its heights as the model in use would have counted them: an incident
    that another model measured has not grown because this one sees more negatives in it.
    """
    factor = run.factor(signal.brand_id) if run else 1.0
    if run is None or signal.opened_at >= run.began_at or factor <= 1:
        return signal
    return replace(
        signal,
        alerted_observed=ceil(signal.alerted_observed * factor),
        peak_observed=ceil(signal.peak_observed * factor),
    )


def _is_denied(denied: Signal | None, signal: Signal) -> bool:
    """Whether a person has called this very incident none. What rises to red after that is another
    matter, unless it was red when they said so.
    """
    return denied is not None and (signal.level is not Level.RED or denied.level is Level.RED)


def _raised(before: Signal, signal: Signal, now: datetime) -> Signal:
    """Return a signal that grew; a new level starts its clock anew and breaks a silence."""
    if signal.level is before.level:
        return signal
    return replace(
        decided(signal),
        level_since=now,
        silenced_until=None if signal.level is Level.RED else signal.silenced_until,
    )


def _speaking(judged: Sequence[Judged], oldest: float) -> int:
    """Return how many steps there are up to the one that speaks for the series; 0: none does.

    It is the newest known one since `oldest`; or of those after it, of which not all was seen, the
    highest, when what was seen is more and enough to alert.
    """
    reach = [(i, each) for i, each in enumerate(judged) if each.step.at >= oldest]
    known = max((i for i, each in reach if each.step.known), default=-1)
    height = judged[known].step.negative if known >= 0 else 0
    louder = [
        (each.step.negative, i)
        for i, each in reach
        if i > known and each.verdict.high and each.step.negative > height
    ]
    return (max(louder)[1] if louder else known) + 1


def _best_end(series: BrandSeries, platforms: tuple[Platform, ...]) -> datetime:
    """The newest bin end within reach at which the most platforms are known."""
    ends = [series.span.end - BIN * back for back in range(REACH // BIN + 1)]
    return max(ends, key=lambda end: (sum(series.is_known((p,), end) for p in platforms), end))


def _unread(case: _Case, watch_ids: set[str]) -> list[CoverageRow]:
    """Return the sources whose last look did not end well, or left a part of the hour unseen."""
    rows = {
        (row.watch_id, row.source_id): row
        for row in case.round.latest
        if row.watch_id in watch_ids and row.state not in KNOWN_STATES
    }
    for row in case.round.coverage:
        hides = row.state is CoverageState.PARTIAL and row.watch_id in watch_ids
        touches = row.window_start < case.end and row.window_end > case.end - HOUR
        if hides and touches and not case.subject.series.is_known((row.platform,), case.end):
            rows.setdefault((row.watch_id, row.source_id), row)
    return [rows[key] for key in sorted(rows)]


def _reason(figures: Figures) -> str:
    usual = "unknown" if figures.mean is None else f"{figures.mean:.1f}"
    z = "none" if figures.z is None else f"{figures.z:.1f}"
    least = "at least " if figures.lower_bound else ""
    return f"{least}{figures.observed} negatives in an hour, usual {usual}, z {z}"


def _evaluations(
    work: UnitOfWork,
    subject: _Subject,
    this_round: _Round,
    decision: Decision,
    outcome: Outcome | None,
    signal: Signal | None,
) -> list[Evaluation]:
    """Return the decisions to store: of the newest bins, and of late bins whose counts changed."""
    since = this_round.span.end - LATE
    stored: dict[tuple[Platform | None, datetime], list[Evaluation]] = defaultdict(list)
    for each in work.evaluations.between(since, this_round.span.end, subject.brand.id):
        stored[each.platform, each.bin_end].append(each)
    made: list[Evaluation] = []
    for reading in subject.reading.all:
        for judged in (*reading.judged, *reading.later):
            end = moment_of(judged.step.at)
            if end <= since:
                continue
            newest = judged is reading.newest
            result = _outcome_of(reading, judged, decision, outcome, newest=newest)
            evaluation = _evaluation(subject, this_round, reading, judged, result, signal)
            if not _is_told(stored.get((reading.platform, end), ()), evaluation, newest=newest):
                made.append(evaluation)
    return made


def _outcome_of(
    reading: Reading,
    judged: Judged,
    decision: Decision,
    outcome: Outcome | None,
    *,
    newest: bool,
) -> Outcome:
    """What one bin of one series is called: the move on its carrier, else the rule's own word."""
    verdict = judged.verdict
    if newest and reading is decision.carrier and outcome is not None:
        return outcome
    if not verdict.high:
        return verdict.outcome
    if not newest:
        return Outcome.HISTORY if verdict.known else Outcome.COVERAGE_UNKNOWN
    return outcome if outcome in _SHARED else Outcome.STILL_OPEN


_SHARED = {Outcome.FEW_AUTHORS, Outcome.SILENCED}
"""Outcomes of a brand that hold for each of its series that would have alerted."""


def _evaluation(
    subject: _Subject,
    this_round: _Round,
    reading: Reading,
    judged: Judged,
    outcome: Outcome,
    signal: Signal | None,
) -> Evaluation:
    step, end = judged.step, moment_of(judged.step.at)
    configuration = this_round.configuration
    return Evaluation(
        brand_id=subject.brand.id,
        platform=reading.platform,
        bin_start=end - BIN,
        bin_end=end,
        evaluated_at=this_round.now,
        rule=judged.verdict.rule,
        outcome=outcome,
        figures=judged.verdict.figures,
        inputs={
            "negative": step.negative,
            "total": step.total,
            "known": step.known,
            "platforms": [platform.value for platform in reading.platforms],
            "sensitivity": configuration.detection.for_brand(subject.brand.id).value,
            "window_minutes": 60,
            "model": this_round.model_run.model_id if this_round.model_run else "",
        },
        signal_id=signal.id if signal and outcome in _OF_A_SIGNAL else None,
        configuration_version=this_round.version,
    )


_OF_A_SIGNAL = {Outcome.OPENED, Outcome.GREW, Outcome.STILL_OPEN, Outcome.CLOSED}


def _is_told(stored: Iterable[Evaluation], made: Evaluation, *, newest: bool) -> bool:
    """Whether the ledger of decisions has this one already.

    What was alerted stays as it was told. An older bin is written again only when posts that came
    late changed its counts; what another model made of the same posts since is no news of then.
    """
    return any(
        earlier.outcome.is_alert
        or (
            not newest
            and (
                _counts(earlier.inputs) == _counts(made.inputs)
                or earlier.inputs.get("model", "") != made.inputs["model"]
            )
        )
        for earlier in stored
    )


def _counts(inputs: Mapping[str, object]) -> tuple[object, ...]:
    return tuple(inputs.get(name) for name in ("negative", "total", "known", "platforms"))
