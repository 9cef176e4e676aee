"""Text as tokens of two characters, so that any substring can be found by an index of tokens.

Every two neighbouring characters of a text are a token, and so is its last character alone: a
phrase of two characters or more occurs only in texts that have all its tokens, and a single
character begins a token of every text that has it. What the index offers is then checked against
the text itself, so tokens may be lossy (they are: see _PRINTABLE) but must never miss.
"""

from collections.abc import Iterable
from operator import add

# FTS5's `ascii` tokenizer splits at ASCII characters that are neither letter nor digit; these are
# moved to the private use area, which it takes for letters.
_PRINTABLE = {code: 0xE000 + code for code in range(128) if not chr(code).isalnum()}
_BRAND_MARK = "\ue0ff"
_MOST_GRAMS = 24


def tokens(folded: str, brand_ids: Iterable[str]) -> str:
    """Return the tokens of a text in normal form and of its brands, joined by spaces."""
    text = folded.translate(_PRINTABLE)
    found = set(map(add, text, text[1:]))
    found.add(text[-1:])
    return " ".join((*sorted(found), *(_brand_token(brand) for brand in sorted(brand_ids))))


def match_expression(words: Iterable[str], brand_id: str | None) -> str:
    """Return the FTS5 query whose answer contains every text with all of `words` (in normal form,
    not empty) and the brand.
    """
    wanted: dict[str, None] = {}
    for word in words:
        text = word.translate(_PRINTABLE)
        grams = list(dict.fromkeys(map(add, text, text[1:])))
        # a part of a long phrase is selective enough; the check of the text does the rest
        wanted.update({f'"{gram}"': None for gram in grams[:_MOST_GRAMS]} or {f'"{text}"*': None})
    if brand_id is not None:
        wanted[f'"{_brand_token(brand_id)}"'] = None
    return " AND ".join(wanted)


def _brand_token(brand_id: str) -> str:
    return _BRAND_MARK + brand_id.encode().hex()
