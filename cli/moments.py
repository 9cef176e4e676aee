"""`--fetched-at`, read alike wherever a saved page is given."""

from datetime import UTC, datetime

from domain.errors import ConfigurationError, Text
from domain.times import CHINA
from presentation.hostile import quotation


def moment_option(text: str | None, option: str = "--fetched-at") -> datetime | None:
    """Return the moment that an option names, None when it was not given; without a zone it is
    China time. ConfigurationError when it is no ISO 8601 time.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=CHINA)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ConfigurationError(
            Text("不是 ISO 8601 时间", "is no ISO 8601 time"),
            place=f"{option} {quotation(text, 60)}",
            mend=Text("写作 2026-11-21T08:00:00+08:00", "write it as 2026-11-21T08:00:00+08:00"),
        ) from error
