"""Hosts and addresses: which are this machine, which are public, and how `host:port` is written."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_GLOBAL_UNICAST = ip_network("2000::/3")
"""All that IANA hands out; beyond it lie ::127.0.0.1, site-local fec0::/10, local NAT64 and more
that the standard library calls global."""
_NAT64 = ip_network("64:ff9b::/96")


def is_ip(text: str) -> bool:
    """Whether this is an IP address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def is_below(host: str, site: str) -> bool:
    """Whether a host is a site or lies below it."""
    return host == site or host.endswith("." + site)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine: `localhost`, 127.0.0.0/8 or ::1."""
    return host == "localhost" or (is_ip(host) and ip_address(host).is_loopback)


def is_public(address: str) -> bool:
    """Whether an IP address is a public unicast one; embedded IPv4 addresses count as themselves.

    Not public: private, loopback, link-local (cloud metadata), shared 100.64/10, reserved,
    multicast, unspecified (RFC 6890 registries as the standard library has them). ValueError when
    it is no address.
    """
    ip: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        ip = _embedded(ip) or ip
    if isinstance(ip, IPv6Address) and ip not in _GLOBAL_UNICAST:
        return False
    return ip.is_global and not ip.is_multicast


def is_private(host: str) -> bool:
    """Whether a host is `localhost` or an address that is not public. A name says nothing of whose
    server it is, and every name of a platform has other spellings.
    """
    return host == "localhost" or (is_ip(host) and not is_public(host))


def is_read_on_the_line(url: str) -> bool:
    """Whether what goes to an address and back can be read by others: http to another machine."""
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")


def normal_host(parts: SplitResult) -> str:
    """Return the host in lower case, in ASCII, without a closing dot; ValueError without one."""
    host = (parts.hostname or "").rstrip(".").lower()
    if not host:
        raise ValueError("no host")
    return host if host.isascii() else host.encode("idna").decode("ascii")


def port_of(parts: SplitResult) -> int:
    """Return the port that an address names, else its scheme's, 0 without either; ValueError when
    what it names is no port.
    """
    return parts.port or DEFAULT_PORTS.get(parts.scheme, 0)


def place_of(url: str) -> str:
    """Return `127.0.0.1:8600` or `[::1]:8600`, the form in which settings name a server;
    ValueError when the address has no host.
    """
    parts = urlsplit(url)
    host = normal_host(parts)
    return f"{f'[{host}]' if ':' in host else host}:{port_of(parts)}"


def _embedded(ip: IPv6Address) -> IPv4Address | None:
    if ip.ipv4_mapped:
        return ip.ipv4_mapped
    if ip.sixtofour:
        return ip.sixtofour
    if ip.teredo:
        return ip.teredo[1]
    return IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else None
