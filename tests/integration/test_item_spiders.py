"""The item spiders on the demo: end to end, again, killed on the way, at a wall, what is gone."""

import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from browser.find import find_browser
from demo.people import Person
from demo.platforms import tieba, weibo, zhihu
from demo.platforms.surface import Counted, Stage, mention_id
from demo.platforms.tieba_threads import thread_app_routes, thread_routes
from demo.platforms.weibo_posts import CUT_AT, post_routes
from demo.platforms.zhihu_items import item_routes
from demo.replies import answers_at, comments_at, has_vanished, reposts_at, roots_at
from demo.schedule import Mood, Story
from demo.world import Post, World
from domain.brand import Transport
from domain.coverage import CoverageState, known_intervals
from domain.crawl import SightingOutcome
from domain.errors import BrowserMissing
from domain.mention import Flag, Kind, Platform
from domain.page import FoundMention
from domain.queries import MentionFilter
from tests.integration.item_house import ItemHouse, SteppedClock, served

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

NOW = datetime.now(UTC).replace(microsecond=0)
ADDRESS = {
    Platform.WEIBO: weibo.public_url,
    Platform.ZHIHU: zhihu.public_url,
    Platform.TIEBA: tieba.public_url,
}


ANGRY = "云栈奶茶喝出虫子，恶心，垃圾公司，再也不买了，太让人失望了"
WRITER = Person("山间晚风", "9900000777", "iPhone客户端")


def angry(platform: Platform, kind: Kind, number: int = 0, **changes: object) -> Post:
    """A complaint of half a day ago under which some forty people spoke."""
    start = {Platform.WEIBO: 6_119, Platform.ZHIHU: 9_100_019, Platform.TIEBA: 819}[platform]
    post = Post(
        platform,
        kind,
        str(start * 10**12 + number),
        WRITER,
        ANGRY,
        NOW - timedelta(hours=12, minutes=number),
        Mood.NEGATIVE,
        Story.CRISIS,
        title="" if platform is Platform.WEIBO else "云栈奶茶喝出虫子怎么办",
        parent_id=str(start * 10**11 + 7 + number) if kind is not Kind.ARTICLE else "",
        forum="奶茶",
        likes=320,
        comments=45,
        reposts=12 if platform is Platform.WEIBO else 0,
    )
    return replace(post, **changes)


def vanished() -> Post:
    """A complaint that its platform has no more."""
    calm = (
        angry(Platform.WEIBO, Kind.POST, n, story=Story.CALM, published_at=NOW - timedelta(days=3))
        for n in range(1, 10_000)
    )
    return next(post for post in calm if has_vanished(post, NOW))


POST = angry(Platform.WEIBO, Kind.POST)
LONG = angry(Platform.WEIBO, Kind.POST, 1, text=f"{ANGRY}。" * 6, comments=3, reposts=0)
GONE = vanished()
ANSWER = angry(Platform.ZHIHU, Kind.ANSWER)
ARTICLE = angry(Platform.ZHIHU, Kind.ARTICLE, 1, comments=3)
THREAD = angry(Platform.TIEBA, Kind.THREAD, comments=90)
FLOOR = angry(Platform.TIEBA, Kind.FLOOR, 1, comments=14)
CROWD = angry(Platform.WEIBO, Kind.POST, 2, comments=90)


@pytest.fixture(scope="module")
def world() -> World:
    """What people said in these tests."""
    posts = (POST, LONG, GONE, ANSWER, ARTICLE, THREAD, FLOOR, CROWD)
    return World(NOW, tuple(sorted(posts, key=lambda post: post.published_at)))


@dataclass
class Site:
    """One platform of the demo with its clock; `site.app` counts what it was asked."""

    clock: SteppedClock
    stage: Stage
    app: Counted

    def asked(self, part: str) -> int:
        """How many requests had this in their path."""
        return sum(count for path, count in self.app.by_path.items() if part in path)


def site_of(world: World, platform: Platform, *, at: datetime = NOW, signed: bool = False) -> Site:
    clock = SteppedClock(at)
    stage = Stage(world, clock, platform)  # type: ignore[arg-type]  # the same as a DemoClock
    app = {
        Platform.WEIBO: lambda: weibo.weibo_app(stage, also=post_routes(stage)),
        Platform.ZHIHU: lambda: zhihu.zhihu_app(stage, also=item_routes(stage, signed=signed)),
        Platform.TIEBA: lambda: tieba.tieba_app(stage, also=thread_routes(stage)),
    }[platform]()
    return Site(clock, stage, Counted(app))


