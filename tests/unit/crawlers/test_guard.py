"""Tests of crawlers/guard.py."""

import asyncio

import pytest
from twisted.internet.address import IPv4Address

from crawlers.guard import AddressPolicy, GuardedResolver
from domain.brand import Source, Transport
from domain.errors import AddressRefused
from domain.mention import Platform


def source(base_url: str, transport: Transport = Transport.HTTP) -> Source:
    return Source("site", "weibo_search", Platform.WEIBO, transport, base_url)


WEIBO = AddressPolicy.for_source(source("https://s.weibo.com"), [])
DEMO = AddressPolicy.for_source(source("http://127.0.0.1:8600"), ["127.0.0.1:8600"])


@pytest.mark.parametrize(
    "url",
    [
        "https://s.weibo.com/weibo?q=1",
        "http://s.weibo.com/",
        "https://S.WEIBO.COM./x",
        "https://s.weibo.com:443/",
    ],
)
def test_a_source_may_ask_its_own_host(url):
    assert WEIBO.check_url(url)[0] == "s.weibo.com"


@pytest.mark.parametrize(
    "url",
    [
        "https://weibo.com/",
        "https://passport.weibo.com/sso/signin",
        "https://s.weibo.com.evil.example/",
        "https://evil.example/?s.weibo.com",
        "https://s.weibo.com@evil.example/",
        "https://user:pw@s.weibo.com/",
        "https://s.weibo.com:8443/",
        "ftp://s.weibo.com/",
        "file:///etc/passwd",
        "data:text/html,x",
        "javascript:alert(1)",
        "//s.weibo.com/",
        "https:///x",
        "https://s.weibo.com:port/",
        "http://[::1",
        "http://127.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "",
    ],
)
def test_it_may_ask_nothing_else(url):
    with pytest.raises(AddressRefused):
        WEIBO.check_url(url)


def test_a_refusal_does_not_repeat_the_address():
    with pytest.raises(AddressRefused) as refused:
        WEIBO.check_url("https://user:secret@s.weibo.com/?token=abc")
    assert "secret" not in str(refused.value)
    assert "abc" not in str(refused.value)


def test_a_private_address_needs_exactly_its_host_and_port():
    DEMO.check_url("http://127.0.0.1:8600/realtime")
    DEMO.check_address("127.0.0.1", 8600, "127.0.0.1")
    for url in ("http://127.0.0.1:8601/", "http://127.0.0.1/", "http://localhost:8600/"):
        with pytest.raises(AddressRefused):
            DEMO.check_url(url)
    unnamed = AddressPolicy.for_source(source("http://127.0.0.1:8600"), ["127.0.0.1:9999"])
    with pytest.raises(AddressRefused):
        unnamed.check_url("http://127.0.0.1:8600/")


def test_a_public_name_with_a_private_answer_is_refused():
    for address in ("127.0.0.1", "10.0.0.1", "::ffff:192.168.0.1"):
        with pytest.raises(AddressRefused):
            WEIBO.check_address("s.weibo.com", 443, address)
    WEIBO.check_address("s.weibo.com", 443, "8.8.8.8")


def test_a_browser_may_also_ask_what_the_platforms_pages_load():
    policy = AddressPolicy.for_source(
        source("https://www.zhihu.com", Transport.BROWSER), [], browser=True
    )
    policy.check_url("https://static.zhihu.com/heifetz/main.js")
    policy.check_url("wss://apilive.zhihu.com/socket")
    with pytest.raises(AddressRefused):
        policy.check_url("https://static.zhihu.com.evil.example/")
    with pytest.raises(AddressRefused):
        policy.check_url("https://s.weibo.com/")
    with pytest.raises(AddressRefused):
        AddressPolicy.for_source(source("https://www.zhihu.com"), []).check_url(
            "https://static.zhihu.com/"
        )


def test_resolving_returns_checked_addresses_only():
    assert asyncio.run(DEMO.resolve("127.0.0.1", 8600)) == ("127.0.0.1",)
    with pytest.raises(AddressRefused):
        asyncio.run(DEMO.resolve("localhost", 8600))
    local = AddressPolicy(frozenset({"localhost"}), frozenset({80}))
    with pytest.raises(AddressRefused):
        asyncio.run(local.resolve("localhost", 80))


class Names:
    """A resolver and the reactor that has it; answers from a table."""

    def __init__(self, **answers: list[str]) -> None:
        self.answers = answers
        self.nameResolver = self

    def resolveHostName(self, receiver, host, port=0, types=None, semantics="TCP"):
        receiver.resolutionBegan(self)
        for address in self.answers[host]:
            receiver.addressResolved(IPv4Address("TCP", address, port))
        receiver.resolutionComplete()
        return self


class Receiver:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.complete = False

    def resolutionBegan(self, resolution):
        """Begin."""

    def addressResolved(self, address):
        self.addresses.append(address.host)

    def resolutionComplete(self):
        self.complete = True


@pytest.mark.parametrize(
    ("answer", "passed"),
    [
        (["8.8.8.8"], ["8.8.8.8"]),
        (["127.0.0.1"], []),
        (["8.8.8.8", "10.0.0.1"], []),
        ([], []),
    ],
)
def test_the_resolver_passes_on_all_addresses_of_a_name_or_none(answer, passed):
    resolver = GuardedResolver(Names(host=answer))
    receiver = Receiver()
    resolver.resolveHostName(receiver, "host", 443)
    assert (receiver.addresses, receiver.complete) == (passed, True)
    assert ("host" in resolver.refused) is (bool(answer) and not passed)


def test_the_resolver_keeps_to_the_list_of_the_source_once_it_knows_it():
    resolver = GuardedResolver(Names(**{"evil.example": ["8.8.8.8"], "s.weibo.com": ["8.8.4.4"]}))
    resolver.policy = WEIBO
    for host, passed in (("evil.example", []), ("s.weibo.com", ["8.8.4.4"])):
        receiver = Receiver()
        resolver.resolveHostName(receiver, host, 443)
        assert receiver.addresses == passed


def test_a_person_may_be_led_anywhere_public_and_nowhere_private():
    policy = AddressPolicy.for_a_person(("127.0.0.1:8600",))
    assert policy.check_url("https://passport.weibo.com/sso/signin") == ("passport.weibo.com", 443)
    assert policy.check_url("https://captcha.example/") == ("captcha.example", 443)
    assert policy.check_url("http://127.0.0.1:8600/signin") == ("127.0.0.1", 8600)
    policy.check_address("captcha.example", 443, "93.184.216.34")
    for url in (
        "http://127.0.0.1/",
        "http://169.254.169.254/latest",
        "https://10.0.0.1/",
        "https://weibo.com:8443/",
        "file:///etc/passwd",
    ):
        with pytest.raises(AddressRefused):
            policy.check_url(url)
    with pytest.raises(AddressRefused):
        policy.check_address("captcha.example", 443, "192.168.1.1")
