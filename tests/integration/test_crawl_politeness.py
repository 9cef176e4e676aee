"""What arrives at a site when the crawler is told no, slowly, in circles, or with too much."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawlers.launch import RunOutcome
from domain.coverage import CoverageState, Interval
from tests.integration.crawling import House
from tests.integration.replay_server import Answer, ReplayServer, Reply, Seen, no_robots
from tests.integration.weibo_site import WeiboSite, posts

pytestmark = pytest.mark.integration


def some_posts(number: int = 3) -> WeiboSite:
    now = datetime.now(UTC).replace(microsecond=0)
    return WeiboSite(posts(number, word="奶茶", until=now, every=timedelta(minutes=5)))


@pytest.fixture
def run(tmp_path: Path) -> Callable[[Answer], tuple[RunOutcome, ReplayServer]]:
    def crawl(answer: Answer) -> tuple[RunOutcome, ReplayServer]:
        with ReplayServer(answer) as site, House(tmp_path, site.base_url) as house:
            return house.crawl(), site

    return crawl


def with_robots(reply: Reply) -> Answer:
    pages = some_posts()
    return lambda seen: reply if seen.path == "/robots.txt" else pages(seen)


@pytest.mark.parametrize(
    ("robots", "state", "reason"),
    [
        (Reply(b"User-agent: *\nAllow: /\n"), CoverageState.OK, ""),
        (Reply(b"User-agent: *\nDisallow: /realtime\n"), CoverageState.FAILED, "robots"),
        (Reply(b"User-agent: Koubei\nDisallow: /\n"), CoverageState.FAILED, "robots"),
        (Reply(b"User-agent: Other\nDisallow: /\n"), CoverageState.OK, ""),
        (Reply(status=404), CoverageState.OK, ""),
        (Reply(status=410), CoverageState.OK, ""),
        (Reply(status=401), CoverageState.FAILED, "robots"),
        (Reply(status=403), CoverageState.FAILED, "robots"),
        (Reply(status=429), CoverageState.FAILED, "robots"),
        (Reply(status=503), CoverageState.FAILED, "robots_unread"),
        (Reply(delay=5), CoverageState.FAILED, "robots_unread"),
    ],
    ids=["allow", "path", "us", "others", "404", "410", "401", "403", "429", "503", "timeout"],
)
def test_what_robots_txt_says_is_what_is_asked(run, robots, state, reason):
    outcome, site = run(with_robots(robots))
    assert (outcome.state, outcome.reason) == (state, reason)
    assert bool(site.pages()) is (state is CoverageState.OK)
    assert site.paths()[0] == "/robots.txt"
    assert site.paths().count("/robots.txt") == 1


def test_an_answer_of_robots_txt_lasts_a_day_over_all_processes(tmp_path):
    with ReplayServer(with_robots(Reply(b""))) as site, House(tmp_path, site.base_url) as house:
        house.crawl()
        house.crawl()
        assert site.paths().count("/robots.txt") == 1
        assert len(site.pages()) >= 2


def test_a_robots_txt_that_could_not_be_read_is_asked_again_next_time(tmp_path):
    replies = iter([Reply(status=503), Reply(b"")])
    pages = some_posts()

    def answer(seen: Seen) -> Reply:
        return next(replies) if seen.path == "/robots.txt" else pages(seen)

    with ReplayServer(answer) as site, House(tmp_path, site.base_url) as house:
        assert house.crawl().reason == "robots_unread"
        assert house.crawl().state is CoverageState.OK


def test_nothing_is_asked_within_retry_after_by_this_run_or_the_next(tmp_path):
    def answer(seen: Seen) -> Reply:
        return Reply(status=429, headers={"Retry-After": "600"})

    with (
        ReplayServer(no_robots(answer)) as site,
        House(tmp_path, site.base_url) as house,
    ):
        outcome = house.crawl()
        assert (outcome.state, outcome.reason) == (CoverageState.BLOCKED, "rate_limited")
        assert len(site.pages()) == 1
        outcome = house.crawl()
        assert (outcome.state, outcome.reason) == (CoverageState.BLOCKED, "rate_limited")
        assert len(site.pages()) == 1


def test_a_short_retry_after_is_waited_for_and_then_the_page_is_asked_once_more(run):
    pages = some_posts()
    answers = iter([Reply(status=503, headers={"Retry-After": "2"})])
    outcome, site = run(no_robots(lambda seen: next(answers, None) or pages(seen)))
    assert outcome.state is CoverageState.OK
    first, second = (seen.at for seen in site.pages()[:2])
    assert second - first >= 2


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("https://passport.weibo.com/sso/signin?entry=miniblog", "login_wall"),
        ("https://passport.weibo.com/verify/index", "captcha"),
        ("https://passport.weibo.com/visitor/visitor?a=enter", "visitor"),
    ],
)
def test_a_wall_stops_the_run_after_one_request(run, location, reason):
    outcome, site = run(no_robots(lambda _: Reply(status=302, headers={"Location": location})))
    assert (outcome.state, outcome.reason) == (CoverageState.BLOCKED, reason)
    assert len(site.pages()) == 1


def test_a_visitor_page_is_blocked_not_empty(run):
    body = b"<html><head><title>Sina Visitor System</title></head></html>"
    outcome, site = run(no_robots(lambda _: Reply(body)))
    assert (outcome.state, outcome.reason) == (CoverageState.BLOCKED, "visitor")
    assert len(site.pages()) == 1


def test_nothing_found_is_empty_and_an_unknown_page_is_a_failure(run):
    outcome, _ = run(WeiboSite([]))
    assert (outcome.state, outcome.reason) == (CoverageState.EMPTY, "")


def test_an_unknown_page_is_a_failure_that_names_the_field(run):
    outcome, site = run(no_robots(lambda _: Reply(b"<html><body>hello</body></html>")))
    assert outcome.state is CoverageState.FAILED
    assert outcome.reason.startswith("layout_changed:")
    assert len(site.pages()) == 1


def test_a_server_error_is_retried_once_here_and_then_a_failure(run):
    outcome, site = run(no_robots(lambda _: Reply(status=503)))
    assert (outcome.state, outcome.reason) == (CoverageState.FAILED, "http_503")
    assert len(site.pages()) == 2


def test_a_page_that_never_comes_is_a_timeout(run):
    outcome, _ = run(no_robots(lambda _: Reply(delay=5)))
    assert (outcome.state, outcome.reason) == (CoverageState.FAILED, "timeout")


def test_a_redirect_to_a_private_address_reaches_nothing(tmp_path):
    with (
        ReplayServer(no_robots(lambda _: Reply(b"secret"))) as inner,
        ReplayServer(
            no_robots(lambda _: Reply(status=302, headers={"Location": f"{inner.base_url}/x"}))
        ) as site,
        House(tmp_path, site.base_url) as house,
    ):
        outcome = house.crawl()
        assert (outcome.state, outcome.reason) == (CoverageState.FAILED, "address_refused")
        assert inner.seen == []


def test_a_private_address_that_koubei_toml_does_not_name_is_not_asked(tmp_path):
    with (
        ReplayServer(some_posts()) as site,
        House(tmp_path, site.base_url, allowed_hosts=("127.0.0.1:1",)) as house,
    ):
        outcome = house.crawl()
        assert (outcome.state, outcome.reason) == (CoverageState.FAILED, "address_refused")
        assert site.seen == []


def test_a_name_that_resolves_to_a_private_address_is_not_asked(tmp_path):
    with ReplayServer(some_posts()) as site:
        port = site.address.partition(":")[2]
        with House(tmp_path, f"http://localhost:{port}", allowed_hosts=(site.address,)) as house:
            outcome = house.crawl()
        assert outcome.state is CoverageState.FAILED
        assert site.seen == []


def test_an_endless_redirect_ends(run):
    outcome, site = run(
        no_robots(
            lambda seen: Reply(
                status=302,
                headers={"Location": f"/realtime?n={int(seen.query.get('n', '0')) + 1}"},
            )
        )
    )
    assert (outcome.state, outcome.reason) == (CoverageState.FAILED, "too_many_redirects")
    assert len(site.pages()) == 6


def two_gibibytes() -> Iterator[bytes]:
    for _ in range(2 * 1024):
        yield bytes(1024 * 1024)


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_of_two_gibibytes_is_cut_off(run, declared):
    headers = {"Content-Length": str(2 * 1024**3)} if declared else {}
    outcome, site = run(no_robots(lambda _: Reply(headers=headers, stream=two_gibibytes)))
    assert (outcome.state, outcome.reason) == (CoverageState.FAILED, "body_too_large")
    assert site.bytes_sent < 32 * 1024 * 1024
    assert len(site.pages()) == 1


def test_the_user_agent_says_who_asks_and_how_to_reach_them(run):
    _, site = run(some_posts())
    assert {seen.headers["User-Agent"] for seen in site.seen} == {"Koubei/0.1 (+ops@example.com)"}
    assert not any({"Cookie", "Referer"} & set(seen.headers) for seen in site.seen)


def test_no_setting_of_the_command_line_takes_robots_txt_or_the_name_away(tmp_path):
    bent = {
        "ROBOTSTXT_OBEY": False,
        "DOWNLOADER_MIDDLEWARES": {},
        "USER_AGENT": "Mozilla/5.0",
        "DEFAULT_REQUEST_HEADERS": {"User-Agent": "Mozilla/5.0"},
        "DOWNLOAD_DELAY": 0,
    }
    forbidden = with_robots(Reply(b"User-agent: *\nDisallow: /\n"))
    with ReplayServer(forbidden) as site, House(tmp_path, site.base_url) as house:
        outcome = house.crawl(bent)
        assert (outcome.state, outcome.reason) == (CoverageState.FAILED, "robots")
        assert site.paths() == ["/robots.txt"]
        assert site.seen[0].headers["User-Agent"] == "Koubei/0.1 (+ops@example.com)"


def test_a_host_without_leave_is_asked_at_the_pace_of_the_settings(tmp_path):
    """The floor itself is a unit test; here: the pace is what arrives at the host."""
    site_posts = some_posts(30)
    with ReplayServer(site_posts) as site, House(tmp_path, site.base_url) as house:
        started = time.monotonic()
        assert house.crawl().pages == 3
        assert time.monotonic() - started < 30


def test_the_schedule_leaves_a_source_alone_after_a_wall(tmp_path):
    wall = no_robots(lambda _: Reply(b"<html><title>Sina Visitor System</title></html>"))
    with ReplayServer(wall) as site, House(tmp_path, site.base_url) as house:
        assert house.crawl(scheduled=True).reason == "visitor"
        again = house.crawl(scheduled=True)
        assert (again.state, again.reason) == (CoverageState.BLOCKED, "visitor")
        assert len(site.pages()) == 1
        assert house.rows()[-1].run_id.startswith("paused-")
        house.crawl()  # a person asks: they may have logged in
        assert len(site.pages()) == 2


def test_a_wall_before_a_range_of_the_past_pauses_the_source_as_well(tmp_path):
    wall = no_robots(lambda _: Reply(b"<html><title>Sina Visitor System</title></html>"))
    now = datetime.now(UTC)
    past = Interval(now - timedelta(days=30), now - timedelta(days=28))
    with ReplayServer(wall) as site, House(tmp_path, site.base_url) as house:
        assert house.crawl(past=past).reason == "visitor"
        paused = house.crawl(scheduled=True)
        assert (paused.state, paused.reason) == (CoverageState.BLOCKED, "visitor")
        assert len(site.pages()) == 1
        assert house.rows()[-1].run_id.startswith("paused-")
