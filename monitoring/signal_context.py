"""The facts around a signal, read back from the workflow database alone: for reminders, messages
that people cause, and the alert page.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from domain.alert import AlertContext, CoverageNote
from domain.brand import DEFAULT_CLOCKS, Configuration
from domain.coverage import KNOWN_STATES, of_the_whole
from domain.ports import UnitOfWork
from domain.signal import Signal

EARLIER = 3


def context_of(
    work: UnitOfWork,
    signal: Signal,
    configuration: Configuration,
    now: datetime,
    zone: ZoneInfo,
    public_url: str,
) -> AlertContext:
    """Return the context of a signal as it stands; without the hours of its chart, which only the
    mention store knows.
    """
    names = {brand.id: brand.name for brand in configuration.brands}
    watches = [w for i in signal.watch_ids if (w := configuration.watch(i)) is not None]
    newest = of_the_whole(work.coverage.latest())
    looks = [row for row in newest if row.watch_id in signal.watch_ids]
    read = [row.observed_at for row in looks if row.state in KNOWN_STATES]
    return AlertContext(
        brand_name=names.get(signal.brand_id, signal.brand_id),
        watch_names=tuple(watch.name for watch in watches),
        sensitivity=configuration.detection.for_brand(signal.brand_id).value,
        zone_name=zone.key,
        public_url=public_url.rstrip("/"),
        clocks=configuration.clocks.get(signal.level, DEFAULT_CLOCKS[signal.level]),
        hours=(),
        data_until=signal.updated_at,
        lag=now - max(read) if read else None,
        coverage=tuple(
            CoverageNote(row.source_id, row.platform, row.state.value, row.reason)
            for row in looks
            if row.state not in KNOWN_STATES
        ),
        similar=tuple(
            s.id for s in work.signals.of_brand(signal.brand_id, EARLIER + 1) if s.id != signal.id
        )[:EARLIER],
        demo=configuration.is_demo,
        written_at=now,
    )
