"""The two names of a Weibo post: `mid`, a decimal number, and `bid`, the same number in base 62.

Every seven decimal digits from the right are four base-62 digits (nghuyong/WeiboSpider common.py,
seen April 2025; checked against every post of 2017 to 2026 we have).

A mid of today's numbering also tells when it was given out: its upper bits count the seconds since
3 May 1986, 13:51:03 +0800. Of 80 posts and comments of 2017 to 2023 none differs from the time that
Weibo shows by more than a second.
"""

import re
from datetime import UTC, datetime, timedelta

_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_VALUES = {digit: value for value, digit in enumerate(_ALPHABET)}
_MID_DIGITS = 7
_BID_DIGITS = 4
_MID = re.compile(r"[0-9]{8,19}")
_BID = re.compile(r"[0-9A-Za-z]{5,12}")
_COUNTER_BITS = 22
_EPOCH = 515_483_463
_FIRST_DAY = datetime(2011, 9, 1, tzinfo=UTC)
"""Mids were numbered otherwise until the summer of 2011."""

_CLOCK_SKEW = timedelta(minutes=10)


def bid_of(mid: str) -> str | None:
    """Return the bid of a mid: `4497642253759082` → `IEY7vfLUm`; None for what is no mid."""
    if not _MID.fullmatch(mid):
        return None
    groups = _groups(mid, _MID_DIGITS)
    digits = [_to_base_62(int(group)).rjust(_BID_DIGITS, "0") for group in groups]
    return "".join(digits).lstrip("0")


def mid_of(bid: str) -> str | None:
    """Return the mid of a bid: `IEY7vfLUm` → `4497642253759082`; None for what is no bid."""
    if not _BID.fullmatch(bid):
        return None
    numbers = [_from_base_62(group) for group in _groups(bid, _BID_DIGITS)]
    if any(number >= 10**_MID_DIGITS for number in numbers):
        return None
    mid = "".join(f"{number:0{_MID_DIGITS}d}" for number in numbers).lstrip("0")
    return mid if _MID.fullmatch(mid) else None


def time_of(mid: str, *, now: datetime) -> datetime | None:
    """Return when a mid was given out (aware, UTC, to the second); None where it cannot tell.

    For pages that show no time. A post that its author scheduled is published later than that.
    `now` is the moment beyond which no mid can lie.
    """
    if not _MID.fullmatch(mid):
        return None
    seconds = (int(mid) >> _COUNTER_BITS) + _EPOCH
    if not _FIRST_DAY.timestamp() <= seconds <= (now + _CLOCK_SKEW).timestamp():
        return None
    return datetime.fromtimestamp(seconds, UTC)


def _groups(text: str, size: int) -> list[str]:
    head = len(text) % size
    rest = [text[start : start + size] for start in range(head, len(text), size)]
    return [text[:head], *rest] if head else rest


def _to_base_62(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits


def _from_base_62(digits: str) -> int:
    number = 0
    for digit in digits:
        number = number * len(_ALPHABET) + _VALUES[digit]
    return number
