"""Cells of a table that somebody will open in a spreadsheet: text stays text.

A cell that would be taken for a formula gets a leading apostrophe (OWASP ASVS 5.0, 1.2.10).
"""

import unicodedata
from typing import Final

_FORMULA_SIGNS: Final = frozenset("=+-@")
_MOST_SIGNS: Final = 32_767
"""What a cell of a workbook can hold."""


def harmless(text: str) -> str:
    """Return a cell text that no spreadsheet takes for a formula."""
    first = next((sign for sign in text if not _is_blank(sign)), "")
    # also in full width and as small forms, which an input method or a spreadsheet may turn into it
    is_formula = unicodedata.normalize("NFKC", first)[:1] in _FORMULA_SIGNS
    return f"'{text}" if is_formula or text[:1] in {"\t", "\r", "\n", "\0"} else text


def _is_blank(sign: str) -> bool:
    """Whether a spreadsheet may drop the sign, or show nothing of it, in front of a formula."""
    return sign.isspace() or unicodedata.category(sign) in {"Cc", "Cf", "Zs", "Zl", "Zp"}


def sheet_cell(text: str) -> str:
    """Return a text as it may stand in a workbook: no formula, no control that XML refuses, cut to
    what a cell can hold.
    """
    kept = "".join(sign for sign in text if _in_xml(ord(sign)))
    return harmless(kept)[:_MOST_SIGNS]


def _in_xml(point: int) -> bool:
    return (
        point in {0x9, 0xA, 0xD}
        or 0x20 <= point <= 0xD7FF
        or 0xE000 <= point <= 0xFFFD
        or point >= 0x10000
    )
