"""Ingest with a spool in front: when the mention store is away, looks wait on this machine.

    take     stored at once; else put into the spool, then noted as waiting
    drain    oldest look stored, noted (and the ledger paid), removed from the spool

Order: while anything waits, a new look goes behind it, so the looks at one mention reach the store
as they were made. One process drains at a time (`Spool.draining`).

Crash order. A look is in the spool before the workflow database says that it waits, and it is
removed after the database says that it does not (each pair under `Spool.in_step`): what is said to
wait and lies in no spool was lost. Then the crawl's hours become a gap, which is asked for again.
Everything may be repeated: a look has an id by its content, and its counts go to the ledger only
with the row that says it waits.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from domain.brand import Watch
from domain.crawl import Sighting, SightingOutcome
from domain.errors import KoubeiError, StoreUnavailable
from domain.mention import Mention
from domain.page import FoundMention
from domain.ports import BeginWork, Clock, Spool
from domain.spool import Look, WaitingLook
from monitoring.ingest import Ingest, SortedLook
from monitoring.ingest_result import IngestResult
from monitoring.spool_debts import pay

PAUSE: Final = timedelta(seconds=10)
"""After the store was away, the next look does not wait for it to be away again."""
_AT_ONCE: Final = 20
"""Looks that one `take` stores before its own; the rest is left to the service."""
_LIMITLESS: Final = 1 << 62
_log = structlog.get_logger("spool")


@dataclass(frozen=True, slots=True)
class Drained:
    """What a drain did. `left` look wait still: the store is `away`, another process drains
    (`busy`), or the limit was reached. `lost` are looks that were to be in the spool and are not.
    """

    looks: int = 0
    new: int = 0
    dead_lettered: int = 0
    left: int = 0
    lost: int = 0
    away: bool = False
    busy: bool = False


def never() -> bool:
    """Go on to the end."""
    return False


@dataclass(frozen=True, slots=True)
class SpoolingIngest:
    """The step through which everything found reaches the store, now or later."""

    ingest: Ingest
    spool: Spool
    begin_work: BeginWork
    clock: Clock

    def take(
        self,
        found: Sequence[FoundMention],
        *,
        watch: Watch | None,
        run_id: str,
        collected_at: datetime,
    ) -> IngestResult:
        """Store what belongs to a watch, or keep it until the mention store is there again:
        `spooled` then says how many mentions wait.

        StoreUnavailable when it can be neither stored nor kept (the workflow database is away, the
        spool is full); calling again is then safe.
        """
        look = self.ingest.sort(found, watch=watch, run_id=run_id, collected_at=collected_at)
        content = Look(tuple(found), watch.id if watch else "", run_id, collected_at)
        if look.needs_store and not self._way_is_free():
            return self._keep(content, look)
        try:
            stored = self.ingest.put(look)
        except StoreUnavailable as error:
            _log.warning("mention_store_away", place=error.place, run=run_id)
            return self._keep(content, look)
        with self.begin_work() as work:
            result = self.ingest.note(work, look, stored, at=self.clock.now())
            work.commit()
        return result

    def take_whole(self, mentions: Sequence[Mention], *, run_id: str) -> IngestResult:
        """Store mentions that are complete already. StoreUnavailable when the store is away: they
        come from a file, which is still there.
        """
        return self.ingest.take_whole(mentions, run_id=run_id)

    def drain(self, *, limit: int = _LIMITLESS, stopping: Callable[[], bool] = never) -> Drained:
        """Store what waits, oldest first, until nothing does, the store is away, or `stopping`.

        Also pays the ledger what it is owed, and writes off what was lost.
        """
        with self.spool.draining() as mine:
            if not mine:
                return Drained(busy=True, left=len(self.spool.ids()))
            done = Drained(lost=self._write_off())
            while done.looks < limit and not stopping():
                look = self.spool.first()
                if look is None:
                    break
                try:
                    result = self._store(look)
                except KoubeiError as error:
                    self.spool.give_back(look.id)
                    if not isinstance(error, StoreUnavailable):
                        raise
                    done = replace(done, away=True)
                    break
                done = replace(
                    done,
                    looks=done.looks + 1,
                    new=done.new + result.new,
                    dead_lettered=done.dead_lettered + result.dead_lettered,
                )
            return replace(done, left=len(self.spool.ids()))

    def _way_is_free(self) -> bool:
        """Whether a look may be stored now: nothing waits, or what waited was stored."""
        if self.spool.is_empty():
            return True
        tried_at = self.spool.state().tried_at
        if tried_at is not None and self.clock.now() - tried_at < PAUSE:
            return False
        self.drain(limit=_AT_ONCE)
        return self.spool.is_empty()

    def _keep(self, content: Look, look: SortedLook) -> IngestResult:
        mentions = len(look.sifted.candidates)
        with self.spool.in_step(), self.begin_work() as work:
            self.spool.put(content, mentions)
            run = work.crawls.run(content.run_id)
            waiting = WaitingLook(
                look_id=content.id,
                spool=self.spool.name,
                run_id=content.run_id,
                lineage=run.lineage if run else "",
                watch_id=content.watch_id,
                collected_at=content.collected_at,
                spooled_at=self.clock.now(),
                mentions=mentions,
            )
            work.spooled.add(waiting)
            work.crawls.saw(_sighting(item.found, content) for item in look.sifted.candidates)
            work.commit()
        return IngestResult(
            found=len(content.found),
            matched=mentions,
            refused=look.sifted.refused,
            spooled=mentions,
        )

    def _store(self, content: Look) -> IngestResult:
        with self.begin_work() as work:
            _, configuration = work.configuration.current()
        look = self.ingest.sort(
            content.found,
            watch=configuration.watch(content.watch_id),
            run_id=content.run_id,
            collected_at=content.collected_at,
        )
        stored = self.ingest.put(look)
        with self.spool.in_step():
            with self.begin_work() as work:
                result = self.ingest.note(work, look, stored, at=self.clock.now())
                dead = result.dead_lettered
                work.spooled.take_off(content.id, new=result.new, dead_lettered=dead)
                pay(work)
                work.commit()
            self.spool.remove(content.id)
        return result

    def _write_off(self) -> int:
        """Write off what is said to wait here and does not, and pay what is due; return how many
        looks were lost. Only for who drains: nobody else takes looks out of the spool.
        """
        with self.spool.in_step(), self.begin_work() as work:
            said = work.spooled.of_spool(self.spool.name)
            gone = set(said) - self.spool.ids() if said else set()
            lost = work.spooled.lose(sorted(gone))
            if pay(work) or lost:
                work.commit()
        if lost:
            _log.error("spooled_looks_lost", looks=lost)
        return lost


def _sighting(item: FoundMention, look: Look) -> Sighting:
    return Sighting(
        item.id, item.url, look.run_id, look.collected_at, SightingOutcome.SPOOLED, look.watch_id
    )
