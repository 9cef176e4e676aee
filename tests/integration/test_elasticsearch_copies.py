"""Near copies and the model's words wherever the mentions go: from a file into a cluster and back,
through a backup, and out of an index of an older version.
"""

import secrets
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from analysis.near_copies import ANY_DISTANCE, fingerprint
from analysis.terms import keywords
from cli.main import run
from domain.errors import SchemaMismatch
from domain.mention import Flag, Mention
from domain.ports import MentionStore
from domain.queries import Bucket, MentionFilter, Near, Summary, TimelinePoint
from domain.sentiment import WHOLE_TEXT, Judge, Label, Sentiment
from monitoring.clusters import fold_near_copies
from monitoring.deriving import Deriving, Method
from monitoring.rescoring import Rescoring
from runtime.backup import Plan, make_backup
from runtime.restore import restore
from runtime.secret_files import make_missing_keys
from runtime.settings import load_settings
from runtime.wiring import open_mention_store, open_services
from storage import sealed_file
from storage.elasticsearch import schema
from storage.elasticsearch.client import connect
from storage.elasticsearch.cluster import Cluster
from storage.sqlite.mentions import SqliteMentionStore
from tests.contract.naive_store import NaiveMentionStore
from tests.fakes import NOON, FixedClock, a_mention
from tests.fixtures import elasticsearch_v1
from tests.fixtures.databases import new_workflow_database
from tests.fixtures.elasticsearch import Server
from tests.fixtures.installation import PASSPHRASE, Installation
from tests.fixtures.rescoring_process import Model

pytestmark = [pytest.mark.elasticsearch, pytest.mark.integration]

EVERYTHING = MentionFilter(public_voice_only=False)
LATER = NOON + timedelta(hours=3)
LONG_AGO = NOON - timedelta(days=30)
SECONDS = timedelta(seconds=1)

TOLD = (
    "云栈奶茶门店今天排队两个小时还不给退单，店员说系统坏了没有办法",
    "在云栈喝出一只虫子，客服电话打了三次都没有人接，要投诉到底",
    "云栈会员充值以后门店关门跑路，余额三百多块钱退不回来怎么维权",
)
ENDS = ("", "！！", "，转给身边的人看看", " https://t.cn/A6 [怒]")
EXTREMES = (0, 1, 1 << 63, (1 << 64) - 1, 0x7FFF_FFFF_FFFF_FFFF)
"""Fingerprints at the ends of what 64 bits hold: a file keeps them signed, an index as text."""

UNSURE = Sentiment(Label.NEGATIVE, -0.4, 0.58, "m", run=2)
SURE = Sentiment(Label.NEGATIVE, -0.9, 0.97, "m", run=2)
PERSON = Sentiment(Label.NEUTRAL, 0.0, 1.0, "anna", Judge.PERSON)


def wave() -> list[Mention]:
    """Copies of three posts, posts of nobody's, and fingerprints that are hard to keep."""
    texts = [told + end for told in TOLD for end in ENDS]
    texts += [f"云栈第 {n} 家门店开业，地址和上一家隔着 {n * 7} 条街" for n in range(6)]
    copies = [
        a_mention(
            str(n),
            text=text,
            fingerprint=fingerprint(text),
            published_at=NOON - n * 977 * SECONDS,
            brand_ids=frozenset({"cha", "tea"} if n % 2 else {"cha"}),
            sentiment={WHOLE_TEXT: UNSURE if n % 3 else SURE, "cha": PERSON if n == 5 else UNSURE},
            flags=frozenset({Flag.SPAM} if n == 6 else ()),
        )
        for n, text in enumerate(texts)
    ]
    extremes = [a_mention(f"x{n}", text="短", fingerprint=one) for n, one in enumerate(EXTREMES)]
    return [*copies, *extremes, a_mention("none", text="短", fingerprint=None)]


