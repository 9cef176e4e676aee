"""`koubei mail`: does mail reach people, and what became of each mail."""

import json
import socket
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from cli.help import CommandLine
from cli.opening import open_existing
from cli.terminal import (
    EXIT_FAILED,
    EXIT_PARTIAL,
    complain,
    err,
    language,
    out,
    pick,
    say,
    show_table,
)
from delivery.channels.robot import Robot
from delivery.folder import FolderMailer
from delivery.render import render_test
from delivery.routing import RoutingNotifier
from domain.channel import Channel, address_on
from domain.errors import ConfigurationError, DeliveryError, Text
from domain.outbox import OutboxMail, OutboxState
from presentation.formats import short_time
from presentation.hostile import clean_line
from presentation.wording import word
from runtime.settings import Settings, load_settings
from runtime.wiring import Services, open_services

_WILL_BE_TRIED = {OutboxState.PENDING, OutboxState.RETRY, OutboxState.UNCERTAIN}


def register(app: typer.Typer) -> None:
    """Add `mail test` and `mail list`."""
    group = CommandLine(
        name="mail",
        help="测试发信，查看发件箱。Test the mail settings, look at the outbox.",
    )
    group.command("test", help="发送一封测试邮件。Send a test mail.")(send_test)
    group.command("list", help="列出发件箱中的邮件。List the mails of the outbox.")(list_command)
    app.add_typer(group, name="mail")


def send_test(
    to: Annotated[
        list[str] | None,
        typer.Option(
            "--to", help="收件地址，可多次；缺省为全部收件人。To whom; else all.", metavar="ADDRESS"
        ),
    ] = None,
    channel: Annotated[
        list[str] | None,
        typer.Option(
            "--channel",
            help="[channels] 中机器人的名称，可多次。Name of a robot in [channels].",
            metavar="NAME",
        ),
    ] = None,
) -> None:
    """Send a test mail to each address, at once and past the outbox, and say what came of it.

    Exit code 1 when none was accepted, 3 when some were not.
    """
    settings = load_settings()
    robots = [_robot_address(settings, name) for name in channel or ()]
    with open_services(settings) as services:
        addresses = [*(to or ()), *robots] or _registered(services)
        now = services.clock.now()
        mails = [_test_mail(address, now, settings.language) for address in addresses]
        accepted = [_send(services.notifier, mail) for mail in mails]
    if not any(accepted):
        raise typer.Exit(EXIT_FAILED)
    if not all(accepted):
        raise typer.Exit(EXIT_PARTIAL)


def list_command(
    state: Annotated[
        OutboxState | None, typer.Option(help="只看这种状态。Only this state.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="最多几封。At most.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。Print JSON.")] = False,
) -> None:
    """Print the newest mails: state, attempts and the last error."""
    settings = load_settings()
    with open_existing(settings) as services, services.begin_work() as work:
        counts = work.outbox.counts()
        # a state is looked for among all mails: a dead one may be far down
        newest = work.outbox.recent(limit if state is None else sum(counts.values()))
    mails = [mail for mail in newest if state in {None, mail.state}][:limit]
    if as_json:
        document = {"counts": counts, "mails": [_as_document(mail) for mail in mails]}
        out().print(json.dumps(document, ensure_ascii=False, indent=1))
        return
    if mails:
        _show(mails, ZoneInfo(settings.timezone))
    _show_counts(counts)


def _robot_address(settings: Settings, name: str) -> str:
    """Return the address of a robot of the settings; ConfigurationError lists those there are."""
    robot = settings.channels.get(name)
    if robot is None:
        known = list(settings.channels)
        raise ConfigurationError(
            Text(
                f"koubei.toml 中没有 [channels.{name}]（已有：{'、'.join(known) or '无'}）",
                f"koubei.toml has no [channels.{name}] (there are: {', '.join(known) or 'none'})",
            ),
            place="--channel",
        )
    return address_on(Channel(robot.kind), name)


def _registered(services: Services) -> list[str]:
    with services.begin_work() as work:
        _, configuration = work.configuration.current()
    addresses = list(dict.fromkeys(person.address for person in configuration.recipients))
    if not addresses:
        raise ConfigurationError(
            Text("没有登记任何接收人", "no recipient is registered"),
            mend=Text(
                "用 --to 指定地址，或用 koubei apply 登记接收人",
                "name an address with --to, or register recipients with koubei apply",
            ),
        )
    return addresses


def _test_mail(address: str, now: datetime, mail_language: str) -> OutboxMail:
    return OutboxMail(
        key=f"test|{now.isoformat()}|{address}",
        recipient=address,
        rendered=render_test(socket.gethostname(), mail_language),
        created_at=now,
        next_attempt_at=now,
        kind="test",
    )


def _send(routes: RoutingNotifier, mail: OutboxMail) -> bool:
    to = clean_line(mail.recipient)
    try:
        notifier = routes.of(mail.recipient)
        notifier.send(mail)
    except DeliveryError as error:
        err().print(f"✗ {to}  {error.sentence(language())}")
        return False
    if isinstance(notifier, FolderMailer):
        path = notifier.path_of(mail)
        say(
            f"✓ {to}  未配置邮件服务器（smtp.host），已写入文件 {path}",
            f"✓ {to}  no mail server is set (smtp.host); written to {path}",
        )
    elif isinstance(notifier, Robot):
        say(f"✓ {to}  已送达机器人", f"✓ {to}  accepted by the robot")
    else:
        say(f"✓ {to}  邮件服务器已接受", f"✓ {to}  accepted by the mail server")
    return True


def _show(mails: list[OutboxMail], zone: ZoneInfo) -> None:
    headers = (
        pick("时间", "created"),
        pick("状态", "state"),
        pick("收件人", "recipient"),
        pick("主题", "subject"),
        pick("次数", "attempts"),
        pick("下次发送", "next attempt"),
        pick("最近错误", "last error"),
    )
    show_table(headers, [_line(mail, zone) for mail in mails])


def _line(mail: OutboxMail, zone: ZoneInfo) -> tuple[str, ...]:
    waits = mail.state in _WILL_BE_TRIED
    return (
        short_time(mail.created_at, zone),
        word(mail.state).in_language(language()),
        clean_line(mail.recipient),
        clean_line(mail.rendered.subject),
        str(mail.attempts),
        short_time(mail.next_attempt_at, zone) if waits else "",
        clean_line(mail.last_error),
    )


def _show_counts(counts: dict[OutboxState, int]) -> None:
    told = "  ".join(
        f"{word(state).in_language(language())} {number}"
        for state, number in counts.items()
        if number
    )
    say(told or "发件箱是空的", told or "the outbox is empty")
    if counts[OutboxState.DEAD]:
        complain(
            f"! 有 {counts[OutboxState.DEAD]} 封邮件已放弃发送，收件人没有收到："
            "koubei mail list --state dead",
            f"! {counts[OutboxState.DEAD]} mails were given up and did not arrive: "
            "koubei mail list --state dead",
        )


def _as_document(mail: OutboxMail) -> dict[str, object]:
    return {
        "key": mail.key,
        "kind": mail.kind,
        "signal_id": mail.signal_id,
        "recipient": mail.recipient,
        "subject": mail.rendered.subject,
        "state": mail.state,
        "attempts": mail.attempts,
        "created_at": mail.created_at.isoformat(),
        "next_attempt_at": mail.next_attempt_at.isoformat(),
        "sent_at": mail.sent_at.isoformat() if mail.sent_at else None,
        "may_repeat": mail.may_repeat,
        "last_error": mail.last_error,
    }
