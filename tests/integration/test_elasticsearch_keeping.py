"""Mentions in a cluster: moved there and back, backed up, restored, and removed for good."""

import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cli import lanes
from cli.main import run
from domain.errors import ConfigurationError, KoubeiError
from domain.mention import Flag
from domain.queries import MentionFilter
from runtime import clusters
from runtime.backup import Plan, make_backup
from runtime.restore import restore
from runtime.settings_model import Retention
from runtime.wiring import open_mention_store, open_services
from storage import sealed_file
from storage.elasticsearch.client import connect
from storage.elasticsearch.cluster import Cluster
from storage.sqlite.mentions import SqliteMentionStore
from tests.fakes import NOON, FixedClock, a_mention
from tests.fixtures.elasticsearch import Server
from tests.fixtures.installation import PASSPHRASE, Installation
from tests.fixtures.mention_writer import a_look
from workflow.outbox import held_outbox

pytestmark = pytest.mark.elasticsearch

ROOT = Path(__file__).resolve().parents[2]
EVERYTHING = MentionFilter(public_voice_only=False)
LATER = NOON + timedelta(hours=3)


@pytest.fixture(autouse=True)
def _cheap(monkeypatch):
    monkeypatch.setattr(sealed_file, "_COSTS", {"n": 1 << 4, "r": 8, "p": 1})


@pytest.fixture
def cluster(elasticsearch_server: Server) -> Iterator[Cluster]:
    if elasticsearch_server.users:
        pytest.skip("its commands log in as nobody; mend: a server without users")
    made = Cluster(
        elasticsearch_server.url, index=f"koubei-{secrets.token_hex(6)}", shards=1, replicas=0
    )
    yield made
    with connect(made) as client:
        for name in client.indices.get(index=f"{made.index}-v*"):
            client.indices.delete(index=name)


@pytest.fixture
def empty(cluster: Cluster) -> Cluster:
    """The same cluster with an index."""
    clusters.prepare(cluster)
    return cluster


def index_of(cluster: Cluster) -> str:
    with connect(cluster) as client:
        ((name, _),) = client.indices.get(index=cluster.index).items()
    return str(name)


class TestMoveStore:
    """`koubei migrate-store`."""

    @pytest.fixture
    def home(self, tmp_path, monkeypatch, cluster) -> Path:
        """A folder with settings, a few mentions and nothing running."""
        monkeypatch.chdir(tmp_path)
        (tmp_path / "koubei.toml").write_text(
            f'language = "en"\n[elasticsearch]\nindex = "{cluster.index}"\nreplicas = 0\n'
        )
        Installation(tmp_path).fill()
        with closing(SqliteMentionStore(tmp_path / "var" / "mentions.sqlite")) as store:
            store.add(a_look(n, 0) for n in range(100, 3000))
            store.add(a_look(n, 5) for n in range(100, 200))
            store.amend("weibo:300", lambda m: replace(m, flags=frozenset({Flag.SPAM})))
        return tmp_path

    def settings_of(self, home: Path, url: str) -> None:
        text = (home / "koubei.toml").read_text()
        (home / "koubei.toml").write_text(f'mention_store_url = "{url}"\n{text}')

    def mentions(self, path: Path):
        with closing(SqliteMentionStore(path)) as store:
            return {mention.id: mention for mention in store.scan(EVERYTHING)}

    def test_history_goes_there_and_back_and_is_the_same_to_the_last_revision(
        self, home, cluster, capsys
    ):
        before = self.mentions(home / "var" / "mentions.sqlite")
        assert run(["migrate-store", "--to", cluster.url]) == 0
        there = capsys.readouterr().out
        assert "2940 added, 0 replaced, 0 removed, 2 passes" in there
        assert "both hold the same, mention by mention" in there
        assert f'mention_store_url = "{cluster.url}"' in there
        self.settings_of(home, cluster.url)
        assert run(["migrate-store", "--to", "sqlite:///back.sqlite"]) == 0
        back = capsys.readouterr().out
        sums = [line.split()[-1] for line in (there + back).splitlines() if "checksum" in line]
        assert len(sums) == 4
        assert len(set(sums)) == 1
        assert self.mentions(home / "back.sqlite") == before

    def test_doing_it_again_catches_up(self, home, cluster, capsys):
        run(["migrate-store", "--to", cluster.url])
        with closing(SqliteMentionStore(home / "var" / "mentions.sqlite")) as store:
            store.add([a_look(7_000, 1), a_look(150, 9)])
            store.remove(["weibo:160"])
        capsys.readouterr()
        assert run(["migrate-store", "--to", cluster.url]) == 0
        assert "1 added, 1 replaced, 1 removed" in capsys.readouterr().out

    def test_a_store_with_mentions_of_its_own_is_no_target(self, home, empty, capsys):
        with closing(open_mention_store(Installation(home, cluster=empty).settings)) as store:
            store.add([a_mention("theirs")])
        assert run(["migrate-store", "--to", empty.url]) == 1
        assert "holds mentions of its own" in capsys.readouterr().err
        assert clusters.mentions_in(empty) == 1

    def test_the_store_in_use_is_no_target(self, home, cluster, capsys):
        assert run(
            ["migrate-store", "--from", cluster.url, "--to", "sqlite:///var/mentions.sqlite"]
        )
        assert "the target is the store in use" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("to", "said"),
        [
            ("http://es.example.com:9200", "in the clear"),
            ("mysql://x", "must be sqlite:///path or https://host:9200"),
        ],
    )
    def test_what_is_no_store_is_refused_as_wrong_usage(self, home, to, said, capsys):
        assert run(["migrate-store", "--to", to]) == 2
        assert said in capsys.readouterr().err

    def test_a_move_that_was_killed_goes_on(self, home, cluster, capsys):
        command = [sys.executable, "-m", "cli", "migrate-store", "--to", cluster.url]
        process = subprocess.Popen(command, cwd=ROOT, env=environment(home), stdout=-3, stderr=-3)
        deadline = time.monotonic() + 60
        while (clusters.mentions_in(cluster) or 0) < 300:
            assert process.poll() is None
            assert time.monotonic() < deadline
        process.send_signal(signal.SIGKILL)
        process.wait()
        held = clusters.mentions_in(cluster)
        assert held is not None
        assert 300 <= held < 2940
        assert run(["migrate-store", "--to", cluster.url]) == 0
        told = capsys.readouterr().out
        assert "2 passes" in told
        added = int(told.partition(" added")[0].split()[-1])
        assert added <= 2940 - held


