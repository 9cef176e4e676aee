"""The infrastructure settings: `koubei.toml`, overridden by `KOUBEI_*`, checked once at start.

    environment KOUBEI_WEB__PORT=9000  >  koubei.toml [web] port = 9000  >  default

What the team decides (brands, watches, recipients) is not here but in the workflow database, see
`runtime.configuration_file`. Secrets come from the environment or from files only their owner can
read, never from `koubei.toml`, which people copy, commit and mail.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, get_origin

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_settings import EnvSettingsSource

from domain.errors import Text
from runtime.problems import (
    HIDDEN,
    ConfigurationProblems,
    Placing,
    Problem,
    model_in,
    names_a_secret,
    nearest,
    problems_of,
    without_password,
)
from runtime.settings_model import PLATFORM_FLOOR, PREFIX, Settings
from runtime.toml_file import TomlFile
from runtime.values import duration_text

__all__ = [
    "FILE_NAME",
    "PLATFORM_FLOOR",
    "Effective",
    "Settings",
    "file_in_use",
    "leaves",
    "load_effective",
    "load_settings",
    "variable_of",
]

FILE_NAME = "koubei.toml"
FILE_VARIABLE = "KOUBEI_CONFIG"
OTHER_VARIABLES = frozenset({FILE_VARIABLE})
"""Variables with our prefix that are not settings; those of tests begin with KOUBEI_TEST_."""
NAME = "NAME"
"""Stands in the path of a setting for a name that the operator gives."""
ALIASES = {"KOUBEI_BROWSER": "KOUBEI_BROWSER__PATH"}


@dataclass(frozen=True, slots=True)
class Effective:
    """Settings with the origin of each value: `default`, `koubei.toml:12`, a variable, or `-`
    where the whole table is not set.
    """

    settings: Settings
    origins: Mapping[str, str]
    file: Path | None

    def values(self) -> Iterator[tuple[str, str, str]]:
        """Yield (name, value, origin) of every setting, secrets masked, as the model is ordered."""
        for path in _named_leaves({"channels": self.settings.channels}):
            value: Any = self.settings
            for key in path[:-1]:
                value = value[key] if isinstance(value, dict) else getattr(value, key)
            name = ".".join(path)
            if value is None:  # the whole table is not set
                yield name, "", "-"
            else:
                shown = _display(name, getattr(value, path[-1]))
                yield name, shown, self.origins.get(name, "default")


def load_settings(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the checked settings of `path`, else of KOUBEI_CONFIG, else of ./koubei.toml if it is
    there. ConfigurationProblems names everything that is wrong, not only the first.
    """
    return load_effective(path, environ).settings


