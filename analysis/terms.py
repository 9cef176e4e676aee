"""Keywords of a text, for «热词» and «高频词» in charts, mails and reports."""

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

import rjieba

from domain.brand import Configuration
from domain.han import fold

METHOD: Final = "rjieba-pos-2"
"""Changes when `keywords` gives another answer: stored ones are then made again."""

MOST: Final = 12
_LONGEST_TEXT = 5_000
_NOT_CONTENT = re.compile(
    r"(?:https?://|www\.|t\.cn/)[!-~]+|\[[^\[\]]{1,12}\]|#\([^()]{1,8}\)|@[\w·-]{1,40}"
)
_LONGEST_WORD: Final = 12
_MOST_MET: Final = 1 << 17
"""Words whose verdict is remembered: some 15 MB."""
_STOP_FILE = Path(__file__).with_name("stop_words.txt")

_TELLING = frozenset({"eng", "j", "i", "l", "z", "b", "s", "x", "g"})
"""Parts of speech that tell of a topic, beside nouns, verbs and adjectives (n…, v…, a…): the rest
are pronouns, numbers, measures, times, adverbs and particles (tags of ICTCLAS)."""

_NEGATIONS = frozenset({"不", "没", "未", "无", "难"})
_FUNCTION = frozenset(
    "的了着过地得我你他她它咱您是不没有无在就都也还又再很太更最这那哪像给要会能可想叫让被把"
    "对从到为以及和与跟或而但吗呢吧啊呀哦么什怎几多少每各某半篇个次条款件只一二三四五六七八九十两"
    "去来上下号点些说看用真好挺必越该最超多老全先才刚别莫们时里中后前内外间之其此日"
)
"""A word that the dictionary does not know and that has one of these was cut at the wrong place."""


@cache
def _stop_words() -> frozenset[str]:
    lines = _STOP_FILE.read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def names_of(configuration: Configuration) -> tuple[str, ...]:
    """Return the words that the team itself uses for what it watches: names and aliases of brands,
    and the words and queries of watches, such as products.
    """
    names = [word for brand in configuration.brands for word in brand.words]
    for watch in configuration.watches:
        names += (*watch.queries, *watch.rule.any_words, *watch.rule.phrases)
    return tuple(sorted({name.strip() for name in names} - {""}))


def keywords(text: str, names: Sequence[str] = ()) -> tuple[str, ...]:
    """Return up to 12 different words of two characters or more, in order of appearance.

    Folded; without numbers, stop words, emoticons, links and names of people that are addressed.
    None of the `names` is ever cut: where one stands in the text, it is a word. Of a text with more
    words, those are taken that it says most often, names first.
    """
    clean = fold(_NOT_CONTENT.sub(" ", text[:_LONGEST_TEXT]))
    known, pattern = _names(tuple(names))
    counts = Counter(_words(clean, known, pattern))
    if len(counts) <= MOST:
        return tuple(counts)
    by_weight = sorted(counts, key=counts.__getitem__, reverse=True)
    by_weight.sort(key=known.__contains__, reverse=True)
    best = set(by_weight[:MOST])
    return tuple(word for word in counts if word in best)


def _words(text: str, known: frozenset[str], pattern: re.Pattern[str] | None) -> list[str]:
    found: list[str] = []
    for piece in pattern.split(text) if pattern else (text,):
        if piece in known:
            found.append(piece)
        elif len(piece) > 1:
            _add_telling(found, rjieba.tag(piece))
    return found


_MET: dict[str, bool] = {}
"""Whether a word that was met tells of a topic; its part of speech depends on the word alone."""


def _add_telling(found: list[str], tagged: Sequence[tuple[str, str]]) -> None:
    if len(_MET) > _MOST_MET:
        _MET.clear()
    before = ""
    for word, tag in tagged:
        tells = _MET.get(word)
        if tells is None:
            tells = _MET[word] = _tells(word, tag)
        if tells:
            # «合格» of «不合格» would say the contrary
            found.append(before + word if before in _NEGATIONS else word)
        before = word


def _tells(word: str, tag: str) -> bool:
    return (
        2 <= len(word) <= _LONGEST_WORD
        and (tag[0] in "nva" or tag in _TELLING)
        and word not in _stop_words()
        and word.isalnum()
        and not word[0].isdigit()
        and (_FUNCTION.isdisjoint(word) or rjieba.has_word(word))
    )


@lru_cache(maxsize=8)
def _names(names: tuple[str, ...]) -> tuple[frozenset[str], re.Pattern[str] | None]:
    """Return the names folded, and what splits a text at them, the longest first."""
    folded = sorted({fold(name) for name in names} - {""}, key=lambda name: (-len(name), name))
    if not folded:
        return frozenset(), None
    # «vivo» is no word inside «vivobook»
    parts = [
        (r"(?<![a-z0-9])" if _is_latin(name[0]) else "")
        + re.escape(name)
        + (r"(?![a-z0-9])" if _is_latin(name[-1]) else "")
        for name in folded
    ]
    return frozenset(folded), re.compile(f"({'|'.join(parts)})")


def _is_latin(sign: str) -> bool:
    return sign.isascii() and sign.isalnum()
