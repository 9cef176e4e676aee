"""What a process that we start, and that has no business with our secrets, may know of ours.

A browser runs other people's programs and the demo world serves whoever asks: neither is told the
mail password or the keys, which stand in the environment of the service. What is handed on is named
here one by one, because a list of what is secret would always be one name short.
"""

import os
from collections.abc import Mapping

_NAMES = frozenset(
    {
        "DBUS_SESSION_BUS_ADDRESS",
        "DISPLAY",
        "FONTCONFIG_FILE",
        "FONTCONFIG_PATH",
        "HOME",
        "LANG",
        "LANGUAGE",
        "LD_LIBRARY_PATH",
        "LOGNAME",
        "PATH",
        "PYTHONPATH",  # the demo is a module of ours
        "SHELL",
        "TEMP",
        "TMP",
        "TMPDIR",
        "TZ",
        "USER",
        "WAYLAND_DISPLAY",
        "XAUTHORITY",
    }
)
_BEGINNINGS = ("LC_", "XDG_")


def child_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return what a child may know: where it is, in which language, where it may put files."""
    return {
        name: value
        for name, value in environ.items()
        if name in _NAMES or name.startswith(_BEGINNINGS)
    }
