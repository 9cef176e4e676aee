"""A MentionFilter as a query. Everything is a filter: nothing is scored."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from domain.han import fold
from domain.mention import UNCOUNTED, Flag
from domain.queries import MentionFilter
from storage.elasticsearch.characters import NOTHING, Query, contains, is_near
from storage.elasticsearch.documents import sureness, verdict
from storage.storable import micros

_FLAGS = "koubei.flags"
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


def query_of(wanted: MentionFilter) -> Query:
    """Return the query for the mentions that are wanted."""
    clauses = [*_fields(wanted), *_times(wanted), *_words(wanted)]
    excluded = [contains(word) for word in _folded(wanted.without)]
    return {"bool": {"filter": clauses, "must_not": excluded}}


def _fields(wanted: MentionFilter) -> Iterator[Query]:
    if wanted.public_voice_only:
        yield {"term": {"koubei.public_voice": True}}
    if wanted.uncounted_as:
        reasons = [_uncounted(flag) for flag in UNCOUNTED if flag in wanted.uncounted_as]
        yield {"bool": {"should": reasons, "minimum_should_match": 1}}
    if wanted.labels:
        # such a verdict is only in mentions of the brand
        tokens = sorted(verdict(label, wanted.brand_id) for label in wanted.labels)
        yield _any_of("koubei.verdicts", tokens)
    if wanted.unsure_below is not None:
        percents = range(min(max(wanted.unsure_below, 0), 101))
        tokens = [sureness(percent, wanted.brand_id) for percent in percents]
        yield _any_of("koubei.sureness", tokens) if tokens else NOTHING
    if wanted.platforms:
        yield _any_of("koubei.platform", sorted(wanted.platforms))
    if wanted.kinds:
        yield _any_of("koubei.kind", sorted(wanted.kinds))
    named = {
        "koubei.brand_ids": wanted.brand_id,
        "koubei.watch_ids": wanted.watch_id,
        "koubei.cluster_id": wanted.cluster_id,
        "koubei.source": wanted.source,
        "user.id": wanted.author_key,
    }
    for field, value in named.items():
        if value is not None:
            yield _any_of(field, [value])


def _uncounted(flag: Flag) -> Query:
    """The flag is the first of the reasons that a mention has."""
    has: Query = {"term": {_FLAGS: flag.value}}
    earlier = [reason.value for reason in UNCOUNTED[: UNCOUNTED.index(flag)]]
    return {"bool": {"filter": [has], "must_not": [_any_of(_FLAGS, earlier)]}} if earlier else has


def _times(wanted: MentionFilter) -> Iterator[Query]:
    spans = {
        "koubei.published_us": (wanted.start, wanted.end),
        "koubei.collected_us": (wanted.collected_start, wanted.collected_end),
    }
    for field, (start, end) in spans.items():
        bounds = {"gte": start, "lt": end}
        given = {key: _micros(bound) for key, bound in bounds.items() if bound is not None}
        if given:
            yield {"range": {field: given}}


def _words(wanted: MentionFilter) -> Iterator[Query]:
    for word in _folded(wanted.words):
        yield contains(word)
    for proximity in wanted.near:
        one, other = map(fold, proximity.words)
        yield is_near(one, other, proximity.distance)


def _folded(words: Iterable[str]) -> list[str]:
    return [folded for word in words if (folded := fold(word))]


def _any_of(field: str, values: list[Any]) -> Query:
    try:
        "".join(values).encode()
    except UnicodeEncodeError:
        return NOTHING  # no mention holds half characters
    return {"term": {field: values[0]}} if len(values) == 1 else {"terms": {field: values}}


def _micros(moment: datetime) -> int:
    return micros(max(moment, _EARLIEST))
