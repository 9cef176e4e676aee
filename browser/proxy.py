"""A forward proxy on the loopback through which the whole browser reaches the network.

A browser resolves names by itself, follows redirects by itself and opens web sockets by itself; a
rule in front of page requests sees only some of that. With a proxy set, Chromium asks the proxy for
every connection and resolves nothing, so one check, here, holds for all of it, and the connection
goes to the very address that was checked. TLS is end to end: the proxy sees host and port only.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from domain.errors import AddressRefused

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the addresses of a host that may be connected to; AddressRefused, or OSError."""
MAX_HEAD = 64 * 1024
MAX_CONNECTION = 64 * 1024 * 1024
"""Bytes that one connection may bring; a page's scripts share one."""
CONNECT_TIMEOUT = 15.0
IDLE_TIMEOUT = 60.0
log = logging.getLogger(__name__)


class GuardProxy:
    """`async with GuardProxy(resolve) as proxy`: listens on `proxy.address` until the block ends.

    `refused` holds the `host:port` pairs it said no to.
    """

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.refused: set[str] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._accept, host="127.0.0.1", port=0, limit=MAX_HEAD
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def address(self) -> str:
        """The address that the browser is given."""
        if self._server is None:
            raise RuntimeError("the proxy is not running")
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(IDLE_TIMEOUT):
                head = await reader.readuntil(b"\r\n\r\n")
            await self._forward(head, reader, writer)
        except (OSError, ValueError, EOFError, TimeoutError, asyncio.LimitOverrunError) as error:
            log.debug("a browser connection ended: %s", type(error).__name__)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _forward(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
        tunnel = method == "CONNECT"
        parts = urlsplit(f"//{target}" if tunnel else target)
        host = (parts.hostname or "").rstrip(".").lower()
        port = parts.port or 80
        if not tunnel and parts.scheme != "http":
            await _answer(writer, b"400 Not http")
            return
        try:
            upstream_reader, upstream = await self._connect(host, port)
        except AddressRefused:
            self.refused.add(f"{host}:{port}")
            await _answer(writer, b"403 Refused by the network guard")
            return
        except (OSError, TimeoutError, ValueError):
            await _answer(writer, b"502 No connection")
            return
        try:
            if tunnel:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                upstream.write(_origin_form(head, method, target))
            await _pipe_both((reader, upstream), (upstream_reader, writer))
        finally:
            upstream.close()

    async def _connect(
        self, host: str, port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with asyncio.timeout(CONNECT_TIMEOUT):
            last: OSError | None = None
            for address in await self._resolve(host, port):
                try:
                    return await asyncio.open_connection(address, port)
                except OSError as error:
                    last = error
            raise last or OSError("no address")


def _origin_form(head: bytes, method: str, target: str) -> bytes:
    """Return the head as the host expects it: path only, one request on this connection."""
    parts = urlsplit(target)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = head.rstrip(b"\r\n").split(b"\r\n")[1:]
    kept = [
        line
        for line in lines
        if line.split(b":", 1)[0].strip().lower() not in {b"proxy-connection", b"connection"}
    ]
    first = f"{method} {path} HTTP/1.1".encode("latin-1")
    return b"\r\n".join([first, *kept, b"Connection: close"]) + b"\r\n\r\n"


async def _answer(writer: asyncio.StreamWriter, status: bytes) -> None:
    # with a body: Chromium then shows the address it was refused, without one only an error
    lines = (b"Content-Type: text/plain", b"Content-Length: %d" % len(status), b"Connection: close")
    writer.write(b"HTTP/1.1 " + status + b"\r\n" + b"\r\n".join(lines) + b"\r\n\r\n" + status)
    await writer.drain()


async def _pipe_both(
    up: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    down: tuple[asyncio.StreamReader, asyncio.StreamWriter],
) -> None:
    """Copy both ways until the host has said everything or the browser hangs up."""
    sending = asyncio.get_running_loop().create_task(_pipe(*up))
    try:
        await _pipe(*down)
    finally:
        sending.cancel()
        with suppress(asyncio.CancelledError, OSError, EOFError):
            await sending


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    total = 0
    while chunk := await reader.read(65536):
        total += len(chunk)
        if total > MAX_CONNECTION:
            raise EOFError("a connection brought too much")
        writer.write(chunk)
        await writer.drain()
