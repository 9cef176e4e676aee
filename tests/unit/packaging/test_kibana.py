"""packaging/kibana: of the form that Kibana imports, on fields that the index has.

No Kibana was at hand; what it makes of these is not shown here.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from domain.sentiment import Label
from storage.elasticsearch.documents import verdict
from tests.fixtures.compose import ROOT

FILE = ROOT / "packaging/kibana/koubei.ndjson"
OBJECTS = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
MAPPING = json.loads((ROOT / "storage/elasticsearch/mapping.json").read_text(encoding="utf-8"))
BUCKETS = {"keyword", "date", "boolean", "long", "double"}
"""Types that charts can count by; texts cannot be."""
_QUERIED = re.compile(r"""([@\w.]+)\s*:""")


def fields(properties: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, field in properties.items():
        if "properties" in field:
            yield from fields(field["properties"], f"{path}{name}.")
        else:
            yield f"{path}{name}", field


INDEXED = dict(fields(MAPPING["properties"]))
LENSES = [one for one in OBJECTS if one["type"] == "lens"]
(VIEW,) = [one for one in OBJECTS if one["type"] == "index-pattern"]
(DASHBOARD,) = [one for one in OBJECTS if one["type"] == "dashboard"]


def columns(lens: dict[str, Any]) -> dict[str, dict[str, Any]]:
    (layer,) = lens["attributes"]["state"]["datasourceStates"]["formBased"]["layers"].values()
    assert sorted(layer["columnOrder"]) == sorted(layer["columns"])
    found: dict[str, dict[str, Any]] = layer["columns"]
    return found


def queries() -> list[str]:
    source = DASHBOARD["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"]
    found = [json.loads(source)["query"]["query"]]
    for lens in LENSES:
        found.append(lens["attributes"]["state"]["query"]["query"])
        for column in columns(lens).values():
            found += [column["filter"]["query"]] if "filter" in column else []
            found += re.findall(r"kql='([^']*)'", str(column.get("params", {}).get("formula", "")))
    return [query for query in found if query]


def test_a_line_is_an_object_of_its_own():
    assert [one["type"] for one in OBJECTS] == ["index-pattern", *["lens"] * 5, "dashboard"]
    assert len({(one["type"], one["id"]) for one in OBJECTS}) == len(OBJECTS)
    assert FILE.read_text(encoding="utf-8").endswith("\n")


def test_every_reference_leads_to_an_object_of_the_file():
    there = {(one["type"], one["id"]) for one in OBJECTS}
    for one in OBJECTS:
        assert {(ref["type"], ref["id"]) for ref in one["references"]} <= there
    for lens in LENSES:
        (layer,) = lens["attributes"]["state"]["datasourceStates"]["formBased"]["layers"]
        (reference,) = lens["references"]
        assert reference["name"] == f"indexpattern-datasource-layer-{layer}"


def test_the_dashboard_shows_every_chart_once_and_none_over_another():
    panels = json.loads(DASHBOARD["attributes"]["panelsJSON"])
    names = {ref["name"]: ref["id"] for ref in DASHBOARD["references"]}
    shown = [names[f"{panel['panelIndex']}:{panel['panelRefName']}"] for panel in panels]
    assert sorted(shown) == sorted(lens["id"] for lens in LENSES)
    cells = [
        (x, y)
        for panel in panels
        for x in range(panel["gridData"]["x"], panel["gridData"]["x"] + panel["gridData"]["w"])
        for y in range(panel["gridData"]["y"], panel["gridData"]["y"] + panel["gridData"]["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 48, "as wide as Kibana's grid"


def test_the_view_is_of_our_alias_and_by_the_time_of_publication():
    assert VIEW["attributes"]["title"] == "koubei-mentions"
    assert INDEXED[VIEW["attributes"]["timeFieldName"]] == {"type": "date"}


@pytest.mark.parametrize("lens", LENSES, ids=lambda lens: lens["id"])
def test_charts_count_by_fields_that_the_index_has_and_can_count_by(lens):
    here = columns(lens)
    used = {column["sourceField"] for column in here.values() if "sourceField" in column}
    for name in used - {"___records___"}:
        assert INDEXED[name]["type"] in BUCKETS, name
        assert INDEXED[name].get("doc_values", True), name
    (drawn,) = lens["attributes"]["state"]["visualization"]["layers"]
    shown = {
        drawn["xAccessor"],
        drawn.get("splitAccessor", drawn["xAccessor"]),
        *drawn["accessors"],
    }
    assert shown <= set(here)
    for column in here.values():
        assert set(column.get("references", [])) <= set(here)


def test_queries_name_fields_and_values_that_there_are():
    assert len(queries()) >= 3
    for query in queries():
        named = _QUERIED.findall(query)
        assert named
        assert set(named) <= set(INDEXED), query
    labels = {value for query in queries() for value in re.findall(r'label : "(\w+)"', query)}
    assert labels == {Label.NEGATIVE.value}


def test_the_share_divides_the_negatives_by_all():
    (lens,) = [lens for lens in LENSES if lens["id"] == "koubei-negative-share"]
    here = columns(lens)
    formula = here["share"]["params"]["formula"]
    ast = here["shareX2"]["params"]["tinymathAst"]
    assert ast["text"] == formula
    assert ast["location"] == {"min": 0, "max": len(formula)}
    above, below = (here[name] for name in ast["args"])
    assert above["filter"]["query"] in formula
    assert "filter" not in below


def test_negatives_by_brand_are_the_tokens_that_we_write():
    (lens,) = [lens for lens in LENSES if lens["id"] == "koubei-negative-brands"]
    chosen = columns(lens)["brand"]["params"]
    (pattern,) = chosen["include"]
    assert chosen["includeIsRegex"]
    assert re.fullmatch(pattern, verdict(Label.NEGATIVE, "cha"))
    for other in (
        verdict(Label.POSITIVE, "cha"),
        verdict(Label.NEGATIVE, None),
        verdict(None, "c"),
    ):
        assert not re.fullmatch(pattern, other)
