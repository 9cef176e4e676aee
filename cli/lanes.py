"""What the lanes do: crawl, detect, relay, remind, warn, beat, tidy, back up, report, rescore."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from crawlers.launch import look
from delivery.clock_mail import render_clock_warning
from domain.errors import CrawlError, Text
from monitoring.case_clocks import ClockWarner
from monitoring.drift_words import tell_drift
from monitoring.handling_clocks import run_clocks
from monitoring.heartbeat import beat
from monitoring.housekeeping import SCHEDULER, drop_old_pages, expire_mentions, tidy
from monitoring.notify import relay
from monitoring.report_schedule import make_due
from runtime.backup import scheduled_backup
from runtime.reports import report_press
from runtime.settings import file_in_use
from runtime.wiring import Services
from scheduler.service import OwnResult, OwnWork, Work
from scheduler.timetable import Job, Lane
from workflow.assessments import Pacing, Voice
from workflow.assessments import tell as tell_of_sheets
from workflow.case_routine import tick
from workflow.corrections import reproject

_DAY: Final = timedelta(days=1)


def lanes(services: Services, owner: str) -> Mapping[Lane, Work]:
    """Return the work of every lane over the open services."""
    crawl = _crawl(services)
    return {
        Lane.WEIBO: crawl,
        Lane.ZHIHU: crawl,
        Lane.TIEBA: crawl,
        Lane.DETECT: _simple(lambda: _detect(services)),
        Lane.RELAY: _simple(lambda: _relay(services, owner)),
        Lane.ESCALATE: _simple(
            lambda: run_clocks(services.begin_work, services.clock.now(), services.telling)
        ),
        Lane.CLOCKS: _simple(lambda: _warn(services)),
        Lane.HEARTBEAT: _simple(
            lambda: beat(
                services.begin_work,
                services.clock.now(),
                file=services.settings.heartbeat.file,
                url=services.settings.heartbeat.url,
            )
        ),
        Lane.HOUSEKEEPING: _simple(lambda: _tidy(services)),
        Lane.BACKUP: _simple(
            lambda: scheduled_backup(
                services.settings, services.begin_work, services.clock, file_in_use()
            )
        ),
        Lane.REPORT: _simple(
            lambda: make_due(
                services.store,
                services.begin_reading,
                services.begin_work,
                services.clock.now(),
                report_press(services.settings),
            )
        ),
        Lane.RESCORE: _rescore(services),
    }


def own_work(services: Services) -> Mapping[str, OwnWork]:
    """Return the work that no other machine can do: emptying the spool that lies here, and
    destroying old pages that lie here (a day after the last time, and at each start).
    """
    pages_due = services.clock.now()

    def empty_the_spool(stopping: threading.Event) -> OwnResult:
        services.use_present_model()
        done = services.ingest.drain(stopping=stopping.is_set)
        figures = {
            "looks": done.looks,
            "new": done.new,
            "dead_lettered": done.dead_lettered,
            "lost": done.lost,
        }
        if not any(figures.values()):
            return OwnResult()
        return OwnResult({**figures, "left": done.left}, brought=bool(done.looks))

    def destroy_old_pages(stopping: threading.Event) -> OwnResult:
        nonlocal pages_due
        now = services.clock.now()
        if now < pages_due:
            return OwnResult()
        gone = drop_old_pages(services.begin_work, services.archive, now, services.keep)
        pages_due = now + _DAY
        return OwnResult({"pages": gone} if gone else {})

    return {"spool": empty_the_spool, "pages": destroy_old_pages}


def _simple(work: Callable[[], Mapping[str, object]]) -> Work:
    def run(job: Job, stopping: threading.Event) -> Mapping[str, object]:
        return work()

    return run


def _crawl(services: Services) -> Work:
    def run(job: Job, stopping: threading.Event) -> Mapping[str, object]:
        with services.begin_work() as work:
            _, configuration = work.configuration.current()
        watch = configuration.watch(job.watch_id)
        source = configuration.source(job.source_id)
        if watch is None or source is None:
            raise CrawlError(
                Text("方案或来源已被移除", "watch or source was removed"), place=job.name
            )
        outcome = look((watch, source), services, scheduled=True, stopping=stopping)
        return {
            "state": outcome.state.value if outcome.state else None,
            "reason": outcome.reason,
            "pages": outcome.pages,
            "found": outcome.found,
            "matched": outcome.matched,
            "new": outcome.new,
            **({"skipped": outcome.skipped} if outcome.skipped else {}),
        }

    return run


def _rescore(services: Services) -> Work:
    """Judge history again in the background; the slot of the job is the lease."""
    started_at = services.clock.now()

    def run(job: Job, stopping: threading.Event) -> Mapping[str, object]:
        services.use_present_model()
        rescoring = services.rescoring(SCHEDULER, started_at)
        in_use = rescoring.run_in_use()
        if in_use is None:
            return {"reason": "another machine uses a newer model"}
        if in_use.finished_at is not None:
            swept = rescoring.sweep(in_use)
            return {"changed": swept.changed - in_use.changed}
        done = rescoring.go_on(in_use, rest=lambda seconds: not stopping.wait(seconds))
        figures = {"run": done.run, "seen": done.seen, "changed": done.changed, "left": done.left}
        if done.finished_at is None and stopping.is_set():
            return {**figures, "reason": "interrupted"}
        return figures

    return run


def _detect(services: Services) -> Mapping[str, object]:
    services.use_present_model()
    # what a person said counts before the machine judges
    shown = reproject(services.begin_work, services.store)
    evaluations = services.detector.evaluate(services.clock.now())
    outcomes = Counter(evaluation.outcome.value for evaluation in evaluations)
    telling = services.telling
    drift = tell_drift(
        services.begin_work,
        services.clock.now(),
        zone=telling.zone,
        public_url=telling.public_url,
        language=telling.language,
    )
    more = {"corrections_shown": shown, "drift_mails": drift}
    return {**outcomes, **{name: number for name, number in more.items() if number}}


def _tidy(services: Services) -> Mapping[str, object]:
    begin, now, keep = services.begin_work, services.clock.now(), services.keep
    gone = tidy(begin, services.archive, now, keep)
    expired = expire_mentions(services.store, begin, now, keep)
    tended = services.tend_store(removed=bool(expired.get("mentions")))
    return {**gone, **expired, **tended}


def _warn(services: Services) -> Mapping[str, object]:
    settings = services.settings
    warner = ClockWarner(
        services.begin_work,
        services.begin_reading,
        render=lambda warning: render_clock_warning(warning, settings.language),
        zone_name=settings.timezone,
        public_url=settings.public_url,
    )
    told = tell_of_sheets(
        services.begin_work,
        Pacing(settings.crawl.delay, tuple(settings.crawl.allowed_hosts)),
        Voice(settings.language, ZoneInfo(settings.timezone), settings.public_url),
        at=services.clock.now(),
    )
    moved = tick(services.begin_work, at=services.clock.now(), desk=services.desk)
    result = warner.warn(services.clock.now())
    logins = services.session_desk.watch(services.clock.now())
    return {
        **{name: number for name, number in logins.items() if number},
        "cases": result.cases,
        "mails": result.written,
        "unreached": result.unreached,
        "moved": len(moved),
        "sheets": told,
    }


def _relay(services: Services, owner: str) -> Mapping[str, object]:
    result = relay(
        services.begin_work,
        services.notifier,
        services.clock,
        owner,
        language=services.settings.language,
    )
    return {
        "sent": result.sent,
        "retried": result.retried,
        "uncertain": result.uncertain,
        "dead": result.dead,
        "held": result.held,
    }
