"""Mentions of a filter as a file that a person takes along: permitted, and in the trail."""

import tempfile
from collections.abc import Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

from domain.ports import BeginWork, MentionStore
from monitoring.exporting import export
from monitoring.feed import FeedQuery
from workflow.permissions import Permission, require

MOST = 20_000
"""Rows of one file: more is what `koubei export` is for."""


def export_feed(
    begin_work: BeginWork,
    store: MentionStore,
    account_id: str,
    query: FeedQuery,
    ending: str,
    *,
    zone: ZoneInfo,
    at: datetime,
) -> bytes:
    """Return a `csv` or `xlsx` file of the first MOST mentions, oldest first, after noting in the
    trail who took how many by which filter. NotPermitted for whom may not.
    """
    with begin_work() as work:
        require(work, account_id, Permission.EXPORT)
    with tempfile.TemporaryDirectory(prefix="koubei-export-") as folder:
        file = Path(folder) / f"mentions.{ending}"
        count = 0
        found = islice(store.scan(query.filter), MOST)
        for count in export(found, file, zone, query.brand_id):  # noqa: B007
            pass
        content = file.read_bytes()
    with begin_work() as work:
        account = require(work, account_id, Permission.EXPORT)
        work.audit.append(
            at=at,
            actor=account.actor,
            action="mentions.exported",
            object_id=f"export:{ending}",
            reason="",
            payload={"count": count, **_told(query)},
        )
        work.commit()
    return content


def _told(query: FeedQuery) -> Mapping[str, object]:
    """The filter as the trail keeps it; the typed words are what was looked for, not crawled."""
    return {
        "brand": query.brand_id,
        "watch": query.watch_id,
        "platforms": [platform.value for platform in query.platforms],
        "labels": [label.value for label in query.labels],
        "start": query.start.isoformat() if query.start else None,
        "end": query.end.isoformat() if query.end else None,
        "words": list(query.words),
        "unsure_below": query.unsure_below,
        "without": list(query.without),
    }
