"""Writing mentions beside other writers, so that nothing anybody saw is lost.

A new mention is created without looking whether it is there. One that is there comes back as a
conflict: then it is read with its version, merged, and written as the next version, which the
server takes only while what it has is older (external versions). Whoever loses such a race reads,
merges and writes again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from typing import Final, NamedTuple

from domain.errors import StoreUnavailable, Text
from domain.mention import Mention
from domain.merge import merge, same_content
from storage.elasticsearch.bulk import (
    MOST_ACTIONS,
    MOST_BYTES,
    Action,
    Sender,
    creation,
    deletion,
    replacement,
)
from storage.elasticsearch.documents import Document, encode
from storage.elasticsearch.index import TOO_LARGE, Index, Result, Stored
from storage.outcomes import Outcome, Outcomes
from storage.storable import Unstorable

READ_AT_ONCE: Final = 500
"""Mentions read in one request."""

_BAD = 400
_MISSING = 404
_CONFLICT = 409
_RACES = 100
"""How often a writer may lose against others before it says so."""

Verdict = Outcome | Text
"""What became of a mention: an outcome, or why it was refused."""


class Arrival(NamedTuple):
    """The looks at one mention in the order in which they came, and the document that they are
    where nothing is known yet.
    """

    looks: tuple[Mention, ...]
    document: Document

    @property
    def mention_id(self) -> str:
        """Whose looks they are."""
        return self.document.mention.id


def batches(mentions: Iterable[Mention], outcomes: Outcomes) -> Iterator[list[Arrival]]:
    """Yield arrivals of different mentions, as many as one request takes; what no document can
    hold is refused.
    """
    batch: dict[str, Arrival] = {}
    size = 0
    for look in mentions:
        known = batch.get(look.id)
        try:
            document = encode(merge(known.document.mention, look) if known else look)
        except Unstorable as problem:
            outcomes.refuse(look.id, problem.text)
            continue
        size += len(document.body) - (len(known.document.body) if known else 0)
        batch[look.id] = Arrival((*(known.looks if known else ()), look), document)
        if len(batch) >= MOST_ACTIONS or size >= MOST_BYTES:
            yield list(batch.values())
            batch, size = {}, 0
    if batch:
        yield list(batch.values())


class _Step(NamedTuple):
    """An attempt to store a look, and what became of its mention when it succeeds."""

    arrival: Arrival
    action: Action
    outcome: Outcome


class Writer:
    """Writes into an index. For one thread."""

    def __init__(self, index: Index, sender: Sender) -> None:
        self._index = index
        self._sender = sender

    def add(self, arrivals: Iterable[Arrival]) -> dict[str, Verdict]:
        """Create or merge different mentions; return what became of each, by id."""
        verdicts: dict[str, Verdict] = {}
        steps = list(map(_creating, arrivals))
        for _ in range(_RACES):
            results = self._sender.send([step.action for step in steps])
            contested = []
            for step, result in zip(steps, results, strict=True):
                if result.status == _CONFLICT:
                    contested.append(step.arrival)
                else:
                    verdicts[step.action.mention_id] = self._verdict(step.outcome, result)
            if not contested:
                return verdicts
            steps = list(self._merged(contested, verdicts))
        raise _lost()

    def amend(self, mention_id: str, change: Callable[[Mention], Mention]) -> Mention | None:
        """Replace a mention by `change(mention)`; see MentionStore. ValueError when `change` gives
        another id or what cannot be stored.
        """
        for _ in range(_RACES):
            held = self._index.stored([mention_id]).get(mention_id)
            if held is None:
                return None
            amended = _changed(held.mention, change)
            if amended == held.mention:
                return amended
            if self._replace(amended, held.version):
                return amended
        raise _lost()

    def amend_many(
        self, mention_ids: Sequence[str], change: Callable[[Mention], Mention]
    ) -> dict[str, Mention]:
        """Replace different mentions by `change(mention)`; see MentionStore. ValueError as
        `amend`.
        """
        amended: dict[str, Mention] = {}
        waiting = list(mention_ids)
        for _ in range(_RACES):
            changed: dict[str, Mention] = {}
            actions = []
            for held in self._index.stored(waiting).values():
                mention = changed[held.mention.id] = _changed(held.mention, change)
                if mention != held.mention:
                    actions.append(replacement(_document(mention), held.version + 1))
            waiting = [
                action.mention_id
                for action, result in zip(actions, self._sender.send(actions), strict=True)
                if not self._is_taken(action.mention_id, result)
            ]
            amended |= {key: changed[key] for key in changed.keys() - set(waiting)}
            if not waiting:
                return amended
        raise _lost()

    def remove(self, mention_ids: Sequence[str]) -> int:
        """Delete documents of different ids; return how many there were."""
        results = self._sender.send(list(map(deletion, mention_ids)))
        found = [result for result in results if result.status != _MISSING or result.error]
        for result in found:
            self._verdict(Outcome.CHANGED, result)
        return len(found)

    def _merged(self, arrivals: Sequence[Arrival], verdicts: dict[str, Verdict]) -> Iterator[_Step]:
        """Yield what is to be written of mentions that are known; others get their verdict here."""
        for first in range(0, len(arrivals), READ_AT_ONCE):
            part = arrivals[first : first + READ_AT_ONCE]
            stored = self._index.stored([arrival.mention_id for arrival in part])
            for arrival in part:
                held = stored.get(arrival.mention_id)
                # somebody may have removed it in between
                step = _creating(arrival) if held is None else _merging(arrival, held)
                if isinstance(step, _Step):
                    yield step
                else:
                    verdicts[arrival.mention_id] = step

    def _replace(self, mention: Mention, version: int) -> bool:
        """Store a mention in place of a version of it; False when that is no more what is there."""
        (result,) = self._sender.send([replacement(_document(mention), version + 1)])
        return self._is_taken(mention.id, result)

    def _is_taken(self, mention_id: str, result: Result) -> bool:
        """Whether a replacement was stored; False when another writer was faster. ValueError where
        it can never be.
        """
        if result.status == _CONFLICT:
            return False
        refusal = self._verdict(Outcome.CHANGED, result)
        if refusal is not Outcome.CHANGED:
            raise ValueError(f"{mention_id}: {refusal}")
        return True

    def _verdict(self, outcome: Outcome, result: Result) -> Verdict:
        if result.status < _BAD:
            return outcome
        if result.status == TOO_LARGE:
            return Text("文档过大，集群不收", "the document is larger than the cluster takes")
        if result.status == _BAD:
            what = " ".join(filter(None, (result.error, result.field)))
            return Text(f"集群拒收（{what}）", f"the cluster refused it ({what})")
        raise self._index.error(result)


def _changed(stored: Mention, change: Callable[[Mention], Mention]) -> Mention:
    amended = change(stored)
    if amended.id != stored.id:
        raise ValueError(f"amend must keep the id {stored.id}")
    return amended


def _document(mention: Mention) -> Document:
    try:
        return encode(mention)
    except Unstorable as problem:
        raise ValueError(f"{mention.id}: {problem}") from problem


def _creating(arrival: Arrival) -> _Step:
    return _Step(arrival, creation(arrival.document), Outcome.NEW)


def _merging(arrival: Arrival, held: Stored) -> _Step | Verdict:
    """What is to be written on top of what is stored, or the verdict when that is nothing."""
    # look by look, as they would have come in calls of their own
    merged = reduce(merge, arrival.looks, held.mention)
    if merged == held.mention:
        return Outcome.UNCHANGED
    try:
        action = replacement(encode(merged), held.version + 1)
    except Unstorable as problem:
        return problem.text
    is_same = same_content(held.mention, merged)
    return _Step(arrival, action, Outcome.UNCHANGED if is_same else Outcome.CHANGED)


def _lost() -> StoreUnavailable:
    return StoreUnavailable(
        Text("其他程序不停地改写同一条提及", "others keep writing the same mention"),
        place="Elasticsearch",
        mend=Text("稍后自动重试", "it is tried again"),
    )
