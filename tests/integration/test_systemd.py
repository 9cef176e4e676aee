"""packaging/systemd: the unit files say what systemd understands, and little is exposed."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

UNITS = Path(__file__).resolve().parents[2] / "packaging" / "systemd"
SERVICES = ("koubei.service", "koubei-backup.service")
BY_NOW = 252
"""The version of Debian 12; `security --offline` came with 250."""


@pytest.fixture
def analyze():
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("needs systemd-analyze; mend: apt install systemd")
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    if int(re.findall(r"\d+", told.stdout)[0]) < BY_NOW:
        pytest.skip(f"needs systemd-analyze {BY_NOW}; mend: a newer systemd")

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *words], capture_output=True, text=True, timeout=60, check=False
        )

    return run


@pytest.fixture
def units(tmp_path):
    """The units with a program that is on this machine, and without what depends on it."""
    for unit in UNITS.iterdir():
        content = unit.read_text(encoding="utf-8")
        content = content.replace("/opt/koubei/.venv/bin/koubei", sys.executable)
        content = re.sub(r"(?m)^Documentation=.*\n", "", content)
        (tmp_path / unit.name).write_text(content, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("unit", [*SERVICES, "koubei-backup.timer"])
def test_systemd_understands_every_line(analyze, units, unit):
    done = analyze("verify", "--man=no", "--recursive-errors=no", str(units / unit))
    assert (done.returncode, done.stderr.replace(str(units), "")) == (0, "")


@pytest.mark.parametrize(
    ("unit", "exposure"), [("koubei.service", 2.5), ("koubei-backup.service", 2.0)]
)
def test_little_is_exposed(analyze, units, unit, exposure):
    done = analyze(
        "security", "--offline=yes", f"--threshold={int(exposure * 10)}", "--no-pager",
        str(units / unit),
    )  # fmt: skip
    overall = re.search(r"Overall exposure level for .*: ([\d.]+)", done.stdout)
    assert overall is not None, done.stderr
    assert float(overall[1]) <= exposure, done.stdout
    assert done.returncode == 0


def test_a_typo_would_be_found(analyze, units):
    unit = units / "koubei.service"
    unit.write_text(unit.read_text().replace("NoNewPrivileges", "NoNewPrivilege"))
    done = analyze("verify", "--man=no", "--recursive-errors=no", str(unit))
    assert "NoNewPrivilege" in done.stderr