def as_found(post: Post) -> FoundMention:
    """A post as a search shows it: without counts, a long text cut."""
    is_reply = post.kind is Kind.FLOOR
    root = f"tieba:{post.parent_id}" if is_reply else None
    if post.platform is Platform.ZHIHU and post.parent_id:
        root = f"zhihu:question:{post.parent_id}"
    return FoundMention(
        id=mention_id(post),
        platform=post.platform,
        kind=post.kind,
        url=ADDRESS[post.platform](post),
        text=post.text[:90] if post.platform is Platform.WEIBO else post.text,
        title=post.title,
        published_at=post.published_at,
        author=post.author.name,
        author_uid=post.author.uid,
        parent_id=root,
        root_id=root,
    )


def need_a_browser() -> None:
    """Skip where there is none."""
    try:
        find_browser(None)
    except BrowserMissing as error:
        pytest.skip(f"{error}; mend: apt install chromium")


def comment_ids(post: Post, at: datetime = NOW) -> set[str]:
    prefix = "zhihu:comment" if post.platform is Platform.ZHIHU else post.platform.value
    return {f"{prefix}:{reply.native_id}" for reply in comments_at(post, at)}


def test_a_post_of_weibo_is_refreshed_and_everything_under_it_read(tmp_path, world):
    site = site_of(world, Platform.WEIBO)
    other = POST
    with (
        served({"weibo": site.app}) as urls,
        ItemHouse(tmp_path, "weibo_item", urls["weibo"]) as house,
    ):
        house.found_by_search([as_found(other)])
        outcome = house.crawl()
        assert (outcome.state, outcome.reason) == (CoverageState.OK, "")
        stored = house.stored(mention_id(other))
        likes, comments, reposts = other.counts_at(NOW)
        assert (stored.likes, stored.comments, stored.reposts) == (likes, comments, reposts)
        assert stored.text == other.text
        found = house.everything(Kind.COMMENT)
        assert {m.id for m in found} == comment_ids(other)
        assert {m.root_id for m in found} == {stored.id}
        passed_on = {m.id for m in house.everything(Kind.POST)} - {stored.id}
        listed = reposts_at(other, site.stage.posts(NOW), NOW)
        assert passed_on == {mention_id(p) for p in listed}
        # a comment need not name the brand, and is no voice of its own in the charts
        assert any("云栈" not in m.text for m in found)
        assert all(m.watch_ids == {"tea"} and m.brand_ids == {"yunzhan"} for m in found)
        assert all(Flag.IN_DEPTH in m.flags for m in found)
        assert house.services.store.count(MentionFilter()) == 1
        silent = next(m for m in found if "云栈" not in m.text)
        (sighting,) = house.sightings(silent.id)
        assert (sighting.through, sighting.is_in_depth) == (stored.id, True)
        # a look in depth makes no hour known
        rows = house.rows()
        assert all(row.supplement for row in rows)
        assert known_intervals(rows) == ()


def test_a_long_text_is_whole_and_keeps_its_author_and_time(tmp_path, world):
    site = site_of(world, Platform.WEIBO)
    post = LONG
    assert len(post.text) > CUT_AT
    with (
        served({"weibo": site.app}) as urls,
        ItemHouse(tmp_path, "weibo_item", urls["weibo"]) as house,
    ):
        house.found_by_search([as_found(post)])
        before = house.stored(mention_id(post))
        house.crawl()
        stored = house.stored(mention_id(post))
        assert site.asked("/longtext") == 1
        assert stored.text == post.text
        assert (stored.author_key, stored.published_at) == (before.author_key, post.published_at)
        assert stored.url == before.url


