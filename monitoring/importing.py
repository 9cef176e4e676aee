"""Import: rows of a file become found mentions, and go the same way as crawled ones.

Read are our own export (JSON lines, without loss), tables with Chinese or English headings (CSV,
XLSX, JSON lines) and the files that MediaCrawler writes (its field names only). A bad row is
listed with its number, field and reason; the good rows are kept. The same file twice changes
nothing, because a look is dated by the row itself or by the file, not by the moment of the import.
"""

import hashlib
import math
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from domain.counts import read_count
from domain.documents import mention_from_document
from domain.errors import ImportRefused, RowProblem, Text
from domain.mention import UNSTORABLE, Kind, Mention, Platform, Precision
from domain.page import FoundMention
from domain.times import read_time
from monitoring.import_files import NO_OBJECT, Row, read_rows
from monitoring.ingest_result import IngestResult, IngestStep
from presentation.hostile import clean_line, safe_link

_BATCH: Final = 500
_LONGEST_ID: Final = 200
_OWN_TEXTS: Final = (
    "id", "url", "text", "title", "author", "author_key", "parent_id", "root_id", "repost_of",
    "ip_location", "client", "forum", "topic", "cluster_id", "source",
)  # fmt: skip
_OWN_COUNTS: Final = ("likes", "comments", "reposts", "views")
_HTML_TAG = re.compile(r"<[^<>]{1,500}>")


@dataclass(frozen=True, slots=True)
class Column:
    """One field of a mention and the headings under which tables hold it, the first being ours."""

    field: str
    headings: tuple[str, ...]


COLUMNS: Final = (
    Column("id", ("id", "编号", "mention_id", "note_id", "content_id", "comment_id")),
    Column("platform", ("platform", "平台", "来源平台")),
    Column("kind", ("kind", "类型", "content_type")),
    Column("url", ("url", "链接", "原文链接", "note_url", "content_url")),
    Column("title", ("title", "标题")),
    Column("text", ("text", "正文", "内容", "content", "content_text", "desc")),
    Column("author", ("author", "作者", "昵称", "nickname", "user_nickname")),
    Column("author_uid", ("author_uid", "作者编号", "creator_hash", "user_id")),
    Column(
        "published_at",
        ("published_at", "发布时间", "时间", "create_time", "created_time", "publish_time"),
    ),
    Column("collected_at", ("collected_at", "采集时间", "last_modify_ts")),
    Column("likes", ("likes", "点赞", "点赞数", "liked_count", "voteup_count", "like_count")),
    Column(
        "comments",
        ("comments", "评论", "评论数", "comments_count", "comment_count", "total_replay_num"),
    ),
    Column("reposts", ("reposts", "转发", "转发数", "shared_count")),
    Column("views", ("views", "阅读", "阅读数")),
    Column("ip_location", ("ip_location", "IP属地", "属地")),
    Column("forum", ("forum", "贴吧", "吧名", "tieba_name")),
    Column("parent_id", ("parent_id", "上级编号", "parent_comment_id")),
)
SUFFIXES: Final = (".csv", ".tsv", ".xlsx", ".jsonl", ".ndjson", ".json")
"""The kinds of files that can be imported."""
REQUIRED: Final = ("id", "published_at")
_DEFAULT_KINDS: Final = {
    Platform.WEIBO: Kind.POST,
    Platform.ZHIHU: Kind.ANSWER,
    Platform.TIEBA: Kind.THREAD,
}


@dataclass
class ImportReport:
    """What an import did. `problems` are the rows left out, by their number in the file."""

    rows: int = 0
    result: IngestResult = field(default_factory=IngestResult)
    problems: list[RowProblem] = field(default_factory=list)


