"""Problems of a configuration, all at once: each with its place, its value and what is allowed."""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from domain.errors import ConfigurationError, Text

Path = tuple[str | int, ...]
Placing = Callable[[Path], str]
"""Names the place of a value: `koubei.toml:12`, or the environment variable."""

HIDDEN = "****"
_LONGEST_SHOWN = 60
_SECRET_NAME = re.compile(
    r"password|passwd|passphrase|secret|token|(?:author|seal|api)_?key", re.IGNORECASE
)
_URL_PASSWORD = re.compile(r"(://[^/@:\s]*:).*(@)")
_QUERY_PASSWORD = re.compile(r"(?i)([?&](?:ssl)?pass(?:word|file)=)[^&#]*")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where, and what, with what is allowed instead."""

    place: str
    text: Text

    def sentence(self, language: str) -> str:
        """Return place and fact as one line."""
        colon = ": " if language.startswith("en") else "："
        return f"{self.place}{colon}{self.text.in_language(language)}"


class ConfigurationProblems(ConfigurationError):
    """Everything that is wrong with a configuration; `problems` has one entry each."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=_in_reading_order))
        if len(self.problems) == 1:
            super().__init__(self.problems[0].text, place=self.problems[0].place)
        else:
            super().__init__(Text(self._list("zh"), self._list("en")))

    def _list(self, language: str) -> str:
        count = len(self.problems)
        head = f"{count} problems:" if language == "en" else f"发现 {count} 个问题："
        return "\n".join([head, *(f"  {p.sentence(language)}" for p in self.problems)])


def _in_reading_order(problem: Problem) -> tuple[str, int]:
    name, _, line = problem.place.rpartition(":")
    return (name, int(line)) if line.isdecimal() else (problem.place, 0)


def refused(zh: str, en: str) -> PydanticCustomError:
    """Return what a validator raises: what is allowed, in both languages."""
    return PydanticCustomError("koubei", "{en}", {"zh": zh, "en": en})


def shown(value: object, *, secret: bool = False) -> str:
    """Return a value as an error may show it: cut, on one line, never a secret."""
    if secret or isinstance(value, SecretStr):
        return HIDDEN
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(without_password(value) if isinstance(value, str) else value)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"


def without_password(url: str) -> str:
    """Return a url with its password hidden, wherever the database driver would look for one: up to
    the last `@`, because a password may hold any sign, and among the parameters.
    """
    return _QUERY_PASSWORD.sub(rf"\g<1>{HIDDEN}", _URL_PASSWORD.sub(rf"\g<1>{HIDDEN}\2", url))


def names_a_secret(name: str) -> bool:
    """Whether a value under this name must not be shown, even when the name is misspelt."""
    return bool(_SECRET_NAME.search(name))


def dotted(path: Path) -> str:
    """Return `watches[0].rule.any` for a path."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def nearest(name: str, known: Iterable[str]) -> tuple[str, str]:
    """Return "，是否想写 X？" and its English, or "" twice when no known name is near."""
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return (f"，是否想写 {near[0]}？", f", did you mean {near[0]}?") if near else ("", "")


def unknown_key(place: str, key: str, allowed: Sequence[str]) -> Problem:
    """Return the problem of a key that does not exist, with the nearest one that does."""
    zh, en = nearest(key, allowed)
    return Problem(
        place,
        Text(
            f"未知的键 {key}{zh}（允许：{'、'.join(allowed)}）",
            f"unknown key {key}{en} (allowed: {', '.join(allowed)})",
        ),
    )


def problems_of(
    error: ValidationError, model: type[BaseModel], place: Placing
) -> Iterator[Problem]:
    """Yield what pydantic found as problems in both languages."""
    details = error.errors(include_url=False)
    for detail in details:
        path = detail["loc"]
        if _follows_from_another(detail, details):
            continue
        if detail["type"] == "extra_forbidden":
            yield unknown_key(place(path), str(path[-1]), keys_at(model, path[:-1]))
            continue
        allowed = _allowed(detail)
        name = dotted(path)
        if detail["type"] == "missing":
            yield Problem(place(path), Text(f"缺少 {name}", f"{name} is missing"))
        elif not path or isinstance(detail["input"], dict | BaseModel):
            colon_zh, colon_en = (f"{name}：", f"{name}: ") if name else ("", "")
            yield Problem(place(path), Text(colon_zh + allowed.zh, colon_en + allowed.en))
        else:
            value = shown(detail["input"], secret=names_a_secret(name))
            zh, en = f"{name} = {value}，{allowed.zh}", f"{name} = {value}: {allowed.en}"
            yield Problem(place(path), Text(zh, en))


def _follows_from_another(detail: ErrorDetails, details: Sequence[ErrorDetails]) -> bool:
    """Whether mending another problem mends this one too."""
    if detail["type"] == "default_factory_not_called":
        return True
    path = detail["loc"]
    inside = (other["loc"] for other in details if other is not detail)
    return detail["type"] == "too_short" and any(loc[: len(path)] == path for loc in inside)


def keys_at(model: type[BaseModel], path: Path) -> list[str]:
    """Return the keys that a table of the model may have; [] where `path` leads to no table."""
    table: type[BaseModel] | None = model
    named = False
    for part in path:
        if table is None:
            return []
        if named:  # `duty-room` of [channels.duty-room]
            named = False
        elif isinstance(part, str):
            field = table.model_fields.get(part)
            named = field is not None and get_origin(field.annotation) is dict
            table = model_in(field.annotation) if field else None
    return list(table.model_fields) if table else []


def model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model inside `Model`, `Model | None`, `tuple[Model, ...]`, … or None."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := model_in(part))), None)


_BY_TYPE = {
    "bool_parsing": Text("应为 true 或 false", "must be true or false"),
    "bool_type": Text("应为 true 或 false", "must be true or false"),
    "int_parsing": Text("应为整数", "must be a whole number"),
    "int_type": Text("应为整数", "must be a whole number"),
    "int_from_float": Text("应为整数", "must be a whole number"),
    "string_type": Text("应为带引号的文字", "must be text in quotes"),
    "path_type": Text("应为带引号的路径", "must be a path in quotes"),
    "tuple_type": Text('应为列表，如 ["甲", "乙"]', 'must be a list, as ["a", "b"]'),
    "model_type": Text("应为一个表", "must be a table"),
    "dict_type": Text("应为一个表", "must be a table"),
}


def _allowed(detail: ErrorDetails) -> Text:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "koubei":
        return Text(context["zh"], context["en"])
    if kind in {"literal_error", "enum"}:
        expected = str(context["expected"])
        return Text(f"只能是 {expected.replace(' or ', ' 或 ')}", f"must be {expected}")
    if kind in {"greater_than_equal", "less_than_equal"}:
        limit = context.get("ge", context.get("le"))
        if kind == "greater_than_equal":
            return Text(f"应不小于 {limit}", f"must be at least {limit}")
        return Text(f"应不大于 {limit}", f"must be at most {limit}")
    if kind == "too_short":
        least = context["min_length"]
        return Text(f"至少要有 {least} 项", f"must have at least {least} entries")
    return _BY_TYPE.get(kind, Text(detail["msg"], detail["msg"]))
