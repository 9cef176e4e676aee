"""storage/elasticsearch/mentions.py: what needs no server; the rest is in tests/contract."""

import threading
from collections.abc import Iterator

import pytest

from storage.elasticsearch.mentions import _one_ahead


def test_results_come_in_order():
    assert list(_one_ahead(lambda item: item * 2, range(5))) == [0, 2, 4, 6, 8]
    assert list(_one_ahead(str, [])) == []


def test_the_next_item_is_taken_while_one_is_worked_on():
    taken = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        taken.set()
        yield 2

    def work(item: int) -> bool:
        return taken.wait(timeout=5)

    assert list(_one_ahead(work, items())) == [True, True]


def test_work_that_fails_ends_it_and_no_further_item_is_worked_on():
    done: list[int] = []

    def work(item: int) -> None:
        if item == 2:
            raise ValueError(item)
        done.append(item)

    with pytest.raises(ValueError, match="2"):
        list(_one_ahead(work, [1, 2, 3, 4]))
    assert done == [1]


def test_items_that_cannot_be_made_end_it_after_the_work_under_way():
    done: list[int] = []

    def items() -> Iterator[int]:
        yield 1
        raise KeyError("no second")

    with pytest.raises(KeyError):
        list(_one_ahead(done.append, items()))
    assert done == [1]
