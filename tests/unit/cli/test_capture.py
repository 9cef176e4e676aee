"""`koubei capture FILE`: a fixture without people, or a reason why there is none."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.capture import _source_for
from cli.main import build_app
from crawlers.pages import weibo_search
from domain.brand import Source, Transport
from domain.errors import ConfigurationError
from domain.mention import Platform
from tests.pages import PAGES, load_page

SAVED = PAGES / "weibo_search" / "realtime_2026" / "page.html"
AT = "2026-11-20T12:00:30+08:00"


def capture(*arguments: object, language: str = "en"):
    app = build_app(["capture"])
    return CliRunner().invoke(
        app,
        ["capture", *map(str, arguments), "-p", "weibo"],
        env={"KOUBEI_LANGUAGE": language},
    )


def test_a_saved_page_becomes_a_fixture_that_its_reader_reads(tmp_path):
    result = capture(SAVED, "--out", tmp_path, "--fetched-at", AT)
    assert result.exit_code == 0, result.output
    (folder,) = (tmp_path / "weibo_search").iterdir()
    fixture, original = load_page(folder, "weibo_search"), load_page(SAVED.parent, "weibo_search")
    read = weibo_search.parse(
        fixture.body, url=fixture.url, status=fixture.status, fetched_at=fixture.fetched_at
    )
    assert read == fixture.expected
    pairs = list(zip(read.mentions, original.expected.mentions, strict=True))
    assert [(n.likes, n.published_at) for n, _ in pairs] == [
        (o.likes, o.published_at) for _, o in pairs
    ]
    for new, old in pairs:
        assert new.author != old.author
        assert old.author not in fixture.body.decode()
        assert old.id.partition(":")[2] not in fixture.body.decode()
    assert "review" in json.loads((folder / "expected.json").read_text(encoding="utf-8"))


def test_a_second_capture_of_a_day_has_a_name_of_its_own(tmp_path):
    for _ in range(2):
        assert capture(SAVED, "--out", tmp_path, "--fetched-at", AT).exit_code == 0
    assert len(list((tmp_path / "weibo_search").iterdir())) == 2


def test_a_layout_that_cannot_be_read_is_kept_for_a_person_to_describe(tmp_path):
    page = tmp_path / "page.html"
    text = SAVED.read_text(encoding="utf-8").replace('class="from"', 'class="when"')
    page.write_text(text, encoding="utf-8")
    result = capture(page, "--out", tmp_path / "out", "--fetched-at", AT)
    assert result.exit_code == 3
    assert "created_at" in result.output
    (folder,) = (tmp_path / "out" / "weibo_search").iterdir()
    told = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    assert told["page"] == {"state": "ok", "mentions": []}
    assert "云栈老粉" not in (folder / "page.html").read_text(encoding="utf-8")


def test_an_unknown_page_is_kept_apart(tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<html><body><div class='novel'>王小明说好喝</div></body></html>", "utf-8")
    assert capture(page, "--out", tmp_path / "out", "--fetched-at", AT).exit_code == 3
    (folder,) = (tmp_path / "out" / "weibo_unknown").iterdir()
    assert "王小明" not in (folder / "page.html").read_text(encoding="utf-8")
    assert "class='novel'" in (folder / "page.html").read_text(encoding="utf-8")


def test_nothing_is_written_when_somebody_would_be_left_in_it(tmp_path, monkeypatch):
    monkeypatch.setattr("crawlers.captures.scrubbing.Scrubber.said", lambda self, text: text)
    result = capture(SAVED, "--out", tmp_path / "out", "--fetched-at", AT)
    assert result.exit_code == 1
    assert not (tmp_path / "out").exists()
    assert "云栈老粉" not in result.output


def test_a_har_takes_the_reply_that_is_read_best_unless_told(tmp_path):
    bodies = ["<html><body>x</body></html>", SAVED.read_text(encoding="utf-8")]
    entries = [
        {
            "startedDateTime": AT,
            "request": {"url": "https://s.weibo.com/realtime?q=x"},
            "response": {"status": 200, "content": {"mimeType": "text/html", "text": body}},
        }
        for body in bodies
    ]
    file = tmp_path / "a.har"
    file.write_text(json.dumps({"log": {"entries": entries}}), encoding="utf-8")
    best = capture(file, "--out", tmp_path / "best")
    assert (best.exit_code, "#2 text/html" in best.output) == (0, True)
    other = capture(file, "--out", tmp_path / "other", "--entry", 1)
    assert other.exit_code == 3
    assert "there is no page 9" in str(capture(file, "--entry", 9).exception)


def test_ip_places_stay_unless_asked(tmp_path):
    page = PAGES / "weibo_item" / "ajax_show" / "page.json"
    for option, stays in ((), True), (("--strip-ip",), False):
        out = tmp_path / str(stays)
        assert capture(page, "--out", out, "--fetched-at", AT, *option).exit_code == 0
        told = next(iter(out.glob("*/*/expected.json"))).read_text(encoding="utf-8")
        (mention,) = [m for m in json.loads(told)["page"]["mentions"] if not m.get("embedded")]
        original = load_page(page.parent, "weibo_item").expected.mentions[0].ip_location
        assert (mention["ip_location"] == original) is stays


def test_of_two_sources_the_one_that_needs_no_browser_is_asked():
    sources = [
        Source(name, "zhihu_search", Platform.ZHIHU, transport, "https://www.zhihu.com")
        for name, transport in (("shown", Transport.BROWSER), ("plain", Transport.HTTP))
    ]

    def chosen(*some: Source, wanted: str | None = None) -> str:
        address = "https://www.zhihu.com/question/1"
        return _source_for(some, address, Platform.ZHIHU, wanted, ()).id

    assert chosen(*sources) == "plain"
    for wrong in (lambda: chosen(sources[0]), lambda: chosen(*sources, wanted="shown")):
        with pytest.raises(ConfigurationError) as error:
            wrong()
        assert error.value.place == "shown"
        assert "koubei capture 文件" in error.value.mend.zh
    with pytest.raises(ConfigurationError) as error:
        chosen()
    assert "没有来源" in error.value.text.zh


@pytest.mark.parametrize("name", ["nowhere.html"])
def test_a_file_that_is_not_there_is_said(tmp_path: Path, name: str):
    assert isinstance(capture(tmp_path / name).exception, OSError)
