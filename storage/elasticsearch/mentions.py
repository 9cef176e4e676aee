"""The mention store of a team: an Elasticsearch cluster of version 8 or 9.

The same answers as the embedded store, asked of any cluster: nothing of it needs a plugin, a script
or a module that some clusters lack (docs/decisions/0019-mentions-in-elasticsearch.md).
"""

import random
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice
from queue import SimpleQueue
from typing import Any

from domain.errors import StoreUnavailable
from domain.mention import Mention
from domain.queries import (
    AddResult,
    Bucket,
    MentionFilter,
    MentionPage,
    Near,
    Sort,
    StoreStatus,
    Summary,
    TimelinePoint,
)
from storage.elasticsearch.bulk import MOST_ACTIONS, Sender
from storage.elasticsearch.cluster import Cluster
from storage.elasticsearch.counting import Counts
from storage.elasticsearch.documents import decode, is_id
from storage.elasticsearch.index import Answer, Index
from storage.elasticsearch.near import near
from storage.elasticsearch.paging import LARGEST, page_body, read_token, token
from storage.elasticsearch.schema import MAPPING_VERSION
from storage.elasticsearch.writing import READ_AT_ONCE, Arrival, Verdict, Writer, batches
from storage.outcomes import Outcome, Outcomes
from storage.storable import moment

_SCAN_PAGE = 1_000

_UNDER_WAY = 2
"""Bulk requests at the same time: while we see to one, the server is at work on the other."""


