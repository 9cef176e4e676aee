"""The spool: first in, first out, durable, sealed, bounded, and never silent about a loss."""

import sqlite3
import stat
import threading
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from domain.errors import StoreError, StoreUnavailable
from domain.mention import Kind, Platform
from domain.page import FoundMention
from domain.spool import Look
from storage.identity import KeyedMasker
from storage.spool import MOST_ATTEMPTS, SqliteSpool
from tests.fakes import NOON, FixedClock

SECOND = timedelta(seconds=1)


def a_look(number: int = 1, **changes: object) -> Look:
    """A page with one post."""
    item = FoundMention(
        id=f"weibo:{number}",
        platform=Platform.WEIBO,
        kind=Kind.POST,
        url="https://weibo.com/1/2",
        text=f"云栈奶茶第{number}杯",
        published_at=NOON,
        author="王小明",
    )
    return Look((replace(item, **changes),), "tea", f"run-{number}", NOON)  # type: ignore[arg-type]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def opened(tmp_path: Path, clock: FixedClock):
    def opened(key: bytes = b"s" * 32, largest: int = 1_000_000) -> SqliteSpool:
        return SqliteSpool(
            tmp_path,
            lambda: KeyedMasker(b"a" * 32, key),
            clock,
            largest=largest,
            new_name=lambda: "house-1",
        )

    return opened


def emptied(spool: SqliteSpool) -> list[str]:
    """Take everything out and return the runs in order."""
    runs = []
    while look := spool.first():
        runs.append(look.run_id)
        spool.remove(look.id)
    return runs


def test_looks_come_out_in_the_order_in_which_they_went_in(opened):
    for number in (3, 1, 2):
        opened().put(a_look(number), 1)
    assert emptied(opened()) == ["run-3", "run-1", "run-2"]
    assert opened().is_empty()


def test_a_look_comes_back_as_it_was_even_with_half_characters_and_nul(opened):
    look = a_look(text="半个\ud83d字符\x00", author_uid="9\udfff", likes=2**60)
    opened().put(look, 1)
    assert opened().first() == look


def test_the_same_content_waits_once_whichever_run_brings_it(opened):
    spool = opened()
    spool.put(a_look(1), 1)
    spool.put(replace(a_look(1), run_id="run-of-the-resumed"), 1)
    spool.put(a_look(1, likes=5), 1)
    assert spool.state().waiting == 2


def test_what_waits_is_told_and_nothing_is_made_by_asking(opened, tmp_path, clock):
    spool = opened()
    assert (spool.is_empty(), spool.first(), spool.ids(), spool.retry_aside()) == (
        True, None, set(), 0,
    )  # fmt: skip
    assert not (tmp_path / "spool.sqlite").exists()
    spool.put(a_look(1), 2)
    clock.forward(SECOND)
    spool.put(a_look(2), 3)
    state = spool.state()
    assert (state.name, state.waiting, state.mentions) == ("house-1", 2, 5)
    assert (state.oldest_at, state.largest) == (NOON, 1_000_000)
    assert 0 < state.bytes < 10_000


def test_a_name_holds_for_good(opened, tmp_path, clock):
    first = opened().name
    other = SqliteSpool(tmp_path, lambda: None, clock, largest=1, new_name=lambda: "other")  # type: ignore[arg-type,return-value]
    assert first == other.name == "house-1"
    assert {p.name for p in tmp_path.iterdir()} == {"spool.name"}


def test_nothing_of_it_can_be_read_without_the_key(opened, tmp_path):
    opened().put(a_look(author="欧阳锋铭"), 1)
    content = b"".join(path.read_bytes() for path in tmp_path.glob("spool.sqlite*"))
    assert "欧阳锋铭".encode() not in content
    assert "云栈".encode() not in content
    assert b"weibo:1" not in content
    assert stat.S_IMODE((tmp_path / "spool.sqlite").stat().st_mode) == 0o600


def test_a_full_spool_says_so_and_keeps_what_it_has(opened):
    spool = opened(largest=1500)
    spool.put(a_look(1), 1)
    with pytest.raises(StoreUnavailable, match=r"the spool is full.*spool\.megabytes"):
        spool.put(a_look(2, text="茶" * 500), 1)
    spool.put(a_look(1), 1)  # it is there already
    assert emptied(spool) == ["run-1"]
    spool.put(a_look(9), 1)


def test_the_space_of_a_long_outage_goes_back_to_the_disk(opened, tmp_path):
    spool = opened(largest=10_000_000)
    for number in range(20):
        spool.put(a_look(number, text="茶" * 10_000), 1)
    full = (tmp_path / "spool.sqlite").stat().st_size
    emptied(spool)
    assert full > 1_000_000
    assert (tmp_path / "spool.sqlite").stat().st_size < 100_000


