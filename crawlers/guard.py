"""The network guard: which addresses a crawl may open. Nothing else decides that.

    url ──► AddressPolicy.check_url      scheme, host and port are on the source's list
    name ─► AddressPolicy.check_address  every address the name resolves to is public
    connect to the very addresses that were checked (no second look-up that could answer otherwise)

`GuardedResolver` does the last two for Scrapy; for the browser, `browser.proxy` does, because a
browser resolves names by itself. A private address is opened only for the exact `host:port` that
`koubei.toml` names.
"""

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from twisted.internet.interfaces import (
    IAddress,
    IHostnameResolver,
    IHostResolution,
    IResolutionReceiver,
)
from zope.interface import implementer, provider  # type: ignore[import-untyped]

from domain.brand import Source
from domain.errors import AddressRefused, Text
from domain.hosts import DEFAULT_PORTS, is_below, is_public, normal_host, port_of

# What the pages of a platform load their own scripts and data from (hosts that stood in pages of
# 2024 to 2026). Only a browser asks these; a leading dot stands for every host below a name.
PAGE_HOSTS = {
    "weibo.com": (".weibo.com", ".sinaimg.cn", ".sinajs.cn", ".sina.com.cn"),
    "zhihu.com": (".zhihu.com", ".zhimg.com"),
    "baidu.com": (".baidu.com", ".bdstatic.com", ".bdimg.com"),
}


_EVERY = "."


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """Which hosts a source may ask. `hosts` are names (a leading dot: all below it; a dot alone:
    every one), `ports` what goes with them, `private` the exact `host:port` that may lie on a
    private address.
    """

    hosts: frozenset[str]
    ports: frozenset[int]
    private: frozenset[str] = frozenset()

    @classmethod
    def for_source(
        cls, source: Source, allowed_hosts: Sequence[str], *, browser: bool = False
    ) -> "AddressPolicy":
        """The policy of a source: the host of its `base_url`, and for a browser also what that
        platform's own pages load.
        """
        parts = urlsplit(source.base_url)
        host = normal_host(parts)
        pages = [names for site, names in PAGE_HOSTS.items() if is_below(host, site)]
        hosts = {host, *(name for names in pages for name in names if browser)}
        ports = {port_of(parts)} if _names_port(parts) else {80, 443}
        return cls(frozenset(hosts), frozenset(ports), frozenset(h.lower() for h in allowed_hosts))

    @classmethod
    def for_a_person(cls, allowed_hosts: Sequence[str]) -> "AddressPolicy":
        """The policy of a person who logs in: where a login page leads is theirs to see, but it
        leads to nothing private.
        """
        private = frozenset(h.lower() for h in allowed_hosts)
        ports = {int(h.rpartition(":")[2]) for h in private}
        return cls(frozenset({_EVERY}), frozenset({80, 443} | ports), private)

    def check_url(self, url: str) -> tuple[str, int]:
        """Return host and port of an address that may be asked; AddressRefused otherwise."""
        try:
            parts = urlsplit(url)
            host, port = normal_host(parts), port_of(parts)
        except ValueError as error:
            raise _refused("not an address", "不是有效的地址") from error
        if parts.scheme not in DEFAULT_PORTS:
            raise _refused(f"scheme {parts.scheme!r} is not http(s)", "只允许 http 和 https")
        if parts.username is not None or parts.password is not None:
            raise _refused("an address with a user name", "地址中带有用户名")
        self.check_host(host, port)
        return host, port

    def check_host(self, host: str, port: int) -> None:
        """AddressRefused unless host and port are on the list of the source."""
        if port not in self.ports or not any(_is_one_of(host, name) for name in self.hosts):
            raise _refused(f"{host}:{port} is not a host of this source", "主机不属于该来源")
        try:
            literal = ip_address(host)
        except ValueError:
            return
        self.check_address(host, port, str(literal))

    def check_address(self, host: str, port: int, address: str) -> None:
        """AddressRefused when `host` resolved to an address that is not public, unless koubei.toml
        names exactly this `host:port`.
        """
        if f"{host}:{port}" in self.private or f"[{host}]:{port}" in self.private:
            return
        if not is_public(address):
            raise _refused(f"{host} has a private address", "主机解析到内网地址")

    async def resolve(self, host: str, port: int) -> tuple[str, ...]:
        """Return the addresses to connect to; AddressRefused when the host is not on the list or
        any of them is not public, OSError when the name does not resolve.
        """
        self.check_host(host, port)
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
        for address in addresses:
            self.check_address(host, port, address)
        return addresses


