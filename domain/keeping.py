"""What is noted about the installation itself: its backups, and whether mail is held."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class OutboxHold:
    """Nothing is sent while this stands, because the outbox came out of a backup.

    A mail that is older than `since` was waiting when the backup was made (`backed_up_at`) and may
    have been sent after that; who releases the outbox decides. `backup` is the name of the file.
    """

    since: datetime
    backed_up_at: datetime
    backup: str


@dataclass(frozen=True, slots=True)
class BackupNote:
    """The newest backup. `verified`: it was restored into a temporary place and looked at.

    `audit_seq` and `audit_head` are the last row of the trail in it and that row's hash.
    """

    name: str
    folder: str
    made_at: datetime
    verified: bool
    bytes: int
    seconds: float
    audit_seq: int
    audit_head: str
