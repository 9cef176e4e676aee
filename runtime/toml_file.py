"""A TOML file as values that know where they stand."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from domain.errors import ConfigurationError, Text
from presentation.refusals import refusal
from runtime.toml_lines import line_of, locate


@dataclass(frozen=True, slots=True)
class TomlFile:
    """The values of a document and the line of each; `name` stands in messages."""

    name: str
    values: dict[str, Any]
    lines: dict[tuple[str | int, ...], int]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file; ConfigurationError when it cannot be read or is not TOML."""
        try:
            return cls.parse(path.read_text(encoding="utf-8-sig"), str(path))
        except UnicodeDecodeError:
            fact = Text("不是 UTF-8 编码", "is not UTF-8")
        except OSError as error:
            why = refusal(error).text
            fact = Text(f"无法读取：{why.zh}", f"cannot be read: {why.en}")
        raise ConfigurationError(
            fact,
            place=str(path),
            mend=Text("koubei init 会生成带注释的样例", "koubei init writes commented examples"),
        )

    @classmethod
    def parse(cls, text: str, name: str) -> Self:
        """Read a text; ConfigurationError with the line when it is not TOML."""
        try:
            return cls(name, tomllib.loads(text), locate(text))
        except tomllib.TOMLDecodeError as error:
            # "Invalid value (at line 3, column 7)" or "… (at end of document)"
            fact, _, where = str(error).rstrip(")").rpartition(" (at ")
            at_line = where.startswith("line")
            line = where.split()[1].rstrip(",") if at_line else str(text.count("\n") + 1)
            raise ConfigurationError(
                Text(f"不是有效的 TOML：{fact}", f"not valid TOML: {fact}"), place=f"{name}:{line}"
            ) from None

    def place(self, path: tuple[str | int, ...]) -> str:
        """Return `name:line` of a value, or of the table that should hold it."""
        line = line_of(self.lines, path)
        return f"{self.name}:{line}" if line else self.name
