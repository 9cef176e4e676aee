"""The one gate in front of every page: robots.txt, and what a person signed for. Pure.

robots.txt says yes                        pass
it could not be read (5xx, silence)        no, whatever is signed
the host refuses it (401, 403, 429)        no, whatever is signed: that is a wall, not a rule
it forbids the address                     pass only for the source's own host, and only under a
                                           signed sheet that still holds and says so
"""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from crawlers.robots import RobotsAnswer
from crawlers.services import Services
from domain.assessment import (
    Assessment,
    Standing,
    rate_of,
    robots_digest,
    standing_of,
)
from domain.brand import Source
from domain.errors import RobotsRefused, Text
from domain.hosts import place_of
from domain.pace import pace_of

Signed = Callable[[str], Standing]
"""Tells how the source stands with its sheet, given the digest of the robots.txt of today."""
NOTHING_SIGNED = Standing()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an address may be asked for: `under` is the sheet that lets it pass where robots.txt
    does not, `refusal` why it may not be.
    """

    under: Assessment | None = None
    refusal: RobotsRefused | None = None


def judge(url: str, answer: RobotsAnswer, *, base_url: str, signed: Signed) -> Verdict:
    """Return the verdict on an address of a source at `base_url`."""
    if answer.allows(url):
        return Verdict()
    if not 200 <= answer.status < 300:
        return Verdict(refusal=_refused(unread=answer.unread))
    if place_of(url) != place_of(base_url) or urlsplit(url).scheme != urlsplit(base_url).scheme:
        return Verdict(refusal=_refused())
    standing = signed(robots_digest(answer.status, answer.body))
    if standing.permits:
        return Verdict(under=standing.signed)
    lapsed = standing.signed is not None and standing.signed.allows_disallowed
    lapse = standing.lapse.value if lapsed and standing.lapse is not None else ""
    return Verdict(refusal=_refused(lapse=lapse))


def signed_for(source: Source, services: Services) -> Signed:
    """Return what reads, each time anew, how a source stands: a sheet that is withdrawn while a run
    is under way stops it at its next page.
    """
    settings = services.settings.crawl
    pace = pace_of(
        source.base_url, delay=settings.delay, allowed_hosts=tuple(settings.allowed_hosts)
    )

    def read(robots_sha256: str) -> Standing:
        with services.begin_work() as work:
            _, configuration = work.configuration.current()
            newest = work.assessments.current(source.id)
        return standing_of(
            newest,
            source,
            rate_of(configuration, source, pace),
            services.clock.now(),
            robots_sha256=robots_sha256,
        )

    return read


def _refused(*, unread: bool = False, lapse: str = "") -> RobotsRefused:
    if unread:
        told = Text("robots.txt 读不到，按不允许处理", "cannot be read, which is a no")
    elif lapse:
        told = Text("robots.txt 不允许，采集影响评估已失效", "says no, and the sheet has lapsed")
    else:
        told = Text("robots.txt 不允许", "says no")
    return RobotsRefused(told, unread=unread, lapse=lapse, place="robots.txt")
