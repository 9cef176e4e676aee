"""The demo's day on a cluster: its signal, mails, screens and reports are those of the embedded
store, to the letter.
"""

from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

import pytest

from demo.world import World, build_world
from domain.mention import Mention
from domain.queries import MentionFilter
from domain.report import Period as ReportPeriod
from domain.report import ReportKind
from monitoring.compare_view import compare
from monitoring.periods import Period, Range, period_of
from monitoring.pulse import read_pulse
from monitoring.report import build_snapshot
from monitoring.spread_view import read_spread
from presentation import charts
from tests.fakes import NOON
from tests.fixtures.elasticsearch import Server
from tests.fixtures.elasticsearch_stores import new_index, open_store
from tests.integration.test_demo_day import Day, configuration

pytestmark = [
    pytest.mark.integration,
    pytest.mark.elasticsearch,
    pytest.mark.timeout(1200),
]

CHINA = ZoneInfo("Asia/Shanghai")
BRAND = configuration().brands[0]


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(7, NOON, crisis_hours_ago=-2)


@pytest.fixture(scope="module")
def embedded(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    day = Day(tmp_path_factory.mktemp("embedded"), world)
    day.pass_by(24, day.evaluate)
    yield day
    day.stop()


@pytest.fixture(scope="module")
def clustered(
    elasticsearch_server: Server, world: World, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Day]:
    with new_index(elasticsearch_server) as cluster, open_store(cluster) as store:
        day = Day(tmp_path_factory.mktemp("clustered"), world, open_store=lambda _: store)
        day.pass_by(24, day.evaluate)
        yield day
        day.stop()


def test_both_hold_the_same_mentions(embedded: Day, clustered: Day) -> None:
    mentions = everything(embedded)
    assert len(mentions) > 1_000
    assert everything(clustered) == mentions
    assert any(mention.cluster_id for mention in mentions)


def test_both_raise_the_same_signal_and_send_the_same_mails(
    embedded: Day, clustered: Day, figure: Callable[[str], None]
) -> None:
    (signal,) = embedded.signals
    assert clustered.signals == [signal]
    mails = [(mail.key, mail.recipient, mail.rendered) for mail in embedded.mails]
    assert len(mails) >= 4
    assert [(mail.key, mail.recipient, mail.rendered) for mail in clustered.mails] == mails
    figure(
        f"signal {signal.id}, peak {signal.peak_observed}, and {len(mails)} mails equal to the "
        f"letter over {len(everything(embedded)):,} mentions"
    )


@pytest.mark.parametrize("chosen", list(Range))
def test_both_draw_the_same_overview(embedded: Day, clustered: Day, chosen: Range) -> None:
    assert overview(clustered, chosen) == overview(embedded, chosen)


@pytest.mark.parametrize("negative_only", [False, True])
def test_both_draw_the_same_spread(embedded: Day, clustered: Day, negative_only: bool) -> None:
    def drawn(day: Day) -> list[object]:
        spread = read_spread(
            day.store,
            day.begin,
            brand=BRAND,
            configuration=configuration(),
            period=week(day),
            negative_only=negative_only,
            now=day.clock.now(),
            zone=CHINA,
        )
        return [spread, charts.week_heat(spread.heat)]

    assert drawn(clustered) == drawn(embedded)


def test_both_compare_brands_alike(embedded: Day, clustered: Day) -> None:
    def drawn(day: Day) -> list[object]:
        voices = compare(
            day.store,
            day.begin,
            configuration=configuration(),
            period=week(day),
            now=day.clock.now(),
        )
        assert voices[0].now.count > 1_000
        bars = [charts.platform_bars(voice.by_platform) for voice in voices]
        counts = [(voice.brand.name, voice.now.count) for voice in voices]
        return [voices, bars, charts.voice_shares(counts, own=BRAND.name)]

    assert drawn(clustered) == drawn(embedded)


@pytest.mark.parametrize("kind", list(ReportKind))
def test_both_give_the_same_report(embedded: Day, clustered: Day, kind: ReportKind) -> None:
    period = ReportPeriod.holding(kind, NOON.astimezone(CHINA).date(), CHINA)
    snapshots = [
        build_snapshot(day.store, day.begin, period, BRAND.id, day.clock.now())
        for day in (clustered, embedded)
    ]
    assert snapshots[0].tally.total > 300
    assert snapshots[0] == snapshots[1]


def everything(day: Day) -> list[Mention]:
    return list(day.store.scan(MentionFilter(public_voice_only=False)))


def week(day: Day) -> Period:
    return period_of(Range.WEEK, day.clock.now(), CHINA)


def overview(day: Day, chosen: Range) -> list[object]:
    pulse = read_pulse(
        day.store,
        day.begin,
        brand=BRAND,
        configuration=configuration(),
        period=period_of(chosen, day.clock.now(), CHINA),
        now=day.clock.now(),
        zone=CHINA,
    )
    assert pulse.tally.total
    return [
        pulse,
        charts.timeline(pulse.bins, CHINA, marks=pulse.marks),
        charts.platform_bars(pulse.platforms),
        charts.term_bars(pulse.terms),
    ]
