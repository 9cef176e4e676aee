"""delivery/channels against a local server that enforces what the chat services document."""

import json
import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest

from delivery.channels.requests import event_id
from delivery.channels.robot import Robot, RobotAddress
from delivery.routing import RoutingNotifier
from domain.channel import Channel
from domain.errors import DeliveryError
from domain.outbox import OutboxMail, OutboxState, Rendered
from monitoring.notify import relay
from storage.sql.database import begin_work, migrate, open_database
from tests.fakes import NOON, FixedClock
from tests.fixtures.robots import KEY, SECRET, RobotServer, robot_server

pytestmark = pytest.mark.integration

LINK = "https://koubei.example/alerts?id=A-20261121-03"
START = NOON + timedelta(minutes=7)
PATHS = {
    Channel.WECOM: f"/wecom/send?key={KEY}",
    Channel.DINGTALK: f"/dingtalk/send?access_token={KEY}",
    Channel.FEISHU: f"/feishu/hook/{KEY}",
    Channel.WEBHOOK: "/webhook/in",
}
CHATS = [Channel.WECOM, Channel.DINGTALK, Channel.FEISHU]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(START)


@pytest.fixture
def server(clock: FixedClock) -> Iterator[RobotServer]:
    with robot_server(clock) as server:
        yield server


def a_robot(server: RobotServer, channel: Channel, **changes: object) -> Robot:
    fields: dict[str, object] = {
        "name": "duty-room",
        "channel": channel,
        "url": lambda: server.url + PATHS[channel],
        "secret": lambda: SECRET,
        "timeout": timedelta(seconds=5),
        **changes,
    }
    address = RobotAddress(**fields)  # type: ignore[arg-type]
    return Robot(address, server.clock)


def a_message(number: int = 1, channel: Channel = Channel.WECOM, **changes: object) -> OutboxMail:
    text = f"02:12 起，微博集中出现负面：47 条\n负面 47 · 微博 45\n{LINK}\n"
    fields: dict[str, object] = {
        "key": f"A-1|{number}",
        "recipient": f"{channel.value}:duty-room",
        "rendered": Rendered(f"【橙色预警】云栈茶饮 {number}", text, ""),
        "created_at": START + timedelta(seconds=number),
        "next_attempt_at": START,
        **changes,
    }
    return OutboxMail(**fields)  # type: ignore[arg-type]


def content(channel: Channel, said: dict[str, object]) -> str:
    if channel is Channel.WEBHOOK:
        return str(said["text"])
    inner = said["content" if channel is Channel.FEISHU else "text"]
    return str(inner["text" if channel is Channel.FEISHU else "content"])  # type: ignore[index]


def refused(robot: Robot, mail: OutboxMail) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        robot.send(mail)
    return caught.value


@pytest.mark.parametrize("channel", list(PATHS))
def test_each_service_takes_a_signed_message_with_subject_numbers_and_link(server, channel):
    a_robot(server, channel).send(a_message())
    said = content(channel, server.taken[0])
    assert all(part in said for part in ("【橙色预警】云栈茶饮 1", "负面 47", LINK))


@pytest.mark.parametrize("channel", list(PATHS))
def test_a_text_of_100_kilobytes_fits_and_keeps_its_link(server, channel):
    long = Rendered("【橙色预警】" + "茶" * 300, "虫😀" * 25_000 + f"\n{LINK}\n", "")
    a_robot(server, channel).send(a_message(rendered=long))
    assert LINK in content(channel, server.taken[0])


@pytest.mark.parametrize("channel", CHATS)
def test_the_pace_is_kept_before_the_service_has_to_say_so(server, clock, channel):
    robot, sent, waits = a_robot(server, channel), 0, []
    for number in range(300):
        try:
            robot.send(a_message(number))
            sent += 1
        except DeliveryError as error:
            waits.append((error.retry, error.wait))
        clock.forward(timedelta(milliseconds=150))
    assert server.breaches == 0
    assert server.asked == sent
    most = 100 if channel is Channel.FEISHU else 20
    assert sent == most
    assert all(retry and wait for retry, wait in waits)


@pytest.mark.parametrize("channel", CHATS)
def test_a_breach_by_others_shuts_the_robot_for_as_long_as_documented(server, clock, channel):
    server.times += [clock.now()] * 100  # somebody else uses the same robot
    robot = a_robot(server, channel)
    error = refused(robot, a_message())
    block = timedelta(minutes=10 if channel is Channel.DINGTALK else 1)
    assert (error.retry, error.uncertain, error.wait) == (True, False, block)
    asked = server.asked
    clock.forward(block - timedelta(seconds=1))
    assert refused(robot, a_message()).wait == timedelta(seconds=1)
    assert server.asked == asked, "nothing is sent while it is shut"
    clock.forward(timedelta(seconds=1))
    robot.send(a_message())
    assert len(server.taken) == 1


@pytest.mark.parametrize("channel", list(PATHS))
def test_a_wrong_secret_or_key_is_final_and_not_told(server, channel, caplog):
    caplog.set_level(logging.DEBUG)
    bad = {"secret": lambda: "another"}
    if channel is Channel.WECOM:
        bad = {"url": lambda: server.url + "/wecom/send?key=another"}
    error = refused(a_robot(server, channel, **bad), a_message())
    assert not error.retry
    told = " ".join([error.sentence("zh"), error.sentence("en"), repr(error), caplog.text])
    assert not any(secret in told for secret in (KEY, "another", server.url, "sign="))
    assert "koubei mail test --channel duty-room" in told


