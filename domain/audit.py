"""The audit trail: append-only rows, each sealed with the hash of the row before it."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

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


def first_broken(rows: Iterable[AuditRow]) -> int | None:
    """Return the `seq` of the first row that does not verify, None when the whole chain does.

    A row whose payload and salt were erased (both "") is checked by its payload hash alone.
    """
    previous, expected_seq = FIRST_HASH, 1
    for row in rows:
        erased = not row.payload and not row.salt
        payload_hash = hashlib.sha256(f"{row.salt}{row.payload}".encode()).hexdigest()
        row_hash = _row_hash(
            row.seq,
            row.at,
            row.actor,
            row.action,
            row.object_id,
            row.reason,
            row.payload_hash,
            previous,
        )
        sound = (
            row.seq == expected_seq
            and row.previous_hash == previous
            and (erased or payload_hash == row.payload_hash)
            and row_hash == row.row_hash
        )
        if not sound:
            return row.seq
        previous, expected_seq = row.row_hash, expected_seq + 1
    return None


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
