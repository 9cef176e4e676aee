"""Applying a configuration: a version and its audit row, or nothing at all."""

from dataclasses import replace

import pytest

from domain.account import Account, Role
from domain.brand import (
    Brand,
    ChangeKind,
    Configuration,
    DetectionRule,
    Recipient,
    Sensitivity,
    Source,
    Transport,
    Watch,
    diff,
)
from domain.errors import ConfigurationError, NotPermitted, VersionConflict
from domain.mention import Platform
from domain.roster import Roster
from tests.fakes import NOON
from workflow.permissions import Permission
from workflow.watches import (
    ACTION,
    CRAWL_ASKED,
    apply_configuration,
    crawl_now,
    edit_configuration,
    permissions_for,
    with_watch,
)

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


class TestEditing:
    """A person's edit, over the real database: permission, version, audit."""

    @pytest.fixture
    def people(self, begin):
        with begin() as work:
            for login, role in (("lead", Role.DUTY_LEAD), ("admin", Role.ADMIN)):
                work.accounts.add(Account(login, login, login, frozenset({role}), NOON))
            work.commit()
        return begin

    def edit(self, begin, who, new, version=0):
        return edit_configuration(begin, who, new, expected_version=version, at=NOON, reason="r")

    def test_who_leads_the_duty_may_change_brands_and_is_named(self, people):
        assert self.edit(people, "lead", ONE).version == 1
        with people() as work:
            [row] = work.audit.rows()
        assert (row.actor, row.action, row.reason) == ("account:lead", ACTION, "r")

    def test_recipients_are_for_an_admin(self, people):
        new = replace(ONE, recipients=(Recipient("a", "A", "a@example.com"),))
        with pytest.raises(NotPermitted):
            self.edit(people, "lead", new)
        assert self.edit(people, "admin", new).saved
        with people() as work:
            assert len(list(work.audit.rows())) == 1

    def test_a_version_that_was_not_seen_is_not_overwritten(self, people):
        self.edit(people, "lead", ONE)
        with pytest.raises(VersionConflict):
            self.edit(people, "lead", TWO, version=0)

    def test_nothing_changed_asks_for_no_permission_and_writes_nothing(self, people):
        assert not self.edit(people, "nobody", Configuration()).saved

    @pytest.mark.parametrize(
        ("new", "needed"),
        [
            (ONE, {Permission.EDIT_WATCHES}),
            (replace(ONE, detection=DetectionRule(Sensitivity.MORE)), {Permission.EDIT_WATCHES}),
            (
                Configuration(rosters=(Roster("r", ()),)),
                {Permission.EDIT_ROSTER},
            ),
            (
                replace(ONE, recipients=(Recipient("a", "A", "a@example.com"),)),
                {Permission.EDIT_WATCHES, Permission.EDIT_SETTINGS},
            ),
        ],
    )
    def test_what_must_be_permitted_follows_from_what_differs(self, new, needed):
        assert permissions_for(diff(Configuration(), new)) == needed


class TestCrawlNow:
    @pytest.fixture
    def watched(self, begin):
        source = Source("s", "weibo_search", Platform.WEIBO, Transport.HTTP, "https://s.weibo.com")
        off = replace(source, id="off", enabled=False)
        watch = Watch("w", "云栈", ("cha",), ("云栈",), ("s", "off"))
        with begin() as work:
            work.accounts.add(Account("lead", "lead", "lead", frozenset({Role.DUTY_LEAD}), NOON))
            work.commit()
        apply_configuration(begin, replace(ONE, watches=(watch,), sources=(source, off)), **ACT)
        return begin

    def test_a_look_is_asked_for_once(self, watched):
        assert crawl_now(watched, "lead", "w", "s", at=NOON)
        assert not crawl_now(watched, "lead", "w", "s", at=NOON)
        with watched() as work:
            assert [slot.job for slot in work.slots.latest()] == ["crawl:w:s"]
            assert [row.action for row in work.audit.of("crawl:w:s")] == [CRAWL_ASKED]

    def test_a_source_that_is_off_is_not_asked(self, watched):
        with pytest.raises(ConfigurationError):
            crawl_now(watched, "lead", "w", "off", at=NOON)

    def test_who_may_not_is_refused(self, watched):
        with pytest.raises(NotPermitted):
            crawl_now(watched, "nobody", "w", "s", at=NOON)


def test_a_watch_is_replaced_in_its_place_or_added():
    first, second = (Watch(n, n, ("cha",), (n,), ("s",)) for n in ("a", "b"))
    both = replace(ONE, watches=(first, second))
    assert with_watch(both, replace(first, name="甲")).watches == (
        replace(first, name="甲"),
        second,
    )
    assert with_watch(ONE, first).watches == (first,)
