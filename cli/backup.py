"""`koubei backup`, `koubei restore`, `koubei outbox`: keeping data, and bringing them back."""

import json
import os
import sys
import tomllib
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from cli.actor import actor
from cli.help import CommandLine
from cli.opening import open_existing
from cli.terminal import (
    complain,
    language,
    out,
    pick,
    progress,
    say,
    show_table,
)
from domain.errors import ConfigurationError, Text
from domain.outbox import OutboxMail
from presentation.formats import short_time
from presentation.hostile import clean_line
from presentation.wording import word
from runtime.backup import (
    Made,
    Plan,
    checked_passphrase,
    make_backup,
    passphrase_of,
    peek,
    require_data,
)
from runtime.backup_file import SETTINGS, is_sealed
from runtime.restore import Restored, put_secrets, restore
from runtime.secret_files import read_secret
from runtime.settings import FILE_NAME, Settings, load_effective, load_settings
from runtime.wiring import SystemClock
from workflow.outbox import HeldOutbox, held_outbox, release_outbox_at_terminal

_MEGABYTE = 1 << 20


class Pages(StrEnum):
    """Which raw pages go into a backup."""

    NAMED = "named"
    ALL = "all"
    NONE = "none"


class Verdict(StrEnum):
    """What is to become of the mails that came out of a backup."""

    SEND = "send"
    DROP = "drop"


PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        help="口令所在的文件，权限 0600。A file of mode 0600 with the passphrase.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add `backup`, `restore` and `outbox`."""
    app.command(
        "backup",
        help="在线备份，并试恢复一次。Back up while it runs, and restore it once.",
    )(backup_command)
    app.command("restore", help="从备份恢复；发件箱先暂停。Restore a backup; mail is held first.")(
        restore_command
    )
    group = CommandLine(
        name="outbox",
        help="恢复之后：查看并放行被暂停的邮件。After a restore: see and release held mail.",
    )
    group.command("show", help="列出被暂停的邮件。List what is held.")(show_command)
    group.command("release", help="放行：发送或弃置。Release it: send or drop.")(release_command)
    app.add_typer(group, name="outbox")


def backup_command(
    to: Annotated[
        Path | None,
        typer.Option(
            "--to", help="放在哪个目录；缺省为 backup.folder。The folder; else backup.folder."
        ),
    ] = None,
    pages: Annotated[
        Pages | None,
        typer.Option(help="哪些原始页面：named、all、none。Which raw pages; else backup.pages."),
    ] = None,
    keep: Annotated[
        int | None,
        typer.Option(min=1, help="目录中保留几份，更早的删除。Keep so many, remove older ones."),
    ] = None,
    plain: Annotated[
        bool,
        typer.Option(
            "--plain",
            help="不加密：文件里有密钥，谁拿到都能读。Not sealed: whoever has it has the keys.",
        ),
    ] = False,
    no_verify: Annotated[
        bool, typer.Option("--no-verify", help="不试恢复，只写出。Only write it; no trial restore.")
    ] = False,
    passphrase_file: PassphraseFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。Print JSON.")] = False,
) -> None:
    """Back up both databases, the keys, the settings and the pages that are still needed."""
    effective = load_effective()
    settings = effective.settings
    folder = to or settings.backup.folder
    if folder is None:
        raise ConfigurationError(
            Text("没有指定备份目录", "no folder for the backup"),
            place="--to",
            mend=Text(
                "koubei backup --to 目录，或设置 backup.folder",
                "koubei backup --to FOLDER, or set backup.folder",
            ),
        )
    require_data(settings)  # before a passphrase is asked for
    if plain and passphrase_file:
        raise ConfigurationError(
            Text("--plain 与口令不能同时给出", "--plain and a passphrase exclude each other"),
            place="--plain --passphrase-file",
        )
    plan = Plan(
        folder=folder.expanduser().absolute(),
        passphrase=None if plain else _passphrase(settings, passphrase_file, new=True),
        pages=(pages or Pages(settings.backup.pages)).value,
        keep=keep or (settings.backup.keep if folder == settings.backup.folder else None),
        verify=not no_verify,
    )
    made = make_backup(
        settings,
        SystemClock(),
        plan,
        actor=actor(),
        settings_file=effective.file,
        bar=progress,
    )
    _tell_backup(made, plan, as_json=as_json)


def restore_command(
    file: Annotated[Path, typer.Argument(help="备份文件。The backup.", metavar="FILE")],
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="已有数据时移到一旁再恢复。Move data that are there aside first."
        ),
    ] = False,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Restore a backup where the settings say; without settings, as the backup's settings say."""
    file = file.expanduser().absolute()
    if not file.is_file():
        raise ConfigurationError(Text("没有这个文件", "there is no such file"), place=str(file))
    passphrase = None
    if "KOUBEI_CONFIG" not in os.environ and not Path(FILE_NAME).exists():
        if is_sealed(file):
            passphrase = _passphrase(load_settings(), passphrase_file, new=False)
        _begin_from(file, passphrase)
    effective = load_effective()
    settings = effective.settings
    if passphrase is None and is_sealed(file):
        passphrase = _passphrase(settings, passphrase_file, new=False)
    restored = restore(
        settings,
        file,
        passphrase,
        SystemClock(),
        actor=actor(),
        force=force,
        settings_file=effective.file,
        bar=progress,
    )
    _tell_restore(restored, settings)


