"""What is said under the demo's posts: in step with their counts, and read as it was written."""

from datetime import timedelta

import httpx
import pytest

from crawlers.pages.detect import read_page
from demo.clock import DemoClock
from demo.platforms.surface import Stage, mention_id
from demo.platforms.tieba import tieba_app
from demo.platforms.tieba_threads import thread_routes
from demo.platforms.weibo import weibo_app
from demo.platforms.weibo_posts import post_routes
from demo.platforms.zhihu import zhihu_app
from demo.platforms.zhihu_items import item_routes
from demo.replies import answers_at, comments_at, has_vanished, reposts_at, roots_at
from demo.schedule import Story
from demo.server import sites
from demo.world import Post, build_world
from domain.mention import Kind, Platform
from domain.page import BlockKind, Page, PageState
from tests.fakes import NOON
from tests.unit.demo.test_platforms import Client

WORLD = build_world(7, NOON)
CLOCK = DemoClock(NOON, frozen=True)
APPS = {
    Platform.WEIBO: weibo_app(
        Stage(WORLD, CLOCK, Platform.WEIBO), also=post_routes(Stage(WORLD, CLOCK, Platform.WEIBO))
    ),
    Platform.ZHIHU: zhihu_app(
        Stage(WORLD, CLOCK, Platform.ZHIHU),
        also=item_routes(Stage(WORLD, CLOCK, Platform.ZHIHU), signed=False),
    ),
    Platform.TIEBA: tieba_app(
        Stage(WORLD, CLOCK, Platform.TIEBA), also=thread_routes(Stage(WORLD, CLOCK, Platform.TIEBA))
    ),
}
FIRST = next(post for post in WORLD.posts if post.story is Story.CRISIS)


def read(platform: Platform, path: str) -> Page:
    answer = Client(APPS[platform]).get(path)
    return read_page(
        answer.content,
        platform=platform,
        url=f"http://demo.invalid{path}",
        status=answer.status_code,
        fetched_at=NOON,
    )


def a_post(platform: Platform, kind: Kind, least: int = 3) -> Post:
    return next(
        post
        for post in WORLD.until(NOON, platform)
        if post.kind is kind and post.counts_at(NOON)[1] >= least and not has_vanished(post, NOON)
    )


def test_there_are_as_many_comments_as_the_post_counts_at_every_moment():
    for hours in (0, 1, 3, 6, 24, 200):
        moment = FIRST.published_at + timedelta(hours=hours)
        comments = comments_at(FIRST, moment)
        assert len(comments) == FIRST.counts_at(moment)[1]
        assert all(reply.published_at <= moment for reply in comments)
        times = [reply.published_at for reply in comments]
        assert times == sorted(times)
        assert len({reply.native_id for reply in comments}) == len(comments)


def test_every_answer_stands_under_a_comment_and_some_name_the_brand():
    roots = roots_at(FIRST, NOON)
    answers = [answer for root in roots for answer in answers_at(FIRST, root.native_id, NOON)]
    assert len(roots) + len(answers) == len(comments_at(FIRST, NOON))
    assert answers
    naming = sum("云栈" in reply.text for reply in comments_at(FIRST, NOON))
    assert 0 < naming < len(comments_at(FIRST, NOON)) / 2


def test_a_post_of_weibo_has_the_counts_of_the_moment():
    page = read(Platform.WEIBO, f"/ajax/statuses/show?id={FIRST.native_id}")
    (post,) = page.mentions
    assert (post.likes, post.comments, post.reposts) == FIRST.counts_at(NOON)
    assert post.text == FIRST.text or page.leads


def test_a_cut_text_leads_to_the_whole_one():
    post = next(p for p in WORLD.until(NOON, Platform.WEIBO) if len(p.text) > 100)
    page = read(Platform.WEIBO, f"/ajax/statuses/show?id={post.native_id}")
    (lead,) = page.leads
    (whole,) = read(Platform.WEIBO, lead).mentions
    assert whole.text == post.text
    assert len(page.mentions[0].text) < len(post.text)


