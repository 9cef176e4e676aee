"""Which work a process with a part of the whole claims."""

from itertools import combinations

import pytest
import typer
from typer.testing import CliRunner

from cli import up
from cli.up import Part, lanes_of
from domain.errors import ConfigurationError
from scheduler.timetable import Lane


def test_the_parts_share_all_lanes_and_none_twice():
    parts = [lanes_of({part}) for part in (Part.SCHEDULER, Part.CRAWLER, Part.WEB)]
    assert frozenset().union(*parts) == frozenset(Lane)
    assert all(not one & other for one, other in combinations(parts, 2))
    assert lanes_of({Part.CRAWLER}) == {lane for lane in Lane if lane.is_crawl}
    assert lanes_of({Part.WEB}) == frozenset()


@pytest.mark.parametrize(
    ("only", "parts"),
    [
        (None, {Part.SCHEDULER, Part.CRAWLER, Part.WEB}),
        ([Part.ALL], {Part.SCHEDULER, Part.CRAWLER, Part.WEB}),
        ([Part.CRAWLER, Part.ALL], {Part.SCHEDULER, Part.CRAWLER, Part.WEB}),
        ([Part.CRAWLER], {Part.CRAWLER}),
        ([Part.SCHEDULER, Part.CRAWLER], {Part.SCHEDULER, Part.CRAWLER}),
    ],
)
def test_parts_can_be_named_one_by_one(only, parts):
    assert up._parts_of(only) == parts


def test_pages_alone_have_no_turn_to_give_a_sign_of_life_after(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    app = typer.Typer()
    up.register(app)
    words = ["--only", "web", "--alive-file", "alive"]
    done = CliRunner().invoke(app, words)
    assert isinstance(done.exception, ConfigurationError)
    assert done.exception.place == "--alive-file"
    assert list(tmp_path.iterdir()) == []
