"""Which engine judges sentiment: by name, opened when it is first asked for."""

from pathlib import Path
from typing import Final

from analysis.sentiment import RetrainedSnowNlpScorer, StockSnowNlpScorer
from domain.errors import ConfigurationError, Text
from domain.ports import Scorer
from runtime.extras import require
from runtime.settings import Settings

ENGINES: Final = ("koubei", "snownlp", "snownlp-retrained")

LIST_OF_MODELS: Final = "installed.json"

Mark = tuple[int, int, int]
"""Tells one state of the list of installed models from another."""


def open_scorer(settings: Settings, engine: str | None = None) -> Scorer:
    """Return the engine named, else the one of the settings; ConfigurationError for another name.

    DependencyMissing when a package that it needs is not installed.
    """
    wanted = engine or settings.scorer.engine
    if wanted == "snownlp":
        return StockSnowNlpScorer()
    if wanted == "snownlp-retrained":
        return RetrainedSnowNlpScorer()
    if wanted == "koubei":
        require("analysis")
        from analysis.polarity.installed import open_installed  # needs numpy

        return open_installed(model_folder(settings))
    raise ConfigurationError(
        Text(f"没有评分引擎「{wanted}」", f"there is no engine {wanted!r}"),
        place="--engine",
        mend=Text(f"可选：{'、'.join(ENGINES)}", f"one of {', '.join(ENGINES)}"),
    )


def model_mark(settings: Settings) -> Mark:
    """Return a mark that changes whenever another model is installed or given back here; always
    the same for engines that the team cannot train.
    """
    if settings.scorer.engine != "koubei":
        return (0, 0, 0)
    try:
        found = (model_folder(settings) / LIST_OF_MODELS).stat()
    except FileNotFoundError:
        return (0, 0, 0)
    return (found.st_ino, found.st_mtime_ns, found.st_size)


def model_folder(settings: Settings) -> Path:
    """Return where the models that the team trained lie."""
    return settings.data_dir / "models"
