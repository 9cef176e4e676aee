"""How far apart two requests to a host lie; no setting goes below a platform's floor."""

from datetime import timedelta
from urllib.parse import urlsplit

from domain.hosts import is_below, is_private, normal_host, place_of

FLOORS = {
    # one page at a time: what public crawlers of each site found it to bear
    "weibo.com": timedelta(seconds=8),
    "weibo.cn": timedelta(seconds=8),
    "zhihu.com": timedelta(seconds=5),
    "baidu.com": timedelta(seconds=5),
}


def pace_of(url: str, *, delay: timedelta, allowed_hosts: tuple[str, ...]) -> timedelta:
    """Return the time between two requests to the host of an address.

    `delay` (crawl.delay) can make it longer than a platform's floor, never shorter. Private
    addresses named in crawl.allowed_hosts are the operator's own and have none.
    """
    host = normal_host(urlsplit(url))
    for site, floor in FLOORS.items():
        if is_below(host, site):
            return max(floor, delay)
    return timedelta(0) if is_own(url, allowed_hosts) else delay


def is_own(url: str, allowed_hosts: tuple[str, ...]) -> bool:
    """Whether an address is allowed by name and cannot be anybody else's."""
    allowed = {place.lower() for place in allowed_hosts}
    return is_private(normal_host(urlsplit(url))) and place_of(url) in allowed
