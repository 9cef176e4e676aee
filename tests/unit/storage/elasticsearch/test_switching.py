"""storage/elasticsearch/switching.py where servers with lifecycle policies are not at hand: what is
asked of one, and what becomes of its answers.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from storage.elasticsearch.cluster import Cluster
from storage.elasticsearch.schema import our_form, policy
from storage.elasticsearch.switching import has_lifecycles, put_policy, switch
from tests.fixtures.told_cluster import error, told

CLUSTER = Cluster("http://127.0.0.1:9200")
AT = datetime(2026, 11, 21, 3, 30, tzinfo=UTC)


class Told:
    """A cluster with an index in use, a new one and, maybe, lifecycle policies."""

    def __init__(self, *, lifecycles: int = 200, known: dict[str, Any] | None = None) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        self.lifecycles, self.known = lifecycles, known
        self.client = told(self._answer)

    def _answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        self.asked.append((method, path, body))
        if path.startswith("/_ilm/status"):
            said = {"operation_mode": "RUNNING"}
            return self.lifecycles, said if self.lifecycles == 200 else error("no_handler")
        if path.startswith("/_ilm/policy") and method == "GET":
            return (200, self.known) if self.known else (404, error("resource_not_found_exception"))
        if method == "GET" and path.endswith("/_mapping"):
            name = path.split("/")[1]
            return 200, {name: {"mappings": {"_meta": {"program": "koubei", "version": 1}}}}
        if method == "GET":
            mapping = our_form().mapping
            return 200, {"koubei-mentions-v1": {"mappings": mapping, "settings": {}}}
        return 200, {"acknowledged": True}

    def changes(self) -> list[tuple[str, str, Any]]:
        return [asked for asked in self.asked if asked[0] != "GET"]


def test_the_alias_moves_in_one_request_after_writes_stopped_and_the_rest_was_done():
    there = Told(lifecycles=400)
    done: list[int] = []
    switched = switch(
        there.client, CLUSTER, "koubei-mentions-v2", AT, lambda: done.append(len(there.asked))
    )
    assert switched.before == "koubei-mentions-v1"
    paths = [path.partition("?")[0] for _, path, _ in there.changes()]
    assert paths == [
        "/koubei-mentions-v2/_settings",
        "/koubei-mentions-v1/_mapping",
        "/koubei-mentions-v1/_block/write",
        "/_aliases",
    ]
    retired, moved = there.changes()[1][2], there.changes()[3][2]
    assert retired["_meta"]["replaced_at"] == AT.isoformat()
    assert [next(iter(action)) for action in moved["actions"]] == ["add", "remove"]
    at = [path for _, path, _ in there.asked[: done[0]]]
    assert at[-1].startswith("/koubei-mentions-v1/_block/write")


def test_a_replaced_index_ages_from_the_switch_on_where_there_are_policies():
    there = Told()
    switch(there.client, CLUSTER, "koubei-mentions-v2", AT)
    (stored,) = [body for _, path, body in there.changes() if path.startswith("/_ilm/policy")]
    assert stored["policy"]["phases"]["delete"] == {"min_age": "14d", "actions": {"delete": {}}}
    _, path, body = there.changes()[-1]
    assert path.startswith("/koubei-mentions-v1/_settings")
    assert body == {
        "index.lifecycle.name": "koubei-mentions-replaced",
        "index.lifecycle.origination_date": 1795231800000,
    }
    assert datetime.fromtimestamp(1795231800, UTC) == AT


def test_a_last_step_that_fails_lets_writes_go_on():
    there = Told()

    def fail() -> None:
        raise RuntimeError("last")

    with pytest.raises(RuntimeError, match="last"):
        switch(there.client, CLUSTER, "koubei-mentions-v2", AT, fail)
    assert there.changes()[-1][1:] == ("/koubei-mentions-v1/_settings", {"blocks.write": None})
    assert not any(path.startswith("/_aliases") for _, path, _ in there.asked)


@pytest.mark.parametrize(("status", "has"), [(200, True), (400, False), (403, False), (405, False)])
def test_a_cluster_without_policies_or_that_hides_them_does_without(status, has):
    assert has_lifecycles(Told(lifecycles=status).client, CLUSTER) is has


def test_our_policy_is_stored_once():
    fresh = Told()
    assert put_policy(fresh.client, CLUSTER)
    kept = {"koubei-mentions-replaced": {"policy": policy(timedelta(days=14))}}
    there = Told(known=kept)
    assert not put_policy(there.client, CLUSTER)
    assert there.changes() == []
