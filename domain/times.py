"""When something was said: every way in which the platforms write a time, read into UTC.

Seen on Weibo, Zhihu and Tieba between 2015 and 2026: `刚刚`, `5分钟前`, `今天12:30`, `昨天 20:29`,
`前天`, `11:24` (today), `06-14`, `8-7`, `04月25日 16:55`, `2019年12月30日 04:55`, `2024-8-6 22:11`,
`2018-05-01`, `2020-05`, `Sat Aug 20 18:29:52 +0800 2022`, `2021-02-02T08:28:50.000Z`, epoch seconds
and milliseconds. What carries no zone is China time.
"""

import re
import unicodedata
from calendar import isleap
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

from domain.mention import Precision

CHINA = timezone(timedelta(hours=8), "+08:00")
"""The platforms' own zone: China has had one offset and no summer time since 1991."""

_CLOCK_SKEW = timedelta(minutes=2)
"""A page may be this far ahead of the crawler's clock before its day counts as the future."""

_STALE_TODAY = timedelta(hours=12)
"""A "today" this far ahead was written before midnight and fetched after it."""

_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_EARLIEST_SECOND, _LATEST_SECOND = int(_EARLIEST.timestamp()), int(_LATEST.timestamp())
_LONGEST_TEXT = 64
_LEAP_CYCLE = 9
"""Years to look back for a 29 February: at most eight lie between two of them (1896 to 1904)."""

_WEEKDAY_INITIALS = frozenset("MTWFSmtwfs")
"""Only the form that weekdays begin starts with one of these; it is the most common of all."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS_BACK = {"今天": 0, "昨天": 1, "前天": 2}
_AGES = {
    "秒": (timedelta(seconds=1), Precision.SECOND),
    "分": (timedelta(minutes=1), Precision.MINUTE),
    "小": (timedelta(hours=1), Precision.HOUR),
}

_Moment = tuple[datetime, Precision]
_Read = Callable[[re.Match[str], datetime], _Moment]


def read_time(value: object, *, fetched_at: datetime) -> _Moment | None:
    """Return the moment (aware, UTC) and how finely it was told; None for what is no time.

    `value` is text, or a JSON number (epoch). `fetched_at` (aware) is when the page was fetched:
    relative forms count back from it, and a month and day that lie after it belong to last year.
    A day without a clock is its midnight in China; a year and month alone are the first of the
    month with precision `day`, the coarsest there is. Times before 2000 are no times: they stand
    for "unknown" (epoch 0).
    """
    if type(value) is int and _EARLIEST_SECOND <= value < _LATEST_SECOND:
        return datetime.fromtimestamp(value, UTC), Precision.SECOND
    if isinstance(value, str) and (plain := _PLAIN.fullmatch(value)):
        return _plain(plain)
    text = _normalised(value)
    if not text:
        return None
    is_absolute = text[0] in _WEEKDAY_INITIALS
    forms = _FIGURE_FORMS if text.isascii() else _FORMS
    for form, read in _WEEKDAY_FORMS if is_absolute else forms:
        if match := form.fullmatch(text):
            try:
                now = fetched_at if is_absolute else _whole_second(fetched_at)
                moment, precision = read(match, now)
                moment = moment.astimezone(UTC)
            except (ValueError, OverflowError):  # 31 February, 25:00, year 0
                return None
            return (moment, precision) if _EARLIEST <= moment < _LATEST else None
    return None


def _plain(match: re.Match[str]) -> _Moment | None:
    """A full time without a zone, as most pages write it."""
    year, month, day, hour, minute, second = match.groups()
    try:
        moment = datetime(
            *(int(year), int(month), int(day)),
            *(int(hour), int(minute), int(second or 0)),
            tzinfo=CHINA,
        ).astimezone(UTC)
    except (ValueError, OverflowError):  # 31 February, 25:00, years 0 and 1
        return None
    precision = Precision.MINUTE if second is None else Precision.SECOND
    return (moment, precision) if _EARLIEST <= moment < _LATEST else None


def _whole_second(moment: datetime) -> datetime:
    """A moment on China's clock, to the second."""
    return moment.astimezone(CHINA).replace(microsecond=0)


def _normalised(value: object) -> str:
    if isinstance(value, bool):
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and 0 < value < 1e14 else ""
    if isinstance(value, int):
        return str(value) if 0 < value < 10**14 else ""
    if not isinstance(value, str):
        return ""
    text = value.strip(" \t\r\n\u200b\ufeff\xa0")
    if len(text) > _LONGEST_TEXT:
        return ""
    if text.isascii():
        is_clean = text.isprintable() and "  " not in text  # as nearly all are
        return text if is_clean else " ".join(text.split())
    text = " ".join(unicodedata.normalize("NFKC", text).split())
    return _PREFIX.sub("", text)


def _clock(match: re.Match[str]) -> tuple[int, int, int, Precision]:
    """Hour, minute, second and precision of a match; midnight and `day` when it has no clock."""
    if match["hour"] is None:
        return 0, 0, 0, Precision.DAY
    precision = Precision.MINUTE if match["second"] is None else Precision.SECOND
    return int(match["hour"]), int(match["minute"]), int(match["second"] or 0), precision


