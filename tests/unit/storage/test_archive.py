"""storage/archive.py"""

import hashlib
import stat
import threading
import zlib
from datetime import timedelta

import pytest

from domain.errors import StoreError, StoreUnavailable
from storage.archive import FilePageArchive
from tests.fakes import NOON, FixedClock

PAGE = "<p>云栈奶茶</p>".encode() * 100


@pytest.fixture
def clock():
    return FixedClock()


@pytest.fixture
def archive(tmp_path, clock):
    return FilePageArchive(tmp_path / "pages", clock)


def the_file(tmp_path):
    (path,) = (tmp_path / "pages").glob("??/??/*")
    return path


def test_a_page_comes_back_by_its_hash(archive):
    assert archive.put(PAGE) == hashlib.sha256(PAGE).hexdigest()
    assert archive.get(hashlib.sha256(PAGE).hexdigest()) == PAGE


def test_an_empty_page_is_a_page(archive):
    assert archive.get(archive.put(b"")) == b""


def test_a_page_that_is_not_there_is_none(archive):
    assert archive.get("0" * 64) is None


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_only_a_hash_is_looked_up(archive, name):
    with pytest.raises(ValueError, match="SHA-256"):
        archive.get(name)


def test_pages_are_compressed_and_for_the_owner_only(archive, tmp_path):
    archive.put(PAGE)
    path = the_file(tmp_path)
    assert path.stat().st_size < len(PAGE) / 5
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in (path.parent, path.parent.parent, path.parent.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_same_bytes_are_one_file_and_a_new_put_renews_it(archive, clock, tmp_path):
    sha256 = archive.put(PAGE)
    clock.forward(timedelta(days=29))
    assert archive.put(PAGE) == sha256
    the_file(tmp_path)
    assert archive.prune(NOON + timedelta(days=1)) == 0
    assert archive.get(sha256) == PAGE


def test_prune_deletes_what_was_last_put_before(archive, clock):
    old = archive.put(b"old")
    clock.forward(timedelta(hours=1))
    new = archive.put(b"new")
    assert archive.prune(clock.now()) == 1
    assert archive.get(old) is None
    assert archive.get(new) == b"new"
    assert archive.prune(clock.now()) == 0


def test_prune_clears_half_written_files_without_counting_them(archive, clock, tmp_path):
    archive.put(PAGE)
    leftover = the_file(tmp_path).with_name("tmp1.part")
    leftover.write_bytes(b"half")
    assert archive.prune(clock.now() + timedelta(days=36500)) == 1
    assert not leftover.exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda packed: packed[:-3],
        lambda packed: packed[:20] + b"\xff" + packed[21:],
        lambda packed: zlib.compress(b"another page"),
        lambda packed: b"",
    ],
)
def test_a_damaged_page_is_an_error_that_names_the_file(archive, tmp_path, damage):
    sha256 = archive.put(PAGE)
    path = the_file(tmp_path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(StoreError, match=sha256) as caught:
        archive.get(sha256)
    assert not caught.value.retry


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path, clock):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnavailable, match="file"):
        FilePageArchive(tmp_path / "file" / "pages", clock)


def test_a_disk_that_says_no_leaves_nothing_behind(archive, tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StoreUnavailable, match="No space left"):
        archive.put(PAGE)
    monkeypatch.undo()
    assert not list((tmp_path / "pages").glob("??/??/*"))
    assert archive.get(archive.put(PAGE)) == PAGE


def test_many_workers_may_put_the_same_page_while_it_is_pruned(archive, clock):
    def work():
        for _ in range(30):
            sha256 = archive.put(PAGE)
            archive.prune(clock.now())
            assert archive.get(sha256) == PAGE

    problems = []
    threads = [threading.Thread(target=work) for _ in range(4)]
    previous, threading.excepthook = threading.excepthook, problems.append
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        threading.excepthook = previous
    assert not problems


def test_what_is_held_stays_however_old_it_is(archive, clock):
    held, loose = archive.put(b"held"), archive.put(b"loose")
    clock.forward(timedelta(days=400))
    assert archive.prune(clock.now(), {held}) == 1
    assert archive.get(held) == b"held"
    assert archive.get(loose) is None
