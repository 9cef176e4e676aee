"""The bootstrap: what each step does, and the way around when it fails."""

import ast
import hashlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import run

ROOT = Path(__file__).parents[2]
WHEEL = b"pip itself"


class Machine:
    """A computer on which named commands fail, and which remembers what it was told to do."""

    def __init__(self, root: Path, *, fails=(), programs=(), ensurepip=True) -> None:
        self.root = root
        self.ensurepip = ensurepip
        self.fails = tuple(fails)
        self.programs = dict.fromkeys(programs, "")
        self.told: list[str] = []
        self.pages: dict[str, bytes] = {}

    def fetch(self, url):
        if url not in self.pages:
            raise OSError("no network")
        return self.pages[url]

    def call(self, command, log=None, verbose=False, cwd=None) -> int:
        words = (
            " ".join(map(str, command)).replace(f"{self.root}/", "").replace(sys.executable, "py")
        )
        self.told.append(words)
        if words.endswith("venv --clear .venv") and not self.ensurepip:
            return 1
        if any(sign in words for sign in self.fails):
            if log:
                log.parent.mkdir(exist_ok=True)
                log.write_text("\n".join(f"line {n}" for n in range(30)), encoding="utf-8")
            return 1
        if " venv " in f" {words} ":
            python = self.root / ".venv" / "bin" / "python"
            python.parent.mkdir(parents=True, exist_ok=True)
            python.touch()
            (self.root / ".venv" / "pyvenv.cfg").write_text("version = 3.11.2\n", encoding="utf-8")
        return 0

    def which(self, name):
        return f"/bin/{name}" if name in self.programs else None


@pytest.fixture(autouse=True)
def _speaks_english(monkeypatch):
    monkeypatch.setenv("KOUBEI_LANGUAGE", "en")


