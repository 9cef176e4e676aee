"""`koubei init`, `koubei config`, `koubei apply`: settings and what the team decides."""

import importlib
import json
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import partial
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from cli.actor import actor
from cli.terminal import EXIT_FAILED, EXIT_PARTIAL, complain, out, pick, say, show_table
from domain.brand import Change, ChangeKind, Configuration
from domain.errors import ConfigurationError, Text
from domain.ports import BeginWork, Clock
from presentation.refusals import refusal
from runtime.compose_env import ENV_NAME, write_compose_env
from runtime.configuration_file import as_document, read_configuration, write_configuration
from runtime.extras import require
from runtime.secret_files import make_missing_keys, make_private_folder
from runtime.settings import FILE_NAME, Settings, load_effective, load_settings
from runtime.toml_text import as_toml
from workflow.watches import apply_configuration

if TYPE_CHECKING:
    from storage.elasticsearch.schema import SchemaChange

EXAMPLES = (FILE_NAME, "brands.toml")

_SECTIONS = {
    "brands": Text("品牌", "brand"),
    "sources": Text("来源", "source"),
    "watches": Text("监测方案", "watch"),
    "recipients": Text("收件人", "recipient"),
    "detection": Text("检测灵敏度", "detection"),
    "clocks": Text("时限", "clocks"),
    "calendar": Text("工作日历", "work calendar"),
    "rosters": Text("值班表", "roster"),
    "quiet_hours": Text("静默时段", "quiet hours"),
}
_KINDS = {
    ChangeKind.ADDED: ("+", Text("新增", "added")),
    ChangeKind.CHANGED: ("~", Text("修改", "changed")),
    ChangeKind.REMOVED: ("-", Text("删除", "removed")),
}
_FILE_NAMES = {
    "brand_ids": "brands",
    "source_ids": "sources",
    "clocks": "levels",
    "rosters": "roster",
}
"""What a field of the domain is called in the file, where the two differ."""


class Services(Protocol):
    """The part of the wired services that these commands use."""

    @property
    def begin_work(self) -> BeginWork: ...

    @property
    def clock(self) -> Clock: ...


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(help="写出带注释的样例设置和密钥。Write commented examples and the keys.")(init)
    app.command(help="显示生效的设置及其来源。Show effective settings and their origin.")(config)
    app.command(help="导入品牌、方案、收件人，先显示差异。Import brands.toml, diff first.")(apply)


def init(
    folder: Annotated[
        Path, typer.Argument(help="放在哪个目录。In which folder.", file_okay=False)
    ] = Path(),
    docker: Annotated[
        bool,
        typer.Option(
            "--docker",
            help="为 docker compose 写出 .env，密钥由容器生成。"
            "For docker compose: .env here, the keys are left to its containers.",
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="只显示集群与程序的差异，不改动。Only show how the cluster differs."
        ),
    ] = False,
) -> None:
    """Write the examples and the keys that are not there yet; nothing is ever overwritten. Where
    mentions lie in a cluster, bring its index to what this program says.
    """
    if dry_run:
        _prepare_cluster(load_settings(), dry_run=True)
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in EXAMPLES:
            _write_example(folder / name, name)
        if docker:
            init_docker(folder)
            return
        settings = load_settings(folder / FILE_NAME)
        if not settings.data_dir.exists():
            make_private_folder(settings.data_dir)
            _say_done(settings.data_dir, made=True)
        for path in make_missing_keys(settings.secrets_dir):
            _say_done(path, made=True)
    except OSError as error:
        why = refusal(error)
        raise ConfigurationError(
            Text(f"无法写入：{why.text.zh}", f"cannot write: {why.text.en}"),
            place=str(error.filename or folder),
            mend=why.mend,
        ) from error
    _prepare_cluster(settings, dry_run=False)
    say(
        f"下一步：改好 {folder / 'brands.toml'}，然后 koubei apply {folder / 'brands.toml'}",
        f"Next: edit {folder / 'brands.toml'}, then koubei apply {folder / 'brands.toml'}",
    )


