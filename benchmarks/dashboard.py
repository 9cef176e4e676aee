"""Twenty people rerunning the first screen: our service against Streamlit as it comes, in one run.

The client speaks Streamlit's own protocol over WebSockets: a `rerun_script` message, then forward
messages until `script_finished`. A browser's drawing is left out; it is the same on both sides.
Every session alternates between 24 hours and 7 days, so each rerun sends a chart that changed.
"""

import asyncio
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from benchmarks.goals import Finding, Verdict, at_least, milliseconds, show
from cli.terminal import EXIT_PARTIAL, progress, say
from domain.errors import DependencyMissing, Text
from runtime.extras import require

GOAL: Final = 6.0
SESSIONS: Final = 20
ROWS: Final = 20_000
_START_WITHIN: Final = 60.0
_ANSWER_WITHIN: Final = 60.0


@dataclass(frozen=True, slots=True)
class Served:
    """One side: reruns done, over how many seconds, and how long each took (seconds)."""

    reruns: int
    seconds: float
    waits: tuple[float, ...]

    @property
    def rate(self) -> float:
        """Reruns a second over all sessions."""
        return self.reruns / self.seconds

    def quantile(self, part: float) -> float:
        """The wait that this part of the reruns stayed within."""
        return sorted(self.waits)[min(len(self.waits) - 1, int(part * len(self.waits)))]


def register(bench: typer.Typer) -> None:
    """Add `koubei bench dashboard`."""
    bench.command("dashboard")(dashboard)


def dashboard(
    sessions: Annotated[int, typer.Option(min=1, help="并发会话数。Sessions at once.")] = SESSIONS,
    seconds: Annotated[float, typer.Option(min=2, help="每边的秒数。Seconds a side.")] = 15.0,
    rows: Annotated[int, typer.Option(min=1_000, help="提及条数。How many mentions.")] = ROWS,
) -> None:
    """看板：20 个会话反复打开总览，与原装 Streamlit 对比。The dashboard against stock Streamlit."""
    require("dashboard")
    with tempfile.TemporaryDirectory(prefix="koubei-bench-") as name:
        folder = Path(name)
        from benchmarks import dashboard_server

        with progress("准备数据", "preparing data", None):
            dashboard_server.fill(folder, rows)
        served = {}
        for side in ("stock", "ours"):
            with _server(side, folder) as port:
                served[side] = asyncio.run(_load(side, port, sessions, seconds))
    findings = list(_findings(served["ours"], served["stock"], sessions))
    show(findings)
    say(
        "协议客户端，不含浏览器绘图；我方含登录守卫，对照为默认设置、st.altair_chart、无登录",
        "a protocol client, no drawing; ours with its guard, the peer without any login",
    )
    if any(finding.score.verdict is Verdict.MISSED for finding in findings):
        raise typer.Exit(EXIT_PARTIAL)


def _findings(ours: Served, stock: Served, sessions: int) -> Iterator[Finding]:
    peer = Text("原装 Streamlit：{}", "stock Streamlit: {}")
    yield Finding(
        Text(f"{sessions} 个会话，每秒重绘", f"{sessions} sessions, reruns a second"),
        f"{ours.rate:.1f}",
        Text(peer.zh.format(f"{stock.rate:.1f}"), peer.en.format(f"{stock.rate:.1f}")),
        at_least(GOAL, ours.rate / stock.rate),
    )
    for part, name in ((0.5, "p50"), (0.95, "p95")):
        mine, theirs = ours.quantile(part), stock.quantile(part)
        told = milliseconds(theirs)
        yield Finding(
            Text(f"一次重绘 {name}", f"one rerun, {name}"),
            milliseconds(mine),
            Text(peer.zh.format(told), peer.en.format(told)),
            at_least(GOAL, theirs / mine),
        )


@contextmanager
def _server(side: str, folder: Path) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "benchmarks.dashboard_server", side, str(folder), str(port)]
    with subprocess.Popen(command) as process:  # noqa: S603  # this interpreter, our module
        try:
            _wait_until_up(port, process)
            yield port
        finally:
            process.terminate()


def _wait_until_up(port: int, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + _START_WITHIN
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2).close()
        except urllib.error.HTTPError:
            return  # it answers, even if it wants a login
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise DependencyMissing(
        Text("看板服务没有启动", "the dashboard's server did not start"),
        mend=Text("查看上面的错误输出", "see its error output above"),
    )


async def _load(side: str, port: int, sessions: int, seconds: float) -> Served:
    """Let every session rerun back to back: first once each to warm up, then for `seconds`."""
    people = [_Session(side, port) for _ in range(sessions)]
    for person in people:
        await person.open()
        await person.rerun("24h")
        await person.rerun("7d")
    begin = time.perf_counter()
    waits = await asyncio.gather(*(person.keep_on(begin + seconds) for person in people))
    took = time.perf_counter() - begin
    for person in people:
        await person.close()
    all_waits = tuple(wait for each in waits for wait in each)
    return Served(len(all_waits), took, all_waits)


class _Session:
    """One browser's side of the protocol."""

    def __init__(self, side: str, port: int) -> None:
        from benchmarks.dashboard_server import TOKEN
        from workflow.sessions import PLAIN_COOKIE

        self._address = f"ws://127.0.0.1:{port}/_stcore/stream"
        self._headers = {"Cookie": f"{PLAIN_COOKIE}={TOKEN}"} if side == "ours" else {}
        self._origin = f"http://127.0.0.1:{port}"

    async def open(self) -> None:
        """Connect, as a page that was just loaded does."""
        from websockets.asyncio.client import connect
        from websockets.typing import Origin, Subprotocol

        self._socket = await connect(
            self._address,
            subprotocols=[Subprotocol("streamlit")],
            additional_headers=self._headers,
            origin=Origin(self._origin),
            max_size=None,
        )

    async def rerun(self, span: str) -> float:
        """Ask for the page with a span and return the seconds until it was finished."""
        from streamlit.proto.BackMsg_pb2 import BackMsg
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        asked = BackMsg()
        asked.rerun_script.query_string = f"range={span}"
        begin = time.perf_counter()
        await self._socket.send(asked.SerializeToString())
        while True:
            raw = await asyncio.wait_for(self._socket.recv(), _ANSWER_WITHIN)
            if not isinstance(raw, bytes):
                continue
            message = ForwardMsg.FromString(raw)
            if message.WhichOneof("type") == "delta":
                self._must_be_no_error(message)
            if message.WhichOneof("type") == "script_finished":
                return time.perf_counter() - begin

    @staticmethod
    def _must_be_no_error(message: object) -> None:
        """A page that failed is quick; it must not count as fast."""
        new = getattr(getattr(message, "delta", None), "new_element", None)
        if new is not None and new.WhichOneof("type") == "exception":
            raise DependencyMissing(
                Text("页面出错，测量无效", "the page failed: nothing was measured"),
                place=str(new.exception.type),
            )

    async def keep_on(self, until: float) -> list[float]:
        """Rerun back to back until a moment and return how long each took."""
        waits: list[float] = []
        spans = ("24h", "7d")
        while time.perf_counter() < until:
            waits.append(await self.rerun(spans[len(waits) % 2]))
        return waits

    async def close(self) -> None:
        """Leave."""
        await self._socket.close()
