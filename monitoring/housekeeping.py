"""What is kept for a time and then destroyed: raw pages, sealed names, evaluations, old slots,
dead letters that nobody tried again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.ports import BeginWork, PageArchive
from monitoring.holding import held_pages


@dataclass(frozen=True, slots=True)
class Keep:
    """For how long; sealed names carry their own date."""

    pages: timedelta = timedelta(days=30)
    evaluations: timedelta = timedelta(days=90)
    sightings: timedelta = timedelta(days=90)
    slots: timedelta = timedelta(days=7)
    dead_letters: timedelta = timedelta(days=180)
    spool_debts: timedelta = timedelta(days=90)
    sessions: timedelta = timedelta(days=90)
    login_attempts: timedelta = timedelta(days=1)


def tidy(
    begin_work: BeginWork, archive: PageArchive, now: datetime, keep: Keep
) -> Mapping[str, object]:
    """Destroy what is past its time and return how much of each kind went; pages that a case or a
    lead rests on stay.
    """
    with begin_work() as work:
        held = held_pages(work)
    pages = archive.prune(now - keep.pages, held)
    with begin_work() as work:
        work.pages.prune(now - keep.pages, held)
        gone = {
            "pages": pages,
            "evaluations": work.evaluations.prune(now - keep.evaluations),
            "sealed_names": work.sealed_names.prune(now),
            "sightings": work.crawls.prune_sightings(now - keep.sightings),
            "dead_letters": work.dead_letters.prune(now - keep.dead_letters),
            "spool_debts": work.spooled.prune(now - keep.spool_debts),
            "slots": work.slots.prune(now - keep.slots),
            "sessions": work.accounts.prune_sessions(now - keep.sessions),
            "tickets": work.logins.prune_tickets(now),
            "login_attempts": work.logins.prune_attempts(now - keep.login_attempts),
        }
        work.commit()
    return gone
