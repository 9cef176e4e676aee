"""What the ledger is owed for looks in spools: paid when the last of a crawl is stored, or given up
with the machine that had them.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from domain.coverage import run_result
from domain.errors import KoubeiError, Text
from domain.ports import BeginWork, UnitOfWork
from domain.spool import settled

GIVEN_UP: Final = "spool.given_up"


def pay(work: UnitOfWork) -> int:
    """Put the true entries of every crawl of which nothing waits any more into the ledger; return
    of how many crawls.
    """
    debts = work.spooled.payable()
    for debt in debts:
        rows = settled(debt.rows, debt)
        for row in rows:
            work.coverage.record(row)
        run = work.crawls.run(debt.run_id)
        if run is not None and rows:
            state, reason = run_result(rows)
            new = sum(row.new for row in rows)
            work.crawls.finish(replace(run, state=state, reason=reason, new=new))
        work.spooled.forget(debt.lineage)
    return len(debts)


def give_up(
    begin_work: BeginWork, name: str, *, own: str, actor: str, reason: str, at: datetime
) -> int:
    """Say that what waits in the spool of a machine will never come: its hours become a gap, which
    is asked for again. Return how many looks that were.

    KoubeiError for a spool of which nothing waits, and for the one of this machine (`own`).
    """
    if name == own:
        raise KoubeiError(
            Text("这是本机的暂存", "this is the spool of this very machine"),
            place=name,
            mend=Text("koubei spool drain 补入", "koubei spool drain stores what waits"),
        )
    with begin_work() as work:
        lost = work.spooled.lose(work.spooled.of_spool(name))
        if not lost:
            raise KoubeiError(
                Text("没有这个暂存，或其中没有内容", "no such spool, or nothing waits in it"),
                place=name,
                mend=Text("koubei spool show 列出", "koubei spool show lists them"),
            )
        pay(work)
        work.audit.append(
            at=at,
            actor=actor,
            action=GIVEN_UP,
            object_id=f"spool:{name}",
            reason=reason,
            payload={"looks": lost},
        )
        work.commit()
    return lost
