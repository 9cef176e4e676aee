"""Finding a QR code in a picture and reading its modules, to draw them again elsewhere. Pure.

Nothing is decoded: a telephone does that. A code is known by its three finder patterns, whose rows
and columns through the middle are dark, light, dark, light, dark in the proportion 1:1:3:1:1
(ISO/IEC 18004, 6.3.3). The picture has to be upright, as a page shows it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Final

Code = tuple[str, ...]
"""The modules of a code, row by row, `1` for dark; no quiet zone."""

QUIET_ZONE: Final = 4
"""Light modules around a code (ISO/IEC 18004, 6.3.8)."""
_PROPORTION: Final = (1, 1, 3, 1, 1)
_ACROSS: Final = sum(_PROPORTION)
_RUNS: Final = re.compile(r"1+|0+")
_SMALLEST, _LARGEST = 21, 177
"""Modules a side, version 1 and 40."""
_TIMED: Final = 0.9
"""Which part of the timing pattern has to be right, for what was read to be a code."""
_MOST_FINDERS: Final = 12


@dataclass(frozen=True, slots=True)
class _Finder:
    """The middle of a finder pattern and the width of a module, in pixels."""

    x: float
    y: float
    module: float


def read_code(pixels: Sequence[str]) -> Code | None:
    """Return the code in a picture, None when none is found. `pixels` are its rows, `1` for dark,
    all of one length. Of several codes the one with the largest modules.
    """
    columns = ["".join(column) for column in zip(*pixels, strict=True)]
    finders = _finders(pixels, columns)
    found: list[tuple[float, Code]] = []
    for corner, right, below in permutations(finders, 3):
        if _is_square(corner, right, below):
            code = _sample(pixels, corner, right, below)
            if code is not None:
                found.append((corner.module, code))
    return max(found)[1] if found else None


def _finders(rows: Sequence[str], columns: Sequence[str]) -> list[_Finder]:
    """Return the finder patterns, those that most rows go through first."""
    heaps: list[list[_Finder]] = []
    for y, row in enumerate(rows):
        for x, width in _middles(row):
            height = _height_at(columns[int(x)], y)
            if height is None or not 0.7 < width / height < 1.4:
                continue
            one = _Finder(x, float(y), (width + height) / 2)
            for heap in heaps:
                if abs(heap[0].x - x) + abs(heap[0].y - y) < 4 * one.module:
                    heap.append(one)
                    break
            else:
                heaps.append([one])
    heaps = [heap for heap in heaps if len(heap) >= heap[0].module]
    heaps.sort(key=len, reverse=True)
    return [_mean(heap) for heap in heaps[:_MOST_FINDERS]]


def _mean(heap: Sequence[_Finder]) -> _Finder:
    size = len(heap)
    return _Finder(
        sum(f.x for f in heap) / size,
        sum(f.y for f in heap) / size,
        sum(f.module for f in heap) / size,
    )


def _middles(line: str) -> Iterator[tuple[float, float]]:
    """Yield middle and module width of each run of five in the proportion of a finder."""
    runs = [(match.start(), match.end()) for match in _RUNS.finditer(line)]
    for first in range(len(runs) - 4):
        five = runs[first : first + 5]
        if line[five[0][0]] != "1":
            continue
        module = (five[4][1] - five[0][0]) / _ACROSS
        fits = (
            abs(end - start - part * module) <= module * part / 2
            for (start, end), part in zip(five, _PROPORTION, strict=True)
        )
        if module >= 1 and all(fits):
            yield (five[2][0] + five[2][1] - 1) / 2, module


def _height_at(column: str, y: int) -> float | None:
    """Return the module height of the finder whose middle a point of a column lies in."""
    for middle, module in _middles(column):
        if abs(middle - y) <= 1.5 * module:
            return module
    return None


def _is_square(corner: _Finder, right: _Finder, below: _Finder) -> bool:
    """Whether three finders lie as those of an upright code do."""
    module = corner.module
    across, down = right.x - corner.x, below.y - corner.y
    sizes = (right.module, below.module)
    return (
        across > 10 * module
        and abs(right.y - corner.y) < 1.5 * module
        and abs(below.x - corner.x) < 1.5 * module
        and abs(across - down) < 0.1 * across
        and all(0.75 < size / module < 1.33 for size in sizes)
    )


def _sample(pixels: Sequence[str], corner: _Finder, right: _Finder, below: _Finder) -> Code | None:
    """Return the modules between three finders: of the sizes that a code can have near the one
    that was measured, the one whose timing pattern fits best.
    """
    module = (corner.module + right.module + below.module) / 3
    measured = (right.x - corner.x) / module + _ACROSS
    nearest = 17 + 4 * round((measured - 17) / 4)
    best: tuple[float, Code] | None = None
    for size in (nearest, nearest - 4, nearest + 4):
        if _SMALLEST <= size <= _LARGEST:
            code = _modules(pixels, corner, right, below, size)
            timed = _timing(code)
            if best is None or timed > best[0]:
                best = (timed, code)
    return best[1] if best is not None and best[0] >= _TIMED else None


def _modules(
    pixels: Sequence[str], corner: _Finder, right: _Finder, below: _Finder, size: int
) -> Code:
    across = (right.x - corner.x) / (size - _ACROSS)
    down = (below.y - corner.y) / (size - _ACROSS)
    last_x, last_y = len(pixels[0]) - 1, len(pixels) - 1
    # a finder's middle is the fourth module of its row
    xs = [min(max(round(corner.x + (n - 3) * across), 0), last_x) for n in range(size)]
    ys = [min(max(round(corner.y + (n - 3) * down), 0), last_y) for n in range(size)]
    return tuple("".join(pixels[y][x] for x in xs) for y in ys)


def _timing(code: Code) -> float:
    """Return which part of the timing pattern, dark and light by turns between the finders, is
    there (ISO/IEC 18004, 6.3.5).
    """
    places = range(7, len(code) - 7)
    right = sum((code[6][n] == "1") == (n % 2 == 0) for n in places)
    right += sum((code[n][6] == "1") == (n % 2 == 0) for n in places)
    return right / (2 * len(places))


def in_half_blocks(code: Code, *, dark: bool = True) -> str:
    """Draw a code with its quiet zone in half blocks, two modules a character. `dark`: ink is the
    dark modules (black on white); otherwise the light ones, for light ink on a dark ground.
    """
    ink = "1" if dark else "0"
    blank = "0" * (len(code) + 2 * QUIET_ZONE)
    sides = "0" * QUIET_ZONE
    rows = [blank] * QUIET_ZONE + [f"{sides}{row}{sides}" for row in code] + [blank] * QUIET_ZONE
    if len(rows) % 2:
        rows.append(blank)
    shapes = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): " "}
    return "\n".join(
        "".join(shapes[a == ink, b == ink] for a, b in zip(upper, lower, strict=True))
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    )
