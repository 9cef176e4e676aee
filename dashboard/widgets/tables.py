"""A table of a report, as a page shows it."""

from markupsafe import Markup

from dashboard.widgets.html import NOTHING, fill, join
from presentation.hostile import safe_link
from presentation.report_view import Cell, Row, Table


def report_table(table: Table) -> Markup:
    """Return the table; grey rows were not wholly looked at."""
    return fill(
        '<table class="kb-table{kind}"><thead><tr>{heads}</tr></thead>'
        "<tbody>{rows}</tbody></table>",
        kind="" if table.texts else " kb-numbers",
        heads=join(fill("<th>{text}</th>", text=text) for text in table.headings),
        rows=join(_row(row) for row in table.rows),
    )


def _row(row: Row) -> Markup:
    return fill(
        "<tr{grey}>{cells}</tr>",
        grey=fill(' class="kb-unread"') if row.grey else NOTHING,
        cells=join(_cell(cell) for cell in row.cells),
    )


def _cell(cell: Cell) -> Markup:
    text = fill('<span class="kb-bad">{t}</span>', t=cell.text) if cell.bad else cell.text
    link = safe_link(cell.link) if cell.link else None
    if link is None:
        return fill("<td>{text}</td>", text=text)
    return fill('<td><a href="{link}" target="_self">{text}</a></td>', link=link, text=text)
