"""Mentions that the mention store refused."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select

from domain.dead_letter import DeadLetter
from domain.documents import mention_document, mention_from_document
from domain.errors import SchemaMismatch, Text
from storage.sql.spool_tables import dead_letters
from storage.sql.writes import Values, put

_AT_ONCE = 500
"""Ids in one statement; SQLite takes 32,766 values."""


_ANY = select(dead_letters.c.mention_id).limit(1)


class SqlDeadLetterRepository:
    """A row a mention."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def put(self, letters: Iterable[DeadLetter]) -> None:
        """Store refusals. Of a mention that has one, the newer look is kept and the attempt
        counted.
        """
        new = {letter.mention.id: letter for letter in letters}
        known = {row.mention_id: row for row in self._rows(new)}
        rows = []
        for mention_id, letter in new.items():
            row = dict(_to_row(letter))
            before = known.get(mention_id)
            if before is not None:
                row["attempts"] += before.attempts
                row["first_refused_at"] = before.first_refused_at
                if before.collected_at > letter.mention.collected_at:
                    row["document"], row["collected_at"] = before.document, before.collected_at
            rows.append(row)
        put(self._db, dead_letters, rows)

    def recent(self, limit: int = 50) -> list[DeadLetter]:
        """Return letters, the newest refusal first."""
        c = dead_letters.c
        query = select(dead_letters).order_by(c.refused_at.desc(), c.mention_id).limit(limit)
        return [_from_row(row) for row in self._db.execute(query)]

    def get(self, mention_ids: Iterable[str]) -> list[DeadLetter]:
        """Return those of the mentions that have one, by mention id."""
        found = (_from_row(row) for row in self._rows(mention_ids))
        return sorted(found, key=lambda letter: letter.mention.id)

    def ids(self) -> list[str]:
        """Return the mention ids of all letters, in order."""
        c = dead_letters.c
        return list(self._db.scalars(select(c.mention_id).order_by(c.mention_id)))

    def count(self) -> int:
        """Return how many there are."""
        return self._db.scalar(select(func.count()).select_from(dead_letters)) or 0

    def remove(self, mention_ids: Iterable[str]) -> int:
        """Drop letters; return how many there were."""
        return sum(
            self._db.execute(delete(dead_letters).where(_are(some))).rowcount
            for some in _in_parts(mention_ids)
        )

    def end(self, mention_ids: Iterable[str], collected_at: datetime) -> int:
        """Drop the letters of mentions of which a look of that time, or a newer one, was stored;
        return how many.
        """
        if self._db.scalar(_ANY) is None:
            return 0  # mostly there are none, and every page asks
        older = dead_letters.c.collected_at <= collected_at
        return sum(
            self._db.execute(delete(dead_letters).where(_are(some), older)).rowcount
            for some in _in_parts(mention_ids)
        )

    def prune(self, before: datetime) -> int:
        """Drop letters last refused before; return how many."""
        old = delete(dead_letters).where(dead_letters.c.refused_at < before)
        return self._db.execute(old).rowcount

    def _rows(self, mention_ids: Iterable[str]) -> list[Row[Any]]:
        return [
            row
            for some in _in_parts(mention_ids)
            for row in self._db.execute(select(dead_letters).where(_are(some)))
        ]


def _are(mention_ids: list[str]) -> Any:
    return dead_letters.c.mention_id.in_(mention_ids)


def _in_parts(mention_ids: Iterable[str]) -> Iterable[list[str]]:
    ids = list(dict.fromkeys(mention_ids))
    return (ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE))


def _to_row(letter: DeadLetter) -> Values:
    document = mention_document(letter.mention)
    return {
        "mention_id": letter.mention.id,
        "run_id": letter.run_id,
        "reason_zh": letter.reason.zh,
        "reason_en": letter.reason.en,
        "document": json.dumps(document, ensure_ascii=False, separators=(",", ":")),
        "collected_at": letter.mention.collected_at,
        "first_refused_at": letter.first_refused_at,
        "refused_at": letter.refused_at,
        "attempts": letter.attempts,
    }


def _from_row(row: Row[Any]) -> DeadLetter:
    try:
        mention = mention_from_document(json.loads(row.document))
    except (KeyError, ValueError, TypeError) as error:
        raise SchemaMismatch(
            Text("无法入库的内容由其他版本写入", "a dead letter of another version"),
            place="workflow database",
            mend=Text("使用写入它的版本，或更新程序", "use the version that wrote it, or update"),
        ) from error
    return DeadLetter(
        mention=mention,
        reason=Text(row.reason_zh, row.reason_en),
        run_id=row.run_id,
        first_refused_at=row.first_refused_at,
        refused_at=row.refused_at,
        attempts=row.attempts,
    )
