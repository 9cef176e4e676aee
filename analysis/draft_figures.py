"""Figures and dates of a statement, in a form that can be compared with those of a fact sheet."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_UNITS = (
    r"名|位|人次|人|家|起|例|批次?|份|件|杯|瓶|箱|盒|袋|台|部|个|次|条|天|日内|小时|分钟|周|个月|年|倍"
    r"|万元|亿元|元|块|克|毫克|千克|公斤|吨|毫升|升|米|公里|平方米"
)
_HAN = "零〇一二两三四五六七八九十百千万亿"
_FIGURE = re.compile(
    rf"(?<![0-9A-Za-z.\-—第{_HAN}])(?P<number>\d{{1,12}}(?:,\d{{3}}){{0,4}}(?:\.\d{{1,4}})?|[{_HAN}]{{1,10}})\s?(?P<scale>[万亿]?)余?(?:(?P<percent>%|％)|(?P<unit>{_UNITS}))"
)
_PERCENT_WORDS = re.compile(rf"百分之(?P<number>[{_HAN}]{{1,6}})(?!百)")
_DATE = re.compile(
    r"(?:(?P<year>\d{4})\s?[年./-]\s?)?(?P<month>\d{1,2})\s?[月./-]\s?(?P<day>\d{1,2})\s?[日号]?"
    r"(?![\d%.])"
)
_FULL_DATE = re.compile(
    r"\d{4}\s?年\s?\d{1,2}\s?月\s?\d{1,2}\s?日|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}"
    r"|[〇○零一二三四五六七八九]{4}年[一二三四五六七八九十]{1,3}月[一二三四五六七八九十]{1,3}日"
)
_CLOCK = re.compile(r"(?<!\d)(?P<hour>\d{1,2})\s?(?:[:：]|时|点)\s?(?P<minute>\d{2})?(?!\d)")
_NOT_A_CLAIM = re.compile(
    r"7\s?[×xX*]\s?24\s?小时|24\s?小时(?:客服|服务|热线|在线|内)|第?[一二三四五六七八九十]+(?:是|、)"
    r"|一(?:个|位|次|名|直|定|些|下|起|家人|天)|《[^》\n]{1,40}》|https?://\S+|[一二两三]者"
    r"|千万|万一|万分|百般|十分|一一|三[思十]|(?:每|任何)一[位个名次家]|一份子|一方面"
)
"""Spans whose figures state nothing: service hours, numbering, laws, addresses, turns of speech."""
_DIGITS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_TENS = {"十": 10, "百": 100, "千": 1000}
_MYRIADS = {"万": 10**4, "亿": 10**8}
_LONGEST_LINE = 20_000


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure or date: what it amounts to, and where it stands."""

    value: str
    start: int
    end: int


def has_full_date(text: str) -> bool:
    """Whether a year, month and day stand in the text."""
    return bool(_FULL_DATE.search(text))


def figures(text: str) -> list[Figure]:
    """Return the figures and dates that a text states, in order; digits have to be ASCII."""
    text = text[:_LONGEST_LINE]
    taken = [match.span() for match in _NOT_A_CLAIM.finditer(text)]
    found: list[Figure] = []
    for figure in (*_dates(text), *_clocks(text), *_numbers(text)):
        if not any(figure.start < end and start < figure.end for start, end in taken):
            taken.append((figure.start, figure.end))
            found.append(figure)
    return sorted(found, key=lambda figure: figure.start)


def unlinked(text: str, facts: Iterable[str]) -> list[Figure]:
    """Return the figures of a text that none of the facts states."""
    known = {figure.value for fact in facts for figure in figures(fact)}
    # a fact may say 11月20日 where the text says 2026年11月20日, and the other way round
    known |= {value.partition("-")[2] for value in known if value.startswith("date:")}
    return [f for f in figures(text) if f.value not in known and _without_year(f) not in known]


def _without_year(figure: Figure) -> str:
    return figure.value.partition("-")[2] if figure.value.startswith("date:") else figure.value


def _dates(text: str) -> Iterator[Figure]:
    for match in _DATE.finditer(text):
        month, day = int(match["month"]), int(match["day"])
        marked = "月" in match[0] or match["year"]
        if marked and 1 <= month <= 12 and 1 <= day <= 31:
            yield Figure(f"date:{match['year'] or ''}-{month}-{day}", *match.span())


def _clocks(text: str) -> Iterator[Figure]:
    for match in _CLOCK.finditer(text):
        if int(match["hour"]) <= 24 and (match["minute"] or "时" in match[0] or "点" in match[0]):
            yield Figure(f"time:{int(match['hour'])}:{int(match['minute'] or 0)}", *match.span())


def _numbers(text: str) -> Iterator[Figure]:
    for match in _FIGURE.finditer(text):
        amount = _amount(match["number"], match["scale"])
        if amount is not None:
            yield Figure(f"{amount:g}{'%' if match['percent'] else ''}", *match.span())
    for match in _PERCENT_WORDS.finditer(text):
        amount = _amount(match["number"], "")
        if amount is not None:
            yield Figure(f"{amount:g}%", *match.span())


def _amount(number: str, scale: str) -> float | None:
    value = float(number.replace(",", "")) if number[0].isascii() else _han_number(number)
    return None if value is None else value * _MYRIADS.get(scale, 1)


def _han_number(text: str) -> float | None:
    """Return 一百二十 as 120; None for what is no number (千万 alone, 百)."""
    if not any(sign in _DIGITS or sign == "十" for sign in text):
        return None
    total = section = digit = 0
    for sign in text:
        if sign in _DIGITS:
            digit = _DIGITS[sign]
        elif sign in _TENS:
            section += (digit or 1) * _TENS[sign]
            digit = 0
        else:
            total += (section + digit) * _MYRIADS[sign]
            section = digit = 0
    return float(total + section + digit)
