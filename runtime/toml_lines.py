"""Where each key of a TOML document stands, so that a problem can name its line.

`tomllib` gives values and forgets lines. This scan understands just enough of the grammar to follow
keys: tables, arrays of tables, dotted and quoted keys, inline tables, arrays, all four kinds of
string. It is run on documents that `tomllib` has accepted, so it never has to diagnose anything.
"""

import tomllib
from collections.abc import Iterator, Mapping

Path = tuple[str | int, ...]
"""The way to a value: keys, and positions in arrays."""

_BARE_END = frozenset(" \t\r\n,=.]}#")


def locate(text: str) -> dict[Path, int]:
    """Return the 1-based line of every key, table and array element of a valid document."""
    scan = _Scan(text)
    scan.document()
    return scan.lines


def line_of(lines: Mapping[Path, int], path: Path) -> int | None:
    """Return the line of `path`, or of the nearest table around it; None outside all of them."""
    for end in range(len(path), 0, -1):
        if path[:end] in lines:
            return lines[path[:end]]
    return None


class _Scan:
    """One walk over a document; `at` is the position, `lines` what was found so far."""

    def __init__(self, text: str) -> None:
        self.text = text.replace("\r\n", "\n")
        self.at = 0
        self.lines: dict[Path, int] = {}
        self._sizes: dict[Path, int] = {}
        self._line = 1
        self._counted_to = 0

    def document(self) -> None:
        """Walk from the first character to the last."""
        table: Path = ()
        while self._skip_blank():
            if self._ahead("[["):
                table = self._header("[[", "]]", array=True)
            elif self._ahead("["):
                table = self._header("[", "]", array=False)
            else:
                self._pair(table)

    def _header(self, opening: str, closing: str, *, array: bool) -> Path:
        self.at += len(opening)
        keys = list(self._key())
        self._skip_spaces()
        self.at += len(closing)
        table = self._resolve(keys[:-1])
        table = (*table, keys[-1])
        if array:
            index = self._sizes.get(table, 0)
            self._sizes[table] = index + 1
            self._note(table)
            table = (*table, index)
        elif table in self._sizes:
            table = (*table, self._sizes[table] - 1)
        self._note(table)
        return table

    def _resolve(self, keys: list[str]) -> Path:
        """Return the path of a header's parents: an array of tables means its last element."""
        path: Path = ()
        for key in keys:
            path = (*path, key)
            if path in self._sizes:
                path = (*path, self._sizes[path] - 1)
            self._note(path)
        return path

    def _pair(self, table: Path) -> None:
        path = table
        for key in self._key():
            path = (*path, key)
            self._note(path)
        self._skip_spaces()
        self.at += 1  # the equals sign
        self._skip_spaces()
        self._value(path)

    def _value(self, path: Path) -> None:
        character = self.text[self.at]
        if character in "\"'":
            self._string()
        elif character == "[":
            self._array(path)
        elif character == "{":
            self._inline_table(path)
        else:
            while self.at < len(self.text) and self.text[self.at] not in "\n,]}#":
                self.at += 1

    def _array(self, path: Path) -> None:
        self.at += 1
        index = 0
        while self._skip_blank() and not self._ahead("]"):
            if self._ahead(","):
                self.at += 1
                continue
            self._note((*path, index))
            self._value((*path, index))
            index += 1
        self.at += 1

    def _inline_table(self, path: Path) -> None:
        self.at += 1
        while self._skip_blank() and not self._ahead("}"):
            if self._ahead(","):
                self.at += 1
                continue
            self._pair(path)
        self.at += 1

    def _key(self) -> Iterator[str]:
        """Yield the parts of a dotted key; ends before what follows it."""
        while True:
            self._skip_spaces()
            start = self.at
            if self.text[self.at] in "\"'":
                self._string()
                yield str(tomllib.loads(f"key = {self.text[start : self.at]}")["key"])
            else:
                while self.text[self.at] not in _BARE_END:
                    self.at += 1
                yield self.text[start : self.at]
            self._skip_spaces()
            if not self._ahead("."):
                return
            self.at += 1

    def _string(self) -> None:
        quote = self.text[self.at]
        if self._ahead(quote * 3):
            self.at += 3
            self._skip_to_end_of(quote * 3)
            while self._ahead(quote):  # up to two quotes may stand just before the closing three
                self.at += 1
        else:
            self.at += 1
            self._skip_to_end_of(quote)

    def _skip_to_end_of(self, closing: str) -> None:
        escapes = closing[0] == '"'
        while not self._ahead(closing):
            self.at += 2 if escapes and self.text[self.at] == "\\" else 1
        self.at += len(closing)

    def _skip_spaces(self) -> None:
        while self.at < len(self.text) and self.text[self.at] in " \t":
            self.at += 1

    def _skip_blank(self) -> bool:
        """Skip spaces, line ends and comments; return whether anything is left."""
        while self.at < len(self.text):
            if self.text[self.at] == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif self.text[self.at] in " \t\r\n":
                self.at += 1
            else:
                return True
        return False

    def _ahead(self, sign: str) -> bool:
        return self.text.startswith(sign, self.at)

    def _note(self, path: Path) -> None:
        """Remember the first place at which a path is named."""
        self._line += self.text.count("\n", self._counted_to, self.at)
        self._counted_to = self.at
        self.lines.setdefault(path, self._line)
