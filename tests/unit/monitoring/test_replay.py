from datetime import timedelta

from analysis.spikes import Step
from domain.brand import Sensitivity
from domain.signal import Outcome
from monitoring.replay import replay_brand, replay_steps
from tests.unit.monitoring.test_detect import HOUR, World

BALANCED = Sensitivity.BALANCED


def replay_of(world, days=5, sensitivity=BALANCED):
    return replay_brand(
        world.store,
        world.database.begin,
        brand_id="cha",
        sensitivity=sensitivity,
        now=world.clock.now(),
        days=days,
    )


def test_a_replay_tells_what_the_detector_told():
    world = World()
    for count in (40, 85, *[1] * 8):
        world.pass_hour(weibo=count)
        world.evaluate()

    outcomes = [alert.outcome for alert in replay_of(world).alerts]

    assert (outcomes[0], outcomes[-1]) == (Outcome.OPENED, Outcome.CLOSED)
    assert set(outcomes[1:-1]) == {Outcome.GREW}
    assert world.stages == ["opening", "update", "closing"]


def test_a_replay_is_deterministic_and_writes_nothing():
    world = World()
    world.pass_hour(weibo=40)

    assert replay_of(world) == replay_of(world)
    assert world.signals == []
    assert world.database.evaluations == {}


def test_the_history_before_is_judged_but_not_reported():
    world = World()
    world.pass_hour(weibo=40)
    world.clock.forward(timedelta(days=3))
    world.look()

    assert replay_of(world, days=2).alerts == ()
    assert replay_of(world, days=4).openings == 1


def test_unknown_time_is_told_and_alerts_on_nothing_but_what_was_seen():
    world = World(days=10)
    world.post(world.platforms[0], world.clock.now(), 60)
    world.clock.forward(10 * HOUR)
    world.covered_until[world.platforms[0]] = world.clock.now()

    found = replay_of(world, days=2)

    assert {alert.outcome for alert in found.alerts} == {Outcome.OPENED, Outcome.GREW}
    assert all(alert.figures.lower_bound for alert in found.alerts)


def test_unknown_time_in_which_little_was_seen_cannot_alert():
    world = World(days=10)
    world.post(world.platforms[0], world.clock.now(), 5)
    world.clock.forward(10 * HOUR)
    world.covered_until[world.platforms[0]] = world.clock.now()

    found = replay_of(world, days=2)

    assert found.alerts == ()
    assert found.hours - found.known_hours == 10


def test_a_month_is_counted_in_known_time():
    steps = [Step(h, 0 if h % 240 else 30, 40, 1.0, h % 2 == 0 or h < 480) for h in range(1, 721)]

    found = replay_steps(steps, BALANCED)

    assert found.hours == 720
    assert found.known_hours == 600
    assert found.openings == 2
    assert found.openings_a_month == 2 / 25 * 30.44


def test_nothing_known_has_no_rate():
    assert replay_steps([Step(1.0, 0, 0, 1.0, known=False)], BALANCED).openings_a_month is None
