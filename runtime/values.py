"""Kinds of value that settings and configuration files share; each refusal says what is allowed."""

import re
import zoneinfo
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from domain.han import fold
from domain.hosts import is_ip
from runtime.problems import refused

_DURATION = re.compile(r"(\d{1,9})\s*([smhd])")
_UNITS = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
}
_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@"
    r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
)
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_CHANNEL = re.compile(r"[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*")
_INDEX = re.compile(r"[a-z][a-z0-9_-]{0,99}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LONGEST_WORD = 100
_CLOCK = re.compile(r"([0-9]{2}):([0-5][0-9])")
_NO_DAYS, _LONGEST_RANGE = timedelta(0), timedelta(days=30)


def parse_duration(value: object) -> timedelta:
    """Return the duration of `30s`, `15m`, `4h`, `7d` (whole and above zero)."""
    if isinstance(value, timedelta):
        return value
    found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None or int(found[1]) == 0:
        raise refused(
            '应为时长，如 "30s"、"15m"、"4h"、"7d"',
            'must be a duration, as "30s", "15m", "4h", "7d"',
        )
    return int(found[1]) * _UNITS[found[2]]


def duration_text(duration: timedelta) -> str:
    """Return the shortest text that `parse_duration` reads as this duration (whole seconds)."""
    for sign, unit in _UNITS.items():
        if duration >= unit and not duration % unit:
            return f"{duration // unit}{sign}"
    raise ValueError(f"{duration} is not a whole number of seconds above zero")


def _clock_time(value: object) -> timedelta:
    """Return the time since midnight of `09:00`; `24:00` is the day's end."""
    if isinstance(value, timedelta):
        return value
    found = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    since = timedelta(hours=int(found[1]), minutes=int(found[2])) if found else None
    if since is None or since > timedelta(days=1):
        raise refused('应为时刻，如 "09:00"', 'must be a time of day, as "09:00"')
    return since


def clock_text(since_midnight: timedelta) -> str:
    """Return the text that is read as this time of day."""
    hours, minutes = divmod(since_midnight // timedelta(minutes=1), 60)
    return f"{hours:02}:{minutes:02}"


def _days(value: object) -> object:
    """Read a list of `2027-01-01` and `2027-02-05..2027-02-11` (both ends included)."""
    if not isinstance(value, list | tuple):
        return value
    found = {day for item in value for day in _range(item)}
    return tuple(sorted(found))


def _range(item: object) -> Iterator[date]:
    if isinstance(item, date):  # TOML has dates of its own
        yield item
        return
    first, _, last = item.partition("..") if isinstance(item, str) else ("", "", "")
    try:
        day, end = date.fromisoformat(first.strip()), date.fromisoformat((last or first).strip())
    except ValueError:
        day, end = date.max, date.min
    if not _NO_DAYS <= end - day <= _LONGEST_RANGE:
        raise refused(
            '应为日期或日期段，如 "2027-01-01"、"2027-02-05..2027-02-11"，最长 31 天',
            'must be days, as "2027-01-01" or "2027-02-05..2027-02-11", 31 at most',
        )
    while day <= end:
        yield day
        day += timedelta(days=1)


def days_text(days: Iterable[date]) -> list[str]:
    """Return days, one by one, as they are read again."""
    return [day.isoformat() for day in days]


def at_least(floor: timedelta) -> AfterValidator:
    """Return a bound for a duration."""

    def check(value: timedelta) -> timedelta:
        if value < floor:
            text = duration_text(floor)
            raise refused(f"应不小于 {text}", f"must be at least {text}")
        return value

    return AfterValidator(check)


def at_most(ceiling: timedelta) -> AfterValidator:
    """Return a bound for a duration."""

    def check(value: timedelta) -> timedelta:
        if value > ceiling:
            text = duration_text(ceiling)
            raise refused(f"应不大于 {text}", f"must be at most {text}")
        return value

    return AfterValidator(check)


def _whole(value: object) -> object:
    """Refuse true and false, which pydantic would read as 1 and 0."""
    if isinstance(value, bool):
        raise refused("应为整数", "must be a whole number")
    return value


def _split(value: object) -> object:
    """An environment variable gives a list as `a, b`."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _zone(value: str) -> str:
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        if not zoneinfo.available_timezones():
            raise refused(
                "本机没有时区数据；请执行 python3 run.py setup",
                "this machine has no time zone data; run python3 run.py setup",
            ) from None
        raise refused(
            "应为 IANA 时区名，如 Asia/Shanghai", "must be an IANA time zone, as Asia/Shanghai"
        ) from None
    return value


def _address(value: str) -> str:
    text = value.strip()
    local = text.partition("@")[0]
    dots = local.startswith(".") or local.endswith(".") or ".." in local
    if not _ADDRESS.fullmatch(text) or dots or len(text) > 254:
        raise refused(
            "应为邮箱地址，如 pr@example.com", "must be a mail address, as pr@example.com"
        )
    return text


def _web_address(value: str) -> str:
    text = value.strip()
    if not _is_web_address(text):
        raise refused(
            "应为 http:// 或 https:// 网址，不含用户名和密码",
            "must be an http:// or https:// address without user name and password",
        )
    return text.rstrip("/")


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    named = parts.scheme in {"http", "https"} and parts.hostname and port != 0
    # a "*" is no host: where hosts are compared it would stand for every one
    extra = parts.username or parts.password or parts.fragment or " " in text or "*" in parts.netloc
    return bool(named) and not extra and not _CONTROL.search(text)


def _host_name(value: str) -> str:
    text = value.strip()
    if not is_ip(text) and not _HOST.fullmatch(text):
        raise refused("应为主机名或 IP 地址", "must be a host name or an IP address")
    return text.lower()


def _host_and_port(value: str) -> str:
    host, _, port = value.strip().rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    named = is_ip(bare) if ":" in bare else bool(_HOST.fullmatch(bare))
    if not named or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise refused(
            "应为「主机:端口」，如 127.0.0.1:8600，不能用通配符",
            "must be host:port, as 127.0.0.1:8600, without wildcards",
        )
    return f"{f'[{bare}]' if ':' in bare else bare.lower()}:{int(port)}"


def _network(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return ip_network(value.strip())
    except ValueError:
        raise refused(
            "应为 IP 地址或网段，如 10.0.0.5 或 10.0.0.0/24",
            "must be an IP address or network, as 10.0.0.5 or 10.0.0.0/24",
        ) from None


def _slug(value: str) -> str:
    if not _SLUG.fullmatch(value):
        raise refused(
            "应为小写字母、数字、- 或 _，以字母或数字开头，最长 64 个字符",
            "must be lower-case letters, digits, - or _, begin with a letter or digit, 64 at most",
        )
    return value


def _channel_name(value: str) -> str:
    if len(value) > 40 or not _CHANNEL.fullmatch(value):
        raise refused(
            "名称应为小写字母、数字，中间可有单个 - 或 _，最长 40 个字符",
            "a name is lower-case letters and digits, single - or _ between, 40 at most",
        )
    return value


def _index_name(value: str) -> str:
    if not _INDEX.fullmatch(value):
        raise refused(
            "应为小写字母、数字、- 或 _，以字母开头，最长 100 个字符",
            "must be lower-case letters, digits, - or _, begin with a letter, 100 at most",
        )
    return value


def _word(value: str) -> str:
    text = value.strip()
    if not fold(text).strip() or len(text) > _LONGEST_WORD or _CONTROL.search(text):
        raise refused(
            f"应为 1 到 {_LONGEST_WORD} 个字符的文字，不能为空，不含控制字符",
            f"must be text of 1 to {_LONGEST_WORD} characters, not blank, no control characters",
        )
    return text


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
ClockTime = Annotated[timedelta, BeforeValidator(_clock_time)]
Days = Annotated[tuple[date, ...], BeforeValidator(_days)]
Whole = Annotated[int, BeforeValidator(_whole)]
Port = Annotated[Whole, Field(ge=1, le=65535)]
ZoneName = Annotated[str, AfterValidator(_zone)]
MailAddress = Annotated[str, AfterValidator(_address)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
HostName = Annotated[str, AfterValidator(_host_name)]
HostAndPort = Annotated[str, AfterValidator(_host_and_port)]
Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]
ChannelName = Annotated[str, AfterValidator(_channel_name)]
IndexName = Annotated[str, AfterValidator(_index_name)]
Slug = Annotated[str, AfterValidator(_slug)]
Word = Annotated[str, AfterValidator(_word)]
SPLIT = BeforeValidator(_split)
