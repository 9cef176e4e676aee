"""What a person does with dead letters: have the store try them again, or drop them.

Crash order: the store acknowledges first, then letter and audit row change together. A crash in
between leaves the letter: trying it again changes nothing in the store.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from domain.crawl import Sighting, SightingOutcome
from domain.dead_letter import DeadLetter
from domain.ports import BeginWork, MentionStore, UnitOfWork
from monitoring.clusters import fold_near_copies
from workflow.permissions import Permission, require

REPLAYED: Final = "dead_letters.replayed"
DROPPED: Final = "dead_letters.dropped"
_OBJECT: Final = "dead-letters"
_AT_ONCE: Final = 200

By = Callable[[UnitOfWork], str]
"""Returns who acts, as the trail calls them; NotPermitted when they may not."""
Advance = Callable[[int], None]
"""Is told how many letters were gone through."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of letters that were tried again: stored, or refused once more."""

    stored: int = 0
    refused: int = 0


def account(account_id: str) -> By:
    """A person on a page, who needs the permission to edit watches."""
    return lambda work: require(work, account_id, Permission.EDIT_WATCHES).actor


def terminal(actor: str) -> By:
    """Whoever holds the machine."""
    return lambda work: actor


def replay(
    begin_work: BeginWork,
    store: MentionStore,
    mention_ids: Collection[str],
    *,
    by: By,
    at: datetime,
    advance: Advance = lambda _: None,
) -> Replayed:
    """Have the store try letters again; what it takes is no letter any more.

    Ids without a letter are left out. StoreUnavailable when the store is away: what was not tried
    yet stays as it was.
    """
    with begin_work() as work:
        by(work)
    done = Replayed()
    ids = sorted(set(mention_ids))
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        with begin_work() as work:
            letters = work.dead_letters.get(some)
        if letters:
            result = _replay(begin_work, store, letters, by, at)
            done = Replayed(done.stored + result.stored, done.refused + result.refused)
        advance(len(some))
    return done


def drop(
    begin_work: BeginWork, mention_ids: Collection[str], *, by: By, reason: str, at: datetime
) -> int:
    """Give letters up, with the reason in the trail; return how many there were."""
    with begin_work() as work:
        actor = by(work)
        letters = work.dead_letters.get(mention_ids)
        dropped = work.dead_letters.remove(letter.mention.id for letter in letters)
        if dropped:
            ids = [letter.mention.id for letter in letters]
            work.audit.append(
                at=at,
                actor=actor,
                action=DROPPED,
                object_id=_OBJECT,
                reason=reason,
                payload={"mentions": ids},
            )
            work.commit()
    return dropped


def _replay(
    begin_work: BeginWork,
    store: MentionStore,
    letters: Sequence[DeadLetter],
    by: By,
    at: datetime,
) -> Replayed:
    mentions = [letter.mention for letter in letters]
    added = store.add(mentions)
    why = {refusal.mention_id: refusal.text for refusal in added.refused}
    fold_near_copies(store, [mention for mention in mentions if mention.id not in why])
    stored = [letter for letter in letters if letter.mention.id not in why]
    again = [
        replace(letter, reason=why[letter.mention.id], refused_at=at, attempts=1)
        for letter in letters
        if letter.mention.id in why
    ]
    with begin_work() as work:
        actor = by(work)
        work.dead_letters.remove(letter.mention.id for letter in stored)
        work.dead_letters.put(again)
        work.crawls.saw(_sighting(letter) for letter in stored)
        work.audit.append(
            at=at,
            actor=actor,
            action=REPLAYED,
            object_id=_OBJECT,
            reason="",
            payload={
                "stored": [letter.mention.id for letter in stored],
                "refused": [letter.mention.id for letter in again],
            },
        )
        work.commit()
    return Replayed(len(stored), len(again))


def _sighting(letter: DeadLetter) -> Sighting:
    mention = letter.mention
    return Sighting(
        mention.id,
        mention.url,
        letter.run_id,
        mention.collected_at,
        SightingOutcome.STORED,
        ",".join(sorted(mention.watch_ids)),
    )
