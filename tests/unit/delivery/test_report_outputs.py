"""The four forms of a report: they say the same, and what was crawled stays text in each."""

import io
import re
import zipfile
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import openpyxl
import pytest

pytest.importorskip("docxtpl", reason="needs the report extra; mend: python3 run.py setup")

from docx import Document

from delivery.report.appendix import MOST_ROWS, render_workbook
from delivery.report.mail import render_report
from delivery.report.make_template import main as make_template
from delivery.report.page import render_page
from delivery.report.pictures import pictures_of
from delivery.report.word import DEFAULT_TEMPLATE, render_word
from domain.brand import ReportPlan
from domain.errors import ConfigurationError
from domain.report import Edits, Judging, Period, Proposal, ReportKind, ReportState, WatchLine
from presentation.report_view import ReportView
from tests.fakes import a_mention
from tests.fixtures import hostile
from tests.fixtures.reports import WEEK, ZONE, a_report, a_snapshot

DAY = Period.holding(ReportKind.DAY, WEEK.last_day, ZONE)
NUMBERS = ("905", "305", "702", "33.7%", "A-20261121-03", "C-20261121-01", "76%")
"""Figures of the fixture that each form has to show."""


def a_view(period=WEEK, language="zh", **changes):
    report = a_report(period, **changes)
    return ReportView(report, ReportPlan(made_by="舆情组"), "https://koubei.example", language)


def hostile_view(text, period=WEEK, *, own="same"):
    """A report in which every crawled text is `text`, and so is what people typed, or `own`."""
    own = text if own == "same" else own
    snapshot = a_snapshot(period)
    post = replace(snapshot.topics[0].first_post, author=text, excerpt=text, url=text)
    safe = replace(post, url="https://weibo.com/1/2?a=1&b=<x>")
    topic = replace(
        snapshot.topics[0],
        word=text,
        companions=(text,),
        first_post=post,
        views=(safe,),
    )
    case = replace(snapshot.handling.cases[0], title=own, owner=own)
    source = replace(snapshot.sources[0], reason=text[:500])
    nasty = replace(
        snapshot,
        brand_name=own,
        peak_words=(text,),
        topics=(topic,),
        negatives=(replace(snapshot.negatives[0], post=post),) * 3,
        handling=replace(snapshot.handling, cases=(case,)),
        judging=replace(snapshot.judging, models=((own, 3),)),
        watches=(WatchLine(own, (own,), (own,), (own,), (own,)),),
        sources=(source,),
    )
    edits = Edits(own, own, (Proposal(own, own, own),))
    report = a_report(period, snapshot=nasty, edits=edits, maker_name=own, reviewer_name=own)
    plan = ReportPlan(confidentiality=own, made_by=own)
    return ReportView(report, plan, "https://koubei.example")


