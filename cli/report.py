"""`koubei report week` and `koubei report day`: a report as files, and by mail."""

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from cli.actor import actor
from cli.help import CommandLine
from cli.opening import open_existing
from cli.terminal import EXIT_PARTIAL, complain, say
from domain.brand import Brand, Configuration
from domain.errors import ConfigurationError, Text
from domain.report import (
    Period,
    Report,
    ReportKind,
    Snapshot,
    differences,
    report_id,
)
from monitoring.report import brands_with_reports, build_snapshot
from monitoring.report_files import Built, Look, build_files
from presentation.refusals import refusal
from presentation.wording import word
from runtime.reports import pdf_printer, report_look
from runtime.settings import load_settings
from runtime.wiring import Services
from workflow.reports import draft, send_by_machine

_DAY = timedelta(days=1)

Day = Annotated[
    str | None,
    typer.Option(
        "--date", help="时段内任意一天，缺省为最近完整的一期。A day of it.", metavar="DATE"
    ),
]
Send = Annotated[
    bool, typer.Option("--send", help="发给接收人，每期只发一次。Mail it, once a period.")
]
Out = Annotated[
    Path, typer.Option("--out", help="文件写到哪里，缺省为当前目录。Where to.", metavar="DIR")
]
BrandId = Annotated[
    str | None,
    typer.Option("--brand", help="品牌编号，缺省为全部。A brand's id; else all.", metavar="ID"),
]


def register(app: typer.Typer) -> None:
    """Add `report week` and `report day`."""
    group = CommandLine(
        name="report", help="生成周报、日报，发送。Make weekly and daily reports, send them."
    )
    group.command("week", help="生成一份周报的全部文件。Make a weekly report's files.")(week)
    group.command("day", help="生成一份日报的全部文件。Make a daily report's files.")(day)
    app.add_typer(group, name="report")


def week(
    day_of_it: Day = None, send: Send = False, out: Out = Path(), brand: BrandId = None
) -> None:
    """Make the files of an ISO week, last week's unless a day is given."""
    _report(ReportKind.WEEK, day_of_it, send, out, brand)


def day(
    day_of_it: Day = None, send: Send = False, out: Out = Path(), brand: BrandId = None
) -> None:
    """Make the files of a day, yesterday's unless one is given."""
    _report(ReportKind.DAY, day_of_it, send, out, brand)


def _report(
    kind: ReportKind, day_of_it: str | None, send: bool, folder: Path, brand_id: str | None
) -> None:
    settings = load_settings()
    with open_existing(settings) as services:
        period = _period(kind, day_of_it, services)
        with services.begin_reading() as work:
            _, configuration = work.configuration.current()
        complete = [
            _one(services, configuration, period, brand, send, folder)
            for brand in _brands(configuration, brand_id)
        ]
    if not all(complete):
        raise typer.Exit(EXIT_PARTIAL)


def _one(
    services: Services,
    configuration: Configuration,
    period: Period,
    brand: Brand,
    send: bool,
    folder: Path,
) -> bool:
    """Make, write and perhaps mail the report of a brand; return whether no file was left out."""
    look = report_look(services.settings)
    report = _stored_or_new(services, period, brand)
    if send:
        report = _send(services, report, look)
    built = build_files(report, configuration, services.store, look, pdf_printer(services.settings))
    _write(built, folder)
    return not built.left_out


def _stored_or_new(services: Services, period: Period, brand: Brand) -> Report:
    """Return the report of the period: the stored one with its frozen figures, else a new one.

    A period that is not over is only shown: its report is made when it is.
    """
    with services.begin_reading() as work:
        stored = work.reports.get(report_id(period, brand.id))
    now = services.clock.now()
    fresh = build_snapshot(services.store, services.begin_reading, period, brand.id, now)
    if stored is not None:
        _tell_differences(stored, fresh)
        return stored
    if now < period.end:
        say(
            f"! {period.code} 还没有结束：文件是到目前为止的预览，不保存",
            f"! {period.code} is not over: the files are a preview and nothing is stored",
        )
        return Report(report_id(period, brand.id), fresh, now, maker_name=_made_by(services))
    return draft(services.begin_work, fresh, actor=actor(), at=now)


def _tell_differences(stored: Report, fresh: Snapshot) -> None:
    state = word(stored.state)
    say(
        f"{stored.id} 已有（{state.zh}），数字冻结于 {stored.snapshot.taken_at:%Y-%m-%d %H:%M} UTC",
        f"{stored.id} is there ({state.en}); its figures were frozen "
        f"{stored.snapshot.taken_at:%Y-%m-%d %H:%M} UTC",
    )
    found = differences(stored.snapshot, fresh)
    if found:
        shown = "; ".join(f"{d.path} {d.frozen}→{d.now}" for d in found if len(d.now) < 20)[:300]
        say(
            f"  现在重新计算有 {len(found)} 处不同：{shown}",
            f"  computed again, {len(found)} figures differ: {shown}",
        )


def _send(services: Services, report: Report, look: Look) -> Report:
    now = services.clock.now()
    if now < report.snapshot.period.end:
        raise ConfigurationError(
            Text("时段还没有结束，不能发送", "the period is not over and cannot be sent"),
            place=report.id,
        )
    sent = send_by_machine(services.begin_work, report.id, actor=actor(), at=now, render=look.mail)
    say(
        f"✉ {sent.id} 已交发件箱：{len(sent.recipients)} 位接收人，每人只发一次",
        f"✉ {sent.id} lies in the outbox: {len(sent.recipients)} recipients, once each",
    )
    return sent


def _write(built: Built, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, body in built.files.items():
            path = folder / name
            path.write_bytes(body)
            say(f"✓ {path}（{len(body) / 1024:,.0f} KB）", f"✓ {path} ({len(body) / 1024:,.0f} KB)")
    except OSError as error:
        why = refusal(error)
        raise ConfigurationError(
            Text(f"写不了：{why.text.zh}", f"cannot be written: {why.text.en}"),
            place=str(folder),
            mend=why.mend,
        ) from error
    for part, text in built.left_out:
        complain(f"! {part} 略去：{text.zh}", f"! {part} left out: {text.en}")


def _period(kind: ReportKind, typed: str | None, services: Services) -> Period:
    zone = ZoneInfo(services.settings.timezone)
    if typed is None:
        today = services.clock.now().astimezone(zone).date()
        return Period.holding(kind, today - (7 * _DAY if kind is ReportKind.WEEK else _DAY), zone)
    try:
        return Period.holding(kind, date.fromisoformat(typed), zone)
    except ValueError as error:
        raise ConfigurationError(
            Text(f"无法识别的日期「{typed}」", f"{typed!r} is no date"),
            place="--date",
            mend=Text("写作 2026-11-21", "write 2026-11-21"),
        ) from error


def _brands(configuration: Configuration, brand_id: str | None) -> tuple[Brand, ...]:
    brands = brands_with_reports(configuration)
    if brand_id is not None:
        brands = tuple(b for b in configuration.brands if b.id == brand_id)
    if not brands:
        known = [brand.id for brand in configuration.brands]
        raise ConfigurationError(
            Text("没有可做报告的品牌", "there is no brand to report on"),
            place="--brand" if brand_id else "brands.toml",
            mend=Text(
                f"已有：{'、'.join(known) or '无，先 koubei apply brands.toml'}",
                f"there are: {', '.join(known) or 'none, koubei apply brands.toml first'}",
            ),
        )
    return brands


def _made_by(services: Services) -> str:
    with services.begin_reading() as work:
        return work.configuration.current()[1].report.made_by
