"""Changing what is watched: one use case for the dashboard and for `koubei apply`."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from domain.account import Account
from domain.brand import Change, Configuration, Watch, diff
from domain.crawl import crawl_job_name
from domain.errors import ConfigurationError, Text, VersionConflict
from domain.ports import BeginWork, UnitOfWork
from workflow.permissions import Permission, require

ACTION = "configuration.applied"
CRAWL_ASKED = "crawl.asked"
CRAWL_TRIED = "crawl.tried"

_PERMISSIONS: Final = {
    "brands": Permission.EDIT_WATCHES,
    "watches": Permission.EDIT_WATCHES,
    "sources": Permission.EDIT_WATCHES,
    "detection": Permission.EDIT_WATCHES,
    "rosters": Permission.EDIT_ROSTER,
    "quiet_hours": Permission.EDIT_ROSTER,
}
"""The parts of a configuration that more than an admin may change."""


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

    For whoever holds the machine: `koubei apply`, the first start. Nothing is written when nothing
    differs, or for a dry run. `expected_version` is the version whose diff a person has seen:
    VersionConflict when another one holds by now, because what they agreed to is then no longer
    what would happen.
    """
    with begin_work() as work:
        version, old = _current(work, expected_version)
        changes = diff(old, new)
        if dry_run or not changes:
            return Applied(version, changes, old, saved=False)
        return _save(work, new, version, old, changes, actor=actor, at=at, origin=origin)


def edit_configuration(
    begin_work: BeginWork,
    account_id: str,
    new: Configuration,
    *,
    expected_version: int,
    at: datetime,
    reason: str = "",
) -> Applied:
    """Make `new` the next version for a person, who needs a permission for each part it changes.

    Raises NotPermitted, and VersionConflict when another version than the one edited holds by now.
    """
    with begin_work() as work:
        version, old = _current(work, expected_version)
        changes = diff(old, new)
        if not changes:
            return Applied(version, changes, old, saved=False)
        account = _require_all(work, account_id, changes)
        return _save(
            work,
            new,
            version,
            old,
            changes,
            actor=account.actor,
            at=at,
            origin=reason or "dashboard",
        )


def permissions_for(changes: Iterable[Change]) -> frozenset[Permission]:
    """Return what somebody must be permitted to make these changes."""
    parts = {change.path.partition(".")[0] for change in changes}
    return frozenset(_PERMISSIONS.get(part, Permission.EDIT_SETTINGS) for part in parts)


def with_watch(configuration: Configuration, watch: Watch) -> Configuration:
    """Return the configuration with this watch in place of the one of its id, or added."""
    if configuration.watch(watch.id) is None:
        return replace(configuration, watches=(*configuration.watches, watch))
    return replace(
        configuration,
        watches=tuple(watch if each.id == watch.id else each for each in configuration.watches),
    )


def with_source_enabled(
    configuration: Configuration, source_id: str, *, enabled: bool
) -> Configuration:
    """Return the configuration with a source switched on or off."""
    return replace(
        configuration,
        sources=tuple(
            replace(each, enabled=enabled) if each.id == source_id else each
            for each in configuration.sources
        ),
    )


def crawl_now(
    begin_work: BeginWork, account_id: str, watch_id: str, source_id: str, *, at: datetime
) -> bool:
    """Ask the scheduler for a look at once; return False when one is due or newer already.

    The look goes through the same lane, pace and pauses as any other: asking twice asks nobody
    twice.
    """
    with begin_work() as work:
        account = require(work, account_id, Permission.EDIT_WATCHES)
        _, configuration = work.configuration.current()
        pairs = {(watch.id, source.id) for watch, source in configuration.crawl_pairs()}
        if (watch_id, source_id) not in pairs:
            raise ConfigurationError(
                Text("该来源未启用", "this source is not enabled"),
                place=f"{watch_id} / {source_id}",
                mend=Text("先启用方案和来源", "enable the watch and the source first"),
            )
        job = crawl_job_name(watch_id, source_id)
        if not work.slots.ensure(job, at):
            return False
        work.audit.append(
            at=at, actor=account.actor, action=CRAWL_ASKED, object_id=job, reason="", payload={}
        )
        work.commit()
    return True


def note_trial(
    begin_work: BeginWork, watch_id: str, source_id: str, *, actor: str, at: datetime
) -> None:
    """Note in the trail that somebody has one page asked for (试读一页), before it is.

    For whoever holds the machine; `try_as` is for the dashboard.
    """
    with begin_work() as work:
        _note_trial(work, watch_id, source_id, actor, at)
        work.commit()


def try_as(
    begin_work: BeginWork, account_id: str, watch_id: str, source_id: str, *, at: datetime
) -> None:
    """Note the same for a person; NotPermitted when they may not have a platform asked."""
    with begin_work() as work:
        account = require(work, account_id, Permission.EDIT_WATCHES)
        _note_trial(work, watch_id, source_id, account.actor, at)
        work.commit()


def _note_trial(work: UnitOfWork, watch_id: str, source_id: str, actor: str, at: datetime) -> None:
    job = crawl_job_name(watch_id, source_id)
    work.audit.append(at=at, actor=actor, action=CRAWL_TRIED, object_id=job, reason="", payload={})


def _current(work: UnitOfWork, expected_version: int | None) -> tuple[int, Configuration]:
    version, old = work.configuration.current()
    if expected_version is not None and version != expected_version:
        raise VersionConflict("configuration", expected=expected_version, found=version)
    return version, old


def _require_all(work: UnitOfWork, account_id: str, changes: tuple[Change, ...]) -> Account:
    accounts = [require(work, account_id, each) for each in sorted(permissions_for(changes))]
    return accounts[0]


def _save(
    work: UnitOfWork,
    new: Configuration,
    version: int,
    old: Configuration,
    changes: tuple[Change, ...],
    *,
    actor: str,
    at: datetime,
    origin: str,
) -> Applied:
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
