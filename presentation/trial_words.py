"""What a trial of one page says: the same words in the terminal and on 采集."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from domain.errors import Text
from domain.mention import Kind, Platform, Precision
from domain.trial import Trial, TriedMention
from presentation.assessment_words import FIELD_WORDS
from presentation.formats import full_time
from presentation.hostile import clean_line, excerpt
from presentation.wording import Reason, reason, word

_LONGEST = 160
"""Signs shown of a field."""

_TIMES = frozenset({"published_at", "edited_at", "stirred_at"})

_CLAUSES: Mapping[str, Text] = {
    "all_words": Text("缺少必含词「{}」", "lacks the word “{}”"),
    "any_words": Text("不含任何一个关键词", "has none of the words"),
    "phrases": Text("缺少短语「{}」", "lacks the phrase “{}”"),
    "none_words": Text("含排除词「{}」", "has the excluded word “{}”"),
    "proximity": Text("不满足同现距离 {}", "the words are too far apart: {}"),
    "unusable": Text("不能入库：{}", "cannot be stored: {}"),
}


def why_words(why: str) -> Text:
    """Return what the watch says to a mention: would it be stored, and why not."""
    if not why:
        return Text("会入库", "would be stored")
    name, _, detail = why.partition(":")
    said = _CLAUSES.get(name, Text("不属于本方案（{}）", "not for this watch ({})"))
    shown = clean_line(detail or why)
    return Text(said.zh.format(shown), said.en.format(shown))


def field_rows(mention: TriedMention, zone: ZoneInfo) -> list[tuple[Text, str]]:
    """Return every field of a mention, with what was read; what was not is "—". Times are told in
    the business zone.
    """
    return [(_name(field), _value(field, mention.fields.get(field), zone)) for field in FIELD_WORDS]


def _name(field: str) -> Text:
    # what becomes of an author is told on the sheet; here the name alone
    said = FIELD_WORDS[field]
    return Text(said.zh.partition("（")[0], said.en.partition(" (")[0])


def _value(field: str, value: object, zone: ZoneInfo) -> str:
    if value is None or value == "":
        return "—"
    if field == "author_uid":
        return "已读到，不显示"
    if field in _TIMES:
        return full_time(datetime.fromisoformat(str(value)), zone)
    if isinstance(value, bool):
        return "是" if value else "否"
    for name, kind in (("platform", Platform), ("kind", Kind), ("published_precision", Precision)):
        if field == name:
            return word(kind(str(value))).zh
    return excerpt(clean_line(str(value)), _LONGEST)


def verdict_words(trial: Trial, platform: Platform) -> Text:
    """Return how a trial went, in one sentence."""
    if not trial.was_read:
        why = reason_of(trial, platform).text
        return Text(f"没有读到：{why.zh}", f"not read: {why.en}")
    if not trial.found:
        return Text("读到了，平台说没有结果", "read: the platform says that there is nothing")
    return Text(
        f"读到 {trial.found} 条，其中 {trial.matched} 条会入库",
        f"read {trial.found}, of which {trial.matched} would be stored",
    )


def reason_of(trial: Trial, platform: Platform) -> Reason:
    """Return fact and mend of a trial that did not go well; the worker's own words come first."""
    if trial.told is not None:
        return Reason(trial.told, reason("not_started").mend)
    return reason(trial.reason, platform)


def next_words(trial: Trial) -> Text:
    """Return what a crawl would do after this page."""
    if not trial.was_read:
        return Text("到此为止", "it would stop here")
    if trial.next:
        shown = excerpt(clean_line(trial.next), _LONGEST)
        return Text(f"接着会读下一页：{shown}", f"the next page would be: {shown}")
    return Text("没有下一页", "there is no next page")
