"""Runs of the sentiment model: one document a run."""

from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from domain.model_run import ModelRun
from storage.sql.documents import from_document, to_document
from storage.sql.model_run_tables import model_runs
from storage.sql.writes import take_number

_NUMBER_OF = select(func.max(model_runs.c.run)).where(model_runs.c.model_id == bindparam("model"))


class SqlModelRunRepository:
    """A row a run."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def current(self) -> ModelRun | None:
        """Return the newest run, None before the first."""
        newest = select(model_runs.c.document).order_by(model_runs.c.run.desc()).limit(1)
        return _read(self._db.scalar(newest))

    def all(self) -> list[ModelRun]:
        """Return every run, the newest first."""
        found = self._db.scalars(select(model_runs.c.document).order_by(model_runs.c.run.desc()))
        return [run for document in found if (run := _read(document)) is not None]

    def number_of(self, model_id: str) -> int:
        """Return the newest run of a model, 0 when it never had one."""
        return self._db.scalar(_NUMBER_OF, {"model": model_id}) or 0

    def next_number(self) -> int:
        """Return the number of the next run; whoever else asks waits for this unit's end."""
        return take_number(self._db, "model runs")

    def add(self, run: ModelRun) -> None:
        """Store a new run."""
        document = to_document(run, ModelRun)
        self._db.execute(
            insert(model_runs).values(run=run.run, model_id=run.model_id, document=document)
        )

    def save(self, run: ModelRun) -> None:
        """Store how far a run has come."""
        known = update(model_runs).where(model_runs.c.run == run.run)
        self._db.execute(known.values(document=to_document(run, ModelRun)))


def _read(document: str | None) -> ModelRun | None:
    if document is None:
        return None
    run: Any = from_document(document, ModelRun)
    return run if isinstance(run, ModelRun) else None
