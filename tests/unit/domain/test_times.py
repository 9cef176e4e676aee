"""Every form of time in the platform reference, and that nothing else is taken for one."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.mention import Precision
from domain.times import CHINA, read_time

NOW = datetime(2026, 11, 20, 4, 0, 30, tzinfo=UTC)
"""2026-11-20 12:00:30 in China."""

SECOND, MINUTE, HOUR, DAY = Precision.SECOND, Precision.MINUTE, Precision.HOUR, Precision.DAY


def china(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=CHINA)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("text", "moment", "precision"),
    [
        ("刚刚", china(2026, 11, 20, 12, 0, 30), MINUTE),
        ("30秒前", china(2026, 11, 20, 12, 0, 0), SECOND),
        ("1分钟前", china(2026, 11, 20, 11, 59, 30), MINUTE),
        ("14 小时前", china(2026, 11, 19, 22, 0, 30), HOUR),
        ("3天前", china(2026, 11, 17), DAY),
        ("今天12:30", china(2026, 11, 20, 12, 30), MINUTE),
        ("今天 08:05", china(2026, 11, 20, 8, 5), MINUTE),
        ("今天", china(2026, 11, 20), DAY),
        ("昨天 20:29", china(2026, 11, 19, 20, 29), MINUTE),
        ("昨天", china(2026, 11, 19), DAY),
        ("前天", china(2026, 11, 18), DAY),
        ("11:24", china(2026, 11, 20, 11, 24), MINUTE),
        ("06-14", china(2026, 6, 14), DAY),
        ("8-7", china(2026, 8, 7), DAY),
        ("03-15 09:30", china(2026, 3, 15, 9, 30), MINUTE),
        ("04月25日 16:55", china(2026, 4, 25, 16, 55), MINUTE),
        ("4月5日", china(2026, 4, 5), DAY),
        ("2019年12月30日 04:55", china(2019, 12, 30, 4, 55), MINUTE),
        ("2019年12月30日", china(2019, 12, 30), DAY),
        ("2020-06-03 00:00", china(2020, 6, 3), MINUTE),
        ("2024-10-24 20:56:29", china(2024, 10, 24, 20, 56, 29), SECOND),
        ("2024-8-6 22:11", china(2024, 8, 6, 22, 11), MINUTE),
        ("2018-05-01", china(2018, 5, 1), DAY),
        ("2024/8/6 7:05", china(2024, 8, 6, 7, 5), MINUTE),
        ("2020-05", china(2020, 5, 1), DAY),
        ("2020年5月", china(2020, 5, 1), DAY),
        ("发布于 2024-04-09 00:00", china(2024, 4, 9), MINUTE),
        ("发布于 2026-3-15", china(2026, 3, 15), DAY),
        ("编辑于 昨天 12:30", china(2026, 11, 19, 12, 30), MINUTE),
        ("Sat Aug 20 18:29:52 +0800 2022", china(2022, 8, 20, 18, 29, 52), SECOND),
        (
            "Sat Aug 20 18:29:52 +0000 2022",
            datetime(2022, 8, 20, 18, 29, 52, tzinfo=UTC),
            SECOND,
        ),
        ("2021-02-02T08:28:50.000Z", datetime(2021, 2, 2, 8, 28, 50, tzinfo=UTC), SECOND),
        ("2021-02-02T08:28:50+08:00", china(2021, 2, 2, 8, 28, 50), SECOND),
        ("2021-02-02T08:28:50-0500", datetime(2021, 2, 2, 13, 28, 50, tzinfo=UTC), SECOND),
        ("1687411381", datetime(2023, 6, 22, 5, 23, 1, tzinfo=UTC), SECOND),
        (1687411381, datetime(2023, 6, 22, 5, 23, 1, tzinfo=UTC), SECOND),
        (1687411381.0, datetime(2023, 6, 22, 5, 23, 1, tzinfo=UTC), SECOND),
        ("1612254530000", datetime(2021, 2, 2, 8, 28, 50, tzinfo=UTC), SECOND),
        (1612254530000, datetime(2021, 2, 2, 8, 28, 50, tzinfo=UTC), SECOND),
        ("\n    1分钟前\u200b \xa0", china(2026, 11, 20, 11, 59, 30), MINUTE),
        ("２０２４-０８-０５　１６：４５", china(2024, 8, 5, 16, 45), MINUTE),
    ],
)
def test_every_form_of_the_platforms_is_read(text, moment, precision):
    assert read_time(text, fetched_at=NOW) == (moment.astimezone(UTC), precision)


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "赞",
        "北京",
        "发布于 北京",
        "来自 iPhone客户端",
        "24:00",
        "12:60",
        "2023-02-29",
        "02-30",
        "13-01",
        "2024-13",
        "20240805",
        "8.7",
        "4497642253759082",
        "1" * 40,
        "0",
        0,
        -1687411381,
        10**400,
        float("nan"),
        float("inf"),
        True,
        None,
        b"2024-08-05",
        ["2024-08-05"],
        "1970-01-01 08:00",
        "2150-01-01",
        "2024-08-05 16:45 " + "x" * 100,
        "٢٠٢٤-٠٨-٠٥",
    ],
)
def test_what_is_no_time_is_none(value):
    assert read_time(value, fetched_at=NOW) is None


def test_a_month_and_day_in_the_future_belong_to_last_year():
    january = china(2026, 1, 1, 0, 30)
    assert read_time("12-31 23:58", fetched_at=january) == (
        china(2025, 12, 31, 23, 58).astimezone(UTC),
        MINUTE,
    )
    assert read_time("12月31日 23:58", fetched_at=january) == (
        china(2025, 12, 31, 23, 58).astimezone(UTC),
        MINUTE,
    )
    assert read_time("11-21", fetched_at=NOW) == (china(2025, 11, 21).astimezone(UTC), DAY)
    assert read_time("11-20", fetched_at=NOW) == (china(2026, 11, 20).astimezone(UTC), DAY)


def test_the_twenty_ninth_of_february_is_in_the_last_leap_year():
    assert read_time("02-29", fetched_at=NOW) == (china(2024, 2, 29).astimezone(UTC), DAY)


def test_the_day_is_counted_in_china_not_where_the_crawler_runs():
    just_after_midnight_in_china = datetime(2026, 11, 19, 16, 10, tzinfo=UTC)
    moment, _ = read_time("今天 00:05", fetched_at=just_after_midnight_in_china) or (None, None)
    assert moment == china(2026, 11, 20, 0, 5)
    assert read_time("12月31日", fetched_at=datetime(2025, 12, 31, 16, 1, tzinfo=UTC)) == (
        china(2025, 12, 31).astimezone(UTC),
        DAY,
    )


def test_a_today_written_before_midnight_and_fetched_after_it_is_yesterday():
    after_midnight = china(2026, 11, 20, 0, 0, 20)
    for text in ("今天 23:59", "23:59"):
        assert read_time(text, fetched_at=after_midnight) == (
            china(2026, 11, 19, 23, 59).astimezone(UTC),
            MINUTE,
        )


MOMENTS = st.integers(946_800_000, 4_102_300_000).map(lambda s: datetime.fromtimestamp(s, CHINA))
"""Whole seconds from January 2000 to the end of 2099."""


@given(moment=MOMENTS)
def test_a_written_time_is_read_back_as_it_was(moment):
    seconds, minute = moment.astimezone(UTC), moment.replace(second=0).astimezone(UTC)
    written = {
        moment.isoformat(): (seconds, SECOND),
        seconds.isoformat(): (seconds, SECOND),
        moment.strftime("%Y-%m-%d %H:%M:%S"): (seconds, SECOND),
        f"{moment:%Y-%m-%d %H:%M}": (minute, MINUTE),
        f"{moment.year}-{moment.month}-{moment.day} {moment:%H:%M}": (minute, MINUTE),
        f"{moment:%Y}年{moment:%m}月{moment:%d}日 {moment:%H:%M}": (minute, MINUTE),
        str(int(moment.timestamp())): (seconds, SECOND),
        str(int(moment.timestamp()) * 1000): (seconds, SECOND),
    }
    for text, expected in written.items():
        assert read_time(text, fetched_at=NOW) == expected, text


@given(fetched_at=MOMENTS, minutes=st.integers(0, 360 * 24 * 60))
def test_a_month_and_day_of_the_last_year_is_read_back(fetched_at, minutes):
    moment = (fetched_at - timedelta(minutes=minutes)).replace(second=0)
    assume(moment.year > 2000)
    expected = (moment.astimezone(UTC), MINUTE)
    for text in (f"{moment:%m-%d %H:%M}", f"{moment:%m}月{moment:%d}日 {moment:%H:%M}"):
        assert read_time(text, fetched_at=fetched_at) == expected


@given(
    value=st.one_of(
        st.text(),
        st.integers(),
        st.floats(),
        st.from_regex(r"[0-9今昨前天年月日小时分钟秒刚发布于:：\-/. +TZ]{0,30}", fullmatch=True),
    ),
    fetched_at=st.datetimes(timezones=st.just(UTC)),
)
def test_nothing_makes_it_raise_and_what_it_gives_is_aware_utc(value, fetched_at):
    answer = read_time(value, fetched_at=fetched_at)
    if answer is not None:
        assert answer[0].tzinfo is UTC
        assert answer[1] in Precision
