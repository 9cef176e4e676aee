"""What each chat service documents: where its robots live, how much and how often they may say, and
what its error codes mean.

Documented at developer.work.weixin.qq.com/document/path/91770 (企业微信群机器人),
open.dingtalk.com/document/robots/custom-robot-access (钉钉自定义机器人) and, for 飞书, in
open.feishu.cn/document/client-docs/bot-v3/add-custom-bot (自定义机器人使用指南).
A code that is not listed is tried again: an alarm is not given up for a word we do not know.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from domain.channel import Channel
from domain.errors import Text
from domain.hosts import is_loopback, normal_host

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Service:
    """The documented limits of one kind of robot.

    `paces`: so many messages in so long a time. `text_bytes` bounds the text in UTF-8, `body_bytes`
    the whole request. `block`: how long a robot that was too fast is shut. `final` codes cannot be
    mended by trying again, `fast` ones say that it was too fast. `shy_of_hours`: the full and half
    hours are crowded and to be avoided.
    """

    name: Text
    hosts: frozenset[str] = frozenset()
    path: str = ""
    paces: tuple[tuple[int, timedelta], ...] = ()
    text_bytes: int = 2048
    body_bytes: int = 20_000
    block: timedelta = MINUTE
    final: Mapping[int, Text] = field(default_factory=dict)
    fast: frozenset[int] = frozenset()
    shy_of_hours: bool = False

    @property
    def is_chat(self) -> bool:
        """Whether people read it, so that a burst is told as one message."""
        return bool(self.hosts)


_KEY = Text("机器人地址中的密钥无效", "the key in the robot's url is not valid")
_CONTENT = Text("消息内容被拒绝", "the content was refused")

SERVICES: Mapping[Channel, Service] = {
    Channel.WECOM: Service(
        name=Text("企业微信", "WeCom"),
        hosts=frozenset({"qyapi.weixin.qq.com"}),
        path="/cgi-bin/webhook/send",
        paces=((20, MINUTE),),
        final={
            93000: _KEY,
            40008: _CONTENT,
            40058: _CONTENT,
            44004: _CONTENT,
        },
        fast=frozenset({45009, 45033}),
    ),
    Channel.DINGTALK: Service(
        name=Text("钉钉", "DingTalk"),
        hosts=frozenset({"oapi.dingtalk.com"}),
        path="/robot/send",
        paces=((20, MINUTE),),
        block=10 * MINUTE,
        final={
            300001: _KEY,
            400101: _KEY,
            400102: Text("机器人已停用", "the robot is switched off"),
            400013: Text("群已解散", "the group was dissolved"),
            310000: Text(
                "安全设置不符：检查加签密钥、关键词、IP 白名单与本机时间",
                "security settings: check secret, keyword, address list and this machine's clock",
            ),
            40035: _CONTENT,
            43004: _CONTENT,
            460101: _CONTENT,
        },
        fast=frozenset({130101, 410100, 90030}),
    ),
    Channel.FEISHU: Service(
        name=Text("飞书", "Feishu"),
        hosts=frozenset({"open.feishu.cn", "open.larksuite.com"}),
        path="/open-apis/bot/v2/hook/",
        paces=((100, MINUTE), (5, timedelta(seconds=1))),
        final={
            19001: _KEY,
            19021: Text(
                "签名不符：检查签名密钥与本机时间",
                "the signature does not fit: check secret and this machine's clock",
            ),
            19022: Text("本机 IP 不在白名单", "this machine is not on the address list"),
            19024: Text("消息不含机器人要求的关键词", "the robot's keyword is missing"),
            9499: _CONTENT,
        },
        fast=frozenset({11232, 230020}),
        shy_of_hours=True,
    ),
    Channel.WEBHOOK: Service(
        name=Text("Webhook", "webhook"), text_bytes=20_000, body_bytes=100_000
    ),
}


def refused_address(channel: Channel, url: str) -> Text | None:
    """Return why a robot may not be asked at `url`, None when it may. The url is never told.

    Only https, and only the service's own host and path; a generic webhook is the host that its
    url names. On this machine itself http is allowed, and any path.
    """
    service = SERVICES[channel]
    try:
        parts = urlsplit(url)
        host = normal_host(parts)
        _ = parts.port
    except ValueError:
        return Text("不是网址", "is no url")
    if parts.username or parts.password or parts.scheme not in {"http", "https"}:
        return Text("应为 https 网址，不含用户名", "must be an https url without a user name")
    if is_loopback(host):
        return None
    if parts.scheme != "https":
        return Text("必须使用 https（本机除外）", "must be https, but on this machine")
    if not service.hosts:
        return None
    if host not in service.hosts or parts.port not in {None, 443}:
        named = "、".join(sorted(service.hosts))
        return Text(f"主机应为 {named}", f"the host must be {named.replace('、', ' or ')}")
    if not parts.path.startswith(service.path):
        return Text(f"路径应以 {service.path} 开头", f"the path must begin with {service.path}")
    return None
