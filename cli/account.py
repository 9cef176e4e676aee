"""`koubei account`: people, from the machine's own command line; the way back for a lost admin."""

import getpass
import json
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from cli.help import CommandLine
from cli.opening import open_existing
from cli.terminal import language, out, pick, say, show_table
from domain.account import Account, Role
from domain.errors import InputRefused, Text
from presentation.formats import short_time
from presentation.hostile import clean_line
from presentation.wording import word
from runtime.settings import load_settings
from runtime.wiring import Services
from workflow import accounts
from workflow.accounts import House, OneTimeLink, Operator
from workflow.role_presets import PRESETS, TeamSize, preset

Login = Annotated[str, typer.Argument(help="登录名。The login.", metavar="LOGIN")]
Roles = Annotated[
    list[Role] | None,
    typer.Option("--role", help="角色，可多次。A role; several times for several."),
]
Position = Annotated[
    str,
    typer.Option(
        "--preset", help="岗位，如 small:handler。A position, as small:handler.", metavar="TEAM:ID"
    ),
]


def register(app: typer.Typer) -> None:
    """Add `account list`, `add`, `roles`, `reset`, `disable` and `enable`."""
    group = CommandLine(
        name="account", help="账号：列出、新增、改角色、重设、停用。People and their roles."
    )
    group.command("list", help="列出账号。List accounts.")(list_command)
    group.command("add", help="新增账号，给出一次性链接。Add one, with a one-time link.")(add)
    group.command("roles", help="改为这些角色。Replace the roles.")(roles_command)
    group.command("reset", help="作废密码与登录，给出重设链接。Void password and logins.")(reset)
    group.command("disable", help="停用账号，立即退出。Disable, log out at once.")(disable)
    group.command("enable", help="重新启用账号。Enable again.")(enable)
    app.add_typer(group, name="account")


def list_command(
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。For programs.")] = False,
) -> None:
    """List every account with its roles and whether it can come in."""
    with open_existing(load_settings()) as services:
        now = services.clock.now()
        with services.begin_reading() as work:
            rows = [
                (one, sum(s.is_alive(now) for s in work.accounts.sessions_of(one.id)))
                for one in work.accounts.all()
            ]
        zone = ZoneInfo(services.settings.timezone)
    if as_json:
        found = [
            {
                "login": one.login,
                "name": one.name,
                "state": one.state.value,
                "roles": sorted(role.value for role in one.roles),
                "address": one.address,
                "created_at": one.created_at.isoformat(),
                "sessions": sessions,
            }
            for one, sessions in rows
        ]
        out().print(json.dumps(found, ensure_ascii=False, indent=2))
        return
    if not rows:
        say("还没有账号：打开网页，用一次性代码建立管理员", "no account yet: open the pages")
        return
    lang = language()
    show_table(
        [pick(*head) for head in _HEADS],
        [
            [
                one.login,
                clean_line(one.name),
                word(one.state).in_language(lang),
                " ".join(word(role).in_language(lang) for role in sorted(one.roles)),
                str(sessions),
                short_time(one.created_at, zone),
            ]
            for one, sessions in rows
        ],
    )


_HEADS = (
    ("登录名", "login"),
    ("姓名", "name"),
    ("状态", "state"),
    ("角色", "roles"),
    ("登录数", "logins"),
    ("建立于", "made"),
)


def add(
    login: Login,
    name: Annotated[str, typer.Option(help="姓名。The name that others see.")] = "",
    mail: Annotated[str, typer.Option(help="邮箱。The mail address.")] = "",
    role: Roles = None,
    position: Position = "",
) -> None:
    """Make an account and print the link with which its owner sets a password."""
    with open_existing(load_settings()) as services:
        link = accounts.invite(
            services.begin_work,
            _operator(),
            login=login,
            name=name or login,
            address=mail,
            roles=_roles(role, position),
            at=services.clock.now(),
            house=_house(services),
        )
    _tell_link(link)


def roles_command(login: Login, role: Roles = None, position: Position = "") -> None:
    """Replace the roles of an account; without any it keeps none."""
    with open_existing(load_settings()) as services:
        known = _known(services, login)
        changed = accounts.set_roles(
            services.begin_work,
            _operator(),
            known.id,
            _roles(role, position),
            expected_version=known.version,
            at=services.clock.now(),
            house=_house(services),
        )
    names = " ".join(word(one).in_language(language()) for one in sorted(changed.roles)) or "—"
    say(f"✓ {changed.login}：{names}", f"✓ {changed.login}: {names}")


def reset(login: Login) -> None:
    """Void password, second factor and logins of an account; print the link to begin anew."""
    with open_existing(load_settings()) as services:
        link = accounts.reset(
            services.begin_work,
            _operator(),
            _known(services, login).id,
            at=services.clock.now(),
            house=_house(services),
        )
    _tell_link(link)


def disable(
    login: Login,
    reason: Annotated[str, typer.Option(help="原因，记入轨迹。Why, for the trail.")] = "",
) -> None:
    """Take every right from an account and end its logins at once."""
    with open_existing(load_settings()) as services:
        known = _known(services, login)
        accounts.disable(
            services.begin_work,
            _operator(),
            known.id,
            expected_version=known.version,
            reason=reason,
            at=services.clock.now(),
        )
    say(f"✓ {known.login} 已停用，登录已退出", f"✓ {known.login} is disabled and logged out")


def enable(login: Login) -> None:
    """Let a disabled account in again."""
    with open_existing(load_settings()) as services:
        known = _known(services, login)
        accounts.enable(
            services.begin_work,
            _operator(),
            known.id,
            expected_version=known.version,
            at=services.clock.now(),
        )
    say(f"✓ {known.login} 已启用", f"✓ {known.login} is enabled")


def _operator() -> Operator:
    return Operator(getpass.getuser())


def _house(services: Services) -> House:
    return House(services.settings.public_url, language())


def _known(services: Services, login: str) -> Account:
    with services.begin_reading() as work:
        account = work.accounts.by_login(login)
    if account is None:
        raise InputRefused(
            Text(f"没有登录名为 {login} 的账号", f"no account has the login {login}"),
            mend=Text("koubei account list 列出全部", "koubei account list shows all"),
        )
    return account


def _roles(given: list[Role] | None, position: str) -> frozenset[Role]:
    """Return the roles that were named, and those of a position."""
    if not position:
        return frozenset(given or ())
    team, _, preset_id = position.partition(":")
    found = preset(TeamSize(team), preset_id) if team in set(TeamSize) else None
    if found is None:
        known = " ".join(f"{size.value}:{one.id}" for size in TeamSize for one in PRESETS[size])
        raise InputRefused(
            Text(
                f"没有岗位 {position}；可用：{known}", f"no position {position}; there are {known}"
            )
        )
    return found.roles | frozenset(given or ())


def _tell_link(link: OneTimeLink) -> None:
    say(
        f"✓ {link.account.login}：请把这个一次性链接交给本人（到期前只能使用一次）",
        f"✓ {link.account.login}: hand this one-time link to its owner",
    )
    out().print(link.url)
