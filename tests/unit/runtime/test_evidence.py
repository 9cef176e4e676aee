"""Whether pages can be drawn for evidence is decided by what is there."""

from pathlib import Path

import pytest

from runtime import evidence
from runtime.evidence import picture_taker
from runtime.settings import load_settings


@pytest.fixture
def settings(tmp_path: Path):
    (tmp_path / "koubei.toml").write_text("", encoding="utf-8")
    return load_settings(tmp_path / "koubei.toml")


def test_without_the_package_there_are_raw_pages_only(settings):
    assert picture_taker(settings, find=lambda name: None) is None


def test_a_browser_that_is_switched_off_is_not_used(tmp_path):
    path = tmp_path / "koubei.toml"
    path.write_text("[browser]\nenabled = false\n", encoding="utf-8")
    assert picture_taker(load_settings(path), find=lambda name: object()) is None


def test_a_browser_that_is_named_and_does_not_work_leaves_raw_pages(tmp_path):
    path = tmp_path / "koubei.toml"
    path.write_text('[browser]\npath = "/bin/false"\n', encoding="utf-8")
    assert picture_taker(load_settings(path), find=lambda name: object()) is None


def test_a_browser_that_works_is_used(settings, monkeypatch):
    monkeypatch.setattr(evidence, "find_browser", lambda path: object())
    assert picture_taker(settings) is not None
