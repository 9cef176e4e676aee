"""Mentions as JSON values and back, without loss: for export, import and document stores.

The form is versioned (`koubei`: 1). Times are ISO 8601 with offset, fingerprints 16 hex digits.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from domain.mention import Flag, Kind, Mention, Platform, Precision, Revision
from domain.sentiment import Judge, Label, Sentiment

VERSION: Final = 1
_TEXTS = (
    "id", "url", "text", "title", "author", "author_key", "parent_id", "root_id", "repost_of",
    "ip_location", "client", "forum", "topic", "cluster_id", "source",
)  # fmt: skip
_COUNTS = ("likes", "comments", "reposts", "views")
_TIMES = ("published_at", "collected_at", "first_seen_at", "edited_at")


def mention_document(mention: Mention) -> dict[str, Any]:
    """Return a mention as JSON values; empty and unknown fields are left out."""
    fields = {name: getattr(mention, name) for name in (*_TEXTS, *_COUNTS)}
    times = {name: _time(getattr(mention, name)) for name in _TIMES}
    document = {
        "koubei": VERSION,
        "platform": mention.platform.value,
        "kind": mention.kind.value,
        "published_precision": mention.published_precision.value,
        **fields,
        **times,
        "watch_ids": sorted(mention.watch_ids),
        "brand_ids": sorted(mention.brand_ids),
        "terms": list(mention.terms),
        "fingerprint": None if mention.fingerprint is None else f"{mention.fingerprint:016x}",
        "sentiment": {target: _judgement(s) for target, s in sorted(mention.sentiment.items())},
        "flags": sorted(flag.value for flag in mention.flags),
        "embedded": mention.embedded or None,
        "revisions": [_revision(r) for r in mention.revisions],
    }
    return {key: value for key, value in document.items() if value not in (None, "", [], {})}


def mention_from_document(document: Mapping[str, Any]) -> Mention:
    """Return the mention of a document; KeyError or ValueError (naming what is wrong) when it is
    none.
    """
    if document.get("koubei") != VERSION:
        raise ValueError(f"document version {document.get('koubei')!r}, expected {VERSION}")
    optional: dict[str, Any] = {
        k: document.get(k) for k in (*_COUNTS, *_TEXTS) if k not in ("id", "url", "source")
    }
    for name in ("text", "title", "author"):
        optional[name] = document.get(name, "")
    fingerprint = document.get("fingerprint")
    return Mention(
        id=document["id"],
        platform=Platform(document["platform"]),
        kind=Kind(document["kind"]),
        url=document.get("url", ""),
        source=document.get("source", ""),
        published_at=_read_time(document["published_at"]),
        published_precision=Precision(document["published_precision"]),
        collected_at=_read_time(document["collected_at"]),
        first_seen_at=_read_time(document["first_seen_at"]),
        edited_at=_read_time(document["edited_at"]) if "edited_at" in document else None,
        watch_ids=frozenset(document.get("watch_ids", ())),
        brand_ids=frozenset(document.get("brand_ids", ())),
        terms=tuple(document.get("terms", ())),
        fingerprint=None if fingerprint is None else int(fingerprint, 16),
        sentiment={t: _read_judgement(s) for t, s in document.get("sentiment", {}).items()},
        flags=frozenset(Flag(flag) for flag in document.get("flags", ())),
        embedded=bool(document.get("embedded", False)),
        revisions=tuple(_read_revision(r) for r in document.get("revisions", ())),
        **optional,
    )


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None


def _read_time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"time without a zone: {text!r}")
    return moment.astimezone(UTC)


def _judgement(judged: Sentiment) -> dict[str, Any]:
    run = {"run": judged.run} if judged.run else {}
    return {
        "label": judged.label.value,
        "polarity": judged.polarity,
        "confidence": judged.confidence,
        "model": judged.model,
        "by": judged.by.value,
        **run,
    }


def _read_judgement(document: Mapping[str, Any]) -> Sentiment:
    return Sentiment(
        label=Label(document["label"]),
        polarity=float(document["polarity"]),
        confidence=float(document["confidence"]),
        model=document["model"],
        by=Judge(document["by"]),
        run=int(document.get("run", 0)),
    )


def _revision(revision: Revision) -> dict[str, Any]:
    document = {
        "collected_at": _time(revision.collected_at),
        "title": revision.title,
        "text": revision.text,
        "edited_at": _time(revision.edited_at),
        **{name: getattr(revision, name) for name in _COUNTS},
    }
    return {key: value for key, value in document.items() if value not in (None, "")}


def _read_revision(document: Mapping[str, Any]) -> Revision:
    return Revision(
        collected_at=_read_time(document["collected_at"]),
        title=document.get("title", ""),
        text=document.get("text", ""),
        edited_at=_read_time(document["edited_at"]) if "edited_at" in document else None,
        **{name: document.get(name) for name in _COUNTS},
    )
