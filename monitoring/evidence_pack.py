"""The evidence of one case as one zip: what was said, the page it was read from, who did what.

The same case at the same moment gives the same bytes: entries are sorted by kind, times in the zip
are fixed, and nothing but the pictures depends on the machine. What is missing is named in the
manifest, never left out silently. Raw pages carry the ending `.txt`, because opening them as a page
would run their scripts on the reader's machine.
"""

import hashlib
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import BinaryIO, Final

from domain.audit import AuditRow, first_broken
from domain.case import Case
from domain.case_situation import refused
from domain.errors import KoubeiError, StoreError
from domain.evidence import SeenPage
from domain.mention import Mention
from domain.ports import BeginWork, MentionStore, PageArchive, UnitOfWork
from monitoring.holding import mentions_of
from workflow.permissions import Permission, require

TakePicture = Callable[[bytes], bytes]
"""A page's bytes → PNG, without scripts and network; raises a KoubeiError when it cannot."""

FORMAT: Final = 1
_FIXED_TIME: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest moment a zip can hold."""
_PLAIN_FILE: Final = 0o100644 << 16
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_LOOKS_LIKE_HTML = re.compile(rb"^[\s\xef\xbb\xbf]*<", re.IGNORECASE)

README: Final = """\
证据包说明
==========

本压缩包由口碑（Koubei）生成，内容为一个工单的全部证据。

MANIFEST.json    全部文件的 SHA-256、生成时间、缺失清单与审计链校验结果
case.json        工单：级别、状态、核实单、拟稿、审批、发布记录、复盘
mentions/        每条提及一个文件：原文、网址、发布与采集时间、作者（已脱敏）、正文的 SHA-256
pages/           采集时存档的原始页面，文件名即内容的 SHA-256
pictures/        原始页面的渲染图（关闭脚本、不联网，因此可能缺少图片与样式）
screenshots/     员工报线索时上传的截图（已去除拍摄地点、设备等元数据）
files/           核实单引用的存档文件
audit.jsonl      审计记录，每行一条，含前后行的哈希

如何核对
1. 对任一文件计算 SHA-256，与 MANIFEST.json 中的值比较；pages/ 中的文件还应与文件名相同。
2. audit.jsonl 每行的 payload_hash 等于 SHA-256(salt + payload)；row_hash 等于
   SHA-256(JSON 数组 [seq, at, actor, action, object_id, reason, payload_hash, previous_hash])，
   JSON 不含空格、不转义中文。salt 与 payload 均为空的行，内容已依法删除，其余仍可核对。
3. 审计链由全库各行首尾相连，本包只含与本工单有关的行；
   全链的校验结果见 MANIFEST.json 的 audit_chain。

