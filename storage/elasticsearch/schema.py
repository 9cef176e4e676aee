"""The index of the mentions: its fields and settings as files, and how a cluster comes to have it.

An alias (`koubei-mentions`) names the one index that is in use (`koubei-mentions-v2`). The number
is the version of the fields. What can be added to an index is added in place; anything else is the
next version, and `storage.elasticsearch.migration` copies the mentions over. `_meta` in the mapping
says whose the index is and of which version.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from importlib import resources
from typing import Any, Final

from elasticsearch import ApiError, Elasticsearch, NotFoundError

from domain.errors import SchemaMismatch, Text
from storage.elasticsearch.client import error_type, translated
from storage.elasticsearch.cluster import Cluster

MAPPING_VERSION: Final = 2
"""Of `mapping.json`; it grows when a field changes its kind or what is written into it."""
PROGRAM: Final = "koubei"

_INIT = Text("koubei init", "koubei init")
_MIGRATE = Text("koubei migrate", "koubei migrate")
_UPGRADE = Text("升级 koubei 后再打开", "upgrade koubei, then open it again")
_OTHER_NAME = Text("在 [elasticsearch] 中另选一个 index", "choose another index in [elasticsearch]")


class Step(StrEnum):
    """What kind of change a cluster needs."""

    CREATE = "create"
    """The index and its alias are not there."""
    ADD = "add"
    """A field is new; it is added to the index in use."""
    SET = "set"
    """A setting of the index differs."""
    MIGRATE = "migrate"
    """The index is of an older version: `koubei migrate` makes the new one."""
    DIFFER = "differ"
    """A field or setting cannot be changed in place: it waits for the next version."""


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """One difference between the cluster and our files: the field or setting, there and here."""

    step: Step
    name: str
    there: str = ""
    here: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """The form of an index: the fields and the settings."""

    mapping: Mapping[str, Any]
    settings: Mapping[str, Any]

    @property
    def version(self) -> int:
        """The version of the fields."""
        return int(self.mapping["_meta"]["version"])


@dataclass(frozen=True, slots=True)
class Found:
    """The index that the alias names, as the cluster has it."""

    name: str
    mapping: Mapping[str, Any]
    settings: Mapping[str, Any]

    @property
    def version(self) -> int:
        """The version of its fields, 0 where it is not one of ours."""
        meta = self.mapping.get("_meta", {})
        is_ours = meta.get("program") == PROGRAM and isinstance(meta.get("version"), int)
        return int(meta["version"]) if is_ours else 0


def our_form(cluster: Cluster | None = None) -> Form:
    """Return the form of our files, with shards and replicas as the cluster's settings want
    them.
    """
    settings = dict(_file("settings.json"))
    if cluster is not None:
        settings["number_of_shards"] = cluster.shards
        if cluster.replicas is not None:
            settings["auto_expand_replicas"] = False
            settings["number_of_replicas"] = cluster.replicas
    return Form(_file("mapping.json"), settings)


def policy(kept: timedelta) -> dict[str, Any]:
    """Return the lifecycle policy of our file, which removes an index that was replaced."""
    wanted: dict[str, Any] = _file("lifecycle.json")["policy"]
    age = f"{kept // timedelta(days=1)}d"
    wanted["phases"]["delete"]["min_age"] = age
    wanted["_meta"]["kept"] = age
    return wanted


def index_name(cluster: Cluster, version: int | None = None) -> str:
    """Return the name of the index of a version, of this program's unless named."""
    return f"{cluster.index}-v{version or MAPPING_VERSION}"


def make_index(
    client: Elasticsearch, name: str, *, alias: str | None = None, form: Form | None = None
) -> None:
    """Make an index, and with it the alias that names it, in one step.

    An index of this name that is there is left as it is.
    """
    form = form or our_form()
    aliases = {alias: {"is_write_index": True}} if alias else None
    try:
        client.indices.create(
            index=name, mappings=form.mapping, settings=form.settings, aliases=aliases
        )
    except ApiError as error:
        if error_type(error.body) != "resource_already_exists_exception":
            raise


def find(client: Elasticsearch, cluster: Cluster) -> Found | None:
    """Return the index in use, None where the cluster has none.

    SchemaMismatch where the name is taken by something that is not ours.
    """
    with translated(cluster.place):
        try:
            answer = client.indices.get(index=cluster.index, flat_settings=True)
        except NotFoundError:
            return None
    if len(answer) != 1:
        raise _foreign(cluster, f"{len(answer)} indices")
    ((name, index),) = answer.items()
    found = Found(name, index.get("mappings", {}), index.get("settings", {}))
    if not found.version:
        raise _foreign(cluster, name)
    return found


def plan(client: Elasticsearch, cluster: Cluster, form: Form | None = None) -> list[SchemaChange]:
    """Return what differs between the cluster and our files; nothing is changed.

    SchemaMismatch when the index is of a newer program, or not ours.
    """
    form = form or our_form(cluster)
    found = find(client, cluster)
    if found is None:
        return [SchemaChange(Step.CREATE, index_name(cluster, form.version))]
    _refuse_downgrade(found, form, cluster)
    changes = [*_setting_changes(found, form)]
    if found.version < form.version:
        name = index_name(cluster, form.version)
        return [SchemaChange(Step.MIGRATE, name, there=found.name, here=name), *changes]
    return [*_field_changes(found.mapping, form.mapping), *changes]


