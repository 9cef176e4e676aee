"""A text that is good for one brand and bad for another is both, wherever a brand is shown."""

import csv
import io
from datetime import timedelta

import pytest

from domain.brand import Brand, Configuration, Source, Transport, Watch
from domain.mention import Platform
from domain.queries import MentionFilter, Sort
from domain.sentiment import WHOLE_TEXT, Label, Sentiment
from monitoring.compare_view import compare
from monitoring.evidence import gather
from monitoring.exporting import export
from monitoring.feed import FeedQuery, read_totals
from monitoring.periods import Period
from monitoring.pulse import read_pulse
from monitoring.series import Coverage, read_series, span_at
from tests.fakes import NOON, a_mention

HOUR = timedelta(hours=1)
GOOD, BAD = Brand("tea", "云栈"), Brand("rival", "半山")
BOTH = frozenset({"tea", "rival"})


@pytest.fixture
def praised(store):
    """Seven posts that praise one brand and damn the other; as a whole they are neutral."""
    store.add(
        a_mention(
            str(number),
            text="云栈真好，半山太差",
            author_key=str(number),
            published_at=NOON - HOUR + timedelta(minutes=number),
            brand_ids=BOTH,
            sentiment={
                WHOLE_TEXT: Sentiment(Label.NEUTRAL, 0.0, 0.8, "m"),
                "tea": Sentiment(Label.POSITIVE, 0.9, 0.9, "m"),
                "rival": Sentiment(Label.NEGATIVE, -0.9, 0.5, "m"),
            },
        )
        for number in range(7)
    )
    return store


def test_a_mail_tells_first_what_is_said_more_than_a_week_ago(store):
    bad = {WHOLE_TEXT: Sentiment(Label.NEGATIVE, -0.9, 0.9, "m")}
    for word, now, before in (("店员", 9, 9), ("虫子", 8, 0)):
        for at, count in ((NOON, now), (NOON - timedelta(days=7), before)):
            store.add(
                a_mention(
                    f"{word}{at:%d}{n}",
                    text=f"半山的{word}{n}",
                    terms=(word,),
                    published_at=at - timedelta(minutes=n + 1),
                    brand_ids=frozenset({"rival"}),
                    sentiment=bad,
                )
                for n in range(count)
            )
    evidence = gather(store, BAD, NOON - HOUR, NOON)
    assert evidence.terms == (("虫子", 8), ("店员", 9))


@pytest.mark.parametrize(("brand", "negatives"), [(GOOD, 0), (BAD, 7)])
def test_each_brand_has_its_own_label_everywhere(praised, begin, zone, tmp_path, brand, negatives):
    configuration = Configuration(
        brands=(GOOD, BAD),
        watches=(Watch("w", "w", ("tea", "rival"), ("云栈",), ("weibo",)),),
        sources=(Source("weibo", "weibo_search", Platform.WEIBO, Transport.HTTP, ""),),
    )
    # what the detector counts, and what stands behind an alert
    coverage = Coverage((), configuration.watches)
    series = read_series(praised, brand.id, (Platform.WEIBO,), coverage, span_at(NOON))
    assert sum(bar.negative for bar in series.last_day((Platform.WEIBO,), NOON)) == negatives
    evidence = gather(praised, brand, NOON - HOUR, NOON)
    assert evidence.authors == negatives
    # 总览
    period = Period(NOON - 24 * HOUR, NOON)
    pulse = read_pulse(
        praised,
        begin,
        brand=brand,
        configuration=configuration,
        period=period,
        now=NOON,
        zone=zone,
        review_below=60,
    )
    assert (pulse.tally.total, pulse.tally.negative) == (7, negatives)
    assert len(pulse.newest_negative) == min(negatives, 5)
    assert pulse.trust.unsure == negatives  # of the bad one the model is not sure
    # 信息流 and its file
    totals = read_totals(praised, FeedQuery(brand_id=brand.id), 60)
    assert (totals.negative, totals.unsure) == (negatives, negatives)
    file = tmp_path / "all.csv"
    list(export(praised.scan(MentionFilter(brand_id=brand.id)), file, zone, brand.id))
    rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig"))))
    assert sum(row["label"] == "negative" for row in rows) == negatives
    # 竞品
    voices = compare(praised, begin, configuration=configuration, period=period, now=NOON)
    (voice,) = [voice for voice in voices if voice.brand == brand]
    assert voice.now.by_label.get(Label.NEGATIVE, 0) == negatives
    # search
    worst = praised.search(MentionFilter(brand_id=brand.id), sort=Sort.MOST_NEGATIVE, limit=1)
    assert worst.mentions[0].label_towards(brand.id) is (
        Label.NEGATIVE if negatives else Label.POSITIVE
    )
