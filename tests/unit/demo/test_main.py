"""The demo's command line: what it takes, what it refuses, and that its page tells it all."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from demo.__main__ import arguments_parser

PAGE = Path(__file__).resolve().parents[3] / "docs" / "demo.md"


def test_every_option_is_documented():
    text = PAGE.read_text(encoding="utf-8")
    options = [o for a in arguments_parser()._actions for o in a.option_strings if o[:2] == "--"]
    assert len(options) > 5
    assert [o for o in options if o != "--help" and f"`{o}" not in text] == []


@pytest.mark.parametrize(
    "wrong",
    [
        ["--port", "65535"],
        ["--days", "0"],
        ["--mentions", "-1"],
        ["--now", "yesterday"],
        ["--seed", "x"],
    ],
)
def test_what_cannot_be_is_refused_as_wrong_usage(wrong, capsys):
    with pytest.raises(SystemExit) as stopped:
        arguments_parser().parse_args(wrong)
    assert stopped.value.code == 2
    assert wrong[0] in capsys.readouterr().err


def test_a_time_without_a_zone_is_china_time():
    told = arguments_parser().parse_args(["--now", "2026-11-20T12:00"])
    assert told.now == datetime(2026, 11, 20, 4, tzinfo=UTC)


def test_real_is_the_time_of_this_machine():
    before = datetime.now(UTC)
    assert before <= arguments_parser().parse_args([]).now <= datetime.now(UTC)
