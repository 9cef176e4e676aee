"""A report's appendix as a workbook: every table and every negative post. All cells are texts."""

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from domain.errors import DependencyMissing, Text
from domain.mention import Mention
from presentation.formats import full_time
from presentation.hostile import safe_link
from presentation.masking import mask_name, mask_speakers
from presentation.report_view import ReportView, Table
from presentation.spreadsheet import sheet_cell
from presentation.wording import word

MOST_ROWS: Final = 20_000
_WIDEST: Final = 60.0


def render_workbook(view: ReportView, negatives: Iterable[Mention] = ()) -> bytes:
    """Return the .xlsx file. `negatives` are the period's negative mentions as they stand now; from
    MOST_ROWS on they are cut, and the sheet says so. DependencyMissing without openpyxl.
    """
    book = _workbook()
    t = view.t
    _sheet(book, t("说明", "About"), _about(view))
    for name, table in (
        (t("声量", "Volume"), view.volume),
        (t("情感", "Sentiment"), view.sentiment),
        (t("平台", "Platforms"), view.platforms),
        (t("逐日", "Days"), view.days),
        (t("预警", "Alerts"), view.signals),
        (t("工单", "Cases"), view.cases),
        (t("方案", "Watches"), view.watches),
        (t("来源健康度", "Sources"), view.sources),
    ):
        _sheet(book, name, _rows_of(table, view))
    _sheet(book, t("话题", "Topics"), _topics(view))
    _sheet(book, t("负面全部", "All negatives"), _negatives(view, negatives))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _workbook() -> Any:
    try:
        import openpyxl
    except ImportError as error:
        raise DependencyMissing(
            Text("生成 Excel 附录需要 openpyxl", "the workbook needs openpyxl"),
            mend=Text("python3 run.py setup 补齐组件", "python3 run.py setup installs it"),
        ) from error
    return openpyxl.Workbook(write_only=True)


def _sheet(book: Any, name: str, rows: Iterable[Sequence[str]]) -> None:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font

    sheet = book.create_sheet(name)
    kept = [[sheet_cell(text) for text in row] for row in rows]
    for column in range(max((len(row) for row in kept), default=0)):
        widest = max((_width(row[column]) for row in kept if column < len(row)), default=0)
        letter = chr(ord("A") + column) if column < 26 else "Z"
        sheet.column_dimensions[letter].width = min(_WIDEST, 2 + widest)
    sheet.freeze_panes = "A2"
    for number, row in enumerate(kept):
        cells = []
        for text in row:
            cell = WriteOnlyCell(sheet, value=text)
            cell.data_type = "s"
            cell.alignment = Alignment(vertical="top", wrap_text=True)
            if number == 0:
                cell.font = Font(bold=True)
            cells.append(cell)
        sheet.append(cells)


def _width(text: str) -> float:
    return max((sum(1 if s.isascii() else 2 for s in line) for line in text.split("\n")), default=0)


def _about(view: ReportView) -> Iterator[Sequence[str]]:
    yield (view.title, f"{view.say.issue} {view.state}")
    yield from view.head
    yield from view.definitions
    yield from ((view.t("采集缺口", "Gap"), gap) for gap in view.gaps)
    yield from ((view.t("方法", "Method"), line) for line in view.method)
    yield from view.handling


def _rows_of(table: Table, view: ReportView) -> Iterator[Sequence[str]]:
    yield (*table.headings, view.t("查询", "Query"))
    for row in table.rows:
        link = next((cell.link for cell in row.cells if cell.link), "")
        yield (*(cell.text for cell in row.cells), link)


def _topics(view: ReportView) -> Iterator[Sequence[str]]:
    t = view.t
    yield (t("话题", "Topic"), t("统计", "Figures"), t("来源", "Post"), t("内容", "Text"), "URL")
    for topic in view.topics:
        for post in topic.quotes:
            yield (topic.name, topic.facts, post.head, post.text, post.link or "")


def _negatives(view: ReportView, mentions: Iterable[Mention]) -> Iterator[Sequence[str]]:
    t, zone = view.t, view.s.period.zone
    yield (
        t("时间", "Time"),
        t("平台", "Platform"),
        t("类型", "Kind"),
        t("作者", "Author"),
        t("内容", "Text"),
        t("影响力", "Reach"),
        t("相似内容组", "Cluster"),
        "URL",
        "id",
    )
    for number, mention in enumerate(mentions):
        if number == MOST_ROWS:
            yield (t(f"其余从略，仅列 {MOST_ROWS:,} 条", f"cut after {MOST_ROWS:,} rows"),)
            return
        yield (
            full_time(mention.published_at, zone),
            word(mention.platform).in_language(view.language),
            word(mention.kind).in_language(view.language),
            mask_name(mention.author),
            mask_speakers(f"{mention.title} {mention.text}".strip()),
            f"{mention.interactions:,}",
            mention.cluster_id or "",
            safe_link(mention.url) or "",
            mention.id,
        )
