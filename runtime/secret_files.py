"""Secrets in files that only their owner can read."""

import base64
import binascii
import os
import secrets
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr
from pydantic_core import PydanticCustomError

from domain.errors import ConfigurationError, Text
from presentation.refusals import refusal
from runtime.problems import refused

METRICS_TOKEN_NAME = "metrics_token"  # noqa: S105  # the name of a file
"""The file of the token with which Prometheus reads /metrics."""
FIRST_CODE_NAME = "first_code"
"""The file of the code for the first admin, where no person reads the terminal."""
KEY_NAMES = ("author_key", "seal_key")
_KEY_BYTES = 32
_METRICS_TOKEN_BYTES = 24


@dataclass(frozen=True, slots=True)
class Keys:
    """32 random bytes each: `author_key` for the hash of platform ids, `seal_key` for full names.

    They lie outside every database: who has a copy of the data alone can tell no author.
    """

    author_key: bytes = field(repr=False)
    seal_key: bytes = field(repr=False)


def read_secret_file(path: Path) -> SecretStr:
    """Return the content of a secret file without the final line end.

    Raises PydanticCustomError when it cannot be read, is empty, or others may read it.
    """
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        content = path.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        why = refusal(error).text
        raise refused(f"无法读取 {path}：{why.zh}", f"cannot read {path}: {why.en}") from error
    except UnicodeDecodeError as error:
        raise refused(f"{path} 不是 UTF-8 文本", f"{path} is not UTF-8") from error
    if mode & 0o077:
        raise refused(
            f"{path} 的权限是 {mode:04o}，他人可读；请执行 chmod 600 {path}",
            f"others can read {path} (mode {mode:04o}); run chmod 600 {path}",
        )
    if not content:
        raise refused(f"{path} 是空的", f"{path} is empty")
    return SecretStr(content)


def read_secret(path: Path) -> str:
    """Return what `read_secret_file` returns as text; ConfigurationError where that refuses."""
    try:
        return read_secret_file(path).get_secret_value()
    except PydanticCustomError as error:
        raise _unusable(
            error, str(path), Text("检查文件与权限", "look at the file and its mode")
        ) from None


def make_private_folder(folder: Path) -> None:
    """Make a folder that only its owner can enter; one that exists is left as it is."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def make_missing_keys(
    folder: Path, *, random_bytes: Callable[[int], bytes] = secrets.token_bytes
) -> list[Path]:
    """Write a new key for each that is not in `folder` yet; return the files written.

    A key that is there is never replaced: what it hashed and sealed would be lost.
    """
    make_private_folder(folder)
    written = []
    for name in KEY_NAMES:
        path = folder / name
        if write_new(path, base64.urlsafe_b64encode(random_bytes(_KEY_BYTES)).decode()):
            written.append(path)
    return written


def metrics_token(
    folder: Path, *, random_bytes: Callable[[int], bytes] = secrets.token_bytes
) -> SecretStr:
    """Return the token that opens /metrics; made at the first call.

    ConfigurationError when its file is empty (a start was cut off), or others may read it.
    """
    make_private_folder(folder)
    path = folder / METRICS_TOKEN_NAME
    write_new(path, base64.urlsafe_b64encode(random_bytes(_METRICS_TOKEN_BYTES)).decode())
    try:
        return read_secret_file(path)
    except PydanticCustomError as error:
        raise _unusable(
            error, str(path), Text("删除此文件后重新启动", "delete the file and start again")
        ) from None


def keep_first_code(folder: Path, code: str) -> Path:
    """Write the code for the first admin for its owner alone, in place of an older; return the
    file.
    """
    forget_first_code(folder)
    make_private_folder(folder)
    path = folder / FIRST_CODE_NAME
    write_new(path, code)
    return path


def forget_first_code(folder: Path) -> None:
    """Remove the file of a code that is worth nothing any more."""
    (folder / FIRST_CODE_NAME).unlink(missing_ok=True)


def load_keys(
    folder: Path, *, author_key: SecretStr | None = None, seal_key: SecretStr | None = None
) -> Keys:
    """Return the keys: those given (from the environment), else those of the files.

    ConfigurationError when one is missing, readable by others or not 32 bytes in base64.
    """
    given = {"author_key": author_key, "seal_key": seal_key}
    return Keys(**{name: _key(name, given[name], folder / name) for name in KEY_NAMES})


def _key(name: str, given: SecretStr | None, path: Path) -> bytes:
    place = f"KOUBEI_{name.upper()}" if given else str(path)
    try:
        text = (given or read_secret_file(path)).get_secret_value()
    except PydanticCustomError as error:
        mend = Text(
            "从备份取回 secrets/；全新安装时由 koubei init 生成"
            "（换了密钥，已知作者认不出，封存的全名读不出）",
            "bring secrets/ back from the backup; for a new installation koubei init makes it "
            "(with another key known authors look new and sealed names stay sealed)",
        )
        raise _unusable(error, place, mend) from None
    try:
        key = base64.b64decode(text, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _KEY_BYTES:
        raise ConfigurationError(
            Text(
                f"应为 {_KEY_BYTES} 字节的 base64url 文本",
                f"must be {_KEY_BYTES} bytes in base64url",
            ),
            place=place,
        )
    return key


def write_new(path: Path, text: str) -> bool:
    """Write a line, or more, into a file that only its owner can read; False, and nothing done,
    when it is there.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    return True


def _unusable(error: PydanticCustomError, place: str, mend: Text) -> ConfigurationError:
    context = error.context or {}
    return ConfigurationError(Text(context["zh"], context["en"]), place=place, mend=mend)
