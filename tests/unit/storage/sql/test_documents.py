import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from domain.brand import Configuration, Level, LevelClocks, Source
from domain.errors import SchemaMismatch
from domain.outbox import Rendered
from domain.signal import Evaluation, Signal
from storage.sql.documents import DocumentError, from_document, to_document
from tests.fakes import NOON
from tests.fixtures.strategies import values_of


@dataclass(frozen=True)
class Cup:
    """Something small to write down."""

    name: str
    size: float = 0.5
    level: Level | None = None
    filled: timedelta | None = None
    notes: Mapping[str, object] = field(default_factory=dict)


def test_a_document_looks_like_this() -> None:
    cup = Cup("奶茶", 1, Level.RED, timedelta(minutes=1), {"糖": [1, None]})
    assert to_document(cup, Cup) == (
        '{"format":1,"value":{"name":"奶茶","size":1.0,"level":"red","filled":60000000,'
        '"notes":{"糖":[1,null]}}}'
    )


@pytest.mark.parametrize("kind", [Configuration, Signal, Evaluation, Rendered])
def test_whatever_the_domain_holds_comes_back(kind: Any) -> None:
    @settings(max_examples=40, deadline=None)
    @given(value=values_of(kind))
    def comes_back(value: object) -> None:
        assert from_document(to_document(value, kind), kind) == value

    comes_back()


def test_a_field_that_is_newer_than_the_document_gets_its_default() -> None:
    assert from_document('{"format":1,"value":{"name":"a"}}', Cup) == Cup("a")


@pytest.mark.parametrize(
    ("document", "fact"),
    [
        ("", "not JSON"),
        ("[]", "no envelope"),
        ('{"format":1}', "no envelope"),
        ('{"format":2,"value":{"name":"a"}}', "another format"),
        ('{"format":1,"value":{"name":"a","lid":true}}', "Cup without unknown keys"),
        ('{"format":1,"value":{"size":1.0}}', "Cup with all its keys"),
        ('{"format":1,"value":{"name":7}}', ".name: expected str"),
        ('{"format":1,"value":{"name":null}}', ".name: expected str"),
        ('{"format":1,"value":{"name":"a","size":"b"}}', ".size: expected finite number"),
        ('{"format":1,"value":{"name":"a","size":true}}', ".size: expected finite number"),
        ('{"format":1,"value":{"name":"a","size":NaN}}', ".size: expected finite number"),
        ('{"format":1,"value":{"name":"a","level":"pink"}}', ".level: expected Level"),
        ('{"format":1,"value":{"name":"a","level":[]}}', ".level: expected Level"),
        ('{"format":1,"value":{"name":"a","filled":1.5}}', ".filled: expected microseconds"),
        ('{"format":1,"value":{"name":"a","notes":[]}}', ".notes: expected object"),
        ('{"format":1,"value":"a"}', "expected Cup"),
    ],
)
def test_a_document_of_another_shape_is_refused_and_named(document: str, fact: str) -> None:
    with pytest.raises(SchemaMismatch) as refused:
        from_document(document, Cup)
    assert fact in str(refused.value)
    assert refused.value.place == "Cup"


@pytest.mark.parametrize(
    "value",
    [
        {"name": 7},
        {"name": "a", "size": float("nan")},
        {"name": "a", "size": float("inf")},
        {"name": "a", "level": "red"},
        {"name": "a", "filled": 60},
        {"name": "a", "notes": {"when": NOON}},
        {"name": "a", "notes": {"pair": (1, 2)}},
        {"name": "a", "notes": {1: "x"}},
        {"name": "a", "notes": {"x": {2: "y"}}},
    ],
)
def test_what_could_not_be_read_back_is_not_written(value: dict[str, Any]) -> None:
    with pytest.raises(DocumentError):
        to_document(Cup(**value), Cup)


def test_a_time_without_zone_is_not_written() -> None:
    with pytest.raises(DocumentError, match="aware time"):
        to_document(datetime(2026, 1, 1), datetime)  # noqa: DTZ001


def test_an_error_names_the_place_and_not_the_value() -> None:
    source = Source("s", "spider", "secret-value", "http", "")  # type: ignore[arg-type]
    with pytest.raises(DocumentError) as refused:
        to_document(Configuration(sources=(source,)), Configuration)
    assert str(refused.value) == ".sources[0].platform: expected Platform"


@pytest.mark.parametrize("text", ["17", '"x"', '"2026-11-20T04:00:00"', "null"])
def test_only_a_time_with_zone_is_a_time(text: str) -> None:
    with pytest.raises(SchemaMismatch):
        from_document(f'{{"format":1,"value":{text}}}', datetime)


def test_a_day_is_a_day_and_a_moment_is_none():
    assert from_document(to_document(date(2026, 1, 4), date), date) == date(2026, 1, 4)
    with pytest.raises(DocumentError, match="day"):
        to_document(NOON, date)
    with pytest.raises(SchemaMismatch):
        from_document('{"format":1,"value":"2026-01-32"}', date)


def test_bytes_are_base64_and_nothing_else() -> None:
    assert from_document(to_document(b"\0\xff", bytes), bytes) == b"\0\xff"
    with pytest.raises(SchemaMismatch):
        from_document('{"format":1,"value":"%%%"}', bytes)


def test_a_pair_has_two_parts() -> None:
    with pytest.raises(SchemaMismatch, match="2 items"):
        from_document('{"format":1,"value":["a"]}', tuple[str, int])


def test_a_union_of_several_types_has_no_document_form() -> None:
    with pytest.raises(TypeError, match="no document form"):
        to_document("a", str | int)


def test_mapping_keys_are_read_as_their_type() -> None:
    clocks = {Level.RED: LevelClocks(timedelta(minutes=10))}
    kind = Mapping[Level, LevelClocks]
    document = to_document(clocks, kind)
    assert json.loads(document)["value"]["red"]["acknowledge"] == 600_000_000
    [level] = from_document(document, kind)
    assert level is Level.RED
