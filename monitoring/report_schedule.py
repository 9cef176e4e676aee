"""When a report is due, and making it: looked at every few minutes, so that a service that was down
on Monday morning makes up for it, and one that starts twice makes nothing twice.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.brand import Configuration
from domain.coverage import KNOWN_STATES
from domain.ports import BeginWork, MentionStore
from domain.report import Period, ReportKind, ReportState, report_id
from monitoring.report import brands_with_reports, build_snapshot
from workflow.reports import SCHEDULER, Render, RenderReminder, draft, send_by_machine

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Press:
    """What making reports needs besides the stores."""

    zone: ZoneInfo
    render: Render
    remind: RenderReminder


def due_periods(configuration: Configuration, zone: ZoneInfo, now: datetime) -> tuple[Period, ...]:
    """Return the newest periods whose report is due: last week's from Monday's `weekly_at` on,
    yesterday's from `daily_at` on. A daily one only where somebody gets it.
    """
    plan, local = configuration.report, now.astimezone(zone)
    monday = local.date() - timedelta(days=local.weekday())
    due = []
    if plan.weekly:
        last = monday if now >= _moment(monday, plan.weekly_at, zone) else monday - 7 * _DAY
        due.append(Period.holding(ReportKind.WEEK, last - _DAY, zone))
    if plan.daily and plan.daily_recipients:
        day = local.date()
        last = day if now >= _moment(day, plan.daily_at, zone) else day - _DAY
        due.append(Period.holding(ReportKind.DAY, last - _DAY, zone))
    return tuple(due)


def make_due(
    store: MentionStore,
    begin_reading: BeginWork,
    begin_work: BeginWork,
    now: datetime,
    press: Press,
) -> Mapping[str, int]:
    """Draft what is due, remind those who write and review, and mail the daily reports; return how
    many of each (drafted, sent).

    A period in which nothing was looked at (the monitoring began later) has no report.
    """
    counts: Counter[str] = Counter()
    for period, brand_id in _missing(begin_reading, press.zone, now):
        key = report_id(period, brand_id)
        with begin_reading() as work:
            there = work.reports.exists(key)
        if not there:
            snapshot = build_snapshot(store, begin_reading, period, brand_id, now)
            remind = press.remind if period.kind is ReportKind.WEEK else None
            draft(begin_work, snapshot, actor=SCHEDULER, at=now, remind=remind)
            counts["drafted"] += 1
        if period.kind is ReportKind.DAY:
            send_by_machine(begin_work, key, actor=SCHEDULER, at=now, render=press.render)
            counts["sent"] += 1
    return dict(counts)


def _missing(
    begin_reading: BeginWork, zone: ZoneInfo, now: datetime
) -> Iterator[tuple[Period, str]]:
    """Yield what is due and not there, or a daily one that was not sent."""
    with begin_reading() as work:
        _, configuration = work.configuration.current()
        wanted = []
        for period in due_periods(configuration, zone, now):
            for brand in brands_with_reports(configuration):
                report = work.reports.get(report_id(period, brand.id))
                if report is None:
                    ids = [watch.id for watch in configuration.watches_of(brand.id)]
                    rows = work.coverage.rows(ids, start=period.start, end=period.end)
                    if any(row.state in KNOWN_STATES for row in rows):
                        wanted.append((period, brand.id))
                elif report.kind is ReportKind.DAY and report.state is not ReportState.SENT:
                    wanted.append((period, brand.id))
    yield from wanted


def _moment(day: date, after_midnight: timedelta, zone: ZoneInfo) -> datetime:
    midnight = datetime.combine(day, time.min, zone)
    return (midnight + after_midnight).astimezone(UTC)
