"""monitoring/feed_export.py: what is taken along is permitted, counted and in the trail."""

from zoneinfo import ZoneInfo

import pytest

from domain.errors import NotPermitted
from domain.mention import Kind
from domain.sentiment import Label
from monitoring.feed import FeedQuery
from monitoring.feed_export import export_feed
from tests.dashboard_house import NOW, furnished_house

CHINA = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="module")
def services(tmp_path_factory):
    with furnished_house(tmp_path_factory.mktemp("house")) as services:
        yield services


def take(services, account_id, ending="csv", **query):
    return export_feed(
        services.begin_work,
        services.store,
        account_id,
        FeedQuery(brand_id="yunzhan", **query),
        ending,
        zone=CHINA,
        at=NOW,
    )


def exports(services):
    with services.begin_reading() as work:
        return [row for row in work.audit.rows() if row.action == "mentions.exported"]


def test_a_file_holds_what_the_filter_finds_and_no_formula(services):
    text = take(services, "lin", labels=(Label.NEGATIVE,)).decode("utf-8-sig")
    lines = text.splitlines()
    assert len(lines) == 1 + 27
    assert not any(cell[:1] in {"=", "+", "@"} for line in lines for cell in line.split(","))


def test_an_excel_file_is_one(services):
    assert take(services, "lin", "xlsx").startswith(b"PK")


def test_the_trail_says_who_took_how_many_by_which_filter(services):
    before = len(exports(services))
    take(services, "lin", words=("虫子",))
    rows = exports(services)
    assert len(rows) == before + 1
    assert rows[-1].actor == "account:lin"


def test_who_may_not_gets_nothing_and_leaves_no_row(services):
    before = len(exports(services))
    with pytest.raises(NotPermitted):
        take(services, "zhou")
    assert len(exports(services)) == before


def test_who_asks_for_comments_gets_them_though_they_count_nowhere():
    assert FeedQuery().filter.public_voice_only
    assert FeedQuery(kinds=(Kind.POST, Kind.COMMENT)).filter.public_voice_only
    assert not FeedQuery(kinds=(Kind.COMMENT,)).filter.public_voice_only
