"""A small installation in a folder: real stores, one watch, one source, crawls as processes."""

import json
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from crawlers.launch import RunOutcome, launch
from domain.brand import Brand, Configuration, Source, Transport, Watch, WatchRule
from domain.coverage import CoverageRow
from domain.follows import parse_follow
from domain.spiders import SPIDERS
from tests.integration.crawl_worker import StoredServices, services_in

QUICK = {"DOWNLOAD_TIMEOUT": 3, "RETRY_TIMES": 1}


class House:
    """`with House(folder, base_url) as house`: `house.crawl()` starts the worker and waits."""

    def __init__(
        self,
        home: Path,
        base_url: str,
        *,
        allowed_hosts: tuple[str, ...] = (),
        spider: str = "weibo_search",
        transport: Transport = Transport.HTTP,
        queries: tuple[str, ...] = ("奶茶",),
        backfill: timedelta = timedelta(hours=3),
        follows: tuple[str, ...] = (),
        settings: str = "",
    ) -> None:
        self.home = home
        hosts = allowed_hosts or (base_url.removeprefix("http://").split("/")[0],)
        text = f"[crawl]\ncontact = 'ops@example.com'\nallowed_hosts = {json.dumps(list(hosts))}\n"
        (home / "koubei.toml").write_text(text + settings, encoding="utf-8")
        self.watch = Watch(
            id="tea",
            name="奶茶",
            brand_ids=("tea",),
            queries=queries,
            source_ids=("site",),
            rule=WatchRule(),
            backfill=backfill,
            follows=tuple(parse_follow(text) for text in follows),
        )
        self.source = Source("site", spider, SPIDERS[spider].platform, transport, base_url)
        self._stack = ExitStack()

    def __enter__(self) -> "House":
        self.services: StoredServices = self._stack.enter_context(services_in(self.home))
        configuration = Configuration(
            brands=(Brand("tea", "奶茶"),), watches=(self.watch,), sources=(self.source,)
        )
        with self.services.begin_work() as work:
            version, _ = work.configuration.current()
            work.configuration.save(
                configuration,
                expected_version=version,
                actor="test",
                at=datetime.now(UTC),
                origin="test",
            )
            work.commit()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def command(self, overrides: Mapping[str, Any] | None = None) -> list[str]:
        """The worker's command line, without watch and source."""
        chosen = json.dumps({**QUICK, **(overrides or {})})
        root = str(Path(__file__).parents[2])
        code = (
            f"import runpy, sys; sys.path.insert(0, {root!r}); "
            "runpy.run_module('tests.integration.crawl_worker', run_name='__main__')"
        )
        return [sys.executable, "-c", code, "--home", str(self.home), "--overrides", chosen]

    def crawl(self, overrides: Mapping[str, Any] | None = None, **options: Any) -> RunOutcome:
        """Run one crawl to its end."""
        return launch(
            (self.watch, self.source), self.services, command=self.command(overrides), **options
        )

    def rows(self) -> list[CoverageRow]:
        """The whole ledger."""
        now = datetime.now(UTC)
        with self.services.begin_work() as work:
            return work.coverage.rows(["tea"], start=now - timedelta(days=400), end=now)
