"""Searched words marked in a text, found as the store finds them: folded, not letter for letter."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from domain.han import fold


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text; a hit or not."""

    text: str
    is_hit: bool = False


def pieces(text: str, words: Iterable[str]) -> Sequence[Piece]:
    """Return the text in pieces that joined are the text; hits that touch are one piece.

    Signs are folded one by one, so a hit that exists only because two signs fold together (a letter
    with its accent apart) is not marked; the text is whole all the same.
    """
    owners: list[int] = []
    signs: list[str] = []
    wanted = [folded for word in words if (folded := fold(word))]
    if wanted:
        for place, sign in enumerate(text):
            for part in fold(sign):
                signs.append(part)
                owners.append(place)
    folded = "".join(signs)
    is_hit = bytearray(len(text))
    for word in wanted:
        at = folded.find(word)
        while at >= 0:
            for place in owners[at : at + len(word)]:
                is_hit[place] = 1
            at = folded.find(word, at + 1)
    return _runs(text, is_hit)


def _runs(text: str, is_hit: Sequence[int]) -> Sequence[Piece]:
    parts: list[Piece] = []
    begin = 0
    for end in range(1, len(text) + 1):
        if end == len(text) or is_hit[end] != is_hit[begin]:
            parts.append(Piece(text[begin:end], bool(is_hit[begin])))
            begin = end
    return parts
