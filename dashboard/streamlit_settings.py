"""How Streamlit runs for us, set in code so that no file in a home folder changes it.

`apply()` belongs before the ASGI app is made. Figures: docs/decisions/0015.
"""

from pathlib import Path
from typing import Final

from streamlit import config

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
    # a full garbage collection after every run was half of the server's time
    "runner.postScriptGC": False,
    "runner.magicEnabled": False,
    "runner.fastReruns": True,
    "server.fileWatcherType": "none",
    "server.headless": True,
    "server.maxUploadSize": 25,
    "browser.gatherUsageStats": False,
    "client.toolbarMode": "minimal",
    "client.showErrorDetails": "none",
    "client.showErrorLinks": "false",
    # exports are a permission and are audited; a table's own button is neither
    "client.disableDataExport": True,
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


def apply() -> None:
    """Set every option; a name that Streamlit no longer knows raises, so an upgrade cannot drop one
    silently.
    """
    for name, value in SETTINGS.items():
        config.set_option(name, value)
