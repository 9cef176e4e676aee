"""storage/sqlite/mentions.py: what is particular to SQLite; the rest is in tests/contract."""

import sqlite3
import stat
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import StoreError, StoreUnavailable
from domain.mention import Kind, Platform, Precision
from domain.queries import Bucket, MentionFilter
from domain.sentiment import WHOLE_TEXT, Judge, Label, Sentiment
from storage.sqlite import connections, rows, schema
from storage.sqlite.mentions import SqliteMentionStore
from tests.fakes import NOON, a_mention

ALL = MentionFilter(public_voice_only=False)
NEGATIVE = {WHOLE_TEXT: Sentiment(Label.NEGATIVE, -0.5, 0.7, "m")}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "mentions.db"


@pytest.fixture
def store(path):
    store = SqliteMentionStore(path)
    yield store
    store.close()


@pytest.fixture
def statements(store, monkeypatch):
    """Every statement that the store's connections run from now on."""
    seen = []
    with store._connections.reading() as connection:
        connection.set_trace_callback(seen.append)
    return seen


def test_every_word_of_the_vocabulary_has_a_code_of_its_own():
    for words, codes in (
        (Platform, rows.PLATFORM_CODES),
        (Kind, rows.KIND_CODES),
        (Label, rows.LABEL_CODES),
    ):
        assert set(codes) == set(words)
        assert len(set(codes.values())) == len(codes)
        assert rows.UNSCORED not in codes.values()


def test_labels_sort_by_code_as_by_name():
    assert sorted(rows.LABEL_CODES) == sorted(rows.LABEL_CODES, key=rows.LABEL_CODES.__getitem__)


@pytest.mark.parametrize(
    "changes",
    [
        {"likes": 2**53},
        {"views": -(2**53)},
        {"fingerprint": 2**64},
        {"fingerprint": -1},
        {"published_at": datetime(2026, 11, 20, 4)},  # noqa: DTZ001  # naive on purpose
        {"published_at": datetime(1969, 12, 31, tzinfo=UTC)},
        {"collected_at": datetime(2026, 11, 20, 4)},  # noqa: DTZ001  # naive on purpose
        {"source": "\udc80"},
        {"author_key": "\udc80"},
        {"brand_ids": frozenset({"\udc80"})},
        {"brand_ids": frozenset({""})},
        {"sentiment": {"": Sentiment(Label.NEUTRAL, float("nan"), 0.5, "m")}},
        {"sentiment": {"": Sentiment(Label.NEUTRAL, 0.5, float("inf"), "m", Judge.PERSON)}},
    ],
)
def test_what_no_row_can_hold_is_refused_with_a_reason(store, changes):
    result = store.add([a_mention("good"), a_mention("bad", **changes)])
    assert result.new == ("weibo:good",)
    (refused,) = result.refused
    assert refused.mention_id == "weibo:bad"
    assert refused.text.zh
    assert refused.text.en


def test_an_amendment_that_cannot_be_stored_changes_nothing(store):
    store.add([a_mention()])
    with pytest.raises(ValueError, match="out of range"):
        store.amend("weibo:1", lambda m: replace(m, likes=2**60))
    assert store.get(["weibo:1"])["weibo:1"] == a_mention()


def test_a_time_in_another_zone_is_the_same_moment(store):
    china = a_mention().published_at.astimezone(tz=None)
    store.add([a_mention(published_at=china)])
    (found,) = store.search(ALL).mentions
    assert found.published_at == china
    assert found.published_at.tzinfo is UTC


def test_an_unchanged_look_again_touches_neither_text_nor_counts(store, statements):
    mention = a_mention(sentiment=NEGATIVE)
    store.add([mention])
    statements.clear()
    store.add([replace(mention, collected_at=NOON + timedelta(hours=1))])
    written = [s for s in statements if s.lstrip().startswith(("INSERT", "UPDATE", "DELETE"))]
    assert len(written) == 1
    assert written[0].startswith("UPDATE mention")
    statements.clear()
    store.add([mention])
    assert not [s for s in statements if s.lstrip().startswith(("INSERT", "UPDATE", "DELETE"))]


def test_a_new_count_or_label_leaves_the_full_text_alone(store, statements):
    mention = a_mention(sentiment=NEGATIVE)
    store.add([mention])
    statements.clear()
    store.add([replace(mention, likes=9, collected_at=NOON + timedelta(hours=1))])
    positive = {WHOLE_TEXT: Sentiment(Label.POSITIVE, 1.0, 1.0, "wang", Judge.PERSON)}
    store.amend(mention.id, lambda m: replace(m, sentiment=positive))
    assert not [s for s in statements if "gram" in s]


