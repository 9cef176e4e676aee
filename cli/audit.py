"""`koubei audit`: is the trail whole, and handing it out."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cli.actor import actor
from cli.help import CommandLine
from cli.opening import open_existing
from cli.terminal import EXIT_FAILED, EXIT_PARTIAL, complain, err, language, out, progress, say
from domain.audit import KnownHead
from domain.errors import ConfigurationError, StoreError, Text
from monitoring.audit_trail import Verified, export, head_of_heartbeat, verify, verify_export
from presentation.wording import word
from runtime.backup_file import NAMES, audit_head_of
from runtime.settings import Settings, load_settings
from runtime.wiring import Services

_HASH_DIGITS = 64


def register(app: typer.Typer) -> None:
    """Add `audit verify` and `audit export`."""
    group = CommandLine(
        name="audit",
        help="核对、导出审计记录。Verify and export the audit trail.",
    )
    group.command("verify", help="逐条核对封印，并与别处留存的比对。Check every row's seal.")(
        verify_command
    )
    group.command("export", help="导出为 JSON 行，可只要一个工单。Export as JSON lines.")(
        export_command
    )
    app.add_typer(group, name="audit")


def verify_command(
    head: Annotated[
        list[str] | None,
        typer.Option(
            "--head",
            help="您自己留存的封印，可多次。A head that you kept yourself.",
            metavar="SEQ:HASH",
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", help="改为核对导出的文件。Check an exported file instead."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。Print JSON.")] = False,
) -> None:
    """Check the whole trail; exit 0 when it is whole, 1 when it is not, 3 when something that is
    kept outside could not be compared with it.
    """
    kept = [_head(text) for text in head or ()]
    unread: list[StoreError] = []
    if file is not None:
        with file.open(encoding="utf-8") as lines:
            found = verify_export(lines, str(file), kept)
    else:
        settings = load_settings()
        with open_existing(settings) as services:
            known, unread = _known_heads(settings, services)
            found = verify(services.begin_reading, [*kept, *known])
    if as_json:
        out().print(json.dumps(_as_document(found), ensure_ascii=False, indent=1))
    else:
        _tell(found)
    for error in unread:
        complain(f"! {error.sentence('zh')}", f"! {error.sentence('en')}")
    if not found.is_whole:
        raise typer.Exit(EXIT_FAILED)
    if unread:
        raise typer.Exit(EXIT_PARTIAL)


def export_command(
    file: Annotated[Path, typer.Argument(help="写到哪里。The file to write.", metavar="FILE")],
    case: Annotated[
        str,
        typer.Option(
            "--case",
            help="只要这个工单（或预警、提及）的，其余只留封印。Rows about one case; seals of the"
            " rest.",
            metavar="ID",
        ),
    ] = "",
) -> None:
    """Write the trail, or what belongs to one case with the proof that it belongs there."""
    settings = load_settings()
    with open_existing(settings) as services:
        now = services.clock.now()
        with (
            progress("导出审计记录", "exporting the audit trail", None) as advance,
            file.open("x", encoding="utf-8") as writing,
        ):
            file.chmod(0o600)

            def write(line: str) -> None:
                writing.write(line)
                advance()

            rows = export(services.begin_reading, write, at=now, about=case)
        with services.begin_work() as work:
            seq, hash_ = work.audit.head()
            work.audit.append(
                at=now,
                actor=actor(),
                action="audit.exported",
                object_id=case,
                reason="",
                payload={"rows": rows, "up_to": seq, "head": hash_},
            )
            work.commit()
    say(f"✓ 已导出 {rows} 条到 {file}", f"✓ exported {rows} rows to {file}")
    say(f"  截至第 {seq} 条，封印 {hash_}", f"  up to row {seq}, head {hash_}")
    if case and not rows:
        complain(f"! 没有关于 {case} 的记录", f"! no row is about {case}")


def _known_heads(
    settings: Settings, services: Services
) -> tuple[list[KnownHead], list[StoreError]]:
    """Return what is remembered of the trail outside of its database, and what could not be
    read.
    """
    found: list[KnownHead] = []
    unread: list[StoreError] = []
    for look in _witnesses(settings, services):
        try:
            head = look()
        except StoreError as error:
            unread.append(error)
        else:
            found += [head] if head else []
    return found, unread


def _witnesses(settings: Settings, services: Services) -> Iterator[Callable[[], KnownHead | None]]:
    yield partial(head_of_heartbeat, settings.heartbeat.file)
    with services.begin_reading() as work:
        last = work.notes.last_backup()
    folders = {settings.backup.folder, Path(last.folder) if last else None} - {None}
    for folder in sorted(filter(None, folders)):
        newest = max(_backups_in(folder), default=None)
        if newest:
            yield partial(_of_backup, newest)


def _backups_in(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (path for path in folder.iterdir() if NAMES.fullmatch(path.name))


def _of_backup(path: Path) -> KnownHead | None:
    head = audit_head_of(path)
    return KnownHead(*head, path.name) if head else None


def _head(text: str) -> KnownHead:
    seq, _, row_hash = text.partition(":")
    if not seq.isascii() or not seq.isdecimal() or len(row_hash) != _HASH_DIGITS:
        raise ConfigurationError(
            Text("应为 序号:64 位十六进制封印", "must be SEQ:HASH, the hash in 64 hex digits"),
            place="--head",
        )
    return KnownHead(int(seq), row_hash.lower(), "--head")


def _tell(found: Verified) -> None:
    lang = language()
    for finding in found.findings:
        told = f"（{finding.told_by}）" if finding.told_by else ""
        flaw = word(finding.flaw).in_language(lang)
        row = Text(f"第 {finding.seq} 条", f"row {finding.seq}").in_language(lang)
        colon = ": " if lang == "en" else "："
        err().print(f"✗ {row}{colon}{flaw}{told}")
    mark = "✓" if found.is_whole else "✗"
    whole = Text("完整", "whole") if found.is_whole else Text("不完整", "not whole")
    say(
        f"{mark} {found.rows} 条，{whole.zh}；第 {found.seq} 条的封印 {found.head}",
        f"{mark} {found.rows} rows, {whole.en}; head of row {found.seq}: {found.head}",
    )
    if found.heads:
        places = [head.place for head in found.heads]
        say(f"  与 {'、'.join(places)} 比对", f"  compared with {', '.join(places)}")
    else:
        say(
            "  没有别处留存的封印可比对：把上面这一行抄到别处",
            "  no head from elsewhere to compare with: write the line above down somewhere else",
        )


def _as_document(found: Verified) -> dict[str, object]:
    return {
        "whole": found.is_whole,
        "rows": found.rows,
        "seq": found.seq,
        "head": found.head,
        "compared_with": [head.place for head in found.heads],
        "findings": [{"flaw": f.flaw, "seq": f.seq, "told_by": f.told_by} for f in found.findings],
    }
