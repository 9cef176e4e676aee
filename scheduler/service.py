"""The scheduler: APScheduler is only the ticker; what is due lives in the workflow database.

Every tick makes the slots that are due (unique by job and time, so two services share them) and
each lane claims its own under a lease. A service that dies loses its leases after a minute and
another, or its own next start, takes the work over. A machine that slept coalesces what it missed
into one slot, which says how many it stands for: nothing is skipped silently.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from domain.crawl import Slot, SlotState
from domain.errors import KoubeiError
from domain.ports import BeginWork, Clock
from scheduler.timetable import Job, Lane, jobs_of, slot_at

LEASE: Final = timedelta(seconds=60)
_RENEW_EVERY_SECONDS: Final = 20.0
_TICK_SECONDS: Final = 5
_OWN_SECONDS: Final = 10
_LANE_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)

_INTERRUPTED: Final = "interrupted"
_EVENTS: Final = {
    SlotState.DONE: "job_done",
    SlotState.FAILED: "job_failed",
    SlotState.DUE: "job_put_back",
}

_log = structlog.get_logger("scheduler")


@dataclass(frozen=True, slots=True)
class OwnResult:
    """What work of this machine did."""

    figures: Mapping[str, object] = field(default_factory=dict)
    brought: bool = False


class OwnWork(Protocol):
    """Does work that belongs to this machine alone, so that no slot can lend it to another. Returns
    figures for the log, nothing when nothing was done. `brought`: there are new mentions.
    """

    def __call__(self, stopping: threading.Event) -> OwnResult: ...


class Work(Protocol):
    """Does one job; returns figures for the log and the slot row (no texts, no secrets).

    `stopping` is set when the service is told to end: long work should come to an end soon, and
    says so with the reason `interrupted`. Its slot is due again then: the next start, or another
    service, goes on at once.
    """

    def __call__(self, job: Job, stopping: threading.Event) -> Mapping[str, object]: ...


@dataclass
class Service:
    """Runs the timetable until it is stopped. `owner` must be unique among services.

    Of the timetable it does the lanes that `work` names; others make and do theirs. `on_finish` is
    told of each job with its state and figures, in the thread of its lane. `on_tick` is called
    after each turn in which the database was reached: a sign of life. `own` is work of this
    machine, by name: done every few seconds by whoever lives, without slots. `pace`: between the
    crawls of two services on one platform.
    """

    begin_work: BeginWork
    clock: Clock
    owner: str
    work: Mapping[Lane, Work]
    lease: timedelta = LEASE
    pace: timedelta = timedelta(0)
    on_finish: Callable[[Job, SlotState, Mapping[str, object]], None] | None = None
    on_tick: Callable[[], None] | None = None
    own: Mapping[str, OwnWork] = field(default_factory=dict)
    _stopping: threading.Event = field(default_factory=threading.Event, init=False)
    _ticker: BackgroundScheduler = field(init=False)

    def __post_init__(self) -> None:
        self._ticker = BackgroundScheduler(timezone=UTC)

    def start(self) -> None:
        """Begin ticking in background threads; returns at once."""
        options = {"max_instances": 1, "coalesce": True, "misfire_grace_time": None}
        self._ticker.add_job(
            self._tick,
            "interval",
            seconds=_TICK_SECONDS,
            next_run_time=datetime.now(UTC),
            **options,
        )
        for lane in self.work:
            self._ticker.add_job(
                self._run_lane,
                "interval",
                seconds=_TICK_SECONDS,
                args=(lane,),
                next_run_time=datetime.now(UTC) + timedelta(seconds=1),
                id=lane.value,
                **options,
            )
        for name in self.own:
            self._ticker.add_job(
                self.run_own,
                "interval",
                seconds=_OWN_SECONDS,
                args=(name,),
                next_run_time=datetime.now(UTC) + timedelta(seconds=1),
                id=f"own:{name}",
                **options,
            )
        self._ticker.start()
        _log.info("scheduler_started", owner=self.owner, lanes=[lane.value for lane in self.work])

    def stop(self) -> None:
        """Take no new work, let what runs come to its end, and return when it has."""
        self._stopping.set()
        self._ticker.shutdown(wait=True)
        _log.info("scheduler_stopped", owner=self.owner)

    def _tick(self) -> None:
        try:
            self.make_due()
            if self.on_tick:
                self.on_tick()
        except (KoubeiError, OSError) as error:
            _log.error("tick_failed", error=str(error))

    def _run_lane(self, lane: Lane) -> None:
        try:
            while not self._stopping.is_set() and self.run_one(lane):
                pass
        except KoubeiError as error:
            _log.error("lane_failed", lane=lane.value, error=str(error))

    def make_due(self) -> int:
        """Make the slots that are due now; return how many were new."""
        now = self.clock.now()
        with self.begin_work() as work:
            _, configuration = work.configuration.current()
            made = sum(
                work.slots.ensure(job.name, slot_at(job, now)) for job in jobs_of(configuration)
            )
            work.commit()
        return made

    def run_one(self, lane: Lane) -> bool:
        """Claim and do one due slot of a lane; return whether there was one to do."""
        jobs = {job.name: job for job in self._jobs() if job.lane is lane}
        slot = self._claim(jobs) if jobs else None
        if slot is None:
            return False
        job = jobs[slot.job]
        if not lane.is_crawl:
            self._do(job, slot, leases=(slot,))
            return True
        held = self._hold(lane)
        if held is None:
            self._give_back(slot)
            return False
        try:
            self._do(job, slot, leases=(slot, held))
        finally:
            self._give_back(held)
        self._after_crawl()
        return True

    def run_own(self, name: str) -> None:
        """Do a piece of this machine's own work, and say so where there was some."""
        try:
            result = self.own[name](self._stopping)
            if result.figures:
                _log.info("own_work_done", work=name, **result.figures)
            if result.brought:
                self._make_due_now("detect")
        except KoubeiError as error:
            _log.error("own_work_failed", work=name, error=str(error))
        except Exception:  # noqa: BLE001  # a defect, told where it can be seen; tried again
            _log.error("own_work_crashed", work=name, exc_info=True)

    def _jobs(self) -> tuple[Job, ...]:
        with self.begin_work() as work:
            _, configuration = work.configuration.current()
        return jobs_of(configuration)

    def _hold(self, lane: Lane) -> Slot | None:
        """Hold a lane, which is itself a leased row: one session a platform, however many
        services. None while another holds it, or has given it back less than `pace` ago.
        """
        name, now = f"lane:{lane.value}", self.clock.now()
        with self.begin_work() as work:
            work.slots.ensure(name, _LANE_EPOCH)
            if any(self._is_warm(slot, now) for slot in work.slots.latest() if slot.job == name):
                return None
            held = work.slots.claim(self.owner, now, self.lease, [name])
            work.commit()
        return held

    def _is_warm(self, lane: Slot, now: datetime) -> bool:
        """Whether another service asked a platform a moment ago: how far apart the requests of one
        machine are, that machine sees to; between two of them, this.
        """
        given_back = lane.finished_at
        return lane.owner != self.owner and given_back is not None and now - given_back < self.pace

    def _claim(self, jobs: Mapping[str, Job]) -> Slot | None:
        with self.begin_work() as work:
            slot = work.slots.claim(self.owner, self.clock.now(), self.lease, jobs)
            work.commit()
        return slot

    def _do(self, job: Job, slot: Slot, leases: tuple[Slot, ...]) -> None:
        """Do the work of a slot, keeping the leases meanwhile, and note how it ended."""
        began = self.clock.now()
        with _Renewal(self._renew, leases):
            state, detail = self._outcome(job)
        took = (self.clock.now() - began).total_seconds()
        kept = self._finish(slot, state, detail)
        _log.info(
            _EVENTS[state],
            job=job.name,
            slot=slot.slot_at.isoformat(),
            coalesced=slot.coalesced,
            seconds=round(took, 1),
            lease_kept=kept,
            detail=dict(detail),
        )
        if job.lane is Lane.DETECT and state is SlotState.DONE:
            self._make_due_now("relay")
        if self.on_finish:
            self.on_finish(job, state, detail)

    def _outcome(self, job: Job) -> tuple[SlotState, Mapping[str, object]]:
        try:
            detail = self.work[job.lane](job, self._stopping)
        except KoubeiError as error:
            return SlotState.FAILED, {"error": str(error)}
        except Exception as error:  # noqa: BLE001  # a defect in one job, told where it can be seen
            # left to its lease, the slot would be tried again every minute and shown as running
            _log.error("job_crashed", job=job.name, exc_info=True)
            return SlotState.FAILED, {"error": type(error).__name__}
        cut_short = self._stopping.is_set() and detail.get("reason") == _INTERRUPTED
        return SlotState.DUE if cut_short else SlotState.DONE, detail

    def _after_crawl(self) -> None:
        """New mentions wait for nobody's grid: detection follows within seconds, and mail on it.

        While other sources are still being read it is too early: an alarm that knows one platform
        of three would have to be corrected a minute later. The grid sees to it that they are not
        waited for longer than detection's own rhythm.
        """
        # the slot of a watch that was removed stays due for ever and must not be waited for
        crawls = {job.name for job in self._jobs() if job.lane.is_crawl}
        with self.begin_work() as work:
            reading = any(
                slot.job in crawls and slot.state in (SlotState.DUE, SlotState.RUNNING)
                for slot in work.slots.latest()
            )
        if not reading:
            self._make_due_now("detect")

    def _make_due_now(self, job: str) -> None:
        with self.begin_work() as work:
            work.slots.ensure(job, self.clock.now().replace(microsecond=0))
            work.commit()

    def _give_back(self, slot: Slot) -> None:
        """Make a claimed slot due again."""
        self._finish(slot, SlotState.DUE, {})

    def _finish(self, slot: Slot, state: SlotState, detail: Mapping[str, object]) -> bool:
        with self.begin_work() as work:
            kept = work.slots.finish(slot, self.owner, self.clock.now(), state, detail)
            work.commit()
        return kept

    def _renew(self, slot: Slot) -> bool:
        """Prolong a lease; False when somebody else has taken the work over."""
        with self.begin_work() as work:
            kept = work.slots.renew(slot, self.owner, self.clock.now(), self.lease)
            work.commit()
        return kept


class _Renewal:
    """Renews leases from a thread while the work of the `with` block lasts."""

    def __init__(self, renew: Callable[[Slot], bool], slots: tuple[Slot, ...]) -> None:
        self._renew = renew
        self._slots = slots
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="lease", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _loop(self) -> None:
        while not self._over.wait(_RENEW_EVERY_SECONDS):
            for slot in self._slots:
                try:
                    if not self._renew(slot):
                        _log.error("lease_lost", job=slot.job, slot=slot.slot_at.isoformat())
                except KoubeiError as error:
                    _log.error("renewal_failed", job=slot.job, error=str(error))
