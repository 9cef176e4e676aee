"""Display names of authors are shown masked: 王小明 is 王**, everywhere."""

import unicodedata

from presentation.hostile import clean_line, clusters

MASK = "**"


def mask_name(name: str) -> str:
    """Return the first sign of a display name and `**`; masking twice is the same as once.

    Two stars whatever the length, so that the length tells nothing. A name of one sign, or of
    signs that cannot be seen, shows only the stars. No name gives "": unknown is not somebody.
    """
    if not name:
        return ""
    signs = list(clusters(unicodedata.normalize("NFC", clean_line(name))))
    if len(signs) < 2 or signs[0] == "*":
        return MASK
    return signs[0] + MASK