def test_empty_hours_leave_no_row_in_the_rollup(store, path):
    store.add([a_mention(sentiment=NEGATIVE, brand_ids=frozenset({"cha"}))])
    store.remove(["weibo:1"])
    connection = sqlite3.connect(path)
    left = {
        table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
        for table in ("mention", "body", "target", "watched", "rollup")
    }
    connection.close()
    assert set(left.values()) == {0}


def test_what_was_removed_is_not_in_the_file_any_more(store, path):
    secret = "某某的身份证号三三零一零六"  # noqa: RUF100, S105
    store.add([a_mention("1", text=secret), a_mention("2")])
    store.remove(["weibo:1"])
    store.close()
    for file in path.parent.iterdir():
        assert secret.encode() not in file.read_bytes(), file.name


def test_many_mentions_of_one_second_have_places_of_their_own(store):
    store.add(a_mention(str(i)) for i in range(50))
    store.remove([f"weibo:{i}" for i in range(0, 50, 2)])
    store.add(a_mention(str(i)) for i in range(50, 90))
    assert store.count(ALL) == 65


def test_a_second_that_is_full_says_so(store, monkeypatch):
    monkeypatch.setattr("storage.sqlite.writing._TIES", 3)
    with pytest.raises(StoreError, match="in one second"):
        store.add(a_mention(str(i)) for i in range(5))
    assert store.count(ALL) == 0


def test_a_timeline_of_hours_reads_no_rows(store, statements):
    window = MentionFilter(start=NOON - timedelta(days=1), end=NOON)
    store.timeline(window, Bucket.HOUR)
    assert any("FROM rollup" in statement for statement in statements)
    assert not any("target" in statement for statement in statements)


def test_files_are_for_their_owner_only(store, path):
    store.add([a_mention()])
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}


def test_a_locked_file_is_unavailable_and_worth_another_try(store, path, monkeypatch):
    monkeypatch.setattr(connections, "BUSY_SECONDS", 0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    blocked = SqliteMentionStore.__new__(SqliteMentionStore)
    blocked._connections = connections.Connections(path)
    with pytest.raises(StoreUnavailable, match="locked") as caught:
        blocked.add([a_mention()])
    assert caught.value.retry
    assert blocked.count(ALL) == 0
    other.execute("ROLLBACK")
    other.close()
    assert blocked.add([a_mention()]).new == ("weibo:1",)
    blocked.close()


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path):
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        SqliteMentionStore(tmp_path / "data" / "mentions.db")


def test_a_damaged_file_says_so(store, path):
    store.add(a_mention(str(i), text="好" * 500) for i in range(500))
    store.close()
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * 200_000)
    with pytest.raises(StoreError, match="damaged") as caught:
        read_everything(path)
    assert not caught.value.retry


def read_everything(path):
    store = SqliteMentionStore(path)
    try:
        list(store.scan(ALL))
    finally:
        store.close()


def test_a_closed_store_says_so(store):
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.count(ALL)


def test_readers_go_on_beside_a_writer(store):
    done = threading.Event()
    problems = []

    def read():
        while not done.is_set():
            window = MentionFilter(start=NOON - timedelta(days=1), end=NOON)
            counted = sum(point.count for point in store.timeline(window, Bucket.HOUR))
            if counted % 500:
                problems.append(counted)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        store.add(a_mention(str(i), sentiment=NEGATIVE) for i in range(3000))
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert not problems
    assert store.count(ALL) == 3000


def test_a_long_hostile_query_is_just_a_query(store):
    store.add([a_mention(text="好" * 3000)])
    assert store.count(MentionFilter(words=("好" * 2999, "坏" * 5000))) == 0
    assert store.count(MentionFilter(words=("好" * 2999,))) == 1
    assert store.count(MentionFilter(words=tuple(f"第{i}词" for i in range(400)))) == 0


def test_precisions_kept_as_they_are(store):
    for precision in Precision:
        store.add([a_mention(precision.value, published_precision=precision)])
    stored = {m.published_precision for m in store.search(ALL).mentions}
    assert stored == set(Precision)


def test_the_shift_leaves_room_for_every_year_that_python_knows():
    last = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())
    assert (last + 1) << schema.TIE_BITS < 2**63
