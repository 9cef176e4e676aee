"""A report as a Word file, from a template that the company can edit.

The template is read in Jinja's sandbox with escaping on, and sees plain texts and lists only. What
is placed never becomes markup: braces in a post stay braces, because placed text is not read again.
"""

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from delivery.report.pictures import Picture
from domain.errors import ConfigurationError, DependencyMissing, Text
from presentation.hostile import excerpt
from presentation.report_view import Cell, Quote, ReportView, Table, TopicView

DEFAULT_TEMPLATE: Final = Path(__file__).with_name("template.docx")
_WIDTH_MM: Final = 174
_LINK_COLOUR, _BAD_COLOUR = "1D5FA8", "B42318"
_PLAIN, _GREY = "FFFFFF", "E9ECEF"
_MEND: Final = Text(
    "按 docs/report.md 的名称表修正模板，或删去 report.template 用自带模板",
    "mend it by the names in docs/report.md, or unset report.template to use the one shipped",
)


def render_word(
    view: ReportView, pictures: Sequence[Picture] = (), template: Path | None = None
) -> bytes:
    """Return the report as a .docx file.

    `template` is the company's own, else the one that is shipped. Raises ConfigurationError that
    names the place when it cannot be read or filled, DependencyMissing without docxtpl.
    """
    path = template or DEFAULT_TEMPLATE
    document = _open(path)
    words = _Words(document, view)
    try:
        document.render(words.all(pictures), _environment(), autoescape=True)
    except TemplateError as error:
        raise _bad_template(path, error) from error
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _open(path: Path) -> Any:
    tpl = _docxtpl()
    try:
        document = tpl.DocxTemplate(str(path))
        document.init_docx()
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, _not_a_package()) as error:
        raise ConfigurationError(
            Text("读不出 Word 模板", "the Word template cannot be read"),
            place=str(path),
            mend=Text(
                "确认它是 .docx 文件（不是 .doc）且可读取",
                "it has to be a readable .docx, not .doc",
            ),
        ) from error
    return document


def _docxtpl() -> Any:
    try:
        import docxtpl
    except ImportError as error:
        raise DependencyMissing(
            Text("缺少 Word 组件 docxtpl", "docxtpl, which writes Word files, is missing"),
            mend=Text("python3 run.py setup 补齐组件", "python3 run.py setup installs it"),
        ) from error
    return docxtpl


def _not_a_package() -> type[Exception]:
    from docx.opc.exceptions import PackageNotFoundError

    missing: type[Exception] = PackageNotFoundError
    return missing


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(autoescape=True, undefined=StrictUndefined)


def _bad_template(path: Path, error: TemplateError) -> ConfigurationError:
    """Say what the template's own words get wrong; nothing of the report stands in it."""
    nearby = [line.strip() for line in getattr(error, "docx_context", ()) if line.strip()]
    place = f"{path}（{excerpt(' '.join(nearby), 80)}）" if nearby else str(path)
    fact = excerpt(error.message or type(error).__name__, 160)
    return ConfigurationError(
        Text(f"Word 模板有误：{fact}", f"the Word template is wrong: {fact}"),
        place=place,
        mend=_MEND,
    )


