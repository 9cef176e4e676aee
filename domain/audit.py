"""The audit trail: append-only rows, each sealed with the hash of the row before it."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

FIRST_HASH = "0" * 64


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One act: who did what to what, when and why. `payload` is canonical JSON, hashed with `salt`.

    The chain covers the salted hash of the payload, not the payload: a payload may be erased later
    (rights requests) and the chain still verifies. `seq` counts from 1 without gaps.
    """

    seq: int
    at: datetime
    actor: str
    action: str
    object_id: str
    reason: str
    payload: str
    salt: str
    payload_hash: str
    previous_hash: str
    row_hash: str


def canonical(payload: object) -> str:
    """Return `payload` as JSON with sorted keys and no spaces, the form that is hashed."""
    return json.dumps(
        payload, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str
    )


def seal(
    *,
    seq: int,
    at: datetime,
    actor: str,
    action: str,
    object_id: str,
    reason: str,
    payload: str,
    salt: str,
    previous_hash: str,
) -> AuditRow:
    """Return the row with its hashes; `previous_hash` of the first row is FIRST_HASH."""
    payload_hash = hashlib.sha256(f"{salt}{payload}".encode()).hexdigest()
    row_hash = _row_hash(seq, at, actor, action, object_id, reason, payload_hash, previous_hash)
    return AuditRow(
        seq,
        at,
        actor,
        action,
        object_id,
        reason,
        payload,
        salt,
        payload_hash,
        previous_hash,
        row_hash,
    )


class Flaw(StrEnum):
    """How a trail can fail to verify."""

    MISSING = "missing"
    """Rows before this one are not there."""
    LINK = "link"
    """It is not sealed with the row before it."""
    ROW = "row"
    """What it says is not what was sealed."""
    PAYLOAD = "payload"
    """Its details are not those that were sealed."""
    UNTOLD = "untold"
    """Its details were erased, and no later row tells of that."""
    CUT = "cut"
    """Rows at the end are not there: a number was given out, or a head kept elsewhere tells."""
    REPLACED = "replaced"
    """Another row stands where a head kept elsewhere tells of this one."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a trail: what, at which row, and (of a head) who tells so."""

    flaw: Flaw
    seq: int
    told_by: str = ""


@dataclass(frozen=True, slots=True)
class KnownHead:
    """The hash that row `seq` had, as somebody outside of the database remembers it."""

    seq: int
    row_hash: str
    place: str


ERASED = "audit.erased"
"""The action of a row that tells of an erased payload; its object is the row's seq."""


@dataclass(slots=True)
class Examination:
    """Looks at a trail row by row, in order, in bounded memory.

    `seq` and `head` are those of the last row seen (0 and FIRST_HASH before the first), `rows` how
    many were looked at, `findings` what is wrong: of the chain the first flaw only, because what
    comes after it follows from it.
    """

    known: tuple[KnownHead, ...] = ()
    seq: int = 0
    head: str = FIRST_HASH
    rows: int = 0
    findings: list[Finding] = field(default_factory=list)
    _erased: set[int] = field(default_factory=set)

    def see(self, row: AuditRow) -> None:
        """Look at the next row."""
        if (flaw := self._flaw(row)) is not None:
            self._note(flaw, row.seq)
        if not row.payload and not row.salt:
            self._erased.add(row.seq)
        if row.action == ERASED and row.object_id.isdecimal():
            self._erased.discard(int(row.object_id))
        self._pass(row.seq, row.row_hash)
        self.rows += 1

    def skip(self, seq: int, row_hash: str) -> None:
        """Pass a row of which only the hash is known."""
        if seq != self.seq + 1:
            self._note(Flaw.MISSING, seq)
        self._pass(seq, row_hash)

    def end(self, given_out: int) -> None:
        """Say that there are no more rows; `given_out` is the last number that was given to one."""
        self.findings += [Finding(Flaw.UNTOLD, seq) for seq in sorted(self._erased)]
        if given_out > self.seq:
            self.findings.append(Finding(Flaw.CUT, self.seq + 1))
        self.findings += [
            Finding(Flaw.CUT, head.seq, head.place) for head in self.known if head.seq > self.seq
        ]

    def _note(self, flaw: Flaw, seq: int) -> None:
        if not any(found.flaw in _OF_THE_CHAIN for found in self.findings):
            self.findings.insert(0, Finding(flaw, seq))

    def _pass(self, seq: int, row_hash: str) -> None:
        self.findings += [
            Finding(Flaw.REPLACED, seq, head.place)
            for head in self.known
            if head.seq == seq and head.row_hash != row_hash
        ]
        self.seq, self.head = seq, row_hash

    def _flaw(self, row: AuditRow) -> Flaw | None:
        if row.seq != self.seq + 1:
            return Flaw.MISSING
        if row.previous_hash != self.head:
            return Flaw.LINK
        if row.payload or row.salt:
            payload_hash = hashlib.sha256(f"{row.salt}{row.payload}".encode()).hexdigest()
            if payload_hash != row.payload_hash:
                return Flaw.PAYLOAD
        return None if row.row_hash == own_hash(row) else Flaw.ROW


_OF_THE_CHAIN = frozenset({Flaw.MISSING, Flaw.LINK, Flaw.ROW, Flaw.PAYLOAD})


def first_broken(rows: Iterable[AuditRow]) -> int | None:
    """Return the `seq` of the first row that does not verify, None when the whole chain does.

    A row whose payload and salt were erased (both "") is checked by its payload hash alone.
    """
    looking = Examination()
    for row in rows:
        looking.see(row)
        if looking.findings:
            return looking.findings[0].seq
    return None


def own_hash(row: AuditRow) -> str:
    """Return the hash that a row's contents come to, whatever its `row_hash` says."""
    return _row_hash(
        row.seq,
        row.at,
        row.actor,
        row.action,
        row.object_id,
        row.reason,
        row.payload_hash,
        row.previous_hash,
    )


def _row_hash(
    seq: int,
    at: datetime,
    actor: str,
    action: str,
    object_id: str,
    reason: str,
    payload_hash: str,
    previous_hash: str,
) -> str:
    sealed = canonical(
        [seq, at.isoformat(), actor, action, object_id, reason, payload_hash, previous_hash]
    )
    return hashlib.sha256(sealed.encode()).hexdigest()
