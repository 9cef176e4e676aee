"""Display names of authors are shown masked: 王小明 is 王**, everywhere."""

import re
import unicodedata

from presentation.hostile import clean_line, clusters

MASK = "**"
_LOOKED_AT = 200
"""Code points of a name that are read; a name may be a megabyte, too."""

_PLAIN = re.compile("[0-9A-Za-z一-鿿]{2}")
"""Two signs that nothing before or after them changes: most names begin so."""

_SPEAKER = re.compile(r"@([^\s@:：/#]{1,30})(?=\s?[:：])")
"""A name with words put into its mouth: `//@name:` in a chain of reposts, `回复@name:`."""


def mask_name(name: str) -> str:
    """Return the first sign of a display name and `**`; masking twice is the same as once.

    Two stars whatever the length, so that the length tells nothing. A name of one sign, or of
    signs that cannot be seen, shows only the stars. No name gives "": unknown is not somebody.
    """
    if not name:
        return ""
    if _PLAIN.match(name):
        return name[0] + MASK
    begin = clean_line(name[:_LOOKED_AT])
    signs = list(clusters(unicodedata.normalize("NFC", begin)))
    if len(signs) < 2 or signs[0] == "*":
        return MASK
    return signs[0] + MASK


def mask_speakers(text: str) -> str:
    """Return a post with the names masked to which it attributes words: `//@王**:`.

    A name that is only called (`@云栈茶饮 出来解释`) stays: it is mostly the brand's own account.
    """
    return _SPEAKER.sub(lambda match: f"@{mask_name(match[1])}", text)
