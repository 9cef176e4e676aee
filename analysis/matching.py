"""Whether a text belongs to a watch, and which brands it names. Everything is compared `fold`ed."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from domain.brand import Brand, Proximity, WatchRule
from domain.han import fold


@dataclass(frozen=True, slots=True)
class Verdict:
    """Yes, or the first clause of the rule that said no: `all_words:退款`, `none_words:云栈道`."""

    matched: bool
    reason: str = ""


YES = Verdict(matched=True)
_NO_ANY = Verdict(False, "any_words")


def judge(rule: WatchRule, text: str) -> Verdict:
    """Return whether `text` passes every clause of the rule; an empty rule takes everything."""
    return judge_folded(rule, fold(text))


def judge_folded(rule: WatchRule, folded: str) -> Verdict:
    """Return the same of a text that is folded already, for many rules and one text."""
    for word, wanted in zip(rule.all_words, _folded(rule.all_words), strict=True):
        if wanted not in folded:
            return Verdict(False, f"all_words:{word}")
    if rule.any_words and not _has_any(folded, _folded(rule.any_words)):
        return _NO_ANY
    for phrase, wanted in zip(rule.phrases, _folded(rule.phrases), strict=True):
        if wanted not in folded:
            return Verdict(False, f"phrases:{phrase}")
    for word, unwanted in zip(rule.none_words, _folded(rule.none_words), strict=True):
        if unwanted in folded:
            return Verdict(False, f"none_words:{word}")
    for proximity in rule.proximities:
        if not _is_near(proximity, folded):
            return Verdict(False, f"proximity:{'+'.join(proximity.words)}/{proximity.distance}")
    return YES


def matches(rule: WatchRule, text: str) -> bool:
    """Return whether `text` passes the rule."""
    return judge(rule, text).matched


def is_near(proximity: Proximity, text: str) -> bool:
    """Return whether all the words occur with at most `distance` characters between the end of the
    first and the beginning of the last; overlapping words have none between them.
    """
    return _is_near(proximity, fold(text))


def _is_near(proximity: Proximity, folded: str) -> bool:
    words = _folded(proximity.words)
    hits = sorted(
        (start, start + len(word), index)
        for index, word in enumerate(words)
        for start in _occurrences(word, folded)
    )
    latest: dict[int, tuple[int, int]] = {}
    for start, end, index in hits:
        latest[index] = (start, end)
        if len(latest) == len(words):
            first_end = min(latest.values())[1]
            if start - first_end <= proximity.distance:
                return True
    return False


def named_brands(brands: Iterable[Brand], text: str) -> frozenset[str]:
    """Return the ids of the brands whose name or alias occurs in the text."""
    return named_in_folded(brands, fold(text))


def named_in_folded(brands: Iterable[Brand], folded: str) -> frozenset[str]:
    """Return the same of a text that is folded already."""
    return frozenset([b.id for b in brands if _has_any(folded, _names(b.words))])


def _has_any(folded: str, wanted: Iterable[str]) -> bool:
    # a loop is three times as fast as `any` over a generator, and runs for each rule and text
    for word in wanted:  # noqa: SIM110
        if word in folded:
            return True
    return False


@lru_cache(maxsize=4_096)
def _folded(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(fold, words))


@lru_cache(maxsize=4_096)
def _names(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(fold(word) for word in words if word)


def _occurrences(word: str, text: str) -> Iterable[int]:
    at = text.find(word) if word else -1
    while at >= 0:
        yield at
        at = text.find(word, at + 1)
