"""Optional parts: what is missing is named with what installs it."""

import importlib.util
import tomllib
from pathlib import Path

import pytest

from domain.errors import DependencyMissing
from runtime.extras import EXTRAS, require

MODULES = {"vl_convert_python": "vl_convert"}
"""Packages whose module is called otherwise."""
PROJECT = Path(__file__).parents[3] / "pyproject.toml"


def test_what_is_missing_is_named_with_its_mend():
    with pytest.raises(DependencyMissing) as caught:
        require("crawl", "analysis", find=lambda name: None if name == "rjieba" else name)
    assert str(caught.value) == "not installed here: rjieba → python3 run.py setup installs it"


def test_a_whole_host_misses_nothing():
    require(*EXTRAS)


@pytest.mark.parametrize("extra", EXTRAS)
def test_each_package_of_an_extra_is_looked_for(extra):
    declared = tomllib.loads(PROJECT.read_text("utf-8"))["project"]["optional-dependencies"][extra]
    names = {line.split(">")[0].split("=")[0].replace("-", "_") for line in declared}
    names = {MODULES.get(name, name) for name in names}
    assert names == set(EXTRAS[extra])
    assert all(importlib.util.find_spec(module) for module in EXTRAS[extra])
