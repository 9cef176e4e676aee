"""benchmarks/ingest.py: the size of a batch changes nothing that is stored, and clocks add up."""

import csv
import gzip

import pytest
import typer

from benchmarks import ingest
from benchmarks.ingest import Clocks, Measured
from domain.errors import DependencyMissing


@pytest.fixture(scope="module")
def found():
    return list(ingest.found_mentions(80))


def stored(folder, lots):
    folder.mkdir()
    step, store = ingest.opened(folder)
    ingest.take(step, lots)
    held = store.status().mentions, ingest.stored_digest(store, clusters=False)
    store.close()
    return held


def test_one_by_one_by_the_page_and_at_once_the_same_is_stored(tmp_path, found):
    lots = {"each": [[item] for item in found], "pages": ingest.in_pages(found), "all": [found]}
    held = {stored(tmp_path / name, some) for name, some in lots.items()}
    assert {count for count, _ in held} == {len(found)}
    assert len(held) == 1


def test_the_digest_is_of_everything_that_is_stored(tmp_path, found):
    one = stored(tmp_path / "one", [found[:5]])
    assert stored(tmp_path / "same", [found[:5]]) == one
    assert stored(tmp_path / "other", [found[1:6]])[1] != one[1]


def test_pages_hold_ten_to_twenty_and_lose_nothing(found):
    pages = list(ingest.in_pages(found))
    assert all(10 <= len(page) <= 20 for page in pages[:-1])
    assert [item for page in pages for item in page] == found


def test_a_step_inside_another_counts_for_itself_alone(monkeypatch):
    now = iter((0.0, 1.0, 4.0, 6.0))
    monkeypatch.setattr("benchmarks.ingest.time.process_time", lambda: next(now))
    clocks = Clocks()
    inner = clocks.around("inner", lambda: None)
    clocks.around("outer", inner)()
    assert clocks.seconds == {"inner": 3.0, "outer": 3.0}


def test_real_texts_come_from_a_folder_that_has_enough_of_them(tmp_path):
    with gzip.open(tmp_path / "some.csv.gz", "wt", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["text"], ["门店排队太久"], ["味道不错"]])
    said = {item.text.split("#")[0] for item in ingest.found_mentions(2, tmp_path)}
    assert said == {"门店排队太久", "味道不错"}
    with pytest.raises(typer.BadParameter):
        list(ingest.found_mentions(3, tmp_path))


def test_the_table_tells_ratios_steps_and_whether_the_same_was_stored(capsys):
    ours = Measured(100, 0.1, 1.0, "a", "b", {"match": 0.01, "write": 0.09})
    sides = dict.fromkeys(("analysis", "pages", "known", "bulk"), ours)
    ingest.show({"stock": Measured(10, 0.1, 1.0), **sides})
    told = capsys.readouterr().out
    assert "10.0×" in told
    assert "900" in told
    assert "✓" in told


@pytest.mark.slow
@pytest.mark.parametrize("side", ["stock", "analysis"])
def test_either_engine_is_measured_in_a_process_of_its_own(side):
    measured = ingest.measure(side, 30)
    assert measured.mentions == 30
    assert measured.cpu_seconds > 0
    assert measured.peak_mb > 50


def test_without_jieba_there_is_no_stock_path(monkeypatch):
    monkeypatch.setattr(ingest, "find_spec", lambda _: None)
    with pytest.raises(DependencyMissing, match="jieba"):
        ingest.require_jieba()
