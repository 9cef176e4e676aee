"""docs/quickstart.md, command by command, on demo platforms that answer only who is logged in and
whose robots.txt forbids everything.

Who logs in brings the state of a browser; a window and a QR code have tests of their own.
"""

import re
import shlex
import signal
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.assessment import rate_of
from domain.coverage import CoverageState
from domain.queries import MentionFilter
from runtime.settings import load_settings
from runtime.wiring import Services, open_services
from tests.demo_process import running_demo
from tests.fixtures.demo_login import storage_state_at
from tests.fixtures.people import PASSWORD, QUICK, an_account, move_in
from tests.integration.test_up import ROOT, Folder
from workflow.assessments import Assessment, Hand, Pacing, Sheet, sign
from workflow.login import Door

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

PAGE = (ROOT / "docs/quickstart.md").read_text(encoding="utf-8")
COMMANDS = [
    shlex.split(line)
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
]
SOURCE = "weibo"


def test_the_page_says_these_commands_in_this_order():
    assert [" ".join(words[:2]) for words in COMMANDS] == [
        "koubei init",
        "cd live",
        "koubei apply",
        "koubei doctor",
        "koubei login",
        "koubei crawl",
        "koubei up",
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path)
    done = folder.koubei(*COMMANDS[0][1:])
    assert done.returncode == 0, done.stderr
    folder.path = tmp_path / COMMANDS[1][1]
    return folder


def point_at(folder: Folder, url: str) -> None:
    """What the page asks for before `apply`, and at its end for the demo."""
    settings = folder.path / "koubei.toml"
    place = url.removeprefix("http://")
    text = settings.read_text(encoding="utf-8")
    text = re.sub(
        r"(?m)^\[crawl\]$",
        f'[crawl]\ncontact = "ops@example.com"\nallowed_hosts = ["{place}"]',
        text,
    )
    settings.write_text(text, encoding="utf-8")
    brands = folder.path / "brands.toml"
    said = brands.read_text(encoding="utf-8")
    said = said.replace('#base_url = "https://s.weibo.com"', f'base_url = "{url}"')
    said = said.replace('sources = ["weibo", "zhihu", "tieba"]', 'sources = ["weibo"]')
    said = said.replace('queries = ["云栈奶茶"]', 'queries = ["云栈"]')
    brands.write_text(said, encoding="utf-8")


def run(folder: Folder, words: list[str], code: int) -> str:
    done = folder.koubei(*words[1:])
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def sign_as_the_page_says(services: Services) -> Assessment:
    """What 设置 → 来源 does: read robots.txt, look at it, sign with the own password."""
    from crawlers.trying import ProcessScout

    robots = ProcessScout(services).read_robots(SOURCE)
    move_in(services.begin_work, an_account("hui"))
    crawl = services.settings.crawl
    pacing = Pacing(crawl.delay, tuple(crawl.allowed_hosts))
    with services.begin_work() as work:
        _, configuration = work.configuration.current()
    source = configuration.source(SOURCE)
    now = datetime.now(UTC)
    assert source is not None
    sheet = Sheet(
        source_id=SOURCE,
        purpose="了解公众对自有品牌的公开评价",
        robots=robots,
        rate=rate_of(configuration, source, pacing.of(source)),
        terms_url="https://weibo.com/terms",
        terms_read_on=now.date(),
        effect="每天约百次请求，对服务的影响可以忽略",
        allows_disallowed=True,
    )
    hand = Hand("id-hui", PASSWORD, "", "127.0.0.1", lambda sealed: "")
    return sign(
        services.begin_work, sheet, hand, door=Door(services.begin_work, QUICK), pacing=pacing,
        at=now,
    )  # fmt: skip


def test_every_command_does_what_the_page_says(folder, monkeypatch):
    _, _, apply, doctor, login, crawl, up = COMMANDS
    walls = ("--walls", "--scanned-after", "0", "--forbid-robots")
    with running_demo("--now", "real", *walls) as demo:
        point_at(folder, demo["weibo"])
        run(folder, apply, 0)
        assert folder.koubei(*doctor[1:]).returncode in {0, 3}
        said = run(folder, crawl, 1)
        assert "微博的 robots.txt 不允许" in said  # known before anybody logs in
        assert "设置 → 来源 → 采集影响评估" in said
        monkeypatch.setenv("KOUBEI_CONFIG", str(folder.path / "koubei.toml"))
        with open_services(load_settings()) as services:
            signed = sign_as_the_page_says(services)
            assert signed.robots.disallowed
            said = run(folder, crawl, 1)
            assert "koubei login weibo" in said
            come_in(folder, login, services)
            said = run(folder, crawl, 0)
            assert re.search(r"读到 \d+ 条，其中 \d+ 条会入库", said)
            assert signed.id in said
            assert services.store.count(MentionFilter(public_voice_only=False)) == 0
            rows = until_read(folder, up, services)
            assert {row.assessment_id for row in rows} == {signed.id}
            assert services.store.count(MentionFilter(public_voice_only=False)) > 0


def come_in(folder: Folder, login: list[str], services: Services) -> None:
    """The first step, with the state of a browser in which somebody has logged in."""
    with services.begin_reading() as work:
        _, configuration = work.configuration.current()
    source = configuration.source(SOURCE)
    assert source is not None
    state = folder.path / "state.json"
    state.write_text(storage_state_at(source), encoding="utf-8")
    run(folder, [*login, "--state", state.name], 0)


def until_read(folder: Folder, up: list[str], services: Services):
    """Run the last step until the ledger knows the source; return its entries. The demo runs."""
    with (folder.path / "said.txt").open("wb") as said:
        process = subprocess.Popen(
            folder.command(*up[1:], "--no-demo"), cwd=folder.path, env=folder.environment,
            stdout=said, stderr=said,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            assert process.poll() is None, folder.said
            with services.begin_reading() as work:
                rows = work.coverage.latest()
            if rows and rows[0].state is CoverageState.OK:
                return rows
            time.sleep(1)
        raise AssertionError(folder.said)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