def test_counts_grow_over_three_refreshes_and_only_new_comments_are_asked_for(tmp_path, world):
    post = POST
    begun = post.published_at + timedelta(hours=2)
    site = site_of(world, Platform.WEIBO, at=begun)
    moments = [begun, begun, NOW]
    with (
        served({"weibo": site.app}) as urls,
        ItemHouse(tmp_path, "weibo_item", urls["weibo"]) as house,
    ):
        house.found_by_search([as_found(post)])
        told, pages = [], []
        for moment in moments:
            site.clock.moment = moment
            pages.append(house.crawl().pages)
            stored = house.stored(mention_id(post))
            told.append((stored.likes, stored.comments, stored.reposts))
            assert {m.id for m in house.everything(Kind.COMMENT)} >= comment_ids(post, begun)
        assert told == [post.counts_at(moment) for moment in moments]
        assert told[2] > told[0]
        assert pages[1] == 1  # nothing had changed under it, so nothing under it was asked for
        assert pages[2] > 1
        counts = [r.comments for r in house.stored(mention_id(post)).revisions]
        assert [c for c in counts if c is not None] == sorted(c for c in counts if c is not None)
        # a late answer to a comment that was known is not looked for; all else is there
        new = {r.native_id for r in comments_at(post, NOW)} - {
            r.native_id for r in comments_at(post, begun)
        }
        late = {
            f"weibo:{r.native_id}"
            for r in comments_at(post, NOW)
            if r.under and r.under not in new and r.native_id in new
        }
        found = {m.id for m in house.everything(Kind.COMMENT)}
        assert comment_ids(post) - late <= found <= comment_ids(post)


def test_an_older_look_that_comes_late_does_not_turn_the_counts_back(tmp_path, world):
    post = POST
    site = site_of(world, Platform.WEIBO)
    with (
        served({"weibo": site.app}) as urls,
        ItemHouse(tmp_path, "weibo_item", urls["weibo"]) as house,
    ):
        house.found_by_search([as_found(post)])
        house.crawl()
        fresh = house.stored(mention_id(post))
        house.services.ingest.take(
            [replace(as_found(post), likes=0, comments=0)],
            watch=house.watch,
            run_id="late",
            collected_at=fresh.first_seen_at + timedelta(microseconds=1),
        )
        now = house.stored(mention_id(post))
        assert (now.likes, now.comments) == (fresh.likes, fresh.comments)


def test_threads_and_floors_of_tieba_with_the_replies_below_them(tmp_path, world):
    site = site_of(world, Platform.TIEBA)
    with (
        served({"tieba": site.app}) as urls,
        ItemHouse(tmp_path, "tieba_item", urls["tieba"]) as house,
    ):
        thread, floor = THREAD, FLOOR
        house.found_by_search([as_found(thread), as_found(floor)])
        outcome = house.crawl()
        assert (outcome.state, outcome.reason) == (CoverageState.OK, "")
        found = {m.id: m for m in house.everything(Kind.FLOOR, Kind.REPLY)}
        assert comment_ids(thread) | comment_ids(floor) <= found.keys()
        assert house.stored(mention_id(thread)).comments == thread.counts_at(NOW)[1]
        assert house.stored(mention_id(floor)).comments == floor.counts_at(NOW)[1]
        # of the floor's thread only what hangs under the floor belongs: its opening names nobody
        assert f"tieba:{floor.parent_id}" not in {m.id for m in house.everything(Kind.THREAD)}
        asked = site.asked("/p/")
        assert house.crawl().pages == 2
        assert site.asked("/p/") == asked + 2


def test_zhihu_over_http_follows_the_address_that_zhihu_names(tmp_path, world):
    site = site_of(world, Platform.ZHIHU)
    post, article = ANSWER, ARTICLE
    with (
        served({"zhihu": site.app}) as urls,
        ItemHouse(tmp_path, "zhihu_item", urls["zhihu"]) as house,
    ):
        house.found_by_search([as_found(post), as_found(article)])
        outcome = house.crawl()
        assert (outcome.state, outcome.reason) == (CoverageState.OK, "")
        stored = house.stored(mention_id(post))
        assert (stored.likes, stored.comments) == post.counts_at(NOW)[:2]
        found = house.everything(Kind.COMMENT)
        assert comment_ids(post) <= {m.id for m in found}
        assert {m.root_id for m in found} <= {stored.id, mention_id(article)}


def test_a_signed_call_that_plain_http_cannot_make_is_a_wall_not_an_empty_list(tmp_path, world):
    site = site_of(world, Platform.ZHIHU, signed=True)
    post = ANSWER
    with (
        served({"zhihu": site.app}) as urls,
        ItemHouse(tmp_path, "zhihu_item", urls["zhihu"]) as house,
    ):
        house.found_by_search([as_found(post)])
        outcome = house.crawl()
        assert (outcome.state, outcome.reason) == (CoverageState.BLOCKED, "refused")
        assert house.stored(mention_id(post)).comments == post.counts_at(NOW)[1]
        assert all(s.read_to is None for s in house.sightings(mention_id(post)))


