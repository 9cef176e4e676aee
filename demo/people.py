"""The invented people: a name, a number and what they write with. Nobody real is meant."""

from dataclasses import dataclass
from random import Random

from demo.phrases import lines
from domain.mention import Platform

POPULATION = 2_000
_CLIENTS = ("iPhone客户端", "Android客户端", "微博网页版", "微博轻享版", "奶茶超话")


@dataclass(frozen=True, slots=True)
class Person:
    """Who writes. `uid` is beyond the numbers that the platforms have given out so far."""

    name: str
    uid: str
    client: str


OWN_UID = "9900000001"
OWN_NAMES = {
    Platform.WEIBO: "云栈茶饮官方",
    Platform.ZHIHU: "云栈茶饮",
    Platform.TIEBA: "云栈茶饮小栈",
}


def someone(random: Random) -> Person:
    """Return one of the population; the same number is always the same person."""
    number = random.randrange(POPULATION)
    begins, ends = lines("name_begins"), lines("name_ends")
    begin, end = begins[number % len(begins)], ends[number // len(begins) % len(ends)]
    tail = "" if number < len(begins) * len(ends) else str(number)
    client = _CLIENTS[number % len(_CLIENTS)]
    return Person(f"{begin}{end}{tail}", str(9_910_000_000 + number * 37), client)


def the_company(platform: Platform) -> Person:
    """Return the company's own account."""
    return Person(OWN_NAMES[platform], OWN_UID, "微博网页版")
