"""`koubei up` as a newcomer runs it, with its mentions in a cluster: one setting more."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from domain.ports import MentionStore
from domain.queries import MentionFilter
from monitoring.periods import Range, period_of
from monitoring.pulse import read_pulse
from presentation import charts
from storage.elasticsearch.cluster import Cluster
from storage.sql.database import begin_work, open_database
from storage.sqlite.mentions import SqliteMentionStore
from tests.fixtures.elasticsearch import VERSIONS, running
from tests.fixtures.elasticsearch_stores import new_index, open_store
from tests.integration.test_whole_loop import House, all_looked_and_mailed, states

pytestmark = [
    pytest.mark.integration,
    pytest.mark.elasticsearch,
    pytest.mark.timeout(600),
]

CHINA = ZoneInfo("Asia/Shanghai")
ALL = MentionFilter(public_voice_only=False)


@contextmanager
def up(folder: Path, cluster: Cluster) -> Iterator[House]:
    house = House(
        folder,
        {
            "KOUBEI_BROWSER__ENABLED": "false",
            "KOUBEI_MENTION_STORE_URL": cluster.url,
            "KOUBEI_ELASTICSEARCH__INDEX": cluster.index,
        },
    )
    try:
        yield house
    finally:
        if house.up.poll() is None:
            house.up.kill()
            house.up.wait()
        house.log.close()
        house.output.close()


def test_the_demo_burns_and_mails_from_a_cluster_as_from_a_file(
    tmp_path: Path, figure: Callable[[str], None]
) -> None:
    version = VERSIONS[-1]
    with (
        running(version) as server,
        new_index(server) as cluster,
        open_store(cluster) as store,
    ):
        with up(tmp_path, cluster) as house:
            status = house.wait_for(all_looked_and_mailed)
            assert house.stop() == 0
            opening = [mail for mail in house.mails() if not mail["In-Reply-To"]]
        # what a newcomer sees on the embedded store (test_whole_loop)
        by_source = states(status)
        assert by_source["weibo-search"] == by_source["tieba-search"] == ("ok", "")
        assert by_source["weibo-hot"] == ("blocked", "login_wall")
        assert by_source["zhihu-search"] == ("failed", "browser_missing")
        assert [signal["brand"] for signal in status["open_signals"]] == ["yunzhan"]
        assert len(opening) == 1
        assert "云栈" in opening[0]["Subject"]

        file = SqliteMentionStore(tmp_path / "copy.sqlite")
        copied = file.add(store.scan(ALL))
        assert len(copied.new) == store.count(ALL) > 500
        assert not list((tmp_path / "var").rglob("mentions.sqlite")), "nothing lies in a file"
        assert screens(tmp_path, store) == screens(tmp_path, file)
        file.close()
    figure(
        f"{version}: {len(copied.new):,} mentions, one signal, one opening "
        "mail; the overview of four spans equals that of the same mentions in a file"
    )


def screens(folder: Path, store: MentionStore) -> list[object]:
    """What the overview draws from a store beside the workflow database of the folder."""
    engine = open_database(f"sqlite:///{folder / 'var/demo/workflow.sqlite'}")
    begin = begin_work(engine)
    with begin() as work:
        _, configuration = work.configuration.current()
    newest = store.status().newest_published_at
    assert newest is not None
    drawn: list[object] = []
    for chosen in Range:
        pulse = read_pulse(
            store,
            begin,
            brand=configuration.brand("yunzhan"),
            configuration=configuration,
            period=period_of(chosen, newest, CHINA),
            now=newest,
            zone=CHINA,
        )
        drawn += [pulse, charts.timeline(pulse.bins, CHINA, marks=pulse.marks)]
        drawn += [charts.platform_bars(pulse.platforms), charts.term_bars(pulse.terms)]
    engine.dispose()
    return drawn
