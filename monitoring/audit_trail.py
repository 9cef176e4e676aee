"""The audit trail: is it whole, what does it say, and how is it handed out.

Three things can tell that rows were cut off the end, which the chain by itself cannot: the counter
that gave out their numbers, the heartbeat file (written every minute), and every backup's header.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from domain.audit import AuditRow, Examination, Finding, KnownHead
from domain.errors import ImportRefused, StoreError, Text
from domain.ports import BeginWork
from domain.queries import AuditFilter
from presentation.wording import action_word, actor_word
from workflow.permissions import Permission, require

PAGE: Final = 50
_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Verified:
    """What a look at the whole trail found. `heads` are those it was compared with."""

    rows: int
    seq: int
    head: str
    findings: tuple[Finding, ...]
    heads: tuple[KnownHead, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.findings


@dataclass(frozen=True, slots=True)
class Entry:
    """A row as a page shows it. `details` are the payload's values by name; `erased` says that
    there are none any more.
    """

    seq: int
    at: datetime
    actor: Text
    action: Text
    action_code: str
    object_id: str
    reason: str
    details: tuple[tuple[str, str], ...]
    erased: bool
    row_hash: str


@dataclass(frozen=True, slots=True)
class TrailPage:
    """One page, newest first. `older` continues (None: there are none); `actors` are the choices
    of the filter, by code and name.
    """

    entries: tuple[Entry, ...]
    older: int | None
    actors: tuple[tuple[str, Text], ...]
    seq: int
    head: str


def verify(begin_reading: BeginWork, known: Iterable[KnownHead] = ()) -> Verified:
    """Look at every row and return what is wrong, in bounded memory."""
    heads = tuple(known)
    looking = Examination(heads)
    with begin_reading() as work:
        for row in work.audit.rows():
            looking.see(row)
        looking.end(work.audit.given_out())
    return Verified(looking.rows, looking.seq, looking.head, tuple(looking.findings), heads)


def head_of_heartbeat(file: Path) -> KnownHead | None:
    """Return the head that the heartbeat file remembers; None when there is no such file yet, or
    one of a program that remembered none. StoreError when it cannot be read: who cuts the trail
    would damage its witness.
    """
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        return KnownHead(int(told["audit_seq"]), str(told["audit_head"]), str(file))
    except (FileNotFoundError, KeyError):
        return None
    except (OSError, ValueError, TypeError) as error:
        raise StoreError(
            Text("心跳文件无法读取或已损坏", "the heartbeat file is damaged or cannot be read"),
            place=str(file),
            mend=Text(
                "其中留存的审计封印未能比对：用备份核对（koubei audit verify），下次心跳会重写",
                "the seal that it kept was not compared: verify against a backup (koubei audit "
                "verify); the next heartbeat writes it anew",
            ),
        ) from error


def read_trail(
    begin_reading: BeginWork,
    account_id: str,
    wanted: AuditFilter,
    *,
    before_seq: int | None = None,
    limit: int = PAGE,
) -> TrailPage:
    """Return a page of the trail; NotPermitted for whom may not read it."""
    with begin_reading() as work:
        require(work, account_id, Permission.READ_AUDIT)
        rows = work.audit.search(wanted, before_seq=before_seq, limit=limit + 1)
        names = {account.id: account.name for account in work.accounts.all()}
        actors = work.audit.actors()
        seq, head = work.audit.head()
    shown = rows[:limit]
    return TrailPage(
        entries=tuple(_entry(row, names) for row in shown),
        older=shown[-1].seq if len(rows) > limit else None,
        actors=tuple((actor, actor_word(actor, names)) for actor in actors),
        seq=seq,
        head=head,
    )


def export(
    begin_reading: BeginWork,
    write: Callable[[str], object],
    *,
    at: datetime,
    about: str = "",
) -> int:
    """Write the trail as JSON lines and return how many rows: a head line, a row a line with all
    fields of the chain, and an end line with the head hash.

    `about` (a case, a signal, a mention) narrows it to the rows whose object it is or that name it
    in their details. The other rows then stand as their hash alone, so that whoever has the head
    from elsewhere can check that the rows shown are those of the chain, in their places.
    """
    written = 0
    with begin_reading() as work:
        write(_line({"koubei": "audit", "format": _FORMAT, "at": at.isoformat(), "about": about}))
        for row in work.audit.rows():
            if not about or _is_about(row, about):
                write(_line(_document(row)))
                written += 1
            else:
                write(_line({"seq": row.seq, "row_hash": row.row_hash}))
        seq, head = work.audit.head()
        write(_line({"end": {"seq": seq, "head": head, "rows": written}}))
    return written


def verify_export(lines: Iterable[str], place: str, known: Iterable[KnownHead] = ()) -> Verified:
    """Look at an exported trail; ImportRefused when it is none, or its end is missing.

    Of a narrowed one every row shown is checked against its own hash and against the hash of the
    row before it; that the other hashes are right, only a head from elsewhere can tell.
    """
    heads = tuple(known)
    looking = Examination(heads)
    documents = _documents(lines, place)
    start = next(documents, {})
    if start.get("koubei") != "audit" or start.get("format") != _FORMAT:
        raise _no_export(place)
    end: Mapping[str, Any] | None = None
    for document in documents:
        if "end" in document:
            end = document["end"]
            break
        _see(looking, document, place)
    if end is None or next(documents, None) is not None:
        raise _no_export(place)
    try:
        looking.end(int(end["seq"]))
        same = (looking.seq, looking.head) == (end["seq"], end["head"])
    except (KeyError, TypeError, ValueError) as error:
        raise _no_export(place) from error
    if not same:
        raise _no_export(place)
    return Verified(looking.rows, looking.seq, looking.head, tuple(looking.findings), heads)


def _see(looking: Examination, document: Mapping[str, Any], place: str) -> None:
    try:
        if "at" in document:
            looking.see(_row(document))
        else:
            looking.skip(int(document["seq"]), str(document["row_hash"]))
    except (KeyError, TypeError, ValueError) as error:
        raise _no_export(place) from error


def _is_about(row: AuditRow, about: str) -> bool:
    return row.object_id == about or (bool(row.payload) and _names(json.loads(row.payload), about))


def _names(value: object, about: str) -> bool:
    if isinstance(value, dict):
        return any(_names(part, about) for part in value.values())
    if isinstance(value, list):
        return any(_names(part, about) for part in value)
    return value == about


def _entry(row: AuditRow, names: Mapping[str, str]) -> Entry:
    payload = json.loads(row.payload) if row.payload else {}
    listed = payload.items() if isinstance(payload, dict) else [("", payload)]
    return Entry(
        seq=row.seq,
        at=row.at,
        actor=actor_word(row.actor, names),
        action=action_word(row.action),
        action_code=row.action,
        object_id=row.object_id,
        reason=row.reason,
        details=tuple((name, _shown(value)) for name, value in listed if value not in ("", None)),
        erased=not row.payload and not row.salt,
        row_hash=row.row_hash,
    )


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _document(row: AuditRow) -> dict[str, object]:
    return {
        "seq": row.seq,
        "at": row.at.isoformat(),
        "actor": row.actor,
        "action": row.action,
        "object_id": row.object_id,
        "reason": row.reason,
        "payload": row.payload,
        "salt": row.salt,
        "payload_hash": row.payload_hash,
        "previous_hash": row.previous_hash,
        "row_hash": row.row_hash,
    }


def _row(document: Mapping[str, Any]) -> AuditRow:
    return AuditRow(**{**document, "at": datetime.fromisoformat(document["at"])})


def _line(document: Mapping[str, object]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n"


def _documents(lines: Iterable[str], place: str) -> Iterator[Mapping[str, Any]]:
    for line in lines:
        try:
            document = json.loads(line)
        except ValueError as error:
            raise _no_export(place) from error
        if not isinstance(document, dict):
            raise _no_export(place)
        yield document


def _no_export(place: str) -> ImportRefused:
    return ImportRefused(
        Text("不是完整的审计导出文件", "this is no whole export of an audit trail"),
        place=place,
        mend=Text("用 koubei audit export 重新导出", "export it again with koubei audit export"),
    )
