"""Export: mentions out in open formats. JSON lines keep everything; tables are for reading.

Crawled text is hostile in a spreadsheet too: a cell that would be taken for a formula gets a
leading apostrophe (OWASP ASVS 5.0, 1.2.10), and every cell of a workbook is typed as text.
"""

import csv
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from domain.documents import mention_document
from domain.errors import DependencyMissing, ImportRefused, Text
from domain.mention import Mention
from domain.sentiment import WHOLE_TEXT
from presentation.refusals import refusal
from presentation.spreadsheet import harmless

HEADINGS: Final = (
    "id", "platform", "kind", "published_at", "author", "title", "text", "url", "likes", "comments",
    "reposts", "views", "ip_location", "forum", "label", "polarity", "confidence", "cluster_id",
    "collected_at",
)  # fmt: skip

Write = Callable[[Mention], None]
Row = Callable[[Mention], list[str]]


def export(
    mentions: Iterable[Mention], path: Path, zone: ZoneInfo, brand_id: str = WHOLE_TEXT
) -> Iterator[int]:
    """Write mentions to `path` by its ending (.jsonl, .csv, .xlsx), yielding the count after each.

    A table has the judgement towards the brand, where one is named, else the whole text's. The file
    appears under its name only when it is complete.
    """
    formats = {".jsonl": _jsonl, ".csv": _csv, ".xlsx": _xlsx}
    writer = formats.get(path.suffix.lower())
    if writer is None:
        raise ImportRefused(
            Text(f"不支持的导出格式「{path.suffix}」", f"cannot export to {path.suffix!r}"),
            place=str(path),
            mend=Text("请使用 .jsonl .csv .xlsx", "use .jsonl, .csv or .xlsx"),
        )
    count = 0
    try:
        with _unfinished(path) as unfinished:
            with writer(unfinished, partial(row_of, zone=zone, brand_id=brand_id)) as write:
                for mention in mentions:
                    write(mention)
                    count += 1
                    yield count
            unfinished.replace(path)
    except OSError as error:
        why = refusal(error)
        raise ImportRefused(
            Text(f"写不了：{why.text.zh}", f"cannot be written: {why.text.en}"),
            place=str(path),
            mend=why.mend,
        ) from error


@contextmanager
def _unfinished(path: Path) -> Iterator[Path]:
    """Make a file beside `path` for its owner alone, under a name that nobody can have laid a link
    under; it is gone when the block ends.
    """
    handle, name = tempfile.mkstemp(suffix=".part", prefix=".koubei-", dir=path.parent)
    os.close(handle)
    unfinished = Path(name)
    try:
        yield unfinished
    finally:
        unfinished.unlink(missing_ok=True)


def row_of(mention: Mention, zone: ZoneInfo, brand_id: str = WHOLE_TEXT) -> list[str]:
    """Return the cells of a mention in the order of HEADINGS; times are local, unknown is empty."""
    judged = mention.sentiment_towards(brand_id)
    cells: list[object] = [
        mention.id,
        mention.platform.value,
        mention.kind.value,
        mention.published_at.astimezone(zone).isoformat(),
        mention.author,
        mention.title,
        mention.text,
        mention.url,
        mention.likes,
        mention.comments,
        mention.reposts,
        mention.views,
        mention.ip_location,
        mention.forum,
        judged.label.value if judged else None,
        judged.polarity if judged else None,
        judged.confidence if judged else None,
        mention.cluster_id,
        mention.collected_at.astimezone(zone).isoformat(),
    ]
    return [_cell(cell) for cell in cells]


def _cell(value: object) -> str:
    if value is None:
        return ""
    return harmless(value) if isinstance(value, str) else str(value)


@contextmanager
def _jsonl(path: Path, _row: Row) -> Iterator[Write]:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        yield lambda m: print(json.dumps(mention_document(m), ensure_ascii=False), file=file)


@contextmanager
def _csv(path: Path, row: Row) -> Iterator[Write]:
    # with a byte order mark, because Excel in China reads a CSV without one as GBK
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADINGS)
        yield lambda m: writer.writerow(row(m))


@contextmanager
def _xlsx(path: Path, row: Row) -> Iterator[Write]:
    try:
        import openpyxl
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    except ImportError as error:
        raise DependencyMissing(
            Text("导出 Excel 需要 openpyxl", "writing Excel needs openpyxl"),
            mend=Text("python3 run.py setup 补齐组件", "python3 run.py setup installs it"),
        ) from error
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("mentions")
    sheet.append(list(HEADINGS))

    def write(mention: Mention) -> None:
        cells = []
        for value in row(mention):
            cell = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("", value)[:32_767])
            cell.data_type = "s"
            cells.append(cell)
        sheet.append(cells)

    yield write
    book.save(path)
