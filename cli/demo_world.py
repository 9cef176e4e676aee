"""The demo's own process: started by `koubei up` when nothing is configured, and again while the
configuration asks this machine.
"""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from demo.configuration import demo_configuration
from domain.brand import Configuration
from domain.errors import KoubeiError, Text
from runtime.child_environment import child_environment

PORTS = 5
_FIRST_PORT = 8511
_LAST_PORT = 8951
_STATE_FILE = "demo.json"
_FIRST_LINE = "# 由 koubei up 为演示写入。接入真实数据：运行 koubei init 新目录，并在那里继续。"
_SETTINGS = """\
{first_line}
# Written by `koubei up` for the demo. To go live: `koubei init FOLDER`, and go on there.
data_dir = "var/demo"

[crawl]
# 演示平台在本机，因此逐一放行这几个地址；真实平台不需要这一项。
# The demo's platforms are on this machine, so exactly these are allowed; real ones need no such
# line.
allowed_hosts = [{hosts}]
"""


def write_settings(path: Path) -> None:
    """Write the settings of the demo: its folder, and its ports as the only allowed addresses."""
    port = free_ports()
    hosts = ", ".join(f'"127.0.0.1:{number}"' for number in range(port, port + PORTS))
    text = _SETTINGS.format(first_line=_FIRST_LINE, hosts=hosts)
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


def is_ours(path: Path) -> bool:
    """Whether a settings file is there and is the one that `write_settings` wrote."""
    try:
        with path.open(encoding="utf-8") as file:
            return file.readline().rstrip() == _FIRST_LINE
    except (OSError, UnicodeDecodeError):
        return False


def free_ports() -> int:
    """Return the first of five neighbouring ports that are free on loopback."""
    for first in range(_FIRST_PORT, _LAST_PORT, PORTS):
        if all(_is_free(port) for port in range(first, first + PORTS)):
            return first
    raise KoubeiError(
        Text("找不到五个相邻的空闲端口", "no five neighbouring free ports"), place="127.0.0.1"
    )


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@contextmanager
def demo_world(data_dir: Path, first_port: int) -> Iterator[Mapping[str, str]]:
    """Run the demo world on five ports while the block lasts; yields its addresses by site.

    The world is born once and remembers when, so that a restart finds the same people saying the
    same things, and what they said since.
    """
    state = data_dir / _STATE_FILE
    born = (
        json.loads(state.read_text(encoding="utf-8"))["born"]
        if state.exists()
        else datetime.now(UTC).isoformat()
    )
    command = [sys.executable, "-m", "demo", "--port", str(first_port), "--born", born]
    process = subprocess.Popen(  # noqa: S603  # our own module with our own arguments
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=child_environment(),
    )
    try:
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise KoubeiError(
                Text("演示平台没有启动", "the demo world did not start"),
                place=f"127.0.0.1:{first_port}",
                mend=Text(
                    "端口可能被占用：删除 koubei.toml 与 var/demo 后重试",
                    "its ports may be taken: delete koubei.toml and var/demo, then try again",
                ),
            )
        state.write_text(json.dumps({"born": born}), encoding="utf-8")
        yield json.loads(line)
    finally:
        if process.stdin:
            process.stdin.close()
        process.terminate()
        process.wait(timeout=10)
        if process.stdout:
            process.stdout.close()


def configuration_of(urls: Mapping[str, str]) -> Configuration:
    """Return the demo's brands, watch and sources for running sites."""
    return demo_configuration(
        urls["weibo"], urls["zhihu"], urls["tieba"], urls["weibo_wall"], urls["tieba_app"]
    )


def first_port_of(configuration: Configuration) -> int:
    """Return the first of the five ports that a demo configuration asks."""
    ports = [urlsplit(source.base_url).port for source in configuration.sources]
    return min(port for port in ports if port)