@pytest.mark.browser
def test_zhihu_in_a_browser_reads_what_the_page_calls_for(tmp_path, world):
    need_a_browser()
    site = site_of(world, Platform.ZHIHU, signed=True)
    post = ANSWER
    with (
        served({"zhihu": site.app}) as urls,
        ItemHouse(tmp_path, "zhihu_item", urls["zhihu"], Transport.BROWSER) as house,
    ):
        house.found_by_search([as_found(post)])
        outcome = house.crawl()
        assert outcome.reason in {"", "depth_limit"}
        roots = {f"zhihu:comment:{r.native_id}" for r in comments_at(post, NOW) if not r.under}
        found = {m.id for m in house.everything(Kind.COMMENT)}
        assert roots <= found
        if not outcome.reason:
            assert found == comment_ids(post)
        assert site.asked("/comment_v5/") >= 2
        assert house.crawl().pages == 1  # nothing new: the comments are not opened again


@pytest.mark.browser
def test_tieba_in_a_browser_reads_the_pages_calls_and_the_replies_they_cut(tmp_path, world):
    need_a_browser()
    clock = SteppedClock(NOW)
    stage = Stage(world, clock, Platform.TIEBA)  # type: ignore[arg-type]  # as a DemoClock
    app = Counted(tieba.tieba_app_2026(stage, also=thread_app_routes(stage)))
    with (
        served({"tieba_app": app}) as urls,
        ItemHouse(tmp_path, "tieba_item", urls["tieba_app"], Transport.BROWSER) as house,
    ):
        house.found_by_search([as_found(THREAD)])
        outcome = house.crawl()
        assert outcome.reason in {"", "depth_limit"}
        stored = house.stored(mention_id(THREAD))
        assert (stored.likes, stored.comments) == THREAD.counts_at(NOW)[:2]
        floors = {f"tieba:{r.native_id}" for r in comments_at(THREAD, NOW) if not r.under}
        found = house.everything(Kind.FLOOR, Kind.REPLY)
        assert floors <= {m.id for m in found} <= comment_ids(THREAD)
        assert app.by_path["/c/f/pb/page_pc"] >= 2
        assert app.by_path["/p/comment"] == sum(
            len(answers_at(THREAD, root.native_id, NOW)) > 4 for root in roots_at(THREAD, NOW)
        )


def test_what_is_gone_says_so_and_is_not_asked_for_again(tmp_path, world):
    site = site_of(world, Platform.WEIBO)
    gone, there = GONE, POST
    with (
        served({"weibo": site.app}) as urls,
        ItemHouse(tmp_path, "weibo_item", urls["weibo"]) as house,
    ):
        house.found_by_search([as_found(gone), as_found(there)])
        outcome = house.crawl()
        assert outcome.state is CoverageState.OK, outcome  # one that is gone ends nothing
        assert Flag.DELETED_UPSTREAM in house.stored(mention_id(gone)).flags
        assert house.sightings(mention_id(gone))[0].outcome is SightingOutcome.GONE
        assert house.stored(mention_id(there)).comments == there.counts_at(NOW)[1]
        shown = site.asked("/ajax/statuses/show")
        house.crawl()
        assert site.asked("/ajax/statuses/show") == shown + 1


def test_a_site_that_has_none_of_the_posts_is_not_believed(tmp_path, world):
    site = site_of(World(NOW, ()), Platform.WEIBO)
    with (
        served({"weibo": site.app}) as urls,
        ItemHouse(tmp_path, "weibo_item", urls["weibo"]) as house,
    ):
        house.found_by_search([as_found(POST), as_found(CROWD)])
        outcome = house.crawl()
        assert (outcome.state, outcome.reason) == (CoverageState.PARTIAL, "gone")
        assert all(not house.stored(mention_id(p)).flags for p in (POST, CROWD))


class Walled:
    """Answers as a login wall does from a request on."""

    def __init__(self, app: ASGIApp, after: int) -> None:
        self.app = app
        self.left = after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["path"].startswith("/ajax/"):
            self.left -= 1
        wall = {"ok": -100, "url": "https://weibo.com/login.php"}
        app = self.app if self.left >= 0 else JSONResponse(wall)
        await app(scope, receive, send)


