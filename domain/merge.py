"""merge(old, new): what several looks at the same mention amount to.

Which look comes first makes no difference to what the merged mention says, as long as analysis is a
function of the text (one model), and merging the same look twice changes nothing. So a crawl
repeated after a crash, a late replay of an older page, and two writers at once are all harmless.
Where a field needs history to decide (a count is that of the newest look that had one), the history
is `revisions`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import groupby

from domain.mention import Flag, Mention, Precision, Revision
from domain.sentiment import Judge, Sentiment

_RANKS = {precision: precision.rank for precision in Precision}


def merge(old: Mention, new: Mention) -> Mention:
    """Return one mention out of two with the same id; ValueError when the ids differ.

    The longer text wins, unless the platform marks an edit: then the latest edit; what analysis
    said of another text goes. The finer time wins. Each count is that of the newest look that had
    one. Watches, brands and flags add up (but what a person cleared is no spam), first-seen is the
    earliest, a person's label stays, a later run of the model beats an earlier one, and every
    differing look is kept as a revision.
    """
    if old.id != new.id:
        raise ValueError(f"cannot merge {old.id} with {new.id}")
    earlier, later = sorted((old, new), key=_look_order)
    looks = _looks(earlier, later)
    text_look = max(looks, key=_text_order)
    # neither has it when a stored text was amended since: then the newest analysis is the best
    with_text = [m for m in (later, earlier) if m.text == text_look.text] or [later]
    time_from = min(earlier, later, key=_fineness)
    return replace(
        later,
        text=text_look.text,
        title=text_look.title or _newest_title(looks),
        terms=next((m.terms for m in with_text if m.terms), ()),
        fingerprint=next((m.fingerprint for m in with_text if m.fingerprint is not None), None),
        sentiment=_judgements(earlier, later, with_text),
        published_at=time_from.published_at,
        published_precision=time_from.published_precision,
        edited_at=text_look.edited_at,
        first_seen_at=min(earlier.first_seen_at, later.first_seen_at),
        author=_fullest(earlier.author, later.author) or "",
        author_key=_fullest(earlier.author_key, later.author_key),
        parent_id=_fullest(earlier.parent_id, later.parent_id),
        root_id=_fullest(earlier.root_id, later.root_id),
        repost_of=_fullest(earlier.repost_of, later.repost_of),
        ip_location=_fullest(earlier.ip_location, later.ip_location),
        client=_fullest(earlier.client, later.client),
        likes=_newest_known(look.likes for look in looks),
        comments=_newest_known(look.comments for look in looks),
        reposts=_newest_known(look.reposts for look in looks),
        views=_newest_known(look.views for look in looks),
        forum=_fullest(earlier.forum, later.forum),
        topic=_fullest(earlier.topic, later.topic),
        watch_ids=earlier.watch_ids | later.watch_ids,
        brand_ids=earlier.brand_ids | later.brand_ids,
        cluster_id=_oldest_cluster(earlier.cluster_id, later.cluster_id),
        flags=_flags(earlier, later),
        embedded=earlier.embedded and later.embedded,
        revisions=_revisions(looks),
    )


def judged_again(
    stored: Mention, scored: Mention, judgements: Mapping[str, Sentiment]
) -> Mention | None:
    """Return a stored mention with what a model run says of it; None where that does not hold.

    `scored` is the mention as it was read when it was scored. Its text, or the brands it names, may
    have changed since, or a later run have judged it: then the judgements are not of this mention.
    A person's label stays; what earlier runs said goes.
    """
    run = max((said.run for said in judgements.values()), default=0)
    same = (stored.title, stored.text) == (scored.title, scored.text)
    held = [said for said in stored.sentiment.values() if said.by is Judge.MODEL]
    if not same or not stored.brand_ids <= scored.brand_ids or any(said.run > run for said in held):
        return None
    people = {t: said for t, said in stored.sentiment.items() if said.by is Judge.PERSON}
    return replace(stored, sentiment=dict(sorted({**judgements, **people}.items())))


def same_content(one: Mention, other: Mention) -> bool:
    """Whether two states of a mention differ at most in when and by which run they were looked
    at.
    """
    return _said(one) == _said(other) and one == replace(
        other,
        collected_at=one.collected_at,
        first_seen_at=one.first_seen_at,
        source=one.source,
        revisions=one.revisions,
    )


def _said(mention: Mention) -> list[tuple[object, ...]]:
    """What the revisions said one after the other, whenever that was."""
    return [content for content, _ in groupby(mention.revisions, key=_content)]


def _looks(*mentions: Mention) -> list[Revision]:
    """Every look that the mentions remember, oldest first; one with no revisions was always the
    same.
    """
    looks: set[Revision] = set()
    for mention in mentions:
        if mention.revisions:
            looks.update(mention.revisions)
            continue
        look = mention.as_revision()
        looks.add(look)
        if mention.first_seen_at != mention.collected_at:
            looks.add(replace(look, collected_at=mention.first_seen_at))
    return sorted(looks, key=_revision_order)


def _revisions(looks: list[Revision]) -> tuple[Revision, ...]:
    """The first and the last look of each run of equal ones; nothing when all are equal."""
    kept: list[Revision] = []
    runs = 0
    for _, run in groupby(looks, key=_content):
        members = list(run)
        runs += 1
        kept.append(members[0])
        if len(members) > 1:
            kept.append(members[-1])
    return tuple(kept) if runs > 1 else ()


def _content(look: Revision) -> tuple[object, ...]:
    edited = look.edited_at.timestamp() if look.edited_at else -1.0
    return (
        look.title,
        look.text,
        edited,
        -1 if look.likes is None else look.likes,
        -1 if look.comments is None else look.comments,
        -1 if look.reposts is None else look.reposts,
        -1 if look.views is None else look.views,
    )


def _revision_order(look: Revision) -> tuple[datetime, tuple[object, ...]]:
    return (look.collected_at, _content(look))


def _look_order(mention: Mention) -> tuple[object, ...]:
    # just the fields that the merged mention has from its newest look as they are: two looks of one
    # instant merge alike whichever is called the new one, and so do three in any order
    return (mention.collected_at, mention.source, mention.url, mention.kind, mention.platform)


def _fineness(mention: Mention) -> tuple[int, datetime]:
    return (_RANKS[mention.published_precision], mention.published_at)


def _text_order(look: Revision) -> tuple[object, ...]:
    edited = look.edited_at.timestamp() if look.edited_at else -1.0
    return (edited, len(look.text), look.collected_at, look.text)


def _newest_known(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return known[-1] if known else None


def _newest_title(looks: list[Revision]) -> str:
    return next((look.title for look in reversed(looks) if look.title), "")


def _fullest(one: str | None, other: str | None) -> str | None:
    """Choose without knowing which was seen later: a state that two looks became has one time, but
    each of its values may be of either. Longer says more; then any fixed choice.
    """
    if one is None or other is None or one == other:
        return one if other is None else other
    return max(one, other, key=lambda value: (len(value), value))


def _oldest_cluster(one: str | None, other: str | None) -> str | None:
    # a cluster has the id of its earliest member; platforms count upwards, so the smaller number
    known = [cluster for cluster in (one, other) if cluster is not None]
    return min(known, key=lambda cluster: (len(cluster), cluster), default=None)


def _flags(earlier: Mention, later: Mention) -> frozenset[Flag]:
    # a mention that is seen again is not deleted any more, and one that was once found without
    # looking in depth is not in depth; other flags are knowledge that adds up
    newest = [m for m in (earlier, later) if m.collected_at == later.collected_at]
    gone = all(Flag.DELETED_UPSTREAM in m.flags for m in newest)
    lasting = (earlier.flags | later.flags) - {Flag.DELETED_UPSTREAM, Flag.IN_DEPTH}
    lasting |= earlier.flags & later.flags & {Flag.IN_DEPTH}
    # a person's "no spam" stays whatever an old copy, made before it was said, still holds: when in
    # doubt a mention counts
    if Flag.CLEARED in lasting:
        lasting -= {Flag.SPAM}
    return lasting | {Flag.DELETED_UPSTREAM} if gone else lasting


def _judgements(
    earlier: Mention, later: Mention, with_text: list[Mention]
) -> Mapping[str, Sentiment]:
    judged = [(t, s) for mention in reversed(with_text) for t, s in mention.sentiment.items()]
    # a run of the model judges a text as a whole: what an earlier run said of it goes
    run = max((s.run for _, s in judged if s.by is Judge.MODEL), default=0)
    merged = {t: s for t, s in judged if s.by is Judge.PERSON or s.run == run}
    for mention in (earlier, later):
        merged.update({t: s for t, s in mention.sentiment.items() if s.by is Judge.PERSON})
    return dict(sorted(merged.items()))