def test_comments_of_weibo_come_newest_first_until_the_cursor_is_none():
    base = f"/ajax/statuses/buildComments?id={FIRST.native_id}&count=20&fetch_level=0&flow=1"
    found, cursor = [], ""
    for _ in range(3):
        page = read(Platform.WEIBO, base + cursor)
        found += [m for m in page.mentions if not m.embedded]
        cursor = f"&max_id={page.next}"
    expected = [f"weibo:{root.native_id}" for root in reversed(roots_at(FIRST, NOON))]
    times = [m.published_at for m in found]
    assert times == sorted(times, reverse=True)
    assert {m.id for m in found} <= set(expected)
    last = a_post(Platform.WEIBO, Kind.POST)
    assert read(Platform.WEIBO, base.replace(FIRST.native_id, last.native_id)).next is None


def test_reposts_of_weibo_are_those_that_the_post_counts_and_the_search_finds():
    page = read(Platform.WEIBO, f"/ajax/statuses/repostTimeline?id={FIRST.native_id}&page=1")
    listed = reposts_at(FIRST, WORLD.until(NOON, Platform.WEIBO), NOON)
    own = [m.id for m in page.mentions if not m.embedded]
    assert own == [mention_id(post) for post in listed[:10]]
    assert page.next == "2"


def test_what_vanished_is_gone_on_its_own_page():
    gone = next(p for p in WORLD.until(NOON, Platform.WEIBO) if has_vanished(p, NOON))
    page = read(Platform.WEIBO, f"/ajax/statuses/show?id={gone.native_id}")
    assert page.state is PageState.GONE
    assert read(Platform.ZHIHU, "/p/1").state is PageState.GONE
    assert read(Platform.TIEBA, "/p/12345678").state is PageState.GONE


def test_the_wall_stands_before_the_posts_too():
    wall = Client(sites(WORLD, CLOCK)["weibo_wall"])
    answer = wall.get(f"/ajax/statuses/show?id={FIRST.native_id}")
    page = read_page(answer.content, platform=Platform.WEIBO, fetched_at=NOON)
    assert page.block_kind is BlockKind.LOGIN_WALL


@pytest.mark.parametrize("kind", [Kind.THREAD, Kind.FLOOR])
def test_a_thread_of_tieba_shows_its_post_and_leads_to_the_replies(kind):
    post = a_post(Platform.TIEBA, kind, least=1)
    page = read(Platform.TIEBA, f"/p/{post.parent_id}")
    own = next(m for m in page.mentions if m.id == mention_id(post))
    assert own.text == post.text
    assert own.comments == post.counts_at(NOON)[1]
    found = [m for m in page.mentions if m.kind is Kind.FLOOR]
    if kind is Kind.FLOOR:
        (lead,) = page.leads
        replies = read(Platform.TIEBA, lead).mentions
        assert {m.parent_id for m in replies} == {own.id}
        assert len(replies) == min(len(comments_at(post, NOON)), 10)
    else:
        assert {m.id for m in found} <= {f"tieba:{r.native_id}" for r in roots_at(post, NOON)}


def test_comments_of_zhihu_follow_the_address_that_is_named():
    post = max(
        (p for p in WORLD.until(NOON, Platform.ZHIHU) if p.kind is Kind.ANSWER),
        key=lambda p: p.counts_at(NOON)[1],
    )
    path = f"/question/{post.parent_id}/answer/{post.native_id}"
    own = next(m for m in read(Platform.ZHIHU, path).mentions if not m.embedded)
    assert (own.id, own.text, own.comments) == (
        mention_id(post),
        post.text,
        post.counts_at(NOON)[1],
    )
    following: str | None = (
        f"/api/v4/comment_v5/answers/{post.native_id}/root_comment?order_by=ts&limit=2&offset="
    )
    found = []
    while following:
        page = read(Platform.ZHIHU, following)
        found += [m.id for m in page.mentions if not m.embedded]
        following = page.next.removeprefix("http://demo.invalid") if page.next else None
    expected = [f"zhihu:comment:{root.native_id}" for root in roots_at(post, NOON)]
    assert sorted(found) == sorted(expected)


def test_the_call_for_comments_wants_the_page_to_make_it():
    site = Client(sites(WORLD, CLOCK)["zhihu"])
    post = a_post(Platform.ZHIHU, Kind.ANSWER, least=1)
    answer: httpx.Response = site.get(
        f"/api/v4/comment_v5/answers/{post.native_id}/root_comment?limit=20"
    )
    assert answer.status_code == 403
