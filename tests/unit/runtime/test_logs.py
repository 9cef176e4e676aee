"""One JSON line an event, whoever wrote it; no secrets, no long texts."""

import io
import json
import logging

import pytest
import structlog

from domain.errors import ConfigurationError, Text
from runtime.logs import configure_logs, name_errors_of_ours, redact


@pytest.fixture
def lines(monkeypatch):
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    configure_logs("info", "json")
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_ours_and_a_librarys_records_look_alike(lines):
    structlog.get_logger("ours").info("crawl_done", pages=3)
    logging.getLogger("scrapy.core").warning("slow %s", "host")
    ours, theirs = lines()
    assert ours["event"] == "crawl_done"
    assert ours["pages"] == 3
    assert theirs["event"] == "slow host"
    assert {"level", "logger", "timestamp"} <= ours.keys() & theirs.keys()


def test_a_line_break_in_a_value_does_not_make_a_second_line(lines):
    structlog.get_logger("x").info("fetched", title='a\n{"event":"forged"}\r\u2028b')
    assert len(lines()) == 1


@pytest.mark.parametrize("name", ["password", "smtp_password", "api_token", "Cookie", "secret"])
def test_values_with_a_secrets_name_are_hidden(name):
    assert redact(None, "info", {name: "hunter2"}) == {name: "****"}


def test_passwords_in_addresses_and_keys_in_links_are_hidden():
    event = {
        "event": "postgresql://koubei:hunter2@db/x",
        "path": "/?key=hunter2&x=1&ticket=hunter2&code=hunter2",
    }
    assert "hunter2" not in str(redact(None, "info", event))


def test_long_texts_are_cut():
    assert len(redact(None, "info", {"event": "长" * 9000})["event"]) <= 500


def test_the_level_holds(lines):
    structlog.get_logger("x").debug("noise")
    logging.getLogger("apscheduler.scheduler").warning("skipped: maximum number of instances")
    assert lines() == []


def test_a_log_for_eyes_can_neither_be_forged_nor_command_the_terminal(lines, monkeypatch):
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    configure_logs("info", "console")
    attack = "x\n2026-01-01 [info] forged\x1b]0;owned\x07\r\u202e\u2028\x9b31m"
    structlog.get_logger("ours").info(attack, title=attack)
    logging.getLogger("scrapy.core").warning("%s", attack)
    try:
        int(attack)
    except ValueError:
        logging.getLogger("scrapy.core").exception("broke")
    said = written.getvalue()
    assert not set("\x1b\x07\r\u202e\u2028\x9b") & set(said)
    assert len(said.partition("Traceback")[0].splitlines()) == 3


def test_a_password_with_any_sign_in_it_is_hidden():
    told = "postgresql://koubei:hun/ter2@db/x and postgresql://db/x?user=k&password=hunter2"
    shown = str(redact(None, "info", {"event": told}))
    assert "ter2" not in shown


def test_an_error_of_ours_is_one_line_without_a_stack_trace():
    error = ConfigurationError(Text("甲", "the fact"), place="here")
    for given in (error, (type(error), error, None)):
        event = name_errors_of_ours(None, "error", {"event": "x", "exc_info": given})
        assert event == {"event": "x", "error": "here: the fact"}


def test_any_other_error_keeps_its_trace():
    event = {"event": "x", "exc_info": ValueError("no")}
    assert name_errors_of_ours(None, "error", dict(event)) == event
