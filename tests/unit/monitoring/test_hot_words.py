"""Hot words of a brand: compared only with what was seen, of one sentiment or of all."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.brand import Source, Transport
from domain.coverage import CoverageRow, CoverageState
from domain.mention import Platform
from domain.queries import MentionFilter
from domain.sentiment import WHOLE_TEXT, Label, Sentiment
from monitoring.compare_view import compare
from monitoring.hot_words import hot_words
from monitoring.periods import Period
from tests.fakes import NOON, a_mention
from tests.unit.monitoring.conftest import WATCH

DAY = timedelta(days=1)
WEEK_AGO = NOON - 7 * DAY - timedelta(hours=6)


def said(word, count, at, label=Label.NEGATIVE):
    judged = {WHOLE_TEXT: Sentiment(label, -0.5, 0.9, "model")}
    return [
        a_mention(
            f"{word}-{at:%d}-{n}",
            published_at=at,
            terms=(word,),
            brand_ids=frozenset({"tea"}),
            sentiment=judged,
        )
        for n in range(count)
    ]


SOURCE = Source("weibo", "weibo_search", Platform.WEIBO, Transport.HTTP, "https://s.weibo.com")


@pytest.fixture
def words(store, begin):
    now = NOON - timedelta(hours=6)
    with begin() as work:
        version, configuration = work.configuration.current()
        work.configuration.save(
            replace(configuration, sources=(SOURCE,)),
            expected_version=version,
            actor="test",
            at=NOON,
            origin="test",
        )
        work.commit()
    store.add(
        [
            *said("虫子", 12, now),
            *said("奶茶", 20, now, Label.NEUTRAL),
            *said("排队", 3, now),
            *said("云栈", 30, now),
            *said("奶茶", 21, WEEK_AGO),
        ]
    )

    def ask(label=None):
        with begin() as work:
            _, configuration = work.configuration.current()
        return hot_words(
            store,
            begin,
            brand=configuration.brand("tea"),
            configuration=configuration,
            period=Period(NOON - DAY, NOON),
            now=NOON,
            label=label,
        )

    return ask


def see_last_week(begin):
    with begin() as work:
        work.coverage.record(
            CoverageRow(
                watch_id=WATCH.id,
                source_id=SOURCE.id,
                platform=SOURCE.platform,
                window_start=NOON - 9 * DAY,
                window_end=NOON,
                observed_at=NOON,
                state=CoverageState.OK,
                run_id="run-1",
            )
        )
        work.commit()


def test_what_rose_stands_first_and_the_brands_name_nowhere(words, begin):
    see_last_week(begin)
    found = [(w.term, w.count, w.before, w.rose) for w in words()]
    assert found == [("虫子", 12, 0, True), ("奶茶", 20, 21, False), ("排队", 3, 0, False)]


def test_brands_side_by_side_have_their_words_in_the_same_order(words, begin, store):
    see_last_week(begin)
    with begin() as work:
        _, configuration = work.configuration.current()
    voices = compare(
        store,
        begin,
        configuration=configuration,
        period=Period(NOON - DAY, NOON),
        now=NOON,
    )
    (ours,) = [voice for voice in voices if voice.brand.id == "tea"]
    assert ours.terms == words()
    frequent = [word for word, _ in store.top_terms(MentionFilter("tea", start=NOON - DAY))]
    assert [each.term for each in ours.terms] != [w for w in frequent if w != "云栈"]


def test_without_last_week_no_change_is_told(words):
    found = [(w.term, w.count, w.before, w.rose, w.change) for w in words()]
    assert found == [
        ("奶茶", 20, None, False, "—"),
        ("虫子", 12, None, False, "—"),
        ("排队", 3, None, False, "—"),
    ]


def test_of_one_sentiment_only_its_mentions_count(words, begin):
    see_last_week(begin)
    assert [(w.term, w.count) for w in words(Label.NEGATIVE)] == [("虫子", 12), ("排队", 3)]
    assert [(w.term, w.before) for w in words(Label.NEUTRAL)] == [("奶茶", 0)]
    assert words(Label.POSITIVE) == ()
