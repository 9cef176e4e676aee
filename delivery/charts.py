"""Charts as pictures: a Vega-Lite specification in, PNG out, with the font that we bring along.

Drawn without a browser and without the network. On a machine without any font the renderer would
leave every text out without a word, so only our own family is named; a sign that it has not got is
drawn as `〓`.
"""

import json
import threading
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from delivery.fonts import FAMILY, FOLDER, with_missing_drawn
from domain.errors import DependencyMissing, Text

_FONT_KEYS = frozenset({"font", "labelFont", "titleFont"})
_DOTS_PER_INCH = 72.0
_ONE_AT_A_TIME = threading.Lock()
"""The renderer's engine is one for the process."""


def png(
    spec: Mapping[str, Any], *, width: int = 640, scale: float = 2.0, background: str = "#ffffff"
) -> bytes:
    """Return the picture of a specification, `width` × `scale` pixels wide.

    A width of `container`, as pages have it, becomes `width`. Raises DependencyMissing where the
    renderer is not installed, ValueError for a specification that it refuses.
    """
    whole = {**_with_our_font(spec), "width": width, "background": background}
    whole["padding"] = {"left": 4, "right": 8, "top": 6, "bottom": 4}
    return _drawn(json.dumps(whole, ensure_ascii=False, sort_keys=True), scale)


@lru_cache(maxsize=16)
def _drawn(spec: str, scale: float) -> bytes:
    """Draw once what several recipients get."""
    renderer = _renderer()
    with _ONE_AT_A_TIME:
        picture: bytes = renderer.vegalite_to_png(
            spec, scale=scale, ppi=_DOTS_PER_INCH, allowed_base_urls=[]
        )
    return picture


def can_draw() -> bool:
    """Whether the renderer is installed."""
    try:
        _renderer()
    except DependencyMissing:
        return False
    return True


@cache
def _renderer() -> Any:
    try:
        import vl_convert
    except ImportError as error:
        raise DependencyMissing(
            Text("缺少图表组件 vl-convert", "the chart renderer vl-convert is missing"),
            mend=Text("python3 run.py setup 补齐组件", "python3 run.py setup installs it"),
        ) from error
    vl_convert.register_font_directory(str(FOLDER))
    return vl_convert


def _with_our_font(value: Any, key: str = "") -> Any:
    """Return a specification whose fonts are ours and whose texts hold no sign that ours lacks."""
    if isinstance(value, Mapping):
        return {name: _with_our_font(part, name) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_our_font(part, key) for part in value]
    if isinstance(value, str):
        return FAMILY if key in _FONT_KEYS else with_missing_drawn(value)
    return value
