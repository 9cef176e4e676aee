"""The address of the feed that shows the posts behind a figure."""

from datetime import UTC, datetime
from urllib.parse import urlencode

from domain.report import Query


def feed_path(query: Query) -> str:
    """Return `/feed?brand=…&from=…&to=…`, with platforms, label and words where they narrow."""
    params = {
        "brand": query.brand_id,
        "from": _moment(query.start),
        "to": _moment(query.end),
        "platform": "~".join(query.platforms),
        "label": "~".join(query.labels),
        "words": " ".join(query.words),
    }
    return "/feed?" + urlencode({name: value for name, value in params.items() if value}, safe="~")


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
