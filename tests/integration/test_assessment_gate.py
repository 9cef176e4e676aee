"""What arrives at a site whose robots.txt forbids the search, before and after somebody signs."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from crawlers.robots import RobotsAnswer, RobotsCache
from domain.coverage import CoverageState
from domain.queries import MentionFilter
from tests.integration.crawling import House
from tests.integration.replay_server import ReplayServer, Reply, Seen
from tests.integration.weibo_site import WeiboSite, posts

pytestmark = pytest.mark.integration

FORBIDDING = b"User-agent: *\nDisallow: /realtime\nDisallow: /weibo\n"


@dataclass
class ForbiddingSite:
    """A search whose robots.txt says `robots`, with this status."""

    robots: bytes = FORBIDDING
    status: int = 200

    def __post_init__(self) -> None:
        now = datetime.now(UTC).replace(microsecond=0)
        self._pages = WeiboSite(posts(12, word="奶茶", until=now, every=timedelta(minutes=5)))

    def __call__(self, seen: Seen) -> Reply:
        """Answer one request."""
        if seen.path == "/robots.txt":
            return Reply(self.robots, status=self.status)
        return self._pages(seen)


def forget_robots(house: House) -> None:
    """Let the day pass for which an answer is kept."""
    for kept in house.services.settings.data_dir.glob("politeness/robots-*"):
        kept.unlink()


def change_source(house: House, **changes: object) -> None:
    house.source = replace(house.source, **changes)  # type: ignore[arg-type]
    with house.services.begin_work() as work:
        version, before = work.configuration.current()
        work.configuration.save(
            replace(before, sources=(house.source,)),
            expected_version=version,
            actor="test",
            at=datetime.now(UTC),
            origin="test",
        )
        work.commit()


def test_refused_then_signed_then_faster_then_refused_again(tmp_path):
    with ReplayServer(ForbiddingSite()) as site, House(tmp_path, site.base_url) as house:
        assert house.crawl().reason == "robots"
        assert not site.pages()
        signed = house.sign()
        outcome = house.crawl()
        assert (outcome.state, outcome.found) == (CoverageState.OK, 12)
        assert {row.assessment_id for row in house.rows() if row.run_id == outcome.run_id} == {
            signed.id
        }
        asked = len(site.pages())
        change_source(house, every=timedelta(minutes=5))
        assert house.crawl().reason == "assessment_faster"
        assert len(site.pages()) == asked


def test_a_sheet_that_does_not_say_so_opens_nothing(tmp_path):
    with ReplayServer(ForbiddingSite()) as site, House(tmp_path, site.base_url) as house:
        house.sign(allows=False)
        assert house.crawl().reason == "robots"
        assert not site.pages()


def test_a_robots_txt_that_changed_since_is_a_no(tmp_path):
    answers = ForbiddingSite()
    with ReplayServer(answers) as site, House(tmp_path, site.base_url) as house:
        house.sign()
        answers.robots = FORBIDDING + b"Disallow: /other\n"
        forget_robots(house)
        outcome = house.crawl()
        assert outcome.reason == "assessment_robots_changed", outcome
        assert not site.pages()


def test_who_keeps_an_older_robots_txt_than_was_signed_asks_again(tmp_path):
    with ReplayServer(ForbiddingSite()) as site, House(tmp_path, site.base_url) as house:
        house.sign()
        kept = RobotsCache(house.services.settings.data_dir / "politeness")
        older = RobotsAnswer(200, "User-agent: *\nDisallow: /\n")
        kept.put(site.base_url, older, datetime.now(UTC))  # as another machine still has it
        assert house.crawl().state is CoverageState.OK


@pytest.mark.parametrize(("status", "reason"), [(503, "robots_unread"), (403, "robots")])
def test_what_could_not_be_read_cannot_be_signed_away(tmp_path, status, reason):
    answers = ForbiddingSite()
    with ReplayServer(answers) as site, House(tmp_path, site.base_url) as house:
        house.sign()
        answers.status = status
        forget_robots(house)
        assert house.crawl().reason == reason
        assert not site.pages()


def test_one_page_is_shown_and_nothing_of_it_kept(tmp_path):
    answers = ForbiddingSite(robots=b"")
    with ReplayServer(answers) as site, House(tmp_path, site.base_url) as house:
        trial = house.try_page()
        assert (trial.state, trial.found, len(trial.mentions)) == (CoverageState.OK, 10, 10)
        assert [seen.path for seen in site.pages()] == ["/realtime"]
        assert trial.next.endswith("page=2")
        first = trial.mentions[0].fields
        assert (first["author"], first["author_uid"]) == ("路**", True)
        assert str(first["text"]).startswith("奶茶")
        assert house.rows() == []
        assert house.services.store.count(MentionFilter(public_voice_only=False)) == 0
        with house.services.begin_work() as work:
            assert work.crawls.recent() == []
        assert not list(house.services.settings.data_dir.glob("pages/**/*.zlib"))


def test_a_page_is_not_tried_where_it_may_not_be_crawled(tmp_path):
    with ReplayServer(ForbiddingSite()) as site, House(tmp_path, site.base_url) as house:
        trial = house.try_page()
        assert (trial.state, trial.reason) == (CoverageState.FAILED, "robots")
        assert not site.pages()
        signed = house.sign()
        trial = house.try_page()
        assert (trial.state, trial.under) == (CoverageState.OK, signed.id)


def test_robots_txt_is_read_with_what_it_forbids_of_the_source(tmp_path):
    answers = ForbiddingSite()
    with ReplayServer(answers) as site, House(tmp_path, site.base_url) as house:
        found = house.read_robots()
        assert (found.status, found.text.encode()) == (200, FORBIDDING)
        assert [path.partition("?")[0] for path in found.disallowed] == ["/realtime", "/weibo"]
        assert site.paths() == ["/robots.txt"]
        house.read_robots()
        assert site.paths() == ["/robots.txt"] * 2, "a person gets what is there now"


def test_a_server_error_is_asked_for_once_only_in_a_trial(tmp_path):
    def answer(seen: Seen) -> Reply:
        return Reply(status=404 if seen.path == "/robots.txt" else 503)

    with ReplayServer(answer) as site, House(tmp_path, site.base_url) as house:
        trial = house.try_page()
        assert (trial.state, trial.reason) == (CoverageState.FAILED, "http_503")
        assert len(site.pages()) == 1
