"""What a container's health check asks."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from runtime.healthy import is_healthy


@pytest.mark.parametrize(("age", "healthy"), [(0, True), (59, True), (60, False), (3600, False)])
def test_a_file_is_a_sign_of_life_for_a_minute(tmp_path, age, healthy):
    alive = tmp_path / "alive"
    alive.touch()
    assert is_healthy(str(alive), now=alive.stat().st_mtime + age) is healthy


def test_no_file_is_no_sign_of_life(tmp_path):
    assert not is_healthy(str(tmp_path / "alive"), now=0)


@pytest.fixture
def server():
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):  # as the base class calls it
            self.send_response(int(self.path[1:]))
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False), (204, False)])
def test_an_address_has_to_answer_with_200_whatever_proxy_is_named(
    server, monkeypatch, status, healthy
):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert is_healthy(f"{server}/{status}", now=0) is healthy


def test_nobody_at_the_address_is_no_sign_of_life():
    assert not is_healthy("http://127.0.0.1:9/healthz", now=0)