@dataclass(frozen=True)
class Answers:
    """What a store says where fingerprints, sureness and labels matter."""

    near: tuple[list[Near], ...]
    unsure: dict[tuple[str | None, int], tuple[str, ...]]
    summary: Summary
    hours: list[TimelinePoint]


def answers(store: MentionStore, prints: list[int]) -> Answers:
    window = MentionFilter("cha", start=LONG_AGO, end=NOON + timedelta(hours=1))
    return Answers(
        tuple(store.near(prints, since=LONG_AGO, distance=d) for d in (0, 3, ANY_DISTANCE)),
        {
            (brand, percent): tuple(
                m.id for m in store.scan(replace(EVERYTHING, brand_id=brand, unsure_below=percent))
            )
            for brand in (None, "cha", "tea")
            for percent in (50, 60, 101)
        },
        store.summary(window),
        store.timeline(window, Bucket.HOUR),
    )


def prints_of(mentions: list[Mention]) -> list[int]:
    """Every fingerprint there is, and one a bit beside each."""
    known = {m.fingerprint for m in mentions if m.fingerprint is not None}
    return sorted(known | {one ^ 1 << 33 for one in known})


def naively(mentions: list[Mention], prints: list[int]) -> Answers:
    naive = NaiveMentionStore()
    naive.mentions = {mention.id: mention for mention in mentions}
    return answers(naive, prints)


@pytest.fixture(autouse=True)
def _cheap(monkeypatch):
    monkeypatch.setattr(sealed_file, "_COSTS", {"n": 1 << 4, "r": 8, "p": 1})


