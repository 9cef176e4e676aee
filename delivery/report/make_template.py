"""How `template.docx` is made: `python -m delivery.report.make_template`.

The company may edit the file in Word, or put its own in its place (`report.template`): letterhead,
fonts, colours, order and wording are theirs. What stands in double braces is filled in, rows and
paragraphs between `{%tr for …%}` / `{%p for …%}` and their end repeat (docxtpl's words). The names
that can be used are listed in docs/report.md.
"""

from pathlib import Path
from typing import Any, Final

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from delivery.report.word import DEFAULT_TEMPLATE

FONT: Final = "微软雅黑"
_INK, _QUIET, _BLUE = (
    RGBColor(0x1C, 0x27, 0x33),
    RGBColor(0x57, 0x60, 0x6A),
    RGBColor(0x24, 0x5A, 0x86),
)
_WIDTH = 174


def main(path: Path = DEFAULT_TEMPLATE) -> None:
    """Write the template."""
    document = Document()
    _page(document)
    _styles(document)
    _head(document)
    _figures(document)
    _course(document)
    _posts(document)
    _handling(document)
    _analyst(document)
    _appendix(document)
    document.core_properties.title = "{{ title }} {{ issue }}"
    document.core_properties.author = "Koubei"
    document.save(str(path))


def _page(document: Any) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(18)
    section.top_margin, section.bottom_margin = Mm(18), Mm(15)
    header = section.header.paragraphs[0]
    header.text = "{{ title }}　{{ issue }}　{{ classification }}"
    footer = section.footer.paragraphs[0]
    footer.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    for part in ("PAGE", " / ", "NUMPAGES"):
        _field(footer, part)
    for paragraph in (header, footer):
        for run in paragraph.runs:
            run.font.size, run.font.color.rgb = Pt(8.5), _QUIET


def _field(paragraph: Any, name: str) -> None:
    run = paragraph.add_run("" if name.isupper() else name)
    if not name.isupper():
        return
    for kind, text in (("begin", ""), ("", name), ("end", "")):
        element = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            element.set(qn("w:fldCharType"), kind)
        else:
            element.text = text
        run._r.append(element)


def _styles(document: Any) -> None:
    for name, size, colour, bold, before, after in (
        ("Normal", 9.5, _INK, False, 0, 2),
        ("Title", 20, _INK, True, 0, 2),
        ("Heading 1", 12.5, _BLUE, True, 10, 3),
        ("Heading 2", 10, _INK, True, 5, 1),
        ("Caption", 8.5, _QUIET, False, 0, 1),
    ):
        style = document.styles[name]
        style.font.name, style.font.size, style.font.bold = FONT, Pt(size), bold
        style.font.color.rgb, style.font.italic = colour, False
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for kind in ("w:ascii", "w:hAnsi", "w:eastAsia", "w:cs"):
            fonts.set(qn(kind), FONT)
        for theme in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
            fonts.attrib.pop(qn(theme), None)
        style.paragraph_format.space_before = Pt(before)
        style.paragraph_format.space_after = Pt(after)
        style.paragraph_format.line_spacing = 1.15
    border = document.styles["Title"].element.pPr.find(qn("w:pBdr"))
    if border is not None:
        document.styles["Title"].element.pPr.remove(border)


def _head(document: Any) -> None:
    _when(document, "notice", lambda: _text(document, "{{ notice }}", "Caption"))
    _text(document, "{{ issue }} · {{ state }}", "Caption")
    _text(document, "{{ title }}", "Title")
    _text(document, "{{ verdict }}　{{ span }}")
    table = _grid(document, (28, _WIDTH - 28))
    _repeat(
        table,
        "item in head + (definitions if weekly else [])",
        ("{{ item.term }}", "{{ item.text }}"),
    )
    _when(document, "gaps", lambda: _text(document, "{{ gaps_title }}", "Heading 2"))
    _each(document, "line in gaps", "{{ line }}", "Caption")


def _figures(document: Any) -> None:
    _heading(document, "1", "overview")
    _each(document, "line in overview", "{{ line }}")
    _text(document, "{{ overview_by }}", "Caption")
    _heading(document, "2", "volume")
    _table(document, "volume", (46, 30, 30, 30, 38))
    _each(document, "line in volume_notes", "{{ line }}", "Caption")
    _paragraph(document, "{%p if weekly %}")
    _heading(document, "3", "sentiment")
    _table(document, "sentiment", (38, 34, 34, 34, 34))
    _text(document, "{{ sentiment_note }}", "Caption")
    _heading(document, "4", "platforms")
    _table(document, "platforms", (30, 24, 24, 24, 24, 26, 22))
    _paragraph(document, "{%p endif %}")


def _course(document: Any) -> None:
    _paragraph(document, "{%p if weekly %}")
    _heading(document, "5", "course")
    _when(document, "pictures.days", lambda: _paragraph(document, "{{ pictures.days }}"))
    _table(document, "days", (36, 24, 24, 24, 24, 24, 18))
    _when(document, "pictures.heat", lambda: _text(document, "{{ heat_title }}", "Heading 2"))
    _when(document, "pictures.heat", lambda: _paragraph(document, "{{ pictures.heat }}"))
    _heading(document, "6", "topics")
    _paragraph(document, "{%p for topic in topics %}")
    _text(document, "{{ loop.index }}. {{r topic.name }}", "Heading 2")
    _text(document, "{{ topic.facts }}", "Caption")
    _quotes(document, "topic.quotes")
    _paragraph(document, "{%p endfor %}")
    _paragraph(document, "{%p endif %}")


def _posts(document: Any) -> None:
    _heading(document, "7", "negatives")
    _quotes(document, "negatives")
    _when(document, "not negatives", lambda: _text(document, "{{ no_negatives }}"))


