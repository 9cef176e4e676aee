from dataclasses import replace
from datetime import timedelta

import pytest

from domain.brand import (
    Brand,
    Change,
    ChangeKind,
    Configuration,
    DetectionRule,
    Level,
    LevelClocks,
    Sensitivity,
    Source,
    Transport,
    Watch,
    diff,
)
from domain.mention import Platform

TEA = Brand("cha", "云栈奶茶", ("云栈",))
WEIBO = Source("weibo", "weibo_search", Platform.WEIBO, Transport.HTTP, "https://s.weibo.com")
TIEBA = replace(WEIBO, id="tieba", spider="tieba_search", platform=Platform.TIEBA)
WATCH = Watch("tea", "奶茶", ("cha",), ("云栈奶茶",), ("weibo", "tieba"))
CONFIGURATION = Configuration(brands=(TEA,), watches=(WATCH,), sources=(WEIBO, TIEBA))


def test_red_is_the_most_serious_level() -> None:
    assert sorted(Level, key=lambda level: level.rank)[0] is Level.RED
    assert Level.BLUE.rank == 3


def test_a_brand_is_named_by_its_name_and_aliases() -> None:
    assert TEA.words == ("云栈奶茶", "云栈")


def test_parts_are_found_by_id() -> None:
    assert CONFIGURATION.brand("cha") is TEA
    assert CONFIGURATION.watch("tea") is WATCH
    assert CONFIGURATION.source("tieba") is TIEBA
    assert CONFIGURATION.watch("none") is None
    assert CONFIGURATION.source("none") is None
    with pytest.raises(StopIteration):
        CONFIGURATION.brand("none")


def test_what_is_crawled_is_every_enabled_watch_on_its_enabled_sources() -> None:
    assert CONFIGURATION.crawl_pairs() == ((WATCH, WEIBO), (WATCH, TIEBA))
    without_weibo = replace(CONFIGURATION, sources=(replace(WEIBO, enabled=False), TIEBA))
    assert without_weibo.crawl_pairs() == ((WATCH, TIEBA),)
    paused = replace(CONFIGURATION, watches=(replace(WATCH, enabled=False),))
    assert paused.crawl_pairs() == ()
    assert paused.watches_of("cha") == ()


def test_a_watch_belongs_to_each_brand_it_names() -> None:
    assert CONFIGURATION.watches_of("cha") == (WATCH,)
    assert CONFIGURATION.watches_of("other") == ()


def test_a_brands_own_sensitivity_wins() -> None:
    rule = DetectionRule(Sensitivity.FEWER, {"cha": Sensitivity.MORE})
    assert rule.for_brand("cha") is Sensitivity.MORE
    assert rule.for_brand("other") is Sensitivity.FEWER


def test_every_level_has_clocks_to_begin_with() -> None:
    assert set(Configuration().clocks) == set(Level)


def test_equal_configurations_do_not_differ() -> None:
    assert diff(CONFIGURATION, replace(CONFIGURATION)) == ()


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (
            replace(CONFIGURATION, brands=(replace(TEA, aliases=()),)),
            [Change(ChangeKind.CHANGED, "brands.cha.aliases", "('云栈',)", "()")],
        ),
        (
            replace(CONFIGURATION, sources=(WEIBO,)),
            [Change(ChangeKind.REMOVED, "sources.tieba", before=repr(TIEBA))],
        ),
        (
            replace(CONFIGURATION, watches=(WATCH, replace(WATCH, id="new"))),
            [Change(ChangeKind.ADDED, "watches.new", after=repr(replace(WATCH, id="new")))],
        ),
        (
            replace(CONFIGURATION, detection=DetectionRule(Sensitivity.MORE)),
            [
                Change(
                    ChangeKind.CHANGED,
                    "detection",
                    repr(DetectionRule()),
                    repr(DetectionRule(Sensitivity.MORE)),
                )
            ],
        ),
    ],
    ids=["changed", "removed", "added", "whole"],
)
def test_a_difference_names_the_part_and_its_values(
    new: Configuration, expected: list[Change]
) -> None:
    assert list(diff(CONFIGURATION, new)) == expected


def test_a_renamed_id_is_one_gone_and_one_new() -> None:
    kinds = [c.kind for c in diff(CONFIGURATION, replace(CONFIGURATION, sources=(TIEBA,)))]
    assert kinds == [ChangeKind.REMOVED]
    renamed = replace(CONFIGURATION, sources=(replace(WEIBO, id="w"), TIEBA))
    assert {c.kind for c in diff(CONFIGURATION, renamed)} == {
        ChangeKind.REMOVED,
        ChangeKind.ADDED,
    }


def test_changed_clocks_are_a_difference() -> None:
    clocks = {**CONFIGURATION.clocks, Level.RED: LevelClocks(timedelta(minutes=5), None)}
    [change] = diff(CONFIGURATION, replace(CONFIGURATION, clocks=clocks))
    assert (change.kind, change.path) == (ChangeKind.CHANGED, "clocks")
