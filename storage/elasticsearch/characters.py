"""Text as tokens of one character, so that any substring is a phrase of tokens on every cluster.

A text in normal form (`domain.han.fold`) is written with a space after each character into the
field `koubei.characters`, which the built-in `whitespace` analyser splits again: a word is then
found exactly where it is a substring, whatever the language, and the distance between two words in
tokens is their distance in characters. No cluster needs a plugin for that, nor a module that some
do not have.
"""

import re
from typing import Any

FIELD = "koubei.characters"

# What Java calls white space would end a token or vanish (Character.isWhitespace, which Lucene's
# WhitespaceTokenizer asks). These are all such characters that a text in normal form can hold. Each
# is written as a full-width letter, which no text in normal form holds: NFKC makes letters of them.
_SPACES = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \u1680\u2028\u2029"
_BREAK, _BLANK = "\n", " "
"""The two that are common."""
_RARE_SPACE = re.compile(f"[{_SPACES.replace(_BREAK, '').replace(_BLANK, '')}]")
_SEALS = {ord(space): chr(0xFF21 + place) for place, space in enumerate(_SPACES)}

Query = dict[str, Any]
NOTHING: Query = {"match_none": {}}
_MOST_GAPS = 2**31 - 1


def tokens(folded: str) -> str:
    """Return the tokens of a text in normal form, joined by spaces."""
    if _RARE_SPACE.search(folded):
        return " ".join(folded.translate(_SEALS))
    # a table costs more than the rest of what becomes of a text
    sealed = folded.replace(_BREAK, _SEALS[ord(_BREAK)]).replace(_BLANK, _SEALS[ord(_BLANK)])
    return " ".join(sealed)


def contains(folded: str) -> Query:
    """Return the query for texts of which a word in normal form (not empty) is a substring."""
    if not _is_unicode(folded):
        return NOTHING
    if len(folded) == 1:
        return {"term": {FIELD: folded.translate(_SEALS)}}
    return {"match_phrase": {FIELD: tokens(folded)}}


def is_near(one: str, other: str, distance: int) -> Query:
    """Return the query for texts in which at most `distance` characters lie between two words in
    normal form, in any order; words that overlap are near, an empty word is not.
    """
    if not (one and other and _is_unicode(one + other)):
        return NOTHING
    if one in other or other in one:
        # the longer one brings the other along; beside it, they are near as any two words
        return contains(max(one, other, key=len))
    both = [_phrase(one), _phrase(other)]
    gap = {"ordered": False, "max_gaps": min(distance, _MOST_GAPS)}
    return {"intervals": {FIELD: {"all_of": {"intervals": both, **gap}}}}


def _phrase(word: str) -> Query:
    return {"match": {"query": tokens(word), "ordered": True, "max_gaps": 0}}


def _is_unicode(text: str) -> bool:
    """Whether a text can stand in any mention: half characters (lone surrogates) cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