def test_a_wall_in_the_middle_ends_the_run_and_the_next_one_reads_the_rest(tmp_path, world):
    site = site_of(world, Platform.WEIBO)
    post = POST
    wall = Walled(site.app, after=2)
    with (
        served({"weibo": wall}) as urls,
        ItemHouse(tmp_path, "weibo_item", urls["weibo"]) as house,
    ):
        house.found_by_search([as_found(post)])
        outcome = house.crawl()
        assert (outcome.state, outcome.reason) == (CoverageState.BLOCKED, "visitor")
        assert house.stored(mention_id(post)).comments == post.counts_at(NOW)[1]
        wall.left = 1_000
        outcome = house.crawl()
        assert outcome.state is CoverageState.OK
        assert {m.id for m in house.everything(Kind.COMMENT)} == comment_ids(post)


def killed_when(house: ItemHouse, reached: Callable[[], bool]) -> None:
    """Crawl in a process of its own, and kill that on its way."""
    process = subprocess.Popen(
        [*house.command(), "--watch", "tea", "--source", "items"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not reached() and time.monotonic() < deadline:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_killed_on_the_way_it_goes_on_where_it_was(tmp_path, world):
    site = site_of(world, Platform.WEIBO)
    post = CROWD
    with (
        served({"weibo": site.app}) as urls,
        ItemHouse(tmp_path, "weibo_item", urls["weibo"]) as house,
    ):
        house.found_by_search([as_found(post)])
        killed_when(house, lambda: site.asked("/ajax/") >= 3)
        before = site.asked("/ajax/")
        outcome = house.crawl()
        assert outcome.resumed
        assert outcome.state is CoverageState.OK
        assert site.asked("/ajax/statuses/show") <= 2
        assert {m.id for m in house.everything(Kind.COMMENT)} == comment_ids(post)
        assert before >= 3


def test_what_was_erased_between_a_kill_and_its_resume_is_left_out_and_told(tmp_path, world):
    """Its fetched pages are not read from the archive either: it must not come back."""
    site = site_of(world, Platform.WEIBO)
    erased, kept = POST, CROWD
    with (
        served({"weibo": site.app}) as urls,
        ItemHouse(tmp_path, "weibo_item", urls["weibo"]) as house,
    ):
        house.found_by_search([as_found(erased), as_found(kept)])
        killed_when(house, lambda: site.asked("/ajax/") >= 2)
        everything = [m.id for m in house.everything(Kind.COMMENT, Kind.POST)]
        others = {mention_id(kept)}
        house.services.store.remove([i for i in everything if i not in others])
        shown = site.asked("/ajax/statuses/show")
        outcome = house.crawl()
        assert outcome.resumed
        assert outcome.skipped == 1
        assert (outcome.state, outcome.reason) in [
            (CoverageState.OK, ""),
            (CoverageState.PARTIAL, "depth_limit"),
        ]
        stored = {m.id for m in house.everything(Kind.COMMENT, Kind.POST)}
        assert mention_id(erased) not in stored
        assert not stored & comment_ids(erased)
        assert stored & comment_ids(kept)
        assert site.asked("/ajax/statuses/show") <= shown + 1
        assert house.crawl().skipped == 0


def test_a_watch_without_negative_posts_asks_for_nothing_and_says_so(tmp_path, world):
    site = site_of(world, Platform.WEIBO)
    with (
        served({"weibo": site.app}) as urls,
        ItemHouse(tmp_path, "weibo_item", urls["weibo"]) as house,
    ):
        outcome = house.crawl()
        assert (outcome.state, outcome.pages) == (CoverageState.EMPTY, 0)
        assert site.asked("/") == 0


@pytest.mark.parametrize("post", [POST, GONE], ids=["there", "gone"])
def test_a_trial_shows_the_item_and_changes_nothing(tmp_path, world, post):
    site = site_of(world, Platform.WEIBO)
    with (
        served({"weibo": site.app}) as urls,
        ItemHouse(tmp_path, "weibo_item", urls["weibo"]) as house,
    ):
        assert house.try_page().reason == "nothing_to_ask"
        house.found_by_search([as_found(post)])
        before = house.stored(mention_id(post))
        seen = house.sightings(before.id)
        trial = house.try_page()
        if post is GONE:
            assert (trial.state, trial.reason) == (CoverageState.FAILED, "gone")
        else:
            assert trial.state is CoverageState.OK
            assert trial.mentions[0].fields["id"] == before.id
        assert site.asked("/ajax/") == 1
        assert house.stored(before.id) == before
        assert house.sightings(before.id) == seen
        assert house.rows() == []
