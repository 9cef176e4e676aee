"""Changing what is watched: one use case for the dashboard and for `koubei apply`."""

from dataclasses import dataclass
from datetime import datetime

from domain.brand import Change, Configuration, diff
from domain.errors import VersionConflict
from domain.ports import BeginWork

ACTION = "configuration.applied"


@dataclass(frozen=True, slots=True)
class Applied:
    """What an application did, or would do: the version that now holds, and what differs.

    `before` is the configuration that the changes start from. `saved` is False for a dry run and
    when nothing differs.
    """

    version: int
    changes: tuple[Change, ...]
    before: Configuration
    saved: bool


def apply_configuration(
    begin_work: BeginWork,
    new: Configuration,
    *,
    actor: str,
    at: datetime,
    origin: str,
    dry_run: bool = False,
    expected_version: int | None = None,
) -> Applied:
    """Make `new` the next version, with its audit row in the same transaction.

    Nothing is written when nothing differs, or for a dry run. `expected_version` is the version
    whose diff a person has seen: VersionConflict when another one holds by now, because what they
    agreed to is then no longer what would happen.
    """
    with begin_work() as work:
        version, old = work.configuration.current()
        if expected_version is not None and version != expected_version:
            raise VersionConflict("configuration", expected=expected_version, found=version)
        changes = diff(old, new)
        if dry_run or not changes:
            return Applied(version, changes, old, saved=False)
        saved = work.configuration.save(
            new, expected_version=version, actor=actor, at=at, origin=origin
        )
        work.audit.append(
            at=at,
            actor=actor,
            action=ACTION,
            object_id=f"configuration:{saved}",
            reason=origin,
            payload={
                "from_version": version,
                "changes": [[c.kind.value, c.path, c.before, c.after] for c in changes],
            },
        )
        work.commit()
    return Applied(saved, changes, old, saved=True)