@pytest.fixture
def root(tmp_path) -> Path:
    (tmp_path / "requirements").mkdir()
    for name in (*run.LOCKS.values(), "pyproject.toml"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    (tmp_path / run.BUILD_LOCK).write_text(
        "pip==26.0 \\\n"
        "    --hash=sha256:0000 \\\n"
        f"    --hash=sha256:{hashlib.sha256(WHEEL).hexdigest()}\n    # via -r\nwheel==1.0\n",
        encoding="utf-8",
    )
    return tmp_path


def set_up(machine: Machine, group: str = "run", *, offline: bool = False) -> list[str]:
    """Run the set-up and return what the machine was told to do in it."""
    machine.told.clear()
    options = SimpleNamespace(offline=offline, verbose=False)
    run.Setup(machine.root, options, machine.call, machine.which, machine.fetch).prepare(group)
    return list(machine.told)


def test_a_bare_machine_gets_an_environment_and_the_locked_packages_with_hashes(root):
    told = set_up(Machine(root))
    installs = [words for words in told if " install " in words]
    assert told[0] == "py -m venv --clear .venv"
    assert [words.split(" -r ")[1].split()[0] for words in installs[:2]] == [
        "requirements/build.lock",
        "requirements/run.lock",
    ]
    assert all("--require-hashes --no-build-isolation" in words for words in installs[:2])
    assert installs[2].endswith(f"--no-deps --no-build-isolation --no-index -e {root}")


def test_the_second_start_does_nothing(root):
    machine = Machine(root)
    set_up(machine)
    assert set_up(machine) == []


def test_a_changed_lock_is_installed_into_the_same_environment(root):
    machine = Machine(root)
    set_up(machine)
    (root / "requirements/run.lock").write_text("newer", encoding="utf-8")
    told = set_up(machine)
    assert any("requirements/run.lock" in words for words in told)
    assert not any("venv --clear" in words for words in told)


def test_the_tests_packages_hold_those_of_the_service(root):
    machine = Machine(root)
    assert any("requirements/test.lock" in words for words in set_up(machine, "test"))
    assert set_up(machine, "run") == []


def test_a_tree_that_was_moved_gets_a_new_environment(root):
    machine = Machine(root)
    set_up(machine)
    stamp = root / ".venv" / "koubei-stamp.json"
    noted = json.loads(stamp.read_text(encoding="utf-8"))
    stamp.write_text(json.dumps({**noted, "root": "/elsewhere", "run": ""}), encoding="utf-8")
    assert "py -m venv --clear .venv" in set_up(machine)


def test_an_environment_that_somebody_else_made_is_kept(root):
    machine = Machine(root)
    machine.call(["py", "-m", "venv", "x"])
    assert not any("--clear" in words for words in set_up(machine))


def test_a_folder_that_is_no_environment_is_never_cleared(root):
    (root / ".venv").mkdir()
    (root / ".venv" / "diary.txt").touch()
    with pytest.raises(run.SetupFailed, match="move it away"):
        set_up(Machine(root))
    assert (root / ".venv" / "diary.txt").exists()


def test_an_interrupted_installation_is_done_again(root):
    machine = Machine(root, fails=["-e "])
    with pytest.raises(run.SetupFailed):
        set_up(machine)
    machine.fails = ()
    assert any("-e " in words for words in set_up(machine))


def test_a_folder_of_somebody_else_is_named_and_left_alone(root):
    machine = Machine(root)
    options = SimpleNamespace(offline=False, verbose=False)
    setup = run.Setup(root, options, machine.call, machine.which, may_write=lambda folder: False)
    with pytest.raises(run.SetupFailed, match="cannot be written"):
        setup.prepare("run")
    assert machine.told == []


class TestPlanB:
    def machine_without_pip(self, root, **more) -> Machine:
        fails = ["py -m pip", ".venv/bin/python -m pip"]
        return Machine(root, fails=fails, ensurepip=False, **more)

    def test_without_ensurepip_the_system_s_pip_installs_into_the_environment(self, root):
        told = set_up(Machine(root, ensurepip=False))
        assert "py -m venv --clear .venv --without-pip" in told
        assert any(w.startswith("py -m pip --python .venv/bin/python install") for w in told)

    def test_without_any_pip_module_a_pip_program_is_used(self, root):
        told = set_up(self.machine_without_pip(root, programs=["pip3"]))
        assert any(w.startswith("/bin/pip3 --python .venv/bin/python install") for w in told)

    def test_without_any_pip_a_wheel_of_pip_is_used(self, root):
        (root / "wheels").mkdir()
        (root / "wheels" / "pip-26.0-py3-none-any.whl").touch()
        told = set_up(self.machine_without_pip(root))
        wheel = "wheels/pip-26.0-py3-none-any.whl/pip"
        assert any(w.startswith(f".venv/bin/python {wheel} install") for w in told)

    def test_without_all_of_these_uv_is_used(self, root, monkeypatch):
        monkeypatch.setattr(run, "PIP_WHEEL_FOLDERS", ())
        environ = {"PIP_INDEX_URL": "https://mirror.example/simple"}
        monkeypatch.setattr(run.os, "environ", environ)
        told = set_up(self.machine_without_pip(root, programs=["uv"]))
        assert any(w.startswith("/bin/uv pip install --python .venv/bin/python -r") for w in told)
        assert environ["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"

    @pytest.fixture
    def nothing_but_python(self, root, monkeypatch) -> Machine:
        monkeypatch.setattr(run, "PIP_WHEEL_FOLDERS", (".venv",))
        monkeypatch.setattr(run.os, "environ", {"PIP_INDEX_URL": "https://mirror.example/simple/"})
        machine = self.machine_without_pip(root)
        machine.pages = {
            "https://mirror.example/simple/pip/": (
                b'<a href="../../files/pip-25.9-py3-none-any.whl#sha256=00">old</a>'
                b'<a href="../../files/pip-26.0-py3-none-any.whl#sha256=00&amp;x">new</a>'
            ),
            "https://mirror.example/files/pip-26.0-py3-none-any.whl#sha256=00&x": WHEEL,
        }
        return machine

    def test_with_nothing_but_python_the_locked_pip_is_fetched(self, nothing_but_python):
        told = set_up(nothing_but_python)
        pip = ".venv/bin/python .venv/pip-26.0-py3-none-any.whl/pip"
        assert [w.partition(" -r ")[0] for w in told if " -r " in w] == [f"{pip} install"] * 2

    def test_a_fetched_pip_is_fetched_once(self, nothing_but_python, root):
        set_up(nothing_but_python)
        nothing_but_python.pages = {}
        (root / "requirements/run.lock").write_text("newer", encoding="utf-8")
        assert any("pip-26.0" in words for words in set_up(nothing_but_python))

    def test_a_pip_that_is_not_the_locked_one_is_refused(self, nothing_but_python):
        for url in list(nothing_but_python.pages)[1:]:
            nothing_but_python.pages[url] = b"something else"
        with pytest.raises(run.SetupFailed, match="venv"):
            set_up(nothing_but_python)

    def test_offline_no_pip_is_fetched(self, nothing_but_python, root):
        (root / "wheels").mkdir()
        with pytest.raises(run.SetupFailed, match="venv"):
            set_up(nothing_but_python, offline=True)

    def test_only_the_web_is_fetched_from(self):
        with pytest.raises(OSError, match="not http"):
            run.fetch("file:///etc/passwd")

    def test_without_anything_the_debian_package_is_named(self, root, monkeypatch):
        monkeypatch.setattr(run, "PIP_WHEEL_FOLDERS", ())
        with pytest.raises(run.SetupFailed, match=r"apt-get install python3\.\d+-venv"):
            set_up(self.machine_without_pip(root))


class TestPackages:
    def test_a_failure_shows_the_end_of_the_log_and_the_mirror_hint(self, root, capsys):
        with pytest.raises(run.SetupFailed, match="PIP_INDEX_URL"):
            set_up(Machine(root, fails=["requirements/run.lock"]))
        shown = capsys.readouterr().out
        assert "line 10\n" in shown
        assert "line 9\n" not in shown

    def test_offline_installs_from_the_folder_only(self, root):
        (root / "wheels").mkdir()
        installs = [w for w in set_up(Machine(root), offline=True) if " -r " in w]
        assert all("--no-index --find-links wheels" in words for words in installs)

    def test_offline_without_the_folder_says_how_to_fill_it(self, root):
        with pytest.raises(run.SetupFailed, match="pip download -d wheels"):
            set_up(Machine(root), offline=True)


class TestSystemPackages:
    def install(self, capsys, *, is_root=True, programs=("apt-get",), fails=()):
        machine = Machine(Path("/nowhere"), programs=programs, fails=fails)
        run.install_system_packages(machine.call, machine.which, is_root=is_root)
        return machine.told, capsys.readouterr().out

    @pytest.fixture(autouse=True)
    def _no_postgres_folder(self, monkeypatch):
        monkeypatch.setattr(
            run,
            "DEBIAN_PACKAGES",
            (("chromium", ("chromium", "google-chrome")), ("maven", ("mvn",))),
        )
        monkeypatch.setenv("DEBIAN_FRONTEND", "noninteractive")

    def test_root_installs_what_is_missing_and_says_so(self, capsys):
        told, said = self.install(capsys, programs=("apt-get", "mvn"))
        assert told[1] == "apt-get install -y --no-install-recommends chromium -qq"
        assert "✓ installed system packages: chromium" in said

    def test_another_browser_will_do(self, capsys):
        told, said = self.install(capsys, programs=("apt-get", "mvn", "google-chrome"))
        assert told == []
        assert "all there" in said

    def test_nobody_else_is_asked_to_be_root(self, capsys):
        told, said = self.install(capsys, is_root=False)
        assert told == []
        assert "! --system needs root and apt-get, skipped; run: sudo apt-get install" in said

    def test_a_refusal_does_not_stop_the_set_up(self, capsys):
        _, said = self.install(capsys, fails=["apt-get update"])
        assert "going on without" in said


class TestCommandLine:
    def test_what_is_not_ours_goes_to_the_command(self):
        options, rest = run.read_options(["test", "-k", "spike", "--strict", "tests/unit", "-x"])
        assert (options.command, options.strict) == ("test", True)
        assert rest == ["-k", "spike", "tests/unit", "-x"]

    def test_set_up_takes_nothing_else(self, capsys):
        with pytest.raises(SystemExit) as caught:
            run.read_options(["setup", "--colour"])
        assert caught.value.code == run.EXIT_USAGE

    @pytest.mark.parametrize(
        ("strict", "environ", "expected"),
        [
            (False, {}, False),
            (True, {}, True),
            (False, {"CI": "true"}, True),
            (False, {"CI": "1"}, True),
            (False, {"CI": "false"}, False),
            (False, {"CI": "0"}, False),
            (False, {"CI": ""}, False),
        ],
    )
    def test_ci_is_strict_unless_it_says_no(self, strict, environ, expected):
        assert run.is_strict(SimpleNamespace(strict=strict), environ) is expected

    @pytest.mark.parametrize(
        ("argv", "command"),
        [
            (
                ["up", "--port", "9000", "--seed", "7"],
                ["koubei", "up", "--port", "9000", "--seed", "7"],
            ),
            (["test", "--strict", "-x"], ["python", "-m", "pytest", "--strict-skips", "-x"]),
        ],
    )
    def test_the_command_takes_over_the_process(self, monkeypatch, argv, command):
        started = []
        monkeypatch.delenv("CI", raising=False)
        monkeypatch.setattr(run.Setup, "prepare", lambda self, group: None)
        monkeypatch.setattr(run.os, "execv", lambda path, words: started.append((path, words)))
        run.main(argv)
        [(path, words)] = started
        assert path == words[0]
        assert [Path(words[0]).name, *words[1:]] == command

    def test_a_failed_step_is_one_line_and_exit_1(self, monkeypatch, capsys):
        def prepare(self, group):
            raise run.SetupFailed("中文", "what helps")

        monkeypatch.setattr(run.Setup, "prepare", prepare)
        assert run.main(["setup"]) == run.EXIT_FAILED
        assert "✗ what helps" in capsys.readouterr().out


class TestPython:
    def test_an_old_python_hands_over_to_a_newer_one(self):
        started = []
        which = {"python3.12": "/bin/python3.12", "python3.11": "/bin/python3.11"}.get
        run.use_newer_python(["up"], which, lambda *words: started.append(words))
        assert started[0][0] == "/bin/python3.12"
        assert started[0][1][1:] == [str(ROOT / "run.py"), "up"]

    def test_without_a_newer_one_it_says_what_to_install(self, capsys):
        assert run.use_newer_python([], lambda name: None) == run.EXIT_USAGE
        assert "✗ Python ≥ 3.11 is needed" in capsys.readouterr().out

    def test_an_old_python_can_read_the_script_and_needs_nothing_else(self):
        tree = ast.parse((ROOT / "run.py").read_text(encoding="utf-8"), feature_version=(3, 6))
        imported = {
            alias.name.partition(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for alias in node.names
        } | {
            str(node.module).partition(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
        }
        assert imported <= sys.stdlib_module_names
        assert not any(isinstance(node, ast.NamedExpr) for node in ast.walk(tree))
