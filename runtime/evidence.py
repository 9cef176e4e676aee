"""The room in which evidence is packed: with a browser where one can be driven, else raw pages."""

from collections.abc import Callable
from importlib.util import find_spec

from browser.find import find_browser
from domain.errors import BrowserMissing
from monitoring.evidence_pack import EvidenceRoom, TakePicture
from runtime.child_environment import child_environment
from runtime.settings import Settings
from runtime.wiring import Services


def evidence_room(services: Services) -> EvidenceRoom:
    """Return the room over the open services."""
    return EvidenceRoom(
        services.begin_work,
        services.begin_reading,
        services.store,
        services.archive,
        take_picture=picture_taker(services.settings),
    )


def picture_taker(
    settings: Settings, find: Callable[[str], object] = find_spec
) -> TakePicture | None:
    """Return what draws a page, None where browsers are switched off or none can be driven."""
    if not settings.browser.enabled or find("playwright") is None:
        return None
    path = settings.browser.path
    try:
        browser = find_browser(str(path) if path else None)
    except BrowserMissing:
        return None
    # needs the package, which a host without the crawl extra does not have
    from browser.picture import picture_of

    environment = child_environment()
    return lambda body: picture_of(body, browser, environment)
