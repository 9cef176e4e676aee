"""Which model judges: the one that the team installed, else the one that comes with the product.

`installed.json` in the folder of models names the present file and those before it, oldest first.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from analysis.polarity.scorer import SHIPPED, KoubeiScorer
from analysis.polarity.weights import Weights, load, save

_LIST: Final = "installed.json"
_SHIPPED_NAME: Final = ""
MOST_KEPT: Final = 5


@dataclass(frozen=True, slots=True)
class Installed:
    """The models of a folder by file name, the present one last; "" is the shipped one."""

    folder: Path
    names: tuple[str, ...]

    @classmethod
    def of(cls, folder: Path) -> Self:
        """Read what is installed; a folder without a list has the shipped model."""
        path = folder / _LIST
        if not path.is_file():
            return cls(folder, (_SHIPPED_NAME,))
        names = json.loads(path.read_text(encoding="utf-8"))["models"]
        return cls(folder, tuple(names) or (_SHIPPED_NAME,))

    @property
    def path(self) -> Path:
        """The file of the present model."""
        return self.folder / self.names[-1] if self.names[-1] else SHIPPED

    def install(self, weights: Weights) -> Self:
        """Keep a model and make it the present one; the oldest beyond five is deleted."""
        self.folder.mkdir(parents=True, exist_ok=True)
        name = f"koubei-{weights.digest}.npz"
        save(weights, self.folder / name)
        names = (*(n for n in self.names if n != name), name)
        kept = type(self)(self.folder, names[-MOST_KEPT:])
        kept._write()
        for gone in set(names) - set(kept.names) - {_SHIPPED_NAME}:
            (self.folder / gone).unlink(missing_ok=True)
        return kept

    def back(self) -> Self:
        """Make the model before the present one the present one; the first one stays."""
        kept = type(self)(self.folder, self.names[:-1] or (_SHIPPED_NAME,))
        kept._write()
        return kept

    def _write(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        part = self.folder / f"{_LIST}.part"
        part.write_text(json.dumps({"models": self.names}, indent=1), encoding="utf-8")
        part.replace(self.folder / _LIST)


def open_installed(folder: Path) -> KoubeiScorer:
    """Return a scorer with the present model; ConfigurationError when its file cannot be used."""
    return KoubeiScorer(load(Installed.of(folder).path))
