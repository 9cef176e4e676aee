"""What the status pages show, as plain values: every text is final and in one language."""

from typing import Any
from zoneinfo import ZoneInfo

from domain.brand import Configuration
from domain.coverage import KNOWN_STATES, CoverageState
from domain.errors import Text
from domain.outbox import OutboxState
from domain.signal import Signal, SignalState
from monitoring.overview import Overview, SourceStanding
from monitoring.spool_words import refused_words, waiting_words
from presentation.formats import (
    at_least,
    count,
    days,
    decimal,
    multiple,
    near_time,
    share,
    short_time,
)
from presentation.hostile import link_host, quotation, safe_link
from presentation.wording import WRITTEN_AS_FILE, reason, word
from web.services import WebServices

_NOT_YET = Text("未采集", "not yet")


def status_view(view: Overview, services: WebServices) -> dict[str, Any]:
    """Return the values of the status page."""
    language, zone = services.language, ZoneInfo(services.zone_name)
    last_good = view.last_good_at
    return {
        "title": Text("口碑 · 运行状态", "Koubei · status").in_language(language),
        "demo": view.configuration.is_demo,
        "headline": headline(view, language),
        "burning": bool(view.open_signals),
        "now": short_time(view.now, zone),
        "last_good": near_time(last_good, view.now, zone) if last_good else None,
        "signals": [_signal_line(s, view, zone, language) for s in view.recent_signals],
        "sources": [_source_line(s, view, zone, language) for s in view.sources],
        "mails": [
            {
                "state": _mail_word(state, services).in_language(language),
                "count": number,
                "tone": "bad" if state is OutboxState.DEAD else "",
            }
            for state, number in view.mails.items()
            if number or state in (OutboxState.PENDING, OutboxState.SENT)
        ],
        "mentions": count(view.store.mentions, language) if view.store else "—",
        "newest": (
            near_time(view.store.newest_published_at, view.now, zone)
            if view.store and view.store.newest_published_at
            else "—"
        ),
        "notes": [
            {"fact": said.text.in_language(language), "mend": said.mend.in_language(language)}
            for said in (
                waiting_words(view.spools, view.now, zone, away=view.store is None),
                refused_words(view.dead_letters),
            )
            if said
        ],
    }


def _mail_word(state: OutboxState, services: WebServices) -> Text:
    as_file = state is OutboxState.SENT and services.mails_become_files
    return WRITTEN_AS_FILE if as_file else word(state)


def signal_view(
    signal: Signal, configuration: Configuration, services: WebServices
) -> dict[str, Any]:
    """Return the values of the page of one signal."""
    language, zone = services.language, ZoneInfo(services.zone_name)
    brand = next((b.name for b in configuration.brands if b.id == signal.brand_id), signal.brand_id)
    figures = signal.figures
    band = figures.expected_band
    facts = [
        (
            "负面（近 1 小时）",
            "negative, last hour",
            at_least(str(figures.observed), figures.lower_bound),
        ),
        (
            "平时常见",
            "usual range",
            f"{decimal(band[0])}–{decimal(band[1])}" if band else "—",
        ),
        (
            "倍数",
            "multiple",
            multiple(figures.multiple, language) if figures.multiple else "—",
        ),
        ("高出平时 / 触发线", "above usual / line", _pair(figures.z, figures.threshold_z)),
        (
            "多久以来最高",
            "highest in",
            days(figures.record_days, language) if figures.record_days else "—",
        ),
        (
            "负面占比 / 平时占比",
            "share / usual",
            f"{_share(figures.share)} / {_share(figures.usual_share)}",
        ),
        (
            "独立作者",
            "distinct authors",
            "—" if figures.distinct_authors is None else str(figures.distinct_authors),
        ),
        ("本次峰值", "peak so far", str(signal.peak_observed)),
    ]
    return {
        "title": f"{signal.id} · {brand}",
        "demo": configuration.is_demo,
        "level": word(signal.level).in_language(language),
        "level_code": signal.level.value,
        "state": word(signal.state).in_language(language),
        "brand": brand,
        "signal_id": signal.id,
        "opened": short_time(signal.opened_at, zone),
        "onset": short_time(signal.onset_at, zone),
        "closed": short_time(signal.closed_at, zone) if signal.closed_at else None,
        "facts": [{"name": Text(zh, en).in_language(language), "value": v} for zh, en, v in facts],
        "platforms": [
            {"name": word(p).in_language(language), "count": signal.platform_counts.get(p, 0)}
            for p in signal.platforms
        ],
        "terms": [f"{term} {n}" for term, n in signal.terms[:12]],
        "posts": [
            {
                "when": short_time(post.published_at, zone),
                "platform": word(post.platform).in_language(language),
                "author": post.author,
                "excerpt": quotation(post.excerpt, 120),
                "link": link,
                "host": link_host(link) if link else "",
                "interactions": count(post.interactions, language),
                "copies": post.near_copies,
            }
            for post in signal.top_posts
            for link in (safe_link(post.url),)
        ],
    }


