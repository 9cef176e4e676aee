"""The real worker on real stores, with the plainest ingest there can be. Run as a program."""

import argparse
import json
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from crawlers.frontier import AlreadyRunning
from crawlers.worker import crawl, dates_of, read_robots, report_line
from delivery.session_mail import render_session
from domain.brand import Watch
from domain.mention import Mention
from domain.page import FoundMention
from domain.ports import BeginWork, MentionStore, PageArchive
from runtime.secret_files import load_keys, make_missing_keys
from runtime.settings import Settings, load_settings
from storage.archive import FilePageArchive
from storage.identity import KeyedMasker
from storage.sql.database import begin_work, migrate, open_database
from storage.sqlite.mentions import SqliteMentionStore
from workflow.platform_sessions import SessionDesk


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        """Return the present moment."""
        return datetime.now(UTC)


@dataclass(frozen=True)
class Counts:
    """What an ingest did."""

    found: int
    matched: int
    new: int
    dead_lettered: int = 0
    spooled: int = 0


@dataclass(frozen=True)
class PlainIngest:
    """Stores what is found as it is: no matching, no scoring."""

    store: MentionStore

    def take(
        self,
        found: Sequence[FoundMention],
        *,
        watch: Watch,
        run_id: str,
        collected_at: datetime,
    ) -> Counts:
        """Store and count; as everywhere, nothing without a time is stored."""
        timed = [one for one in found if one.published_at is not None]
        result = self.store.add([_mention(one, watch, run_id, collected_at) for one in timed])
        return Counts(len(found), len(timed), len(result.new))


@dataclass(frozen=True)
class StoredServices:
    """Real adapters in one folder."""

    store: MentionStore
    archive: PageArchive
    begin_work: BeginWork
    ingest: PlainIngest
    clock: SystemClock
    settings: Settings
    session_desk: SessionDesk


@contextmanager
def services_in(home: Path) -> Iterator[StoredServices]:
    """Open the stores of a folder, with the settings of its koubei.toml."""
    settings = load_settings(home / "koubei.toml", {})
    engine = open_database(settings.workflow_url)
    migrate(engine)
    store = SqliteMentionStore(settings.mention_store_path)
    try:
        clock, begin = SystemClock(), begin_work(engine)
        yield StoredServices(
            store=store,
            archive=FilePageArchive(settings.data_dir / "pages", clock),
            begin_work=begin,
            ingest=PlainIngest(store),
            clock=clock,
            settings=settings,
            session_desk=SessionDesk(begin, lambda: _masker(settings), render_session, "UTC", ""),
        )
    finally:
        store.close()
        engine.dispose()


def _masker(settings: Settings) -> KeyedMasker:
    make_missing_keys(settings.secrets_dir)
    keys = load_keys(settings.secrets_dir)
    return KeyedMasker(keys.author_key, keys.seal_key)


def _mention(one: FoundMention, watch: Watch, run_id: str, collected_at: datetime) -> Mention:
    return Mention(
        id=one.id,
        platform=one.platform,
        kind=one.kind,
        url=one.url,
        text=one.text,
        published_at=one.published_at or collected_at,
        published_precision=one.published_precision,
        collected_at=collected_at,
        first_seen_at=collected_at,
        source=run_id,
        likes=one.likes,
        comments=one.comments,
        reposts=one.reposts,
        watch_ids=frozenset({watch.id}),
    )


def main() -> int:
    """Crawl once."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--overrides", default="{}")
    parser.add_argument("--watch", default="")
    parser.add_argument("--source", required=True)
    parser.add_argument("--trial", action="store_true")
    parser.add_argument("--robots", action="store_true")
    parser.add_argument("--from", dest="start")
    parser.add_argument("--to", dest="end")
    wanted = parser.parse_args()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    with services_in(wanted.home) as services:
        overrides = json.loads(wanted.overrides)
        if wanted.robots:
            read_robots(services, wanted.source, report=report_line, overrides=overrides)
            return 0
        try:
            crawl(
                services,
                wanted.watch,
                wanted.source,
                report=report_line,
                overrides=overrides,
                trial=wanted.trial,
                dates=dates_of(wanted.start, wanted.end),
            )
        except AlreadyRunning:
            report_line({"event": "error", "reason": "already_running"})
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
