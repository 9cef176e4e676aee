"""One side of `koubei bench dashboard`, as a process of its own: `ours` or `stock`.

Both show the same screen of the same data, with their store reads cached. `ours` is the real
service: guard, session, our settings, the 总览 page. `stock` is Streamlit as it comes: default
settings, `st.metric`, `st.altair_chart` and `st.dataframe`, without any login.
"""

import argparse
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from benchmarks import corpus
from dashboard import streamlit_settings
from dashboard.services import offer
from domain.account import Account, Role
from domain.brand import Brand, Configuration, Source, Transport, Watch
from domain.coverage import CoverageRow, CoverageState
from domain.mention import Platform
from domain.signal import Evaluation, Figures, Outcome, Rule
from monitoring.series import HOUR
from runtime.settings import load_settings
from runtime.wiring import Services, open_services
from web.app import build_app
from web.services import DashboardScript, WebServices
from workflow.sessions import account_of_cookies, begin_session
from workflow.watches import apply_configuration

NOW = corpus.END
TOKEN = "b" * 64
BRAND = corpus.BRANDS[0]
STOCK_SCRIPT = Path(__file__).with_name("stock_overview.py")


class StandingClock:
    """A clock that stands at the end of the corpus, so that both sides show the same span."""

    def now(self) -> datetime:
        """Return the end of the corpus."""
        return NOW


def fill(folder: Path, rows: int) -> None:
    """Make the stores that both sides read."""
    with open_services(load_settings(environ={"KOUBEI_DATA_DIR": str(folder)})) as services:
        services.store.add(corpus.mentions(rows))
        _move_in(services)


def _move_in(services: Services) -> None:
    source = Source("weibo", "weibo_search", Platform.WEIBO, Transport.HTTP, "https://s.weibo.com/")
    watch = Watch("watch", "品牌", (BRAND,), ("云栈",), (source.id,))
    watched = Configuration(brands=(Brand(BRAND, "云栈"),), watches=(watch,), sources=(source,))
    apply_configuration(services.begin_work, watched, actor="bench", at=NOW, origin="bench")
    account = Account("bench", "bench", "测试", frozenset({Role.ANALYST}), NOW)
    hours = [NOW - HOUR * back for back in range(24 * 7)]
    with services.begin_work() as work:
        work.accounts.add(account)
        begin_session(work, account, NOW, TOKEN)
        work.coverage.record(
            CoverageRow(
                watch.id, source.id, Platform.WEIBO, corpus.START, NOW, NOW, CoverageState.OK, "run"
            )
        )
        work.evaluations.add(_judged(end) for end in hours)
        work.commit()


def _judged(end: datetime) -> Evaluation:
    figures = Figures(observed=3, total=9, mean=3.0, spread=1.5, samples=600, threshold_z=5.0)
    return Evaluation(BRAND, None, end - HOUR, end, end, Rule.NEGATIVE_SPIKE, Outcome.CALM, figures)


def _ours(services: Services, port: int) -> ASGIApp:
    script = DashboardScript(streamlit_settings.SCRIPT, streamlit_settings.SETTINGS)
    return build_app(
        WebServices(
            begin_work=services.begin_work,
            begin_reading=services.begin_reading,
            store=services.store,
            clock=services.clock,
            metrics_token="m" * 64,
            public_url=f"http://127.0.0.1:{port}",
            zone_name=services.settings.timezone,
            dashboard=script,
        )
    )


def _stock() -> ASGIApp:
    from streamlit.starlette import App

    return App(STOCK_SCRIPT)


def main() -> None:
    """Serve one side until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("side", choices=("ours", "stock"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("port", type=int)
    options = parser.parse_args()
    settings = load_settings(environ={"KOUBEI_DATA_DIR": str(options.folder)})
    with open_services(settings, StandingClock()) as services:

        def identify(cookies: Mapping[str, str]) -> Account | None:
            return account_of_cookies(services.begin_reading, cookies, NOW)

        offer(services, identify)
        app = _ours(services, options.port) if options.side == "ours" else _stock()
        uvicorn.run(app, host="127.0.0.1", port=options.port, log_level="critical")


if __name__ == "__main__":
    main()
