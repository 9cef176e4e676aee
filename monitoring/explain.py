"""Why something was or was not seen: fetched? matched? scored how? counted where? alerted or not,
why?

Everything is read from what was kept at the time (sightings, the mention, coverage, evaluations);
nothing is computed again, so the answer is what really happened.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.brand import Configuration
from domain.coverage import CoverageRow, Interval, known_intervals
from domain.crawl import Sighting
from domain.mention import Mention, Platform
from domain.ports import BeginWork, MentionStore, UnitOfWork
from domain.signal import Evaluation

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class HourCoverage:
    """Whether an hour of event time was looked at, for one watch and platform, and by which
    looks.
    """

    watch_id: str
    platform: Platform
    known: bool
    looks: tuple[CoverageRow, ...]
    covered: tuple[Interval, ...] = ()
    """The parts of the hour that a look covered without a gap."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The trail of one mention or moment. Empty parts are facts too: it was never fetched, no rule
    looked at that hour. `hour` is the beginning of the hour (UTC) in which it counts.
    """

    sightings: tuple[Sighting, ...]
    mention: Mention | None
    hour: datetime | None
    coverage: tuple[HourCoverage, ...]
    evaluations: tuple[Evaluation, ...]


def explain_mention(target: str, *, begin_work: BeginWork, store: MentionStore) -> Explanation:
    """Explain a mention by its id (`weibo:5123…`) or by its url."""
    with begin_work() as work:
        sightings = work.crawls.sightings(target) or work.crawls.sightings_of_url(target)
        mention_id = sightings[0].mention_id if sightings else target
        mention = store.get([mention_id]).get(mention_id)
        _, configuration = work.configuration.current()
        if mention is None:
            return Explanation(tuple(sightings), None, None, (), ())
        hour = mention.published_at.replace(minute=0, second=0, microsecond=0)
        evaluations = [
            e
            for e in work.evaluations.between(
                mention.published_at - timedelta(microseconds=1), mention.published_at + _HOUR
            )
            if e.brand_id in mention.brand_ids and e.platform in (None, mention.platform)
        ]
        coverage = _coverage(work, configuration, hour, {mention.platform})
    return Explanation(tuple(sightings), mention, hour, coverage, tuple(evaluations))


def explain_signal(signal_id: str, *, begin_work: BeginWork) -> Explanation | None:
    """Explain an alert by its id: every decision about its brand from its onset to its last word;
    None when there is no such alert.
    """
    with begin_work() as work:
        signal = work.signals.get(signal_id)
        if signal is None:
            return None
        _, configuration = work.configuration.current()
        until = signal.closed_at or signal.updated_at
        evaluations = work.evaluations.between(signal.onset_at - _HOUR, until, signal.brand_id)
        hour = signal.onset_at.replace(minute=0, second=0, microsecond=0)
        coverage = _coverage(work, configuration, hour, set(Platform))
    return Explanation((), None, hour, coverage, tuple(evaluations))


def explain_moment(moment: datetime, *, begin_work: BeginWork) -> Explanation:
    """Explain what was known, and decided, about the hour of a moment."""
    hour = moment.replace(minute=0, second=0, microsecond=0)
    with begin_work() as work:
        _, configuration = work.configuration.current()
        evaluations = work.evaluations.between(moment, moment + _HOUR)
        coverage = _coverage(work, configuration, hour, set(Platform))
    return Explanation((), None, hour, coverage, tuple(evaluations))


def _coverage(
    work: UnitOfWork, configuration: Configuration, hour: datetime, platforms: set[Platform]
) -> tuple[HourCoverage, ...]:
    ids = [watch.id for watch in configuration.watches]
    rows = work.coverage.rows(ids, start=hour, end=hour + _HOUR)
    return tuple(
        _hour_coverage(watch_id, platform, hour, looks)
        for watch_id in ids
        for platform in sorted(platforms)
        if (looks := [r for r in rows if r.watch_id == watch_id and r.platform is platform])
    )


def _hour_coverage(
    watch_id: str, platform: Platform, hour: datetime, looks: Sequence[CoverageRow]
) -> HourCoverage:
    end = hour + _HOUR
    spans = known_intervals(looks)
    return HourCoverage(
        watch_id=watch_id,
        platform=platform,
        known=any(span.covers(hour, end) for span in spans),
        looks=tuple(sorted(looks, key=lambda look: look.observed_at)),
        covered=tuple(
            Interval(max(span.start, hour), min(span.end, end))
            for span in spans
            if span.start < end and span.end > hour
        ),
    )


def last_words(evaluations: Sequence[Evaluation]) -> list[Evaluation]:
    """Return the newest decision about each bin, brand and series, in order of time.

    A bin is looked at again while its data still come in; only the last word counts.
    """
    newest: dict[tuple[datetime, str, str], Evaluation] = {}
    for evaluation in sorted(evaluations, key=lambda e: e.evaluated_at):
        series = evaluation.platform.value if evaluation.platform else ""
        newest[evaluation.bin_end, evaluation.brand_id, series] = evaluation
    return [newest[key] for key in sorted(newest)]
