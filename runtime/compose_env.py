"""The `.env` of docker-compose.yml: passwords, made once, and where the settings lie.

Elasticsearch is told its users by hash, so each password of theirs stands here beside its hash, in
the form of the server's own file of users.
"""

import base64
import hashlib
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final

from domain.errors import ConfigurationError, Text
from runtime.secret_files import write_new

ENV_NAME: Final = ".env"
_PASSWORD_BYTES: Final = 24
_SALT_BYTES: Final = 32
_HASH_BYTES: Final = 32
ROUNDS: Final = 10_000
"""What Elasticsearch takes for `pbkdf2`; the passwords are random, nobody guesses them."""
_UNWRITABLE: Final = frozenset("'\"\\$\n\r")
"""What Compose would not read back as it stands, even between quotes."""

_TEMPLATE: Final = """\
# docker compose 读取的密码与位置，由 koubei init --docker 生成；请勿提交、勿改动权限 0600。
# Passwords and places for docker compose, written by koubei init --docker. Keep it at mode 0600.
KOUBEI_FOLDER='{folder}'

# Elasticsearch 的管理员 elastic，其他服务都不知道。
# The superuser elastic of Elasticsearch; no other service knows it.
ELASTIC_PASSWORD={elastic}
# 用户 koubei_admin：建立与迁移自己的索引，只有服务 prepare 使用。
# The user koubei_admin: makes and migrates its own index; the service prepare alone asks as it.
KOUBEI_ADMIN_PASSWORD={admin}
KOUBEI_ADMIN_PASSWORD_HASH='{admin_hash}'
# 用户 koubei：只能读写自己的索引。The user koubei: reads and writes its own index.
KOUBEI_STORE_PASSWORD={writer}
KOUBEI_STORE_PASSWORD_HASH='{writer_hash}'
# 用户 koubei_reader：供人登录 Kibana。The user koubei_reader, for people in Kibana.
KOUBEI_READER_PASSWORD={reader}
KOUBEI_READER_PASSWORD_HASH='{reader_hash}'
# Kibana 自己（--profile kibana）。Kibana itself.
KOUBEI_KIBANA_PASSWORD={kibana}
KOUBEI_KIBANA_PASSWORD_HASH='{kibana_hash}'
KOUBEI_KIBANA_KEY={kibana_key}

# 流程库用 PostgreSQL 时（--profile postgres）去掉第二行的 #。
# The workflow database in PostgreSQL (--profile postgres): take the # off the second line.
KOUBEI_POSTGRES_PASSWORD={postgres}
# KOUBEI_WORKFLOW_URL=postgresql+psycopg://koubei:{postgres}@postgres/koubei"""


def write_compose_env(
    path: Path, folder: Path, *, random_bytes: Callable[[int], bytes] = secrets.token_bytes
) -> bool:
    """Write new passwords, mode 0600; False, and nothing done, when the file is there.

    `folder` is where koubei.toml lies, as seen from the compose file. ConfigurationError when
    Compose could not read its name back.
    """
    place = str(folder) if folder.is_absolute() else f"./{folder}"
    if _UNWRITABLE & set(place):
        raise ConfigurationError(
            Text("目录名不能含引号、$ 或 \\", "a folder's name may hold no quote, $ or \\"),
            place=place,
        )

    def password() -> str:
        return base64.urlsafe_b64encode(random_bytes(_PASSWORD_BYTES)).decode("ascii")

    values = {name: password() for name in _NAMES}
    hashes = {
        f"{name}_hash": hashed(values[name], random_bytes(_SALT_BYTES)) for name in _KNOWN_BY_HASH
    }
    return write_new(path, _TEMPLATE.format(folder=place, **values, **hashes))


_NAMES: Final = ("elastic", "admin", "writer", "reader", "kibana", "kibana_key", "postgres")
_KNOWN_BY_HASH: Final = ("admin", "writer", "reader", "kibana")


def hashed(password: str, salt: bytes) -> str:
    """Return a password as Elasticsearch's file `users` has it: PBKDF2 with HMAC-SHA512 (its
    `Hasher.PBKDF2`).
    """
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ROUNDS, _HASH_BYTES)
    parts = (base64.b64encode(part).decode("ascii") for part in (salt, key))
    return "{PBKDF2}" + "$".join((str(ROUNDS), *parts))
