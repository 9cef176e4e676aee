"""What a watch catches, and what a rule would have caught of what is stored. For the page 方案."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from analysis.matching import matches
from domain.brand import Configuration, Watch, WatchRule
from domain.mention import Mention
from domain.ports import BeginWork, MentionStore
from domain.queries import Bucket, MentionFilter, Sort

DAYS_SHOWN = 14
SAMPLE = 20
_DAY = timedelta(days=1)
_MOST_LOOKED_AT = 20_000
"""Stored mentions that a trial reads at most; it says when it stopped there."""


@dataclass(frozen=True, slots=True)
class WatchStanding:
    """One watch and what it brought: `by_day` the last days, the oldest first (business days);
    `noise` the part that is spam or our own accounts, None when nothing was caught.
    """

    watch: Watch
    by_day: tuple[int, ...]
    noise: float | None

    @property
    def a_day(self) -> float:
        """Mentions a day, over the whole days shown."""
        whole = self.by_day[:-1]
        return sum(whole) / len(whole) if whole else 0.0


@dataclass(frozen=True, slots=True)
class WatchesView:
    """The page: every watch, and who changed the configuration when."""

    version: int
    configuration: Configuration
    watches: tuple[WatchStanding, ...]
    history: tuple[tuple[int, datetime, str, str], ...]
    names: Mapping[str, str]
    """Account ids as they stand in the trail (`account:ID`) → the person's name."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What a rule would take of the mentions stored over the last `days`.

    `looked_at` of them were read, `taken` pass, `lost` are in the watch now and would not be any
    more. `sample` are the newest that pass. `cut`: there were more than were read.
    """

    days: int
    looked_at: int
    taken: int
    lost: int
    sample: tuple[Mention, ...]
    lost_sample: tuple[Mention, ...]
    cut: bool


def watches_view(
    begin_reading: BeginWork, store: MentionStore, now: datetime, zone: ZoneInfo
) -> WatchesView:
    """Read every watch with its figures."""
    with begin_reading() as work:
        version, configuration = work.configuration.current()
        history = work.configuration.history()
        names = {account.actor: account.name for account in work.accounts.all()}
    return WatchesView(
        version=version,
        configuration=configuration,
        watches=tuple(_standing(store, watch, now, zone) for watch in configuration.watches),
        history=tuple(history),
        names=names,
    )


def try_rule(
    store: MentionStore, rule: WatchRule, now: datetime, *, watch_id: str = "", days: int = 7
) -> Trial:
    """Return what `rule` would take of what is stored, before it is saved.

    Only what some query brought in can be looked at: a wider query needs a crawl to show more.
    """
    wanted = MentionFilter(start=now - days * _DAY, end=now + _DAY, public_voice_only=False)
    looked_at = taken = lost = 0
    sample: list[Mention] = []
    lost_sample: list[Mention] = []
    page = store.search(wanted, sort=Sort.NEWEST, limit=500)
    while True:
        for mention in page.mentions:
            looked_at += 1
            if matches(rule, f"{mention.title}\n{mention.text}"):
                taken += 1
                sample += [mention] if len(sample) < SAMPLE else []
            elif watch_id in mention.watch_ids:
                lost += 1
                lost_sample += [mention] if len(lost_sample) < SAMPLE else []
        if page.after is None or looked_at >= _MOST_LOOKED_AT:
            break
        page = store.search(wanted, sort=Sort.NEWEST, limit=500, after=page.after)
    return Trial(
        days, looked_at, taken, lost, tuple(sample), tuple(lost_sample), page.after is not None
    )


def _standing(store: MentionStore, watch: Watch, now: datetime, zone: ZoneInfo) -> WatchStanding:
    today = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    start = today - (DAYS_SHOWN - 1) * _DAY
    everything = MentionFilter(
        watch_id=watch.id, start=start, end=today + _DAY, public_voice_only=False
    )
    offset = today.utcoffset() or timedelta(0)
    by_day = [0] * DAYS_SHOWN
    for point in store.timeline(everything, Bucket.DAY, day_offset=offset):
        place = (point.start - start) // _DAY
        if 0 <= place < DAYS_SHOWN:
            by_day[place] += point.count
    total = sum(by_day)
    voices = MentionFilter(watch_id=watch.id, start=start, end=today + _DAY)
    noise = 1 - store.count(voices) / total if total else None
    return WatchStanding(watch, tuple(by_day), noise)
