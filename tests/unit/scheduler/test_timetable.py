"""The grid of slots."""

from datetime import UTC, datetime, timedelta

from domain.brand import Configuration, Source, Transport, Watch
from domain.mention import Platform
from scheduler.timetable import FIXED_JOBS, Job, Lane, jobs_of, slot_at

SOURCE = Source("weibo", "weibo_search", Platform.WEIBO, Transport.HTTP, "https://s.weibo.com")
WATCH = Watch("tea", "云栈", ("tea",), ("云栈",), ("weibo",))


def test_a_slot_is_the_newest_grid_point_and_the_same_everywhere():
    job = Job("detect", Lane.DETECT, timedelta(minutes=5))
    at = datetime(2026, 11, 21, 10, 7, 31, 999, tzinfo=UTC)
    assert slot_at(job, at) == datetime(2026, 11, 21, 10, 5, tzinfo=UTC)
    assert slot_at(job, slot_at(job, at)) == slot_at(job, at)


def test_every_enabled_watch_and_source_is_a_job_in_its_platforms_lane():
    configuration = Configuration(watches=(WATCH,), sources=(SOURCE,))
    jobs = jobs_of(configuration)
    assert jobs[: len(FIXED_JOBS)] == FIXED_JOBS
    assert [(j.name, j.lane, j.every) for j in jobs[len(FIXED_JOBS) :]] == [
        ("crawl:tea:weibo", Lane.WEIBO, timedelta(minutes=15))
    ]


def test_nothing_configured_still_relays_mail():
    assert {job.lane for job in jobs_of(Configuration())} == {
        Lane.DETECT,
        Lane.RELAY,
        Lane.ESCALATE,
        Lane.CLOCKS,
        Lane.HEARTBEAT,
        Lane.HOUSEKEEPING,
        Lane.BACKUP,
        Lane.REPORT,
        Lane.RESCORE,
    }