@pytest.fixture
def cluster(elasticsearch_server: Server) -> Iterator[Cluster]:
    """A server without an index of ours."""
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
def home(tmp_path, monkeypatch, cluster) -> Path:
    """A folder whose settings name the cluster as a place to move to."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "koubei.toml").write_text(
        f'language = "en"\n[elasticsearch]\nindex = "{cluster.index}"\nreplicas = 0\n'
    )
    return tmp_path


def use_cluster(home: Path, cluster: Cluster) -> None:
    path = home / "koubei.toml"
    path.write_text(f'mention_store_url = "{cluster.url}"\n{path.read_text()}')


def filled(installation: Installation) -> list[Mention]:
    """Fill an installation and fold the copies; return all that its store holds."""
    installation.fill()
    with closing(open_mention_store(installation.settings)) as store:
        found = wave()
        store.remove(f"weibo:{n}" for n in range(40))
        store.add(found)
        fold_near_copies(store, [mention for mention in found if len(mention.text) > 1])
        held = list(store.scan(EVERYTHING))
    clusters = {mention.cluster_id for mention in held} - {None}
    assert len(clusters) == len(TOLD)
    return held


def test_moving_there_and_back_changes_no_answer(home, cluster):
    held = filled(Installation(home))
    prints = prints_of(held)
    with closing(SqliteMentionStore(home / "var" / "mentions.sqlite")) as file:
        before = answers(file, prints)
    assert before == naively(held, prints)
    assert min(map(len, before.near)) > len(prints) // 3
    assert run(["migrate-store", "--to", cluster.url]) == 0
    use_cluster(home, cluster)
    with closing(open_mention_store(load_settings())) as there:
        assert answers(there, prints) == before
        # a copy that comes after the move still finds its cluster
        text = f"{TOLD[0]}!"
        copy = a_mention("late", text=text, fingerprint=fingerprint(text), published_at=NOON)
        there.add([copy])
        fold_near_copies(there, [copy])
        assert there.get([copy.id])[copy.id].cluster_id == held_cluster(held, TOLD[0])
        there.remove([copy.id])
    assert run(["migrate-store", "--to", "sqlite:///back.sqlite"]) == 0
    with closing(SqliteMentionStore(home / "back.sqlite")) as back:
        assert answers(back, prints) == before


def held_cluster(held: list[Mention], text: str) -> str | None:
    """The cluster of the post of this text."""
    (found,) = [mention for mention in held if mention.text == text]
    assert found.cluster_id
    return found.cluster_id


@pytest.mark.parametrize("begins", ["file", "cluster"])
def test_a_backup_of_either_brings_the_answers_back_into_either(cluster, tmp_path, begins):
    def installation(name: str, *, in_cluster: bool) -> Installation:
        own = replace(cluster, index=f"{cluster.index}-v-{name}")
        return Installation(tmp_path / name, cluster=own if in_cluster else None)

    source = installation("home", in_cluster=begins == "cluster")
    if source.cluster is not None:
        with connect(source.cluster) as client:
            schema.apply(client, source.cluster)
    held = filled(source)
    prints = prints_of(held)
    expected = naively(held, prints)
    plan = Plan(tmp_path / "kept", PASSPHRASE)
    made = make_backup(source.settings, FixedClock(), plan, actor="cli:test")
    for name, in_cluster in (("a-file", False), ("a-cluster", True)):
        away = installation(name, in_cluster=in_cluster)
        restore(away.settings, made.path, PASSPHRASE, FixedClock(LATER), actor="cli:test")
        with closing(open_mention_store(away.settings)) as store:
            assert answers(store, prints) == expected, name


class TestVersionOne:
    """An index that the program made before it knew how sure a model was."""

    @pytest.fixture(autouse=True)
    def _in_use(self, home, cluster):
        use_cluster(home, cluster)
        installation = Installation(home)
        make_missing_keys(installation.settings.secrets_dir)
        new_workflow_database(installation.settings.data_dir / "workflow.sqlite").dispose()
        with connect(cluster) as client:
            elasticsearch_v1.make(client, cluster)

    def test_it_is_not_read_before_it_is_migrated(self):
        with pytest.raises(SchemaMismatch, match="koubei migrate"):
            open_mention_store(load_settings())

    def test_migrating_it_makes_every_answer_right(self, cluster, capsys):
        known = elasticsearch_v1.mentions()
        prints = prints_of(known)
        assert run(["migrate"]) == 0
        assert f"{cluster.index}-v2" in capsys.readouterr().out
        expected = naively(known, prints)
        with closing(open_mention_store(load_settings())) as store:
            assert {m.id: m for m in store.scan(EVERYTHING)} == {m.id: m for m in known}
            assert answers(store, prints) == expected
        assert len(expected.near[-1]) > len(prints)
        assert expected.unsure["cha", 50] != expected.unsure["cha", 60] != ()

    def test_after_it_history_is_judged_again_and_copies_are_found_as_of_today(self):
        assert run(["migrate"]) == 0
        method = Method("as of today", lambda text, _: keywords(text), fingerprint)
        with open_services(load_settings(), FixedClock(LATER)) as services:
            store = services.store
            deriving = Deriving(store, Model("new"), method)
            rescoring = Rescoring(
                store, services.begin_work, services.clock, deriving, LATER, "test"
            )
            begun = rescoring.run_in_use()
            assert begun is not None
            done = rescoring.go_on(begun)
            assert (done.seen, done.left) == (len(elasticsearch_v1.mentions()), 0)
            held = list(store.scan(EVERYTHING))
            prints = prints_of(held)
            found = answers(store, prints)
        assert found == naively(held, prints)
        before = {mention.id: mention for mention in elasticsearch_v1.mentions()}
        for mention in held:
            text = f"{mention.title}\n{mention.text}"
            assert mention.fingerprint == fingerprint(text)
            assert mention.fingerprint != before[mention.id].fingerprint
            for target, said in mention.sentiment.items():
                if said.by is Judge.PERSON:
                    assert said == before[mention.id].sentiment[target]
                else:
                    assert (said.model, said.run) == ("new", begun.run)
        people = [m for m in held if any(s.by is Judge.PERSON for s in m.sentiment.values())]
        assert len(people) == 4
        copies = {mention.cluster_id for mention in held} - {None}
        assert len(copies) >= 6
