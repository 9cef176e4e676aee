"""`koubei dead-letters`: what the mention store refused, tried again or given up."""

import json
import sys
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from cli.actor import actor
from cli.help import CommandLine
from cli.opening import open_existing
from cli.terminal import EXIT_PARTIAL, language, out, pick, progress, say, show_table
from domain.dead_letter import DeadLetter
from domain.documents import mention_document
from domain.errors import ConfigurationError, Text
from monitoring.dead_letters import drop, replay, terminal
from presentation.formats import short_time
from presentation.hostile import clean_line, excerpt
from presentation.wording import word
from runtime.settings import load_settings
from runtime.wiring import Services

Ids = Annotated[
    list[str] | None,
    typer.Argument(help="提及编号，可多个。Mention ids, several if you like.", metavar="[ID]…"),
]
All = Annotated[bool, typer.Option("--all", help="全部。All of them.")]


def register(app: typer.Typer) -> None:
    """Add `dead-letters`."""
    group = CommandLine(
        name="dead-letters",
        help="内容库不收的内容：查看、重试、丢弃。What the store refused: see, try again, drop.",
    )
    group.command("list", help="列出，并说明原因。List them, each with its reason.")(list_command)
    group.command("replay", help="重新入库。Have the store try them again.")(replay_command)
    group.command("drop", help="丢弃，记入审计。Give them up; the trail tells of it.")(drop_command)
    app.add_typer(group, name="dead-letters")


def list_command(
    limit: Annotated[int, typer.Option(min=1, help="最多几条。At most so many.")] = 50,
    as_json: Annotated[
        bool, typer.Option("--json", help="输出 JSON，含全文。Print JSON with the whole mention.")
    ] = False,
) -> None:
    """List dead letters, the newest refusal first."""
    settings = load_settings()
    with open_existing(settings) as services, services.begin_work() as work:
        letters, total = work.dead_letters.recent(limit), work.dead_letters.count()
    if as_json:
        out().print(json.dumps([_document(one) for one in letters], ensure_ascii=False, indent=1))
        return
    if not letters:
        say("✓ 没有无法入库的内容", "✓ no dead letters")
        return
    _show(letters, ZoneInfo(settings.timezone))
    if total > len(letters):
        say(f"  共 {total} 条，--limit 可多列", f"  {total} in all; --limit shows more")


def replay_command(ids: Ids = None, every: All = False) -> None:
    """Have the store try dead letters again; exit 3 when it refused some once more."""
    with open_existing(load_settings()) as services:
        chosen = _chosen(services, ids, every=every)
        with progress("重新入库", "trying again", len(chosen)) as advance:
            done = replay(
                services.begin_work,
                services.store,
                chosen,
                by=terminal(actor()),
                at=services.clock.now(),
                advance=advance,
            )
    say(
        f"✓ 入库 {done.stored} 条，仍被拒绝 {done.refused} 条",
        f"✓ {done.stored} stored, {done.refused} refused again",
    )
    if done.refused:
        raise typer.Exit(EXIT_PARTIAL)


def drop_command(
    ids: Ids = None,
    every: All = False,
    reason: Annotated[str, typer.Option(help="写进审计记录的理由。For the audit trail.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="不再询问。Do not ask.")] = False,
) -> None:
    """Give dead letters up for good."""
    with open_existing(load_settings()) as services:
        chosen = _chosen(services, ids, every=every)
        if chosen and not yes:
            _ask(len(chosen))
        dropped = drop(
            services.begin_work,
            chosen,
            by=terminal(actor()),
            reason=reason,
            at=services.clock.now(),
        )
    say(f"✓ 已丢弃 {dropped} 条", f"✓ dropped: {dropped}")


def _chosen(services: Services, ids: list[str] | None, *, every: bool) -> list[str]:
    with services.begin_work() as work:
        known = work.dead_letters.ids()
    if every == bool(ids):
        raise ConfigurationError(
            Text("请给出编号，或用 --all", "name some ids, or use --all (one of the two)"),
            place="koubei dead-letters",
            mend=Text("koubei dead-letters list 列出编号", "koubei dead-letters list shows them"),
        )
    unknown = sorted(set(ids or ()) - set(known))
    if unknown:
        raise ConfigurationError(
            Text("没有这样的内容", "there is no such dead letter"),
            place=excerpt(clean_line("、".join(unknown)), 200),
            mend=Text("koubei dead-letters list 列出编号", "koubei dead-letters list shows them"),
        )
    return known if every else sorted(set(ids or ()))


def _ask(number: int) -> None:
    if not sys.stdin.isatty():
        raise ConfigurationError(
            Text("没有确认丢弃", "nobody said yes to dropping them"),
            place="--yes",
            mend=Text("确认后加 --yes", "add --yes if that is meant"),
        )
    typer.confirm(
        pick(f"丢弃 {number} 条内容，不能恢复。继续吗？", f"Drop {number} for good?"), abort=True
    )


def _show(letters: list[DeadLetter], zone: ZoneInfo) -> None:
    lang = language()
    headers = (
        pick("编号", "id"),
        pick("平台", "platform"),
        pick("最近一次", "refused"),
        pick("次数", "times"),
        pick("原因", "reason"),
        pick("内容", "text"),
    )
    show_table(
        headers,
        [
            (
                clean_line(one.mention.id),
                word(one.mention.platform).in_language(lang),
                short_time(one.refused_at, zone),
                str(one.attempts),
                excerpt(one.reason.in_language(lang), 100),
                excerpt(one.mention.title or one.mention.text, 40),
            )
            for one in letters
        ],
    )


def _document(letter: DeadLetter) -> dict[str, object]:
    return {
        "id": letter.mention.id,
        "reason": {"zh": letter.reason.zh, "en": letter.reason.en},
        "run": letter.run_id,
        "first_refused_at": letter.first_refused_at.isoformat(),
        "refused_at": letter.refused_at.isoformat(),
        "attempts": letter.attempts,
        "mention": mention_document(letter.mention),
    }
