"""A page is drawn as it was fetched: no script runs, nothing is asked of the network."""

import struct
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from browser.find import FoundBrowser, find_browser
from browser.picture import picture_of
from domain.errors import BrowserMissing, DependencyMissing
from runtime.child_environment import child_environment

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def chromium() -> FoundBrowser:
    try:
        return find_browser(None)
    except BrowserMissing as error:
        pytest.skip(f"{error}; mend: apt install chromium")


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """A server on this machine that notes whoever asks it."""
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", paths
    server.shutdown()
    server.server_close()
    thread.join()


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_a_page_is_drawn_whole_and_asks_nothing(chromium, asked):
    address, paths = asked
    body = f"""<!doctype html><meta charset="gbk"><link rel=stylesheet href="{address}/style">
    <div style="height:1500px;background:#fff">云栈奶茶</div><img src="{address}/picture">
    <script src="{address}/script"></script>
    <script>fetch("{address}/call"); document.body.style.height = "9000px"</script>
    <meta http-equiv="refresh" content="0;url={address}/elsewhere">""".encode("gbk")
    width, height = size(picture_of(body, chromium, child_environment()))
    assert width == 1280
    assert 1500 <= height < 3000
    assert paths == []


def test_a_browser_that_does_not_start_is_told(chromium):
    broken = FoundBrowser("/bin/false", "0")
    with pytest.raises(DependencyMissing, match="drew no page"):
        picture_of(b"<p>x</p>", broken, child_environment())
