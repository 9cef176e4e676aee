"""benchmarks/pages.py: which saved pages are measured, and beside what."""

import pytest
import typer

from benchmarks import pages
from domain.errors import ConfigurationError
from domain.mention import Platform


def test_pages_with_mentions_are_measured_and_walls_are_not(tmp_path):
    for folder, name, body in [
        ("weibo_x/good", "page.json", b'{"ok":1,"data":{"longTextContent":"x"}}'),
        ("weibo_x/good", "expected.json", b"{}"),
        ("weibo_x/wall", "page.json", b'{"ok":-100}'),
        ("weibo_x/unknown", "page.json", b"{}"),
        ("others/page", "page.json", b'{"ok":1,"data":{"longTextContent":"x"}}'),
    ]:
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / name).write_bytes(body)
    (page,) = pages.saved_pages(tmp_path)
    assert (page.platform, page.peer, page.read()) == (Platform.WEIBO, "orjson", "weibo_long_text")


def test_every_fixture_with_mentions_has_a_peer_that_parses_it():
    saved = list(pages.saved_pages(pages.FIXTURES))
    assert {page.platform for page in saved} == set(Platform)
    assert all(page.parse() is not None for page in saved)
    assert {page.peer for page in saved} == set(pages.GOALS)


def test_a_reader_that_misses_its_goal_fails_the_run(tmp_path, capsys):
    (tmp_path / "weibo").mkdir()
    (tmp_path / "weibo" / "a.json").write_bytes(b'{"ok":1,"data":{"longTextContent":"<b>x</b>"}}')
    with pytest.raises(typer.Exit):  # forty bytes are parsed before a reader has begun
        pages.pages(folder=tmp_path, quick=True)
    assert "weibo_long_text" in capsys.readouterr().out


def test_a_folder_without_pages_is_refused(tmp_path):
    with pytest.raises(ConfigurationError):
        pages.pages(folder=tmp_path)
