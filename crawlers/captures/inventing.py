"""Invented names, numbers and words in place of real ones: the same for the same, everywhere.

Each capture has a random key of its own, which is never kept: what is invented cannot be traced
back, and two captures do not tell that they show the same person.
"""

import hashlib
import hmac
import random
import string
from collections.abc import Callable

from domain.weibo_ids import bid_of, mid_of

_HAN = (
    "春夏秋冬山川河湖海雨雪风霜松竹梅兰桃李杏柳桥路村城灯船茶米麦田园林溪泉石沙燕雀鹤鹿马牛羊鱼"
    "青红紫白金银木火土星光晴暖凉清静安和乐明亮轻慢远近高低长短圆方厚薄香甜酸苦辣咸新旧早晚"
)
"""Signs of which no word of an interface is made."""

_TIME_BITS = 22
"""A Weibo id counts its seconds above these bits (`domain.weibo_ids.time_of`)."""

_SIXTEEN = 16


class Inventor:
    """Invents. `key` decides everything: the same key, the same inventions."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._made: dict[tuple[str, str], str] = {}

    def words(self, text: str) -> str:
        """Return a text of the same shape: signs for signs, letters for letters, digits for
        digits; what is none of them stays.
        """
        return self._once("words", text, lambda dice: "".join(_sign(c, dice) for c in text))

    def name(self, name: str) -> str:
        """Return an invented name of the same shape."""
        return self._once("name", name, lambda dice: "".join(_sign(c, dice) for c in name))

    def token(self, token: str) -> str:
        """Return letters and digits of the same kinds; what is none of them stays."""
        return self._once("token", token, lambda dice: "".join(_ascii(c, dice) for c in token))

    def number(self, digits: str) -> str:
        """Return as many other digits. A Weibo id keeps the second at which it was given out,
        which the post tells anyway; a longer one keeps its first two digits, so that it stays in
        the range of its kind.
        """

        def make(dice: random.Random) -> str:
            if len(digits) == _SIXTEEN and digits[0] != "0":
                second = int(digits) >> _TIME_BITS << _TIME_BITS
                return str(second | dice.getrandbits(_TIME_BITS))
            begin = digits[:2] if len(digits) > _SIXTEEN else str(dice.randrange(1, 10))
            rest = "".join(dice.choice(string.digits) for _ in digits[len(begin) :])
            return begin[: len(digits)] + rest

        return self._once("number", digits, make)

    def bid(self, bid: str) -> str:
        """Return the short id of the number that stands for the id behind `bid`."""
        mid = mid_of(bid)
        made = bid_of(self.number(mid)) if mid else None
        return made or self.token(bid)

    def _once(self, kind: str, original: str, make: Callable[[random.Random], str]) -> str:
        known = self._made.get((kind, original))
        if known is not None:
            return known
        made = original
        for attempt in range(20):
            asked = f"{kind}\0{attempt}\0{original}".encode("utf-8", "replace")
            seed = hmac.new(self._key, asked, hashlib.sha256).digest()
            made = make(random.Random(seed))  # noqa: S311  # seeded by a keyed hash, on purpose
            if made != original:
                break
        self._made[kind, original] = made
        return made


def _sign(sign: str, dice: random.Random) -> str:
    if sign.isascii():
        return _ascii(sign, dice)
    return dice.choice(_HAN) if sign.isalnum() else sign


def _ascii(sign: str, dice: random.Random) -> str:
    if sign in string.digits:
        return dice.choice(string.digits)
    if sign in string.ascii_lowercase:
        return dice.choice(string.ascii_lowercase)
    return dice.choice(string.ascii_uppercase) if sign in string.ascii_uppercase else sign
