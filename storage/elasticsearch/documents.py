"""A mention as a document of the index, and back.

Names are those of the Elastic Common Schema where it has one, so that Kibana understands the same
index; our own stand under `koubei`. What only queries need is derived here and left out of what the
index keeps of a document (`_source.excludes` in mapping.json): it costs no reading.
"""

import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import orjson

from domain.han import fold
from domain.mention import Flag, Kind, Mention, Platform, Precision, Revision
from domain.sentiment import WHOLE_TEXT, Judge, Label, Sentiment
from storage.elasticsearch.bands import bands
from storage.elasticsearch.characters import tokens
from storage.storable import Unstorable, check, micros, unwritable

UNSCORED = "unscored"
"""Stands for the label where there is no judgement."""

LOW_BITS = 26
"""Sums are floating-point numbers on the server, exact up to 2^53 only: so interactions are summed
as two numbers, the lower bits and the rest."""

_LONGEST_ID = 512
"""Bytes of an id that Elasticsearch takes."""
_LONGEST_NAME = 8_000
"""Bytes of a value that queries ask for; the index takes terms of up to 32,766 bytes."""
_NAMES_AT_HAND = 5_000
"""Brands whose tokens are kept instead of being made anew for each mention."""
_UNSCORED_POLARITY = 2.0
"""Sorts mentions without a judgement after the most positive one."""

# Looking a member up by its value costs a fifth of calling the enum, and every read does it.
_PLATFORM = {platform.value: platform for platform in Platform}
_KIND = {kind.value: kind for kind in Kind}
_PRECISION = {precision.value: precision for precision in Precision}
_LABEL = {label.value: label for label in Label}
_JUDGE = {judge.value: judge for judge in Judge}


class Document(NamedTuple):
    """A mention and its document as JSON."""

    mention: Mention
    body: bytes


def is_id(mention_id: str) -> bool:
    """Whether a mention of this id can be in the index."""
    try:
        return 0 < len(mention_id.encode()) <= _LONGEST_ID
    except UnicodeEncodeError:
        return False


def encode(mention: Mention) -> Document:
    """Return the document of a mention; Unstorable when there is none."""
    check(mention)
    _check_lengths(mention)
    try:
        return Document(mention, orjson.dumps(_fields(mention)))
    except (orjson.JSONEncodeError, UnicodeEncodeError) as error:
        raise unwritable() from error


def decode(source: dict[str, Any]) -> Mention:
    """Return the mention of a document as the index keeps it."""
    event, url, user, own = source["event"], source["url"], source.get("user", {}), source["koubei"]
    fingerprint = own.get("fingerprint")
    return Mention(
        id=event["id"],
        platform=_PLATFORM[own["platform"]],
        kind=_KIND[own["kind"]],
        url=url["full"],
        text=source["message"],
        published_at=datetime.fromisoformat(source["@timestamp"]),
        published_precision=_PRECISION[own["precision"]],
        collected_at=datetime.fromisoformat(event["ingested"]),
        first_seen_at=datetime.fromisoformat(event["created"]),
        source=own["source"],
        title=own.get("title", ""),
        author=user.get("name", ""),
        author_key=user.get("id"),
        parent_id=own.get("parent_id"),
        root_id=own.get("root_id"),
        repost_of=own.get("repost_of"),
        edited_at=_moment_or_none(own.get("edited_at")),
        ip_location=own.get("ip_location"),
        client=own.get("client"),
        likes=own.get("likes"),
        comments=own.get("comments"),
        reposts=own.get("reposts"),
        views=own.get("views"),
        forum=own.get("forum"),
        topic=own.get("topic"),
        watch_ids=frozenset(own.get("watch_ids", ())),
        brand_ids=frozenset(own.get("brand_ids", ())),
        terms=tuple(own.get("terms", ())),
        cluster_id=own.get("cluster_id"),
        fingerprint=None if fingerprint is None else int(fingerprint, 16),
        sentiment=dict(_judgements(own)),
        flags=frozenset(map(Flag, own.get("flags", ()))),
        embedded=own["embedded"],
        revisions=tuple(map(_revision, own.get("revisions", ()))),
    )


@lru_cache(maxsize=_NAMES_AT_HAND)
def verdict(label: Label | None, brand_id: str | None) -> str:
    """Return the token of a label towards a brand, or of the whole text; None is unscored."""
    token = f"{UNSCORED if label is None else label.value}:{brand_id or WHOLE_TEXT}"
    return token.encode(errors="replace").decode()  # a query may name what no mention can have


def sureness(percent: int, brand_id: str | None) -> str:
    """Return the token of how sure a model was towards a brand, or of the whole text."""
    token = f"{percent}:{brand_id or WHOLE_TEXT}"
    return token.encode(errors="replace").decode()


def polarity_field(brand_id: str | None) -> str:
    """Return the field to sort by for the polarity towards a brand, or of the whole text."""
    return f"koubei.polarity_order.{_polarity_key(brand_id or WHOLE_TEXT)}"


def _fields(mention: Mention) -> dict[str, Any]:
    user = {"id": mention.author_key, "name": mention.author or None}
    return {
        "@timestamp": _utc(mention.published_at),
        "message": mention.text,
        "event": {
            "id": mention.id,
            "dataset": f"{mention.platform.value}.{mention.kind.value}",
            "created": _utc(mention.first_seen_at),
            "ingested": _utc(mention.collected_at),
        },
        "url": _known({"full": mention.url, "domain": _domain(mention.url)}),
        "user": _known(user),
        "koubei": _known(_own_fields(mention)),
    }


