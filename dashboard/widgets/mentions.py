"""Mentions as they are read: a row of a short list, or a card. Their texts are only ever text."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup

from dashboard.widgets.badges import judgement, platform_badge, tag
from dashboard.widgets.html import NOTHING, fill, join, outside_link
from domain.mention import Flag, Mention, Precision
from presentation.formats import count, near_time
from presentation.hits import Piece
from presentation.hostile import excerpt
from presentation.masking import mask_speakers
from presentation.wording import word

ROW_SIGNS = 96
_PLACE_SIGNS = 20


def short_list(mentions: Iterable[Mention], now: datetime, zone: ZoneInfo) -> Markup:
    """Return one line a mention: when, where, what, how far it went, and the original."""
    return fill(
        '<ol class="kb-rows">{rows}</ol>',
        rows=join(_row(mention, now, zone) for mention in mentions),
    )


def _row(mention: Mention, now: datetime, zone: ZoneInfo) -> Markup:
    said = f"{mention.title} {mention.text}" if mention.title else mention.text
    return fill(
        "<li><time>{when}</time>{platform}<span class='kb-said'>{said}</span>"
        "<span class='kb-reach'>{reach}</span>{link}</li>",
        when=when(mention, now, zone),
        platform=platform_badge(mention.platform),
        said=excerpt(mask_speakers(said), ROW_SIGNS),
        reach=_reach(mention),
        link=outside_link(mention.url, "原文"),
    )


def _reach(mention: Mention) -> str:
    if mention.likes is mention.comments is mention.reposts is None:
        return "互动 —"
    return f"互动 {count(mention.interactions, 'zh')}"


def when(mention: Mention, now: datetime, zone: ZoneInfo) -> str:
    """Return when it was published, as finely as it is known: `10:31`, `11-20`, `11-20 10 时`."""
    at = mention.published_at
    match mention.published_precision:
        case Precision.DAY:
            return at.astimezone(zone).strftime("%m-%d")
        case Precision.HOUR:
            return at.astimezone(zone).strftime("%m-%d %H 时")
        case _:
            return near_time(at, now, zone)


def card_face(
    mention: Mention,
    *,
    brand_id: str,
    title: Sequence[Piece],
    text: Sequence[Piece],
    now: datetime,
    zone: ZoneInfo,
    review_below: int = 0,
    judged: bool = True,
) -> Markup:
    """Return a mention in full: who said what, when and where, how it was judged, how far it went.

    What a model was less sure of than `review_below` percent is marked 待复核; `judged` False keeps
    the label out. `title` and `text` are what it says, in pieces with the searched words marked.
    """
    said = mention.sentiment_towards(brand_id)
    doubt = said is not None and said.sure is not None and said.sure < review_below
    return fill(
        '<article class="kb-mention"><header>{platform}{kind}<b>{author}</b>'
        '<time title="{precision}">{when}</time>{place}{judged}{doubt}{flags}</header>'
        "{title}<p>{text}</p><footer>{counts}{link}</footer></article>",
        platform=platform_badge(mention.platform),
        kind=fill('<span class="kb-quiet">{kind}</span>', kind=word(mention.kind).zh),
        author=mention.author or "作者未知",
        precision=word(mention.published_precision).zh,
        when=when(mention, now, zone),
        place=_place(mention),
        judged=judgement(said) if judged else NOTHING,
        doubt=tag("待复核") if doubt and judged else NOTHING,
        flags=join(tag(word(flag).zh) for flag in sorted(mention.flags)),
        title=fill("<h4>{title}</h4>", title=_marked(title)) if title else NOTHING,
        text=_marked(text),
        counts=_counts(mention),
        link=outside_link(mention.url, "打开原文"),
    )


def _marked(pieces: Sequence[Piece]) -> Markup:
    return join(
        fill("<mark>{text}</mark>" if piece.is_hit else "{text}", text=piece.text)
        for piece in pieces
    )


def _place(mention: Mention) -> Markup:
    forum = excerpt(mention.forum or "", _PLACE_SIGNS)
    told = [forum and f"{forum}吧", excerpt(mention.ip_location or "", _PLACE_SIGNS)]
    words = " · ".join(part for part in told if part)
    return fill('<span class="kb-quiet">{words}</span>', words=words) if words else NOTHING


def _counts(mention: Mention) -> Markup:
    figures = (
        ("转发", mention.reposts),
        ("评论", mention.comments),
        ("赞", mention.likes),
        ("阅读", mention.views),
    )
    return join(
        fill(
            '<span class="kb-quiet">{name} <b class="kb-num">{number}</b></span>',
            name=name,
            number="—" if number is None else count(number, "zh"),
        )
        for name, number in figures
    )


def is_set_aside(mention: Mention) -> bool:
    """Whether it counts in no chart because it was called spam."""
    return Flag.SPAM in mention.flags
