"""History from one mention store to the other: which may be moved where, and how far it came.

How far lies in `data_dir/store-move`, and so does which stores were meant: a store that holds
mentions is a target only of the move that filled it. The store in use is never a target.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Final

from pydantic_core import PydanticCustomError

from domain.errors import ConfigurationError, KoubeiError, StoreError, Text
from domain.ports import MentionStore
from monitoring.moving import Moved, move
from runtime.extras import require
from runtime.one_service import only_one
from runtime.secret_files import make_private_folder
from runtime.settings import Settings
from runtime.settings_model import check_mention_store, sqlite_path
from runtime.wiring import open_mention_store

_FOLDER: Final = "store-move"


@dataclass(frozen=True, slots=True)
class Route:
    """From where to where, as addresses of mention stores."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class State:
    """Which move this is, and the day that its first pass came to."""

    route: Route
    until: datetime | None

    def write(self, folder: Path) -> None:
        """Store it, whole or not at all."""
        until = None if self.until is None else self.until.isoformat()
        values = {"from": self.route.source, "to": self.route.target, "until": until}
        state = _file(folder, self.route)
        unfinished = state.with_name(f".{state.name}.part")
        unfinished.write_text(json.dumps(values), encoding="utf-8")
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        unfinished.replace(state)

    @classmethod
    def read(cls, folder: Path, target: Route) -> "State | None":
        """Return what was stored of the target of a route, None where nothing was."""
        file = _file(folder, target)
        try:
            values = json.loads(file.read_text(encoding="utf-8"))
            until = values["until"]
            at = None if until is None else datetime.fromisoformat(until)
            return cls(Route(values["from"], values["to"]), at)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(
                Text("迁移进度文件已损坏", "the note of how far a move came is damaged"),
                place=str(file),
                mend=Text(
                    "清空目标存储并删除此文件，从头开始",
                    "empty the target store, delete the file and begin anew",
                ),
            ) from error


def _file(folder: Path, way: Route) -> Path:
    """Return the file of a target: what filled it is known for each."""
    return folder / f"{hashlib.sha256(way.target.encode()).hexdigest()[:16]}.json"


def route(settings: Settings, *, to: str, from_: str | None) -> Route:
    """Return a route that may be taken; ConfigurationError for another."""
    source = _address(from_ or settings.mention_store_url, "--from")
    target = _address(to, "--to")
    if target == _address(settings.mention_store_url, "mention_store_url"):
        raise ConfigurationError(
            Text("目标就是正在使用的内容库", "the target is the store in use"),
            place="--to",
            mend=Text(
                "只能从正在使用的内容库搬到另一个；搬完再改 mention_store_url",
                "move from the store in use to another one, then change mention_store_url",
            ),
        )
    if source == target:
        raise ConfigurationError(
            Text("来源与目标相同", "source and target are the same"), place="--from --to"
        )
    return Route(source, target)


def move_store(
    settings: Settings,
    way: Route,
    *,
    total: Callable[[int], None],
    read: Callable[[int], None],
) -> Moved:
    """Move every mention, or go on where an earlier move of this route was cut off.

    `total` is told how many mentions the source holds, `read` of those that were looked at, each
    in every pass. KoubeiError when the target holds mentions that another than this route brought.
    """
    _require_source(settings, way.source)
    folder = settings.data_dir / _FOLDER
    make_private_folder(folder)
    busy = KoubeiError(
        Text("另一个搬迁正在进行", "another move is under way"),
        place=str(folder),
        mend=Text("等它结束", "wait for it to end"),
    )
    with only_one(folder, otherwise=busy), _both(settings, way) as (source, target):
        before = State.read(folder, way)
        is_ours = before is not None and before.route == way
        if not is_ours and target.status().mentions:
            raise KoubeiError(
                Text("目标里已有别的提及，未搬迁", "the target holds mentions of its own"),
                place=way.target,
                mend=Text("换一个空的文件或索引", "take an empty file or index"),
            )
        State(way, before.until if before and is_ours else None).write(folder)
        total(source.status().mentions)
        moved = move(
            source,
            target,
            read=read,
            begin_with=before.until if before and is_ours else None,
            day_done=lambda day: State(way, day).write(folder),
        )
        State(way, None).write(folder)  # the next one looks at everything again
    return moved


@contextmanager
def _both(settings: Settings, way: Route) -> Iterator[tuple[MentionStore, MentionStore]]:
    if sqlite_path(way.target) is None:
        changes = _clusters().prepare(settings.cluster_at(way.target))
        if changes.needs_migration:
            raise KoubeiError(
                Text("目标索引的版本较旧", "the target's index is of an older version"),
                place=way.target,
                mend=Text("koubei migrate", "koubei migrate"),
            )
    with (
        closing(open_mention_store(settings, way.source)) as source,
        closing(open_mention_store(settings, way.target)) as target,
    ):
        yield source, target


def _require_source(settings: Settings, url: str) -> None:
    path = sqlite_path(url)
    if path is not None and path.exists():
        return
    if path is None and _clusters().mentions_in(settings.cluster_at(url)) is not None:
        return
    raise ConfigurationError(
        Text("来源还没有数据", "the source has no data yet"),
        place=url,
        mend=Text("检查 --from，或 mention_store_url", "check --from, or mention_store_url"),
    )


def _address(url: str, place: str) -> str:
    """Return an address in the one form in which it is compared."""
    try:
        check_mention_store(url)
    except PydanticCustomError as error:
        context = error.context or {}
        raise ConfigurationError(Text(context["zh"], context["en"]), place=place) from None
    path = sqlite_path(url)
    if path is not None:
        return f"sqlite:///{path.expanduser().absolute()}"
    return ",".join(part.strip().rstrip("/") for part in url.split(","))


def _clusters() -> ModuleType:
    """Return `runtime.clusters`; DependencyMissing without the client of Elasticsearch."""
    require("elasticsearch")
    import runtime.clusters

    return runtime.clusters
