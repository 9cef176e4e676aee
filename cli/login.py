"""`koubei login`: the operator's own login at a platform, given by himself and kept sealed."""

import asyncio
import getpass
import os
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.text import Text as RichText

from cli.actor import actor
from cli.opening import open_existing
from cli.terminal import EXIT_PARTIAL, err, language, pick, say, show_table
from domain.account import Account, AccountState, Role
from domain.brand import Configuration
from domain.errors import ConfigurationError, DependencyMissing, InputRefused, Text
from domain.hosts import is_loopback
from domain.mention import Platform
from domain.ports import UnitOfWork
from domain.session import (
    DOORS,
    Door,
    PlatformSession,
    SessionState,
    door_of,
    state_of,
)
from domain.storage_state import StorageState, read_storage_state, sort_out
from presentation.formats import near_time
from presentation.hostile import clean_line
from presentation.wording import session_ending, word
from runtime.child_environment import child_environment
from runtime.extras import require
from runtime.settings import load_settings
from runtime.wiring import Services
from workflow.platform_sessions import owner_name

LARGEST_FILE = 2_000_000
"""Bytes of a storage-state file."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "login",
        help="登录一个平台，供采集使用；由本人完成。Log in at a platform, for crawls to use.",
    )(login)


def login(
    platform: Annotated[
        Platform | None,
        typer.Argument(help="哪个平台。Which platform.", metavar="weibo|zhihu|tieba"),
    ] = None,
    qr: Annotated[
        bool, typer.Option("--qr", help="在终端显示二维码。Show the QR code in the terminal.")
    ] = False,
    state: Annotated[
        Path | None,
        typer.Option(
            "--state", help="读 storage_state 文件。Take a storage_state file.", metavar="FILE"
        ),
    ] = None,
    status: Annotated[
        bool, typer.Option("--status", help="只显示状态。Only show how it stands.")
    ] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="删除保存的登录。Destroy what is stored.")
    ] = False,
    owner: Annotated[
        str | None,
        typer.Option("--owner", help="谁的登录（登录名）。Whose login it is.", metavar="LOGIN"),
    ] = None,
    minutes: Annotated[
        float, typer.Option("--minutes", min=0.1, max=60, help="最长等待。How long to wait.")
    ] = 5.0,
) -> None:
    """Log in: in a window, by a QR code, or from a file; or show, or remove, what is stored."""
    if sum((qr, state is not None, status, remove)) > 1:
        raise ConfigurationError(
            Text(
                "--qr、--state、--status、--remove 只能选一个",
                "--qr, --state, --status and --remove exclude each other",
            ),
            place="koubei login",
        )
    with open_existing(load_settings()) as services:
        if status:
            show_status(services, platform)
            return
        if platform is None:
            raise ConfigurationError(
                Text("没有说明平台", "no platform was named"),
                place="koubei login",
                mend=Text("koubei login weibo（或 zhihu、tieba）", "koubei login weibo"),
            )
        if remove:
            _remove(services, platform)
            return
        _store(services, platform, _Wish(qr=qr, file=state, owner=owner, minutes=minutes))


@dataclass(frozen=True, slots=True)
class _Wish:
    """How somebody wants to log in."""

    qr: bool
    file: Path | None
    owner: str | None
    minutes: float


def _store(services: Services, platform: Platform, wish: _Wish) -> None:
    with services.begin_work() as work:
        _, configuration = work.configuration.current()
        owner_id = owner_of(work, wish.owner)
    door = door_to(configuration, platform)
    _ = services.masker  # without its keys nothing can be kept: said before anybody logs in
    if wish.file is not None:
        given, way = _from_file(door, wish.file), "file"
    else:
        given, way = _from_person(services, door, wish), "qr" if wish.qr else "window"
    session = services.session_desk.store(
        door, given, owner_id=owner_id, actor=actor(), at=services.clock.now(), way=way
    )
    name = word(platform)
    say(f"✓ 已保存{name.zh}登录，采集即刻使用", f"✓ the login at {name.en} is stored and in use")
    show_status(services, session.platform)


def owner_of(work: UnitOfWork, login_name: str | None) -> str:
    """Return whose login it is: the account that is named, else the one of the machine's user, else
    the only admin, else the person at the terminal (`cli:NAME`), whom no mail reaches.
    """
    if login_name is not None:
        named = work.accounts.by_login(login_name)
        if named is None or named.state is not AccountState.ACTIVE:
            raise InputRefused(
                Text("没有这个账号，或已停用", "there is no such account, or it is disabled"),
                place=clean_line(login_name),
                mend=Text("koubei account list 查看账号", "see koubei account list"),
            )
        return named.id
    own = work.accounts.by_login(_machine_user())
    if own is not None and own.state is AccountState.ACTIVE:
        return own.id
    admins = [one for one in work.accounts.all() if _is_admin(one)]
    return admins[0].id if len(admins) == 1 else actor()


def _machine_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def _is_admin(account: Account) -> bool:
    return account.state is AccountState.ACTIVE and Role.ADMIN in account.roles


def door_to(configuration: Configuration, platform: Platform) -> Door:
    """Return where one logs in: at the platform, unless every source of it is on this machine (the
    demo).
    """
    own = [source for source in configuration.sources if source.platform is platform]
    doors = [door for source in own if (door := door_of(source)) is not None]
    real = DOORS[platform]
    here = [door for door in doors if is_loopback(door.hosts[0])]
    return here[-1] if here and len(here) == len(doors) else real


def _from_file(door: Door, file: Path) -> StorageState:
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise InputRefused(
                Text("文件超过 2 MB", "the file is larger than 2 MB"), place=str(file)
            )
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputRefused(Text("不是 UTF-8 文本", "this is not UTF-8"), place=str(file)) from None
    parted = sort_out(read_storage_state(text, str(file)), door.hosts)
    for host, number in sorted(parted.refused.items()):
        shown = clean_line(host)
        err().print(
            pick(
                f"未采用 {shown}：{number} 项，不属于该平台",
                f"refused {shown}: {number}, not its own",
            )
        )
    return parted.state


def _from_person(services: Services, door: Door, wish: _Wish) -> StorageState:
    require("crawl")
    from browser.login import Waiting, log_in
    from crawlers.browsing import wanted_browser
    from crawlers.guard import AddressPolicy

    if not wish.qr and not _has_display():
        raise DependencyMissing(
            Text("本机没有显示器，打不开窗口", "this machine has no display for a window"),
            place="koubei login",
            mend=Text(
                f"koubei login {door.platform.value} --qr，或 --state 文件",
                f"koubei login {door.platform.value} --qr, or --state FILE",
            ),
        )
    found = wanted_browser(services.settings.browser)
    policy = AddressPolicy.for_a_person(services.settings.crawl.allowed_hosts)
    waiting = Waiting(
        show=_show_code if wish.qr else None,
        limit=wish.minutes * 60,
        now=services.clock.now,
        seconds=time.monotonic,
        window=not wish.qr,
    )
    name = word(door.platform)
    say(
        f"正在打开{name.zh}登录页，请{'用手机扫码' if wish.qr else '在窗口中登录'}"
        f"（最多等 {wish.minutes:g} 分钟）",
        f"opening the login page of {name.en}: log in "
        f"{'with your telephone' if wish.qr else 'in the window'} (within {wish.minutes:g} min)",
    )
    return asyncio.run(log_in(door, found, policy.resolve, waiting, child_environment()))


def _has_display() -> bool:
    """Whether a window can be opened here."""
    if sys.platform == "darwin":
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _show_code(code: tuple[str, ...]) -> None:
    from browser.qr import in_half_blocks

    console = err()
    # black on white whatever the terminal's colours are; without colours light ink on dark ground
    coloured = console.color_system is not None
    drawn = in_half_blocks(code, dark=coloured)
    console.print(RichText(drawn, style="black on bright_white" if coloured else ""), no_wrap=True)
    console.print(pick("请用平台的手机应用扫描", "scan it with the platform's app"))


def _remove(services: Services, platform: Platform) -> None:
    name = word(platform)
    if not services.session_desk.remove(platform, actor=actor(), at=services.clock.now()):
        say(f"没有保存{name.zh}登录", f"no login at {name.en} is stored")
        raise typer.Exit(EXIT_PARTIAL)
    say(
        f"✓ 已删除{name.zh}登录。若要让平台也失效，请在平台上退出该设备",
        f"✓ the login at {name.en} is destroyed; log the device out at the platform, too",
    )


def show_status(services: Services, platform: Platform | None) -> None:
    """Show how it stands with the logins: of one platform, or of all."""
    now, zone = services.clock.now(), ZoneInfo(services.settings.timezone)
    with services.begin_reading() as work:
        stored = {session.platform: session for session in work.sessions.all()}
        owners = {s.platform: owner_name(work, s.owner_id) for s in stored.values()}
    headers = (
        pick("平台", "platform"),
        pick("状态", "state"),
        pick("登录人", "whose"),
        pick("保存于", "stored"),
        pick("到期", "ends"),
        pick("说明", "note"),
    )
    wanted = [platform] if platform else list(Platform)
    rows = [
        _row(each, stored.get(each), owners.get(each, ""), now=now, zone=zone) for each in wanted
    ]
    show_table(headers, rows)


def _row(
    platform: Platform,
    session: PlatformSession | None,
    owner: str,
    *,
    now: datetime,
    zone: ZoneInfo,
) -> tuple[str, ...]:
    speak = language()
    state = state_of(session, now)
    shown = (word(platform).in_language(speak), word(state).in_language(speak))
    command = f"koubei login {platform.value}"
    if session is None or state is SessionState.NONE:
        return (*shown, "", "", "", command)
    ends = (
        near_time(session.expires_at, now, zone) if session.expires_at else pick("未知", "unknown")
    )
    note = "" if state is SessionState.VALID else command
    if state is SessionState.ENDED:
        why = session_ending(session.ended_reason or "expired", platform).in_language(speak)
        note = f"{why} → {command}"
    return (*shown, owner, near_time(session.stored_at, now, zone), ends, note)
