"""A range of publication time that a person asks for: read from their words, and which spiders can
look back into it.

A range is history. The newest FRESH are left to the ordinary crawl, so that no reading of the past
ever speaks for the hours that can alert.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from crawlers.windows import FRESH
from domain.coverage import Interval
from domain.errors import ConfigurationError, Text
from domain.spiders import SPIDERS, Dates, SpiderRole
from presentation.hostile import quotation

LONGEST = timedelta(days=366)
"""What one reading may ask for; its plan holds a window for each day of it."""
FRESH_HOURS = FRESH // timedelta(hours=1)
_DAY = timedelta(days=1)
_WRITTEN = Text(
    "写作 2026-11-01 或 2026-11-01T08:00", "write 2026-11-01 or, to the minute, 2026-11-01T08:00"
)


def read_past(
    start: str | None, end: str | None, *, zone: ZoneInfo, now: datetime
) -> Interval | None:
    """Return the span of publication time that `--from` and `--to` name, None when neither is
    given.

    A date is the whole day in `zone`, so `--to` includes it; a time without a zone is one there,
    and `--to` then is the first moment that is left out. Without `--to`, or with today, the span
    ends at the last full hour before the newest FRESH. ConfigurationError names what cannot be.
    """
    if not start and not end:
        return None
    if not start:
        raise _wrong("--to", Text("没有起点", "has no beginning"), _with("--from DATE"))
    since, _ = _moments(start, "--from", zone)
    reached = _last_full_hour(now - FRESH)
    begins, until = _moments(end, "--to", zone) if end else (reached, reached)
    if since > now:
        raise _wrong(f"--from {start}", _FUTURE, _UP_TO_NOW)
    if begins > now:
        raise _wrong(f"--to {end}", _FUTURE, _UP_TO_NOW)
    if end and since >= until:
        fact = Text(f"不早于 --to {end}", f"is not before --to {end}")
        raise _wrong(f"--from {start}", fact, Text("把两个日期对调", "exchange the two"))
    if since >= reached:
        raise _wrong(f"--from {start}", _FRESH, _WITHOUT)
    if until - since > LONGEST:
        fact = Text(f"范围超过 {LONGEST.days} 天", f"the range is longer than {LONGEST.days} days")
        raise _wrong(f"--from {start}", fact, Text("分几次采集", "ask for it in parts"))
    return Interval(since, min(until, reached))


def look_back_or_refuse(spider: str) -> Text:
    """Return how a spider reads a range of the past; ConfigurationError when it cannot."""
    kind = SPIDERS[spider]
    if kind.dates is Dates.NONE:
        able = [name for name, other in SPIDERS.items() if other.dates is not Dates.NONE]
        raise ConfigurationError(
            no_past(spider),
            place=f"{spider} --from",
            mend=Text(f"可用：{'、'.join(able)}", f"these can: {', '.join(able)}"),
        )
    if kind.dates is Dates.ASKED:
        return Text(
            "按日期向平台查询，每次一天；结果超出平台上限的日子再逐小时查询",
            "asks the platform by date, a day at a time; a day beyond its ceiling hour by hour",
        )
    return Text(
        "平台不能按日期查询：从最新往回翻，直到越过起点或到平台的上限；没翻到的部分在覆盖台账中记为未读到",
        "cannot be asked by date: it reads back from the newest until it has passed the beginning "
        "or meets the platform's ceiling; what was not reached is unread in the ledger",
    )


def no_past(spider: str) -> Text:
    """Return why a spider cannot read a range of the past."""
    if SPIDERS[spider].role is SpiderRole.DEPTH and spider.endswith("_hot"):
        return Text("不支持日期范围：热榜没有过去", "has no dates: a hot list has no past")
    return Text(
        "不支持日期范围：它重读已入库的内容，不按发布时间查找",
        "has no dates: it reads again what is stored, and looks for nothing",
    )


_FUTURE = Text("在未来", "is in the future")
_UP_TO_NOW = Text("写今天或更早的日期", "name today or an earlier day")
_FRESH = Text(
    f"在最近 {FRESH_HOURS} 小时之内：这段时间由日常采集负责",
    f"is within the last {FRESH_HOURS} hours, which the ordinary crawl looks after",
)
_WITHOUT = Text("去掉 --from 和 --to 再采集", "crawl without --from and --to")


def _moments(text: str, option: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return where what was named begins and ends: a day, or a moment twice."""
    try:
        day = _day(text)
        if day is not None:
            return _midnight(day, zone), _midnight(day + _DAY, zone)
        moment = datetime.fromisoformat(text)
        at = (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        unread = Text("不是日期或时间", "is neither a date nor a time")
        raise _wrong(f"{option} {quotation(text, 40)}", unread, _WRITTEN) from error
    return at, at


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _last_full_hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _with(option: str) -> Text:
    return Text(f"同时给出 {option}", f"give {option} as well")


def _wrong(place: str, fact: Text, mend: Text) -> ConfigurationError:
    return ConfigurationError(fact, place=place, mend=mend)
