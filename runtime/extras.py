"""Which optional parts are installed on this host."""

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Final

from domain.errors import DependencyMissing, Text

EXTRAS: Final[Mapping[str, tuple[str, ...]]] = {
    "crawl": ("scrapy", "scrapy_playwright", "playwright", "selectolax"),
    "analysis": ("rjieba", "snownlp"),
    "dashboard": ("streamlit",),
    "report": ("docxtpl", "vl_convert"),
    "oidc": ("authlib", "joserfc"),
    "elasticsearch": ("elasticsearch",),
}
"""Optional part, as pyproject.toml names it → the modules that our code imports of it."""

SET_UP: Final = Text("python3 run.py setup 补齐组件", "python3 run.py setup installs it")


def require(*extras: str, mend: Text = SET_UP, find: Callable[[str], object] = find_spec) -> None:
    """Return when all modules of the extras are installed; DependencyMissing names the others."""
    missing = [module for extra in extras for module in EXTRAS[extra] if find(module) is None]
    if missing:
        fact = Text(f"本机未安装 {'、'.join(missing)}", f"not installed here: {', '.join(missing)}")
        raise DependencyMissing(fact, mend=mend)