def _zone(text: str | None) -> timezone:
    if text is None or text == "+0800":
        return CHINA
    if text == "Z":
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(-offset if text[0] == "-" else offset)


def _at(match: re.Match[str], year: int, month: int, day: int, zone: timezone = CHINA) -> _Moment:
    hour, minute, second, precision = _clock(match)
    return datetime(year, month, day, hour, minute, second, tzinfo=zone), precision


def _just_now(match: re.Match[str], now: datetime) -> _Moment:
    return now, Precision.MINUTE


def _ago(match: re.Match[str], now: datetime) -> _Moment:
    count, unit = int(match["count"]), match["unit"][0]
    if unit == "天":
        return _midnight(now - timedelta(days=count)), Precision.DAY
    step, precision = _AGES[unit]
    return now - count * step, precision


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0)


def _day_word(match: re.Match[str], now: datetime) -> _Moment:
    return _days_back(match, now, _DAYS_BACK[match["word"]])


def _clock_alone(match: re.Match[str], now: datetime) -> _Moment:
    return _days_back(match, now, 0)


def _days_back(match: re.Match[str], now: datetime, days: int) -> _Moment:
    day = now - timedelta(days=days)
    moment, precision = _at(match, day.year, day.month, day.day)
    return (moment - timedelta(days=1) if moment > now + _STALE_TODAY else moment), precision


def _month_day(match: re.Match[str], now: datetime) -> _Moment:
    month, day = int(match["month"]), int(match["day"])
    for year in range(now.year, now.year - _LEAP_CYCLE, -1):
        if (month, day) == (2, 29) and not isleap(year):
            continue
        moment, precision = _at(match, year, month, day)
        if moment.date() <= (now + _CLOCK_SKEW).date():
            return moment, precision
    raise ValueError("no such day in the past")


def _full(match: re.Match[str], now: datetime) -> _Moment:
    year, month, day = int(match["year"]), int(match["month"]), int(match["day"])
    return _at(match, year, month, day, _zone(match["zone"]))


def _year_month(match: re.Match[str], now: datetime) -> _Moment:
    return datetime(int(match["year"]), int(match["month"]), 1, tzinfo=CHINA), Precision.DAY


def _rfc_like(match: re.Match[str], now: datetime) -> _Moment:
    name, day, hour, minute, second, zone, year = match.groups()
    moment = datetime(
        *(int(year), _MONTHS.index(name.lower()) + 1, int(day)),
        *(int(hour), int(minute), int(second or 0)),
        tzinfo=_zone(zone),
    )
    return moment, Precision.MINUTE if second is None else Precision.SECOND


def _epoch(match: re.Match[str], now: datetime) -> _Moment:
    digits = match[0]
    seconds = int(digits) if len(digits) <= 10 else int(digits) / 1000
    return datetime.fromtimestamp(seconds, UTC), Precision.SECOND


_PLAIN = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})[ \xa0](\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)


def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.replace("CLOCK", _CLOCK).replace("ZONE", _ZONE), re.ASCII)


_PREFIX = re.compile(r"^(?:发布|发表|编辑|回复|更新|修改)于:? ?")
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d+)?)?"
_ZONE = r"(?P<zone>Z|[+-]\d{2}:?\d{2})"
_WEEKDAY_FORMS: tuple[tuple[re.Pattern[str], _Read], ...] = (
    (
        _form(r"[A-Za-z]{3},? (?P<name>[A-Za-z]{3}) (?P<day>\d{1,2}) CLOCK ZONE (?P<year>\d{4})"),
        _rfc_like,
    ),
)
_FIGURE_FORMS: tuple[tuple[re.Pattern[str], _Read], ...] = (
    (_form(r"CLOCK"), _clock_alone),
    (_form(r"\d{9,10}|\d{12,13}"), _epoch),
    (
        _form(
            r"(?P<year>\d{4}) ?[-/.年] ?(?P<month>\d{1,2}) ?[-/.月] ?(?P<day>\d{1,2}) ?日?"
            r"(?:[T ]?CLOCK ?ZONE?)?"
        ),
        _full,
    ),
    (_form(r"(?P<year>\d{4}) ?[-/年] ?(?P<month>\d{1,2}) ?月?"), _year_month),
    (_form(r"(?P<month>\d{1,2}) ?[-/月] ?(?P<day>\d{1,2}) ?日?(?: ?CLOCK)?"), _month_day),
)
_FORMS: tuple[tuple[re.Pattern[str], _Read], ...] = (
    (_form(r"刚刚|刚才"), _just_now),
    (_form(r"(?P<count>\d{1,6}) ?(?P<unit>秒钟?|分钟?|小时|天)之?前"), _ago),
    (_form(r"(?P<word>今天|昨天|前天) ?(?:CLOCK)?"), _day_word),
    *_FIGURE_FORMS,
)
