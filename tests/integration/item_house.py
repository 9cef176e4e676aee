"""An installation that watches the demo: the real ingest, its sources, crawls as processes."""

import asyncio
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from starlette.types import ASGIApp

from crawlers.launch import RunOutcome, launch
from crawlers.trying import try_page
from demo.server import open_demo
from domain.brand import Brand, Configuration, Source, Transport, Watch, WatchRule
from domain.coverage import CoverageRow
from domain.crawl import Sighting
from domain.mention import Kind, Mention, Platform
from domain.page import FoundMention
from domain.queries import MentionFilter
from domain.trial import Trial
from runtime.secret_files import make_missing_keys
from runtime.settings import load_settings
from runtime.wiring import open_services

ROOT = Path(__file__).resolve().parents[2]
WORD = "云栈"


class SteppedClock:
    """The demo's time, which a test sets."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        """The demo's moment."""
        return self.moment


@contextmanager
def served(sites: Mapping[str, ASGIApp]) -> Iterator[Mapping[str, str]]:
    """Serve sites within this process, so that a test can move their clock; their urls."""
    demo = open_demo(sites)
    thread = threading.Thread(target=lambda: asyncio.run(demo.serve()), daemon=True)
    thread.start()
    try:
        yield demo.urls
    finally:
        demo.server.stop()
        thread.join(10)


class ItemHouse:
    """`with ItemHouse(folder, spider, url) as house`: real stores, real ingest, one item source."""

    def __init__(
        self, home: Path, spider: str, base_url: str, transport: Transport = Transport.HTTP
    ) -> None:
        self.home = home
        platform = Platform(spider.partition("_")[0])
        self.source = Source("items", spider, platform, transport, base_url)
        host = base_url.removeprefix("http://")
        toml = f'[crawl]\ncontact = "ops@example.com"\nallowed_hosts = ["{host}"]\n'
        (home / "koubei.toml").write_text(toml, encoding="utf-8")
        company = Brand("yunzhan", WORD, ("云栈茶饮", "云栈奶茶"))
        self.watch = Watch(
            id="tea",
            name="云栈口碑",
            brand_ids=("yunzhan",),
            queries=(WORD,),
            source_ids=("items",),
            rule=WatchRule(any_words=(WORD,), none_words=("云栈古道",)),
        )
        self.configuration = Configuration((company,), (self.watch,), (self.source,))
        self._stack = ExitStack()

    def __enter__(self) -> "ItemHouse":
        settings = load_settings(self.home / "koubei.toml", {})
        make_missing_keys(settings.data_dir / "secrets")
        self.services = self._stack.enter_context(open_services(settings))
        with self.services.begin_work() as work:
            work.configuration.save(
                self.configuration,
                expected_version=0,
                actor="test",
                at=datetime.now(UTC),
                origin="test",
            )
            work.commit()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def found_by_search(self, found: Sequence[FoundMention]) -> None:
        """Take what a search brought."""
        self.services.ingest.take(
            found, watch=self.watch, run_id="search", collected_at=datetime.now(UTC)
        )

    def command(self) -> list[str]:
        """The real worker, in the folder of this house."""
        code = (
            f"import os, runpy, sys; sys.path.insert(0, {str(ROOT)!r}); "
            f"os.chdir({str(self.home)!r}); "
            "runpy.run_module('crawlers.worker', run_name='__main__')"
        )
        return [sys.executable, "-c", code]

    def crawl(self) -> RunOutcome:
        """Run one crawl to its end."""
        return launch((self.watch, self.source), self.services, command=self.command())

    def try_page(self) -> Trial:
        """Ask for one page, keeping nothing."""
        return try_page((self.watch, self.source), command=self.command())

    def rows(self) -> list[CoverageRow]:
        """The whole ledger."""
        now = datetime.now(UTC)
        with self.services.begin_work() as work:
            return work.coverage.rows(["tea"], start=now - timedelta(days=30), end=now)

    def stored(self, mention_id: str) -> Mention:
        """A mention of the store."""
        return self.services.store.get([mention_id])[mention_id]

    def everything(self, *kinds: Kind) -> list[Mention]:
        """All mentions of these kinds, whatever their flags."""
        wanted = MentionFilter(kinds=frozenset(kinds), public_voice_only=False)
        return list(self.services.store.scan(wanted))

    def sightings(self, mention_id: str) -> list[Sighting]:
        """What became of a mention at each look."""
        with self.services.begin_work() as work:
            return work.crawls.sightings(mention_id)