def show_command(
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。Print JSON.")] = False,
) -> None:
    """List what would be sent."""
    settings = load_settings()
    with open_existing(settings) as services:
        held = held_outbox(services.begin_work)
    if as_json:
        document = None if held is None else _as_document(held)
        out().print(json.dumps(document, ensure_ascii=False, indent=1))
    elif held is None:
        say("发件箱没有被暂停", "the outbox is not held")
    else:
        _show(held, ZoneInfo(settings.timezone))


def release_command(
    restored: Annotated[
        Verdict | None,
        typer.Option(
            "--restored",
            help="备份中尚未发出的邮件：send 或 drop。Mails that came out of the backup.",
        ),
    ] = None,
    drop: Annotated[
        list[str] | None,
        typer.Option("--drop", help="另外弃置这些邮件，可多次。Drop this one too.", metavar="KEY"),
    ] = None,
    send: Annotated[
        list[str] | None,
        typer.Option(
            "--send", help="仍然发送这些邮件，可多次。Send this one all the same.", metavar="KEY"
        ),
    ] = None,
    reason: Annotated[str, typer.Option(help="写进审计记录的理由。For the audit trail.")] = "",
) -> None:
    """Show what is held, ask what is to be sent, and let mail leave again."""
    settings = load_settings()
    with open_existing(settings) as services:
        held = held_outbox(services.begin_work)
        if held is None:
            say("发件箱没有被暂停，邮件正常发送", "the outbox is not held; mail leaves as usual")
            return
        _show(held, ZoneInfo(settings.timezone))
        verdict = restored or (_ask() if held.restored else Verdict.SEND)
        keys = {mail.key for mail in held.restored}
        dropped = {*(keys if verdict is Verdict.DROP else ()), *(drop or ())} - set(send or ())
        unknown = {*(drop or ()), *(send or ())} - keys - {mail.key for mail in held.written}
        if unknown:
            raise ConfigurationError(
                Text("没有这封邮件", "there is no such mail"),
                place=clean_line(", ".join(sorted(unknown))),
                mend=Text("koubei outbox show 列出编号", "koubei outbox show lists the keys"),
            )
        done = release_outbox_at_terminal(
            services.begin_work,
            actor(),
            drop=dropped,
            seen=keys,
            reason=reason,
            at=services.clock.now(),
        )
    say(
        f"✓ 已放行：将发送 {done.to_send} 封，弃置 {done.dropped} 封",
        f"✓ released: {done.to_send} will be sent, {done.dropped} dropped",
    )


def _passphrase(settings: Settings, file: Path | None, *, new: bool) -> str:
    """Return the passphrase: of the file that was named, of the settings, or typed."""
    if file is not None:
        return checked_passphrase(read_secret(file))
    if set_one := passphrase_of(settings):
        return set_one
    if not sys.stdin.isatty():
        raise ConfigurationError(
            Text("没有备份口令", "there is no passphrase for the backup"),
            mend=Text(
                "--passphrase-file 文件，或 KOUBEI_BACKUP__PASSPHRASE"
                + ("；确实不要加密时用 --plain" if new else ""),
                "--passphrase-file FILE or KOUBEI_BACKUP__PASSPHRASE"
                + ("; --plain if it really is to lie open" if new else ""),
            ),
        )
    typed: str = typer.prompt(
        pick("备份口令", "Passphrase of the backup"),
        hide_input=True,
        confirmation_prompt=pick("再输入一次", "Once more") if new else False,
    )
    return checked_passphrase(typed)


def _begin_from(file: Path, passphrase: str | None) -> None:
    """On an empty host: lay the settings and keys of the backup where they belong."""
    small = peek(file, passphrase)
    if SETTINGS not in small:
        return
    Path(FILE_NAME).write_bytes(small[SETTINGS])
    data_dir = tomllib.loads(small[SETTINGS].decode("utf-8-sig")).get("data_dir", "var")
    secrets = Path(FILE_NAME).absolute().parent / Path(str(data_dir)).expanduser() / "secrets"
    if not secrets.exists():
        put_secrets(secrets, small)
    say(f"✓ 已取回 {FILE_NAME} 与密钥", f"✓ {FILE_NAME} and the keys are back")


