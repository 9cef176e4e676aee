#!/usr/bin/env python3
"""Set Koubei up and run it, on a machine with nothing but Python: run.py up | test | setup.

Only the standard library is used, and nothing newer than Python 3.6 in this file's own syntax: an
old interpreter must get far enough to say which one is needed. Each step prints one line: done (✓),
gone around (!) or failed (✗, with what helps). No step needs root.
"""

import argparse
import hashlib
import html
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parent
MINIMUM = (3, 11)
NEWER = ("python3.14", "python3.13", "python3.12", "python3.11")
LOCKS = {"run": "requirements/run.lock", "test": "requirements/test.lock"}
BUILD_LOCK = "requirements/build.lock"
PIP_WHEEL_FOLDERS = ("wheels", "/usr/share/python-wheels", ".venv")
PACKAGE_INDEX = "https://pypi.org/simple"
DEBIAN_PACKAGES = (
    ("chromium", ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")),
    ("maven", ("mvn",)),
    ("postgresql", ("postgres", "/usr/lib/postgresql")),
)
LINK = re.compile(r"""href=["']([^"']+)["']""")
LOG_TAIL = 20
LOG_NOISE = "Requirement already satisfied"
EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 130


def pick(zh, en):
    """Return the sentence in the language of this run: Chinese unless KOUBEI_LANGUAGE is en."""
    return en if os.environ.get("KOUBEI_LANGUAGE", "zh").lower().startswith("en") else zh


def say(mark, zh, en):
    """Print one line for a step."""
    print(f"{mark} {pick(zh, en)}", flush=True)


class SetupFailed(Exception):
    """A step that has no way around; `zh` and `en` say what helps."""

    def __init__(self, zh, en):
        super().__init__(en)
        self.zh, self.en = zh, en


def call(command, log=None, verbose=False, cwd=None):
    """Run a command, return its exit code; its output goes to `log`, or is shown when verbose."""
    if verbose:
        return subprocess.call(command, cwd=cwd)
    if log is None:
        return subprocess.call(
            command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    with log.open("ab") as file:
        file.write(("$ {}\n".format(" ".join(map(str, command)))).encode())
        file.flush()
        return subprocess.call(command, cwd=cwd, stdout=file, stderr=subprocess.STDOUT)


def fetch(url):
    """Return what an http(s) address answers; OSError when it does not."""
    if urlsplit(url).scheme not in {"http", "https"}:
        raise OSError(f"not http: {url}")
    with urlopen(url, timeout=60) as answer:  # noqa: S310  # looked at above
        return answer.read()


def may_write(folder):
    """Whether this user can put files into a folder."""
    return os.access(str(folder), os.W_OK | os.X_OK)


class Setup:
    """Makes `.venv` hold what the lock files say; everything it touches is below `root`."""

    def __init__(
        self, root, options, call=call, which=shutil.which, fetch=fetch, may_write=may_write
    ):
        self.root = root
        self.options = options
        self.call = call
        self.which = which
        self.fetch = fetch
        self.may_write = may_write
        self.venv = root / ".venv"
        self.python = self.venv / "bin" / "python"
        self.stamp = self.venv / "koubei-stamp.json"
        self.log = root / ".venv" / "setup.log"

    def prepare(self, group):
        """Install a group (`run` or `test`) unless the stamp says that it is there already."""
        done = self.read_stamp()
        if self.python.exists() and done.get(group) == self.fingerprint(group):
            return
        began = time.monotonic()
        place = self.venv if self.venv.exists() else self.root
        if not self.may_write(place):
            raise SetupFailed(
                f"{place} 不可写；请把项目克隆到自己的目录，或用它的所有者运行",
                f"{place} cannot be written; clone into a folder of your own, or run as its owner",
            )
        if self.is_usable(done):  # ours, or one that somebody made: added to, never cleared
            pip = self.find_pip(with_pip=True)
        else:
            done = {}
            pip = self.make_venv()
        self.install(pip, group)
        done.update({"root": str(self.root), group: self.fingerprint(group)})
        if group == "test":  # the test lock holds everything of the run lock
            done["run"] = self.fingerprint("run")
        self.stamp.write_text(json.dumps(done), encoding="utf-8")
        seconds = time.monotonic() - began
        say(
            "✓",
            f"依赖已就绪（{seconds:.0f} 秒）",
            f"packages ready ({seconds:.0f} s)",
        )

    def is_usable(self, done):
        """Whether the environment can be kept: it runs, is new enough and was not moved."""
        moved = done.get("root", str(self.root)) != str(self.root) and not self.venv.is_symlink()
        check = f"import sys; sys.exit(sys.version_info < {MINIMUM})"
        return self.python.exists() and not moved and self.call([self.python, "-c", check]) == 0

    def fingerprint(self, group):
        """Return a hash of everything that an installed group depends on."""
        digest = hashlib.sha256(str(self.root).encode())
        for name in (LOCKS[group], BUILD_LOCK, "pyproject.toml", ".venv/pyvenv.cfg"):
            digest.update((self.root / name).read_bytes())
        return digest.hexdigest()

    def read_stamp(self):
        """Return what the last set-up noted, {} when there was none."""
        try:
            return dict(json.loads(self.stamp.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return {}

    def make_venv(self):
        """Make the virtual environment and return the pip command for it."""
        if self.venv.exists() and not (self.venv / "pyvenv.cfg").exists():
            raise SetupFailed(
                f"{self.venv} 已存在但不是虚拟环境；请移走或改名后重试",
                f"{self.venv} is there and is no virtual environment; move it away",
            )
        make = [sys.executable, "-m", "venv", "--clear", str(self.venv)]
        if self.call(make) == 0:
            say("✓", "虚拟环境 .venv", "virtual environment .venv")
            return self.find_pip(with_pip=True)
        if self.call([*make, "--without-pip"]) == 0:
            pip = self.find_pip(with_pip=False)
            say(
                "!",
                f"虚拟环境 .venv（本机没有 ensurepip，改用 {' '.join(pip[:3])}）",
                f"virtual environment .venv (no ensurepip here; using {' '.join(pip[:3])})",
            )
            return pip
        uv = self.which("uv")
        if uv and self.call([uv, "venv", "--clear", "--python", sys.executable, self.venv]) == 0:
            say("!", "venv 模块不可用，改用 uv", "no venv module: made with uv")
            return self.with_uv(uv)
        raise SetupFailed(*no_venv())

    def find_pip(self, with_pip):
        """Return the first pip that can install into the environment, best one first."""
        into = ["--python", str(self.python)]
        candidates = [[str(self.python), "-m", "pip"]] if with_pip else []
        candidates.append([sys.executable, "-m", "pip", *into])
        programs = filter(None, map(self.which, ("pip3", "pip")))
        candidates.extend([program, *into] for program in programs)
        for folder in PIP_WHEEL_FOLDERS:
            wheels = sorted((self.root / folder).glob("pip-*.whl"), reverse=True)
            candidates.extend([str(self.python), f"{wheel}/pip"] for wheel in wheels)
        for command in candidates:
            if self.call([*command, "--version"]) == 0:
                return command
        if self.which("uv"):
            return self.with_uv(self.which("uv"))
        wheel = None if self.options.offline else self.fetch_pip()
        if wheel is None:
            raise SetupFailed(*no_venv())
        return [str(self.python), f"{wheel}/pip"]

    def fetch_pip(self):
        """Return the locked pip, fetched from the package index, None when that is not to be had.

        A machine with nothing but Python has no pip either: Debian cuts it out of Python.
        """
        lock = (self.root / BUILD_LOCK).read_text(encoding="utf-8")
        locked = re.search(r"^pip==(\S+)((?:\s+\\?\s*--hash=sha256:\w+)+)", lock, re.MULTILINE)
        name = f"pip-{locked.group(1)}-py3-none-any.whl"
        index = os.environ.get("PIP_INDEX_URL", PACKAGE_INDEX).rstrip("/") + "/pip/"
        try:
            page = self.fetch(index).decode("utf-8", "replace")
            links = [urljoin(index, html.unescape(link)) for link in LINK.findall(page)]
            files = [link for link in links if unquote(urlsplit(link).path).endswith("/" + name)]
            body = self.fetch(files[0]) if files else b""
        except (OSError, ValueError):
            return None
        if hashlib.sha256(body).hexdigest() not in locked.group(2):
            return None
        wheel = self.venv / name
        wheel.write_bytes(body)
        say("!", f"本机没有 pip，已从 {index} 取得", f"no pip here: fetched from {index}")
        return wheel

    def with_uv(self, uv):
        """Return uv's pip for the environment; uv does not read pip's own mirror setting."""
        if "PIP_INDEX_URL" in os.environ:
            os.environ.setdefault("UV_DEFAULT_INDEX", os.environ["PIP_INDEX_URL"])
        return [uv, "pip", "--python", str(self.python)]

    def install(self, pip, group):
        """Install build tools, the locked packages and the project itself, in that order."""
        say(
            "…",
            "安装依赖（首次约几分钟，日志 .venv/setup.log）",
            "installing packages (minutes at first; log: .venv/setup.log)",
        )
        source = self.source()
        locked = ["--require-hashes", "--no-build-isolation", *source]
        self.pip(pip, ["-r", self.root / BUILD_LOCK, *locked])
        self.pip(pip, ["-r", self.root / LOCKS[group], *locked])
        self.pip(pip, ["--no-deps", "--no-build-isolation", "--no-index", "-e", self.root])

    def source(self):
        """Where packages come from: pip's own setting, and `wheels/` when it is there."""
        wheels = self.root / "wheels"
        if self.options.offline and not wheels.is_dir():
            raise SetupFailed(
                "--offline 需要 wheels/ 目录；请在能上网的同类机器上执行：\n"
                "  python3 -m pip download -d wheels -r {} -r {}".format(BUILD_LOCK, LOCKS["test"]),
                "--offline needs a folder wheels/; on a like machine with a network run:\n"
                "  python3 -m pip download -d wheels -r {} -r {}".format(BUILD_LOCK, LOCKS["test"]),
            )
        found = ["--find-links", str(wheels)] if wheels.is_dir() else []
        return (["--no-index"] if self.options.offline else []) + found

    def pip(self, pip, arguments):
        """Run `pip install`; SetupFailed shows the end of its log."""
        # uv takes --python after `install`; pip takes it before.
        head = [pip[0], "pip", "install", *pip[2:]] if pip[1:2] == ["pip"] else [*pip, "install"]
        command = [*head, *map(str, arguments)]
        if self.call(command, log=self.log, verbose=self.options.verbose, cwd=str(self.root)) == 0:
            return
        if self.log.exists() and not self.options.verbose:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
            told = [line for line in lines if not line.startswith(LOG_NOISE)]
            print("\n".join("    " + line for line in told[-LOG_TAIL:]))
        raise SetupFailed(
            "安装依赖失败（见上）。网络慢或被拦截时可用镜像：\n"
            "  PIP_INDEX_URL=https://pypi.tuna.tsinghua.edu.cn/simple python3 run.py …\n"
            "  没有网络时：把安装包放进 wheels/，再加 --offline",
            "installing failed (see above). With a slow or blocked network use a mirror:\n"
            "  PIP_INDEX_URL=https://pypi.tuna.tsinghua.edu.cn/simple python3 run.py …\n"
            "  without a network: put the packages into wheels/ and add --offline",
        )


def no_venv():
    """Return the two sentences for a machine that can make no environment at all."""
    name = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    return (
        f"没有可用的 pip，也未能从网络取得。Debian/Ubuntu：sudo apt-get install {name}；"
        "或联网后重试（镜像：PIP_INDEX_URL=…）；或把 pip 的 .whl 放进 wheels/",
        f"no pip here, nor one from the network. Debian/Ubuntu: sudo apt-get install {name}; "
        "or try again with a network (mirror: PIP_INDEX_URL=…); or put pip's .whl into wheels/",
    )


def install_system_packages(call=call, which=shutil.which, is_root=None):
    """Install the Debian packages that are missing, where that is possible; say what was done.

    These are optional parts, so a refusal is said aloud and set-up goes on.
    """
    missing = [
        name
        for name, programs in DEBIAN_PACKAGES
        if not any(is_there(program, which) for program in programs)
    ]
    line = "apt-get install -y --no-install-recommends " + " ".join(missing)
    if not missing:
        say("✓", "系统软件包齐全", "system packages are all there")
        return
    if is_root is None:
        is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    if not is_root or not which("apt-get"):
        say(
            "!",
            f"--system 需要 root 和 apt-get，已跳过；可执行：sudo {line}",
            f"--system needs root and apt-get, skipped; run: sudo {line}",
        )
        return
    os.environ.setdefault("DEBIAN_FRONTEND", "noninteractive")
    for command in (["apt-get", "update", "-qq"], [*line.split(), "-qq"]):
        if call(command) != 0:
            text = " ".join(command)
            say("!", f"未能执行 {text}，继续", f"{text} failed; going on without")
            return
    names = "、".join(missing), ", ".join(missing)
    say(
        "✓",
        f"已安装系统软件包：{names[0]}",
        f"installed system packages: {names[1]}",
    )


def is_there(program, which):
    """Whether a program, or a path, is on this machine."""
    return Path(program).exists() if "/" in program else bool(which(program))


def use_newer_python(argv, which=shutil.which, replace=os.execv):
    """Start again with a Python that is new enough, or say which one is needed."""
    for name in NEWER:
        path = which(name)
        if path:
            say(
                "!",
                f"Python {_version()} 太旧，改用 {path}",
                f"using {path} instead",
            )
            replace(path, [path, str(ROOT / "run.py"), *argv])
    needed = ".".join(map(str, MINIMUM))
    say(
        "✗",
        f"需要 Python ≥ {needed}，当前是 {_version()}",
        f"Python ≥ {needed} is needed",
    )
    print("  Debian/Ubuntu: sudo apt-get install python3.11 python3.11-venv")
    print("  macOS: brew install python@3.13")
    return EXIT_USAGE


def _version():
    return sys.version.split()[0]


def is_strict(options, environ):
    """Whether skipped tests are failures: --strict, or CI set to anything but false and 0."""
    return options.strict or environ.get("CI", "").lower() not in {"", "0", "false"}


def read_options(argv):
    """Return the options and, for `up` and `test`, the arguments that are passed through."""
    parser = argparse.ArgumentParser(
        prog="run.py",
        allow_abbrev=False,
        description=pick(
            "安装并运行口碑。up：启动；test：运行全部测试；setup：只做准备。"
            "其余参数原样转给 koubei up 或 pytest。",
            "Set Koubei up and run it. up: start; test: run all tests; setup: only prepare. "
            "Other arguments go to koubei up or pytest.",
        ),
    )
    parser.add_argument("command", choices=("up", "test", "setup"))
    parser.add_argument("--offline", action="store_true", help="wheels/ only")
    parser.add_argument("--port", type=int, help="up: 8501")
    parser.add_argument("--verbose", action="store_true", help="pip, apt")
    parser.add_argument(
        "--system", action="store_true", help="root: apt-get chromium maven postgresql"
    )
    parser.add_argument("--strict", action="store_true", help="test: skip = fail")
    options, rest = parser.parse_known_args(argv)
    if rest and options.command == "setup":
        parser.error("unknown: {}".format(" ".join(rest)))
    return options, [word for word in rest if word != "--"]


def main(argv):
    """Do what the command line says and return the exit code."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    if sys.version_info < MINIMUM:
        return use_newer_python(argv)
    options, rest = read_options(argv)
    os.chdir(str(ROOT))
    setup = Setup(ROOT, options)
    try:
        if options.system:
            install_system_packages()
        say("✓", f"Python {_version()}", f"Python {_version()}")
        setup.prepare("test" if options.command == "test" else "run")
    except SetupFailed as failure:
        say("✗", failure.zh, failure.en)
        return EXIT_FAILED
    except KeyboardInterrupt:
        say("!", "已中断；再次执行会继续", "interrupted; run it again to go on")
        return EXIT_INTERRUPTED
    bin_folder = setup.venv / "bin"
    if options.command == "setup":
        return say_what_next(bin_folder)
    if options.command == "test":
        strict = ["--strict-skips"] if is_strict(options, os.environ) else []
        command = [str(setup.python), "-m", "pytest", *strict, *rest]
    else:
        port = ["--port", str(options.port)] if options.port else []
        command = [str(bin_folder / "koubei"), "up", *port, *rest]
    os.execv(command[0], command)  # noqa: S606  # our own program, its arguments as typed
    return EXIT_FAILED  # not reached: the process is the command now


def say_what_next(bin_folder):
    """Check the parts that may be missing, and name the next commands."""
    subprocess.call([str(bin_folder / "koubei"), "doctor"])
    koubei = os.path.relpath(str(bin_folder / "koubei"))
    say(
        "→",
        f"{koubei} up      启动（没有配置时用演示数据）",
        f"{koubei} up      start (with demo data)",
    )
    say(
        "→",
        f"{koubei} init    生成带注释的设置样例",
        f"{koubei} init    write commented settings",
    )
    say(
        "→",
        f"{koubei} doctor  随时体检",
        f"{koubei} doctor  check again at any time",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
