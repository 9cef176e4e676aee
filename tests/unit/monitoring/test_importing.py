"""Import: tables, MediaCrawler's fields, our own export; bad rows named, good rows kept, twice =
once.
"""

import json
import os
import stat

import openpyxl
import pytest

from domain.errors import ImportRefused
from domain.mention import Kind, Platform
from domain.queries import MentionFilter
from monitoring.exporting import export, harmless
from monitoring.importing import import_file
from tests.fakes import NOON

EVERYTHING = MentionFilter(public_voice_only=False)


def put(folder, name, text, encoding="utf-8"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    os.utime(path, (NOON.timestamp(), NOON.timestamp()))
    return path


def run(path, ingest, store, platform=None):
    return import_file(path, ingest=ingest, platform=platform)


TABLE = """编号,平台,发布时间,作者,正文,点赞,链接
1,微博,2026-11-20 09:30,王小明,云栈的奶茶里有虫子,1.2万,https://weibo.com/9/1
2,贴吧,昨天 20:00,李四,云栈又排长队了,,javascript:alert(1)
3,抖音,2026-11-20 09:30,张三,云栈,1,
4,微博,不久前,张三,云栈很好喝,1,
5,微博,2026-11-20 09:31,张三,,1,
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_chinese_table_keeps_good_rows_and_names_bad_ones(tmp_path, ingest, store, encoding):
    report = run(put(tmp_path, "t.csv", TABLE, encoding), ingest, store)
    assert report.rows == 5
    assert report.result.new == 2
    assert [(p.row, p.field) for p in report.problems] == [
        (4, "platform"),
        (5, "published_at"),
        (6, "text"),
    ]
    first = store.get(["weibo:1"])["weibo:1"]
    assert (first.likes, first.author, first.url) == (12_000, "王**", "https://weibo.com/9/1")
    second = store.get(["tieba:2"])["tieba:2"]
    assert second.likes is None
    assert second.url == ""
    assert second.kind is Kind.THREAD


def test_twice_changes_nothing(tmp_path, ingest, store):
    path = put(tmp_path, "t.csv", TABLE)
    run(path, ingest, store)
    before = list(store.scan(EVERYTHING))
    again = run(path, ingest, store)
    assert (again.result.new, again.result.changed, again.result.unchanged) == (0, 0, 2)
    assert list(store.scan(EVERYTHING)) == before


def test_mediacrawler_files_are_read_by_their_own_fields(tmp_path, ingest, store):
    rows = [
        {
            "note_id": "5001",
            "content": "云栈的客服失联了",
            "create_time": int(NOON.timestamp()) - 600,
            "liked_count": "31",
            "comments_count": "2",
            "shared_count": "0",
            "note_url": "https://m.weibo.cn/detail/5001",
            "creator_hash": "abcdef",
            "nickname": "张***三",
            "last_modify_ts": int(NOON.timestamp() * 1000),
        }
    ]
    lines = "\n".join(json.dumps(row) for row in rows)
    path = put(tmp_path, "data/weibo/jsonl/search_contents_2026-11-20.jsonl", lines)
    assert run(path, ingest, store).result.new == 1
    mention = store.get(["weibo:5001"])["weibo:5001"]
    assert (mention.likes, mention.comments, mention.reposts) == (31, 2, 0)
    assert mention.collected_at == NOON


def test_comments_of_mediacrawler_are_comments(tmp_path, ingest, store):
    row = {"comment_id": "7", "content": "云栈真难喝", "create_time": "1763600000"}
    path = put(tmp_path, "zhihu/search_comments.json", json.dumps([row]))
    run(path, ingest, store)
    assert store.get(["zhihu:7"])["zhihu:7"].kind is Kind.COMMENT


def test_a_broken_line_costs_that_line_only(tmp_path, ingest, store):
    good = {"id": "8", "platform": "weibo", "published_at": "2026-11-20 10:00", "text": "云栈"}
    path = put(tmp_path, "x.jsonl", f"{{broken\n{json.dumps(good)}\n[1]\n")
    report = run(path, ingest, store, Platform.WEIBO)
    assert report.result.new == 1
    assert [p.row for p in report.problems] == [1, 3]


def test_an_xlsx_sheet_is_read_with_its_numbers_and_dates(tmp_path, ingest, store):
    book = openpyxl.Workbook()
    book.active.append(["id", "平台", "时间", "正文", "点赞"])
    book.active.append([99.0, "weibo", NOON.replace(tzinfo=None), "云栈不错", 12])
    path = tmp_path / "t.xlsx"
    book.save(path)
    report = run(path, ingest, store)
    assert not report.problems
    assert store.get(["weibo:99"])["weibo:99"].likes == 12


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("a.doc", "x"),
        ("a.xlsx", "no zip"),
        ("a.csv", ""),
        ("a.json", "[{]"),
        ("b.csv", "编号,正文\n"),
    ],
)
def test_what_is_no_table_at_all_is_refused_with_its_name(tmp_path, ingest, store, name, body):
    with pytest.raises(ImportRefused, match=name):
        run(put(tmp_path, name, body), ingest, store)


def test_a_missing_file_is_refused(tmp_path, ingest, store):
    with pytest.raises(ImportRefused, match="no such file"):
        run(tmp_path / "none.csv", ingest, store)


def test_our_own_export_comes_back_without_loss(tmp_path, ingest, store, zone):
    run(put(tmp_path, "t.csv", TABLE), ingest, store)
    before = list(store.scan(EVERYTHING))
    out = tmp_path / "out.jsonl"
    assert list(export(iter(before), out, zone))[-1] == 2
    store.remove([m.id for m in before])
    assert run(out, ingest, store).result.new == 2
    assert list(store.scan(EVERYTHING)) == before


BLANKS = ("", " ", "\n", "\u00a0", "\u3000", "\ufeff", "\u200b", "\u202e", " \t\x00")


@pytest.mark.parametrize("blank", BLANKS)
@pytest.mark.parametrize("sign", "=+-@＝＋－＠﹦﹢﹣﹫")
def test_a_cell_is_no_formula_whatever_stands_before_its_sign(blank, sign):
    assert harmless(f"{blank}{sign}cmd|' /C calc'!A0").startswith("'")


@pytest.mark.parametrize("text", ["云栈 = 好喝", "a-b", "3", "", "　云栈"])
def test_an_ordinary_cell_stays_as_it_is(text):
    assert harmless(text) == text


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"])
def test_a_cell_is_never_a_formula(start):
    assert harmless(f"{start}cmd|' /C calc'!A0").startswith("'")


def test_tables_are_written_harmless(tmp_path, ingest, store, zone):
    evil = TABLE.replace("云栈的奶茶里有虫子", "=HYPERLINK(云栈)")
    run(put(tmp_path, "t.csv", evil), ingest, store)
    mentions = list(store.scan(EVERYTHING))
    list(export(mentions, tmp_path / "o.csv", zone))
    list(export(mentions, tmp_path / "o.xlsx", zone))
    assert "'=HYPERLINK" in (tmp_path / "o.csv").read_text(encoding="utf-8-sig")
    sheet = openpyxl.load_workbook(tmp_path / "o.xlsx").active
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert any(str(cell.value).startswith("'=HYPERLINK") for cell in cells)


def test_an_export_that_fails_leaves_no_half_file(tmp_path, zone):
    def broken():
        yield from ()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(export(broken(), tmp_path / "o.csv", zone))
    assert not (tmp_path / "o.csv").exists()


def test_an_unknown_export_format_is_refused(tmp_path, zone):
    with pytest.raises(ImportRefused, match=r"\.doc"):
        list(export([], tmp_path / "o.doc", zone))


def test_an_export_follows_no_link_and_is_its_owner_s(tmp_path, ingest, store, zone):
    run(put(tmp_path, "t.csv", TABLE), ingest, store)
    victim = tmp_path / "victim"
    victim.write_text("kept")
    (tmp_path / ".o.csv.part").symlink_to(victim)
    (tmp_path / "o.csv").symlink_to(victim)
    list(export(list(store.scan(EVERYTHING)), tmp_path / "o.csv", zone))
    assert victim.read_text() == "kept"
    assert stat.S_IMODE((tmp_path / "o.csv").stat().st_mode) == 0o600


def test_an_export_that_broke_off_leaves_nothing_behind(tmp_path, zone):
    def broken():
        raise RuntimeError("gone")
        yield

    with pytest.raises(RuntimeError, match="gone"):
        list(export(broken(), tmp_path / "o.csv", zone))
    assert list(tmp_path.iterdir()) == []


def test_an_export_to_nowhere_is_refused(tmp_path, zone):
    with pytest.raises(ImportRefused, match="cannot be written"):
        list(export([], tmp_path / "no" / "o.csv", zone))
