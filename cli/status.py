"""`koubei status`: everything on one screen."""

import json
from datetime import timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from cli.opening import open_existing
from cli.terminal import EXIT_PARTIAL, language, out, pick, say, show_table
from domain.coverage import KNOWN_STATES, CoverageRow, CoverageState
from domain.errors import Text
from domain.outbox import OutboxState
from domain.signal import SignalState
from monitoring.drift_words import drift_words
from monitoring.overview import Overview, SourceStanding, overview
from monitoring.rescoring_words import run_words
from monitoring.spool_words import refused_words, waiting_words
from presentation.formats import at_least, count, duration, multiple, near_time, short_time
from presentation.hostile import excerpt
from presentation.wording import WRITTEN_AS_FILE, reason, word
from runtime.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add `status`."""
    app.command("status", help="一屏看清预警、来源与邮件。Alerts, sources and mail on one screen.")(
        status_command
    )


def status_command(
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。Print JSON.")] = False,
) -> None:
    """Print how things stand; exit 3 when a source left a gap or drifts, or the store
    is away."""
    settings = load_settings()
    with open_existing(settings) as services:
        view = overview(services.begin_work, services.store, services.clock.now())
    if as_json:
        out().print(json.dumps(as_document(view), ensure_ascii=False, indent=1))
    else:
        show(view, ZoneInfo(settings.timezone), as_files=settings.smtp is None)
    if view.unread_sources or view.store is None or view.spools or view.drifting:
        raise typer.Exit(EXIT_PARTIAL)


def show(view: Overview, zone: ZoneInfo, *, as_files: bool) -> None:
    """Print the overview for a person; `as_files`: no mail server is set."""
    if view.configuration.is_demo:
        say("【演示数据：公司、人物与言论均为虚构】", "[Demo data: all of it is invented]")
    say(
        f"{short_time(view.now, zone)}　{_in_store(view, zone, 'zh')}"
        f"　配置版本 {view.configuration_version}",
        f"{short_time(view.now, zone)}  {_in_store(view, zone, 'en')}"
        f"  configuration {view.configuration_version}",
    )
    _show_waiting(view, zone)
    _show_drift(view, zone)
    _show_model(view, zone)
    _show_signals(view, zone)
    _show_sources(view, zone)
    _show_mails(view, as_files=as_files)


def _in_store(view: Overview, zone: ZoneInfo, lang: str) -> str:
    store = view.store
    if store is None:
        return Text("内容库不可达", "the mention store is away").in_language(lang)
    number, newest = count(store.mentions, lang), store.newest_published_at
    since = near_time(newest, view.now, zone) if newest else ""
    return Text(
        f"提及 {number} 条" + (f"，最新一条 {since}" if since else ""),
        f"{number} mentions" + (f", newest {since}" if since else ""),
    ).in_language(lang)


def _show_waiting(view: Overview, zone: ZoneInfo) -> None:
    lang = language()
    waiting = waiting_words(view.spools, view.now, zone, away=view.store is None)
    for said in (waiting, refused_words(view.dead_letters)):
        if said is not None:
            out().print(f"! {said.text.in_language(lang)}")
            out().print(f"  → {said.mend.in_language(lang)}")


def _show_drift(view: Overview, zone: ZoneInfo) -> None:
    lang = language()
    for episode in view.drifting:
        told = drift_words(episode, view.now, zone)
        out().print(f"! {told.text.in_language(lang)}")
        out().print(f"  → {told.mend.in_language(lang)}")


def _show_model(view: Overview, zone: ZoneInfo) -> None:
    if view.model_run is not None and view.model_run.finished_at is None:
        said = run_words(view.model_run, zone)
        say(f"… {said.zh}", f"… {said.en}")


def as_document(view: Overview) -> dict[str, Any]:
    """Return the overview as JSON values."""
    return {
        "now": view.now.isoformat(),
        "demo": view.configuration.is_demo,
        "mentions": view.store.mentions if view.store else None,
        "store_up": view.store is not None,
        "spools": [
            {
                "name": spool.name,
                "looks": spool.looks,
                "mentions": spool.mentions,
                "oldest_at": spool.oldest_at.isoformat(),
            }
            for spool in view.spools
        ],
        "dead_letters": view.dead_letters,
        "drift": [
            {
                "source": each.source_id,
                "platform": each.platform.value,
                "surface": each.surface,
                "field": each.field,
                "kind": each.kind.value,
                "since": each.since.isoformat(),
                "before": list(each.before),
                "after": list(each.after),
            }
            for each in view.drifting
        ],
        "model": view.model_run.model_id if view.model_run else None,
        "history_judged": round(view.model_run.share, 4) if view.model_run else None,
        "open_signals": [
            {
                "id": s.id,
                "brand": s.brand_id,
                "level": s.level.value,
                "observed": s.figures.observed,
                "lower_bound": s.figures.lower_bound,
                "opened_at": s.opened_at.isoformat(),
            }
            for s in view.open_signals
        ],
        "sources": [
            {
                "watch": s.watch.id,
                "source": s.source.id,
                "platform": s.source.platform.value,
                "state": s.latest.state.value if s.latest else None,
                "reason": s.latest.reason if s.latest else "never_crawled",
                "last_good_at": s.last_good_at.isoformat() if s.last_good_at else None,
                "late": s.late,
            }
            for s in view.sources
        ],
        "mails": {state.value: number for state, number in view.mails.items()},
        "outbox_held_since": view.outbox_hold.since.isoformat() if view.outbox_hold else None,
        "last_backup_at": view.last_backup.made_at.isoformat() if view.last_backup else None,
    }


def _show_signals(view: Overview, zone: ZoneInfo) -> None:
    say("\n预警", "\nAlerts")
    if not view.recent_signals:
        say("  没有预警", "  none")
        return
    names = {brand.id: brand.name for brand in view.configuration.brands}
    lang = language()
    show_table(
        [pick("编号", "id"), pick("级别", "level"), pick("品牌", "brand"), pick("负面/时", "neg/h"),
         pick("倍数", "times"), pick("平台", "platforms"), pick("触发于", "opened"),
         pick("状态", "state")],
        [
            [
                s.id,
                word(s.level).in_language(lang),
                names.get(s.brand_id, s.brand_id),
                at_least(str(s.figures.observed), s.figures.lower_bound),
                multiple(s.figures.multiple, lang) if s.figures.multiple else "—",
                " ".join(word(p).in_language(lang) for p in s.platforms),
                near_time(s.opened_at, view.now, zone),
                word(s.state).in_language(lang)
                + ("" if s.state is SignalState.CLOSED else " ●"),
            ]
            for s in view.recent_signals[:8]
        ],
    )  # fmt: skip


def _show_sources(view: Overview, zone: ZoneInfo) -> None:
    say("\n来源", "\nSources")
    if not view.sources:
        say(
            "  尚未配置监测方案 → koubei init，编辑 brands.toml，再 koubei apply brands.toml",
            "  no watch yet → koubei init, edit brands.toml, then koubei apply brands.toml",
        )
        return
    show_table(
        [pick("平台", "platform"), pick("来源", "source"), pick("状态", "state"),
         pick("读到", "found"), pick("新增", "new"), pick("上次成功", "last good"),
         pick("原因 → 处理", "why → what helps")],
        [_source_row(s, view, zone) for s in view.sources],
    )  # fmt: skip


def _source_row(standing: SourceStanding, view: Overview, zone: ZoneInfo) -> list[str]:
    lang, row = language(), standing.latest
    known = row is not None and row.state in KNOWN_STATES
    code = row.reason if row else "never_crawled"
    why = reason(code, standing.source.platform) if code or not known else None
    good = standing.last_good_at
    return [
        word(standing.source.platform).in_language(lang),
        standing.source.id,
        _marked(row, lang),
        str(standing.found) if row else "—",
        str(standing.new) if row else "—",
        near_time(good, view.now, zone) if good else "—",
        f"{why.text.in_language(lang)} → {why.mend.in_language(lang)}" if why else "",
    ]


def _marked(row: CoverageRow | None, lang: str) -> str:
    """The state of a look with its mark: read ✓, read in part !, not read ✗, never tried ○."""
    if row is None:
        return "○ " + Text("未采集", "not yet").in_language(lang)
    partial = row.state is CoverageState.PARTIAL
    mark = "✓" if row.state in KNOWN_STATES else "!" if partial else "✗"
    return f"{mark} {word(row.state).in_language(lang)}"


def _show_mails(view: Overview, *, as_files: bool) -> None:
    lang = language()
    shown = {s: n for s, n in view.mails.items() if n or s is OutboxState.SENT}
    words = {s: word(s) for s in shown} | ({OutboxState.SENT: WRITTEN_AS_FILE} if as_files else {})
    line = "　".join(f"{words[s].in_language(lang)} {n}" for s, n in shown.items())
    say(f"\n邮件　{line}", f"\nMail  {line}")
    if view.outbox_hold:
        say(
            "  ! 已暂停：从备份恢复后没有邮件发出 → koubei outbox release",
            "  ! held: no mail has left since the restore → koubei outbox release",
        )
    late = [m for m in view.recent_mails if m.state is not OutboxState.SENT]
    for mail in late[:3]:
        waited = duration(max(view.now - mail.created_at, timedelta(0)), lang)
        out().print(
            f"  {word(mail.state).in_language(lang)} {waited} {excerpt(mail.last_error, 160)}"
        )
