"""A mention as a row, and back.

What queries filter, sort or count by has columns; the rest is one JSON array (`document`). Two rows
with equal CONTENT say the same thing, which is how a second look at an unchanged mention is
recognised without reading either of them.
"""

from collections.abc import Mapping
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

import orjson

from domain.mention import Flag, Kind, Mention, Platform, Precision, Revision
from domain.sentiment import WHOLE_TEXT, Judge, Label, Sentiment
from storage.storable import check, micros, moment, unwritable

# Codes are stored: never change one, only add.
PLATFORM_CODES = {Platform.WEIBO: 1, Platform.ZHIHU: 2, Platform.TIEBA: 3}
KIND_CODES = {
    Kind.POST: 1,
    Kind.COMMENT: 2,
    Kind.ANSWER: 3,
    Kind.ARTICLE: 4,
    Kind.QUESTION: 5,
    Kind.PIN: 6,
    Kind.VIDEO: 7,
    Kind.THREAD: 8,
    Kind.FLOOR: 9,
    Kind.REPLY: 10,
}
UNSCORED = 0
LABEL_CODES = {Label.NEGATIVE: 1, Label.NEUTRAL: 2, Label.POSITIVE: 3}
COUNTS = 1
"""The voice of a target row that counts in charts and alarms; the others say why it does not."""
VOICE_CODES = {Flag.OWN_ACCOUNT: -1, Flag.SPAM: -2, Flag.IN_DEPTH: -3}
PLATFORMS = {code: platform for platform, code in PLATFORM_CODES.items()}
LABELS = {code: label for label, code in LABEL_CODES.items()}

# Looking a member up by its value costs a fifth of calling the enum, and every read does it.
_PLATFORM = {platform.value: platform for platform in Platform}
_KIND = {kind.value: kind for kind in Kind}
_PRECISION = {precision.value: precision for precision in Precision}
_LABEL = {label.value: label for label in Label}
_JUDGE = {judge.value: judge for judge in Judge}

# The places of the document. Files hold them: never move one, only add at the end.
_in_document = attrgetter(
    "platform",
    "kind",
    "url",
    "title",
    "text",
    "author",
    "published_precision",
    "edited_at",
    "parent_id",
    "root_id",
    "repost_of",
    "ip_location",
    "client",
    "likes",
    "comments",
    "reposts",
    "views",
    "forum",
    "topic",
    "watch_ids",
    "brand_ids",
    "sentiment",
    "flags",
    "embedded",
)


class Row(NamedTuple):
    """The columns of one mention. Times are microseconds since 1970, the fingerprint is signed."""

    id: str
    published: int
    reach: int
    author_key: str | None
    cluster_id: str | None
    fingerprint: int | None
    terms: bytes
    document: bytes
    revisions: bytes | None
    collected_at: int
    first_seen_at: int
    source: str

    @property
    def content(self) -> tuple[object, ...]:
        """All that the mention says: everything but its history and who looked when."""
        return self[:8]


class Target(NamedTuple):
    """What a mention says about one brand, or (brand "") as a whole."""

    brand: str
    label: int
    platform: int
    kind: int
    voice: int
    polarity: float | None
    sure: int | None


def encode(mention: Mention) -> Row:
    """Return the row of a mention; Unstorable when there is none."""
    check(mention)
    try:
        return Row(
            id=mention.id,
            published=micros(mention.published_at),
            reach=mention.interactions,
            author_key=mention.author_key,
            cluster_id=mention.cluster_id,
            fingerprint=_signed(mention.fingerprint),
            terms=_dump(mention.terms),
            document=_dump(_in_document(mention)),
            revisions=_dump(mention.revisions) if mention.revisions else None,
            collected_at=micros(mention.collected_at),
            first_seen_at=micros(mention.first_seen_at),
            source=mention.source,
        )
    except orjson.JSONEncodeError as error:
        raise unwritable() from error


def decode(row: Row) -> Mention:
    """Return the mention of a row."""
    (
        platform,
        kind,
        url,
        title,
        text,
        author,
        precision,
        edited_at,
        parent_id,
        root_id,
        repost_of,
        ip_location,
        client,
        likes,
        comments,
        reposts,
        views,
        forum,
        topic,
        watch_ids,
        brand_ids,
        sentiment,
        flags,
        embedded,
    ) = orjson.loads(row.document)
    return Mention(
        id=row.id,
        platform=_PLATFORM[platform],
        kind=_KIND[kind],
        url=url,
        text=text,
        published_at=moment(row.published),
        published_precision=_PRECISION[precision],
        collected_at=moment(row.collected_at),
        first_seen_at=moment(row.first_seen_at),
        source=row.source,
        title=title,
        author=author,
        author_key=row.author_key,
        parent_id=parent_id,
        root_id=root_id,
        repost_of=repost_of,
        edited_at=_moment_or_none(edited_at),
        ip_location=ip_location,
        client=client,
        likes=likes,
        comments=comments,
        reposts=reposts,
        views=views,
        forum=forum,
        topic=topic,
        watch_ids=frozenset(watch_ids),
        brand_ids=frozenset(brand_ids),
        terms=tuple(orjson.loads(row.terms)),
        cluster_id=row.cluster_id,
        fingerprint=None if row.fingerprint is None else row.fingerprint % 2**64,
        sentiment={target: _sentiment(fields) for target, fields in sentiment.items()},
        flags=frozenset(map(Flag, flags)),
        embedded=embedded,
        revisions=tuple(map(_revision, orjson.loads(row.revisions))) if row.revisions else (),
    )


def targets(mention: Mention) -> list[Target]:
    """Return what the mention says as a whole and about each of its brands."""
    platform, kind = PLATFORM_CODES[mention.platform], KIND_CODES[mention.kind]
    reason = mention.uncounted_as
    voice = COUNTS if reason is None else VOICE_CODES[reason]
    found = []
    for brand in (WHOLE_TEXT, *sorted(mention.brand_ids)):
        judgement = mention.sentiment_towards(brand)
        label = LABEL_CODES[judgement.label] if judgement else UNSCORED
        polarity = judgement.polarity if judgement else None
        sure = judgement.sure if judgement else None
        found.append(Target(brand, label, platform, kind, voice, polarity, sure))
    return found


def _signed(fingerprint: int | None) -> int | None:
    if fingerprint is None:
        return None
    return fingerprint - 2**64 if fingerprint >= 2**63 else fingerprint


def _dump(value: object) -> bytes:
    return orjson.dumps(value, default=_plain, option=orjson.OPT_SORT_KEYS)


def _plain(value: object) -> object:
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(type(value).__name__)


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


def _moment_or_none(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
