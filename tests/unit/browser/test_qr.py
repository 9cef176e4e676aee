"""A QR code in a picture is found among other things and read module by module."""

import random

import pytest

from browser.qr import QUIET_ZONE, Code, in_half_blocks, read_code

FINDER = ("1111111", "1000001", "1011101", "1011101", "1011101", "1000001", "1111111")


def a_code(size: int = 29, seed: int = 7) -> Code:
    """Return what looks like a code of a size: finders, timing, and modules at random."""
    chance = random.Random(seed)
    rows = [[chance.choice("01") for _ in range(size)] for _ in range(size)]
    for n in range(size):
        rows[6][n] = rows[n][6] = "01"[n % 2 == 0]
    for top, left in ((0, 0), (0, size - 7), (size - 7, 0)):
        for y in range(-1, 8):
            for x in range(-1, 8):
                inside = 0 <= y < 7 and 0 <= x < 7
                if 0 <= top + y < size and 0 <= left + x < size:
                    rows[top + y][left + x] = FINDER[y][x] if inside else "0"
    return tuple("".join(row) for row in rows)


def a_picture(
    code: Code, scale: float, *, at: tuple[int, int] = (40, 30), size: tuple[int, int] = (0, 0)
) -> list[list[str]]:
    """Draw a code with so many pixels a module on a light page."""
    side = int(len(code) * scale)
    width, height = max(size[0], at[0] + side + 40), max(size[1], at[1] + side + 30)
    pixels = [["0"] * width for _ in range(height)]
    for y in range(side):
        for x in range(side):
            pixels[at[1] + y][at[0] + x] = code[int(y / scale)][int(x / scale)]
    return pixels


def rows(pixels: list[list[str]]) -> list[str]:
    return ["".join(line) for line in pixels]


@pytest.mark.parametrize("size", [21, 25, 29, 37, 57, 101])
@pytest.mark.parametrize("scale", [2, 3, 4.5, 7])
def test_a_code_of_any_size_and_scale_is_read_exactly(size, scale):
    code = a_code(size)
    assert read_code(rows(a_picture(code, scale))) == code


def test_frames_words_and_a_logo_do_not_hide_it():
    code = a_code(33)
    pixels = a_picture(code, 5, at=(90, 120))
    for x in range(20, 280):
        pixels[10][x] = pixels[300][x] = "1"
    for y in range(10, 301):
        pixels[y][20] = pixels[y][280] = "1"
    chance = random.Random(1)
    for _ in range(400):
        pixels[chance.randrange(15, 60)][chance.randrange(30, 260)] = "1"
    for y in range(120 + 13 * 5, 120 + 20 * 5):
        for x in range(90 + 13 * 5, 90 + 20 * 5):
            pixels[y][x] = "1"
    read = read_code(rows(pixels))
    assert read is not None
    logo = range(13, 20)
    for y, row in enumerate(code):
        kept = [x for x in range(33) if y not in logo or x not in logo]
        assert [read[y][x] for x in kept] == [row[x] for x in kept]


def test_of_two_codes_the_larger_is_taken():
    small, large = a_code(25, 1), a_code(29, 2)
    pixels = a_picture(large, 6, at=(40, 30), size=(420, 240))
    for y, line in enumerate(a_picture(small, 3, at=(0, 0))[:75]):
        pixels[y + 30][280 : 280 + 75] = line[:75]
    assert read_code(rows(pixels)) == large


def test_a_picture_without_a_code_has_none():
    chance = random.Random(3)
    noise = ["".join(chance.choice("01") for _ in range(240)) for _ in range(240)]
    two_finders = a_picture(a_code(29), 4)
    for y in range(30 + 22 * 4, 30 + 29 * 4):
        two_finders[y] = ["0"] * len(two_finders[0])
    for pixels in (noise, ["0" * 50] * 50, ["1" * 50] * 50, ["10" * 40] * 80, rows(two_finders)):
        assert read_code(pixels) is None


def test_three_corners_around_nothing_are_no_code():
    code = a_code(29)
    hollow = [list("0" * 29) for _ in range(29)]
    for y, row in enumerate(code):
        for x, module in enumerate(row):
            if (y < 8 and (x < 8 or x > 20)) or (y > 20 and x < 8):
                hollow[y][x] = module
    assert read_code(rows(a_picture(tuple("".join(row) for row in hollow), 5))) is None


@pytest.mark.parametrize("dark", [True, False])
def test_half_blocks_hold_every_module_and_the_quiet_zone(dark):
    code = a_code(21)
    lines = in_half_blocks(code, dark=dark).split("\n")
    assert {len(line) for line in lines} == {21 + 2 * QUIET_ZONE}
    ink = "1" if dark else "0"
    paper = "0" if dark else "1"
    drawn = []
    for line in lines:
        drawn.append("".join(ink if sign in "█▀" else paper for sign in line))
        drawn.append("".join(ink if sign in "█▄" else paper for sign in line))
    inner = drawn[QUIET_ZONE : QUIET_ZONE + 21]
    assert tuple(row[QUIET_ZONE:-QUIET_ZONE] for row in inner) == code
    assert set("".join(drawn[:QUIET_ZONE])) == {"0"}
    assert len(drawn) >= 21 + 2 * QUIET_ZONE
