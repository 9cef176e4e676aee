"""The index of the mentions as requests: each method here is one, and says what came back.

Errors are translated, and an answer with a part missing is an error (`storage.elasticsearch.
client`). Nothing is tried twice here.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final, NamedTuple

from elasticsearch import ApiError, NotFoundError, TransportError

from domain.errors import KoubeiError
from domain.mention import Mention
from storage.elasticsearch import schema
from storage.elasticsearch.client import (
    Cluster,
    connect,
    error_of,
    error_type,
    translated,
    whole,
)
from storage.elasticsearch.documents import decode

TOO_MANY: Final = 429
"""HTTP status: the server has no room for it now."""
TOO_LARGE: Final = 413
"""HTTP status: no request may be as large as this one."""

_NO_INDEX = "index_not_found_exception"
_WRITE_SECONDS = 60.0
"""A busy server takes long for a thousand documents; giving up would send it them again."""
_SHARD_WAIT = "10s"
"""How long a write waits for a shard that is on its way, as one is while a node restarts."""
_KEEP_ALIVE = "5m"
"""How long a point in time lives after the last search of it."""
_PARTS = ("timed_out", "_shards.failed", "pit_id", "hits.total", "aggregations")
_HIT_PARTS = ("hits.hits._source", "hits.hits.sort", "hits.hits.fields")
_SEARCH_PARTS = ",".join(_PARTS + _HIT_PARTS)

Body = dict[str, Any]
Answer = Mapping[str, Any]


_FIELD = re.compile(
    r"failed to parse field \[(?P<name>(?:@timestamp|message|event|url|user|koubei)[a-z_.]*)]"
)
# a tenth of the server's memory for one document, which counts four times its length (9.2)
_ROOM = re.compile(r"primary_operation_bytes=(?P<wanted>\d+), max_primary_bytes=(?P<most>\d+)")


class TurnedAway(Exception):
    """A request that the server refused as a whole: for now (429), or for its size (413).

    `wait`: seconds after which it wants to be asked again, 0 when it does not say.
    """

    def __init__(self, status: int, wait: float = 0.0) -> None:
        self.status = status
        self.wait = wait
        super().__init__(status)


class Stored(NamedTuple):
    """A mention as it is stored, and the version of its document."""

    mention: Mention
    version: int


class Result(NamedTuple):
    """What a bulk request did with one document: an HTTP status, the type of an error, and the
    field of ours that it is about.
    """

    status: int
    error: str = ""
    field: str = ""


class Index:
    """Requests to the index that `cluster.index` names. For several threads."""

    def __init__(self, cluster: Cluster) -> None:
        seconds = cluster.timeout.total_seconds()
        self._cluster = cluster
        self._client = connect(cluster.as_reader())
        self._writer = self._client if cluster.reader is None else connect(cluster)
        self._writing = self._writer.options(request_timeout=max(_WRITE_SECONDS, seconds))
        self._is_checked = False
        self._name = cluster.index
        self._place = cluster.place
        # the server stops working on what nobody waits for any more
        self._timeout = f"{int(seconds * 1000)}ms"

    def check(self) -> None:
        """Return when the index is one that this program knows; SchemaMismatch otherwise."""
        schema.check(self._client, self._cluster)
        self._is_checked = True

    def search(self, body: Body) -> Answer:
        """Return the answer of a search, whole."""
        with self._asking():
            return whole(self._search(body, self._name), self._place)

    def searches(self, bodies: Sequence[Body], unsent: Sequence[str] = ()) -> list[Answer]:
        """Return the answers of several searches, asked for in one request. Each of them may be an
        error: `checked` tells. The buckets of the aggregations `unsent` are left out.
        """
        head = {"allow_partial_search_results": False}
        lines = [line for body in bodies for line in (head, {**body, "timeout": self._timeout})]
        with self._asking():
            answer = self._client.msearch(
                index=self._name,
                searches=lines,
                filter_path=[f"-responses.aggregations.{name}.buckets" for name in unsent],
            )
        return list(answer["responses"])

    def checked(self, answers: Sequence[Answer]) -> Sequence[Answer]:
        """Return the answers when all of them are whole; raises what is wrong with one."""
        whole({"responses": answers}, self._place)
        return answers

    def open_point(self) -> str:
        """Return the id of a new point in time: a search of it sees the index as it is now."""
        with self._asking():
            opened = self._client.open_point_in_time(
                index=self._name, keep_alive=_KEEP_ALIVE, allow_partial_search_results=False
            )
            return str(opened["id"])

    def search_at(self, point: str, body: Body) -> Answer | None:
        """Return the answer of a search of a point in time, None when the server has it no more.

        `pit_id` of the answer is the point to ask next.
        """
        pit = {"id": point, "keep_alive": _KEEP_ALIVE}
        with self._asking():
            try:
                return whole(self._search({**body, "pit": pit}), self._place)
            except NotFoundError:
                return None

    def close_point(self, point: str) -> None:
        """Give a point in time back. Where that fails, it goes by itself after a while."""
        with suppress(ApiError, TransportError):
            self._client.close_point_in_time(id=point)

    def stored(self, ids: Sequence[str]) -> dict[str, Stored]:
        """Return those of the mentions that are stored, as they are this very moment, by id."""
        if not ids:
            return {}
        with self._asking():
            answer = self._client.mget(
                index=self._name,
                ids=ids,
                filter_path="docs.found,docs._version,docs._source,docs.error.type",
            )
        held = (self._stored(document) for document in answer["docs"])
        return {one.mention.id: one for one in held if one is not None}

    def bulk(self, lines: bytes) -> list[Result]:
        """Write many documents and return what became of each; TurnedAway for all of them."""
        with self._asking():
            try:
                answer = self._writing.bulk(
                    index=self._name,
                    operations=[lines],  # type: ignore[list-item]  # bytes go as they are
                    require_alias=True,
                    timeout=_SHARD_WAIT,
                    filter_path="errors,items.*.status,items.*.error.type,items.*.error.reason",
                )
            except ApiError as error:
                if error.meta.status in (TOO_MANY, TOO_LARGE):
                    raise TurnedAway(error.meta.status, _seconds_to_wait(error)) from None
                raise
        results = (result for item in answer["items"] for result in item.values())
        return list(map(_result, results))

    def error(self, result: Result) -> KoubeiError:
        """Return the error that a result is, when it is the cluster's and no document's."""
        return error_of(result.status, result.error, self._place)

    def refresh(self) -> None:
        """Let all searches see everything that was written so far."""
        with self._asking():
            answer = self._writing.indices.refresh(index=self._name)
        whole(answer.body, self._place)

    def bytes_on_disk(self) -> int:
        """Return how much all copies of the index take."""
        with self._asking():
            answer = self._client.indices.stats(
                index=self._name, metric="store", filter_path="_all.total.store.size_in_bytes"
            )
            return int(answer["_all"]["total"]["store"]["size_in_bytes"])

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
        self._writer.close()

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Translate errors, and look first what the index is if nobody could so far."""
        if not self._is_checked:
            self.check()
        with translated(self._place):
            yield

    def _search(self, body: Body, index: str | None = None) -> Answer:
        answer = self._client.search(
            index=index,
            body={**body, "timeout": self._timeout},
            allow_partial_search_results=False,
            filter_path=_SEARCH_PARTS,
        )
        found: Answer = answer.body
        return found

    def _stored(self, document: Mapping[str, Any]) -> Stored | None:
        if "error" in document:
            # a shard that does not answer must not read as a mention that is not there
            kind = error_type(document)
            raise error_of(404 if kind == _NO_INDEX else 503, kind, self._place)
        if not document["found"]:
            return None
        return Stored(decode(document["_source"]), document["_version"])


def _seconds_to_wait(error: ApiError) -> float:
    # the other form, a date, is for clocks that agree (RFC 9110 §10.2.3)
    said = error.meta.headers.get("retry-after") or ""
    return float(said) if re.fullmatch(r"[0-9]{1,6}", said) else 0.0


def _result(item: Mapping[str, Any]) -> Result:
    """Read what became of a document. Of the reason, which may quote the text, only names and
    numbers of ours are taken.
    """
    status, reason = item["status"], item.get("error", {}).get("reason", "")
    room = _ROOM.search(reason)
    if status == TOO_MANY and room and int(room["wanted"]) > int(room["most"]):
        status = TOO_LARGE
    field = _FIELD.search(reason)
    return Result(status, error_type(item), field["name"] if field else "")
