"""Mail as files: without a mail server configured, every mail is an .eml file in a folder."""

import os
import tempfile
from datetime import UTC
from pathlib import Path

from delivery.message import Sender, compose
from domain.errors import DeliveryError, Text
from domain.outbox import OutboxMail, message_id
from domain.ports import Clock


class FolderMailer:
    """The Notifier that writes `<time>-<Message-ID>.eml`; the same key again replaces its file."""

    def __init__(self, folder: Path, sender: Sender, clock: Clock) -> None:
        self._folder = folder
        self._sender = sender
        self._clock = clock

    def path_of(self, mail: OutboxMail) -> Path:
        """Return where the mail lies, or will lie."""
        name = message_id(mail.key, self._sender.hostname).strip("<>").partition("@")[0]
        return self._folder / f"{mail.created_at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{name}.eml"

    def send(self, mail: OutboxMail) -> None:
        """Write the mail durably and whole; DeliveryError when the folder cannot be written."""
        message = compose(mail, self._sender, self._clock.now()).as_bytes()
        try:
            self._write(self.path_of(mail), message)
        except OSError as error:
            raise DeliveryError(
                Text(
                    f"写入发件文件夹失败（{error.strerror}）",
                    f"cannot write the outbox folder ({error.strerror})",
                ),
                retry=True,
                place=str(self._folder),
                mend=Text("检查磁盘空间与目录权限", "check free space and the folder's rights"),
            ) from error

    def _write(self, path: Path, message: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=self._folder, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(message)
                file.flush()
                os.fsync(file.fileno())
            Path(part).replace(path)
        except OSError:
            Path(part).unlink(missing_ok=True)
            raise
        _sync(self._folder)


def _sync(folder: Path) -> None:
    """Make the new name durable; without it a power cut can forget the file."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
