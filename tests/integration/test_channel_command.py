"""`koubei mail test --channel NAME`: the settings, the wiring and the robot together."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes import NOON, FixedClock
from tests.fixtures.robots import KEY, robot_server

pytestmark = pytest.mark.integration

TABLE = '[channels.duty-room]\nkind = "wecom"\nurl_file = "room"\n'


def koubei(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {k: v for k, v in os.environ.items() if not k.startswith("KOUBEI_")}
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=Path(__file__).parents[2],
        env={**environ, "KOUBEI_CONFIG": str(folder / "koubei.toml")},
    )


def test_a_test_message_reaches_the_robot_and_a_wrong_key_is_told_without_showing_it(tmp_path):
    room = tmp_path / "room"
    room.touch(0o600)
    (tmp_path / "koubei.toml").write_text(TABLE, encoding="utf-8")
    with robot_server(FixedClock(NOON)) as server:
        room.write_text(f"{server.url}/wecom/send?key={KEY}", encoding="utf-8")
        done = koubei(tmp_path, "mail", "test", "--channel", "duty-room")
        assert done.returncode == 0, done.stderr
        assert "✓ wecom:duty-room" in done.stdout
        assert "口碑测试邮件" in server.taken[0]["text"]["content"]

        room.write_text(f"{server.url}/wecom/send?key=very-wrong", encoding="utf-8")
        failed = koubei(tmp_path, "mail", "test", "--channel", "duty-room")
        assert failed.returncode == 1
        assert "93000" in failed.stderr
        assert "very-wrong" not in failed.stdout + failed.stderr

    unknown = koubei(tmp_path, "mail", "test", "--channel", "hall")
    assert unknown.returncode != 0
    assert "[channels.hall]" in unknown.stderr
    assert "duty-room" in unknown.stderr
