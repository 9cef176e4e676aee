"""What the demo world says, when, and how it reads to the rule of its own watch."""

from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest

from demo.clock import DemoClock
from demo.configuration import QUESTION, demo_configuration
from demo.schedule import CRISIS_CURVE, Mood, Story, hourly_rate, wave_begins
from demo.world import Post, World, build_uniform_world, build_world, is_relevant, question_id
from domain.brand import Transport
from domain.follows import spider_for
from domain.han import fold
from domain.mention import Kind, Platform
from domain.spiders import adds_depth_only
from domain.times import CHINA
from tests.fakes import NOON

SEED = 7
HOUR = timedelta(hours=1)
SEEDS = (7, 8, 1234)


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(SEED, NOON)


def visible(world: World) -> list[Post]:
    return [post for platform in Platform for post in world.until(NOON, platform)]


def test_the_same_seed_and_birth_make_the_same_world(world):
    assert build_world(SEED, NOON) == world
    assert build_world(SEED + 1, NOON) != world


def test_calm_hours_are_the_same_in_worlds_born_at_different_times(world):
    later = build_world(SEED, NOON + timedelta(hours=30))
    calm = [
        {p for p in w.posts if p.story is Story.CALM and NOON - HOUR <= p.published_at < NOON}
        for w in (world, later)
    ]
    assert calm[0]
    assert calm[0] == calm[1]


