"""How the font of this folder is made: `python delivery/fonts/make_subset.py NOTO_FOLDER UNIHAN`.

NOTO_FOLDER holds NotoSansCJK-Regular.ttc and NotoSansCJK-Bold.ttc (Debian: fonts-noto-cjk), UNIHAN
is Unihan_OtherMappings.txt.bz2 of the Unicode database (Debian: unicode-data), whose field kTGH is
the 通用规范汉字表 of 2013. Needs fonttools, which nothing else here does: `pip install fonttools`.

Kept are the 8,105 signs of that list, all of GB 2312 (6,763 Han signs and 682 symbols), ASCII,
Latin-1 and the marks that our charts and tables use. Hints and layout features go: charts, PDF and
mail need neither. Noto names no reserved font name; the family is renamed all the same, because a
subset must not stand in for the whole font where that is installed. `signs.txt` lists what the font
can draw.
"""

import bz2
import importlib
import re
import sys
from pathlib import Path
from typing import Any

FAMILY = "Koubei Sans SC"
FOLDER = Path(__file__).parent
FACE_SC = 2
"""Which face of the collection is the one for simplified Chinese."""
MARKS = "‐‑‒–—―‘’“”„†‡•…‰′″‹›※€™←↑→↓↗↘⇧⇩−≈≠≤≥▁▂▃▄▅▆▇█░▒▓■□▲△▶▼▽◆◇○◎●★☆✓✗〓〇㎡"
_TGH = re.compile(r"^U\+([0-9A-F]+)\tkTGH\t", re.MULTILINE)


def main(noto: Path, unihan: Path) -> None:
    """Write both weights and the list of their signs."""
    listed = general_list(unihan)
    wanted = listed | gb2312() | set(MARKS) | {chr(p) for p in [*range(0x20, 0x7F)]}
    wanted |= {chr(p) for p in range(0xA1, 0x100) if p != 0xAD}
    drawn = [
        make(noto / f"NotoSansCJK-{style}.ttc", style, wanted) for style in ("Regular", "Bold")
    ]
    both = drawn[0] & drawn[1]
    lines = [sorted(both - listed), sorted(both & listed)]
    text = "".join("".join(line) + "\n" for line in lines)
    (FOLDER / "signs.txt").write_text(text, encoding="utf-8")
    left = len(listed - both)
    sys.stdout.write(f"{len(both)} signs; of the list of {len(listed)} are missing {left}\n")


def general_list(unihan: Path) -> set[str]:
    """Return the 8,105 signs of 通用规范汉字表."""
    text = bz2.decompress(unihan.read_bytes()).decode("utf-8")
    return {chr(int(point, 16)) for point in _TGH.findall(text)}


def gb2312() -> set[str]:
    """Return every sign of GB 2312."""
    signs = set()
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            signs |= set(bytes((row, cell)).decode("gb2312", "ignore"))
    return signs


def make(source: Path, style: str, wanted: set[str]) -> set[str]:
    """Write one weight and return the signs it can draw."""
    subset: Any = importlib.import_module("fontTools.subset")
    options = subset.Options()
    options.hinting = False
    options.layout_features = ["kern"]
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 7, 11, 13, 14, 16, 17]
    options.name_languages = [0x409]
    options.notdef_outline = True
    options.font_number = FACE_SC
    font = subset.load_font(str(source), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=[ord(sign) for sign in wanted])
    cutter.subset(font)
    _rename(font, style)
    subset.save_font(font, str(FOLDER / f"KoubeiSansSC-{style}.otf"), options)
    return {chr(point) for point in font.getBestCmap()}


def _rename(font: Any, style: str) -> None:
    full, postscript = f"{FAMILY} {style}", f"KoubeiSansSC-{style}"
    texts = {1: FAMILY, 2: style, 3: f"{postscript};subset", 4: full, 6: postscript}
    for number, text in texts.items():
        font["name"].setName(text, number, 3, 1, 0x409)
    for number in (16, 17):
        font["name"].removeNames(nameID=number)
    if "CFF " in font:
        cff = font["CFF "].cff
        cff.fontNames[0] = postscript
        cff[0].FamilyName, cff[0].FullName = FAMILY, full


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
