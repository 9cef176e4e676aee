"""What is kept for a time and then destroyed: mentions, raw pages, sealed names, evaluations, old
slots, dead letters that nobody tried again, signed sheets that were over years ago.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from domain.assessment import KEPT_FOR
from domain.ports import BeginWork, MentionStore, PageArchive
from domain.queries import MentionFilter
from monitoring.holding import held_mentions, held_pages

SCHEDULER: Final = "system:scheduler"
_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Keep:
    """For how long; sealed names carry their own date, and mentions stay for good where None."""

    mentions: timedelta | None = None
    pages: timedelta = timedelta(days=30)
    evaluations: timedelta = timedelta(days=90)
    sightings: timedelta = timedelta(days=90)
    slots: timedelta = timedelta(days=7)
    dead_letters: timedelta = timedelta(days=180)
    spool_debts: timedelta = timedelta(days=90)
    drift: timedelta = timedelta(days=90)
    sessions: timedelta = timedelta(days=90)
    login_attempts: timedelta = timedelta(days=1)
    assessments: timedelta = KEPT_FOR


def tidy(
    begin_work: BeginWork, archive: PageArchive, now: datetime, keep: Keep
) -> Mapping[str, object]:
    """Destroy what is past its time and return how much of each kind went; pages that a case or a
    lead rests on stay.
    """
    pages = drop_old_pages(begin_work, archive, now, keep)
    with begin_work() as work:
        held = held_pages(work)
        work.pages.prune(now - keep.pages, held)
        work.drift.prune_pages(now - keep.pages)
        gone = {
            "pages": pages,
            "evaluations": work.evaluations.prune(now - keep.evaluations),
            "sealed_names": work.sealed_names.prune(now),
            "sightings": work.crawls.prune_sightings(now - keep.sightings),
            "dead_letters": work.dead_letters.prune(now - keep.dead_letters),
            "spool_debts": work.spooled.prune(now - keep.spool_debts),
            "drift": work.drift.prune(now - keep.drift),
            "slots": work.slots.prune(now - keep.slots),
            "sessions": work.accounts.prune_sessions(now - keep.sessions),
            "tickets": work.logins.prune_tickets(now),
            "assessments": work.assessments.prune(now - keep.assessments),
            "login_attempts": work.logins.prune_attempts(now - keep.login_attempts),
        }
        work.commit()
    return gone


def drop_old_pages(begin_work: BeginWork, archive: PageArchive, now: datetime, keep: Keep) -> int:
    """Destroy the raw pages of this machine that are past their time and that no case or lead
    rests on; return how many.
    """
    with begin_work() as work:
        held = held_pages(work)
    return archive.prune(now - keep.pages, held)


def expire_mentions(
    store: MentionStore, begin_work: BeginWork, now: datetime, keep: Keep
) -> Mapping[str, object]:
    """Remove the mentions that were last seen too long ago, and note in the trail how many; return
    figures. What a case or a lead is about stays.
    """
    if keep.mentions is None:
        return {}
    before = now - keep.mentions
    with begin_work() as work:
        held = held_mentions(work)
    old = store.scan(MentionFilter(collected_end=before, public_voice_only=False))
    removed = stayed = 0
    while batch := [mention.id for mention in islice(old, _BATCH)]:
        free = [mention_id for mention_id in batch if mention_id not in held]
        removed += store.remove(free)
        stayed += len(batch) - len(free)
    if removed:
        with begin_work() as work:
            work.audit.append(
                at=now,
                actor=SCHEDULER,
                action="mentions.expired",
                object_id="mentions",
                reason="",
                payload={"before": before.isoformat(), "removed": removed, "held": stayed},
            )
            work.commit()
    return {"mentions": removed, "mentions_held": stayed}