def _tell_backup(made: Made, plan: Plan, *, as_json: bool) -> None:
    note, manifest = made.note, made.manifest
    if as_json:
        document = {
            "file": str(made.path),
            "bytes": note.bytes,
            "seconds": note.seconds,
            "verified": note.verified,
            "sealed": plan.passphrase is not None,
            "mentions": manifest.mentions,
            "revision": manifest.revision,
            "audit_seq": manifest.audit_seq,
            "audit_head": manifest.audit_head,
            "left_out": list(manifest.left_out),
            "removed": [path.name for path in made.removed],
        }
        out().print(json.dumps(document, ensure_ascii=False, indent=1))
        return
    size = f"{note.bytes / _MEGABYTE:.1f} MB"
    say(
        f"✓ {made.path}（{size}，{note.seconds:.0f} 秒，提及 {manifest.mentions} 条）",
        f"✓ {made.path} ({size}, {note.seconds:.0f} s, {manifest.mentions} mentions)",
    )
    if note.verified:
        say("✓ 已试恢复并核对", "✓ restored once and checked")
    else:
        complain("! 没有试恢复（--no-verify）", "! not restored for a check (--no-verify)")
    if plan.passphrase is None:
        complain(
            "! 未加密：文件中有全部密钥，只能放在可信的地方",
            "! not sealed: it holds every key; keep it where only you can go",
        )
    else:
        say("  口令不在备份里，请另行保管", "  its passphrase is not in it: keep it elsewhere")
    for path in manifest.left_out:
        complain(f"! 不在备份里，请另行保管：{path}", f"! not in it, keep it elsewhere: {path}")
    if made.removed:
        say(
            f"  删除了 {len(made.removed)} 份更早的备份",
            f"  {len(made.removed)} older ones were removed",
        )


def _tell_restore(restored: Restored, settings: Settings) -> None:
    manifest = restored.manifest
    zone = ZoneInfo(settings.timezone)
    when = short_time(manifest.made_at, zone)
    say(
        f"✓ 已恢复 {when} 的备份：提及 {manifest.mentions} 条，审计记录 {manifest.audit_seq} 条",
        f"✓ restored the backup of {when}: {manifest.mentions} mentions, "
        f"{manifest.audit_seq} audit rows",
    )
    if restored.aside:
        say(f"  原有数据在 {restored.aside}", f"  the former data are in {restored.aside}")
    if restored.kept_settings:
        say(
            f"  备份中的设置与现用的不同，放在 {restored.kept_settings}",
            f"  the backup's settings differ from those in use: {restored.kept_settings}",
        )
    complain(
        "! 发件箱已暂停：备份之后可能已经发过的邮件，由您决定是否再发 → koubei outbox release",
        "! mail is held: what may have been sent since the backup is for you to decide"
        " → koubei outbox release",
    )


def _ask() -> Verdict:
    if not sys.stdin.isatty():
        raise ConfigurationError(
            Text(
                "没有说明备份中的邮件如何处理", "it was not said what becomes of the backup's mails"
            ),
            place="--restored",
            mend=Text("--restored drop 或 --restored send", "--restored drop or --restored send"),
        )
    sends = typer.confirm(
        pick(
            "备份中的邮件可能已经发过。再发送一次吗？（否：弃置）",
            "The backup's mails may have been sent already. Send them? (no: drop them)",
        )
    )
    return Verdict.SEND if sends else Verdict.DROP


def _show(held: HeldOutbox, zone: ZoneInfo) -> None:
    made, since = short_time(held.hold.backed_up_at, zone), short_time(held.hold.since, zone)
    say(
        f"发件箱自 {since} 恢复 {held.hold.backup}（{made}）起暂停",
        f"mail is held since {held.hold.backup} ({made}) was restored at {since}",
    )
    say(
        f"\n备份时尚未发出，可能后来已发：{len(held.restored)} 封",
        f"\nwaiting when the backup was made, may have been sent since: {len(held.restored)}",
    )
    _table(held.restored, zone)
    say(
        f"\n恢复之后新写的，放行后发送：{len(held.written)} 封",
        f"\nwritten since, will be sent: {len(held.written)}",
    )
    _table(held.written, zone)


def _table(mails: tuple[OutboxMail, ...], zone: ZoneInfo) -> None:
    if not mails:
        return
    headers = (
        pick("时间", "created"),
        pick("状态", "state"),
        pick("收件人", "recipient"),
        pick("主题", "subject"),
        pick("编号", "key"),
    )
    show_table(
        headers,
        [
            (
                short_time(mail.created_at, zone),
                word(mail.state).in_language(language()),
                clean_line(mail.recipient),
                clean_line(mail.rendered.subject),
                clean_line(mail.key),
            )
            for mail in mails
        ],
    )


def _as_document(held: HeldOutbox) -> dict[str, object]:
    def listed(mails: tuple[OutboxMail, ...]) -> list[dict[str, object]]:
        return [
            {
                "key": mail.key,
                "recipient": mail.recipient,
                "subject": mail.rendered.subject,
                "state": mail.state,
                "created_at": _iso(mail.created_at),
            }
            for mail in mails
        ]

    return {
        "since": _iso(held.hold.since),
        "backup": held.hold.backup,
        "backed_up_at": _iso(held.hold.backed_up_at),
        "restored": listed(held.restored),
        "written": listed(held.written),
    }


def _iso(moment: datetime) -> str:
    return moment.isoformat()
