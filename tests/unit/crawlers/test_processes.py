"""Who runs on this machine: the same answer with and without `ps`."""

import os
import shutil
import signal
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


def test_a_family_ends_with_its_orphans():
    # the middle shell dies at once and leaves its child behind
    program = (
        "from crawlers.processes import adopt_orphans; import subprocess, sys; adopt_orphans(); "
        "subprocess.run(['sh', '-c', 'sleep 60 & exit 0'], stdout=subprocess.DEVNULL); "
        "print('ready', flush=True); sys.stdin.read()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"ready\n"
    orphans = descendants(parent.pid)
    if sys.platform == "linux":
        assert len(orphans) == 1
    processes.end_family(parent.pid)
    assert parent.wait(5) == -signal.SIGKILL
    parent.communicate()
    assert not orphans & {known for known, _ in running_processes()}


def test_only_those_that_are_meant_end(child):
    processes.end_those({processes.Process(child.pid, "another start")})
    assert child.poll() is None
    processes.end_those({known for known, _ in running_processes() if known.pid == child.pid})
    assert child.wait(5) == -signal.SIGKILL
