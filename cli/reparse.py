"""`koubei reparse`: pages of the archive, read again by readers that were mended."""

from datetime import timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from cli.moments import moment_option
from cli.opening import open_existing
from cli.terminal import EXIT_PARTIAL, complain, progress, say
from presentation.formats import full_time
from presentation.hostile import excerpt
from runtime.extras import require
from runtime.settings import load_settings

_A_DAY = timedelta(days=1)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "reparse",
        help="用修好的解析重读存档页面，不访问平台。Read archived pages again; asks no platform.",
    )(reparse)


def reparse(
    since: Annotated[
        str | None,
        typer.Option(
            metavar="T", help="从何时抓取的页面起，缺省为一天前。Fetched since; a day ago."
        ),
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="只重读这个来源。Only pages of this source.")
    ] = None,
    unread: Annotated[
        bool, typer.Option("--unread", help="只重读当时读不出的页面。Only what could not be read.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="只看结果，不入库。Look only, store nothing.")
    ] = False,
) -> None:
    """Read pages again and say what that changed; exit 3 when a page still cannot be read or is not
    in this machine's archive any more.
    """
    require("crawl", "analysis")
    from crawlers.pairs import find_source
    from crawlers.rereading import Reading, Reread, pages_to_reread, reread

    settings = load_settings()
    with open_existing(settings) as services:
        if source is not None:
            find_source(services, source)
        begin = moment_option(since, "--since") or services.clock.now() - _A_DAY
        pages = pages_to_reread(services.begin_work, begin, source, unread=unread)
        with services.begin_work() as work:
            _, configuration = work.configuration.current()
        with progress("重读", "reading again", len(pages)) as advance:
            done: Reread = reread(
                pages,
                archive=services.archive,
                configuration=configuration,
                take=None if dry_run else services.ingest.take,
                advance=advance,
            )
    zone = ZoneInfo(settings.timezone)
    say(
        f"{full_time(begin, zone)} 起 {len(pages)} 页："
        f"照旧读出 {done.pages[Reading.READ]}，修好后读出 {done.pages[Reading.MENDED]}，"
        f"仍读不出 {done.pages[Reading.UNREAD]}，存档已无 {done.pages[Reading.GONE]}，"
        f"方案已移除 {done.pages[Reading.REMOVED]}",
        f"{len(pages)} pages since {full_time(begin, zone)}: "
        f"{done.pages[Reading.READ]} read as before, {done.pages[Reading.MENDED]} mended, "
        f"{done.pages[Reading.UNREAD]} still not, {done.pages[Reading.GONE]} not in the archive, "
        f"{done.pages[Reading.REMOVED]} of removed watches",
    )
    say(
        f"页面上的提及 {done.found_before} → {done.found}；"
        + ("没有入库（--dry-run）" if dry_run else f"新增 {done.new}，更新 {done.changed}"),
        f"mentions on them {done.found_before} → {done.found}; "
        + ("nothing stored (--dry-run)" if dry_run else f"{done.new} new, {done.changed} changed"),
    )
    if done.spooled:
        say(f"! {done.spooled} 条在等待入库：koubei spool show",
            f"! {done.spooled} wait for the mention store: koubei spool show")  # fmt: skip
    for (surface, name), number in done.missing.most_common():
        shown = excerpt(name, 60)
        complain(
            f"✗ {surface} 找不到「{shown}」：{number} 页",
            f"✗ {surface}: no {shown!r}: {number} pages",
        )
    if done.pages[Reading.UNREAD] or done.pages[Reading.GONE]:
        raise typer.Exit(EXIT_PARTIAL)
