"""Html that more than one platform writes."""

import json
from collections.abc import Mapping
from html import escape
from pathlib import Path


def filled_page(file: Path, query: str, data: Mapping[str, str]) -> str:
    """Return a page with its title and with `data` for its script; no `<` can end the script."""
    state = filled_script(data)
    page = file.read_text(encoding="utf-8")
    return page.replace("__TITLE__", escape(query)).replace("__STATE__", state)


def filled_script(data: Mapping[str, object]) -> str:
    """Return JSON for the inside of a `<script>`; no `<` of it can end the script."""
    return json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")


def marked(text: str, query: str) -> str:
    """The text, escaped, with the search word in `<em>`."""
    safe, word = escape(text), escape(query.strip())
    return safe.replace(word, f"<em>{word}</em>") if word else safe
