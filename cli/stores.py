"""`koubei migrate`, `koubei migrate-store`: stores of this version, and from one to the other."""

import os
import socket
import uuid
from collections.abc import Mapping
from contextlib import closing
from typing import Annotated

import typer

from cli.actor import actor
from cli.opening import open_existing_workflow
from cli.terminal import EXIT_DONE, EXIT_PARTIAL, complain, out, progress, say
from domain.errors import Text
from domain.ports import BeginWork
from monitoring.moving import Moved
from presentation.hostile import clean_line
from runtime.extras import require
from runtime.lease import only_one_anywhere
from runtime.settings import Settings, load_settings
from runtime.store_moves import Route, move_store, route
from runtime.wiring import SystemClock, open_mention_store
from runtime.workflow_version import newest_version, workflow_version
from storage.elasticsearch.cluster import Cluster

_MIGRATION = "migrate:mentions"
_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add `migrate` and `migrate-store`."""
    app.command(
        "migrate",
        help="把两个库升级到本程序的版本，服务不停。"
        "Bring both stores to this version, no downtime.",
    )(migrate_command)
    app.command(
        "migrate-store",
        help="在 SQLite 与 Elasticsearch 之间搬迁提及，逐条核对。"
        "Move mentions between SQLite and Elasticsearch, and compare.",
    )(migrate_store_command)


def migrate_command(
    back: Annotated[
        bool,
        typer.Option(
            "--back",
            help="改回上一个索引（先停服务，再装旧版程序）。Put the index before in use again.",
        ),
    ] = False,
) -> None:
    """Migrate the workflow database, and copy the mentions into an index of this version while
    everything goes on.
    """
    settings = load_settings()
    if back:
        _take_back(settings)
        return
    before, newest = workflow_version(settings.workflow_url), newest_version()
    # not the mention store: an index of an older version is not opened, it is why we are here
    with open_existing_workflow(settings) as begin_work:
        if before == newest:
            say(f"✓ 流程库已是 {newest} 版", f"✓ the workflow database has version {newest}")
        else:
            say(f"✓ 流程库：{before} → {newest}", f"✓ workflow database: {before} → {newest}")
        if settings.cluster is None:
            _migrate_file(settings)
        else:
            _migrate_index(settings.cluster, begin_work)


def migrate_store_command(
    to: Annotated[
        str,
        typer.Option(
            "--to",
            help="搬到哪里：https://主机:9200 或 sqlite:///路径。Where to.",
            metavar="URL",
        ),
    ],
    from_: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="从哪里；缺省为正在使用的。Where from; else the one in use.",
            metavar="URL",
        ),
    ] = None,
) -> None:
    """Move all mentions to another store and prove that both hold the same."""
    settings = load_settings()
    way = route(settings, to=to, from_=from_)
    with open_existing_workflow(settings) as begin_work:
        moved = _move(settings, way)
        if moved.is_equal:
            held = {"mentions": moved.target.mentions, "checksum": moved.target.text}
            _note(begin_work, "mentions.moved", {"from": way.source, "to": way.target, **held})
    _tell_moved(moved)
    if not moved.is_equal:
        raise typer.Exit(EXIT_PARTIAL)
    _tell_next(settings, way)


def _move(settings: Settings, way: Route) -> Moved:
    say(f"{way.source} → {way.target}", f"{way.source} → {way.target}")
    with progress("搬迁并核对", "moving and comparing", None) as advance:

        def read(mentions: int) -> None:
            advance(mentions)

        # everything is read once to be moved and once to be compared
        return move_store(settings, way, total=lambda n: advance(0, total=2 * n), read=read)


def _tell_moved(moved: Moved) -> None:
    say(
        f"新写 {moved.added}，替换 {moved.replaced}，移除 {moved.removed}，{moved.passes} 遍",
        f"{moved.added} added, {moved.replaced} replaced, {moved.removed} removed, "
        f"{moved.passes} passes",
    )
    sides = ((Text("来源", "source"), moved.source), (Text("目标", "target"), moved.target))
    for side, held in sides:
        say(
            f"  {side.zh} {held.mentions} 条，校验和 {held.text}",
            f"  {side.en} {held.mentions} mentions, checksum {held.text}",
        )
    for one in moved.refused[:_SHOWN]:
        refused = clean_line(one.mention_id)
        complain(f"✗ {refused}：{one.text.zh}", f"✗ {refused}: {one.text.en}")
    if len(moved.refused) > _SHOWN:
        more = len(moved.refused) - _SHOWN
        complain(f"✗ 另有 {more} 条", f"✗ and {more} more")
    if moved.is_equal:
        say("✓ 两边逐条相同", "✓ both hold the same, mention by mention")
    elif moved.refused:
        complain("! 目标不接受以上提及", "! the target does not take these")
    else:
        complain(
            "! 搬迁期间一直有写入，两边尚不相同 → 停止 koubei up 后再运行一次",
            "! the source was written to all the time; they differ → stop koubei up, run it again",
        )


def _tell_next(settings: Settings, way: Route) -> None:
    if way.source != settings.mention_store_url:
        return
    say(
        f'下一步：停止服务，再运行一次本命令，设置 mention_store_url = "{way.target}"，启动',
        "Next: stop the service, run this once more, start it again with "
        f'mention_store_url = "{way.target}"',
    )


def _migrate_file(settings: Settings) -> None:
    with closing(open_mention_store(settings)) as store:  # opening it brings it to this version
        version = store.status().schema_version
    say(f"✓ 内容库已是 {version} 版", f"✓ the mention store has version {version}")


def _migrate_index(cluster: Cluster, begin_work: BeginWork) -> None:
    require("elasticsearch")
    from runtime.clusters import migrate_index

    clock = SystemClock()
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    with (
        only_one_anywhere(begin_work, clock, _MIGRATION, owner) as renew,
        progress("复制到新索引", "copying to the new index", None) as advance,
    ):
        done = migrate_index(
            cluster, clock, renew=renew, told=lambda copied, total: advance(copied, total=total)
        )
    if done is None:
        say("✓ 内容索引已是本程序的版本", "✓ the mention index has this program's version")
        return
    told = {"from": done.before, "to": done.after, "mentions": done.mentions}
    _note(begin_work, "mentions.migrated", told)
    seconds = done.blocked.total_seconds()
    say(
        f"✓ {done.before} → {done.after}：{done.mentions} 条，两边相同；"
        f"写入暂停了 {seconds:.1f} 秒",
        f"✓ {done.before} → {done.after}: {done.mentions} mentions, compared; writes waited "
        f"{seconds:.1f} s",
    )
    say(
        f"  旧索引 {done.before} 保留 14 天；请用新程序重启各服务",
        f"  {done.before} stays for 14 days; now restart every service with this program",
    )


def _take_back(settings: Settings) -> None:
    cluster = settings.cluster
    if cluster is None:
        say("内容库是一个文件，没有上一个索引", "mentions lie in a file: there is no index before")
        raise typer.Exit(EXIT_DONE)
    require("elasticsearch")
    from runtime.clusters import take_back

    with open_existing_workflow(settings) as begin_work:
        taken = take_back(cluster, SystemClock().now())
        told = {"from": taken.before, "to": taken.after, "since": taken.since.isoformat()}
        _note(begin_work, "mentions.taken_back", told)
    out().print(f"✓ {taken.before} → {taken.after}")
    say(
        f"  {taken.newer} 条在切换之后才见到或改动，只在 {taken.before} 里（保留 14 天）",
        f"  {taken.newer} mentions were seen since the switch: they are in {taken.before} only "
        "(kept for 14 days)",
    )


def _note(begin_work: BeginWork, action: str, payload: Mapping[str, object]) -> None:
    """Write a row of the trail."""
    with begin_work() as work:
        work.audit.append(
            at=SystemClock().now(),
            actor=actor(),
            action=action,
            object_id="mentions",
            reason="",
            payload=payload,
        )
        work.commit()
