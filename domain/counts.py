"""How many: the ways in which the platforms write a count, read into an integer.

Seen: `1261`, `"2007"`, `"100万+"`, `"145.5万"`, `"1.2 万"`, `"1.2W"`, `"3亿"`, full-width digits.
A word alone (`赞`) is not a count here: whether it means none, the reader of that page says.
"""

import re
import unicodedata
from decimal import Decimal

_LONGEST_TEXT = 32
_LARGEST = 10**15
"""Ten thousand times everybody on earth: a larger number is no count."""

_UNITS = {
    "": 1,
    "千": 10**3,
    "k": 10**3,
    "万": 10**4,
    "萬": 10**4,
    "w": 10**4,
    "亿": 10**8,
    "億": 10**8,
}
_COUNT = re.compile(
    r"(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,16})(?P<part>\.[0-9]{1,8})?"
    r" ?(?P<unit>[千k万萬w亿億]?) ?\+?",
    re.IGNORECASE,
)


def read_count(value: object) -> int | None:
    """Return the count that `value` (a JSON value or text) tells, None when it tells none.

    Never 0 for unknown: negative numbers, NaN, booleans and anything that is not a number give
    None. `"100万+"` is its lower bound, 1,000,000. A fraction of a person is cut off.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if 0 <= value <= _LARGEST else None
    if isinstance(value, float):
        return int(value) if value.is_integer() and 0 <= value <= _LARGEST else None
    return _read_text(value) if isinstance(value, str) else None


def _read_text(text: str) -> int | None:
    text = text.strip(" \t\r\n\u200b\ufeff\xa0")
    if len(text) > _LONGEST_TEXT:
        return None
    match = _COUNT.fullmatch(unicodedata.normalize("NFKC", text))
    if match is None or (match["part"] and not match["unit"]):
        return None
    number = Decimal(match["whole"].replace(",", "") + (match["part"] or ""))
    count = int(number * _UNITS[match["unit"].lower()])
    return count if count <= _LARGEST else None
