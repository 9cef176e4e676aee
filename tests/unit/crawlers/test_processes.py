"""Who runs on this machine: the same answer with and without `ps`."""

import os
import shutil
import subprocess
import sys

import pytest

from crawlers import processes
from crawlers.processes import descendants, running_processes

WITH_PROC = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="needs /proc; mend: run the tests on Linux too"
)


@pytest.fixture
def child():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.communicate(b"\n")


@WITH_PROC
def test_a_machine_without_ps_knows_its_processes(child, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert child.pid in {process.pid for process in descendants(os.getpid())}


def test_ps_and_proc_tell_the_same(child, monkeypatch):
    if shutil.which("ps") is None:
        pytest.skip("needs ps; mend: apt-get install procps")
    monkeypatch.setattr(processes, "_PROC", processes.Path("/nowhere"))
    assert child.pid in {process.pid for process in descendants(os.getpid())}


@WITH_PROC
def test_a_name_with_brackets_does_not_confuse(tmp_path, monkeypatch):
    for pid, state in (("7", "S"), ("8", "Z")):
        (tmp_path / pid).mkdir()
        numbers = " ".join(map(str, range(5, 53)))
        (tmp_path / pid / "stat").write_text(f"{pid} (a) R 1 (x) {state} 4 {numbers}\n")
    (tmp_path / "self").symlink_to(tmp_path / "7")
    (tmp_path / "meminfo").touch()
    monkeypatch.setattr(processes, "_PROC", tmp_path)
    assert running_processes() == [(processes.Process(7, "22"), 4)], "the zombie is gone"