def import_file(
    path: Path,
    *,
    ingest: IngestStep,
    platform: Platform | None = None,
) -> ImportReport:
    """Import one file and return what became of its rows; ImportRefused when it is none we can
    read.
    """
    if not path.is_file():  # a folder, a device, a pipe that never ends
        raise ImportRefused(Text("没有这个文件", "no such file"), place=str(path))
    dated = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    source = f"import:{_digest(path)}"
    report = ImportReport()
    guessed = platform or _platform_of_path(path)
    found: list[tuple[datetime, FoundMention]] = []
    own: list[Mention] = []
    for number, row in read_rows(path):
        report.rows += 1
        if "koubei" in row:
            _read_own(number, row, own, report)
        else:
            _read_foreign(number, row, guessed, dated, found, report)
        if len(found) + len(own) >= _BATCH:
            _flush(found, own, source, ingest, report)
    _flush(found, own, source, ingest, report)
    if not report.rows:
        raise ImportRefused(Text("文件中没有数据行", "no rows in the file"), place=str(path))
    return report


def _read_own(number: int, row: Row, own: list[Mention], report: ImportReport) -> None:
    try:
        mention = mention_from_document(row)
        _check_own(mention)
        own.append(mention)
    except (KeyError, ValueError, TypeError, AttributeError, OverflowError) as error:
        kind = type(error).__name__
        report.problems.append(
            RowProblem.of(
                number, "koubei", f"不是有效的口碑导出行（{kind}）", f"no export row: {kind}"
            )
        )


def _check_own(mention: Mention) -> None:
    """Raise ValueError for what our own export never holds: a file may only look like one."""
    texts = [value for name in _OWN_TEXTS if (value := getattr(mention, name)) is not None]
    names = [*mention.terms, *mention.watch_ids, *mention.brand_ids, *mention.sentiment]
    revised = [text for r in mention.revisions for text in (r.title, r.text)]
    if not all(isinstance(t, str) and not UNSTORABLE.search(t) for t in texts + names + revised):
        raise ValueError("text")
    if not (_is_id(mention.id) and mention.id.startswith(f"{mention.platform.value}:")):
        raise ValueError("id")
    if mention.url and not safe_link(mention.url):
        raise ValueError("url")
    looks = (mention, *mention.revisions)
    counts = [getattr(look, name) for look in looks for name in _OWN_COUNTS]
    if not all(count is None or read_count(count) is not None for count in counts):
        raise ValueError("count")
    times = (mention.published_at, mention.collected_at, mention.first_seen_at, mention.edited_at)
    if not all(time is None or 2000 <= time.year < 2100 for time in times):
        raise ValueError("time")
    if mention.fingerprint is not None and not 0 <= mention.fingerprint < 2**64:
        raise ValueError("fingerprint")
    judged = mention.sentiment.values()
    if not all(math.isfinite(j.polarity) and 0 <= j.confidence <= 1 for j in judged):
        raise ValueError("sentiment")


def _is_id(text: str) -> bool:
    return len(text) <= _LONGEST_ID and " " not in text and text == clean_line(text)


def _read_foreign(
    number: int,
    row: Row,
    platform: Platform | None,
    dated: datetime,
    found: list[tuple[datetime, FoundMention]],
    report: ImportReport,
) -> None:
    problem, mention = found_mention(number, row, platform, dated)
    if problem:
        report.problems.append(problem)
    elif mention:
        found.append((_collected_at(row, dated), mention))


