"""/metrics: what Prometheus reads. Computed from the stores when asked, so it is true whichever
process did the work; no label holds a person, a query or a url.
"""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from domain.coverage import KNOWN_STATES
from domain.outbox import OutboxState
from monitoring.overview import Overview

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class _OverviewCollector(Collector):
    def __init__(self, overview: Overview) -> None:
        self._overview = overview

    def collect(self) -> Iterable[Metric]:
        view = self._overview
        store = view.store
        yield _gauge(
            "koubei_store_up", "1 if the mention store answers.", [((), store is not None)]
        )
        if store is not None:
            yield _gauge("koubei_mentions", "Mentions in the store.", [((), store.mentions)])
        yield _gauge(
            "koubei_spool_waiting",
            "Looks that wait for the mention store, on all machines.",
            [((), view.spooled_looks)],
        )
        since = view.spooled_since
        yield _gauge(
            "koubei_spool_oldest_seconds",
            "How long the oldest look has waited, 0 when none waits.",
            [((), max((view.now - since).total_seconds(), 0) if since else 0)],
        )
        yield _gauge(
            "koubei_dead_letters", "Mentions that the store refused.", [((), view.dead_letters)]
        )
        yield _gauge(
            "koubei_crawl_last_success_timestamp_seconds",
            "When a watch's source was last read without a gap.",
            [
                ((s.watch.id, s.source.id, s.source.platform.value), s.last_good_at.timestamp())
                for s in view.sources
                if s.last_good_at
            ],
            ("watch", "source", "platform"),
        )
        yield _gauge(
            "koubei_source_known",
            "1 if the newest look ended ok or empty, 0 if partial, blocked or failed.",
            [
                ((s.watch.id, s.source.id, s.source.platform.value), s.latest.state in KNOWN_STATES)
                for s in view.sources
                if s.latest
            ],
            ("watch", "source", "platform"),
        )
        yield _gauge(
            "koubei_outbox_mails",
            "Mails in the outbox by state.",
            [((state.value,), view.mails[state]) for state in OutboxState],
            ("state",),
        )
        yield _gauge(
            "koubei_signals_open",
            "Signals that are not closed, by level.",
            [
                ((level,), sum(s.level.value == level for s in view.open_signals))
                for level in ("red", "orange", "yellow", "blue")
            ],
            ("level",),
        )
        yield _gauge(
            "koubei_job_slot_timestamp_seconds",
            "The newest slot of each job, by its state.",
            [((job.job, job.state.value), job.slot_at.timestamp()) for job in view.jobs],
            ("job", "state"),
        )


def metrics_text(overview: Overview) -> bytes:
    """Return the page that Prometheus reads."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_OverviewCollector(overview))
    return generate_latest(registry)


def _gauge(
    name: str,
    text: str,
    samples: Iterable[tuple[tuple[str, ...], float]],
    labels: tuple[str, ...] = (),
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, value in samples:
        family.add_metric(values, float(value))
    return family
