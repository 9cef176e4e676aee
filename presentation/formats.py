"""Times, spans and numbers as people read them, in Chinese or English.

Times are aware moments in UTC; local time exists only in what these functions return.
"""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from domain.errors import Text

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_STEPS_ZH = ((10**8, "亿"), (10**4, "万"))
_STEPS_EN = ((10**6, "M"), (10**3, "k"))

MEDIA_TYPES: Final = {
    "csv": "text/csv",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "html": "text/html",
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""What a browser is told of a file, by its ending."""


def full_time(moment: datetime, zone: ZoneInfo) -> str:
    """`2026-11-21 10:31`."""
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def short_time(moment: datetime, zone: ZoneInfo) -> str:
    """`11-21 10:31`."""
    return moment.astimezone(zone).strftime("%m-%d %H:%M")


def clock_time(moment: datetime, zone: ZoneInfo) -> str:
    """`10:31`."""
    return moment.astimezone(zone).strftime("%H:%M")


def near_time(moment: datetime, seen_from: datetime, zone: ZoneInfo) -> str:
    """`10:31` on the same local day as `seen_from`, else `11-21 10:31`."""
    same_day = moment.astimezone(zone).date() == seen_from.astimezone(zone).date()
    return clock_time(moment, zone) if same_day else short_time(moment, zone)


def zone_mark(moment: datetime, zone: ZoneInfo) -> str:
    """`UTC+8`, `UTC-3:30`: which local time is meant, at that moment."""
    offset = moment.astimezone(zone).utcoffset() or timedelta(0)
    sign = "-" if offset < timedelta(0) else "+"
    hours, minutes = divmod(int(abs(offset).total_seconds()) // _MINUTE, 60)
    return f"UTC{sign}{hours}" + (f":{minutes:02}" if minutes else "")


def duration(span: timedelta, language: str) -> str:
    """`4 小时`, `1 小时 30 分钟`: at most two units, rounded down; seconds below a minute."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < _MINUTE:
        return _amount(seconds, "秒", "second", language)
    days, rest = divmod(seconds, _DAY)
    hours, rest = divmod(rest, _HOUR)
    units = [
        (days, "天", "day"),
        (hours, "小时", "hour"),
        (rest // _MINUTE, "分钟", "minute"),
    ]
    while units[0][0] == 0:
        units.pop(0)
    return " ".join(_amount(n, zh, en, language) for n, zh, en in units[:2] if n)


def days(value: float, language: str) -> str:
    """`12 天`, `6 小时`: a span given in days, in the larger unit that fits, rounded down."""
    if value < 1:
        return _amount(int(value * 24), "小时", "hour", language)
    return _amount(int(value), "天", "day", language)


def count(value: int, language: str) -> str:
    """`1,204`, from ten thousand on `1.2万` and `3.4亿` (`12k`, `3.4M`); cut, never rounded up."""
    if value < 10_000:
        return f"{value:,}"
    steps = _STEPS_EN if language.startswith("en") else _STEPS_ZH
    size, unit = next(step for step in steps if value >= step[0])
    return f"{value * 10 // size / 10:,.1f}".removesuffix(".0") + unit


def at_least(text: str, lower_bound: bool) -> str:
    """`≥ 47` where the truth may be higher because not all was seen, else the text itself."""
    return f"≥ {text}" if lower_bound else text


def decimal(value: float) -> str:
    """`0.66`, `7.6`, `12`, `130`: two decimals below one, one below a hundred, no closing zeros."""
    if abs(value) >= 99.95:
        return f"{value:,.0f}"
    return f"{value:.{2 if abs(value) < 0.995 else 1}f}".rstrip("0").rstrip(".")


def multiple(value: float, language: str) -> str:
    """`6.2 倍`, `6.2×`; from ten on without decimals, which would be more than one can know."""
    number = f"{value:,.0f}" if value >= 9.95 else decimal(value)
    return number + Text(" 倍", "×").in_language(language)


def share(value: float) -> str:
    """`81%`; `<1%` and `>99%` rather than a false nothing or all. 0 to 1 goes in."""
    if 0 < value < 0.01:
        return "<1%"
    if 0.99 < value < 1:
        return ">99%"
    return f"{value * 100:.0f}%"


def _amount(number: int, zh: str, en: str, language: str) -> str:
    plural = "" if number == 1 else "s"
    return Text(f"{number} {zh}", f"{number} {en}{plural}").in_language(language)