def _handling(document: Any) -> None:
    _heading(document, "8", "handling")
    table = _grid(document, (50, 37, 50, 37))
    _repeat(
        table,
        "pair in handling | batch(2)",
        ("{{ pair[0].term }}", "{{ pair[0].text }}", "{{ pair[1].term }}", "{{ pair[1].text }}"),
    )
    for name, widths in (
        ("signals", (34, 28, 24, 40, 22, 26)),
        ("cases", (36, 50, 24, 24, 20, 20)),
    ):
        _paragraph(document, f"{{%p if {name}.rows %}}")
        _text(document, f"{{{{ titles.{name} }}}}", "Heading 2")
        _table(document, name, widths, texts=True)
        _paragraph(document, "{%p endif %}")


def _analyst(document: Any) -> None:
    _paragraph(document, "{%p if weekly %}")
    _heading(document, "9", "assessment")
    _each(document, "line in assessment", "{{ line }}")
    _paragraph(document, "{%p if proposals.rows %}")
    _table(document, "proposals", (12, 98, 34, 30), texts=True)
    _paragraph(document, "{%p endif %}")
    _paragraph(document, "{%p endif %}")


def _appendix(document: Any) -> None:
    _when(document, "not weekly", lambda: _text(document, "{{ definitions_line }}", "Caption"))
    _paragraph(document, "{%p if weekly %}")
    _heading(document, "10", "appendix")
    _each(document, "line in method", "{{ line }}", "Caption")
    _text(document, "{{ titles.watches }}", "Heading 2")
    _table(document, "watches", (38, 40, 60, 36), texts=True)
    _text(document, "{{ titles.sources }}", "Heading 2")
    table = _grid(document, (38, _WIDTH - 38))
    _repeat(table, "item in sources", ("{{ item.term }}", "{{ item.text }}"))
    _each(document, "line in source_reasons", "{{ line }}", "Caption")
    _paragraph(document, "{%p endif %}")


# ---- the words of docxtpl ----


def _paragraph(document: Any, text: str) -> None:
    document.add_paragraph(text)


def _text(document: Any, text: str, style: str = "Normal", *, together: bool = False) -> None:
    document.add_paragraph(text, style=style).paragraph_format.keep_with_next = together


def _heading(document: Any, number: str, name: str) -> None:
    document.add_paragraph(f"{number}　{{{{ titles.{name} }}}}", style="Heading 1")


def _when(document: Any, condition: str, write: Any) -> None:
    _paragraph(document, f"{{%p if {condition} %}}")
    write()
    _paragraph(document, "{%p endif %}")


def _each(document: Any, loop: str, text: str, style: str = "Normal") -> None:
    _paragraph(document, f"{{%p for {loop} %}}")
    _text(document, text, style)
    _paragraph(document, "{%p endfor %}")


def _quotes(document: Any, name: str) -> None:
    _paragraph(document, f"{{%p for post in {name} %}}")
    _text(document, "{{r post.head }}", "Caption", together=True)
    _text(document, "{{ post.text }}")
    _when(document, "post.facts", lambda: _text(document, "{{ post.facts }}", "Caption"))
    _paragraph(document, "{%p endfor %}")


def _table(document: Any, name: str, widths: tuple[int, ...], *, texts: bool = False) -> None:
    table = _grid(document, widths)
    heads = [f"{{{{ {name}.headings[{n}] }}}}" for n in range(len(widths))]
    _cells(table.add_row(), heads, widths, texts=texts, quiet=True)
    cells = [f"{{% cellbg row.fill %}}{{{{r row.cells[{n}] }}}}" for n in range(len(widths))]
    _mark(table, f"{{%tr for row in {name}.rows %}}")
    _cells(table.add_row(), cells, widths, texts=texts)
    _mark(table, "{%tr endfor %}")
    gap = document.add_paragraph().paragraph_format
    gap.space_after, gap.line_spacing = Pt(0), Pt(6)


def _grid(document: Any, widths: tuple[int, ...]) -> Any:
    table = document.add_table(rows=0, cols=len(widths))
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Mm(width)
    borders = OxmlElement("w:tblBorders")
    for side in ("bottom", "insideH"):
        line = OxmlElement(f"w:{side}")
        for key, value in (("val", "single"), ("sz", "4"), ("color", "DFE3E8")):
            line.set(qn(f"w:{key}"), value)
        borders.append(line)
    table._tbl.tblPr.append(borders)
    return table


def _repeat(table: Any, loop: str, texts: tuple[str, ...]) -> None:
    _mark(table, f"{{%tr for {loop} %}}")
    row = table.add_row()
    for cell, text in zip(row.cells, texts, strict=True):
        cell.text = text
        cell.paragraphs[0].paragraph_format.space_after = Pt(1)
        cell.paragraphs[0].runs[0].font.size = Pt(9)
    for cell in row.cells[::2]:
        cell.paragraphs[0].runs[0].font.color.rgb = _QUIET
    _mark(table, "{%tr endfor %}")


def _mark(table: Any, text: str) -> None:
    table.add_row().cells[0].text = text


def _cells(
    row: Any, words: list[str], widths: tuple[int, ...], *, texts: bool, quiet: bool = False
) -> None:
    for number, (cell, text, width) in enumerate(zip(row.cells, words, widths, strict=True)):
        cell.width = Mm(width)
        cell.text = text
        paragraph = cell.paragraphs[0]
        paragraph.paragraph_format.space_after = Pt(1)
        if number and not texts:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        for run in paragraph.runs:
            run.font.size = Pt(9)
            if quiet:
                run.font.color.rgb = _QUIET


if __name__ == "__main__":
    main()
