"""Whether a text belongs to a watch, and which brands it names. Everything is compared `fold`ed."""

from collections.abc import Iterable
from dataclasses import dataclass

from domain.brand import Brand, Proximity, WatchRule
from domain.han import fold


@dataclass(frozen=True, slots=True)
class Verdict:
    """Yes, or the first clause of the rule that said no: `all_words:退款`, `none_words:云栈道`."""

    matched: bool
    reason: str = ""


YES = Verdict(matched=True)


def judge(rule: WatchRule, text: str) -> Verdict:
    """Return whether `text` passes every clause of the rule; an empty rule takes everything."""
    folded = fold(text)
    for word in rule.all_words:
        if fold(word) not in folded:
            return Verdict(False, f"all_words:{word}")
    if rule.any_words and not any(fold(word) in folded for word in rule.any_words):
        return Verdict(False, "any_words")
    for phrase in rule.phrases:
        if fold(phrase) not in folded:
            return Verdict(False, f"phrases:{phrase}")
    for word in rule.none_words:
        if fold(word) in folded:
            return Verdict(False, f"none_words:{word}")
    for proximity in rule.proximities:
        if not is_near(proximity, text):
            return Verdict(False, f"proximity:{'+'.join(proximity.words)}/{proximity.distance}")
    return YES


def matches(rule: WatchRule, text: str) -> bool:
    """Return whether `text` passes the rule."""
    return judge(rule, text).matched


def is_near(proximity: Proximity, text: str) -> bool:
    """Return whether all the words occur with at most `distance` characters between the end of the
    first and the beginning of the last; overlapping words have none between them.
    """
    folded = fold(text)
    words = [fold(word) for word in proximity.words]
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
    folded = fold(text)
    return frozenset(b.id for b in brands if any(fold(w) in folded for w in b.words if w))


def _occurrences(word: str, text: str) -> Iterable[int]:
    at = text.find(word) if word else -1
    while at >= 0:
        yield at
        at = text.find(word, at + 1)
