"""runtime/store_moves.py: which store may be moved where, before anything is asked or written."""

from contextlib import closing

import pytest

from domain.errors import ConfigurationError, KoubeiError, StoreError
from runtime.settings import Settings
from runtime.store_moves import Route, move_store, route
from storage.sqlite.mentions import SqliteMentionStore
from tests.fakes import a_mention

CLUSTER = "https://es1:9200"


@pytest.fixture
def settings(tmp_path) -> Settings:
    settings = Settings(data_dir=tmp_path / "var", mention_store_url=url(tmp_path / "in-use"))
    settings.data_dir.mkdir()
    with closing(SqliteMentionStore(tmp_path / "in-use")) as store:
        store.add(a_mention(str(n)) for n in range(7))
    return settings


def url(path) -> str:
    return f"sqlite:///{path}"


def moved(settings: Settings, way: Route):
    totals: list[int] = []
    return move_store(settings, way, total=totals.append, read=lambda _: None), totals


def test_the_source_is_the_store_in_use_unless_named(settings, tmp_path):
    assert route(settings, to=CLUSTER, from_=None) == Route(url(tmp_path / "in-use"), CLUSTER)
    assert route(settings, to=url("/b"), from_=CLUSTER) == Route(CLUSTER, url("/b"))


def test_one_store_has_one_address(settings, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert route(settings, to="sqlite:///other", from_=None).target == url(tmp_path / "other")
    spaced = route(settings, to="https://es1:9200/, https://es2:9200", from_=None)
    assert spaced.target == "https://es1:9200,https://es2:9200"


@pytest.mark.parametrize(
    ("to", "from_", "said"),
    [
        ("sqlite:///{0}/in-use", None, "the target is the store in use"),
        ("sqlite:///{0}/in-use", CLUSTER, "the target is the store in use"),
        (CLUSTER, CLUSTER, "are the same"),
        ("https://es1", None, "must be sqlite:///path or https://host:9200"),
        ("http://10.0.0.5:9200", None, "in the clear"),
        ("https://elastic:geheim@es1:9200", None, "may not hold user name and password"),
    ],
)
def test_a_route_that_may_not_be_taken_is_wrong_usage(settings, tmp_path, to, from_, said):
    with pytest.raises(ConfigurationError, match=said) as caught:
        route(settings, to=to.format(tmp_path), from_=from_)
    assert "geheim" not in str(caught.value)


def test_what_was_moved_may_be_moved_again_and_nothing_else_there(settings, tmp_path):
    way = route(settings, to=url(tmp_path / "target"), from_=None)
    done, totals = moved(settings, way)
    assert (done.is_equal, done.added, totals) == (True, 7, [7])
    with closing(SqliteMentionStore(tmp_path / "in-use")) as store:
        store.add([a_mention("8")])
    again, _ = moved(settings, way)
    assert (again.is_equal, again.added) == (True, 1)
    other = route(settings, to=url(tmp_path / "target"), from_=url(tmp_path / "another"))
    with closing(SqliteMentionStore(tmp_path / "another")) as store:
        store.add([a_mention("9")])
    with pytest.raises(KoubeiError, match="mentions of its own"):
        moved(settings, other)
    assert moved(settings, route(settings, to=url(tmp_path / "third"), from_=None))[0].is_equal
    assert moved(settings, way)[0].is_equal


def test_a_source_without_data_is_not_taken_for_an_empty_one(settings, tmp_path):
    way = route(settings, to=url(tmp_path / "target"), from_=url(tmp_path / "nowhere"))
    with pytest.raises(ConfigurationError, match="no data yet"):
        moved(settings, way)
    assert not (tmp_path / "nowhere").exists()
    assert not (tmp_path / "target").exists()


def test_a_note_that_cannot_be_read_stops_it(settings, tmp_path):
    way = route(settings, to=url(tmp_path / "target"), from_=None)
    moved(settings, way)
    (note,) = (settings.data_dir / "store-move").glob("*.json")
    note.write_text("{")
    with pytest.raises(StoreError, match="is damaged"):
        moved(settings, way)
