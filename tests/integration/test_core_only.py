"""A host that only shows pages: the packages of core.lock and no other."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from runtime.extras import EXTRAS

ROOT = Path(__file__).resolve().parents[2]
ABSENT = (*(module for extra in EXTRAS.values() for module in extra), "openpyxl", "psycopg")
# a name that is None in sys.modules can neither be imported nor found
WITHOUT = f"import sys; sys.modules.update(dict.fromkeys({ABSENT!r})); "
KOUBEI = f"{WITHOUT} from cli.main import main; sys.argv[0] = 'koubei'; main()"

pytestmark = pytest.mark.integration


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", KOUBEI, *arguments]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "KOUBEI_DATA_DIR": str(tmp_path / "var")}


@pytest.fixture
def koubei(tmp_path, environment):
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*arguments),
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("config",),
        ("status",),
        ("explain", "2026-11-21T10:00"),
        ("doctor",),
        ("mail", "list"),
        ("export", "all.jsonl"),
        ("import", "--help"),
        ("init", "live"),
    ],
    ids=" ".join,
)
def test_commands_that_read_need_no_optional_package(koubei, arguments):
    if arguments[0] == "export":
        koubei("status")
    done = koubei(*arguments)
    assert "Traceback" not in done.stderr
    assert "run.py setup" not in done.stderr
    assert done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [
        (("up",), "scrapy"),
        (("crawl",), "scrapy"),
        (("up", "--only", "crawler"), "scrapy"),
        (("up", "--only", "scheduler"), "snownlp"),
    ],
)
def test_commands_that_crawl_or_score_name_what_is_missing_and_begin_nothing(
    koubei, tmp_path, arguments, missing
):
    done = koubei(*arguments)
    assert done.returncode == 1
    assert missing in done.stderr
    assert "python3 run.py setup" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_pages_are_shown(tmp_path, environment):
    with (tmp_path / "said").open("w+") as said:
        up = subprocess.Popen(
            command("up", "--only", "web"), cwd=tmp_path, env=environment, stdout=said, stderr=said
        )
        try:
            deadline = time.monotonic() + 30
            while not (found := re.search(r"http://[\d.:]+/", text_of(said.name))):
                assert up.poll() is None, text_of(said.name)
                assert time.monotonic() < deadline
                time.sleep(0.1)
            assert httpx.get(f"{found[0]}healthz").json() == {"status": "ok"}
            token = (tmp_path / "var/secrets/metrics_token").read_text(encoding="ascii").strip()
            bearer = {"Authorization": f"Bearer {token}"}
            assert httpx.get(f"{found[0]}metrics", headers=bearer).is_success
            assert "一次性代码" in httpx.get(found[0], follow_redirects=True).text
            assert (tmp_path / "var/secrets/first_code").exists()
        finally:
            up.send_signal(signal.SIGTERM)
        assert up.wait(15) == 0
    assert not (tmp_path / "koubei.toml").exists(), "no demo where nothing crawls"


def text_of(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")
