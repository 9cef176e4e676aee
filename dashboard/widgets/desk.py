"""What the pages where people act share: their styles, clocks, and lists of posts and acts."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import streamlit as st
from markupsafe import Markup

from dashboard.widgets.badges import platform_badge
from dashboard.widgets.html import NOTHING, fill, join, outside_link, show
from domain.signal import TopPost
from monitoring.trail_words import TrailLine, news
from presentation.formats import count, full_time, near_time, share
from presentation.hostile import excerpt
from presentation.masking import mask_name, mask_speakers

STYLE: Final = Path(__file__).resolve().parents[1] / "desk.css"

_EXCERPT = 120


def style() -> None:
    """Put the styles of these pages onto the page."""
    st.html(STYLE)


def clock_bar(name: str, words: str, spent: float, state: str) -> Markup:
    """A clock: what for, what is left, and a thin bar of what is spent (`state`: ok, half, near,
    breached).
    """
    return fill(
        '<div class="kb-clock kb-clock-{state}"><span><span class="kb-quiet">{name}</span>'
        '<b>{words}</b></span><i><u style="width:{percent}%"></u></i></div>',
        state=state,
        name=name,
        words=words,
        percent=round(100 * min(1.0, max(0.0, spent))),
    )


def posts(found: Iterable[TopPost], first_id: str, now: datetime, zone: ZoneInfo) -> Markup:
    """Posts as a mail shows them: when, where, who (masked), what, how far, and the original."""
    return fill(
        '<ol class="kb-posts">{rows}</ol>',
        rows=join(_post(post, post.mention_id == first_id, now, zone) for post in found),
    )


def _post(post: TopPost, is_first: bool, now: datetime, zone: ZoneInfo) -> Markup:
    name = mask_name(post.author)
    told = [f"互动 {count(post.interactions, 'zh')}", f"负面 {share(post.confidence)}"]
    if post.near_copies:
        told.append(f"相似 ×{post.near_copies}")
    return fill(
        '<li><div class="kb-slip-line"><time class="kb-num">{when}</time>{platform}'
        "<span>{author}</span>{first}<span>{told}</span>{link}</div><p>{said}</p></li>",
        when=near_time(post.published_at, now, zone),
        platform=platform_badge(post.platform),
        author=f"@{name}" if name else "作者未知",
        first=fill('<span class="kb-tag">首发</span>') if is_first else NOTHING,
        told=" · ".join(told),
        link=outside_link(post.url, "原文"),
        said=excerpt(mask_speakers(post.excerpt), _EXCERPT),
    )


def trail(lines: Iterable[TrailLine], zone: ZoneInfo) -> Markup:
    """The audit trail: a line an act."""
    return fill(
        '<ol class="kb-trail">{rows}</ol>', rows=join(_trail_line(line, zone) for line in lines)
    )


def _trail_line(line: TrailLine, zone: ZoneInfo) -> Markup:
    told = "；".join(filter(None, [line.change, *line.details]))
    basis = "，".join(filter(None, [line.role and f"以{line.role}身份", line.clause]))
    return fill(
        '<li><time title="{exact}">{when}</time><span>{who}</span><span><b>{what}</b>{told}'
        "{reason}{basis}</span></li>",
        exact=full_time(line.at, zone),
        when=line.at.astimezone(zone).strftime("%m-%d %H:%M"),
        who=line.who,
        what=line.what,
        told=fill('<span class="kb-quiet">{told}</span>', told=told) if told else NOTHING,
        reason=fill("　{reason}", reason=line.reason) if line.reason else NOTHING,
        basis=fill('<span class="kb-quiet">{basis}</span>', basis=basis) if basis else NOTHING,
    )


def others_did(lines: Iterable[TrailLine], version: int, reader_id: str, zone: ZoneInfo) -> None:
    """Say what others did since the reader saw a version; nothing when they did nothing."""
    fresh = news(lines, version, reader_id)
    if not fresh:
        return
    told = "；".join(
        f"已被 {line.who} 于 {line.at.astimezone(zone):%H:%M} {line.what}" for line in fresh
    )
    show(
        fill(
            '<div class="kb-news" role="status"><b>您打开之后有新的改动</b>　{told}。'
            "刷新或点任意操作即可看到；您填写的内容会保留。</div>",
            told=told,
        )
    )


def facts(rows: Iterable[tuple[str, str]]) -> Markup:
    """Terms with their texts, side by side."""
    return fill(
        '<section class="kb-definition kb-facts"><dl>{rows}</dl></section>',
        rows=join(
            fill('<dt>{term}</dt><dd class="kb-wrap">{text}</dd>', term=term, text=text)
            for term, text in rows
            if text
        ),
    )


def say(words: str) -> None:
    """A quiet sentence of ours."""
    show(fill('<p class="kb-aside">{words}</p>', words=words))
