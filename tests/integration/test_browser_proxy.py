"""The proxy behind which a browser sits: what it lets through, and to which address."""

import asyncio
from collections.abc import Sequence

import pytest

from browser.proxy import GuardProxy
from crawlers.guard import AddressPolicy
from domain.errors import AddressRefused, Text
from tests.integration.replay_server import ReplayServer, Reply

pytestmark = pytest.mark.integration


async def talk(proxy: GuardProxy, *lines: str) -> bytes:
    """Send a request head to the proxy and return everything that comes back."""
    host, port = proxy.address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write("\r\n".join([*lines, "", ""]).encode())
    try:
        async with asyncio.timeout(10):
            return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


def policy_for(site: ReplayServer, *, private: bool) -> AddressPolicy:
    host, _, port = site.address.partition(":")
    return AddressPolicy(
        frozenset({host}), frozenset({int(port)}), frozenset({site.address} if private else ())
    )


def test_an_allowed_host_is_asked_with_its_own_path_and_one_request_a_connection() -> None:
    async def play(site: ReplayServer) -> bytes:
        async with GuardProxy(policy_for(site, private=True).resolve) as proxy:
            return await talk(proxy, f"GET {site.base_url}/a?b=1 HTTP/1.1", f"Host: {site.address}")

    with ReplayServer(lambda _: Reply(b"hello")) as site:
        assert asyncio.run(play(site)).endswith(b"hello")
        assert (site.seen[0].path, site.seen[0].query) == ("/a", {"b": "1"})
        assert site.seen[0].headers["Connection"] == "close"


@pytest.mark.parametrize("method", ["GET {url}/x", "CONNECT {address}"])
def test_a_private_address_is_refused_before_any_connection(method: str) -> None:
    async def play(site: ReplayServer) -> tuple[bytes, set[str]]:
        async with GuardProxy(policy_for(site, private=False).resolve) as proxy:
            line = method.format(url=site.base_url, address=site.address) + " HTTP/1.1"
            return await talk(proxy, line, f"Host: {site.address}"), proxy.refused

    with ReplayServer(lambda _: Reply(b"secret")) as site:
        answer, refused = asyncio.run(play(site))
        assert answer.startswith(b"HTTP/1.1 403")
        assert refused == {site.address}
        assert site.seen == []


def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    """The name does not exist: only a proxy that connects to the checked address gets through."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        if host != "s.weibo.invalid":
            raise AddressRefused(Text("", "no"))
        return ["127.0.0.1"]

    async def play(port: str) -> bytes:
        async with GuardProxy(resolve) as proxy:
            target = f"s.weibo.invalid:{port}"
            return await talk(proxy, f"GET http://{target}/ HTTP/1.1", f"Host: {target}")

    with ReplayServer(lambda _: Reply(b"pinned")) as site:
        assert asyncio.run(play(site.address.partition(":")[2])).endswith(b"pinned")


def test_a_tunnel_carries_bytes_both_ways() -> None:
    async def play(site: ReplayServer) -> bytes:
        async with GuardProxy(policy_for(site, private=True).resolve) as proxy:
            host, port = proxy.address.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(f"CONNECT {site.address} HTTP/1.1\r\n\r\n".encode())
            assert b"200" in await reader.readuntil(b"\r\n\r\n")
            writer.write(b"GET /inside HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = await reader.read()
            writer.close()
            await writer.wait_closed()
            return answer

    with ReplayServer(lambda _: Reply(b"tunnelled")) as site:
        assert asyncio.run(play(site)).endswith(b"tunnelled")


@pytest.mark.parametrize(
    "line", ["GET /relative HTTP/1.1", "GET ftp://127.0.0.1/x HTTP/1.1", "nonsense"]
)
def test_what_is_no_request_for_a_proxy_reaches_nothing(line: str) -> None:
    async def play(site: ReplayServer) -> bytes:
        async with GuardProxy(policy_for(site, private=True).resolve) as proxy:
            return await talk(proxy, line)

    with ReplayServer(lambda _: Reply(b"x")) as site:
        answer = asyncio.run(play(site))
        assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
        assert site.seen == []