def environment(home: Path) -> dict[str, str]:
    return {"KOUBEI_CONFIG": str(home / "koubei.toml"), "PATH": "/usr/bin:/bin"}


class TestBackup:
    """A backup holds the mentions wherever they lie, and goes back to wherever they are to lie."""

    def back_up(self, home: Installation, folder: Path):
        return make_backup(home.settings, FixedClock(), Plan(folder, PASSPHRASE), actor="cli:test")

    def bring_back(self, away: Installation, path: Path, **how):
        return restore(away.settings, path, PASSPHRASE, FixedClock(LATER), actor="cli:test", **how)

    def test_from_a_cluster_into_a_file_and_back_into_a_cluster(self, empty, tmp_path):
        home = Installation(tmp_path / "home", cluster=empty).fill()
        before = home.mentions()
        assert len(before) == 40
        made = self.back_up(home, tmp_path / "kept")
        assert (made.note.verified, made.manifest.mentions) == (True, 40)
        in_a_file = Installation(tmp_path / "file")
        self.bring_back(in_a_file, made.path)
        assert in_a_file.mentions() == before
        other = replace(empty, index=f"{empty.index}-v-away")
        in_a_cluster = Installation(tmp_path / "cluster", cluster=other)
        restored = self.bring_back(in_a_cluster, made.path)
        assert restored.aside is None
        assert in_a_cluster.mentions() == before
        assert index_of(other) == f"{other.index}-v2"

    def test_mail_is_held_and_labels_of_people_shown_again_as_from_a_file(self, empty, tmp_path):
        home = Installation(tmp_path / "home", cluster=empty).fill()
        path = self.back_up(home, tmp_path / "kept").path
        other = replace(empty, index=f"{empty.index}-v-away")
        away = Installation(tmp_path / "away", cluster=other)
        self.bring_back(away, path)
        with open_services(away.settings, FixedClock(LATER)) as services:
            held = held_outbox(services.begin_work)
            assert held is not None
            assert len(held.restored) == 2
            with services.begin_work() as work:
                assert work.corrections.unprojected(limit=10)

    def test_what_was_there_stays_aside_and_only_when_that_is_meant(self, empty, tmp_path):
        home = Installation(tmp_path / "home", cluster=empty).fill()
        path = self.back_up(home, tmp_path / "kept").path
        with closing(open_mention_store(home.settings)) as store:
            store.add([a_mention("since")])
        with pytest.raises(KoubeiError, match="data here already") as caught:
            self.bring_back(home, path)
        assert empty.index in str(caught.value)
        restored = self.bring_back(home, path, force=True)
        assert f"{empty.index}-v2)" in (restored.aside or "")
        assert clusters.mentions_in(empty) == 40
        assert index_of(empty) == f"{empty.index}-v2-{LATER:%Y%m%d%H%M%S}"
        back = clusters.take_back(empty, LATER)
        assert (back.after, clusters.mentions_in(empty)) == (f"{empty.index}-v2", 41)

    def test_a_restore_that_fails_leaves_the_cluster_as_it_was(self, empty, tmp_path, monkeypatch):
        home = Installation(tmp_path / "home", cluster=empty).fill()
        path = self.back_up(home, tmp_path / "kept").path

        def fail(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("runtime.restore._replace_secrets", fail)
        with pytest.raises(KoubeiError, match="did not end"):
            self.bring_back(home, path, force=True)
        assert index_of(empty) == f"{empty.index}-v2"
        with connect(empty) as client:
            assert list(client.indices.get(index=f"{empty.index}-v*")) == [f"{empty.index}-v2"]

    def test_nothing_to_back_up_is_said_before_a_passphrase_is_asked_for(self, cluster, tmp_path):
        home = Installation(tmp_path / "home", cluster=cluster)
        with pytest.raises(ConfigurationError, match="nothing to back up"):
            self.back_up(home, tmp_path / "kept")


class TestRetention:
    """`retention.mentions` on a cluster."""

    def test_housekeeping_removes_them_from_the_disk_too(self, empty, tmp_path):
        home = Installation(tmp_path, cluster=empty).fill()
        settings = home.settings.model_copy(update={"retention": Retention(mentions=100)})
        with open_services(settings, FixedClock(NOON + timedelta(days=99))) as services:
            services.store.add(
                replace(a_look(n, 0), collected_at=NOON - timedelta(days=2))
                for n in range(500, 505)
            )
            done = lanes._tidy(services)
            assert (done["mentions"], done["mentions_held"], done["unexpunged"]) == (5, 0, 0)
            assert services.store.status().mentions == 40
            again = lanes._tidy(services)
            assert (again["mentions"], "unexpunged" in again) == (0, False)
        with connect(empty) as client:
            segments = client.indices.segments(index=empty.index)
        shards = next(iter(segments["indices"].values()))["shards"]["0"]
        assert sum(s["deleted_docs"] for s in shards[0]["segments"].values()) == 0
