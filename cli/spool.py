"""`koubei spool`: what waits because the mention store was away, here and on other machines."""

import json
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from cli.actor import actor
from cli.help import CommandLine
from cli.opening import open_existing
from cli.terminal import EXIT_FAILED, EXIT_PARTIAL, complain, out, pick, say, show_table
from domain.spool import SpoolStanding, SpoolState
from monitoring.spool_debts import give_up
from presentation.formats import short_time
from presentation.hostile import clean_line
from runtime.extras import require
from runtime.settings import load_settings

_MEGABYTE = 1_000_000


def register(app: typer.Typer) -> None:
    """Add `spool`."""
    group = CommandLine(
        name="spool",
        help="内容库不可达时的暂存：查看、补入。What waits for the store: see, store.",
    )
    group.command("show", help="列出各机器的暂存。List what waits, by machine.")(show_command)
    group.command("drain", help="立即补入本机暂存。Store now what waits on this machine.")(
        drain_command
    )
    group.command("retry", help="重试被搁置的内容。Try again what was set aside.")(retry_command)
    group.command("lost", help="放弃一台机器的暂存。Give the spool of a lost machine up.")(
        lost_command
    )
    app.add_typer(group, name="spool")


def show_command(
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。Print JSON.")] = False,
) -> None:
    """List what waits; exit 3 when anything does."""
    settings = load_settings()
    with open_existing(settings) as services:
        own = services.spool.state()
        with services.begin_work() as work:
            spools = work.spooled.waiting()
    if as_json:
        out().print(json.dumps(_document(own, spools), ensure_ascii=False, indent=1))
    else:
        _show(own, spools, ZoneInfo(settings.timezone))
    if spools or own.waiting:
        raise typer.Exit(EXIT_PARTIAL)


def drain_command() -> None:
    """Store what waits here; exit 1 when the store is still away, 3 when some of it was refused."""
    require("analysis")
    with open_existing(load_settings()) as services:
        done = services.ingest.drain()
    if done.busy:
        say("另一个进程正在补入", "another process is storing it")
        return
    say(
        f"✓ 补入 {done.looks} 次抓取，新增 {done.new} 条，剩余 {done.left} 次",
        f"✓ {done.looks} looks stored, {done.new} new mentions, {done.left} left",
    )
    if done.away:
        complain("✗ 内容库不可达 → koubei doctor", "✗ the mention store is away → koubei doctor")
        raise typer.Exit(EXIT_FAILED)
    if done.dead_lettered or done.lost:
        raise typer.Exit(EXIT_PARTIAL)


def retry_command() -> None:
    """Put what was set aside behind everything that waits, to be tried once more."""
    with open_existing(load_settings()) as services:
        moved = services.spool.retry_aside()
    say(f"✓ {moved} 次抓取重新排队", f"✓ {moved} looks wait again")


def lost_command(
    name: Annotated[
        str, typer.Argument(help="暂存的名称，见 show。The spool's name, see show.", metavar="NAME")
    ],
    reason: Annotated[str, typer.Option(help="写进审计记录的理由。For the audit trail.")] = "",
) -> None:
    """Say that a machine will not come back: its hours become a gap that is crawled again."""
    with open_existing(load_settings()) as services:
        looks = give_up(
            services.begin_work,
            name,
            own=services.spool.name,
            actor=actor(),
            reason=reason,
            at=services.clock.now(),
        )
    say(
        f"✓ 已放弃 {looks} 次抓取，这段时间会重新采集",
        f"✓ {looks} looks given up; the time they covered is crawled again",
    )


def _show(own: SpoolState, spools: list[SpoolStanding], zone: ZoneInfo) -> None:
    if not spools and not own.waiting:
        say("✓ 没有暂存的内容", "✓ nothing waits")
    else:
        headers = (
            pick("暂存", "spool"),
            pick("抓取", "looks"),
            pick("提及", "mentions"),
            pick("最早", "oldest"),
        )
        show_table(
            headers,
            [
                (
                    clean_line(one.name) + (pick("（本机）", " (here)") * (one.name == own.name)),
                    str(one.looks),
                    str(one.mentions),
                    short_time(one.oldest_at, zone),
                )
                for one in spools
            ],
        )
    used, room = own.bytes / _MEGABYTE, own.largest / _MEGABYTE
    say(
        f"本机 {own.name}：{used:.1f} / {room:.0f} MB",
        f"here {own.name}: {used:.1f} of {room:.0f} MB",
    )
    if own.aside:
        complain(
            f"! 搁置 {own.aside} 次抓取 → koubei spool retry",
            f"! {own.aside} looks were set aside → koubei spool retry",
        )
    for damaged in own.damaged:
        complain(
            f"! 暂存文件损坏，已移到一旁：{damaged}", f"! a damaged file was set aside: {damaged}"
        )


def _document(own: SpoolState, spools: list[SpoolStanding]) -> dict[str, object]:
    return {
        "here": {
            "name": own.name,
            "looks": own.waiting,
            "mentions": own.mentions,
            "bytes": own.bytes,
            "largest": own.largest,
            "tried_at": _iso(own.tried_at),
            "set_aside": own.aside,
            "damaged": list(own.damaged),
        },
        "spools": [
            {
                "name": one.name,
                "looks": one.looks,
                "mentions": one.mentions,
                "oldest_at": _iso(one.oldest_at),
            }
            for one in spools
        ],
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