def found_mention(
    number: int, row: Row, platform: Platform | None, dated: datetime
) -> tuple[RowProblem | None, FoundMention | None]:
    """Turn one row of a table into a mention, or into the reason why it is none."""
    if row is NO_OBJECT:
        return _problem(number, "json", "不是一个 JSON 对象", "is no JSON object"), None
    values = {column.field: _first(row, column.headings) for column in COLUMNS}
    named = _platform(values["platform"]) if values["platform"] else platform
    if named is None:
        return _problem(
            number,
            "platform",
            "缺少平台，或不是微博、知乎、贴吧（整个文件属于一个平台时可用 --platform）",
            "no platform, or none of weibo, zhihu, tieba (--platform names one for all rows)",
        ), None
    for name in REQUIRED:
        if not values[name]:
            chinese = next(column.headings[1] for column in COLUMNS if column.field == name)
            return _problem(number, name, f"缺少「{chinese}」", f"{name} is missing"), None
    if not _is_id(_full_id(named, values["id"])):
        return _problem(number, "id", "不是有效的编号", "not an id"), None
    time = read_time(_time_text(values["published_at"]), fetched_at=dated)
    if time is None:
        return _problem(
            number,
            "published_at",
            "无法识别的时间（可写 2026-11-21 10:30）",
            "no time (as 2026-11-21 10:30)",
        ), None
    text = _text(values["text"])
    title = _text(values["title"])
    if not (text or title):
        return _problem(number, "text", "正文与标题都为空", "neither text nor title"), None
    kind = _kind(values["kind"], named, row)
    if kind is None:
        return _problem(number, "kind", "无法识别的类型", "unknown kind"), None
    return None, FoundMention(
        id=_full_id(named, values["id"]),
        platform=named,
        kind=kind,
        url=_url(values["url"]),
        text=text,
        title="" if title == text else title,
        published_at=time[0],
        published_precision=time[1],
        author=_text(values["author"]),
        author_uid=str(values["author_uid"]) if values["author_uid"] else None,
        parent_id=_parent(named, values["parent_id"]),
        ip_location=_text(values["ip_location"]) or None,
        likes=read_count(values["likes"]),
        comments=read_count(values["comments"]),
        reposts=read_count(values["reposts"]),
        views=read_count(values["views"]),
        forum=_text(values["forum"]) or None,
    )


def _flush(
    found: list[tuple[datetime, FoundMention]],
    own: list[Mention],
    source: str,
    ingest: IngestStep,
    report: ImportReport,
) -> None:
    by_time: dict[datetime, list[FoundMention]] = {}
    for collected_at, mention in found:
        by_time.setdefault(collected_at, []).append(mention)
    for collected_at, mentions in by_time.items():
        report.result += ingest.take(mentions, watch=None, run_id=source, collected_at=collected_at)
    if own:
        report.result += ingest.take_whole(own, run_id=source)
    found.clear()
    own.clear()


def _first(row: Row, headings: tuple[str, ...]) -> Any:
    for heading in headings:
        value = row.get(heading)
        if value not in (None, ""):
            return value
    return None


def _platform(value: object) -> Platform | None:
    names = {"微博": "weibo", "知乎": "zhihu", "贴吧": "tieba", "百度贴吧": "tieba", "wb": "weibo"}
    name = str(value).strip().lower()
    name = names.get(name, name)
    return Platform(name) if name in set(Platform) else None


def _platform_of_path(path: Path) -> Platform | None:
    return next((_platform(part) for part in reversed(path.parts) if _platform(part)), None)


def _kind(value: object, platform: Platform, row: Row) -> Kind | None:
    if value:
        name = {"zvideo": "video"}.get(str(value).strip().lower(), str(value).strip().lower())
        return Kind(name) if name in set(Kind) else None
    if "comment_id" in row:
        return Kind.REPLY if platform is Platform.TIEBA else Kind.COMMENT
    return _DEFAULT_KINDS[platform]


def _full_id(platform: Platform, value: object) -> str:
    text = _whole_number(value)
    return text if text.startswith(f"{platform.value}:") else f"{platform.value}:{text}"


def _parent(platform: Platform, value: object) -> str | None:
    text = _whole_number(value) if value else ""
    full = _full_id(platform, text)
    return None if text in {"", "0"} or not _is_id(full) else full


def _whole_number(value: object) -> str:
    # a spreadsheet holds an id as a float; past 15 digits it has lost digits already, which shows
    # as e+
    return (
        str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
    )


def _time_text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else _whole_number(value)


def _collected_at(row: Row, dated: datetime) -> datetime:
    value = _first(row, next(c.headings for c in COLUMNS if c.field == "collected_at"))
    time = read_time(_time_text(value), fetched_at=dated) if value else None
    return time[0] if time and time[1] is not Precision.DAY else dated


def _text(value: object) -> str:
    return _HTML_TAG.sub("", str(value)).strip() if value is not None else ""


def _url(value: object) -> str:
    text = str(value or "").strip()
    return text if safe_link(text) else ""


def _problem(row: int, name: str, zh: str, en: str) -> RowProblem:
    return RowProblem.of(row, name, zh, en)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
