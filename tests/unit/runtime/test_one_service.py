"""One service in a data folder."""

import subprocess
import sys

import pytest

from domain.errors import KoubeiError
from runtime.one_service import only_service


def test_a_second_service_in_the_folder_is_told_of_the_first(tmp_path):
    with only_service(tmp_path):
        with pytest.raises(KoubeiError, match="runs here already"), only_service(tmp_path):
            pass
        with pytest.raises(KoubeiError) as caught, only_service(tmp_path):
            pass
        assert caught.value.place == str(tmp_path)


def test_the_folder_is_free_again_afterwards_and_nothing_is_left_in_it(tmp_path):
    for _ in range(2):
        with only_service(tmp_path):
            pass
    assert list(tmp_path.iterdir()) == []


def test_a_child_that_outlives_the_service_does_not_hold_the_folder(tmp_path):
    with only_service(tmp_path):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with only_service(tmp_path):
        child.communicate(b"\n")
