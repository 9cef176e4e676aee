"""Judging the stored history again when another model comes into use (历史重算).

A run begins when the model of this process is not the one in use. It walks the history, the
newest first, page by page: derive, amend, note how far it came. Amending holds people's labels and
whatever a later run said, so a page that is done twice, or by two processes at once, comes out the
same, and a run that was killed goes on where it was last noted. Rollups are the store's own and
move with each mention. When the walk is done, what arrived meanwhile is looked at again now and
then: a machine that still had the earlier model may have written it, and a label that a person took
back shows the earlier model's.

No alarm rings for it. Only the newest complete hour can alert, its bins' decisions of then stay as
they were made, and while the history of the detector is of two models it is read as the new one
would have judged it (`monitoring.series.even_out`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Final

from domain.correction import CorrectionAct
from domain.mention import Mention
from domain.merge import judged_again
from domain.model_run import ModelRun, shifted
from domain.ports import BeginWork, Clock, MentionStore
from domain.queries import MentionFilter, Sort
from monitoring.clusters import fold_near_copies
from monitoring.deriving import Derived, Deriving

PAGE: Final = 200
"""Mentions of one step: a second of the slowest engine, 40 ms of the store's lock."""
BACKGROUND: Final = 0.4
"""How much of its time a background run works; the rest belongs to crawls and readers."""
SWEEP_EVERY: Final = timedelta(hours=1)
_OVERLAP: Final = timedelta(minutes=5)
_TICK: Final = timedelta(microseconds=1)
_EVERYTHING: Final = MentionFilter(public_voice_only=False)

Rest = Callable[[float], bool]
"""Waits for so many seconds; returns whether to go on."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one page of history came to."""

    seen: int
    changed: int
    left: int
    pairs: tuple[tuple[Mention, Mention], ...]


