"""Applying a configuration: a version and its audit row, or nothing at all."""

from dataclasses import replace

import pytest

from domain.brand import Brand, ChangeKind, Configuration
from domain.errors import VersionConflict
from tests.fakes import NOON
from workflow.watches import ACTION, apply_configuration

ONE = Configuration(brands=(Brand("cha", "云栈奶茶"),))
TWO = replace(ONE, brands=(Brand("cha", "云栈奶茶", aliases=("云栈",)),))
ACT = {"actor": "cli:li", "at": NOON, "origin": "koubei apply brands.toml"}


class Database:
    """A configuration repository, an audit trail and a transaction, in memory."""

    def __init__(self) -> None:
        self.versions: list[tuple[Configuration, dict]] = []
        self.rows: list[dict] = []
        self.somebody_else = lambda: None

    def __call__(self) -> "Work":
        return Work(self)


class Work:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.configuration = self.audit = self
        self.pending: list = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.pending.clear()

    def current(self):
        versions = self.database.versions
        return (len(versions), versions[-1][0]) if versions else (0, Configuration())

    def save(self, configuration, *, expected_version, **about):
        self.database.somebody_else()
        found = len(self.database.versions)
        if found != expected_version:
            raise VersionConflict("configuration", expected=expected_version, found=found)
        self.pending.append((self.database.versions, (configuration, about)))
        return found + 1

    def append(self, **row):
        self.pending.append((self.database.rows, row))

    def commit(self):
        for target, item in self.pending:
            target.append(item)
        self.pending.clear()


@pytest.fixture
def database() -> Database:
    return Database()


def test_the_first_configuration_is_version_one_and_audited_in_the_same_transaction(database):
    applied = apply_configuration(database, ONE, **ACT)
    assert (applied.version, applied.saved) == (1, True)
    assert database.versions == [(ONE, ACT)]
    [row] = database.rows
    assert (row["action"], row["object_id"], row["actor"]) == (ACTION, "configuration:1", "cli:li")
    assert row["payload"]["from_version"] == 0
    assert row["payload"]["changes"][0][:2] == ["added", "brands.cha"]


def test_nothing_changed_makes_no_version_and_no_audit_row(database):
    apply_configuration(database, ONE, **ACT)
    applied = apply_configuration(database, ONE, **ACT)
    assert (applied.version, applied.changes, applied.saved) == (1, (), False)
    assert len(database.versions) == len(database.rows) == 1


def test_a_dry_run_tells_the_changes_and_writes_nothing(database):
    apply_configuration(database, ONE, **ACT)
    applied = apply_configuration(database, TWO, **ACT, dry_run=True)
    assert [(c.kind, c.path) for c in applied.changes] == [
        (ChangeKind.CHANGED, "brands.cha.aliases")
    ]
    assert (applied.version, applied.saved, applied.before) == (1, False, ONE)
    assert len(database.versions) == 1


def test_a_version_that_nobody_has_seen_is_not_overwritten(database):
    apply_configuration(database, ONE, **ACT)
    with pytest.raises(VersionConflict):
        apply_configuration(database, TWO, **ACT, expected_version=0)
    assert database.versions[-1][0] == ONE


def test_a_write_in_between_is_shown_and_leaves_no_audit_row(database):
    database.somebody_else = lambda: database.versions.append((TWO, {}))
    with pytest.raises(VersionConflict):
        apply_configuration(database, ONE, **ACT)
    assert database.rows == []
