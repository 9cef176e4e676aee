"""`koubei init`, `koubei migrate` and `koubei up` as people type them, on a real cluster."""

import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.main import run
from runtime import clusters
from runtime.lease import only_one_anywhere
from runtime.settings import load_settings
from runtime.wiring import SystemClock, open_mention_store, open_services, open_workflow
from storage.elasticsearch import schema
from storage.elasticsearch.client import connect
from storage.elasticsearch.cluster import Cluster
from storage.elasticsearch.schema import make_index, our_form
from tests.fakes import a_mention
from tests.fixtures.elasticsearch import Server
from tests.fixtures.mention_writer import a_look
from tests.fixtures.next_version import NEXT, next_form, with_length

pytestmark = pytest.mark.elasticsearch


@pytest.fixture
def cluster(elasticsearch_server: Server, tmp_path: Path, monkeypatch) -> Iterator[Cluster]:
    """A cluster without our index, and a folder whose settings name it."""
    if elasticsearch_server.users:
        pytest.skip("its commands log in as nobody; mend: a server without users")
    made = Cluster(elasticsearch_server.url, index=f"koubei-{secrets.token_hex(6)}", replicas=0)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "koubei.toml").write_text(
        f'language = "en"\nmention_store_url = "{made.url}"\n'
        f'[elasticsearch]\nindex = "{made.index}"\nreplicas = 0\n'
    )
    yield made
    with connect(made) as client:
        for name in client.indices.get(index=f"{made.index}-v*"):
            client.indices.delete(index=name)


@pytest.fixture
def next_program(monkeypatch) -> None:
    """The program is of the next version."""
    monkeypatch.setattr(schema, "MAPPING_VERSION", NEXT)
    for module in (schema, clusters):
        monkeypatch.setattr(module, "our_form", next_form)
    monkeypatch.setattr(clusters, "rewriting", with_length)


class TestInit:
    def test_it_makes_the_index_once_and_says_what_it_did(self, cluster, capsys):
        assert run(["init", "--dry-run"]) == 0
        told = capsys.readouterr().out
        assert f"+ create the index {cluster.index}-v2" in told
        assert "(not applied: --dry-run)" in told
        assert clusters.mentions_in(cluster) is None
        assert run(["init"]) == 0
        told = capsys.readouterr().out
        assert f"+ create the index {cluster.index}-v2" in told
        assert "housekeeping removes replaced indices" in told
        assert clusters.mentions_in(cluster) == 0
        assert run(["init"]) == 0
        assert "the index is as this program says" in capsys.readouterr().out

    def test_a_setting_that_differs_is_shown_and_set(self, cluster, capsys):
        run(["init"])
        with connect(cluster) as client:
            client.indices.put_settings(index=cluster.index, settings={"refresh_interval": "9s"})
        capsys.readouterr()
        assert run(["init"]) == 0
        assert '~ setting refresh_interval "9s" → "5s"' in capsys.readouterr().out

    def test_an_older_index_waits_for_migrate(self, cluster, capsys, next_program):
        with connect(cluster) as client:
            make_index(client, f"{cluster.index}-v2", alias=cluster.index, form=our_form())
        assert run(["init"]) == 3
        assert "run koubei migrate" in capsys.readouterr().out

    def test_an_index_of_a_newer_program_is_left_alone(self, cluster, capsys):
        run(["init"])
        with connect(cluster) as client:
            meta = {"program": "koubei", "version": 9}
            client.indices.put_mapping(index=cluster.index, meta=meta)
        capsys.readouterr()
        assert run(["init"]) == 1
        assert "upgrade koubei" in capsys.readouterr().err

    def test_somebody_else_s_index_is_left_alone(self, cluster, capsys):
        name = f"{cluster.index}-vtheirs"
        with connect(cluster) as client:
            client.indices.create(index=name, aliases={cluster.index: {}})
        assert run(["init"]) == 1
        assert "is taken by something that is not ours" in capsys.readouterr().err


class TestMigrate:
    @pytest.fixture(autouse=True)
    def _filled(self, cluster, capsys):
        run(["init"])
        with open_services(load_settings()) as services:
            services.store.add(a_look(n, 0) for n in range(1200))
        capsys.readouterr()

    def test_there_is_nothing_to_do_on_this_version(self, capsys):
        assert run(["migrate"]) == 0
        told = capsys.readouterr().out
        assert "the workflow database has version" in told
        assert "the mention index has this program's version" in told

    def test_it_copies_compares_and_says_how_long_writes_waited(
        self, cluster, capsys, next_program
    ):
        assert run(["migrate"]) == 0
        captured = capsys.readouterr()
        first, second = f"{cluster.index}-v2", f"{cluster.index}-v{NEXT}"
        assert f"✓ {first} → {second}: 1200 mentions, compared; writes waited" in captured.out
        assert "copying to the new index" in captured.err
        done = {"from": first, "to": second, "mentions": 1200}
        assert trail()[-1] == ("mentions.migrated", done)
        assert run(["migrate"]) == 0
        assert "has this program's version" in capsys.readouterr().out

    def test_and_the_way_back(self, cluster, capsys, next_program):
        run(["migrate"])
        with closing(open_mention_store(load_settings())) as store:
            now = datetime.now(UTC)
            store.add([a_mention("since", collected_at=now, first_seen_at=now)])
        capsys.readouterr()
        assert run(["migrate", "--back"]) == 0
        told = capsys.readouterr().out
        assert f"✓ {cluster.index}-v{NEXT} → {cluster.index}-v2" in told
        assert "1 mentions were seen since the switch" in told
        assert clusters.mentions_in(cluster) == 1200
        assert run(["migrate"]) == 0
        assert clusters.mentions_in(cluster) == 1200

    def test_there_is_no_way_back_to_an_index_that_is_gone(self, capsys):
        assert run(["migrate", "--back"]) == 1
        assert "koubei restore" in capsys.readouterr().err

    def test_two_at_once_are_refused(self, capsys, next_program):
        clock = SystemClock()
        with (
            open_workflow(load_settings()) as begin_work,
            only_one_anywhere(begin_work, clock, "migrate:mentions", "the other"),
        ):
            assert run(["migrate"]) == 1
        assert "another process is at it" in capsys.readouterr().err


def trail() -> list[tuple[str, dict[str, object]]]:
    """The rows of the audit trail as (action, payload)."""
    with open_workflow(load_settings()) as begin_work, begin_work() as work:
        return [(row.action, json.loads(row.payload)) for row in work.audit.rows()]


def test_the_doctor_looks_at_the_cluster(cluster, capsys):
    run(["init"])
    capsys.readouterr()
    run(["doctor", "--json"])
    found = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert found["Elasticsearch"]["mark"] == "ok"
    assert "this machine, no login" in found["Elasticsearch"]["fact"]
    assert found["mention index"]["mark"] == "ok"
    assert found["index privileges"]["mark"] == "note"
    assert "mention store" not in found


def test_other_commands_do_not_wait_for_the_client_of_a_cluster_they_do_not_ask():
    """`koubei spikes` in a pipe starts at once."""
    code = (
        "import sys; from cli.main import build_app\n"
        "for name in ('spikes', 'config', 'parse', 'backup', 'doctor', 'status'):\n"
        "    build_app([name])\n"
        "print('elasticsearch' in sys.modules)"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
