"""The sentences that invented people say, and how their slots are filled.

The files in `texts/` hold one sentence a line; `#` begins a comment. Every company, product, shop
and person is invented.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

BRAND = "云栈"
COMPETITOR = "半山茶事"
NEW_PRODUCT = "云海葡萄"
BAD_SHOP = "澜屿星汇店"
"""The shop where the crisis begins."""

PATH = "云栈古道"
"""A mountain path of the same two characters; not the company."""

BRAND_FORMS = (BRAND, "云栈茶饮", "云栈奶茶")
PRODUCTS = (
    "松间明月", "竹林春雪", "云朵青提", "桂花秋水", "抹茶春山", "梅子驿站",
    "山岚芋泥", "青山白桃", "雪山乌龙", "望月芒芒", "黑糖山居",
)  # fmt: skip
SHOPS = (
    "澜屿万汇店", "栖川大学城店", "泊远花园店", "澜屿艺术中心店", "岚桥书院店", "栖川文庙店",
)  # fmt: skip
NUMBERS = ("三", "四", "五", "六", "七", "八")
PRICES = ("十二", "十五", "十八", "二十二")
TIMES_OF_DAY = ((5, "凌晨"), (11, "早上"), (13, "中午"), (18, "下午"), (24, "晚上"))

_FOLDER = Path(__file__).with_name("texts")


@cache
def lines(name: str) -> tuple[str, ...]:
    """Return the sentences of `texts/<name>.txt`, in order, without comments."""
    rows = (_FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return tuple(row for row in rows if row and not row.startswith("#"))


@dataclass(frozen=True, slots=True)
class Speaker:
    """Draws sentences and fills their slots. `hour` is the hour of day in China."""

    random: Random
    hour: int

    def say(self, name: str) -> str:
        """Return one filled sentence of the file `name`."""
        return self.fill(self.random.choice(lines(name)))

    def say_some(self, name: str, count: int) -> list[str]:
        """Return `count` different sentences of the file `name`, filled."""
        return [self.fill(line) for line in self.random.sample(lines(name), count)]

    def fill(self, sentence: str) -> str:
        """Put words into the slots of a sentence; each slot has one value within it."""
        return sentence.format(
            brand=self.random.choice(BRAND_FORMS),
            product=self.random.choice(PRODUCTS),
            shop=self.random.choice(SHOPS),
            n=self.random.choice(NUMBERS),
            price=self.random.choice(PRICES),
            when=next(word for end, word in TIMES_OF_DAY if self.hour < end),
            new=NEW_PRODUCT,
            badshop=BAD_SHOP,
        )


def named(sentence: str) -> str:
    """Return the sentence with the brand in it: who only names a product or a shop means ours."""
    if BRAND in sentence or "雲棧" in sentence:
        return sentence
    for word in (*PRODUCTS, NEW_PRODUCT, *SHOPS, BAD_SHOP):
        if word in sentence:
            return sentence.replace(word, f"{BRAND}{word}", 1)
    return f"{BRAND}：{sentence}"
