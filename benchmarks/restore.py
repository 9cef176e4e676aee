"""`python -m benchmarks.restore ROWS`: the drill. How long until a lost host is back?

Makes an installation of so many mentions, each seen once, with a case of 30 audit rows and a mail
for every 200 of them; backs it up, and restores it into an empty folder with every check. Prints
seconds. The goal is 10 minutes for a million mentions and 5,000 cases.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from benchmarks import corpus
from cli.terminal import progress, show_table
from domain.crawl import Sighting, SightingOutcome
from domain.outbox import OutboxMail, Rendered
from runtime.backup import Plan, make_backup
from runtime.restore import restore
from runtime.secret_files import make_missing_keys
from runtime.settings import Settings
from runtime.wiring import SystemClock
from storage.sql.database import begin_work, migrate, open_database
from storage.sqlite.mentions import SqliteMentionStore

MENTIONS_A_CASE = 200
AUDIT_ROWS_A_CASE = 30
GOAL = timedelta(minutes=10)
_PASSPHRASE = "only for the drill of a benchmark"  # noqa: S105  # opens invented data
_BATCH = 1000
T = TypeVar("T")


def main() -> None:
    """Run the drill; exit 3 when a full-sized one misses its goal."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory(prefix="koubei-drill-") as place:
        folder = Path(place)
        settings = Settings(data_dir=folder / "lost")
        made, seconds = _timed(lambda: _fill(settings, rows))
        plan = Plan(folder / "kept", _PASSPHRASE, verify=False)
        clock = SystemClock()
        backup, copying = _timed(
            lambda: make_backup(settings, clock, plan, actor="drill", bar=progress)
        )
        new = Settings(data_dir=folder / "new")
        restored, restoring = _timed(
            lambda: restore(new, backup.path, _PASSPHRASE, clock, actor="drill", bar=progress)
        )
        if restored.manifest.mentions != rows:
            raise SystemExit("mentions were lost")
        size = sum(p.stat().st_size for p in settings.data_dir.rglob("*") if p.is_file())
        show_table(
            ("what", "figure"),
            [
                ("mentions", f"{rows}"),
                ("cases", f"{made}"),
                ("rows of the workflow database", f"{sum(restored.manifest.rows.values())}"),
                ("audit rows", f"{restored.manifest.audit_seq}"),
                ("data", f"{size / 2**20:.0f} MB"),
                ("backup", f"{backup.note.bytes / 2**20:.0f} MB"),
                ("filling took", f"{seconds:.1f} s"),
                ("backup, without the trial restore", f"{copying:.1f} s"),
                ("restore on an empty host, checked whole", f"{restoring:.1f} s"),
                ("goal", f"{GOAL.total_seconds():.0f} s for 1000000 mentions"),
            ],
        )
    if rows >= 1_000_000 and restoring > GOAL.total_seconds():
        raise SystemExit(3)


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    began = time.perf_counter()
    done = work()
    return done, time.perf_counter() - began


def _fill(settings: Settings, rows: int) -> int:
    """Make the installation; return how many cases it has."""
    settings.data_dir.mkdir(mode=0o700)
    make_missing_keys(settings.secrets_dir)
    store = SqliteMentionStore(settings.data_dir / "mentions.sqlite")
    engine = open_database(settings.workflow_url)
    migrate(engine)
    begin, now = begin_work(engine), datetime(2026, 11, 20, tzinfo=UTC)
    cases = rows // MENTIONS_A_CASE
    with progress("写入", "filling", rows) as advance:
        batch = []
        for number, mention in enumerate(corpus.mentions(rows), start=1):
            batch.append(mention)
            if len(batch) == _BATCH or number == rows:
                store.add(batch)
                with begin() as work:
                    work.crawls.saw(
                        Sighting(m.id, m.url, "run", now, SightingOutcome.STORED, "w")
                        for m in batch
                    )
                    work.commit()
                advance(len(batch))
                batch = []
    with progress("写入审计", "filling the trail", cases) as advance:
        for first in range(0, cases, 20):
            with begin() as work:
                for case in range(first, min(first + 20, cases)):
                    for step in range(AUDIT_ROWS_A_CASE):
                        work.audit.append(
                            at=now,
                            actor=f"account:{case % 30}",
                            action="case.moved",
                            object_id=f"C-{case}",
                            reason="核实后推进",
                            payload={"from": "triage", "to": "verifying", "step": step},
                        )
                    work.outbox.add(
                        OutboxMail(
                            key=f"case-{case}",
                            recipient="duty@example.com",
                            rendered=Rendered("主题", "正文" * 200, "<p>正文</p>" * 200),
                            created_at=now,
                            next_attempt_at=now,
                        )
                    )
                work.commit()
            advance(min(20, cases - first))
    store.close()
    engine.dispose()
    return cases


if __name__ == "__main__":
    os.environ.setdefault("KOUBEI_LANGUAGE", "en")
    main()