def test_another_key_sets_nothing_aside_and_says_what_to_do(opened):
    opened().put(a_look(1), 1)
    with pytest.raises(StoreError, match=r"another key.*seal_key") as refused:
        opened(b"x" * 32).first()
    assert not refused.value.retry
    with pytest.raises(StoreError, match="another key"):
        opened(b"x" * 32).put(a_look(2), 1)
    assert emptied(opened()) == ["run-1"]


def test_a_new_key_is_fine_while_nothing_waits(opened):
    opened().put(a_look(1), 1)
    emptied(opened())
    opened(b"x" * 32).put(a_look(2), 1)
    assert emptied(opened(b"x" * 32)) == ["run-2"]


def test_one_altered_look_is_set_aside_loudly_and_the_others_go_on(opened, tmp_path):
    spool = opened()
    spool.put(a_look(1), 1)
    spool.put(a_look(2), 1)
    with closing(sqlite3.connect(tmp_path / "spool.sqlite")) as db, db:
        db.execute("UPDATE look SET sealed = CAST(sealed || x'00' AS BLOB) WHERE seq = 1")
    with structlog.testing.capture_logs() as told:
        assert emptied(spool) == ["run-2"]
    assert [(event["event"], event["log_level"]) for event in told] == [
        ("spooled_look_set_aside", "error")
    ]
    assert spool.state().aside == 1


def test_a_look_that_ends_the_program_time_and_again_is_set_aside(opened):
    spool = opened()
    spool.put(a_look(1), 1)
    spool.put(a_look(2), 1)
    for _ in range(MOST_ATTEMPTS):
        assert spool.first() == a_look(1)
    assert spool.first() == a_look(2)
    assert spool.state().aside == 1
    spool.remove(a_look(2).id)
    assert spool.retry_aside() == 1
    assert emptied(spool) == ["run-1"]


def test_a_store_that_is_away_is_no_fault_of_the_look(opened, clock):
    spool = opened()
    spool.put(a_look(1), 1)
    for _ in range(3 * MOST_ATTEMPTS):
        clock.forward(SECOND)
        look = spool.first()
        spool.give_back(look.id)
    state = spool.state()
    assert (state.aside, state.waiting, state.tried_at) == (0, 1, clock.now())


@pytest.mark.parametrize("damage", ["cut", "noise", "pages"])
def test_a_damaged_file_is_set_aside_loudly_and_a_new_one_serves(opened, tmp_path, damage):
    spool = opened()
    for number in range(30):
        spool.put(a_look(number, text="茶" * 3000), 1)
    path = tmp_path / "spool.sqlite"
    content = path.read_bytes()
    if damage == "cut":
        path.write_bytes(content[: len(content) // 3])
    elif damage == "noise":
        path.write_bytes(b"\x17" * len(content))
    else:
        path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    with structlog.testing.capture_logs() as told:
        spool.put(a_look(99), 1)
    assert [(e["event"], e["log_level"]) for e in told] == [("spool_damaged", "error")]
    state = spool.state()
    assert (state.waiting, len(state.damaged)) == (1, 1)
    assert (tmp_path / state.damaged[0]).stat().st_size
    assert emptied(spool) == ["run-99"]


def test_one_empties_it_at_a_time_and_a_lock_dies_with_its_holder(opened):
    with opened().draining() as mine, opened().draining() as other:
        assert (mine, other) == (True, False)
    with opened().draining() as again:
        assert again


def test_putting_and_saying_so_is_one_step_for_others(opened):
    order = []

    def other() -> None:
        with opened().in_step():
            order.append("other")

    with opened().in_step():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(0.05)
        order.append("first")
    thread.join()
    assert order == ["first", "other"]


def test_a_folder_that_may_not_be_written_is_unavailable(clock):
    spool = SqliteSpool(
        Path("/proc/nothing"),
        lambda: KeyedMasker(b"a" * 32, b"s" * 32),
        clock,
        largest=1,
        new_name=lambda: "x",
    )
    with pytest.raises(StoreUnavailable, match="spool cannot be used"):
        spool.put(a_look(), 1)


def test_a_file_of_a_newer_program_is_left_alone(opened, tmp_path):
    opened().put(a_look(), 1)
    with closing(sqlite3.connect(tmp_path / "spool.sqlite")) as db, db:
        db.execute("PRAGMA user_version = 9")
    with pytest.raises(StoreError, match="newer version"):
        opened().put(a_look(2), 1)
