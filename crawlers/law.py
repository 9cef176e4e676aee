"""What no command line can take from a run: who it says it is, whom it may ask, and how often.

`scrapy crawl … -s NAME=VALUE` stands above a project's settings and even above a spider's own. For
these names ours stand above it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from scrapy.settings import default_settings

from crawlers import settings

PRIORITY: Final = 100
"""Above `cmdline`, which is 40 (scrapy.settings.SETTINGS_PRIORITIES)."""

NAMES: Final = (
    "COOKIES_ENABLED",
    "DOWNLOADER_MIDDLEWARES",
    "DOWNLOAD_HANDLERS",
    "DOWNLOAD_MAXSIZE",
    "DOWNLOAD_VERIFY_CERTIFICATES",
    "EXTENSIONS",
    "HTTPPROXY_ENABLED",
    "REMOTE_CONTROL_ENABLED",
    "TELNETCONSOLE_ENABLED",
)

LAW: Final[Mapping[str, object]] = MappingProxyType(
    {
        **{name: getattr(settings, name) for name in NAMES},
        # a User-Agent among them would come before the one of the run
        "DEFAULT_REQUEST_HEADERS": default_settings.DEFAULT_REQUEST_HEADERS,
    }
)
