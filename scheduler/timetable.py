"""What runs when: pure. A job's slots lie on a fixed grid, so every service computes the same
ones.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from domain.brand import Configuration
from domain.crawl import crawl_job_name
from domain.model_run import RESCORING


class Lane(StrEnum):
    """Work that must not overlap with itself; different lanes run side by side."""

    DETECT = "detect"
    RELAY = "relay"
    ESCALATE = "escalate"
    CLOCKS = "clocks"
    HEARTBEAT = "heartbeat"
    HOUSEKEEPING = "housekeeping"
    BACKUP = "backup"
    REPORT = "report"
    RESCORE = "rescore"
    WEIBO = "crawl:weibo"
    ZHIHU = "crawl:zhihu"
    TIEBA = "crawl:tieba"

    @property
    def is_crawl(self) -> bool:
        """Whether the lane belongs to a platform, of which one session at a time is polite."""
        return self.value.startswith("crawl:")


@dataclass(frozen=True, slots=True)
class Job:
    """A job with its rhythm. A crawl job names its watch and source."""

    name: str
    lane: Lane
    every: timedelta
    watch_id: str = ""
    source_id: str = ""


FIXED_JOBS = (
    Job("detect", Lane.DETECT, timedelta(minutes=5)),
    Job("relay", Lane.RELAY, timedelta(seconds=30)),
    Job("escalate", Lane.ESCALATE, timedelta(minutes=1)),
    Job("clocks", Lane.CLOCKS, timedelta(minutes=1)),
    Job("heartbeat", Lane.HEARTBEAT, timedelta(minutes=1)),
    Job("housekeeping", Lane.HOUSEKEEPING, timedelta(days=1)),
    # how often it is looked whether one is due; `backup.every` says how often one is
    Job("backup", Lane.BACKUP, timedelta(minutes=15)),
    Job("report", Lane.REPORT, timedelta(minutes=5)),
    # how often it is looked whether another model is in use; then it goes on until all is judged
    Job(RESCORING, Lane.RESCORE, timedelta(minutes=5)),
)


def jobs_of(configuration: Configuration) -> tuple[Job, ...]:
    """Return every job of a configuration: the fixed ones, and a crawl for each watch and
    source.
    """
    crawls = tuple(
        Job(
            name=crawl_job_name(watch.id, source.id),
            lane=Lane(f"crawl:{source.platform.value}"),
            every=source.every,
            watch_id=watch.id,
            source_id=source.id,
        )
        for watch, source in configuration.crawl_pairs()
    )
    return FIXED_JOBS + crawls


def slot_at(job: Job, now: datetime) -> datetime:
    """Return the newest grid point of a job that is not after `now` (grid: Unix epoch + k ·
    every).
    """
    width = job.every.total_seconds()
    return datetime.fromtimestamp(now.timestamp() // width * width, UTC)
