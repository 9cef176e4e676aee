"""Files from anywhere: what is broken, forged or too large is refused, quickly and by name."""

import json
import zipfile
from contextlib import suppress
from datetime import timedelta

import openpyxl
import pytest

from domain.documents import mention_document
from domain.errors import ImportRefused
from domain.mention import Platform
from monitoring import import_files
from monitoring.import_files import MAX_BYTES, read_rows
from monitoring.importing import import_file
from tests.fakes import NOON, a_mention

SHEET = "xl/worksheets/sheet1.xml"
HEAD = '<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c></row>'


def workbook(folder, rows, before=""):
    """Write a workbook whose sheet holds these rows of XML."""
    path = folder / "t.xlsx"
    sound = folder / "sound.xlsx"
    openpyxl.Workbook().save(sound)
    namespace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = (
        f'{before}<worksheet xmlns="{namespace}"><sheetData>{HEAD}{rows}</sheetData></worksheet>'
    )
    with zipfile.ZipFile(sound) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(part, sheet if part.filename == SHEET else old.read(part))
    return path


def text_cell(place, text="1"):
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def test_a_forged_row_number_does_not_stand_for_billions_of_empty_rows(tmp_path):
    forged = f'<row r="99999999999">{text_cell("A99999999999")}</row>'
    assert list(read_rows(workbook(tmp_path, forged))) == []


def test_a_cell_far_to_the_right_does_not_make_every_row_as_wide(tmp_path):
    row = f'<row r="1048576">{text_cell("A1048576", "7")}{text_cell("XFD1048576")}</row>'
    assert list(read_rows(workbook(tmp_path, row))) == [(1_048_576, {"id": "7"})]


@pytest.mark.parametrize(
    "rows",
    [
        "<row",
        '<row r="2"><c r="A2"><v>no number</v></c></row>',
        f'<row r="2">{text_cell("ZZZZZZZZ2")}</row>',
        '<row r="2"><c r="A2" t="s"><v>99</v></c></row>',
    ],
)
def test_a_broken_sheet_is_refused_as_no_workbook(tmp_path, rows):
    with pytest.raises(ImportRefused, match="not an xlsx file"):
        list(read_rows(workbook(tmp_path, rows)))


@pytest.mark.parametrize(
    "declared", ['<!ENTITY e SYSTEM "file:///etc/hostname">', '<!ENTITY e "laughs">']
)
def test_entities_of_xml_are_never_resolved(tmp_path, declared):
    book = workbook(
        tmp_path,
        f'<row r="2">{text_cell("A2", "&e;")}</row>',
        before=f"<!DOCTYPE x [{declared}]>",
    )
    try:
        rows = list(read_rows(book))
    except ImportRefused:
        return
    assert not any(value for _, row in rows for value in row.values())


def test_a_workbook_that_unpacks_to_more_than_the_bound_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(import_files, "MAX_BYTES", 1_000_000)
    book = workbook(tmp_path, f'<row r="2">{text_cell("A2", "x" * 2_000_000)}</row>')
    assert book.stat().st_size < 100_000
    with pytest.raises(ImportRefused, match="larger than"):
        list(read_rows(book))


def test_a_file_beyond_the_bound_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "t.csv"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(ImportRefused, match="larger than"):
        list(read_rows(path))


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("t.json", "[" * 100_000),
        ("t.xlsx", "no zip"),
        ("t.csv", "id,text\n1,a\rb\n2,c"),
    ],
)
def test_a_broken_file_is_refused_or_read_and_never_a_stack_trace(tmp_path, name, body):
    path = tmp_path / name
    path.write_text(body)
    with suppress(ImportRefused):
        list(read_rows(path))


def test_a_line_that_nests_without_end_is_a_row_without_fields(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text('{"id": 1}\n' + '{"a":' * 100_000 + '\n{"id": 2}\n')
    assert [row for _, row in read_rows(path)] == [{"id": 1}, {}, {"id": 2}]


def test_a_very_long_post_does_not_end_a_table(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(f"id,text\n1,{'x' * 200_000}\n2,y\n")
    assert [row["id"] for _, row in read_rows(path)] == ["1", "2"]


@pytest.mark.parametrize("name", ["folder.csv", "missing.csv"])
def test_what_is_no_file_is_refused(tmp_path, ingest, store, name):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ImportRefused, match="no such file"):
        import_file(tmp_path / name, ingest=ingest)


@pytest.mark.parametrize("native", ["\x1b[31m7", "7\n✓ forged", "7 8", "7" * 300, "\u202e7"])
def test_an_id_that_could_command_a_terminal_is_no_id(tmp_path, ingest, store, native):
    path = tmp_path / "t.jsonl"
    row = {"id": native, "text": "云栈", "published_at": "2026-11-20 09:30"}
    path.write_text(json.dumps(row))
    report = import_file(path, ingest=ingest, platform=Platform.WEIBO)
    assert [problem.field for problem in report.problems] == ["id"]


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://weibo.com@evil.example/", "http://a\x1b[0m", "http://"]
)
def test_an_address_that_is_no_harmless_link_is_left_out(tmp_path, ingest, store, url):
    path = tmp_path / "t.jsonl"
    row = {"id": "7", "text": "云栈", "published_at": "2026-11-20 09:30", "url": url}
    path.write_text(json.dumps(row))
    import_file(path, ingest=ingest, platform=Platform.WEIBO)
    assert store.get(["weibo:7"])["weibo:7"].url == ""


@pytest.mark.parametrize(
    "forged",
    [
        {"id": "weibo:\x1b]0;x\x07"},
        {"id": "zhihu:1"},
        {"id": 7},
        {"text": "half \ud800"},
        {"text": ["a"]},
        {"terms": [1]},
        {"url": "javascript:alert(1)"},
        {"likes": 10**30},
        {"likes": -1},
        {"likes": "many"},
        {"published_at": "0001-01-01T00:00:00+00:00"},
        {"published_at": "9999-12-31T23:59:59-23:59"},
        {"fingerprint": "f" * 40},
        {"sentiment": []},
        {"sentiment": {"": {"label": "negative", "polarity": 1e999, "confidence": 1,
                            "model": "m", "by": "model"}}},
        {"revisions": [{"collected_at": "2026-11-20T00:00:00+00:00", "text": "\ud800"}]},
    ],
)  # fmt: skip
def test_a_row_that_only_looks_like_our_export_is_named_and_the_good_ones_kept(
    tmp_path, ingest, store, forged
):
    good = mention_document(a_mention("1", published_at=NOON - timedelta(days=1)))
    path = tmp_path / "t.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in ({**good, **forged}, good)))
    report = import_file(path, ingest=ingest)
    assert [(problem.row, problem.field) for problem in report.problems] == [(1, "koubei")]
    assert set(store.get(["weibo:1"])) == {"weibo:1"}
