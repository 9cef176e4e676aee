"""`koubei parse`: one JSON document a file, errors that name the file, exit codes that tell."""

import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
import typer
from typer.testing import CliRunner

from cli import parse
from domain.errors import ConfigurationError
from tests.pages import PAGES

REALTIME = PAGES / "weibo_search" / "realtime_2026" / "page.html"
NOTHING = PAGES / "weibo_search" / "nothing" / "page.html"
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def run(monkeypatch):
    monkeypatch.setenv("KOUBEI_LANGUAGE", "en")
    app = typer.Typer()
    parse.register(app)
    app.command("other")(lambda: None)

    def invoke(*arguments: object, platform: str = "weibo"):
        return CliRunner().invoke(app, ["parse", "--platform", platform, *map(str, arguments)])

    return invoke


def documents(result) -> list[dict]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_every_file_gives_one_line_in_the_order_given(run):
    result = run(REALTIME, NOTHING, REALTIME)
    assert result.exit_code == 0
    assert [document["state"] for document in documents(result)] == ["ok", "empty", "ok"]


def test_a_document_has_the_fields_that_others_rely_on(run):
    (document,) = documents(run(REALTIME, "--fetched-at", "2026-11-20T12:00:30"))
    assert list(document) == ["page", "state", "reason", "mentions", "next"]
    assert (document["page"], document["reason"], document["next"]) == ("weibo_search", "", None)
    post, _, original = document["mentions"]
    assert post == {
        "id": "weibo:5301112223334444",
        "platform": "weibo",
        "kind": "post",
        "url": "https://weibo.com/9000000006/R0sVUdZrm",
        "text": "今天排队\n\n两小时[允悲]",
        "published_at": "2026-11-20T03:55:30+00:00",
        "published_precision": "minute",
        "bid": "R0sVUdZrm",
        "title": "",
        "author": "云栈老粉",
        "author_uid": "9000000006",
        "parent_id": None,
        "root_id": None,
        "repost_of": None,
        "edited_at": None,
        "ip_location": None,
        "client": "云栈奶茶超话",
        "likes": 12000,
        "comments": 3,
        "reposts": 0,
        "views": None,
        "forum": None,
        "topic": None,
        "embedded": False,
        "stirred_at": None,
    }
    assert original["embedded"] is True


@pytest.mark.parametrize(
    "moment", ["2026-11-20T12:00:30", "2026-11-20T04:00:30Z", "2026-11-20T12:00:30+08:00"]
)
def test_the_time_of_fetching_is_taken_as_given_without_a_zone_in_china(run, moment):
    (document,) = documents(run(REALTIME, "--fetched-at", moment))
    assert document["mentions"][0]["published_at"] == "2026-11-20T03:55:30+00:00"


def test_the_time_of_fetching_is_the_file_s_own_unless_told(run, tmp_path):
    page = tmp_path / "page.html"
    page.write_bytes(REALTIME.read_bytes())
    os.utime(page, (1763600000, 1763600000))
    (document,) = documents(run(page))
    assert document["mentions"][0]["published_at"] == "2025-11-20T00:48:20+00:00"


def test_the_address_helps_where_the_page_is_silent(run):
    page = PAGES / "tieba_search" / "refused_without_words" / "page.html"
    address = "https://tieba.baidu.com/f/search/res?qw=%E4%BA%91%E6%A0%88"
    (document,) = documents(run(page, "--url", address, platform="tieba"))
    assert (document["state"], document["reason"]) == ("blocked", "refused")


def test_a_changed_layout_names_the_field_and_exits_with_three(run, tmp_path):
    page = tmp_path / "page.html"
    page.write_text(REALTIME.read_text(encoding="utf-8").replace("5分钟前", ""), encoding="utf-8")
    result = run(page, NOTHING)
    changed, nothing = documents(result)
    assert result.exit_code == 3
    assert (changed["page"], changed["state"]) == ("weibo_search", "layout_changed")
    assert "created_at" in changed["reason"]
    assert (changed["mentions"], changed["next"]) == ([], None)
    assert nothing["state"] == "empty"


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_done(run, tmp_path):
    result = run(tmp_path / "missing.html", tmp_path, NOTHING)
    assert result.exit_code == 3
    assert [document["state"] for document in documents(result)] == ["empty"]
    assert str(tmp_path / "missing.html") in result.stderr
    assert result.stderr.count("✗") == 2
    assert "Traceback" not in result.output


