"""Charts as pictures: with our own font on any machine, and no sign dropped."""

import struct
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("vl_convert", reason="needs the report extra; mend: python3 run.py setup")

from delivery.charts import png
from delivery.fonts import BOLD, FAMILY, FOLDER, GETA, REGULAR, missing, signs, with_missing_drawn
from domain.sentiment import Label
from presentation.charts import week_heat
from presentation.report_charts import days_chart, heat_chart
from tests.fixtures.reports import a_snapshot

MAGIC = b"\x89PNG\r\n\x1a\n"


def bar(name: str) -> dict[str, object]:
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "data": {"values": [{"name": name, "count": 3}]},
        "mark": "bar",
        "encoding": {
            "x": {"field": "count", "type": "quantitative"},
            "y": {"field": "name", "type": "nominal"},
        },
        "config": {"font": "Nowhere Sans"},
    }


def size_of(picture: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", picture[16:24])
    return width, height


def test_both_weights_with_their_licence_fit_into_four_megabytes():
    assert sum(path.stat().st_size for path in (REGULAR, BOLD)) < 4_000_000
    licence = (FOLDER / "OFL.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE" in licence
    assert "Adobe" in licence
    for path in (REGULAR, BOLD):
        assert b"KoubeiSansSC" in path.read_bytes()


def test_the_font_has_what_chinese_is_written_with():
    han = {sign for sign in signs() if "\u3400" <= sign <= "\u9fff" or sign >= "\U00020000"}
    assert len(han) >= 8105
    gb2312 = {
        bytes((row, cell)).decode("gb2312", "ignore")
        for row in range(0xB0, 0xF8)
        for cell in range(0xA1, 0xFF)
    } - {""}
    assert len(gb2312) == 6763
    assert gb2312 <= signs()
    assert missing("云栈茶饮 Koubei 2026-11-21，负面 +12.5%（≥ 3）▲▼●“”—…《》ⅠⅡ①") == 0


@pytest.mark.parametrize(
    ("text", "drawn", "count"),
    [
        ("平稳", "平稳", 0),
        ("龘靐", GETA * 2, 2),
        ("喝😀奶茶", f"喝{GETA}奶茶", 1),
        ("한글 ok", f"{GETA}{GETA} ok", 2),
        ("两行\n一", "两行\n一", 0),
    ],
)
def test_a_missing_sign_is_drawn_and_counted(text, drawn, count):
    assert with_missing_drawn(text) == drawn
    assert missing(text) == count


def test_a_chart_draws_a_missing_sign_as_one_that_is_seen():
    assert png(bar("龘")) == png(bar(GETA))
    assert png(bar("龘")) != png(bar(""))
    assert png(bar("云")) != png(bar("栈"))


def test_a_picture_is_as_wide_as_asked():
    picture = png(bar("云栈"), width=400, scale=1.5)
    assert picture.startswith(MAGIC)
    assert 400 * 1.5 <= size_of(picture)[0] <= 620 * 1.5


def test_the_same_chart_gives_the_same_bytes_and_other_figures_give_others():
    snapshot = a_snapshot()
    assert png(days_chart(snapshot).spec) == png(days_chart(a_snapshot()).spec)
    assert png(days_chart(snapshot).spec) != png(heat_chart(snapshot).spec)


def test_text_is_drawn_on_a_machine_without_any_font(tmp_path):
    (tmp_path / "fonts.conf").write_text("<fontconfig></fontconfig>", encoding="utf-8")
    script = (
        "import sys; from tests.unit.delivery.test_charts import bar; "
        "from delivery.charts import png; sys.stdout.buffer.write(png(bar('云栈茶饮')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"FONTCONFIG_FILE": str(tmp_path / "fonts.conf"), "PATH": "/nowhere"},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        check=True,
    )
    assert done.stdout == png(bar("云栈茶饮"))


def test_a_chart_reaches_no_address():
    spec = bar("x") | {"data": {"url": "http://127.0.0.1:9/data.json"}}
    with pytest.raises(ValueError, match=r"not allowed|denied|permitted|External"):
        png(spec)


def test_an_hour_that_was_not_looked_at_is_drawn_grey_and_not_left_out():
    spec = heat_chart(a_snapshot()).spec
    left_out = {**spec, "mark": {**spec["mark"], "invalid": "filter"}}
    assert any(not cell.known for cell in a_snapshot().heat)
    assert png(spec) != png(left_out)


def test_the_pictures_of_a_week_say_in_words_what_they_show():
    alt = days_chart(a_snapshot()).alt
    assert "11-21 周六 254" in alt
    assert "1 天没有采全" in alt
    assert "周四" not in week_heat({}).alt
    spec = str(days_chart(a_snapshot()).spec)
    for label in Label:
        assert {"negative": "#c0392b", "neutral": "#95a5a6", "positive": "#27ae60"}[label] in spec
    assert FAMILY not in spec
