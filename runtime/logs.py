"""One JSON line per event, on standard error; Scrapy and every library go through the same handler.

Ids and counts go in, people's texts and secrets do not: values under a name that sounds like a
secret are replaced, and any text is cut, so that a careless call cannot leak a page into the log.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

from domain.errors import KoubeiError
from presentation.hostile import without_commands

Event = MutableMapping[str, Any]

_SECRET_NAMES: Final = re.compile(
    r"password|passwd|passphrase|secret|token|cookie|authorization|api_?key", re.I
)
_URL_SECRETS: Final = re.compile(
    r"(?<=://)[^/\s:@]*:[^\s@]+(?=@)|(?<=[?&]key=)[^&\s]+|(?<=[?&]password=)[^&\s]+"
    r"|(?<=[?&]ticket=)[^&\s]+|(?<=[?&]code=)[^&\s]+"
)
_LONGEST_VALUE: Final = 500
_CHATTY: Final = ("alembic.", "elastic_transport.", "uvicorn.", "scrapy.", "twisted", "asyncio")
"""Libraries whose ordinary news nobody needs: from warnings on they are heard."""


def configure_logs(level: str = "info", form: str = "json") -> None:
    """Send every log record of this process to standard error as JSON, or for eyes (`console`)."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    last: list[Any] = (
        [structlog.processors.JSONRenderer()]  # ASCII: no sign can end a line
        if form == "json"
        else [_for_eyes, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                name_errors_of_ours,
                structlog.processors.format_exc_info,
                redact,
                *last,
            ],
        )
    )
    # at the handler, because Scrapy sets the levels of its own loggers when it starts
    handler.addFilter(_is_news)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # a lane that is busy when its tick comes is no event
    logging.getLogger("apscheduler").setLevel(logging.ERROR)


def _is_news(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING or not record.name.startswith(_CHATTY)


def name_errors_of_ours(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Put an error of ours into one line: it was foreseen, and a stack trace tells nothing more."""
    given = event.get("exc_info")
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, KoubeiError):
        del event["exc_info"]
        event["error"] = str(error)
    return event


def redact(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Replace secrets and cut long values; a structlog processor."""
    for name, value in event.items():
        if _SECRET_NAMES.search(name):
            event[name] = "****"
        elif isinstance(value, str):
            event[name] = _URL_SECRETS.sub("****", value)[: _limit(name)]
    return event


def _for_eyes(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Write out what a terminal would obey, and line breaks, which would forge an event; only a
    trace has its own.
    """
    for name, value in event.items():
        if isinstance(value, str):
            shown = value if name == "exception" else value.replace("\n", "\\n")
            event[name] = without_commands(shown)
    return event


def _limit(name: str) -> int:
    return 20_000 if name == "exception" else _LONGEST_VALUE
