"""`koubei import` and `koubei export`: data in and out in open formats."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from cli.opening import open_existing
from cli.terminal import EXIT_FAILED, EXIT_PARTIAL, complain, err, language, progress, say
from domain.errors import ConfigurationError, ImportRefused, Text
from domain.mention import Platform
from domain.queries import MentionFilter
from domain.sentiment import Label
from monitoring.exporting import export
from monitoring.importing import SUFFIXES, ImportReport, import_file
from presentation.hostile import excerpt
from runtime.heap import settled_heap
from runtime.settings import load_settings
from runtime.wiring import Services

_SHOWN_PROBLEMS = 50


def register(app: typer.Typer) -> None:
    """Add `import` and `export`."""
    app.command(
        "import",
        help="导入 CSV、XLSX、JSONL、MediaCrawler 文件。Import tables, MediaCrawler's too.",
    )(import_command)
    app.command("export", help="导出为 JSONL、CSV 或 XLSX。Export to JSONL, CSV or XLSX.")(
        export_command
    )


def import_command(
    files: Annotated[
        list[Path],
        typer.Argument(help="文件，或含有它们的目录。Files, or folders of them.", metavar="FILE…"),
    ],
    platform: Annotated[
        Platform | None, typer.Option(help="行内没有平台列时属于哪个平台。For rows without one.")
    ] = None,
) -> None:
    """Import files; bad rows are listed with their reason, good rows are kept."""
    files = list(_every_file(files))
    left_out = refused = 0
    with open_existing(load_settings()) as services, settled_heap():
        for path in files:
            try:
                with progress(f"导入 {path.name}", f"importing {path.name}", None) as advance:
                    report = import_file(path, ingest=services.ingest, platform=platform)
                    advance(report.rows)
            except ImportRefused as error:
                err().print(f"✗ {error.sentence(language())}")
                refused += 1
                continue
            _tell(path, report)
            left_out += len(report.problems) + len(report.result.refused) + report.result.spooled
    if refused == len(files):
        raise typer.Exit(EXIT_FAILED)
    if left_out or refused:
        raise typer.Exit(EXIT_PARTIAL)


def _every_file(paths: list[Path]) -> Iterator[Path]:
    """Yield the files, and of a folder every file below it that can be imported, by name."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        inside = sorted(p for p in path.rglob("*") if p.is_file() and p.suffix.lower() in SUFFIXES)
        if not inside:
            raise ImportRefused(
                Text("目录中没有可导入的文件", "no file in it can be imported"),
                place=str(path),
                mend=Text(f"可导入：{' '.join(SUFFIXES)}", f"can be: {' '.join(SUFFIXES)}"),
            )
        yield from inside


def _tell(path: Path, report: ImportReport) -> None:
    result = report.result
    say(
        f"✓ {path.name}：{report.rows} 行，符合方案 {result.matched}，新增 {result.new}，"
        f"更新 {result.changed}，无变化 {result.unchanged}",
        f"✓ {path.name}: {report.rows} rows, matched {result.matched}, new {result.new}, "
        f"changed {result.changed}, unchanged {result.unchanged}",
    )
    if result.spooled:
        say(
            f"  内容库不可达：{result.spooled} 条暂存本机，恢复后自动补入（koubei spool）",
            f"  the store is away: {result.spooled} wait on this machine (koubei spool)",
        )
    not_matched = result.found - result.matched - len(result.refused)
    if not_matched > 0:
        say(
            f"  {not_matched} 行不符合任何监测方案，未入库",
            f"  {not_matched} rows match no watch and were not stored",
        )
    for problem in report.problems[:_SHOWN_PROBLEMS]:
        complain(
            f"  ! 第 {problem.row} 行 {problem.field}：{problem.text.zh}",
            f"  ! row {problem.row} {problem.field}: {problem.text.en}",
        )
    if len(report.problems) > _SHOWN_PROBLEMS:
        rest = len(report.problems) - _SHOWN_PROBLEMS
        complain(f"  ! 另有 {rest} 行有问题", f"  ! and {rest} more rows with problems")
    for item in result.refused[:_SHOWN_PROBLEMS]:
        name = excerpt(item.mention_id, 100)
        complain(f"  ! {name}：{item.text.zh}", f"  ! {name}: {item.text.en}")


def export_command(
    file: Annotated[
        Path, typer.Argument(help="输出文件：.jsonl .csv .xlsx。The file to write.", metavar="FILE")
    ],
    brand: Annotated[str | None, typer.Option(help="品牌编号。A brand's id.")] = None,
    platform: Annotated[
        Platform | None, typer.Option(help="只要这个平台。Only this platform.")
    ] = None,
    label: Annotated[Label | None, typer.Option(help="只要这种情感。Only this sentiment.")] = None,
    since: Annotated[
        str | None, typer.Option(help="起始时间，如 2026-11-01。From then on.", metavar="TIME")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="截止时间，不含。Before then.", metavar="TIME")
    ] = None,
    word: Annotated[
        list[str] | None,
        typer.Option(
            help="包含的词，可多次，须全部出现。A word in it; all of several.", metavar="WORD"
        ),
    ] = None,
) -> None:
    """Export mentions, own accounts and spam included and marked as such."""
    settings = load_settings()
    zone = ZoneInfo(settings.timezone)
    start, end = moment_given(since, zone, "--since"), moment_given(until, zone, "--until")
    if start and end and end <= start:
        raise ConfigurationError(
            Text("截止时间不晚于起始时间", "ends before it begins"),
            place="--since --until",
            mend=Text("对调两个时间", "swap the two times"),
        )
    wanted = MentionFilter(
        brand_id=brand,
        platforms=frozenset({platform} if platform else ()),
        labels=frozenset({label} if label else ()),
        start=start,
        end=end,
        words=tuple(word or ()),
        public_voice_only=False,
    )
    with open_existing(settings) as services:
        if brand:
            _known_brand(services, brand)
        written = _write(services, wanted, file, zone)
    say(f"✓ 已导出 {written} 条到 {file}", f"✓ exported {written} mentions to {file}")


def _known_brand(services: Services, brand: str) -> None:
    with services.begin_work() as work:
        _, configuration = work.configuration.current()
    known = [b.id for b in configuration.brands]
    if brand not in known:
        raise ConfigurationError(
            Text(f"没有品牌「{brand}」", f"there is no brand {brand!r}"),
            place="--brand",
            mend=Text(
                f"已有：{'、'.join(known) or '无'}", f"there are: {', '.join(known) or 'none'}"
            ),
        )


def _write(services: Services, wanted: MentionFilter, file: Path, zone: ZoneInfo) -> int:
    total = services.store.count(wanted)
    written = 0
    with progress("导出", "exporting", total) as advance:
        found = services.store.scan(wanted)
        for written in export(found, file, zone, wanted.brand_id or ""):  # noqa: B007
            advance()
    return written


def moment_given(text: str | None, zone: ZoneInfo, option: str) -> datetime | None:
    """Return the moment of an option, None without one; ConfigurationError for what is no time."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(
            Text(f"无法识别的时间「{text}」", f"{text!r} is no time"),
            place=option,
            mend=Text(
                "写作 2026-11-01 或 2026-11-01T08:00", "write 2026-11-01 or 2026-11-01T08:00"
            ),
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
