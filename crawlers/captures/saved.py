"""A page as a person really saves it, opened: what is inside, and where and when it was seen.

    .html .htm        "save as, HTML only" of any browser; what view-source shows
    .json .txt        a reply copied from the network panel
    .mhtml .mht       "save as, single file" of Chrome and Edge
    .har              the network panel's "save all as HAR": the reply that is read best, or the one
                      that is named
    .zlib             a page of Koubei's own archive

By what is in it, not by its name. Anything else (a picture, a PDF, a Safari archive) is refused by
what it is.
"""

import base64
import binascii
import email
import email.policy
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from crawlers.pages.document import MAX_PAGE_BYTES, decode
from domain.errors import InputRefused, Text

MOST_BYTES = 256 * 1024 * 1024
"""A HAR of a long session; the page inside is at most `MAX_PAGE_BYTES`."""

_AS_HTML = Text(
    "在浏览器里「另存为 → 网页，仅 HTML」，或在开发者工具的网络面板复制响应",
    "save it as “webpage, HTML only”, or copy the reply from the network panel",
)
_REFUSED: tuple[tuple[bytes, Text], ...] = (
    (b"%PDF", Text("PDF，页面结构已经不在了", "a PDF: the structure of the page is gone")),
    (b"\x89PNG", Text("截图（PNG）", "a picture (PNG)")),
    (b"\xff\xd8\xff", Text("截图（JPEG）", "a picture (JPEG)")),
    (b"GIF8", Text("图片（GIF）", "a picture (GIF)")),
    (b"RIFF", Text("图片（WebP）", "a picture (WebP)")),
    (b"bplist00", Text("Safari 的 .webarchive", "a Safari .webarchive")),
    (b"PK\x03\x04", Text("压缩包或 Office 文档", "a zip archive or an Office document")),
    (b"\x1f\x8b", Text("gzip 压缩文件，请先解压", "a gzip file: unpack it first")),
    (b"WARC/", Text("WARC 归档", "a WARC archive")),
    (b"SQLite format", Text("数据库文件", "a database")),
)
_HTML_OR_JSON = ("html", "json", "javascript", "text/plain")


@dataclass(frozen=True, slots=True)
class SavedPage:
    """A page and what its file tells of it: `url` "" and `fetched_at` None where it tells nothing.
    `label` says which one of several it is.
    """

    body: bytes
    url: str = ""
    status: int = 200
    fetched_at: datetime | None = None
    label: str = ""


def open_saved(path: Path) -> list[SavedPage]:
    """Return the pages in a file, of which all but a HAR hold one; InputRefused says what else the
    file is. OSError as the system says.
    """
    with path.open("rb") as stream:
        raw = stream.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise _refused(path, Text("超过 256 MB", "larger than 256 MB"))
    if path.suffix == ".zlib":
        raw = _unpacked(path, raw)
    for mark, what in _REFUSED:
        if raw.startswith(mark):
            raise _refused(path, Text(f"这是{what.zh}", f"this is {what.en}"))
    if not raw.strip():
        raise _refused(path, Text("文件是空的", "the file is empty"))
    pages = _har(raw) or _mhtml(raw) or [SavedPage(raw)]
    fitting = [page for page in pages if 0 < len(page.body) <= MAX_PAGE_BYTES]
    if not fitting:
        raise _refused(
            path, Text("没有可读的页面（单页上限 16 MB）", "no page of at most 16 MB in it")
        )
    if not decode(fitting[0].body).strip():
        raise _refused(path, Text("不是文本，无法识别", "it is no text"))
    return fitting


def _refused(path: Path, text: Text) -> InputRefused:
    return InputRefused(text, place=str(path), mend=_AS_HTML)


def _unpacked(path: Path, raw: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(raw, MAX_PAGE_BYTES + 1)
    except zlib.error as error:
        raise _refused(path, Text("不是完整的存档页面", "no whole page of the archive")) from error


def _har(raw: bytes) -> list[SavedPage]:
    """The html and JSON replies of a HAR (W3C HAR 1.2), in their order; none when it is no HAR."""
    if b'"entries"' not in raw:
        return []
    try:
        entries = json.loads(raw.decode("utf-8-sig"))["log"]["entries"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return []
    return list(_replies(entries)) if isinstance(entries, list) else []


def _replies(entries: list[Any]) -> Iterator[SavedPage]:
    for number, entry in enumerate(entries, 1):
        try:
            content, url = entry["response"]["content"], str(entry["request"]["url"])
            kind, text = str(content.get("mimeType", "")), content.get("text")
            if not isinstance(text, str) or not any(each in kind for each in _HTML_OR_JSON):
                continue
            is_packed = content.get("encoding") == "base64"
            body = base64.b64decode(text) if is_packed else text.encode("utf-8", "replace")
            yield SavedPage(
                body,
                url,
                int(entry["response"].get("status") or 200),
                _moment(entry.get("startedDateTime")),
                f"#{number} {kind.partition(';')[0]}",
            )
        except (KeyError, TypeError, ValueError, AttributeError, binascii.Error):
            continue  # an entry without a reply: blocked, cached, cut off


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None


def _mhtml(raw: bytes) -> list[SavedPage]:
    """The first html part of a MIME HTML file (RFC 2557); none when it is none."""
    head = raw[:4096].lower()
    if b"mime-version:" not in head or b"multipart/related" not in head:
        return []
    message = email.message_from_bytes(raw, policy=email.policy.default)
    for part in message.walk():
        if part.get_content_type() not in {"text/html", "application/json"}:
            continue
        body = part.get_payload(decode=True)
        if isinstance(body, bytes):
            url = part.get("Content-Location") or message.get("Snapshot-Content-Location") or ""
            return [SavedPage(_in_utf8(body, part), str(url), fetched_at=_date(message))]
    return []


def _in_utf8(body: bytes, part: Any) -> bytes:
    charset = part.get_content_charset() or "utf-8"
    try:
        return body.decode(charset).encode()
    except (LookupError, UnicodeDecodeError):
        return body


def _date(message: EmailMessage) -> datetime | None:
    try:
        return parsedate_to_datetime(str(message["Date"])).astimezone(UTC)
    except (TypeError, ValueError):
        return None
