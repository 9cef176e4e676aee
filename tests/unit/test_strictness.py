"""Skipped tests: listed with their reason, and failures when strictness is asked for."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = """
import pytest

def test_runs():
    pass

def test_lacks_a_browser():
    pytest.skip("no Chromium; mend: apt-get install chromium")

def test_lacks_it_too():
    pytest.skip("no Chromium; mend: apt-get install chromium")

@pytest.mark.shared
def test_needs_the_folder():
    pytest.skip("needs ../shared")

@pytest.mark.xfail(reason="known")
def test_is_known_to_fail():
    raise AssertionError
"""
PLUGIN = """
from tests import conftest, strictness
conftest.has_shared = lambda: {present}
"""


@pytest.fixture
def run(tmp_path):
    """Run the tests above in a process of their own and return (exit code, output)."""

    def run_with(*options: str, shared: bool, tests: str = TESTS) -> tuple[int, str]:
        (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = shared\n", encoding="utf-8")
        (tmp_path / "test_some.py").write_text(tests, encoding="utf-8")
        (tmp_path / "presence.py").write_text(PLUGIN.format(present=shared), encoding="utf-8")
        plugins = ("-p", "presence", "-p", "tests.strictness", "-p", "no:cacheprovider")
        command = [sys.executable, "-m", "pytest", "-q", *plugins, *options, str(tmp_path)]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={"PYTHONPATH": f"{ROOT}:{tmp_path}", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    return run_with


def test_by_default_skips_are_listed_once_each_with_their_number(run):
    code, output = run(shared=False)
    assert code == 0
    assert "    2  no Chromium; mend: apt-get install chromium" in output
    assert "    1  needs ../shared" in output
    assert output.rstrip().splitlines()[-1].startswith("1 passed, 3 skipped, 1 xfailed")


def test_strict_makes_skips_failures_except_for_the_folder_a_clone_never_has(run):
    code, output = run("--strict-skips", shared=False)
    assert code == 1
    assert output.rstrip().splitlines()[-1].startswith("2 failed, 1 passed, 1 skipped, 1 xfailed")


def test_strict_excuses_nobody_where_the_folder_is_there(run):
    code, output = run("--strict-skips", shared=True)
    assert code == 1
    assert "3 failed, 1 passed, 1 xfailed" in output


def test_a_module_that_skips_itself_is_a_failure_too(run):
    module = "import pytest\npytest.skip('no driver', allow_module_level=True)\n"
    assert run(shared=False, tests=module)[0] == 5  # nothing ran
    code, output = run("--strict-skips", shared=False, tests=module)
    assert code in {1, 2}
    assert "no driver" in output