def apply(client: Elasticsearch, cluster: Cluster, form: Form | None = None) -> list[SchemaChange]:
    """Bring the cluster to what our files say, as far as that needs no copy; return what differed.

    Doing it again changes nothing. SchemaMismatch as `plan`.
    """
    form = form or our_form(cluster)
    changes = plan(client, cluster, form)
    steps = {change.step for change in changes}
    with translated(cluster.place):
        if Step.CREATE in steps:
            name = index_name(cluster, form.version)
            make_index(client, name, alias=cluster.index, form=form)
        if Step.ADD in steps:
            new = {change.name for change in changes if change.step is Step.ADD}
            client.indices.put_mapping(
                index=cluster.index, properties=_only(form.mapping["properties"], new)
            )
        if Step.SET in steps:
            wanted = {change.name for change in changes if change.step is Step.SET}
            client.indices.put_settings(
                index=cluster.index,
                settings={key: form.settings[key] for key in form.settings if key in wanted},
            )
    return changes


def check(client: Elasticsearch, cluster: Cluster) -> None:
    """Return when the index in use is of this program's version; SchemaMismatch with what helps
    otherwise.
    """
    version = MAPPING_VERSION
    found = find(client, cluster)
    if found is None:
        raise SchemaMismatch(
            Text(f"没有索引 {cluster.index}", f"there is no index {cluster.index}"),
            place=cluster.place,
            mend=_INIT,
        )
    _refuse_downgrade(found, version, cluster)
    if found.version < version:
        raise SchemaMismatch(
            Text(
                f"索引 {found.name} 的版本 {found.version} 比本程序的 {version} 旧",
                f"index {found.name} has version {found.version}, this program writes {version}",
            ),
            place=cluster.place,
            mend=_MIGRATE,
        )


def _refuse_downgrade(found: Found, wanted: Form | int, cluster: Cluster) -> None:
    version = wanted if isinstance(wanted, int) else wanted.version
    if found.version > version:
        raise SchemaMismatch(
            Text(
                f"索引 {found.name} 的版本 {found.version} 比本程序支持的 {version} 新",
                f"index {found.name} has version {found.version}, this program knows {version}",
            ),
            place=cluster.place,
            mend=_UPGRADE,
        )


def _foreign(cluster: Cluster, what: str) -> SchemaMismatch:
    return SchemaMismatch(
        Text(
            f"{cluster.index} 已被占用，不是本程序的索引（{what}）",
            f"{cluster.index} is taken by something that is not ours ({what})",
        ),
        place=cluster.place,
        mend=_OTHER_NAME,
    )


def _field_changes(there: Mapping[str, Any], here: Mapping[str, Any]) -> Iterator[SchemaChange]:
    known, wanted = dict(_fields(there)), dict(_fields(here))
    for name, field in wanted.items():
        if name not in known:
            yield SchemaChange(Step.ADD, name, here=_shown(field))
        elif known[name] != field:
            yield SchemaChange(Step.DIFFER, name, there=_shown(known[name]), here=_shown(field))
    for part in ("dynamic", "_source"):
        if _normal(there.get(part)) != _normal(here.get(part)):
            yield SchemaChange(
                Step.DIFFER, part, there=_shown(there.get(part)), here=_shown(here.get(part))
            )


def _only(properties: Mapping[str, Any], names: set[str], above: str = "") -> dict[str, Any]:
    """Return the fields of these names, inside the fields that hold them."""
    kept: dict[str, Any] = {}
    for name, field in properties.items():
        path = f"{above}{name}"
        inner = _only(field.get("properties", {}), names, f"{path}.")
        if path in names or inner:
            said = {key: value for key, value in field.items() if key != "properties"}
            if path not in names:  # it is there: say no more of it than what kind it is
                said = {key: value for key, value in said.items() if key == "type"}
            kept[name] = {**said, "properties": inner} if inner else said
    return kept


def _setting_changes(found: Found, form: Form) -> Iterator[SchemaChange]:
    for name, wanted in form.settings.items():
        there = found.settings.get(f"index.{name}")
        if _normal(there) != _normal(wanted):
            step = Step.DIFFER if name in _FIXED else Step.SET
            yield SchemaChange(step, name, there=_shown(there), here=_shown(wanted))


_FIXED = frozenset({"number_of_shards", "codec"})
"""Settings that an index has for life."""


def _fields(mapping: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every field by its path with what is said of it, in the form in which servers answer:
    the kind `object` is not written.
    """
    for name, field in mapping.get("properties", {}).items():
        path = f"{above}{name}"
        said = {key: _normal(value) for key, value in field.items() if key != "properties"}
        if said.get("type") == "object" and "properties" in field:
            del said["type"]
        yield path, said
        yield from _fields(field, f"{path}.")


def _normal(value: Any) -> Any:
    """Return a value as servers write it: settings are text, `true` is "true"."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _normal(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_normal(part) for part in value]
    return value


def _shown(value: object) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _file(name: str) -> dict[str, Any]:
    text = (resources.files("storage.elasticsearch") / name).read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return content