def _is_one_of(host: str, name: str) -> bool:
    if name == _EVERY:
        return True
    return is_below(host, name[1:]) if name.startswith(".") else host == name


def _names_port(parts: SplitResult) -> bool:
    return parts.port is not None


def _refused(en: str, zh: str) -> AddressRefused:
    # the address itself may be crawled text: it is not repeated
    return AddressRefused(Text(zh, en), place="network guard")


@implementer(IHostnameResolver)
class GuardedResolver:
    """A resolver for Twisted that hands on addresses only when the policy allows all of them.

    Without a policy (before a spider has opened) it knows no exception and no host list: only
    public addresses pass. `refused` remembers the names it said no to.
    """

    def __init__(self, reactor: Any, policy: AddressPolicy | None = None) -> None:
        self.reactor = reactor
        self.inner: Any = reactor.nameResolver
        self.policy = policy
        self.refused: set[str] = set()

    @classmethod
    def from_crawler(cls, crawler: Any, reactor: Any) -> "GuardedResolver":
        """Scrapy's way to build a resolver (setting TWISTED_DNS_RESOLVER)."""
        return cls(reactor)

    def install_on_reactor(self) -> None:
        """Make this the one resolver of the process."""
        self.reactor.installNameResolver(self)

    def resolveHostName(  # the interface's name
        self,
        resolutionReceiver: Any,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        """Resolve a name, pass on its addresses when every one may be asked, else none."""
        receiver = _CheckingReceiver(self, resolutionReceiver, hostName, portNumber)
        resolution: IHostResolution = self.inner.resolveHostName(
            receiver, hostName, portNumber, addressTypes, transportSemantics
        )
        return resolution

    def allows(self, host: str, port: int, addresses: Sequence[str]) -> bool:
        """Whether every address of a name may be connected to."""
        try:
            if self.policy is not None:
                self.policy.check_host(host, port)
            policy = self.policy or AddressPolicy(frozenset(), frozenset())
            for address in addresses:
                policy.check_address(host, port, address)
        except AddressRefused:
            self.refused.add(host)
            return False
        return True


def guard_names(policy: AddressPolicy) -> None:
    """Put a policy into the resolver of this process, which is made a guarded one if it is not."""
    from twisted.internet import reactor  # importing it installs one, so not before a crawl runs

    resolver = reactor.nameResolver
    if not isinstance(resolver, GuardedResolver):
        resolver = GuardedResolver(reactor)
        resolver.install_on_reactor()
    resolver.policy = policy


def was_refused(url: str) -> bool:
    """Whether the resolver refused the host of an address."""
    from twisted.internet import reactor  # see guard_names

    host = (urlsplit(url).hostname or "").lower()
    return host in getattr(reactor.nameResolver, "refused", ())


@provider(IResolutionReceiver)
class _CheckingReceiver:
    """Collects the addresses of one name and passes them on all together or not at all."""

    def __init__(self, resolver: GuardedResolver, receiver: Any, host: str, port: int) -> None:
        self.resolver = resolver
        self.receiver = receiver
        self.host = host
        self.port = port
        self.addresses: list[Any] = []

    def resolutionBegan(self, resolution: IHostResolution) -> None:
        self.receiver.resolutionBegan(resolution)

    def addressResolved(self, address: IAddress) -> None:
        self.addresses.append(address)

    def resolutionComplete(self) -> None:
        if self.resolver.allows(self.host, self.port, [a.host for a in self.addresses]):
            for address in self.addresses:
                self.receiver.addressResolved(address)
        self.receiver.resolutionComplete()