class Tags(HTMLParser):
    """Collects tags, addresses and event handlers of a page."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.addresses, self.handlers = set(), set(), set()
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        for name, value in attrs:
            if name in {"href", "src"}:
                self.addresses.add(value)
            if name.startswith("on"):
                self.handlers.add(name)


def docx_text(body):
    document = Document(io.BytesIO(body))
    cells = [c.text for t in document.tables for r in t.rows for c in r.cells]
    header = [p.text for s in document.sections for p in s.header.paragraphs]
    return "\n".join([p.text for p in document.paragraphs] + cells + header)


def cells_of(body):
    book = openpyxl.load_workbook(io.BytesIO(body))
    return [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value]


# ---- they say the same ----


@pytest.mark.parametrize("language", ["zh", "en"])
def test_mail_page_word_and_workbook_show_the_same_figures(language):
    view = a_view(language=language)
    mail = render_report(view, pictures_of(view.s, language))
    forms = {
        "html": mail.html,
        "text": mail.text,
        "page": render_page(view),
        "word": docx_text(render_word(view)),
        "workbook": "\n".join(str(cell.value) for cell in cells_of(render_workbook(view))),
    }
    missing = [(name, n) for name, form in forms.items() for n in NUMBERS if n not in form]
    assert missing == []


def test_rendering_again_gives_the_same_bytes():
    pictures = pictures_of(a_snapshot())
    assert render_report(a_view(), pictures) == render_report(a_view(), pictures)
    assert render_page(a_view(), pictures) == render_page(a_view(), pictures)
    assert docx_text(render_word(a_view())) == docx_text(render_word(a_view()))


def test_the_mail_is_whole_without_pictures_and_small_enough_not_to_be_cut():
    without = render_report(a_view())
    assert without.images == ()
    assert "<img" not in without.html
    assert all(number in without.html for number in NUMBERS)
    with_pictures = render_report(a_view(), pictures_of(a_snapshot()))
    assert [name for name, _ in with_pictures.images] == ["days@koubei", "heat@koubei"]
    alts = re.findall(r'<img[^>]*alt="([^"]+)"', with_pictures.html)
    assert len(alts) == 2
    assert "11-21 周六 254" in alts[0]
    assert len(with_pictures.html.encode()) < 102_400


def test_every_figure_of_the_mail_opens_its_posts():
    addresses = Tags(render_report(a_view()).html).addresses
    feeds = {a for a in addresses if a.startswith("https://koubei.example/feed?")}
    assert len(feeds) > 25
    assert all("from=2026" in a and "brand=yunzhan" in a for a in feeds)
    without = ReportView(a_report(), ReportPlan(), "")
    assert not any("/feed" in a for a in Tags(render_report(without).html).addresses)


def test_days_with_a_gap_are_grey_and_said_in_every_form():
    view = a_view()
    assert [row.grey for row in view.days.rows] == [False] * 3 + [True] + [False] * 3
    mail = render_report(view)
    assert "采集缺口" in mail.html
    assert "采集缺口" in mail.text
    assert (
        "E9ECEF"
        in zipfile.ZipFile(io.BytesIO(render_word(view))).read("word/document.xml").decode()
    )
    assert 'class="grey"' in render_page(view)
    assert "贴吧要求登录" in docx_text(render_word(view))


def test_a_draft_says_so_and_a_reviewed_report_names_its_reviewer():
    assert "尚未审核" in render_report(a_view()).html
    done = a_view(
        state=ReportState.REVIEWED, reviewer_name="周岚", reviewed_at=WEEK.end, reviewer_id="x"
    )
    assert "尚未审核" not in render_report(done).html
    assert "周岚" in render_page(done)


def test_the_analysts_overview_takes_the_place_of_the_systems():
    view = a_view(edits=Edits(overview="本周总体可控。\n\n关注新品。"))
    assert view.overview == ["本周总体可控。", "关注新品。"]
    assert "系统据统计自动生成" not in render_page(view)
    assert a_view().overview[0].startswith("本周采到提及「云栈茶饮」的公开内容 905 条，环比 +29%")


def test_a_daily_report_has_its_sections_and_no_others():
    page = render_page(a_view(DAY))
    titles = re.findall(r"<h2><b>(\d+)</b>", page)
    assert titles == ["1", "2", "7", "8"]
    weekly = re.findall(r"<h2><b>(\d+)</b>", render_page(a_view()))
    assert weekly == [str(n) for n in range(1, 11)]


# ---- what was crawled stays text ----


@pytest.mark.parametrize("text", hostile.ALL, ids=lambda text: ascii(text[:12]))
@pytest.mark.parametrize("period", [WEEK, DAY], ids=["week", "day"])
def test_hostile_texts_are_inert_in_mail_and_page(text, period):
    view = hostile_view(text, period)
    plain = Tags(render_page(a_view(period)))
    mail = render_report(view)
    for page in (mail.html, render_page(view)):
        found = Tags(page)
        assert found.tags <= plain.tags | {"div", "strong", "img", "center"} - {"script"}
        assert "script" not in found.tags
        assert found.handlers == set()
        assert all(
            a.startswith(("https://koubei.example/", "https://weibo.com/")) for a in found.addresses
        )
        assert text is not hostile.JINJA or "{{ 7*7 }}" in page
        assert len(page) < 400_000
        for sign in "\u202e\u2066\x00\x0b\x1b\ud83d":
            assert sign not in page
    assert "\n" not in mail.subject
    assert len(mail.subject) < 250
    assert len(mail.text) < 60_000
    crawled = render_report(hostile_view(text, period, own="云栈")).text
    assert not re.search(r"https?://evil|javascript:", crawled)


@pytest.mark.parametrize("text", hostile.ALL, ids=lambda text: ascii(text[:12]))
def test_hostile_texts_are_inert_in_word(text):
    body = render_word(hostile_view(text))
    with zipfile.ZipFile(io.BytesIO(body)) as package:
        for name in package.namelist():
            if name.endswith((".xml", ".rels")):
                ElementTree.fromstring(package.read(name))  # noqa: S314  # our own file
        relations = package.read("word/_rels/document.xml.rels").decode()
        parts = len(re.findall(r"<w:p[ >]", package.read("word/document.xml").decode()))
    outside = re.findall(r'Target="(http[^"]+)"', relations)
    assert all(a.startswith(("https://koubei.example/", "https://weibo.com/")) for a in outside)
    assert parts < 700
    told = docx_text(body)
    if text in (hostile.JINJA, hostile.DOCX):
        assert "7*7" in told
    if text is hostile.XML:
        assert "A&B <差评>" in told


@pytest.mark.parametrize("text", hostile.ALL, ids=lambda text: ascii(text[:12]))
def test_hostile_texts_are_texts_in_the_workbook(text):
    mention = a_mention(title=text, text=text, author=text, url=text)
    cells = cells_of(render_workbook(hostile_view(text), [mention]))
    assert {cell.data_type for cell in cells} == {"s"}
    for cell in cells:
        value = str(cell.value)
        assert value[:1] not in set("=+-@＝＋－＠\t\r") or value in {"-30.5 个百分点"}
        assert len(value) <= 32_767


@pytest.mark.slow
def test_a_workbook_that_is_cut_says_so():
    many = (a_mention(str(n)) for n in range(MOST_ROWS + 5))
    book = openpyxl.load_workbook(io.BytesIO(render_workbook(a_view(), many)), read_only=True)
    rows = list(book["负面全部"].iter_rows(values_only=True))
    assert len(rows) == MOST_ROWS + 2
    assert "其余从略" in str(rows[-1][0])


# ---- the template ----


def test_the_shipped_template_is_what_the_script_makes(tmp_path):
    make_template(tmp_path / "made.docx")
    made, shipped = (
        zipfile.ZipFile(path).read("word/document.xml")
        for path in (tmp_path / "made.docx", DEFAULT_TEMPLATE)
    )
    assert made == shipped


def test_a_company_template_is_used_instead(tmp_path):
    own = Document()
    own.add_paragraph("某某集团 {{ title }} 声量 {{ tiles[0].value }}")
    own.save(str(tmp_path / "own.docx"))
    told = docx_text(render_word(a_view(), template=tmp_path / "own.docx"))
    assert told.strip() == "某某集团 云栈茶饮 网络口碑周报 声量 905"


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("{{ tilte }}", "'tilte' is undefined"),
        ("{% if weekly %}没有结束", "end of template"),
        ("{{ title | nosuch }}", "nosuch"),
        ("{{ title.__class__.__mro__ }}", "unsafe|undefined"),
    ],
)
def test_a_wrong_template_is_named_with_its_place_and_its_mend(tmp_path, text, fact):
    path = tmp_path / "bad.docx"
    own = Document()
    own.add_paragraph("封面")
    own.add_paragraph(f"这一行有误 {text}")
    own.save(str(path))
    with pytest.raises(ConfigurationError, match=fact) as error:
        render_word(a_view(), template=path)
    assert str(path) in error.value.place
    assert "report.template" in error.value.mend.zh


@pytest.mark.parametrize("body", [b"", b"not a zip", b"\xd0\xcf\x11\xe0 old Word"])
def test_a_file_that_is_no_docx_is_refused_with_its_name(tmp_path, body):
    path = tmp_path / "old.doc"
    path.write_bytes(body)
    with pytest.raises(ConfigurationError, match="cannot be read") as error:
        render_word(a_view(), template=path)
    assert error.value.place == str(path)


def test_a_missing_template_is_refused_with_its_name(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be read"):
        render_word(a_view(), template=tmp_path / "none.docx")


@pytest.mark.parametrize(
    ("judging", "told", "untold"),
    [
        (Judging(looked_at=12, agreed=9), "自发核对 12 条，一致 9 条", "%"),
        (Judging(looked_at=5, agreed=5, sampled=5, sampled_agreed=5), "样本不足", "%"),
        (
            Judging((), 0, 70, 55, 60, 51, 0.74, 0.92),
            "随机抽样核对 60 条，与模型一致 85.0%（95% 区间 74.0% 至 92.0%）；"
            "自发核对 10 条，一致 4 条",
            "样本不足",
        ),
        (Judging(), "尚无可测一致率的复核", "%"),
    ],
)
def test_agreement_is_told_of_the_random_sample_and_never_of_few(judging, told, untold):
    report = a_report(snapshot=replace(a_snapshot(), judging=judging))
    note = ReportView(report, ReportPlan(), "").sentiment_note
    assert told in note
    assert untold not in note
