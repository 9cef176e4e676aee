"""Work for one process at a time, on whichever machine: a lease in the workflow database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from domain.crawl import Slot, SlotState
from domain.errors import KoubeiError, StoreUnavailable, Text
from domain.ports import BeginWork, Clock

LEASE = timedelta(minutes=2)
"""So long after its last sign the work of a killed process can be taken over."""
_RENEW_AFTER = LEASE / 4


@contextmanager
def only_one_anywhere(
    begin_work: BeginWork, clock: Clock, job: str, owner: str
) -> Iterator[Callable[[], None]]:
    """Hold `job` while the block lasts; give what is to be called often while it does, and raises
    StoreUnavailable when the lease was lost.

    KoubeiError when another process holds it.
    """
    slot = _claim(begin_work, clock, job, owner)
    renewed_at = clock.now()

    def renew() -> None:
        nonlocal renewed_at
        now = clock.now()
        if now - renewed_at < _RENEW_AFTER:
            return
        with begin_work() as work:
            held = work.slots.renew(slot, owner, now, LEASE)
            work.commit()
        if not held:
            raise StoreUnavailable(
                Text("另一个进程接手了这项工作", "another process took this work over"), place=job
            )
        renewed_at = now

    state = SlotState.FAILED
    try:
        yield renew
        state = SlotState.DONE
    finally:
        with begin_work() as work:
            work.slots.finish(slot, owner, clock.now(), state, {})
            work.commit()


def _claim(begin_work: BeginWork, clock: Clock, job: str, owner: str) -> Slot:
    now = clock.now()
    with begin_work() as work:
        slot = work.slots.claim(owner, now, LEASE, [job])
        if slot is None and work.slots.ensure(job, now):
            slot = work.slots.claim(owner, now, LEASE, [job])
        if slot is None:
            raise KoubeiError(
                Text("另一个进程正在做这项工作", "another process is at it"),
                place=job,
                mend=Text(
                    "等它结束；被强行终止的要等两分钟",
                    "wait for it to end; one that was killed needs two minutes",
                ),
            )
        work.commit()
    return slot