@pytest.mark.parametrize("seed", SEEDS)
def test_no_id_is_given_twice(seed):
    posts = build_world(seed, NOON).posts
    assert len({(p.platform, p.native_id) for p in posts}) == len(posts)
    threads = [p.parent_id for p in posts if p.platform is Platform.TIEBA]
    assert len(set(threads)) == len(threads)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_crisis_starts_slowly_six_hours_before_birth_and_ebbs_away(seed):
    posts = build_world(seed, NOON).posts
    begin = NOON - 6 * HOUR
    crisis = [p for p in posts if p.story is Story.CRISIS]
    per_hour = Counter((p.published_at - begin) // HOUR for p in crisis)
    assert [per_hour[hour] for hour in range(len(CRISIS_CURVE))] == list(CRISIS_CURVE)
    assert list(CRISIS_CURVE[:6]) == [1, 2, 4, 9, 20, 38]
    assert all(p.mood is Mood.NEGATIVE for p in crisis)


def test_the_crisis_begins_on_weibo_and_the_other_platforms_follow(world):
    begin = NOON - 6 * HOUR
    crisis = [p for p in world.posts if p.story is Story.CRISIS]
    first_hours = {p.platform: (p.published_at - begin) // HOUR for p in reversed(crisis)}
    assert first_hours[Platform.WEIBO] == 0
    assert first_hours[Platform.TIEBA] >= 2
    assert first_hours[Platform.ZHIHU] >= 3


def test_expired_ingredients_are_not_spoken_of_before_the_third_hour(world):
    begin = NOON - 6 * HOUR
    early = [
        p for p in world.posts if p.story is Story.CRISIS and p.published_at < begin + 3 * HOUR
    ]
    assert early
    assert not any("过期" in p.title + p.text for p in early)


def test_the_first_post_is_reposted_with_its_words(world):
    first = next(p for p in world.posts if p.story is Story.CRISIS)
    reposts = [p for p in world.posts if p.repost_of is not None]
    assert len(reposts) >= 10
    assert all(p.repost_of == first and first.text in p.text for p in reposts)
    assert len({p.author for p in reposts}) >= 0.9 * len(reposts)


def test_a_crisis_can_lie_ahead_or_be_later(world):
    ahead = build_world(SEED, NOON, crisis_hours_ago=-1)
    begins = min(p.published_at for p in ahead.posts if p.story is Story.CRISIS)
    assert begins == NOON + HOUR


@pytest.mark.parametrize("seed", SEEDS)
def test_the_wave_on_day_five_is_about_six_times_the_usual_and_hardly_negative(seed):
    posts = visible(build_world(seed, NOON))
    begins = wave_begins(NOON, 8)
    assert begins is not None
    assert NOON - timedelta(days=4) <= begins < NOON - timedelta(days=3)
    assert begins.astimezone(CHINA).hour == 14
    during = [p for p in posts if begins <= p.published_at < begins + 5 * HOUR]
    usual = sum(hourly_rate(p, begins + n * HOUR) for p in Platform for n in range(5))
    assert 4.5 <= len(during) / usual <= 7.5
    assert sum(p.mood is Mood.NEGATIVE for p in during) <= 0.05 * len(during)


def test_a_short_world_has_no_wave():
    posts = build_world(SEED, NOON, days=3).posts
    assert not any(p.story is Story.WAVE for p in posts)
    assert min(p.published_at for p in posts) >= NOON - timedelta(days=3)


@pytest.mark.parametrize("seed", SEEDS)
def test_calm_days_have_the_designed_volume_rhythm_and_negative_share(seed):
    posts = [
        p for p in visible(build_world(seed, NOON)) if p.story not in {Story.WAVE, Story.CRISIS}
    ]
    per_hour = {p: n / (8 * 24) for p, n in Counter(p.platform for p in posts).items()}
    assert 3 <= per_hour[Platform.WEIBO] <= 6
    assert 0.7 <= per_hour[Platform.ZHIHU] <= 2
    assert 0.7 <= per_hour[Platform.TIEBA] <= 2
    by_hour = Counter(p.published_at.astimezone(CHINA).hour for p in posts)
    assert by_hour[12] > 5 * max(by_hour[3], 1)
    assert by_hour[20] > 5 * max(by_hour[4], 1)
    said = [p for p in posts if is_relevant(p)]
    assert 0.04 <= sum(p.mood is Mood.NEGATIVE for p in said) / len(said) <= 0.12


def test_no_day_of_weibo_reaches_the_ceiling_of_fifty_pages(world):
    days = Counter(
        p.published_at.astimezone(CHINA).date() for p in world.posts if p.platform is Platform.WEIBO
    )
    assert max(days.values()) <= 480


def test_the_watch_takes_exactly_what_is_about_the_company(world):
    rule = demo_configuration("a", "b", "c", "d", "e").watches[0].rule
    for post in world.posts:
        said = fold(f"{post.title}\n{post.text}")
        taken = (
            all(fold(w) in said for w in rule.all_words)
            and any(fold(w) in said for w in rule.any_words)
            and not any(fold(w) in said for w in rule.none_words)
        )
        assert taken == is_relevant(post), post


def test_an_apology_is_not_taken_for_the_mountain_path(world):
    assert any("云栈道歉" in p.text and is_relevant(p) for p in world.posts)


def test_the_world_has_every_kind_of_voice(world):
    posts = visible(world)
    assert {p.story for p in posts} == set(Story)
    assert {p.kind for p in posts} == {
        Kind.POST, Kind.ANSWER, Kind.ARTICLE, Kind.THREAD, Kind.FLOOR
    }  # fmt: skip
    assert any("雲棧" in p.text for p in posts)
    assert any("banshan" in p.brands for p in posts)
    assert any("[doge]" in p.text for p in posts)
    assert len({p.text for p in posts}) >= 0.95 * len(posts)


def test_counts_grow_from_nothing_and_never_shrink(world):
    post = next(p for p in world.posts if p.likes > 100)
    seen = [post.counts_at(post.published_at + n * HOUR)[0] for n in (0, 1, 5, 24, 24 * 14)]
    assert seen[0] == 0
    assert seen == sorted(seen)
    assert seen[-1] <= post.likes


def test_until_shows_what_was_published_by_then_and_nothing_else(world):
    early = world.until(NOON - HOUR, Platform.WEIBO)
    late = world.until(NOON, Platform.WEIBO)
    assert list(late[: len(early)]) == list(early)
    assert early[-1].published_at <= NOON - HOUR < late[len(early)].published_at


def test_a_uniform_world_has_so_many_different_posts_at_even_distances():
    uniform = build_uniform_world(SEED, NOON, days=8, count=1000)
    posts = uniform.until(NOON, Platform.WEIBO)
    assert len({p.native_id for p in posts}) == 1000
    assert len({p.text for p in posts}) == 1000
    assert all("云栈" in fold(p.text) for p in posts)
    gaps = {b.published_at - a.published_at for a, b in pairwise(posts)}
    assert max(gaps) - min(gaps) <= timedelta(seconds=1)
    assert not uniform.until(NOON, Platform.ZHIHU)


def test_the_clock_moves_with_the_process_unless_it_is_frozen():
    ticks = iter((100.0, 160.0, 100.0))
    moving = DemoClock(NOON, monotonic=lambda: next(ticks))
    assert moving.now() == NOON + timedelta(minutes=1)
    assert DemoClock(NOON, frozen=True, monotonic=lambda: next(ticks)).now() == NOON


def test_the_configuration_names_five_sites_two_of_them_for_a_browser_and_follows_three_pages():
    configuration = demo_configuration("w", "z", "t", "wall", "app")
    by_id = {s.id: s for s in configuration.sources}
    assert by_id["weibo-hot"].base_url == "wall"
    assert {s.id for s in configuration.sources if s.transport is Transport.BROWSER} == {
        "zhihu-search",
        "tieba-app",
    }
    assert [(w.id, s.id) for w, s in configuration.crawl_pairs()] == [
        ("yunzhan-koubei", source_id) for source_id in by_id
    ]
    assert configuration.recipients[0].address.endswith(".invalid")
    [watch] = configuration.watches
    pairs = configuration.crawl_pairs()
    depth = {s.id for w, s in pairs if adds_depth_only(configuration, w, s)}
    assert depth == {"weibo-account", "zhihu-question", "tieba-forum"}
    assert {spider_for(f) for f in watch.follows} == {by_id[i].spider for i in depth}


def test_the_followed_question_is_one_that_has_answers():
    seen = build_world(SEED, NOON).until(NOON, Platform.ZHIHU)
    assert sum(post.parent_id == question_id(QUESTION) for post in seen) >= 5
