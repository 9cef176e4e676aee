"""The servers that other tests use: they keep data through a kill, check who asks, and leave
nothing behind.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.fixtures.elasticsearch import (
    READER,
    VERSIONS,
    WRITER,
    Server,
    StartedServer,
    User,
    running,
)

pytestmark = [pytest.mark.integration, pytest.mark.elasticsearch]

_HOLD_A_SERVER = """
import sys, time
from tests.fixtures.elasticsearch import running
with running(sys.argv[1]) as server:
    print(server.folder, (server.folder / "pid").read_text().strip(), flush=True)
    time.sleep(60)
"""


def test_a_server_is_of_the_version_that_was_asked_for(elasticsearch_server: Server) -> None:
    nodes = elasticsearch_server.request("GET", "/_nodes/_local").json()["nodes"]
    assert {node["version"] for node in nodes.values()} == {elasticsearch_server.version}
    assert elasticsearch_server.major in {8, 9}


def test_what_was_acknowledged_is_there_after_a_kill(tmp_path: Path) -> None:
    with running(VERSIONS[-1]) as server:
        assert server.request("PUT", "/koubei-kill/_doc/1", {"a": 1}).status_code == 201
        url = server.url
        server.kill()
        with pytest.raises(httpx.TransportError):
            server.request("GET", "/")
        server.start()
        assert server.url == url
        assert server.request("GET", "/koubei-kill/_doc/1").json()["_source"] == {"a": 1}
    assert not server.folder.exists()


def test_users_have_the_rights_of_their_roles(secured_elasticsearch: StartedServer) -> None:
    server = secured_elasticsearch
    writer, reader = server.users[WRITER], server.users[READER]
    index = "/koubei-rights"
    assert server.request("PUT", index).status_code == 200
    assert server.request("PUT", f"{index}/_doc/1", {}, user=writer).status_code == 201
    assert server.request("PUT", f"{index}/_doc/2", {}, user=reader).status_code == 403
    assert server.request("GET", f"{index}/_doc/1", user=reader).status_code == 200
    assert server.request("GET", "/other/_search", user=reader).status_code == 403
    stranger = User(READER, "wrong")
    assert server.request("GET", f"{index}/_doc/1", user=stranger).status_code == 401
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        Server(server.url).request("GET", "/")


def test_a_server_dies_with_the_tests_that_were_killed() -> None:
    tests = subprocess.Popen(
        [sys.executable, "-c", _HOLD_A_SERVER, VERSIONS[-1]],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert tests.stdout is not None
    with tests.stdout:
        folder, pid = tests.stdout.readline().split()
    os.kill(int(pid), 0)
    tests.send_signal(signal.SIGKILL)
    tests.wait()
    deadline = time.monotonic() + 20
    while Path(folder).exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not Path(folder).exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)
