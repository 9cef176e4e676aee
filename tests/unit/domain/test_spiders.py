"""Tests of domain/spiders.py."""

from dataclasses import replace

import pytest

from domain.brand import Brand, Configuration, Source, Watch
from domain.spiders import SPIDERS, SpiderKind, SpiderRole, adds_depth_only


@pytest.fixture(autouse=True)
def _more_spiders(monkeypatch):
    """The rule holds for whichever spiders there are; these are enough to tell it."""
    search = SPIDERS["tieba_search"]
    more = {
        name: SpiderKind(name, search.platform, role, search.transport, search.base_url)
        for name, role in (("a_follower", SpiderRole.FOLLOW), ("a_hot_list", SpiderRole.DEPTH))
    }
    monkeypatch.setattr("domain.spiders.SPIDERS", {"tieba_search": search, **more})


def a_source(name: str, *, enabled: bool = True) -> Source:
    kind = SPIDERS["tieba_search"]
    return Source(name, name, kind.platform, kind.transport, kind.base_url, enabled=enabled)


@pytest.mark.parametrize(
    ("spider", "besides", "expected"),
    [
        ("tieba_search", (), False),
        ("tieba_search", ("a_follower", "a_hot_list"), False),
        ("a_follower", (), False),
        ("a_follower", ("a_hot_list",), False),
        ("a_follower", ("tieba_search",), True),
        ("a_hot_list", (), True),
        ("a_hot_list", ("tieba_search",), True),
        ("of_another_version", ("tieba_search",), False),
    ],
)
def test_one_kind_of_spider_carries_a_platform(spider, besides, expected):
    sources = tuple(a_source(name) for name in (spider, *besides))
    watch = Watch("tea", "茶", ("tea",), ("茶",), tuple(s.id for s in sources))
    configuration = Configuration((Brand("tea", "茶"),), (watch,), sources)
    assert adds_depth_only(configuration, watch, sources[0]) is expected


def test_a_search_that_is_switched_off_carries_nothing():
    follower, search = a_source("a_follower"), a_source("tieba_search", enabled=False)
    watch = Watch("tea", "茶", ("tea",), ("茶",), (follower.id, search.id))
    configuration = Configuration((Brand("tea", "茶"),), (watch,), (follower, search))
    assert not adds_depth_only(configuration, watch, follower)
    on = replace(configuration, sources=(follower, replace(search, enabled=True)))
    assert adds_depth_only(on, watch, follower)


def test_the_search_of_another_watch_does_not_carry_this_one():
    follower, search = a_source("a_follower"), a_source("tieba_search")
    watch = Watch("tea", "茶", ("tea",), ("茶",), (follower.id,))
    other = Watch("milk", "奶", ("tea",), ("奶",), (search.id,))
    configuration = Configuration((Brand("tea", "茶"),), (watch, other), (follower, search))
    assert not adds_depth_only(configuration, watch, follower)
