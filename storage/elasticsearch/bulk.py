"""Bulk requests: what to do with each document, and sending it until the server has said so.

A server that has no room answers 429, for the whole request or for some of its documents: then the
next request comes later and is smaller. What it will never take (400) is the sender's to know.
"""

from collections.abc import Callable, Sequence
from itertools import accumulate, takewhile
from typing import Final, NamedTuple

import orjson

from storage.elasticsearch.client import BLOCKED, is_passing
from storage.elasticsearch.documents import Document
from storage.elasticsearch.index import TOO_LARGE, TOO_MANY, Index, Result, TurnedAway

MOST_ACTIONS: Final = 1_000
MOST_BYTES: Final = 8 << 20
"""Of one request, unless a single document is larger."""

_TRIES = 14
"""How often in a row something may be turned away: half a minute in all."""
_FEW_TRIES = 2
"""The same for other trouble, such as a shard away: the server has waited for that already."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_LONGEST_WAIT = 20.0
"""Seconds that a server may ask for."""
_LEAST_ACTIONS: Final = 20
"""Smaller requests of small documents spare a server nothing."""
_A_FEW = 0.1
"""The share of a request that may be turned away without the next ones being made smaller."""
_LARGE = 1 << 20
"""Bytes of a document that a server may have no room for although it has room for others."""


class Action(NamedTuple):
    """What to do with one document, as lines of a bulk request."""

    mention_id: str
    lines: bytes


def creation(document: Document) -> Action:
    """Store a document, unless there is one of its id (409)."""
    return _action("create", document, {"_id": document.mention.id})


def replacement(document: Document, version: int) -> Action:
    """Store a document as a version, unless what is stored is not older (409)."""
    head = {"_id": document.mention.id, "version": version, "version_type": "external"}
    return _action("index", document, head)


def deletion(mention_id: str) -> Action:
    """Delete the document of an id (404 when there is none)."""
    return Action(mention_id, orjson.dumps({"delete": {"_id": mention_id}}) + b"\n")


class Sender:
    """Sends actions at the pace that the server keeps. For one thread.

    `sleep` takes seconds, `jitter` gives a number from 0 to 1: tests have their own.
    """

    def __init__(
        self, index: Index, sleep: Callable[[float], None], jitter: Callable[[], float]
    ) -> None:
        self._index = index
        self._sleep = sleep
        self._jitter = jitter
        self._most_actions = MOST_ACTIONS
        self._most_bytes = MOST_BYTES
        self._wait = 0.0

    def send(self, actions: Sequence[Action]) -> list[Result]:
        """Return what became of each action; they are of different ids.

        Raises what `Index.bulk` raises, and StoreUnavailable when there is no room for long.
        """
        results: dict[int, Result] = {}
        waiting = list(enumerate(actions))
        turned_away = 0
        while waiting:
            part = self._next(waiting)
            answers = self._send([action for _, action in part])
            if answers is None:
                continue
            told = list(zip(part, answers, strict=True))
            results |= {at: answer for (at, _), answer in told if not _is_passing(answer)}
            left = [one for one, answer in told if _is_passing(answer)]
            waiting[: len(part)] = left
            turned_away = turned_away + 1 if len(left) == len(part) else 1
            tries = _TRIES if _passes_by_itself(answers[0]) else _FEW_TRIES
            if left and turned_away > tries:
                results[left[0][0]] = self._given_up(left, answers[0])
                del waiting[0]
            elif left:
                self._slow_down(part, left, turned_away)
            else:
                self._most_actions = min(self._most_actions * 2, MOST_ACTIONS)
        return [results[at] for at in range(len(actions))]

    def _next(self, waiting: Sequence[tuple[int, Action]]) -> Sequence[tuple[int, Action]]:
        sizes = accumulate(len(action.lines) for _, action in waiting)
        fitting = sum(1 for _ in takewhile(lambda size: size <= self._most_bytes, sizes))
        return waiting[: max(1, min(fitting, self._most_actions))]

    def _send(self, actions: Sequence[Action]) -> list[Result] | None:
        """Return what became of each, None when they were too large together."""
        body = b"".join(action.lines for action in actions)
        try:
            return self._index.bulk(body)
        except TurnedAway as refusal:
            if refusal.status == TOO_LARGE and len(actions) > 1:
                self._most_bytes = len(body) // 2
                return None
            self._wait = min(refusal.wait, _LONGEST_WAIT)
            return [Result(refusal.status)] * len(actions)

    def _slow_down(
        self,
        sent: Sequence[tuple[int, Action]],
        left: Sequence[tuple[int, Action]],
        turned_away: int,
    ) -> None:
        if len(left) > len(sent) * _A_FEW:
            # one by one only to find out which large document there is no room for
            is_light = sum(len(action.lines) for _, action in left) < _LARGE
            self._most_actions = max(_LEAST_ACTIONS if is_light else 1, len(sent) // 2)
        pause = min(_FIRST_PAUSE * 2 ** (turned_away - 1), _LONGEST_PAUSE)
        self._sleep(max(pause * (1 + self._jitter()) / 2, self._wait))
        self._wait = 0.0

    def _given_up(self, left: Sequence[tuple[int, Action]], answer: Result) -> Result:
        """The result of one large document that keeps finding no room; raises for anything else,
        which is the cluster's trouble and no document's.
        """
        ((_, action), *others) = left
        if others or answer.status != TOO_MANY or len(action.lines) < _LARGE:
            raise self._index.error(answer)
        return Result(TOO_LARGE, answer.error)


def _is_passing(answer: Result) -> bool:
    return is_passing(answer.status, answer.error)


def _passes_by_itself(answer: Result) -> bool:
    """Whether it is over in seconds: no room, or the last step of a migration."""
    return answer.status == TOO_MANY or answer.error == BLOCKED


def _action(kind: str, document: Document, head: dict[str, object]) -> Action:
    return Action(document.mention.id, b"%b\n%b\n" % (orjson.dumps({kind: head}), document.body))