def test_a_clock_that_is_an_hour_off_is_refused_by_the_service(server, clock):
    late = FixedClock(clock.now() - timedelta(hours=2))
    for channel in (Channel.DINGTALK, Channel.FEISHU):
        robot = Robot(a_robot(server, channel)._address, late)
        assert "本机时间" in refused(robot, a_message()).sentence("zh")


def test_a_keyword_that_the_robot_wants_is_put_in_front_where_it_is_missing(server):
    server.keyword = "口碑"
    assert not refused(a_robot(server, Channel.DINGTALK), a_message()).retry
    a_robot(server, Channel.DINGTALK, keyword="口碑").send(a_message())
    assert content(Channel.DINGTALK, server.taken[0]).startswith("口碑 【橙色预警】")


@pytest.mark.parametrize(
    ("answer", "retry", "uncertain"),
    [
        ((500, b"", {}), True, False),
        ((502, b"<html>", {}), True, False),
        ((429, b"", {"Retry-After": "120"}), True, False),
        ((400, b"", {}), False, False),
        ((404, b"gone", {}), False, False),
        ((302, b"", {"Location": "http://169.254.169.254/latest/meta-data"}), False, False),
        ((200, b"<html>proxy login</html>", {}), True, True),
        ((200, b'{"errcode": 987654, "errmsg": "new"}', {}), True, False),
        ((0, b"", {}), True, True),
    ],
)
def test_what_an_answer_means_for_another_attempt(server, answer, retry, uncertain):
    server.answers.append(answer)
    error = refused(a_robot(server, Channel.WECOM), a_message())
    assert (error.retry, error.uncertain) == (retry, uncertain)
    assert server.asked == 1, "a redirect is not followed"
    if answer[0] == 429:
        assert error.wait == timedelta(minutes=2)


def test_nobody_there_is_tried_again_and_certainly_not_taken(clock):
    nobody = RobotAddress("x", Channel.WEBHOOK, lambda: "http://127.0.0.1:9/in", lambda: SECRET)
    error = refused(Robot(nobody, clock), a_message())
    assert (error.retry, error.uncertain) == (True, False)


@pytest.mark.parametrize("minute", [0, 30])
def test_feishu_keeps_out_of_the_crowd_around_full_and_half_hours(server, clock, minute):
    clock.time = START.replace(minute=minute, second=2)
    robot = a_robot(server, Channel.FEISHU)
    waits = {refused(robot, a_message(n, attempts=1)).wait for n in range(20)}
    assert len(waits) > 10
    assert min(waits) >= timedelta(seconds=28)
    assert max(waits) <= timedelta(seconds=58)
    robot.send(a_message(1, attempts=2))
    assert len(server.taken) == 1


def test_a_webhook_gets_json_that_it_can_check_and_the_same_id_at_each_attempt(server):
    robot = a_robot(server, Channel.WEBHOOK)
    mail = a_message(signal_id="A-20261121-03", epoch=2)
    server.answers.append((503, b"", {}))
    assert refused(robot, mail).retry
    robot.send(mail)
    [said] = server.taken
    assert said == {
        "format": 1,
        "id": event_id(mail),
        "kind": "alert",
        "signal_id": "A-20261121-03",
        "epoch": 2,
        "subject": "【橙色预警】云栈茶饮 1",
        "text": said["text"],
        "created_at": "2026-11-20T04:07:01+00:00",
        "may_repeat": False,
    }
    keys = {headers["idempotency-key"] for headers in server.headers}
    assert keys == {event_id(mail)}


def test_hostile_text_calls_nobody_and_commands_nothing(server):
    evil = '<at user_id="all">所有人</at> <@all> \x1b[2J\u202e**x** [a](https://evil.example)'
    for channel in CHATS:
        a_robot(server, channel).send(a_message(rendered=Rendered(evil, evil, "")))
    for body in server.bodies:
        said = json.dumps(json.loads(body), ensure_ascii=False)
        assert "<at" not in said
        assert "<@" not in said
        assert "\x1b" not in said
        assert "\u202e" not in said
        assert json.loads(body).get("at", {}).get("isAtAll", False) is False


def test_a_burst_is_one_digest_and_every_message_of_it_counts_as_sent(server, clock, tmp_path):
    engine = open_database(f"sqlite:///{tmp_path / 'workflow.db'}")
    migrate(engine)
    begin = begin_work(engine)
    with begin() as work:
        for number in range(50):
            work.outbox.add(a_message(number))
        work.commit()
    clock.forward(timedelta(minutes=1))
    routes = RoutingNotifier(
        mail=a_robot(server, Channel.DINGTALK),  # would refuse: no mail may go this way
        robots={(Channel.WECOM, "duty-room"): a_robot(server, Channel.WECOM)},
    )
    result = relay(begin, routes, clock, "test")
    assert (result.sent, result.dead, result.retried) == (50, 0, 0)
    assert len(server.taken) == 3
    told = "".join(content(Channel.WECOM, said) for said in server.taken)
    assert "【20 条消息" in told
    assert f"云栈茶饮 49\n{LINK}" in told
    with begin() as work:
        assert work.outbox.counts()[OutboxState.SENT] == 50
    engine.dispose()


def test_a_robot_that_is_not_set_waits_for_its_table(clock):
    routes = RoutingNotifier(mail=None, robots={})  # type: ignore[arg-type]
    with pytest.raises(DeliveryError, match=r"no \[channels.duty-room\] of kind wecom") as caught:
        routes.send(a_message())
    assert caught.value.retry