def init_docker(folder: Path) -> None:
    """Write what docker-compose.yml needs beside the examples, and say what comes next."""
    for path, mode in ((folder, 0o755), *((folder / name, 0o644) for name in EXAMPLES)):
        path.chmod(mode)  # read in the containers by another user; no secret may stand in them
    environment = Path(ENV_NAME)
    _say_done(environment, made=write_compose_env(environment, folder))
    say("下一步：docker compose up --detach", "Next: docker compose up --detach")
    apply_there = "docker compose exec app koubei apply /etc/koubei/brands.toml"
    say(f"然后改好 {folder / 'brands.toml'}，{apply_there}", f"then edit it, and {apply_there}")


def _prepare_cluster(settings: Settings, *, dry_run: bool) -> None:
    """Show what differs between the cluster and our files, and bring it to them."""
    cluster = settings.cluster
    if cluster is None:
        return
    require("elasticsearch")
    from runtime.clusters import prepare

    prepared = prepare(cluster, dry_run=dry_run)
    out().print(f"{cluster.place} {cluster.index}")
    for change in prepared.changes:
        _say_schema_change(change)
    if not prepared.changes:
        say("✓ 索引与程序一致", "✓ the index is as this program says")
    if prepared.policy_stored:
        say("✓ 生命周期策略已写入", "✓ the lifecycle policy is stored")
    elif not prepared.has_lifecycles:
        say(
            "! 集群没有（或不让看）生命周期策略：被替换的索引由本程序的日常清理删除",
            "! no lifecycle policies here, or not for us: housekeeping removes replaced indices",
        )
    if dry_run:
        say("（未生效：--dry-run）", "(not applied: --dry-run)")
    elif prepared.needs_migration:
        raise typer.Exit(EXIT_PARTIAL)


def _say_schema_change(change: "SchemaChange") -> None:
    name, step = change.name, change.step.value
    how = f" {change.there} → {change.here}" if change.there else f" {change.here}"
    told = {
        "create": Text(f"+ 建立索引 {name}", f"+ create the index {name}"),
        "add": Text(f"+ 字段 {name}{how}", f"+ field {name}{how}"),
        "set": Text(f"~ 设置 {name}{how}", f"~ setting {name}{how}"),
        "migrate": Text(
            f"! 索引版本较旧：{change.there} → {name}，请运行 koubei migrate",
            f"! the index is of an older version: {change.there} → {name}, run koubei migrate",
        ),
        "differ": Text(
            f"! {name}{how}：现有索引无法更改，等下一个版本",
            f"! {name}{how}: cannot be changed in place, waits for the next version",
        ),
    }[step]
    say(told.zh, told.en)


