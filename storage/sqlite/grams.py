"""Text as tokens of two characters, so that any substring can be found by an index of tokens.

Every two neighbouring characters of a text are a token, and so is its last character alone: a
phrase of two characters or more occurs only in texts that have all its tokens, and a single
character begins a token of every text that has it. What the index offers is then checked against
the text itself, so tokens may offer too much but must never miss.
"""

from collections.abc import Iterable
from operator import add

# FTS5's `ascii` tokenizer splits at ASCII characters that are neither letter nor digit, unless it
# is told that they belong to tokens. Of two it cannot be told: the space parts our tokens, and NUL
# would end the list; so they are written as characters of the private use area.
_MARKS = "".join(chr(code) for code in range(1, 128) if not chr(code).isalnum() and code != 0x20)
TOKENIZER = "ascii tokenchars '{}'".format(_MARKS.replace("'", "''"))

_SPACE = "\ue020"
_NUL = "\ue000"
_BRAND_MARK = "\ue0ff"
_MOST_GRAMS = 24


def tokens(folded: str, brand_ids: Iterable[str]) -> str:
    """Return the tokens of a text in normal form and of its brands, joined by spaces."""
    text = _sealed(folded)
    found = dict.fromkeys(map(add, text, text[1:]))
    return " ".join((*found, text[-1:], *map(_brand_token, brand_ids)))


def match_expression(words: Iterable[str], brand_id: str | None) -> str:
    """Return the FTS5 query whose answer contains every text with all of `words` (in normal form,
    not empty) and the brand.
    """
    wanted: dict[str, None] = {}
    for word in words:
        text = _sealed(word)
        grams = list(dict.fromkeys(map(add, text, text[1:])))
        # a part of a long phrase is selective enough; the check of the text does the rest
        wanted.update(dict.fromkeys(map(_quoted, grams[:_MOST_GRAMS])))
        if not grams:
            wanted[f"{_quoted(text)}*"] = None
    if brand_id is not None:
        wanted[_quoted(_brand_token(brand_id))] = None
    return " AND ".join(wanted)


def _sealed(text: str) -> str:
    return text.replace(" ", _SPACE).replace("\0", _NUL)


def _quoted(token: str) -> str:
    return '"{}"'.format(token.replace('"', '""'))


def _brand_token(brand_id: str) -> str:
    return _BRAND_MARK + brand_id.encode(errors="surrogatepass").hex()