class _Words:
    """The names that a template can use."""

    def __init__(self, document: Any, view: ReportView) -> None:
        self._document = document
        self._view = view
        self._tpl = _docxtpl()

    def all(self, pictures: Sequence[Picture]) -> Mapping[str, Any]:
        """Return every name with what it stands for."""
        v = self._view
        return {
            "weekly": v.weekly,
            "notice": self._notice(),
            "title": v.title,
            "issue": v.say.issue,
            "state": v.state,
            "verdict": v.verdict,
            "span": v.say.span,
            "classification": v.classification,
            "head": _pairs(v.head[2:]),
            "definitions": _pairs(v.definitions),
            "definitions_line": "　".join(f"{term} {text}" for term, text in v.definitions),
            "gaps": v.gaps,
            "gaps_title": v.t(
                "采集缺口：实际数字可能更高", "Coverage gaps: true figures may be higher"
            ),
            "overview": v.overview,
            "overview_by": v.overview_by,
            "tiles": [{"label": x.label, "value": x.value, "note": x.note} for x in v.tiles],
            "volume": self._table(v.volume),
            "volume_notes": v.volume_notes,
            "sentiment": self._table(v.sentiment),
            "sentiment_note": v.sentiment_note,
            "platforms": self._table(v.platforms),
            "days": self._table(v.days),
            "heat_title": v.t(
                "星期 × 小时（灰色为未采全的小时）", "Weekday × hour (grey: not read)"
            ),
            "topics": [self._topic(topic) for topic in v.topics],
            "negatives": [self._quote(post) for post in v.negatives],
            "no_negatives": v.t("没有采到负面内容。", "No negative post was read."),
            "handling": _pairs(v.handling),
            "signals": self._table(v.signals),
            "cases": self._table(v.cases),
            "assessment": v.assessment or [v.t("待分析员填写。", "To be written by the analyst.")],
            "proposals": self._table(v.proposals),
            "method": v.method,
            "watches": self._table(v.watches),
            "sources": self._sources(),
            "source_reasons": v.source_reasons,
            "titles": self._titles(),
            "pictures": self._pictures(pictures),
        }

    def _titles(self) -> dict[str, str]:
        t = self._view.t
        return {
            "overview": t("概述", "Overview"),
            "volume": t("总体声量", "Volume"),
            "sentiment": t("情感分布", "Sentiment"),
            "platforms": t("平台分布", "Platforms"),
            "course": t("趋势", "Course"),
            "topics": t("热点话题", "Topics"),
            "negatives": t("负面舆情", "Negative posts"),
            "handling": t("处置情况", "Handling"),
            "signals": t("预警", "Alerts"),
            "cases": t("工单", "Cases"),
            "assessment": t("研判与建议", "Assessment and advice"),
            "appendix": t("附录", "Appendix"),
            "watches": t("监测方案", "Watches"),
            "sources": t(
                "来源逐日健康度（读全 / 采集次数）", "Sources by day (full reads / looks)"
            ),
        }

    def _notice(self) -> str:
        v = self._view
        demo = v.t("演示数据：品牌、人物与内容均为虚构。", "Demo data: all of it is invented. ")
        draft = v.t("草稿：尚未审核，请勿转发。", "Draft: not reviewed yet, not to be passed on.")
        return (demo if v.s.demo else "") + (draft if v.is_draft else "")

    def _pictures(self, pictures: Sequence[Picture]) -> dict[str, Any]:
        width = self._mm(_WIDTH_MM)
        shown = {
            p.name: self._tpl.InlineImage(self._document, io.BytesIO(p.png), width=width)
            for p in pictures
        }
        return {"days": "", "heat": "", **shown}

    def _mm(self, length: int) -> Any:
        from docx.shared import Mm

        return Mm(length)

    def _table(self, table: Table) -> dict[str, Any]:
        rows = [
            {
                "fill": _GREY if row.grey else _PLAIN,
                "cells": [self._rich(cell) for cell in row.cells],
            }
            for row in table.rows
        ]
        return {"headings": list(table.headings), "rows": rows}

    def _rich(self, cell: Cell) -> Any:
        return self._linked(cell.text, cell.link, _BAD_COLOUR if cell.bad else None, size=18)

    def _linked(self, text: str, link: str, colour: str | None = None, size: int = 0) -> Any:
        looks: dict[str, Any] = {"size": size} if size else {}
        if link:
            looks |= {"url_id": self._document.build_url_id(link), "color": _LINK_COLOUR}
        elif colour:
            looks |= {"color": colour, "bold": True}
        return self._tpl.RichText(text, **looks)

    def _topic(self, topic: TopicView) -> dict[str, Any]:
        return {
            "name": self._linked(topic.name, topic.link),
            "facts": topic.facts,
            "quotes": [self._quote(post) for post in topic.quotes],
        }

    def _quote(self, post: Quote) -> dict[str, Any]:
        head = self._tpl.RichText(post.head, size=17)
        if post.link:
            head.add(" · ", size=17)
            head.add(self._linked(self._view.t("原文", "original"), post.link, size=17))
            head.add(f" {post.host}", size=17)
        return {"head": head, "text": post.text, "facts": post.facts}

    def _sources(self) -> list[dict[str, str]]:
        table = self._view.sources
        return [
            {
                "term": row.cells[0].text,
                "text": "　".join(
                    f"{day} {cell.text}"
                    for day, cell in zip(table.headings[1:], row.cells[1:], strict=True)
                ),
            }
            for row in table.rows
        ]


def _pairs(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"term": term, "text": text} for term, text in pairs]