def config(
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。Print JSON.")] = False,
    brands: Annotated[
        bool,
        typer.Option(
            "--brands", help="改为显示当前的品牌与方案。The brands and watches that hold, as TOML."
        ),
    ] = False,
) -> None:
    """Show every setting with its origin, secrets masked; or the team's current configuration."""
    if brands:
        with open_services(load_settings()) as services, services.begin_work() as work:
            version, current = work.configuration.current()
        _show_configuration(version, current, as_json=as_json)
        return
    effective = load_effective()
    if as_json:
        rows = {
            name: {"value": value, "origin": origin} for name, value, origin in effective.values()
        }
        out().print(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    show_table(
        (pick("设置", "setting"), pick("值", "value"), pick("来源", "origin")),
        list(effective.values()),
    )


def apply(
    file: Annotated[Path, typer.Argument(help="TOML 文件。The file.", metavar="FILE")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="只显示差异，不生效。Only show the difference.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="有删除时不再询问。Do not ask about removals.")
    ] = False,
) -> None:
    """Show what the file changes and make it the next version."""
    new = read_configuration(file)
    with open_services(load_settings()) as services:
        origin = f"koubei apply {file.name}"
        apply_new = partial(
            apply_configuration,
            services.begin_work,
            new,
            actor=actor(),
            at=services.clock.now(),
            origin=origin,
        )
        planned = apply_new(dry_run=True)
        if not planned.changes:
            say(
                f"没有变化，仍是第 {planned.version} 版",
                f"nothing changed, version {planned.version} stays",
            )
            return
        for change in planned.changes:
            _say_change(change, planned.before, new)
        if dry_run:
            say("（未生效：--dry-run）", "(not applied: --dry-run)")
            return
        if any(c.kind is ChangeKind.REMOVED for c in planned.changes) and not yes:
            _ask_about_removal()
        applied = apply_new(expected_version=planned.version)
    say(f"✓ 已生效，第 {applied.version} 版", f"✓ applied as version {applied.version}")


def open_services(settings: Settings) -> AbstractContextManager[Services]:
    """Open the wired services, imported late: `init` and `config` must start without adapters."""
    wiring: Any = importlib.import_module("runtime.wiring")
    services: AbstractContextManager[Services] = wiring.open_services(settings)
    return services


def _write_example(path: Path, name: str) -> None:
    text = resources.files("runtime").joinpath("examples", name).read_text(encoding="utf-8")
    if path.exists():
        _say_done(path, made=False)
        return
    # whole or not at all: half of an example would be "there already" at the next try
    unfinished = path.with_name(f".{path.name}.part")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.rename(path)
    finally:
        unfinished.unlink(missing_ok=True)
    _say_done(path, made=True)


def _say_done(path: Path, *, made: bool) -> None:
    if made:
        out().print(f"✓ {path}")
    else:
        say(f"! {path} 已存在，保持不变", f"! {path} is there already and stays as it is")


def _show_configuration(version: int, current: Configuration, *, as_json: bool) -> None:
    if as_json:
        document = {"version": version, **as_document(current)}
        out().print(json.dumps(document, ensure_ascii=False, indent=2))
        return
    say(f"# 第 {version} 版", f"# version {version}")
    out().print(write_configuration(current), end="")


def _ask_about_removal() -> None:
    if not _on_a_terminal():
        raise ConfigurationError(
            Text("有内容会被删除，未生效", "something would be removed; nothing was applied"),
            mend=Text("确认无误后加 --yes", "add --yes when that is meant"),
        )
    if not typer.confirm(pick("以上有删除，确定吗？", "Something is removed. Go on?")):
        complain("未生效", "nothing was applied")
        raise typer.Exit(EXIT_FAILED)


def _on_a_terminal() -> bool:
    return sys.stdin.isatty()


def _say_change(change: Change, before: Configuration, after: Configuration) -> None:
    sign, kind = _KINDS[change.kind]
    section, *rest = change.path.split(".")
    label = _SECTIONS[section]
    old, new = (_file_value(as_document(c), section, rest) for c in (before, after))
    values = {
        ChangeKind.ADDED: new,
        ChangeKind.REMOVED: old,
        ChangeKind.CHANGED: f"{old} → {new}",
    }[change.kind]
    what = " ".join([*rest[:1], *(_FILE_NAMES.get(part, part) for part in rest[1:])])
    name = f" {what}" if what else ""
    say(
        f"{sign} {kind.zh} {label.zh}{name}：{values}",
        f"{sign} {kind.en} {label.en}{name}: {values}",
    )


def _file_value(document: Mapping[str, Any], section: str, path: list[str]) -> str:
    """Return what stands in the file at the path of a change, "" where nothing does."""
    content = document.get(_FILE_NAMES.get(section, section))
    if content is None:  # a table that is not there: no quiet hours
        return ""
    if not path:
        return as_toml(content)
    item = next((item for item in content if item["id"] == path[0]), None)
    if item is None:
        return ""
    if len(path) == 1:
        return as_toml({key: value for key, value in item.items() if value not in ([], {}, "")})
    return as_toml(item[_FILE_NAMES.get(path[1], path[1])])