class ElasticsearchMentionStore:
    """`domain.ports.MentionStore` in the index that `cluster` names, which `koubei init` made.

    SchemaMismatch when the index is not there or of another version: when it is opened, or by the
    first call if the cluster was away then. StoreUnavailable while it is. Where the cluster has a
    `reader`, that asks all queries. May be used by several threads, and beside other processes.
    What a call has written is visible to every reader when it returns.

    `sleep` takes seconds and `jitter` gives a number from 0 to 1, for when the cluster has no room.
    """

    def __init__(
        self,
        cluster: Cluster,
        *,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._index = Index(cluster)
        try:
            # a cluster that is away now is looked at when it is there: who crawls does not wait
            with suppress(StoreUnavailable):
                self._index.check()
        except BaseException:
            self._index.close()
            raise
        self._counts = Counts(self._index)
        self._sleep, self._jitter = sleep, jitter

    def add(self, mentions: Iterable[Mention]) -> AddResult:
        """See MentionStore. While requests are under way, the next one is made ready. What was
        written before a failure stays; it is visible a few seconds later.
        """
        outcomes = Outcomes()
        writers: SimpleQueue[Writer] = SimpleQueue()
        for _ in range(_UNDER_WAY):
            writers.put(self._writer())

        def write(batch: list[Arrival]) -> dict[str, Verdict]:
            writer = writers.get()
            try:
                return writer.add(batch)
            finally:
                writers.put(writer)

        for verdicts in _ahead(write, batches(mentions, outcomes)):
            for mention_id, verdict in verdicts.items():
                if isinstance(verdict, Outcome):
                    outcomes.note(mention_id, verdict)
                else:
                    outcomes.refuse(mention_id, verdict)
        result = outcomes.result()
        if result.new or result.changed or result.unchanged:
            self._index.refresh()
        return result

    def amend(self, mention_id: str, change: Callable[[Mention], Mention]) -> Mention | None:
        """See MentionStore. ValueError when `change` gives another id or what cannot be stored."""
        if not is_id(mention_id):
            return None
        amended = self._writer().amend(mention_id, change)
        if amended is not None:
            self._index.refresh()
        return amended

    def amend_many(
        self, mention_ids: Iterable[str], change: Callable[[Mention], Mention]
    ) -> dict[str, Mention]:
        """See MentionStore. ValueError as `amend`."""
        writer = self._writer()
        amended: dict[str, Mention] = {}
        for part in _parts(mention_ids, READ_AT_ONCE):
            amended |= writer.amend_many(part, change)
        if amended:
            self._index.refresh()
        return amended

    def get(self, mention_ids: Iterable[str]) -> dict[str, Mention]:
        """See MentionStore. As they are this very moment, not as searches see them."""
        found: dict[str, Mention] = {}
        for part in _parts(mention_ids, READ_AT_ONCE):
            found |= {key: held.mention for key, held in self._index.stored(part).items()}
        return found

    def remove(self, mention_ids: Iterable[str]) -> int:
        """See MentionStore. The bytes go from the cluster's disks with its next merges."""
        writer = self._writer()
        removed = sum(map(writer.remove, _parts(mention_ids, MOST_ACTIONS)))
        if removed:
            self._index.refresh()
        return removed

    def search(
        self,
        wanted: MentionFilter,
        *,
        sort: Sort = Sort.NEWEST,
        limit: int = 50,
        after: str | None = None,
    ) -> MentionPage:
        """See MentionStore. ValueError when `limit` < 1 or `after` is no token of such a search."""
        if limit < 1:
            raise ValueError("limit must be at least 1")
        place = None if after is None else read_token(after, sort)
        found: list[Any] = []
        while len(found) <= limit:
            size = min(limit + 1 - len(found), LARGEST)
            hits = _hits(self._index.search(page_body(wanted, sort, size, place)))
            found += hits
            if len(hits) < size:
                break
            place = hits[-1]["sort"]
        page = found[:limit]
        more = len(found) > limit
        mentions = tuple(decode(hit["_source"]) for hit in page)
        return MentionPage(mentions, token(sort, page[-1]["sort"]) if more else None)

    def count(self, wanted: MentionFilter) -> int:
        """See MentionStore."""
        return self._counts.count(wanted)

    def timeline(
        self, wanted: MentionFilter, bucket: Bucket, *, day_offset: timedelta = timedelta(0)
    ) -> list[TimelinePoint]:
        """See MentionStore. Mentions without a judgement are in no bin. ValueError without start
        and end.
        """
        return self._counts.timeline(wanted, bucket, day_offset)

    def summary(self, wanted: MentionFilter) -> Summary:
        """See MentionStore. Mentions without a judgement are in `count` and `by_platform` only."""
        return self._counts.summary(wanted)

    def top_terms(self, wanted: MentionFilter, limit: int = 30) -> list[tuple[str, int]]:
        """See MentionStore."""
        return self._counts.top_terms(wanted, limit)

    def near(self, fingerprints: Sequence[int], *, since: datetime, distance: int) -> list[Near]:
        """See MentionStore. In order of publication, then id; ValueError when `distance` is not
        0 to 3.
        """
        return near(self._index, fingerprints, since, distance)

    def scan(self, wanted: MentionFilter) -> Iterator[Mention]:
        """See MentionStore. Of a point in time: what is written meanwhile is not seen. Where the
        server lost it (a restart, a consumer that rests for minutes), a new one goes on behind the
        last mention.
        """
        point = self._index.open_point()
        place = None
        try:
            while True:
                body = page_body(wanted, Sort.OLDEST, _SCAN_PAGE, place)
                answer = self._index.search_at(point, body)
                if answer is None:
                    point = self._index.open_point()
                    continue
                point = answer["pit_id"]
                hits = _hits(answer)
                yield from (decode(hit["_source"]) for hit in hits)
                if len(hits) < _SCAN_PAGE:
                    return
                place = hits[-1]["sort"][:2]
        finally:
            self._index.close_point(point)

    def status(self) -> StoreStatus:
        """See MentionStore."""
        newest = {
            "size": 1,
            "sort": [{"koubei.published_us": "desc"}],
            "track_total_hits": True,
            "_source": False,
        }
        answer = self._index.search(newest)
        hits = _hits(answer)
        return StoreStatus(
            adapter="elasticsearch",
            mentions=answer["hits"]["total"]["value"],
            newest_published_at=moment(hits[0]["sort"][0]) if hits else None,
            bytes_on_disk=self._index.bytes_on_disk(),
            schema_version=MAPPING_VERSION,
        )

    def close(self) -> None:
        """See MentionStore."""
        self._index.close()

    def _writer(self) -> Writer:
        return Writer(self._index, Sender(self._index, self._sleep, self._jitter))


def _hits(answer: Answer) -> list[Any]:
    # a list that is empty is not in an answer of which only parts are asked for
    return list(answer.get("hits", {}).get("hits", ()))


def _parts(mention_ids: Iterable[str], size: int) -> Iterator[list[str]]:
    """Yield the ids that can be in the index, each once."""
    remaining = filter(is_id, dict.fromkeys(mention_ids))
    while part := list(islice(remaining, size)):
        yield part


def _ahead(
    write: Callable[[list[Arrival]], dict[str, Verdict]], ready: Iterable[list[Arrival]]
) -> Iterator[dict[str, Verdict]]:
    """Yield what became of each batch, in order, while later ones are under way. Two looks at one
    mention never are at the same time: they are merged in the order in which they came.
    """
    under_way: deque[tuple[Future[dict[str, Verdict]], set[str]]] = deque()
    with ThreadPoolExecutor(max_workers=_UNDER_WAY) as executor:
        for batch in ready:
            ids = {arrival.mention_id for arrival in batch}
            while len(under_way) == _UNDER_WAY or not all(ids.isdisjoint(m) for _, m in under_way):
                yield under_way.popleft()[0].result()
            under_way.append((executor.submit(write, batch), ids))
        while under_way:
            yield under_way.popleft()[0].result()