注意
pages/ 中是他人网站的原始内容，请以文本方式查看，不要改名后在浏览器中打开。
本包含有工作秘密与个人信息，请勿外传；用于诉讼或举报时由法务决定提供范围。
"""


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that ought to be in the pack and is not: what, and why (a code)."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Packed:
    """What was written: hash of the manifest, number of files besides it, and what is missing."""

    manifest_sha256: str
    files: int
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class EvidenceRoom:
    """Where evidence lies. Without `take_picture` there are raw pages only, and the manifest says
    so.
    """

    begin_work: BeginWork
    begin_reading: BeginWork
    store: MentionStore
    archive: PageArchive
    take_picture: TakePicture | None = None

    def export(self, account_id: str, case_id: str, out: BinaryIO, *, at: datetime) -> Packed:
        """Write the pack of a case to `out`; the trail keeps who took it, and its hash.

        Raises NotPermitted when the account may not export, or there is no such case.
        """
        with self.begin_reading() as work:
            require(work, account_id, Permission.EXPORT)
            case = work.cases.get(case_id)
            if case is None:
                raise refused(
                    "没有这个工单", "there is no such case", "检查工单号", "check its number"
                )
            packed = self._write(work, case, out, at)
        with self.begin_work() as work:
            account = require(work, account_id, Permission.EXPORT)
            work.audit.append(
                at=at,
                actor=account.actor,
                action="case.evidence_exported",
                object_id=case.id,
                reason="",
                payload={
                    "manifest": packed.manifest_sha256,
                    "files": packed.files,
                    "gaps": len(packed.gaps),
                },
            )
            work.commit()
        return packed

    def _write(self, work: UnitOfWork, case: Case, out: BinaryIO, at: datetime) -> Packed:
        pack = _Pack(out)
        pack.add("README.txt", README.encode())
        pack.add("case.json", _json(asdict(case)))
        self._add_mentions(work, case, pack)
        self._add_screenshots(work, case, pack)
        self._add_files(case, pack)
        chain = self._add_trail(work, case, pack)
        manifest = {
            "format": FORMAT,
            "case": case.id,
            "case_version": case.version,
            "made_at": at.isoformat(),
            "pictures": "rendered" if self.take_picture else "no browser: raw pages only",
            "audit_chain": chain,
            "files": pack.hashes,
            "gaps": [asdict(gap) for gap in pack.gaps],
        }
        text = _json(manifest)
        files = len(pack.hashes)
        pack.add("MANIFEST.json", text)
        pack.close()
        return Packed(hashlib.sha256(text).hexdigest(), files, tuple(pack.gaps))

    def _add_mentions(self, work: UnitOfWork, case: Case, pack: "_Pack") -> None:
        wanted = mentions_of(work, case)
        stored = self.store.get(wanted)
        pages = work.pages.of(wanted)
        for number, mention_id in enumerate(wanted, start=1):
            mention = stored.get(mention_id)
            if mention is None:
                pack.miss(mention_id, "mention_not_stored")
                continue
            seen = pages.get(mention_id, [])
            if not seen:
                pack.miss(mention_id, "page_not_archived")
            kept = [_page_note(page, self._add_page(page, pack)) for page in seen]
            name = f"mentions/{number:04d}-{_safe(mention_id)}.json"
            pack.add(name, _json({**_mention_note(mention), "pages": kept}))

    def _add_page(self, page: SeenPage, pack: "_Pack") -> dict[str, str]:
        """Add a page and its picture, once; return where they are."""
        if page.sha256 in pack.pages:
            return pack.pages[page.sha256]
        places: dict[str, str] = {}
        pack.pages[page.sha256] = places
        body = self._archived(page.sha256, pack)
        if body is None:
            return places
        is_html = bool(_LOOKS_LIKE_HTML.match(body[:200]))
        places["file"] = f"pages/{page.sha256}.{'html' if is_html else 'data'}.txt"
        pack.add(places["file"], body)
        if is_html and self.take_picture is not None:
            try:
                picture = self.take_picture(body)
            except KoubeiError as error:
                pack.miss(page.sha256, f"picture_failed:{type(error).__name__}")
            else:
                places["picture"] = f"pictures/{page.sha256}.png"
                pack.add(places["picture"], picture)
        return places

    def _add_screenshots(self, work: UnitOfWork, case: Case, pack: "_Pack") -> None:
        for lead_id in case.lead_ids:
            for lead in reversed(work.leads.same_as(lead_id)):
                for number, picture in enumerate(lead.screenshots, start=1):
                    body = self._archived(picture.sha256, pack)
                    if body is not None:
                        name = f"screenshots/{_safe(lead.id)}-{number}.{picture.kind.value}"
                        pack.add(name, body)

    def _add_files(self, case: Case, pack: "_Pack") -> None:
        hashes = (e.sha256 for claim in case.fact_sheet.claims for e in claim.evidence if e.sha256)
        for sha256 in dict.fromkeys(hashes):
            body = self._archived(sha256, pack)
            if body is not None:
                pack.add(f"files/{sha256}.bin", body)

    def _archived(self, sha256: str, pack: "_Pack") -> bytes | None:
        try:
            body = self.archive.get(sha256)
        except (StoreError, ValueError) as error:  # damaged, or no hash at all
            pack.miss(sha256[:64], f"unreadable:{type(error).__name__}")
            return None
        if body is None:
            pack.miss(sha256, "not_in_archive")
        return body

    def _add_trail(self, work: UnitOfWork, case: Case, pack: "_Pack") -> dict[str, object]:
        about = {case.id, *case.signal_ids, *case.lead_ids, *case.merged_ids}
        told: list[AuditRow] = []
        last: list[AuditRow] = []

        def watched() -> Iterator[AuditRow]:
            for row in work.audit.rows():
                if row.object_id in about:
                    told.append(row)
                last[:] = [row]
                yield row

        broken = first_broken(watched())
        if broken is not None:  # it stopped there; what comes after is told all the same
            told += [row for row in work.audit.rows(broken) if row.object_id in about]
        lines = b"".join(_json_line(asdict(row)) for row in told)
        pack.add("audit.jsonl", lines)
        return {
            "verified": broken is None,
            "first_broken": broken,
            "rows_checked": last[0].seq if last else 0,
            "rows_here": len(told),
            "last_hash": last[0].row_hash if last else "",
        }


@dataclass
class _Pack:
    """A zip being written: every file with its hash, what is missing, where pages went."""

    out: BinaryIO
    hashes: dict[str, str] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)
    pages: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._zip = zipfile.ZipFile(self.out, "w", zipfile.ZIP_DEFLATED, compresslevel=6)

    def add(self, name: str, body: bytes) -> None:
        """Write a file; the same name comes once."""
        entry = zipfile.ZipInfo(name, _FIXED_TIME)
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.external_attr = _PLAIN_FILE
        entry.create_system = 3
        self._zip.writestr(entry, body)
        self.hashes[name] = hashlib.sha256(body).hexdigest()

    def miss(self, what: str, why: str) -> None:
        """Note what ought to be here, once."""
        gap = Gap(what, why)
        if gap not in self.gaps:
            self.gaps.append(gap)

    def close(self) -> None:
        """Finish the zip."""
        self._zip.close()


def _mention_note(mention: Mention) -> dict[str, object]:
    """What a mention said and when; the author stands as stored, masked."""
    return {
        "id": mention.id,
        "platform": mention.platform.value,
        "kind": mention.kind.value,
        "url": mention.url,
        "author_masked": mention.author,
        "published_at": mention.published_at.isoformat(),
        "published_precision": mention.published_precision.value,
        "edited_at": mention.edited_at.isoformat() if mention.edited_at else None,
        "first_seen_at": mention.first_seen_at.isoformat(),
        "collected_at": mention.collected_at.isoformat(),
        "title": mention.title,
        "text": mention.text,
        "text_sha256": hashlib.sha256(mention.text.encode("utf-8", "replace")).hexdigest(),
        "likes": mention.likes,
        "comments": mention.comments,
        "reposts": mention.reposts,
        "views": mention.views,
        "deleted_or_flagged": sorted(flag.value for flag in mention.flags),
        "earlier_versions": [asdict(revision) for revision in mention.revisions],
    }


def _page_note(page: SeenPage, places: dict[str, str]) -> dict[str, str]:
    return {
        "sha256": page.sha256,
        "url": page.url,
        "fetched_at": page.fetched_at.isoformat(),
        **places,
    }


def _safe(name: str) -> str:
    """A name that is one on every system: no separators, no dots, not too long."""
    return _UNSAFE.sub("_", name).strip("_")[:80] or "_"


def _json(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True, default=_plain)
    return (text + "\n").encode("utf-8", "replace")


def _json_line(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, default=_plain)
    return (text + "\n").encode("utf-8", "replace")


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"no JSON for {type(value).__name__}")
