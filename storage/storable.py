"""What every mention store can hold, and what none can.

The rules are the same for all adapters, so that a mention that one takes moves to another.
"""

from datetime import UTC, datetime
from math import isfinite

from domain.errors import Text
from domain.mention import Mention
from domain.sentiment import WHOLE_TEXT

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST = 2**53 - 1
"""The largest count: JSON readers agree on whole numbers up to here (RFC 8259 §6), and sums of a
thousand of them fit into 64 bits."""


class Unstorable(Exception):
    """A mention that cannot be held; `text` says why. A verdict, it never leaves the store."""

    def __init__(self, zh: str, en: str) -> None:
        self.text = Text(zh, en)
        super().__init__(en)


def check(mention: Mention) -> None:
    """Return when the mention can be held as far as its values tell, else raise Unstorable."""
    _check_numbers(mention)
    _check_names(mention)


def unwritable() -> Unstorable:
    """The verdict on a value that JSON or UTF-8 cannot express (half characters, huge numbers)."""
    return Unstorable(
        "含有无法保存的字符或数值", "holds a character or number that cannot be written"
    )


def micros(time: datetime) -> int:
    """Return an aware time as microseconds since 1970; Unstorable when naive or earlier."""
    if time.tzinfo is None:
        raise Unstorable("时间没有时区", "a time without a zone")
    since = time - _EPOCH
    if since.days < 0:
        raise Unstorable("时间早于 1970 年", "a time before 1970")
    return (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds


def moment(microseconds: int) -> datetime:
    """Return microseconds since 1970 as a time in UTC."""
    seconds, fraction = divmod(microseconds, 1_000_000)
    whole = datetime.fromtimestamp(seconds, UTC)
    return whole.replace(microsecond=fraction) if fraction else whole


def _check_numbers(mention: Mention) -> None:
    for count in (mention.likes, mention.comments, mention.reposts, mention.views):
        if count is not None and not -_MOST <= count <= _MOST:
            raise Unstorable("计数超出范围", "a count out of range")
    for judgement in mention.sentiment.values():
        if not (isfinite(judgement.polarity) and isfinite(judgement.confidence)):
            raise Unstorable("情感数值不是有限数", "a sentiment that is no finite number")
    if WHOLE_TEXT in mention.brand_ids:
        raise Unstorable("品牌编号为空", "an empty brand id")
    if mention.fingerprint is not None and not 0 <= mention.fingerprint < 2**64:
        raise Unstorable("指纹超出 64 位", "a fingerprint of more than 64 bits")


def _check_names(mention: Mention) -> None:
    names = (mention.id, mention.source, mention.author_key or "", mention.cluster_id or "")
    try:
        "".join(names).encode()
    except UnicodeEncodeError as error:
        raise Unstorable("编号含有无效字符", "an id holds an invalid character") from error
