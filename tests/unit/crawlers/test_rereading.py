"""Pages of the archive read again: what could not be read is, twice is once, newer is kept."""

from dataclasses import replace
from datetime import timedelta

import pytest

from crawlers.rereading import Reading, pages_to_reread, reread
from domain.brand import Brand, Configuration, Watch, WatchRule
from domain.drift import ReadPage
from domain.mention import Platform
from monitoring.ingest_result import IngestResult
from storage.sql.database import begin_work
from tests.fakes import NOON
from tests.fixtures.databases import new_workflow_database
from tests.pages import saved_pages

SAVED = next(page for page in saved_pages("weibo_search") if page.name == "realtime_2026")
WATCH = Watch("tea", "奶茶", ("tea",), ("奶茶",), ("weibo",), rule=WatchRule())
CONFIGURATION = Configuration(brands=(Brand("tea", "奶茶"),), watches=(WATCH,))
PAGE = ReadPage(
    run_id="run-1",
    sha256="a" * 64,
    watch_id="tea",
    source_id="weibo",
    platform=Platform.WEIBO,
    url=SAVED.url,
    status=200,
    fetched_at=SAVED.fetched_at,
    surface="weibo_search",
    mentions=0,
    missing="created_at",
)


class Pages(dict):
    """An archive."""

    def get(self, sha256: str) -> bytes | None:
        return super().get(sha256)


@pytest.fixture
def begin(tmp_path):
    engine = new_workflow_database(tmp_path / "workflow.sqlite")
    yield begin_work(engine)
    engine.dispose()


def again(*pages: ReadPage, bodies=None, take=None):
    archive = Pages({PAGE.sha256: SAVED.body} if bodies is None else bodies)
    return reread(pages, archive=archive, configuration=CONFIGURATION, take=take)


def test_a_page_that_could_not_be_read_is_taken_with_the_time_it_was_fetched():
    taken = []

    def take(found, **where):
        taken.append((len(found), where["watch"].id, where["run_id"], where["collected_at"]))
        return IngestResult(found=len(found), new=2, changed=1)

    done = again(PAGE, take=take)
    assert taken == [(3, "tea", "run-1", SAVED.fetched_at)]
    assert done.pages == {Reading.MENDED: 1}
    assert (done.found_before, done.found, done.new, done.changed) == (0, 3, 2, 1)


def test_a_page_that_was_read_before_is_no_mended_one():
    assert again(replace(PAGE, missing="", mentions=3)).pages == {Reading.READ: 1}


def test_what_is_still_not_read_names_what_is_missing():
    changed = SAVED.body.replace(b'class="from"', b'class="when"')
    done = again(PAGE, bodies={PAGE.sha256: changed})
    assert done.pages == {Reading.UNREAD: 1}
    assert done.missing == {("weibo_search", "created_at"): 1}


def test_what_is_gone_or_of_a_removed_watch_is_counted():
    done = again(PAGE, replace(PAGE, watch_id="other"), bodies={})
    assert done.pages == {Reading.GONE: 1, Reading.REMOVED: 1}


def test_only_the_pages_asked_for_are_read_each_body_once(begin):
    hour = timedelta(hours=1)
    pages = [
        replace(PAGE, run_id="old", fetched_at=NOON - hour),
        replace(PAGE, run_id="first", fetched_at=NOON),
        replace(PAGE, run_id="second", fetched_at=NOON + hour),
        replace(PAGE, run_id="read", sha256="b" * 64, fetched_at=NOON, missing=""),
        replace(PAGE, run_id="other", sha256="c" * 64, fetched_at=NOON, source_id="site"),
    ]
    with begin() as work:
        for page in pages:
            work.drift.note_page(page)
            work.drift.note_page(page)
        work.commit()

    def runs(source=None, *, unread=False):
        return [page.run_id for page in pages_to_reread(begin, NOON, source, unread=unread)]

    assert runs() == ["read", "other", "second"]
    assert runs("weibo") == ["read", "second"]
    assert runs("weibo", unread=True) == ["second"]
    with begin() as work:
        assert work.drift.prune_pages(NOON) == 1
