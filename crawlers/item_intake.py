"""What stands on the pages of an item, placed: which mention it hangs under, and by whose words it
belongs to the watch.

A page of comments shows comments only. That they are about the post above them is known to who
asked for them, so it is said here, before ingest: `under` is the item, `context` its words.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from crawlers.frontier import Frontier
from crawlers.items import Item
from crawlers.pipelines import Intake, Read
from crawlers.services import Services
from domain.brand import Watch
from domain.crawl import FrontierEntry
from domain.mention import Kind, Mention
from domain.page import FoundMention, Page

_ANSWERS = {
    Kind.FLOOR: frozenset({Kind.REPLY}),
    Kind.THREAD: frozenset({Kind.FLOOR, Kind.REPLY}),
}
"""What stands under a part of a Tieba thread; elsewhere it is comments."""
_COMMENTS = frozenset({Kind.COMMENT})


class ItemIntake(Intake):
    """Carries the pages of items into the store. `items` by the number of their series."""

    def __init__(
        self,
        services: Services,
        frontier: Frontier,
        watch: Watch,
        read: Read,
        items: Mapping[int, Item],
    ) -> None:
        super().__init__(services, frontier, watch, read)
        self._items = items
        self._refreshed: dict[int, FoundMention] = {}

    def read(self, entry: FrontierEntry) -> Page:
        """Read a fetched page, and place what stands on it."""
        page = super().read(entry)
        series = Frontier.request_of(entry).series
        item = self._items[series].mention
        for found in page.mentions:
            if found.id == item.id and found.author:
                self._refreshed[series] = found
        own = self._refreshed.get(series)
        edited_at = (own.edited_at if own else None) or item.edited_at
        item = replace(item, edited_at=edited_at)
        return replace(page, mentions=tuple(placed(found, item) for found in page.mentions))

    @property
    def has_answered(self) -> bool:
        """Whether any item was found on its page so far: the site is the platform's."""
        return bool(self._refreshed)

    def known_before(self, entry: FrontierEntry) -> datetime | None:
        """When everything under this item was read the last time."""
        return self._items[Frontier.request_of(entry).series].finished_at


def placed(found: FoundMention, item: Mention) -> FoundMention:
    """Return a found mention as what it is in the reading of an item."""
    said = f"{item.title}\n{item.text}"
    if found.id == item.id:  # belongs as it did, also when an edit took the brand out of it
        return replace(_as_known(found, item), under=item.id, context=said)
    if not is_under(found, item):
        return replace(found, under=item.id)
    root = found.root_id if item.kind is Kind.FLOOR else item.id
    is_repost = found.repost_of == item.id
    return replace(
        found,
        root_id=found.root_id if is_repost else root,
        parent_id=found.parent_id or (None if is_repost else item.id),
        url=found.url or item.url,
        forum=found.forum or item.forum,
        under=item.id,
        context=said,
    )


def is_under(found: FoundMention, item: Mention) -> bool:
    """Whether a mention comments on an item, answers it, or passes it on."""
    if found.repost_of == item.id:
        return True
    if found.kind not in _ANSWERS.get(item.kind, _COMMENTS):
        return False
    if item.kind is Kind.FLOOR:
        return found.parent_id == item.id
    return item.kind is not Kind.THREAD or found.root_id in (None, item.id)


def _as_known(found: FoundMention, item: Mention) -> FoundMention:
    """A long text comes without its author and time: they are those of the post it belongs to, and
    so is the edit after which it was asked for.
    """
    if found.published_at is not None and found.author:
        return found
    return replace(
        found,
        title=found.title or item.title,
        url=item.url,
        published_at=item.published_at,
        published_precision=item.published_precision,
        edited_at=found.edited_at or item.edited_at,
    )