def load_effective(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Effective:
    """Return the settings together with the origin of each value; errors as `load_settings`."""
    path = path or _find_file(environ)
    file = TomlFile.read(path) if path else TomlFile(FILE_NAME, {}, {})
    in_environment = _environment_values(environ, file)
    place = _placing(file, environ)
    folder = path.resolve().parent if path else Path.cwd()
    problems = [*_secrets_in_file(file), *_unknown_variables(environ, file)]
    try:
        settings = Settings(**_anchored(_over(file.values, in_environment), folder))
    except ValidationError as error:
        problems += problems_of(error, Settings, place)
        raise ConfigurationProblems(problems) from None
    if problems:
        raise ConfigurationProblems(problems)
    origins = {
        ".".join(leaf): place(leaf)
        for leaf in _named_leaves(_over(file.values, in_environment))
        if _has(file.values, leaf) or _has(in_environment, leaf)
    }
    return Effective(settings, origins, path)


def leaves(model: type[BaseModel]) -> Iterator[tuple[str, ...]]:
    """Yield the path of every setting of a model, in its order; of tables that the operator names
    (`[channels.duty-room]`) the pattern, with NAME in place of the name.
    """
    for name, field in model.model_fields.items():
        table = model_in(field.annotation)
        if table is None:
            yield (name,)
        elif get_origin(field.annotation) is dict:
            yield from ((name, NAME, *rest) for rest in leaves(table))
        else:
            yield from ((name, *rest) for rest in leaves(table))


def variable_of(path: tuple[str, ...]) -> str:
    """Return the environment variable of a setting; a name's `-` is `_` there."""
    return PREFIX + "__".join(path).upper().replace("-", "_")


def _named_leaves(values: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield the path of every setting, patterns filled in with the names that `values` has."""
    for path in leaves(Settings):
        if NAME not in path:
            yield path
            continue
        table = values.get(path[0])
        for name in table if isinstance(table, Mapping) else ():
            yield (path[0], str(name), *path[2:])


def is_secret(path: tuple[str, ...]) -> bool:
    """Whether a setting may come from the environment (or a file of its own) only."""
    named = {
        ("smtp", "password"),
        ("oidc", "client_secret"),
        ("backup", "passphrase"),
        ("elasticsearch", "api_key"),
        ("elasticsearch", "password"),
        ("elasticsearch", "reader", "api_key"),
        ("elasticsearch", "reader", "password"),
        ("author_key",),
        ("seal_key",),
    }
    return path in named or (path[0] == "channels" and path[-1] in {"url", "secret"})


def file_in_use(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return the settings file that `load_settings` reads, None where there is none."""
    return _find_file(environ)


def _find_file(environ: Mapping[str, str]) -> Path | None:
    if named := environ.get(FILE_VARIABLE):
        return Path(named)
    here = Path(FILE_NAME)
    return here if here.exists() else None


def _placing(file: TomlFile, environ: Mapping[str, str]) -> Placing:
    """Name the variable of a value that the environment sets, else its line in the file."""
    variables = {ALIASES.get(name, name): name for name in environ}

    def place(path: tuple[str | int, ...]) -> str:
        keys = tuple(key for key in path if isinstance(key, str))
        return variables.get(variable_of(keys)) or file.place(path)

    return place


def _environment_values(environ: Mapping[str, str], file: TomlFile) -> dict[str, Any]:
    """Return the settings that the environment holds, nested as the model is.

    Of a table with a name of its own (`[channels.duty-room]`) only settings of a name that the file
    has: what a variable calls it cannot tell `-` from `_`.
    """
    known = {variable_of(leaf) for leaf in leaves(Settings) if NAME not in leaf}
    source = EnvSettingsSource(Settings)
    source.env_vars = {
        ALIASES.get(name, name).lower(): value
        for name, value in environ.items()
        if ALIASES.get(name, name) in known
    }
    values = source()
    for leaf in _named_leaves(file.values):
        variable = variable_of(leaf)
        if leaf[1:2] and leaf[0] == "channels" and variable in environ:
            values.setdefault(leaf[0], {}).setdefault(leaf[1], {})[leaf[-1]] = environ[variable]
    return values


def _unknown_variables(environ: Mapping[str, str], file: TomlFile) -> Iterator[Problem]:
    known = {variable_of(leaf) for leaf in _named_leaves(file.values)}
    known |= ALIASES.keys() | OTHER_VARIABLES
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known and not name.startswith("KOUBEI_TEST_"):
            zh, en = nearest(name, known)
            yield Problem(
                name,
                Text(
                    f"没有这个设置{zh}（全部设置见 koubei config）",
                    f"is no setting{en} (koubei config lists all)",
                ),
            )


def _secrets_in_file(file: TomlFile) -> Iterator[Problem]:
    """Secrets never stand in koubei.toml: people copy, commit and mail it."""
    for path in _named_leaves(file.values):
        if is_secret(path) and _has(file.values, path):
            name, variable = ".".join(path), variable_of(path)
            other = f"{name}_file" if len(path) > 1 else f"data_dir/secrets/{name}"
            yield Problem(
                file.place(path),
                Text(
                    f"{name} 是机密，不能写在 {FILE_NAME} 里（该文件常被复制和提交）；"
                    f"请用环境变量 {variable} 或权限 0600 的文件（{other}）",
                    f"{name} is a secret and may not stand in {FILE_NAME}, which is copied and "
                    f"committed; use {variable} or a file of mode 0600 ({other})",
                ),
            )
    url = file.values.get("workflow_url")
    if isinstance(url, str) and without_password(url) != url:
        yield Problem(
            file.place(("workflow_url",)),
            Text(
                f"workflow_url 含密码，不能写在 {FILE_NAME} 里；请用环境变量 KOUBEI_WORKFLOW_URL，"
                "或去掉密码并用 ~/.pgpass",
                f"workflow_url holds a password and may not stand in {FILE_NAME}; use "
                "KOUBEI_WORKFLOW_URL, or leave the password out and use ~/.pgpass",
            ),
        )


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return a new tree: `below` with `above` laid over it, table by table."""
    merged = {
        key: _over(value, {}) if isinstance(value, dict) else value for key, value in below.items()
    }
    for key, value in above.items():
        under = merged.get(key)
        if isinstance(under, dict) and isinstance(value, dict):
            merged[key] = _over(under, value)
        else:
            merged[key] = value
    return merged


def _anchored(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Make relative paths relative to the folder of koubei.toml, wherever the program starts."""
    values.setdefault("data_dir", "var")
    for path in _named_leaves(values):
        table = values
        for key in path[:-1]:
            table = table.get(key, {}) if isinstance(table, dict) else {}
        value = table.get(path[-1]) if isinstance(table, dict) else None
        if not isinstance(value, str):
            continue
        if _is_path(path):
            table[path[-1]] = folder / Path(value).expanduser()
        elif path[-1].endswith("_url") and value.startswith("sqlite:///"):
            table[path[-1]] = f"sqlite:///{folder / value.removeprefix('sqlite:///')}"
    return values


def _is_path(path: tuple[str, ...]) -> bool:
    model: type[BaseModel] = Settings
    for key in path[:-1]:
        if key in model.model_fields:  # else a name that the operator gave
            model = model_in(model.model_fields[key].annotation) or model
    annotation = model.model_fields[path[-1]].annotation
    return annotation is Path or annotation == Path | None


def _has(values: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    node: Any = values
    for key in path:
        if not isinstance(node, Mapping) or key not in node:
            return False
        node = node[key]
    return True


def _display(name: str, value: object) -> str:
    if value is None or value == ():
        return ""
    if isinstance(value, SecretStr) or (names_a_secret(name) and not isinstance(value, Path)):
        return HIDDEN
    if isinstance(value, timedelta):
        return duration_text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(str(part) for part in value)
    return without_password(str(value))
