"""How the dashboard looks: Streamlit's theme, in code so that no file elsewhere changes it.

How Streamlit runs is the service's to say (web/streamlit_mount.py).
"""

from pathlib import Path
from typing import Final

SCRIPT: Final = Path(__file__).with_name("streamlit_app.py")
"""What the ASGI service mounts."""

_FONT: Final = (
    '"PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", '
    '"Source Han Sans SC", sans-serif'
)
"""Fonts of the reader's machine, in the order of the systems that have them; none is fetched."""

INK: Final = "#1c2733"
PAPER: Final = "#f5f6f8"
CARD: Final = "#ffffff"
LINE: Final = "#e1e5ea"
BLUE: Final = "#245a86"

SETTINGS: Final[dict[str, object]] = {
    "theme.base": "light",
    "theme.primaryColor": BLUE,
    "theme.backgroundColor": PAPER,
    "theme.secondaryBackgroundColor": CARD,
    "theme.textColor": INK,
    "theme.linkColor": BLUE,
    "theme.linkUnderline": False,
    "theme.borderColor": LINE,
    "theme.showWidgetBorder": True,
    "theme.showSidebarBorder": True,
    "theme.baseRadius": "6px",
    "theme.baseFontSize": 14,
    "theme.font": _FONT,
    "theme.headingFont": _FONT,
    "theme.headingFontSizes": ["1.43rem", "1.14rem", "1rem"],
    "theme.headingFontWeights": [600, 600, 600],
    # red is danger and nothing else
    "theme.redColor": "#c0392b",
    "theme.orangeColor": "#d9730d",
    "theme.yellowColor": "#b58900",
    "theme.blueColor": BLUE,
    "theme.greenColor": "#27ae60",
    "theme.grayColor": "#7b8794",
    "theme.sidebar.backgroundColor": "#fbfcfd",
    "theme.sidebar.secondaryBackgroundColor": "#eef1f5",
}
