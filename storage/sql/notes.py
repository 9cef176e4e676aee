"""What is noted about the installation itself: one document a fact."""

from typing import Any

from sqlalchemy import Connection, delete, select

from domain.keeping import BackupNote, OutboxHold
from storage.sql.correction_tables import notes
from storage.sql.documents import from_document, to_document
from storage.sql.writes import put

HOLD = "outbox_hold"
_BACKUP = "last_backup"


class SqlNoteRepository:
    """Facts of which there is one each."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def hold_outbox(self, hold: OutboxHold) -> None:
        """Let no mail leave until it is released; `OutboxRepository.claim` gives none."""
        self._put(HOLD, hold, OutboxHold)

    def outbox_hold(self) -> OutboxHold | None:
        """Return why no mail leaves, None when mail leaves."""
        found: OutboxHold | None = self._get(HOLD, OutboxHold)
        return found

    def release_outbox(self) -> None:
        """Let mail leave again."""
        self._db.execute(delete(notes).where(notes.c.name == HOLD))

    def note_backup(self, backup: BackupNote) -> None:
        """Note the newest backup."""
        self._put(_BACKUP, backup, BackupNote)

    def last_backup(self) -> BackupNote | None:
        """Return the newest backup, None when there was none."""
        found: BackupNote | None = self._get(_BACKUP, BackupNote)
        return found

    def _put(self, name: str, value: object, kind: type) -> None:
        put(self._db, notes, [{"name": name, "document": to_document(value, kind)}])

    def _get(self, name: str, kind: type) -> Any:
        document = self._db.scalar(select(notes.c.document).where(notes.c.name == name))
        return None if document is None else from_document(document, kind)
