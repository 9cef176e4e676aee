"""storage/elasticsearch/mentions.py: what needs no server; the rest is in tests/contract."""

import threading
from collections.abc import Iterator

import pytest

from storage.elasticsearch.mentions import _ahead
from storage.elasticsearch.writing import Arrival, Verdict, batches
from storage.outcomes import Outcome, Outcomes
from tests.fakes import a_mention


def batch(*names: str) -> list[Arrival]:
    (arrivals,) = batches([a_mention(name) for name in names], Outcomes())
    return arrivals


def stored(arrivals: list[Arrival]) -> dict[str, Verdict]:
    return {arrival.mention_id: Outcome.NEW for arrival in arrivals}


def test_results_come_in_order():
    told = _ahead(stored, map(batch, "abcde"))
    assert [list(verdicts) for verdicts in told] == [[f"weibo:{name}"] for name in "abcde"]
    assert list(_ahead(stored, [])) == []


def test_two_batches_are_under_way_while_the_next_is_made_ready():
    both, third_made = threading.Barrier(2), threading.Event()

    def ready() -> Iterator[list[Arrival]]:
        yield batch("a")
        yield batch("b")
        third_made.set()
        yield batch("c")

    def write(arrivals: list[Arrival]) -> dict[str, Verdict]:
        if arrivals[0].mention_id != "weibo:c":
            both.wait(timeout=5)
            assert third_made.wait(timeout=5)
        return stored(arrivals)

    assert len(list(_ahead(write, ready()))) == 3


def test_looks_at_one_mention_are_written_one_after_the_other():
    busy: set[str] = set()
    order: list[int] = []

    def write(arrivals: list[Arrival]) -> dict[str, Verdict]:
        ids = {arrival.mention_id for arrival in arrivals}
        assert busy.isdisjoint(ids)
        busy.update(ids)
        order.append(len(arrivals))
        busy.difference_update(ids)
        return stored(arrivals)

    list(_ahead(write, [batch("a"), batch("a", "b"), batch("a", "c", "d")]))
    assert order == [1, 2, 3]


def test_work_that_fails_ends_it():
    done: list[str] = []

    def write(arrivals: list[Arrival]) -> dict[str, Verdict]:
        if arrivals[0].mention_id == "weibo:b":
            raise ValueError("b")
        done.append(arrivals[0].mention_id)
        return stored(arrivals)

    with pytest.raises(ValueError, match="b"):
        list(_ahead(write, map(batch, "abcdef")))
    assert done[0] == "weibo:a"
    assert "weibo:f" not in done


def test_what_cannot_be_made_ready_ends_it_after_the_work_under_way():
    done: list[str] = []

    def ready() -> Iterator[list[Arrival]]:
        yield batch("a")
        raise KeyError("no second")

    def write(arrivals: list[Arrival]) -> dict[str, Verdict]:
        done.append(arrivals[0].mention_id)
        return stored(arrivals)

    with pytest.raises(KeyError):
        list(_ahead(write, ready()))
    assert done == ["weibo:a"]
