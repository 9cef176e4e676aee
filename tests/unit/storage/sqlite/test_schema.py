"""storage/sqlite/schema.py: what is opened, migrated and refused."""

import sqlite3
from datetime import timedelta

import pytest

from domain.errors import SchemaMismatch, StoreError
from domain.mention import UNCOUNTED, Flag, Platform
from domain.queries import MentionFilter
from domain.sentiment import Judge, Label, Sentiment
from storage.sqlite import schema
from storage.sqlite.mentions import SqliteMentionStore
from storage.sqlite.schema import SCHEMA_VERSION, migrate
from tests.fakes import NOON, a_mention


@pytest.fixture
def path(tmp_path):
    return tmp_path / "mentions.db"


def make(path, *statements):
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def test_a_new_file_has_the_newest_schema(path):
    store = SqliteMentionStore(path)
    assert store.status().schema_version == SCHEMA_VERSION
    store.close()
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_opening_again_keeps_what_is_there(path):
    store = SqliteMentionStore(path)
    store.add([a_mention()])
    store.close()
    again = SqliteMentionStore(path)
    assert again.get(["weibo:1"]) == {"weibo:1": a_mention()}
    again.close()


def test_opening_does_not_wait_for_a_writer(path):
    store = SqliteMentionStore(path)
    store.add([a_mention()])
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    reader = SqliteMentionStore(path)
    assert reader.status().mentions == 1
    writer.execute("ROLLBACK")
    for opened in (writer, reader, store):
        opened.close()


def test_a_file_of_a_newer_program_is_refused_with_the_mend(path):
    SqliteMentionStore(path).close()
    make(path, f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    with pytest.raises(SchemaMismatch, match="upgrade koubei") as caught:
        SqliteMentionStore(path)
    assert str(path) in str(caught.value)
    assert not caught.value.retry


def test_another_database_is_refused_and_left_alone(path):
    make(path, "CREATE TABLE users (name TEXT)", "PRAGMA user_version = 1")
    with pytest.raises(SchemaMismatch, match="no mention store"):
        SqliteMentionStore(path)
    connection = sqlite3.connect(path)
    tables = connection.execute("SELECT name FROM sqlite_schema").fetchall()
    connection.close()
    assert tables == [("users",)]


def test_a_file_that_is_no_database_is_an_error(path):
    path.write_bytes(b"not a database at all, but long enough to look like a header" * 20)
    with pytest.raises(StoreError, match="no database") as caught:
        SqliteMentionStore(path)
    assert not caught.value.retry


def test_an_older_file_runs_the_steps_that_it_lacks_in_order(path, monkeypatch):
    store = SqliteMentionStore(path)
    store.add([a_mention()])
    store.close()
    ran = []

    def second(connection):
        ran.append("second")
        connection.execute("ALTER TABLE mention ADD COLUMN topic TEXT")

    def third(connection):
        ran.append("third")
        connection.execute("UPDATE mention SET topic = 'x'")

    steps = (*schema.STEPS, second, third)
    connection = sqlite3.connect(path, isolation_level=None)
    for _ in range(2):
        connection.execute("BEGIN IMMEDIATE")
        migrate(connection, str(path), steps)
        connection.execute("COMMIT")
    assert ran == ["second", "third"]
    assert connection.execute("PRAGMA user_version").fetchone() == (len(steps),)
    assert connection.execute("SELECT topic FROM mention").fetchall() == [("x",)]
    connection.close()


def test_a_step_that_fails_leaves_the_file_as_it_was(path):
    SqliteMentionStore(path).close()

    def broken(connection):
        connection.execute("ALTER TABLE mention ADD COLUMN topic TEXT")
        connection.execute("UPDATE nothing SET at = 1")

    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="nothing"):
        migrate(connection, str(path), (*schema.STEPS, broken))
    connection.execute("ROLLBACK")
    assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    columns = [row[1] for row in connection.execute("PRAGMA table_info(mention)")]
    connection.close()
    assert "topic" not in columns


def test_a_file_of_before_learns_how_sure_the_model_was(path):
    doubt = Sentiment(Label.NEGATIVE, -0.5, 0.5, "m")
    person = Sentiment(Label.NEGATIVE, -1.0, 1.0, "anna", Judge.PERSON)
    store = SqliteMentionStore(path)
    both = frozenset({"cha", "tea"})
    store.add(
        [
            a_mention("1", brand_ids=both, sentiment={"": doubt, "tea": person}),
            a_mention("2", brand_ids=both, sentiment={"": person}),
            a_mention("3", brand_ids=both, platform=Platform.WEIBO),
        ]
    )
    store.close()
    make(
        path,
        "DROP INDEX target_uncounted",
        "ALTER TABLE target DROP COLUMN sure",
        "DROP TABLE print",
        "PRAGMA user_version = 1",
    )
    again = SqliteMentionStore(path)
    counts = {
        brand: again.count(MentionFilter(brand_id=brand, unsure_below=51))
        for brand in (None, "cha", "tea")
    }
    again.close()
    assert counts == {None: 1, "cha": 1, "tea": 0}


def test_a_file_of_before_finds_near_copies(path):
    said = [
        a_mention(str(n), fingerprint=2**64 - 1 - n, published_at=NOON + timedelta(hours=n))
        for n in range(3)
    ]
    store = SqliteMentionStore(path)
    store.add([*said, a_mention("x", fingerprint=None)])
    store.close()
    make(path, "DROP INDEX target_uncounted", "DROP TABLE print", "PRAGMA user_version = 2")
    again = SqliteMentionStore(path)
    near = again.near([2**64 - 1], since=NOON, distance=64)
    again.close()
    assert [(each.mention_id, each.distance) for each in near] == [
        ("weibo:0", 0),
        ("weibo:1", 1),
        ("weibo:2", 1),
    ]


def test_a_file_of_before_tells_why_something_counts_nowhere(path):
    flags = {
        "own": {Flag.OWN_ACCOUNT, Flag.SPAM},
        "spam": {Flag.SPAM, Flag.IN_DEPTH},
        "depth": {Flag.IN_DEPTH},
        "counts": {Flag.CLEARED},
    }
    store = SqliteMentionStore(path)
    store.add(
        a_mention(name, brand_ids=frozenset({"cha"}), flags=frozenset(some))
        for name, some in flags.items()
    )
    store.close()
    make(
        path,
        "DROP INDEX target_uncounted",
        "UPDATE target SET voice = 0 WHERE voice < 0",
        "PRAGMA user_version = 3",
    )
    again = SqliteMentionStore(path)
    found = {
        (brand, reason): [
            mention.id
            for mention in again.scan(
                MentionFilter(
                    brand_id=brand, public_voice_only=False, uncounted_as=frozenset({reason})
                )
            )
        ]
        for brand in (None, "cha")
        for reason in UNCOUNTED
    }
    again.close()
    expected = {
        Flag.OWN_ACCOUNT: ["weibo:own"],
        Flag.SPAM: ["weibo:spam"],
        Flag.IN_DEPTH: ["weibo:depth"],
    }
    assert found == {
        (brand, reason): ids for brand in (None, "cha") for reason, ids in expected.items()
    }
