"""History from one mention store to another, compared day by day and proved equal at the end.

Moving is comparing: what a day of the source holds and the target does not is stored there, what
differs is replaced, what the source does not have goes. So a move that was cut off goes on, and one
that is done can be repeated to catch up with what was written since. It is done when one pass found
nothing to do: then both sides were read as a whole, and their counts and checksums agree.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Final, TypeVar

import orjson

from domain.documents import mention_document
from domain.mention import Mention
from domain.ports import MentionStore
from domain.queries import MentionFilter, Refused, Sort

MOST_PASSES: Final = 4
"""A store that is written to faster than it is read is never caught up with."""
_BATCH: Final = 1000
_DAY: Final = timedelta(days=1)
_BYTES: Final = 32
_EVERYTHING: Final = MentionFilter(public_voice_only=False)
_Item = TypeVar("_Item")


@dataclass(slots=True)
class Checksum:
    """How many mentions there are, and a sum over their SHA-256 that their order does not change.

    A mention is summed as its canonical document: every field, with its revisions, keys sorted.
    """

    mentions: int = 0
    total: int = 0

    def take(self, fingerprint: bytes) -> None:
        """Count one mention in."""
        self.mentions += 1
        self.total = (self.total + int.from_bytes(fingerprint)) % (1 << 8 * _BYTES)

    @property
    def text(self) -> str:
        """The sum in hex."""
        return self.total.to_bytes(_BYTES).hex()


def fingerprint(mention: Mention) -> bytes:
    """Return the SHA-256 of the canonical document of a mention."""
    document = orjson.dumps(mention_document(mention), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(document).digest()


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move did, and what both stores held when they were last read. `is_equal`: the last
    pass found nothing to do.
    """

    source: Checksum
    target: Checksum
    added: int
    replaced: int
    removed: int
    passes: int
    refused: tuple[Refused, ...]

    @property
    def is_equal(self) -> bool:
        """Whether both hold the same mentions, to the last revision."""
        ours = (self.source.mentions, self.source.total)
        return ours == (self.target.mentions, self.target.total) and not self.refused


@dataclass(slots=True)
class _Pass:
    """One reading of both stores."""

    source: Checksum = field(default_factory=Checksum)
    target: Checksum = field(default_factory=Checksum)
    added: int = 0
    replaced: int = 0
    removed: int = 0
    refused: list[Refused] = field(default_factory=list)

    @property
    def found_nothing(self) -> bool:
        return not (self.added or self.replaced or self.removed)


def move(
    source: MentionStore,
    target: MentionStore,
    *,
    read: Callable[[int], None],
    begin_with: datetime | None = None,
    day_done: Callable[[datetime], None] = lambda _: None,
) -> Moved:
    """Make `target` hold what `source` holds, and return what that took.

    `read` is told of mentions of the source that were looked at. `begin_with` is the day that an
    earlier move came to: the first pass begins there, the others at the beginning. `day_done` is
    told of the day after each that is done in the first pass.
    """
    passes = [_one_pass(source, target, read, begin_with, day_done)]
    is_whole = begin_with is None
    while not (is_whole and passes[-1].found_nothing) and len(passes) < MOST_PASSES:
        passes.append(_one_pass(source, target, read))
        is_whole = True
    last = passes[-1]
    return Moved(
        source=last.source,
        target=last.target,
        added=sum(one.added for one in passes),
        replaced=sum(one.replaced for one in passes),
        removed=sum(one.removed for one in passes),
        passes=len(passes),
        refused=tuple({one.mention_id: one for one in last.refused}.values()),
    )


def copy(source: MentionStore, target: MentionStore, read: Callable[[int], None]) -> list[Refused]:
    """Store every mention of `source` in an empty store; return those that it does not take."""
    refused: list[Refused] = []
    for batch in _batches(source.scan(_EVERYTHING)):
        refused += target.add(batch).refused
        read(len(batch))
    return refused


def checksum(mentions: Iterable[Mention]) -> Checksum:
    """Return the checksum of mentions."""
    found = Checksum()
    for mention in mentions:
        found.take(fingerprint(mention))
    return found


def _one_pass(
    source: MentionStore,
    target: MentionStore,
    read: Callable[[int], None],
    begin_with: datetime | None = None,
    day_done: Callable[[datetime], None] = lambda _: None,
) -> _Pass:
    done = _Pass()
    for day in _days((source, target), begin_with):
        _one_day(source, target, day, done, read)
        day_done(day + _DAY)
    return done


def _days(stores: tuple[MentionStore, ...], begin: datetime | None) -> Iterator[datetime]:
    """Yield the beginning of each day (UTC) on which any of the stores has a mention."""
    while True:
        wanted = replace(_EVERYTHING, start=begin)
        pages = [store.search(wanted, sort=Sort.OLDEST, limit=1) for store in stores]
        firsts = [page.mentions[0].published_at for page in pages if page.mentions]
        if not firsts:
            return
        first = min(firsts).astimezone(UTC)
        day = first.replace(hour=0, minute=0, second=0, microsecond=0)
        yield day
        begin = day + _DAY


def _one_day(
    source: MentionStore,
    target: MentionStore,
    day: datetime,
    done: _Pass,
    read: Callable[[int], None],
) -> None:
    wanted = replace(_EVERYTHING, start=day, end=day + _DAY)
    there = {mention.id: fingerprint(mention) for mention in target.scan(wanted)}
    for print_ in there.values():
        done.target.take(print_)
    for batch in _batches(source.scan(wanted)):
        prints = {mention.id: fingerprint(mention) for mention in batch}
        for print_ in prints.values():
            done.source.take(print_)
        _put(target, [m for m in batch if there.get(m.id) != prints[m.id]], done)
        for mention_id in prints:
            there.pop(mention_id, None)
        read(len(batch))
    # one whose time was corrected since lies on another day of the source
    for ids in _batches(there):
        kept = source.get(ids)
        done.removed += target.remove([i for i in ids if i not in kept])
        _put(target, list(kept.values()), done)


def _batches(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    remaining = iter(items)
    while batch := list(islice(remaining, _BATCH)):
        yield batch


def _put(target: MentionStore, mentions: list[Mention], done: _Pass) -> None:
    """Store mentions as they are: where another state of one is stored, in place of it."""
    if not mentions:
        return
    result = target.add(mentions)
    done.added += len(result.new)
    done.refused += result.refused
    # a store merges what it knows; what it is to hold is the source's state and no other
    met = {*result.changed, *result.unchanged}
    for mention in (mention for mention in mentions if mention.id in met):
        if target.amend(mention.id, partial(_instead, mention)) is not None:
            done.replaced += 1


def _instead(wanted: Mention, _stored: Mention) -> Mention:
    return wanted
