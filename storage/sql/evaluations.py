"""Every decision of the detector, with the numbers it was made from."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from domain.mention import Platform
from domain.signal import Evaluation, Figures, Outcome, Rule
from storage.sql.documents import from_document, to_document
from storage.sql.tables import evaluations
from storage.sql.writes import Values, put

_INPUTS = Mapping[str, object]
_ALL_PLATFORMS = ""


class SqlEvaluationRepository:
    """One row a brand, series, rule and bin."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def add(self, evaluations: Iterable[Evaluation]) -> None:
        """Store decisions; the same brand, series, rule and bin again replaces the earlier one."""
        put(self._db, _TABLE, map(_to_row, evaluations))

    def between(
        self, start: datetime, end: datetime, brand_id: str | None = None
    ) -> list[Evaluation]:
        """Return decisions whose bin ends in start < t ≤ end, by bin end."""
        c = _TABLE.c
        query = select(_TABLE).where(c.bin_end > start, c.bin_end <= end)
        if brand_id is not None:
            query = query.where(c.brand_id == brand_id)
        ordered = query.order_by(c.bin_end, c.evaluated_at)
        return [_from_row(row) for row in self._db.execute(ordered)]

    def prune(self, before: datetime) -> int:
        """Drop decisions whose bin ended before; return how many."""
        return self._db.execute(delete(_TABLE).where(_TABLE.c.bin_end < before)).rowcount


_TABLE = evaluations
"""The table, under a name that no argument of the port takes."""


def _to_row(evaluation: Evaluation) -> Values:
    platform = evaluation.platform
    return {
        "brand_id": evaluation.brand_id,
        "series": _ALL_PLATFORMS if platform is None else platform.value,
        "rule": evaluation.rule,
        "bin_start": evaluation.bin_start,
        "bin_end": evaluation.bin_end,
        "evaluated_at": evaluation.evaluated_at,
        "outcome": evaluation.outcome,
        "signal_id": evaluation.signal_id,
        "configuration_version": evaluation.configuration_version,
        "figures": to_document(evaluation.figures, Figures),
        "inputs": to_document(evaluation.inputs, _INPUTS),
    }


def _from_row(row: Row[Any]) -> Evaluation:
    return Evaluation(
        brand_id=row.brand_id,
        platform=None if row.series == _ALL_PLATFORMS else Platform(row.series),
        bin_start=row.bin_start,
        bin_end=row.bin_end,
        evaluated_at=row.evaluated_at,
        rule=Rule(row.rule),
        outcome=Outcome(row.outcome),
        figures=from_document(row.figures, Figures),
        inputs=from_document(row.inputs, _INPUTS),
        signal_id=row.signal_id,
        configuration_version=row.configuration_version,
    )