def headline(view: Overview, language: str) -> str:
    """Return the one sentence that says whether anything burns, and whether we can see."""
    gaps = len(view.unread_sources)
    if view.open_signals:
        open_ = len(view.open_signals)
        zh, en = f"{open_} 条预警未解除", f"{open_} open alert{'' if open_ == 1 else 's'}"
    elif view.store is None:
        zh, en = (
            "内容库不可达，无法判断是否平稳",
            "the mention store is away: cannot tell",
        )
    elif view.is_blind:
        zh, en = (
            "没有一个来源在按时采集，无法判断是否平稳",
            "no source is read in time: cannot tell",
        )
    elif not view.sources:
        zh, en = "尚未配置监测方案", "no watch is configured"
    else:
        zh, en = "平稳", "calm"
    if gaps and view.sources:
        zh, en = (
            f"{zh} · {gaps} 个来源没有读全",
            f"{en} · {gaps} source{'' if gaps == 1 else 's'} not fully read",
        )
    return Text(zh, en).in_language(language)


def _signal_line(signal: Signal, view: Overview, zone: ZoneInfo, language: str) -> dict[str, Any]:
    brand = next(
        (b.name for b in view.configuration.brands if b.id == signal.brand_id), signal.brand_id
    )
    return {
        "id": signal.id,
        "level": word(signal.level).in_language(language),
        "level_code": signal.level.value,
        "open": signal.state is not SignalState.CLOSED,
        "state": word(signal.state).in_language(language),
        "brand": brand,
        "observed": at_least(str(signal.figures.observed), signal.figures.lower_bound),
        "multiple": multiple(signal.figures.multiple, language) if signal.figures.multiple else "—",
        "platforms": " ".join(word(p).in_language(language) for p in signal.platforms),
        "opened": near_time(signal.opened_at, view.now, zone),
    }


def _source_line(
    standing: SourceStanding, view: Overview, zone: ZoneInfo, language: str
) -> dict[str, Any]:
    row = standing.latest
    state = row.state if row else None
    known = state in KNOWN_STATES if state else False
    why = None
    if row is None:
        why = reason("never_crawled", standing.source.platform)
    elif not known or row.reason:
        why = reason(row.reason, standing.source.platform)
    return {
        "watch": standing.watch.name,
        "source": standing.source.id,
        "platform": word(standing.source.platform).in_language(language),
        "state": word(state).in_language(language) if state else _NOT_YET.in_language(language),
        "tone": _tone(state),
        "reason": why.text.in_language(language) if why else "",
        "mend": why.mend.in_language(language) if why else "",
        "found": standing.found,
        "new": standing.new,
        "last_good": (
            near_time(standing.last_good_at, view.now, zone) if standing.last_good_at else "—"
        ),
    }


def _tone(state: CoverageState | None) -> str:
    if state in (CoverageState.BLOCKED, CoverageState.FAILED):
        return "bad"
    return "warn" if state in (CoverageState.PARTIAL, None) else "good"


def _pair(one: float | None, other: float | None) -> str:
    return " / ".join("—" if v is None else decimal(v) for v in (one, other))


def _share(value: float | None) -> str:
    return "—" if value is None else share(value)
