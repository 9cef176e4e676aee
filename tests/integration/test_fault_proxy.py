"""The proxy does to a server what it says, as often as it says, and counts it."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import orjson
import pytest

from tests.fixtures.fault_proxy import FaultProxy, Faults, before, read_bulk

pytestmark = pytest.mark.integration


class Strict:
    """A server of bulks that takes a document only when its time is a number."""

    def __init__(self) -> None:
        self.stored: dict[str, dict[str, Any]] = {}
        self.requests = 0
        self.url = ""

    def take(self, body: bytes) -> bytes:
        self.requests += 1
        answers = []
        for item in read_bulk(body):
            name, about = item.operation
            error = None
            if item.document is None:
                self.stored.pop(item.id, None)
            elif isinstance(orjson.loads(item.document)["@timestamp"], int):
                self.stored[item.id] = orjson.loads(item.document)
            else:
                error = {"type": "document_parsing_exception", "reason": "no time"}
            told = {"status": 400, "error": error} if error else {"status": 201}
            answers.append({name: {**about, **told}})
        errors = any("error" in next(iter(a.values())) for a in answers)
        return orjson.dumps({"took": 1, "errors": errors, "items": answers})


@pytest.fixture
def upstream() -> Iterator[Strict]:
    strict = Strict()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = strict.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response_only(200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-Elastic-Product", "Elasticsearch")
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self.send_response_only(404)
            self.send_header("Content-Length", "4")
            self.end_headers()
            self.wfile.write(b"none")

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    strict.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield strict
    server.shutdown()
    thread.join()
    server.server_close()


def bulk(*ids: str) -> bytes:
    lines: list[dict[str, Any]] = []
    for one in ids:
        lines += [{"create": {"_index": "koubei", "_id": one}}, {"@timestamp": 1}]
    return b"".join(orjson.dumps(line) + b"\n" for line in lines)


def send(proxy: FaultProxy, body: bytes) -> httpx.Response:
    return httpx.post(f"{proxy.url}/koubei/_bulk", content=body, timeout=10, trust_env=False)


def statuses(answer: httpx.Response) -> list[int]:
    return [next(iter(item.values()))["status"] for item in answer.json()["items"]]


def test_without_faults_it_only_passes_on(upstream: Strict) -> None:
    with before(upstream.url, Faults()) as proxy:
        answer = send(proxy, bulk("a", "b"))
        assert (answer.status_code, statuses(answer)) == (200, [201, 201])
        assert answer.headers["X-Elastic-Product"] == "Elasticsearch"
        other = httpx.get(f"{proxy.url}/other", trust_env=False)
        assert (other.status_code, other.text) == (404, "none")
    assert sorted(upstream.stored) == ["a", "b"]
    assert proxy.done == {"requests": 2, "aimed": 1}


def test_half_of_the_bulks_are_refused_with_and_without_a_time_to_wait(upstream: Strict) -> None:
    with before(upstream.url, Faults(busy=0.5)) as proxy:
        answers = [send(proxy, bulk(str(number))) for number in range(60)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) == proxy.done["busy"]
    assert 20 <= len(refused) <= 40
    assert upstream.requests == 60 - len(refused)
    assert {answer.headers.get("Retry-After") for answer in refused} == {None, "1"}


def test_the_same_seed_does_the_same_and_another_does_not(upstream: Strict) -> None:
    def run(seed: int) -> list[int]:
        with before(upstream.url, Faults(busy=0.5), seed) as proxy:
            return [send(proxy, bulk("a")).status_code for _ in range(20)]

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_the_same_documents_are_refused_each_time_and_no_others(upstream: Strict) -> None:
    ids = [f"weibo:{number}" for number in range(300)]
    with before(upstream.url, Faults(spoiled_items=0.1)) as proxy:
        first, second = statuses(send(proxy, bulk(*ids))), statuses(send(proxy, bulk(*ids)))
    refused = {one for one, status in zip(ids, first, strict=True) if status == 400}
    assert first == second
    assert refused == proxy.spoiled
    assert 15 <= len(refused) <= 50
    assert upstream.stored.keys() == set(ids) - refused


def test_busy_items_get_their_answer_at_their_own_place(upstream: Strict) -> None:
    ids = [str(number) for number in range(100)]
    with before(upstream.url, Faults(busy_items=0.3)) as proxy:
        answer = send(proxy, bulk(*ids))
    assert answer.json()["errors"] is True
    by_id = {item["create"]["_id"]: item["create"]["status"] for item in answer.json()["items"]}
    assert list(by_id) == ids
    assert {one for one, status in by_id.items() if status == 201} == upstream.stored.keys()
    assert proxy.done["busy_items"] == 100 - len(upstream.stored)


def test_a_bulk_of_busy_items_alone_does_not_reach_the_server(upstream: Strict) -> None:
    with before(upstream.url, Faults(busy_items=1.0)) as proxy:
        assert statuses(send(proxy, bulk("a", "b"))) == [429, 429]
    assert upstream.requests == 0


@pytest.mark.parametrize(
    ("faults", "arrived"),
    [(Faults(dropped=1.0), False), (Faults(unanswered=1.0), True), (Faults(cut=1.0), True)],
)
def test_a_line_that_breaks_is_an_error_before_or_after_the_work(
    upstream: Strict, faults: Faults, arrived: bool
) -> None:
    with (
        before(upstream.url, faults) as proxy,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        send(proxy, bulk("a"))
    assert ("a" in upstream.stored) is arrived
    assert sum(proxy.done.values()) == 3  # the request, aimed at, and its fault


def test_a_late_answer_and_a_missing_server_are_what_they_are(upstream: Strict) -> None:
    with (
        before(upstream.url, Faults(slow=1.0, delay=0.5)) as proxy,
        pytest.raises(httpx.ReadTimeout),
    ):
        httpx.post(f"{proxy.url}/_bulk", content=bulk("a"), timeout=0.1, trust_env=False)
    with before("http://127.0.0.1:9", Faults()) as proxy:
        assert send(proxy, bulk("a")).status_code == 502


def test_faults_may_change_while_it_runs(upstream: Strict) -> None:
    with before(upstream.url, Faults(unavailable=1.0)) as proxy:
        assert send(proxy, bulk("a")).status_code == 503
        proxy.faults = Faults()
        assert send(proxy, bulk("a")).status_code == 200
