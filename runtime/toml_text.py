"""Writing TOML: the few shapes our documents have."""

import json
import re
from collections.abc import Iterable, Mapping

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def as_toml(value: object) -> str:
    """Return one value: a string, bool, number, list or (inline) table. TypeError for others."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{key_text(key)} = {as_toml(item)}" for key, item in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, Iterable):
        return f"[{', '.join(as_toml(item) for item in value)}]"
    raise TypeError(f"no TOML for {type(value).__name__}")


def key_text(key: str) -> str:
    """Return a key, quoted where it has to be."""
    return key if _BARE_KEY.fullmatch(key) else as_toml(key)
