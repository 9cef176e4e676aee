"""Rows out of files: CSV, XLSX, JSON, JSON lines. The files come from anywhere, so all is bounded.

A file that cannot be read to its end is refused as a whole, with its place; what stood before the
broken place may have been taken by then, and is taken once even when the mended file comes again.
"""

import csv
import io
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile, ZipFile

from domain.errors import DependencyMissing, ImportRefused, Text

MAX_BYTES: Final = 512 * 1024 * 1024
"""Of a file, and of what a workbook unpacks to: tables are read into memory."""

_ENCODINGS: Final = ("utf-8-sig", "gb18030")
_MAX_ROWS: Final = 1_048_576
"""What Excel itself holds; a forged row number would otherwise stand for billions of empty rows."""
_MAX_COLUMNS: Final = 200
_BROKEN_BOOK: Final = (
    ArithmeticError, AttributeError, BadZipFile, EOFError, LookupError, NotImplementedError,
    OSError, RuntimeError, SyntaxError, TypeError, ValueError, zlib.error,
)  # fmt: skip
"""What openpyxl and what it stands on raise for a workbook that is none (its XML, its zip, its
numbers, its references); it has no error of its own for that."""

Row = Mapping[str, Any]
NO_OBJECT: Final[Row] = {}
"""Stands for a line that is no JSON object, so that it is listed with its number."""


def read_rows(path: Path) -> Iterator[tuple[int, Row]]:
    """Yield (row number as an editor shows it, values by heading) of a CSV, XLSX, JSON or JSONL
    file; ImportRefused when it is none, or larger than MAX_BYTES.
    """
    readers = {
        ".xlsx": _xlsx_rows,
        ".jsonl": _json_rows,
        ".ndjson": _json_rows,
        ".json": _json_rows,
        ".csv": _csv_rows,
        ".tsv": _csv_rows,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise ImportRefused(
            Text(
                f"不支持的文件类型「{path.suffix}」", f"file type {path.suffix!r} is not supported"
            ),
            place=str(path),
            mend=Text("请使用 .csv .xlsx .jsonl .json", "use .csv, .xlsx, .jsonl or .json"),
        )
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _too_large(path)
        yield from reader(path)
    except OSError as error:
        raise ImportRefused(
            Text(f"文件读不了：{error.strerror}", f"cannot be read: {error.strerror}"),
            place=str(path),
        ) from error


def _csv_rows(path: Path) -> Iterator[tuple[int, Row]]:
    text = _decoded(path)
    sample = text[:4096]
    delimiter = "\t" if path.suffix.lower() == ".tsv" or "\t" in sample.split("\n", 1)[0] else ","
    csv.field_size_limit(MAX_BYTES)  # its default of 128 KiB would end the import at a long post
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for row in reader:
            yield reader.line_num, {str(key).strip(): value for key, value in row.items() if key}
    except csv.Error as error:
        raise ImportRefused(
            Text("不是有效的 CSV", "not valid CSV"), place=f"{path}:{reader.line_num}"
        ) from error


def _json_rows(path: Path) -> Iterator[tuple[int, Row]]:
    text = _decoded(path)
    if text.lstrip().startswith("["):
        try:
            items = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ImportRefused(
                Text("不是有效的 JSON", "not valid JSON"),
                place=f"{path}:{getattr(error, 'lineno', 0)}",
            ) from error
        yield from ((n, item) for n, item in enumerate(items, 1) if isinstance(item, dict))
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                item = json.loads(line)
            except (ValueError, RecursionError):
                item = None
            yield number, item if isinstance(item, dict) else NO_OBJECT


def _xlsx_rows(path: Path) -> Iterator[tuple[int, Row]]:
    try:
        import openpyxl
    except ImportError as error:
        raise DependencyMissing(
            Text("读取 Excel 需要 openpyxl", "reading Excel needs openpyxl"),
            mend=Text("python3 run.py setup 补齐组件", "python3 run.py setup installs it"),
        ) from error
    with path.open("rb") as file:  # ours to close: openpyxl leaves it open when it gives up
        try:
            with ZipFile(file) as packed:
                if sum(part.file_size for part in packed.infolist()) > MAX_BYTES:
                    raise _too_large(path)
            book = openpyxl.load_workbook(file, read_only=True, data_only=True)
            sheet = book.worksheets[0]
            first = sheet.iter_rows(max_row=1, max_col=_MAX_COLUMNS, values_only=True)
            headings = _headings(next(first, ()))
            # as wide as the headings: one cell far to the right would else widen every row
            rows = sheet.iter_rows(
                min_row=2, max_row=_MAX_ROWS, max_col=max(1, len(headings)), values_only=True
            )
        except _BROKEN_BOOK as error:
            raise _no_book(path) from error
        yield from _table(path, headings, rows)
        book.close()


def _headings(cells: Sequence[object]) -> list[str]:
    headings = [str(cell or "").strip() for cell in cells]
    while headings and not headings[-1]:
        headings.pop()
    return headings


def _table(
    path: Path, headings: Sequence[str], rows: Iterator[Sequence[object]]
) -> Iterator[tuple[int, Row]]:
    for number in count(2):
        try:
            cells = next(rows)
        except StopIteration:
            return
        except _BROKEN_BOOK as error:
            raise _no_book(path) from error
        if any(cell is not None for cell in cells):
            yield (
                number,
                {heading: cell for heading, cell in zip(headings, cells, strict=False) if heading},
            )


def _decoded(path: Path) -> str:
    body = path.read_bytes()
    for encoding in _ENCODINGS:
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ImportRefused(
        Text("文件编码无法识别（应为 UTF-8 或 GB18030）", "neither UTF-8 nor GB18030"),
        place=str(path),
    )


def _no_book(path: Path) -> ImportRefused:
    return ImportRefused(
        Text("不是有效的 xlsx 文件", "not an xlsx file"),
        place=str(path),
        mend=Text("用 Excel 打开并另存后重试", "open it in Excel and save it again"),
    )


def _too_large(path: Path) -> ImportRefused:
    limit = MAX_BYTES // 1024**2
    return ImportRefused(
        Text(f"文件（解压后）超过 {limit} MB", f"larger than {limit} MB (unpacked)"),
        place=str(path),
        mend=Text("拆分后分别导入", "split it, and import the parts"),
    )
