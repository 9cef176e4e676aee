"""People's corrections: rows that are only ever added, and whether the mention shows them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, false, func, insert, select, true, update

from domain.correction import Correction, CorrectionAct
from domain.mention import Platform
from domain.sentiment import Label, Sentiment
from storage.sql.correction_tables import corrections
from storage.sql.documents import from_document, to_document
from storage.sql.writes import Values, take_number

_NAMES = tuple[str, ...]
_JUDGEMENTS = Mapping[str, Sentiment]


class SqlCorrectionRepository:
    """A row an act."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def add(self, correction: Correction) -> Correction:
        """Store an act and return it with its number; its mention does not show it yet."""
        statement = insert(corrections).values(**_to_row(correction))
        seq = self._db.execute(statement.returning(corrections.c.seq)).scalar_one()
        return replace(correction, seq=seq)

    def of(self, mention_id: str) -> list[Correction]:
        """Return the acts about a mention, in order."""
        return self._listed(corrections.c.mention_id == mention_id)

    def of_batch(self, batch: str) -> list[Correction]:
        """Return the acts of a bulk, in order."""
        return self._listed(corrections.c.batch == batch)

    def between(self, start: datetime, end: datetime) -> list[Correction]:
        """Return the acts of start ≤ at < end, in order."""
        return self._listed((corrections.c.at >= start) & (corrections.c.at < end))

    def next_batch(self) -> str:
        """Return the name of the next bulk."""
        return f"bulk-{take_number(self._db, 'correction bulks')}"

    def unprojected(self, limit: int) -> list[str]:
        """Return mentions that do not show what people said of them, those that wait longest
        first.
        """
        c = corrections.c
        query = (
            select(c.mention_id)
            .where(c.projected.is_(false()))
            .group_by(c.mention_id)
            .order_by(func.min(c.seq))
            .limit(limit)
        )
        return list(self._db.scalars(query))

    def mark_projected(self, mention_id: str, up_to: int) -> None:
        """Note that a mention shows the acts about it up to this number."""
        c = corrections.c
        shown = update(corrections).where(c.mention_id == mention_id, c.seq <= up_to)
        self._db.execute(shown.values(projected=true()))

    def project_all_again(self) -> int:
        """Note that no mention shows what people said, as after a restore; return how many acts
        there are.
        """
        return self._db.execute(update(corrections).values(projected=false())).rowcount

    def _listed(self, which: Any) -> list[Correction]:
        query = select(corrections).where(which).order_by(corrections.c.seq)
        return [_from_row(row) for row in self._db.execute(query)]


def _to_row(one: Correction) -> Values:
    return {
        "mention_id": one.mention_id,
        "target": one.target,
        "act": one.act,
        "account_id": one.account_id,
        "at": one.at,
        "reason": one.reason,
        "platform": one.platform,
        "brand_ids": to_document(one.brand_ids, _NAMES),
        "targets": to_document(one.targets, _NAMES),
        "before": to_document(one.before, _JUDGEMENTS),
        "after": to_document(one.after, _JUDGEMENTS),
        "model": to_document(one.model, _JUDGEMENTS),
        "label": one.label,
        "model_label": one.model_label,
        "said": one.said,
        "batch": one.batch,
        "projected": False,
        "sampled": one.sampled,
    }


def _from_row(row: Row[Any]) -> Correction:
    return Correction(
        mention_id=row.mention_id,
        target=row.target,
        act=CorrectionAct(row.act),
        account_id=row.account_id,
        at=row.at,
        reason=row.reason,
        platform=Platform(row.platform),
        brand_ids=from_document(row.brand_ids, _NAMES),
        targets=from_document(row.targets, _NAMES),
        before=from_document(row.before, _JUDGEMENTS),
        after=from_document(row.after, _JUDGEMENTS),
        model=from_document(row.model, _JUDGEMENTS),
        label=None if row.label is None else Label(row.label),
        model_label=None if row.model_label is None else Label(row.model_label),
        said=row.said,
        batch=row.batch,
        seq=row.seq,
        sampled=row.sampled,
    )
