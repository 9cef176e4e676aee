"""How `koubei up` begins: in an empty folder, a used one, an unfinished one, and twice."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli import demo_world

ROOT = Path(__file__).resolve().parents[2]
DEMO = "演示平台已启动"

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]


class Folder:
    """A folder in which koubei is started; `said` is all that it told."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "KOUBEI_BROWSER__ENABLED": "false",
        }

    def koubei(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=self.path,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )

    @staticmethod
    def command(*arguments: str) -> list[str]:
        return [sys.executable, "-m", "cli", *arguments]

    @contextmanager
    def up(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run `koubei up` until the pages are there; end it after the block."""
        with (self.path / "said.txt").open("wb") as said:
            process = subprocess.Popen(
                self.command("up", *arguments),
                cwd=self.path,
                env=self.environment,
                stdout=said,
                stderr=said,
            )
        try:
            deadline = time.monotonic() + 60
            while not re.search(r"http://[\d.:]+/", self.said):
                assert process.poll() is None, self.said
                assert time.monotonic() < deadline, self.said
                time.sleep(0.1)
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            code = process.wait(30)
        assert code in {0, -signal.SIGKILL}

    @property
    def said(self) -> str:
        return (self.path / "said.txt").read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_a_look_at_the_status_does_not_keep_the_demo_away(folder):
    folder.koubei("status")
    with folder.up():
        assert DEMO in folder.said


def test_a_first_start_that_was_cut_off_is_made_up_for(folder):
    demo_world.write_settings(folder.path / "koubei.toml")
    with folder.up():
        assert DEMO in folder.said


def test_settings_of_one_s_own_start_no_demo(folder):
    (folder.path / "koubei.toml").write_text('data_dir = "here"\n', encoding="utf-8")
    with folder.up():
        assert DEMO not in folder.said


def test_a_second_start_in_the_folder_says_that_one_runs(folder):
    with folder.up():
        second = folder.koubei("up")
        assert second.returncode == 1
        assert "已有一个 koubei up" in second.stderr
    with folder.up():
        assert DEMO in folder.said


def test_after_kill_9_the_next_start_finds_its_ports_free(folder):
    with folder.up() as first:
        first.kill()
    with folder.up():
        assert DEMO in folder.said
