"""What is loaded before long work is none of the collector's business meanwhile."""

import gc

import pytest

from runtime.heap import settled_heap


@pytest.fixture(autouse=True)
def _as_it_was():
    held = gc.get_freeze_count()
    gc.unfreeze()
    yield
    if held:
        gc.freeze()


def test_what_is_held_is_set_apart_and_given_back():
    with settled_heap():
        assert gc.get_freeze_count() > 0
    assert gc.get_freeze_count() == 0


def test_it_is_given_back_after_a_failure_too():
    with pytest.raises(KeyError), settled_heap():
        raise KeyError
    assert gc.get_freeze_count() == 0


def test_a_heap_that_is_settled_already_stays_so():
    gc.freeze()
    with settled_heap():
        pass
    assert gc.get_freeze_count() > 0