def test_when_no_file_can_be_read_the_run_failed(run, tmp_path):
    result = run(tmp_path / "missing.html")
    assert (result.exit_code, result.stdout) == (1, "")


def test_a_wrong_option_is_wrong_usage(run):
    result = run(NOTHING, "--platform", "myspace")
    assert (result.exit_code, result.stdout) == (2, "")


def test_a_time_that_is_none_is_named_with_a_form_that_works(run):
    result = run(NOTHING, "--fetched-at", "yesterday")
    assert isinstance(result.exception, ConfigurationError)
    assert "--fetched-at yesterday" in str(result.exception)
    assert result.stdout == ""


def test_rubbish_of_every_kind_gives_a_document_and_no_stack_trace(run, tmp_path):
    bodies = [
        b"",
        b"\xff\xfe",
        Random(7).randbytes(5000),
        b"\0" * 999,
        b"{",
        "云栈".encode("utf-16"),
    ]
    files = []
    for number, body in enumerate(bodies):
        files.append(tmp_path / f"{number}.bin")
        files[-1].write_bytes(body)
    for platform in ("weibo", "zhihu", "tieba"):
        result = run(*files, platform=platform)
        assert result.exit_code == 3
        assert [document["state"] for document in documents(result)] == ["layout_changed"] * 6


RUN_ALONE = """
import resource, sys, typer
from pathlib import Path
from cli import parse

def most_memory():  # kB; what getrusage says begins with the parent's, so Linux is asked itself
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return next(l.split()[1] for l in status.read_text().splitlines() if l.startswith("VmHWM"))

app = typer.Typer()
parse.register(app)
app.command("other")(lambda: None)
try:
    app(sys.argv[1:])
finally:
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(most_memory(), used.ru_utime + used.ru_stime, file=sys.stderr)
"""

HUGE = {
    "30 MB of posts": lambda: REALTIME.read_bytes() * 12_000,
    "15 MB deep": lambda: b"<div>" * 3_000_000,
    "14 MB of GBK": lambda: "好".encode("gbk") * 7_000_000,
    "15 MB of JSON": lambda: b'{"data":[' + b"[]," * 5_000_000 + b"[]]}",
    "30 MB of rubbish": lambda: bytes(range(256)) * 120_000,
}


@pytest.mark.parametrize("kind", HUGE)
def test_a_huge_file_takes_at_most_two_seconds_and_half_a_gigabyte(kind, tmp_path):
    page = tmp_path / "huge"
    page.write_bytes(HUGE[kind]())
    command = [sys.executable, "-c", RUN_ALONE, "parse", "--platform", "weibo", str(page)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert json.loads(done.stdout)["state"] in ("layout_changed", "not_content")
    kilobytes, seconds = done.stderr.split()
    assert int(kilobytes) < 512 * 1024
    assert float(seconds) < 2


def test_the_command_line_does_not_wait_for_parsers_that_it_may_not_need():
    check = (
        "import sys, cli.parse; sys.exit(any(m in sys.modules for m in ('scrapy','selectolax')))"
    )
    assert subprocess.run([sys.executable, "-c", check], cwd=ROOT, check=False).returncode == 0


def test_half_a_character_and_what_commands_a_terminal_leave_one_sound_document(run, tmp_path):
    reply = json.loads((PAGES / "zhihu_search" / "reply" / "page.json").read_bytes())
    sound = next(item for item in reply["data"] if "url_token" in str(item))
    hostile = json.dumps(reply).replace(
        json.dumps(sound["object"]["author"]["url_token"]), '"\\ud800\\u009b31m\\u202e\\u001b[0m"'
    )
    page = tmp_path / "page.json"
    page.write_text(hostile)
    result = run(page, platform="zhihu")
    assert result.exit_code == 0
    assert not set("\x1b\x9b\u202e\u2028") & set(result.stdout)
    (document,) = documents(result)
    uids = {mention["author_uid"] for mention in document["mentions"]}
    assert "?\x9b31m\u202e\x1b[0m" in uids