@dataclass(frozen=True, slots=True)
class Rescoring:
    """Judges history again. `started_at` is when this process began: a model that came into use
    after that is newer than this process's own, however often it looks.
    """

    store: MentionStore
    begin_work: BeginWork
    clock: Clock
    deriving: Deriving
    started_at: datetime
    actor: str

    def run_in_use(self, *, since: datetime | None = None) -> ModelRun | None:
        """Return the run of this process's model and method, begun now if need be; None when
        another machine put a newer one into use meanwhile.

        `since` begins a run anew that judges no older history; without it a run goes on.
        """
        model, method = self.deriving.scorer.model_id, self.deriving.method.name
        with self.begin_work() as work:
            current = work.model_runs.current()
            same = current is not None and (current.model_id, current.method) == (model, method)
            if current is not None and same and since is None:
                return current
            if current is not None and not same and current.began_at > self.started_at:
                return None
        return self._begin(model, method, since)

    def go_on(
        self,
        run: ModelRun,
        *,
        keep: Callable[[], None] = lambda: None,
        rest: Rest = lambda _: True,
        told: Callable[[ModelRun], None] = lambda _: None,
        work_share: float = BACKGROUND,
    ) -> ModelRun:
        """Walk on until the history is done, or `rest` says to stop, or another run began; return
        how far it came. `keep` renews the lease; `work_share` is the part of the time to work.
        """
        if run.finished_at is not None:
            return run
        for page, reached in self._pages(run):
            began = self.clock.now()
            keep()
            step = self._take(page, run)
            run = replace(
                run,
                reached=reached,
                seen=run.seen + step.seen,
                changed=run.changed + step.changed,
                left=run.left + step.left,
                shifts=shifted(run.shifts, step.pairs),
            )
            if not self._note(run):
                return run
            told(run)
            took = (self.clock.now() - began).total_seconds()
            if not rest(took * (1 / work_share - 1)):
                return run
        return self._finish(run)

    def sweep(self, run: ModelRun, *, keep: Callable[[], None] = lambda: None) -> ModelRun:
        """Look again at what arrived, or was taken back by people, since the last time; return the
        run as it is noted. Nothing to do within SWEEP_EVERY.
        """
        now = self.clock.now()
        since = run.swept_at or run.began_at
        if run.finished_at is None or (run.swept_at and now - since < SWEEP_EVERY):
            return run
        with self.begin_work() as work:
            acts = work.corrections.between(since - _OVERLAP, now)
        undone = [act.mention_id for act in acts if act.act is CorrectionAct.UNDONE]
        arrived = replace(_EVERYTHING, collected_start=since - _OVERLAP)
        changed = 0
        taken_back = list(self.store.get(undone).values())
        for page in chain([taken_back], self._search(arrived)):
            keep()
            stale = [mention for mention in page if self.deriving.is_stale(mention)]
            changed += self._take(stale, run).changed
        run = replace(run, swept_at=now, changed=run.changed + changed)
        self._note(run)
        return run

    def _begin(self, model: str, method: str, since: datetime | None) -> ModelRun:
        now = self.clock.now()
        total = self.store.count(replace(_EVERYTHING, start=since))
        with self.begin_work() as work:
            number = work.model_runs.next_number()
            current = work.model_runs.current()
            if current and (current.model_id, current.method, since) == (model, method, None):
                return current  # another process began it while we counted
            run = ModelRun(
                run=number,
                model_id=model,
                method=method,
                began_at=now,
                since=since,
                total=total,
                rederives=_rederives(current, method),
            )
            work.model_runs.add(run)
            work.audit.append(
                at=now,
                actor=self.actor,
                action="model.in_use",
                object_id=model,
                reason="",
                payload={
                    "run": number,
                    "method": method,
                    "before": current.model_id if current else None,
                    "mentions": total,
                    "since": since.isoformat() if since else None,
                },
            )
            work.commit()
        return run

    def _pages(self, run: ModelRun) -> Iterator[tuple[Sequence[Mention], datetime]]:
        """Yield pages of history and the time down to which each reaches, the newest first."""
        # those of the very moment that was reached come again: some may not have been looked at
        end = run.reached + _TICK if run.reached else None
        for page in self._search(replace(_EVERYTHING, start=run.since, end=end)):
            if page:
                yield page, page[-1].published_at

    def _search(self, wanted: MentionFilter) -> Iterator[Sequence[Mention]]:
        after: str | None = None
        while True:
            page = self.store.search(wanted, sort=Sort.NEWEST, limit=PAGE, after=after)
            yield page.mentions
            after = page.after
            if after is None:
                return

    def _take(self, page: Sequence[Mention], run: ModelRun) -> Step:
        if not page:
            return Step(0, 0, 0, ())
        with self.begin_work() as work:
            _, configuration = work.configuration.current()
        read = {mention.id: mention for mention in page}
        derived = self.deriving.derive(page, configuration, run)

        def change(stored: Mention) -> Mention:
            return self._changed(stored, read[stored.id], derived[stored.id])

        waiting = [m.id for m in page if change(m) != m]
        amended = self.store.amend_many(waiting, change)
        self._fold([m for m in amended.values() if m.fingerprint != read[m.id].fingerprint])
        pairs = [(read[m.id], m) for m in amended.values() if m.sentiment != read[m.id].sentiment]
        return Step(
            seen=len(page),
            changed=sum(_labels(before) != _labels(after) for before, after in pairs),
            left=sum(said.sentiment is None for said in derived.values()),
            pairs=tuple(pairs),
        )

    def _changed(self, stored: Mention, read: Mention, said: Derived) -> Mention:
        if (stored.title, stored.text) != (read.title, read.text):
            return stored
        again = None
        if said.sentiment is not None and self.deriving.is_stale(stored):
            again = judged_again(stored, read, said.sentiment)
        return replace(again or stored, terms=said.terms, fingerprint=said.fingerprint)

    def _fold(self, mentions: Sequence[Mention]) -> None:
        if mentions:
            fold_near_copies(self.store, mentions)

    def _note(self, run: ModelRun) -> bool:
        """Store how far a run has come; False when another run began meanwhile."""
        with self.begin_work() as work:
            current = work.model_runs.current()
            work.model_runs.save(run)
            work.commit()
        return current is not None and current.run == run.run

    def _finish(self, run: ModelRun) -> ModelRun:
        now = self.clock.now()
        run = replace(run, finished_at=now)
        with self.begin_work() as work:
            work.model_runs.save(run)
            work.audit.append(
                at=now,
                actor=self.actor,
                action="model.history_judged",
                object_id=run.model_id,
                reason="",
                payload={
                    "run": run.run,
                    "seen": run.seen,
                    "changed": run.changed,
                    "left": run.left,
                },
            )
            work.commit()
        return run


def _rederives(current: ModelRun | None, method: str) -> bool:
    """Whether stored terms and fingerprints may be of another method."""
    if current is None or current.method != method:
        return True
    return current.rederives and current.finished_at is None


def _labels(mention: Mention) -> dict[str, str]:
    return {
        target: said.label.value
        for target in ("", *sorted(mention.brand_ids))
        if (said := mention.sentiment_towards(target)) is not None
    }
