"""delivery/channels/services.py: where a robot may live."""

import pytest

from delivery.channels.services import SERVICES, refused_address
from domain.channel import Channel, address_on, channel_of, parts_of

GOOD = {
    Channel.WECOM: "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k",
    Channel.DINGTALK: "https://oapi.dingtalk.com/robot/send?access_token=k",
    Channel.FEISHU: "https://open.feishu.cn/open-apis/bot/v2/hook/k",
    Channel.WEBHOOK: "https://hooks.corp.example:8443/koubei",
}


@pytest.mark.parametrize("channel", list(SERVICES))
def test_the_service_s_own_address_is_taken(channel):
    assert refused_address(channel, GOOD[channel]) is None


@pytest.mark.parametrize("channel", list(SERVICES))
def test_this_machine_may_speak_http(channel):
    assert refused_address(channel, "http://127.0.0.1:9000/any") is None
    assert refused_address(channel, "http://[::1]:9000/any") is None


@pytest.mark.parametrize(
    "url",
    [
        "http://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k",
        "https://qyapi.weixin.qq.com.evil.example/cgi-bin/webhook/send?key=k",
        "https://evil.example/cgi-bin/webhook/send?key=k",
        "https://u:p@qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k",
        "https://qyapi.weixin.qq.com@evil.example/cgi-bin/webhook/send?key=k",
        "https://qyapi.weixin.qq.com:8443/cgi-bin/webhook/send?key=k",
        "https://qyapi.weixin.qq.com/cgi-bin/other",
        "https://169.254.169.254/cgi-bin/webhook/send",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "not a url",
        "",
    ],
)
def test_other_places_are_refused_and_not_repeated(url):
    why = refused_address(Channel.WECOM, url)
    assert why is not None
    assert "evil" not in why.zh + why.en
    assert "key" not in why.en


def test_a_webhook_needs_https_beyond_this_machine():
    assert refused_address(Channel.WEBHOOK, "http://hooks.corp.example/x") is not None


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("duty@example.com", (Channel.MAIL, "duty@example.com")),
        ("wecom:duty-room", (Channel.WECOM, "duty-room")),
        ("feishu:x", (Channel.FEISHU, "x")),
        ("mail:odd@example.com", (Channel.MAIL, "odd@example.com")),
        ("sms:123", (Channel.MAIL, "sms:123")),
    ],
)
def test_an_address_names_its_channel(address, parts):
    assert parts_of(address) == parts
    assert channel_of(address) is parts[0]


def test_an_address_is_put_together_as_it_is_taken_apart():
    for channel in Channel:
        name = "a@b.example" if channel is Channel.MAIL else "room"
        assert parts_of(address_on(channel, name)) == (channel, name)
