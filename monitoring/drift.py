"""The drift guard: a field that used to be read and is not any more is told as 监测失明.

Pure but for `judge_run`. What is compared are **fresh** mentions, those that stood on no page
before: a quiet brand shows the same ten posts for a day, and counting them again each quarter of an
hour would turn ten posts into a thousand witnesses.

The test. The reference are the fresh mentions of the crawls before (at most `REFERENCE`), the
suspects those of the newest 1, 2, 4, 8, 16 or 32 crawls. Posts of one crawl resemble each other
(one author, one kind of post), and those of one night those of that night. So the reference is cut
into blocks of as many crawls as are suspected, and both samples are divided by their design effect
1 + (ñ − 1)·ρ, ρ being the intra-block correlation by the analysis of variance, at least
`LEAST_RHO`. With a Jeffreys prior the suspects then follow a beta-binomial, and the field has
drifted when

    P(as few filled as this | reference) ≤ ALPHA   and   its rate is at most half of what it was.

A field that was (nearly) always there needs no fresh mentions to be missed: its newest crawl is
judged by all mentions on it. 19 fields × 7 tests a crawl at ALPHA = 1e-5 bound the false alarms by
1.4 a 1,000 crawls of a surface whatever it shows, if the model holds; `benchmarks/drift.py`
measures them on histories for which it does not hold, too.

At once, without any test: what a mention cannot be without (`REQUIRED`) and is on none of a whole
crawl, and a reader that gave up (LayoutChanged).
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from domain.crawl import CrawlRun
from domain.drift import COUNTED, MENTIONS, DriftKind, Episode, SurfaceCounts, is_filled
from domain.page import FoundMention, Page, PageState
from domain.ports import BeginWork

ALPHA = 1e-5
REFERENCE = 300
"""So many crawls with fresh mentions are the past: days, so that the rhythm of a day is known."""

LEAST_REFERENCE = 20
"""Fresh mentions below which nothing is known of a surface yet."""

LEAST_RHO = 0.01
LEAST_BLOCKS = 4
"""Fewer blocks say nothing of how they differ."""

_MOST_RHO = 0.9
_SPANS = (1, 2, 4, 8, 16, 32)
ALWAYS = 0.98
"""A field that is filled so often is there always."""

_BARE_ALPHA = 1e-3
"""For pages without any mention: one test a crawl instead of a hundred, and far fewer pages."""

_FIRST_LOOK = 3
"""Mentions on a crawl without history from which a missing author or text is no accident."""

REQUIRED = ("id", "published_at", "author", "text")
"""A mention cannot be without them. Where a title says everything, text may be empty."""

WITHOUT_ALL = frozenset(
    {"zhihu_body", "zhihu_hot_list", "zhihu_cards", "weibo_long_text", "weibo_hot_words"}
)
"""Surfaces that are no whole mention by nature: a body alone, a list of titles, a card without its
time. For them only their own past counts."""

_log = structlog.get_logger(__name__)

_Rate = tuple[int, int]
"""With a value, of how many."""


# ---- counting ------------------------------------------------------------------------------------


def counts_of(
    page: Page, fresh: Iterable[FoundMention], *, run: CrawlRun, at: datetime
) -> SurfaceCounts:
    """Return what a page brought. `fresh`: its mentions that stood on no page before."""
    own = [mention for mention in page.mentions if not mention.embedded]
    new = [mention for mention in fresh if not mention.embedded]
    has_content = page.state is PageState.OK
    return SurfaceCounts(
        run_id=run.id,
        source_id=run.source_id,
        platform=run.platform,
        surface=page.page,
        at=at,
        pages=1,
        content_pages=int(has_content),
        bare_pages=int(has_content and not page.mentions),
        mentions=len(own),
        fresh=len(new),
        filled=_filled(own),
        fresh_filled=_filled(new),
    )


def unread(surface: str, field: str, *, run: CrawlRun, at: datetime) -> SurfaceCounts:
    """Return the counts of a page that its reader gave up for want of `field`."""
    return SurfaceCounts(
        run.id, run.source_id, run.platform, surface, at, pages=1, missing=field or "?"
    )


def _filled(mentions: Sequence[FoundMention]) -> dict[str, int]:
    found = {name: sum(is_filled(each, name) for each in mentions) for name in COUNTED}
    return {name: number for name, number in found.items() if number}


# ---- the verdict ---------------------------------------------------------------------------------


def judge(history: Sequence[SurfaceCounts], episodes: Sequence[Episode]) -> list[Episode]:
    """Return the episodes that begin or end with the newest of the counts of one surface.

    `history` is oldest first. `episodes` are those of the surface, ended ones too: what was read in
    their time is nobody's past.
    """
    newest = history[-1]
    going = {each.field: each for each in episodes if each.ended_at is None}
    changed = [
        replace(each, ended_at=newest.at)
        for each in going.values()
        if _is_over(each, [counts for counts in history if counts.at >= each.since])
    ]
    found = _findings(history, episodes)
    return changed + [each for each in found if each.field not in going]


def _findings(history: Sequence[SurfaceCounts], episodes: Sequence[Episode]) -> Iterator[Episode]:
    newest = history[-1]
    if newest.missing:
        yield _episode(newest, newest.missing, DriftKind.LAYOUT, newest, (0, 0), (0, newest.pages))
        return
    if bare := _bare(history):
        yield bare
    if not newest.mentions:
        return
    for field in COUNTED:
        spans = [(each.since, each.ended_at) for each in episodes if each.field == field]
        known = [c for c in history[:-1] if not c.missing and not _within(c.at, spans)]
        if found := _field_finding(field, newest, known):
            yield found


def _within(at: datetime, spans: Iterable[tuple[datetime, datetime | None]]) -> bool:
    return any(since <= at and (ended is None or at < ended) for since, ended in spans)


def _field_finding(
    field: str, newest: SurfaceCounts, known: Sequence[SurfaceCounts]
) -> Episode | None:
    crawls = [*known, newest]
    for span in _SPANS:
        suspects, past = crawls[-span:], _past(crawls[:-span])
        before = _fresh_rate(past, field)
        if before[1] < LEAST_REFERENCE or not before[0]:
            break
        blocks = _blocks(past, field, span)
        # of what is always there it need not be known how it swings
        if len(blocks) < LEAST_BLOCKS and before[0] < ALWAYS * before[1]:
            break
        for after in _suspicions(field, suspects, before, span):
            if _has_fallen(before, after) and _chance(blocks, before, after) <= ALPHA:
                kind = DriftKind.FELL if after[0] else DriftKind.VANISHED
                return _episode(newest, field, kind, suspects[0], before, after)
    return _required(field, newest, _fresh_rate(_past(known), field))


def _suspicions(
    field: str, suspects: Sequence[SurfaceCounts], before: _Rate, span: int
) -> Iterator[_Rate]:
    """The samples that are judged: fresh ones, and all of the newest crawl for what is always
    there.
    """
    yield _fresh_rate(suspects, field)
    newest = suspects[-1]
    if span == 1 and before[0] >= ALWAYS * before[1]:
        yield newest.filled.get(field, 0), newest.mentions


def _required(field: str, newest: SurfaceCounts, before: _Rate) -> Episode | None:
    """What no mention can be without, and none of a whole crawl has."""
    if field not in REQUIRED or newest.surface in WITHOUT_ALL or newest.filled.get(field):
        return None
    if field == "text" and newest.filled.get("title"):
        return None
    used_to_lack = before[1] >= LEAST_REFERENCE and 2 * before[0] < before[1]
    may_be_accident = field in {"author", "text"} and newest.mentions < _FIRST_LOOK
    if used_to_lack or may_be_accident:
        return None
    return _episode(newest, field, DriftKind.VANISHED, newest, before, (0, newest.mentions))


def _bare(history: Sequence[SurfaceCounts]) -> Episode | None:
    """Pages that say they have content and hold none, where they used to."""
    newest = history[-1]
    if not newest.content_pages or newest.bare_pages < newest.content_pages:
        return None
    for span in _SPANS:
        suspects, past = history[-span:], history[:-span][-REFERENCE:]
        before, after = _page_rate(past), _page_rate(suspects)
        if before[1] < LEAST_REFERENCE or not after[1]:
            break
        chance = beta_binomial(after[0], after[1], before[0], before[1])
        if _has_fallen(before, after) and chance <= _BARE_ALPHA:
            return _episode(newest, MENTIONS, DriftKind.BARE, suspects[0], before, after)
    return None


def _episode(
    newest: SurfaceCounts,
    field: str,
    kind: DriftKind,
    first: SurfaceCounts,
    before: _Rate,
    after: _Rate,
) -> Episode:
    return Episode(
        source_id=newest.source_id,
        platform=newest.platform,
        surface=newest.surface,
        field=field,
        kind=kind,
        since=first.at,
        noticed_at=newest.at,
        before=before,
        after=after,
    )


def _is_over(episode: Episode, since: Sequence[SurfaceCounts]) -> bool:
    """Whether the newest crawls read again what they should."""
    read = [counts for counts in since if not counts.missing]
    if episode.kind is DriftKind.LAYOUT:
        return bool(since) and not since[-1].missing and since[-1].pages > 0
    if episode.kind is DriftKind.BARE:
        return bool(since) and since[-1].content_pages > since[-1].bare_pages
    # a field that fell is there now and then all the time: so more is asked for
    wanted = 10 if episode.kind is DriftKind.FELL else 3
    filled = seen = 0
    for counts in reversed(read):
        if seen >= wanted:
            break
        filled += counts.filled.get(episode.field, 0)
        seen += counts.mentions
    if not filled:
        return False
    share = episode.before[0] / episode.before[1] if episode.before[1] else 1.0
    enough = seen >= wanted or filled >= share * seen
    return enough and filled > share / 2 * seen


def _past(crawls: Sequence[SurfaceCounts]) -> Sequence[SurfaceCounts]:
    return [counts for counts in crawls if counts.fresh][-REFERENCE:]


def _fresh_rate(crawls: Iterable[SurfaceCounts], field: str) -> _Rate:
    pairs = [(counts.fresh_filled.get(field, 0), counts.fresh) for counts in crawls]
    return sum(filled for filled, _ in pairs), sum(of for _, of in pairs)


def _page_rate(crawls: Iterable[SurfaceCounts]) -> _Rate:
    pairs = [(counts.content_pages - counts.bare_pages, counts.content_pages) for counts in crawls]
    return sum(filled for filled, _ in pairs), sum(of for _, of in pairs)


def _has_fallen(before: _Rate, after: _Rate) -> bool:
    return after[1] > 0 and 2 * after[0] * before[1] <= before[0] * after[1] and before[0] > 0


def _blocks(past: Sequence[SurfaceCounts], field: str, span: int) -> list[_Rate]:
    """The rates of each `span` crawls that followed each other, the newest last."""
    first = len(past) % span
    return [_fresh_rate(past[at : at + span], field) for at in range(first, len(past), span)]


def _chance(blocks: Sequence[_Rate], before: _Rate, after: _Rate) -> float:
    """The chance of so few, both samples divided by their design effect."""
    rho = intra_block_correlation(blocks)
    shrunk = _design_effect([of for _, of in blocks], rho)
    grown = _design_effect([after[1]], rho)
    return beta_binomial(after[0] / grown, after[1] / grown, before[0] / shrunk, before[1] / shrunk)


def _design_effect(sizes: Sequence[int], rho: float) -> float:
    """Kish: 1 + (ñ − 1)·ρ with ñ = Σn² / Σn."""
    return 1 + (sum(n * n for n in sizes) / sum(sizes) - 1) * rho


def intra_block_correlation(pairs: Sequence[_Rate]) -> float:
    """Return how alike the mentions of one block are in having a field (Fleiss' analysis of
    variance estimator), within LEAST_RHO and 0.9.
    """
    crawls = [(k, n) for k, n in pairs if n]
    total, filled = sum(n for _, n in crawls), sum(k for k, _ in crawls)
    if len(crawls) < 2 or total <= len(crawls) or filled in (0, total):
        return LEAST_RHO
    mean = filled / total
    between = sum(n * (k / n - mean) ** 2 for k, n in crawls) / (len(crawls) - 1)
    within = sum(k * (n - k) / n for k, n in crawls) / (total - len(crawls))
    size = (total - sum(n * n for _, n in crawls) / total) / (len(crawls) - 1)
    spread = between + (size - 1) * within
    if spread <= 0:
        return LEAST_RHO
    return min(max((between - within) / spread, LEAST_RHO), _MOST_RHO)


def beta_binomial(k: float, n: float, filled: float, of: float) -> float:
    """Return P(at most k of n | `filled` of `of` before, Jeffreys prior).

    Samples may be fractions, as a design effect leaves them: then n is rounded down and k up, which
    makes the answer larger; for k = 0 it is exact.
    """
    a, b = filled + 0.5, of - filled + 0.5
    if k <= 0:
        return math.exp(_log_beta(a, b + n) - _log_beta(a, b))
    whole, least = math.floor(n), math.ceil(k)
    if least >= whole:
        return 1.0
    terms = (
        math.exp(
            math.lgamma(whole + 1)
            - math.lgamma(i + 1)
            - math.lgamma(whole - i + 1)
            + _log_beta(a + i, b + whole - i)
            - _log_beta(a, b)
        )
        for i in range(least + 1)
    )
    return min(sum(terms), 1.0)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


# ---- after a crawl -------------------------------------------------------------------------------


def judge_run(begin_work: BeginWork, run_id: str) -> list[Episode]:
    """Judge what a run read of each surface; store and return the episodes that begin or end."""
    with begin_work() as work:
        read = work.drift.of_run(run_id)
        source = read[0].source_id if read else ""
        history, episodes = work.drift.history(source), work.drift.episodes(source)
        changed = [each for newest in read for each in _judge(newest, history, episodes)]
        for episode in changed:
            work.drift.save(episode)
        if changed:
            work.commit()
    for episode in changed:
        _log.warning(
            "drift_ended" if episode.ended_at else "drift_noticed",
            source=episode.source_id,
            surface=episode.surface,
            field=episode.field,
            kind=episode.kind.value,
        )
    return changed


def _judge(
    newest: SurfaceCounts, history: Sequence[SurfaceCounts], episodes: Sequence[Episode]
) -> list[Episode]:
    own = [each for each in episodes if each.surface == newest.surface]
    changed = judge([each for each in history if each.surface == newest.surface], own)
    if newest.missing or not newest.content_pages:
        return changed
    # a page that nobody recognised is of no surface: what is read again ends it all the same
    return changed + [
        replace(each, ended_at=newest.at)
        for each in episodes
        if each.kind is DriftKind.LAYOUT
        and each.ended_at is None
        and each.surface == newest.platform.value
        and each.since < newest.at
    ]


def rates(counts: SurfaceCounts) -> Mapping[str, _Rate]:
    """Return what was read of each field that a surface has, for people."""
    return {
        name: (counts.filled[name], counts.mentions) for name in COUNTED if name in counts.filled
    }