def _own_fields(mention: Mention) -> dict[str, Any]:
    fingerprint = mention.fingerprint
    others = [(brand, said) for brand, said in mention.sentiment.items() if brand != WHOLE_TEXT]
    return {
        "platform": mention.platform,
        "kind": mention.kind,
        "title": mention.title or None,
        "precision": mention.published_precision,
        "edited_at": mention.edited_at and _utc(mention.edited_at),
        "source": mention.source,
        "parent_id": mention.parent_id,
        "root_id": mention.root_id,
        "repost_of": mention.repost_of,
        "ip_location": mention.ip_location,
        "client": mention.client,
        "likes": mention.likes,
        "comments": mention.comments,
        "reposts": mention.reposts,
        "views": mention.views,
        "interactions": mention.interactions,
        "forum": mention.forum,
        "topic": mention.topic,
        "watch_ids": sorted(mention.watch_ids) or None,
        "brand_ids": sorted(mention.brand_ids) or None,
        "terms": mention.terms or None,
        "cluster_id": mention.cluster_id,
        "fingerprint": None if fingerprint is None else f"{fingerprint:016x}",
        "sentiment": mention.sentiment.get(WHOLE_TEXT),
        "judgements": [{"brand": brand, "said": said} for brand, said in others] or None,
        "flags": sorted(mention.flags) or None,
        "public_voice": mention.is_public_voice,
        "embedded": mention.embedded,
        "revisions": mention.revisions or None,
        **_derived(mention),
    }


def _derived(mention: Mention) -> dict[str, Any]:
    """What only queries need."""
    verdicts, sure, polarities = [], [], {}
    for brand in (WHOLE_TEXT, *sorted(mention.brand_ids)):
        judgement = mention.sentiment_towards(brand)
        verdicts.append(verdict(judgement.label if judgement else None, brand))
        if judgement and judgement.sure is not None:
            sure.append(sureness(judgement.sure, brand))
        polarity = judgement.polarity if judgement else _UNSCORED_POLARITY
        polarities[_polarity_key(brand)] = _in_order(polarity)
    reach = mention.interactions
    return {
        "published_us": micros(mention.published_at),
        "collected_us": micros(mention.collected_at),
        "interactions_high": reach >> LOW_BITS,
        "interactions_low": reach & (1 << LOW_BITS) - 1,
        "verdicts": verdicts,
        "sureness": sure or None,
        "polarity_order": polarities,
        "bands": None if mention.fingerprint is None else bands(mention.fingerprint),
        "characters": tokens(fold(f"{mention.title}\n{mention.text}")),
    }


def _check_lengths(mention: Mention) -> None:
    if not is_id(mention.id):
        raise Unstorable(
            f"编号为空或超过 {_LONGEST_ID} 字节", f"an id empty or longer than {_LONGEST_ID} bytes"
        )
    # a character has four bytes at most, and nearly all names are far shorter than that
    if any(len(name) * 4 > _LONGEST_NAME for name in _names(mention)) and any(
        len(name.encode(errors="replace")) > _LONGEST_NAME for name in _names(mention)
    ):
        raise Unstorable(
            f"编号或关键词超过 {_LONGEST_NAME} 字节",
            f"an identifier or a keyword longer than {_LONGEST_NAME} bytes",
        )


def _names(mention: Mention) -> Iterator[str]:
    yield from (mention.source, mention.author_key or "", mention.cluster_id or "")
    yield from mention.terms
    yield from mention.watch_ids
    yield from mention.brand_ids


def _judgements(own: dict[str, Any]) -> Iterator[tuple[str, Sentiment]]:
    if "sentiment" in own:
        yield WHOLE_TEXT, _sentiment(own["sentiment"])
    for judgement in own.get("judgements", ()):
        yield judgement["brand"], _sentiment(judgement["said"])


def _sentiment(fields: dict[str, Any]) -> Sentiment:
    return Sentiment(
        _LABEL[fields["label"]],
        fields["polarity"],
        fields["confidence"],
        fields["model"],
        _JUDGE[fields["by"]],
        fields.get("run", 0),
    )


def _revision(fields: dict[str, Any]) -> Revision:
    collected_at = datetime.fromisoformat(fields["collected_at"])
    edited_at = _moment_or_none(fields["edited_at"])
    return Revision(**{**fields, "collected_at": collected_at, "edited_at": edited_at})


@lru_cache(maxsize=_NAMES_AT_HAND)
def _polarity_key(brand_id: str) -> str:
    # an id may hold dots, which would read as a path
    return f"t{brand_id.encode(errors='replace').hex()}"


def _in_order(number: float) -> str:
    """Return a number as text that sorts as it does (IEEE 754: the bits of positive numbers do)."""
    (bits,) = struct.unpack(">Q", struct.pack(">d", number + 0.0))  # −0.0 becomes 0.0
    return f"{bits ^ (0xFFFFFFFFFFFFFFFF if bits >> 63 else 1 << 63):016x}"


def _domain(url: str) -> str | None:
    if not url.startswith(("https://", "http://")):
        return _host(url)
    # a platform's addresses differ behind the host, which is parsed once
    end = url.find("/", url.find("//") + 2)
    front = url if end < 0 else url[:end]
    return _known_host(front) if len(front) < _USUAL_HOST else _host(front)


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


_USUAL_HOST = 300
_known_host = lru_cache(maxsize=1_000)(_host)


def _utc(time: datetime) -> datetime:
    return time if time.tzinfo in (UTC, None) else time.astimezone(UTC)


def _moment_or_none(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _known(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
