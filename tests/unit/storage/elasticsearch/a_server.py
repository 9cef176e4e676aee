"""A stand-in for the index: versions, conflicts and refusals as the server has them, in memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from domain.errors import KoubeiError
from domain.mention import Mention
from storage.elasticsearch.client import error_of
from storage.elasticsearch.documents import Document, decode
from storage.elasticsearch.index import Result, Stored, TurnedAway

Trouble = Callable[[list[str]], TurnedAway | dict[str, Result] | None]


@dataclass
class FakeIndex:
    """What `Index` does for writers.

    Attributes:
        troubles: one a request, the first one first: given the ids, it tells what the server
            refuses, all of it or single documents. None, or no trouble left: nothing.
        before_writing: called before each request, as other writers are.
        sent: the ids of each request.
    """

    troubles: list[Trouble] = field(default_factory=list)
    before_writing: Callable[[], None] = lambda: None
    sent: list[list[str]] = field(default_factory=list)
    documents: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    buried: dict[str, int] = field(default_factory=dict)

    def bulk(self, lines: bytes) -> list[Result]:
        actions = _read(lines)
        ids = [head["_id"] for _, head, _ in actions]
        self.sent.append(ids)
        self.before_writing()
        trouble = self.troubles.pop(0)(ids) if self.troubles else None
        if isinstance(trouble, TurnedAway):
            raise trouble
        refused = trouble or {}
        return [
            refused.get(head["_id"]) or self._write(kind, head, document)
            for kind, head, document in actions
        ]

    def stored(self, ids: Sequence[str]) -> dict[str, Stored]:
        found = {key: self.documents[key] for key in ids if key in self.documents}
        return {key: Stored(decode(source), version) for key, (version, source) in found.items()}

    def error(self, result: Result) -> KoubeiError:
        return error_of(result.status, result.error, "test")

    def put(self, document: Document, version: int) -> None:
        """Store as another writer does."""
        self.documents[document.mention.id] = (version, orjson.loads(document.body))

    def mention(self, mention_id: str) -> Mention:
        """What is stored."""
        return decode(self.documents[mention_id][1])

    def _write(self, kind: str, head: dict[str, Any], document: dict[str, Any]) -> Result:
        key = head["_id"]
        version = self.documents[key][0] if key in self.documents else self.buried.get(key, 0)
        if kind == "delete":
            if self.documents.pop(key, None) is None:
                return Result(404)
            self.buried[key] = version + 1
            return Result(200)
        if kind == "create" and key in self.documents:
            return Result(409, "version_conflict_engine_exception")
        if kind == "index" and head["version"] <= version:
            return Result(409, "version_conflict_engine_exception")
        self.documents[key] = (head.get("version", version + 1), document)
        return Result(201)


def _read(lines: bytes) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    read = iter(map(orjson.loads, lines.splitlines()))
    found = []
    for line in read:
        ((kind, head),) = line.items()
        found.append((kind, head, {} if kind == "delete" else next(read)))
    return found
