"""A local site that answers as it is told and remembers every request it got.

The checks go by what arrived here, never by what the crawler says of itself.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Seen:
    """One request; `at` in seconds of a monotonic clock."""

    at: float
    path: str
    query: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True)
class Reply:
    """What to answer: `stream` is sent piece by piece without a length, after `delay` seconds."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    stream: Callable[[], Iterator[bytes]] | None = None
    delay: float = 0.0


Answer = Callable[[Seen], Reply]


class ReplayServer:
    """`with ReplayServer(answer) as site`: `site.base_url`, `site.seen`, `site.bytes_sent`."""

    def __init__(self, answer: Answer) -> None:
        self.seen: list[Seen] = []
        self.bytes_sent = 0
        self._answer = answer
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    @property
    def address(self) -> str:
        """host:port."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def base_url(self) -> str:
        """Where the site begins."""
        return f"http://{self.address}"

    def paths(self) -> list[str]:
        """The paths asked, in order."""
        return [seen.path for seen in self.seen]

    def pages(self) -> list[Seen]:
        """The requests for pages, robots.txt left out."""
        return [seen for seen in self.seen if seen.path != "/robots.txt"]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                query = {key: values[0] for key, values in parse_qs(parts.query).items()}
                seen = Seen(time.monotonic(), parts.path, query, dict(self.headers.items()))
                site.seen.append(seen)
                site._send(self, site._answer(seen))

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing: what arrived is in `seen`."""

        return Handler

    def _send(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        time.sleep(reply.delay)
        try:
            handler.send_response(reply.status)
            for name, value in reply.headers.items():
                handler.send_header(name, value)
            if reply.stream is None:
                handler.send_header("Content-Length", str(len(reply.body)))
            else:
                handler.send_header("Connection", "close")
                handler.close_connection = True
            handler.end_headers()
            for piece in reply.stream() if reply.stream else [reply.body]:
                handler.wfile.write(piece)
                self.bytes_sent += len(piece)
        except OSError:
            handler.close_connection = True  # the client hung up, as it should on a huge body


def no_robots(answer: Answer) -> Answer:
    """Answer 404 for robots.txt, and everything else as told."""
    return lambda seen: Reply(status=404) if seen.path == "/robots.txt" else answer(seen)
