"""试读一页: a run of exactly one page. It is asked for and read by the same code as in any crawl
(guard, robots.txt, pace, session, walls); only what would be written is not: no run, no frontier,
no archive, no mention, no ledger.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from crawlers.frontier import Frontier, PageRequest, first_pages, new_run, new_run_id
from crawlers.pipelines import Intake, Read, Taken, oldest
from crawlers.plan import Outcome, Plan, Split, Tally
from crawlers.services import Services
from domain.brand import Configuration, Source, Transport, Watch
from domain.coverage import CoverageState
from domain.crawl import CrawlRun, FrontierEntry, FrontierState
from domain.errors import LayoutChanged
from domain.page import FoundMention, Page, PageState
from domain.ports import UnitOfWork
from domain.surfaces import ALL_FIELDS
from domain.trial import SHOWN, Trial, TriedMention
from monitoring.candidates import sift
from presentation.masking import mask_name, mask_speakers


class OnePageArchive:
    """Holds the bodies of one trial in memory."""

    def __init__(self) -> None:
        self._bodies: dict[str, bytes] = {}

    def put(self, body: bytes) -> str:
        """Keep a body until the process ends; return its SHA-256."""
        digest = hashlib.sha256(body).hexdigest()
        self._bodies[digest] = body
        return digest

    def get(self, sha256: str) -> bytes | None:
        """Return a body."""
        return self._bodies.get(sha256)

    def prune(self, before: datetime, keep: Collection[str] = ()) -> int:
        """Keep everything: a trial is short."""
        return 0


def _no_work() -> UnitOfWork:
    raise RuntimeError("a trial writes nothing")


class TrialFrontier(Frontier):
    """A frontier of one page that nobody resumes. `then`: what a crawl would do next."""

    def __init__(self, services: Services, watch: Watch, source: Source, plan: Plan) -> None:
        now = services.clock.now()
        run_id = new_run_id(now)
        run = new_run(run_id, run_id, watch=watch, source=source, plan=plan, now=now)
        super().__init__(_no_work, OnePageArchive(), services.clock, run, plan)
        self.then: PageRequest | Outcome | None = None
        self.answered: FrontierEntry | None = None
        self.size = 0

    def to_do(self) -> list[FrontierEntry]:
        """Return the first page of the first series."""
        return first_pages(self.run.lineage, self.plan)[:1]

    def fetched(self, entry: FrontierEntry, body: bytes, *, url: str, status: int) -> FrontierEntry:
        """Keep a body for as long as the process lives."""
        self.size = len(body)
        self.answered = replace(
            entry,
            state=FrontierState.FETCHED,
            body_sha256=self._archive.put(body),
            url=url,
            status=status,
            fetched_at=self._clock.now(),
        )
        return self.answered

    def advance(
        self, entry: FrontierEntry, then: PageRequest | Outcome | None
    ) -> FrontierEntry | None:
        """Note what would follow; nothing does."""
        self.then = then if then is not None else self.then
        return None

    def split(self, entry: FrontierEntry, split: Split) -> list[FrontierEntry]:
        """Note where the parts begin; none is asked."""
        self.then = PageRequest(self.request_of(entry).series, split.parts[0].url)
        return []

    def beat(self) -> None:
        """Give no sign of life: nobody asks for one."""

    def _end(self, stop: Outcome | None, series: int | None, *, final: bool) -> CrawlRun:
        if stop is None:
            return replace(self.run, ended_at=self._clock.now())
        return replace(self.run, ended_at=self._clock.now(), state=stop.state, reason=stop.reason)


class TrialIntake(Intake):
    """Looks at what a page holds, and stores nothing."""

    def __init__(self, services: Services, frontier: Frontier, watch: Watch, read: Read) -> None:
        self._clock = services.clock
        self._frontier = frontier
        self._watch = watch
        self._read = read
        self.page: Page | None = None
        self.mentions: tuple[TriedMention, ...] = ()
        self.matched = 0

    def take(self, entry: FrontierEntry, page: Page) -> Taken:
        """Judge what stands on a page as ingest would for this watch alone."""
        only = Configuration(watches=(self._watch,))
        at = self._fetched_at(entry)
        sifted = sift(page.mentions, only, asking=self._watch, collected_at=at)
        whys = {mention.id: why for mention, why in sifted.passed_over}
        whys |= {each.mention_id: f"unusable:{each.text.zh}" for each in sifted.refused}
        self.page = page
        self.matched = len(sifted.candidates)
        self.mentions = tuple(
            TriedMention(shown(mention), whys.get(mention.id, ""))
            for mention in page.mentions[:SHOWN]
        )
        found = len(page.mentions)
        return Taken(page, Tally(1, found, self.matched, 0, oldest(page.mentions)))

    def unread(self, entry: FrontierEntry, error: LayoutChanged) -> None:
        """Count nothing: the result of the trial says what is missing."""

    def look_for_drift(self, run_id: str) -> None:
        """Judge nothing: one page tells little, and nothing of it is kept."""


def shown(mention: FoundMention) -> dict[str, object]:
    """Return every field of a mention as a JSON value, without whose it is."""
    values = {name: _plain(getattr(mention, name)) for name in ALL_FIELDS}
    return values | {
        "author": mask_name(mention.author),
        "author_uid": True if mention.author_uid else None,
        "text": mask_speakers(mention.text),
    }


def only_this_page(request: PageRequest, taken: Taken, tally: Tally) -> Outcome:
    """End a series with its page: for spiders of which the next step would write."""
    return Outcome.seen(tally)


@dataclass(frozen=True, slots=True)
class Trying:
    """A trial under way."""

    frontier: TrialFrontier
    intake: TrialIntake

    @classmethod
    def begin(
        cls, services: Services, watch: Watch, source: Source, plan: Plan, read: Read
    ) -> "Trying":
        """Make the two that stand in for what writes."""
        frontier = TrialFrontier(services, watch, source, plan)
        return cls(frontier, TrialIntake(services, frontier, watch, read))

    def result(self, watch: Watch, source: Source, run: CrawlRun, *, under: str) -> Trial:
        """Return what a trial that has ended tells. `run` is as its frontier closed it, `under` the
        sheet under which a page was opened.
        """
        frontier, intake = self.frontier, self.intake
        state, reason = _state(source, frontier, intake, run)
        answered = frontier.answered
        return Trial(
            watch_id=watch.id,
            source_id=source.id,
            state=state,
            reason=reason,
            surface=intake.page.page if intake.page else "",
            url=answered.url if answered else "",
            status=answered.status if answered else 0,
            bytes=frontier.size,
            found=len(intake.page.mentions) if intake.page else 0,
            matched=intake.matched,
            mentions=intake.mentions,
            next=_next(frontier, intake),
            under=under,
        )


def _state(
    source: Source, frontier: TrialFrontier, intake: TrialIntake, run: CrawlRun
) -> tuple[CoverageState, str]:
    if run.state is not None:
        return run.state, run.reason
    if intake.page is None:
        return CoverageState.FAILED, "gone" if frontier.answered else "nothing_to_ask"
    then = frontier.then
    over_http = source.transport is Transport.HTTP
    if over_http and isinstance(then, Outcome) and then.state is CoverageState.PARTIAL:
        return then.state, then.reason
    is_empty = intake.page.state is PageState.EMPTY or not intake.page.mentions
    return (CoverageState.EMPTY if is_empty else CoverageState.OK), ""


def _next(frontier: TrialFrontier, intake: TrialIntake) -> str:
    if isinstance(frontier.then, PageRequest):
        return frontier.then.url
    # in a browser the page itself asks for more while it is scrolled
    return intake.page.next or "" if intake.page and _is_captured(frontier) else ""


def _is_captured(frontier: TrialFrontier) -> bool:
    answered = frontier.answered
    return answered is not None and Frontier.request_of(answered).captured


def _plain(value: Any) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.value if isinstance(value, StrEnum) else value
