"""The `koubei` command. Each module registers its own commands; errors of ours end here."""

import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Final

import typer

from cli.help import CommandLine
from cli.terminal import (
    EXIT_DONE,
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_USAGE,
    complain,
    err,
    language,
)
from cli.usage import system_error, usage_error
from domain.errors import (
    ConfigurationError,
    DependencyMissing,
    ImportRefused,
    KoubeiError,
    Text,
    UnknownSpider,
)

COMMANDS: Final[Mapping[str, str]] = {
    "up": "up",
    "status": "status",
    "doctor": "doctor",
    "crawl": "crawl",
    "login": "login",
    "parse": "parse",
    "capture": "capture",
    "reparse": "reparse",
    "import": "data",
    "export": "data",
    "score": "score",
    "evaluate": "evaluate",
    "train": "train",
    "spikes": "spikes",
    "replay": "spikes",
    "explain": "explain",
    "mail": "mail",
    "init": "settings",
    "config": "settings",
    "apply": "settings",
    "account": "account",
    "audit": "audit",
    "report": "report",
    "backup": "backup",
    "restore": "backup",
    "outbox": "backup",
    "bench": "bench",
    "rescore": "rescore",
    "spool": "spool",
    "dead-letters": "dead_letters",
    "migrate": "stores",
    "migrate-store": "stores",
}
"""Command → the module of this package whose `register(app)` adds it."""

_HELP = "口碑：企业自建的网络口碑监测系统。Online reputation, self-run."
_USAGE_ERRORS = (ConfigurationError, ImportRefused, UnknownSpider)


def build_app(arguments: Sequence[str] = ()) -> typer.Typer:
    """Return the command line: of the one command that is named, else of all.

    Only what is asked for is imported, so that `koubei spikes` in a pipe starts at once.
    """
    app = CommandLine(name="koubei", help=_HELP)
    app.callback()(_nothing)
    named = COMMANDS.get(arguments[0]) if arguments else None
    for module in (named,) if named else dict.fromkeys(COMMANDS.values()):
        try:
            importlib.import_module(f"cli.{module}").register(app)
        except ModuleNotFoundError as error:  # an extra that this host does without
            _register_missing(app, module, error.name or "?")
    return app


def main() -> None:
    """Run the command line; what can be foreseen is one line with its mend, not a stack trace."""
    try:
        code = run(sys.argv[1:])
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = EXIT_INTERRUPTED
    except BrokenPipeError:  # `koubei status | head -1`: nobody reads on, and nothing is wrong
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = EXIT_DONE
    except OSError as error:
        code = _tell(system_error(error))
    if code == EXIT_INTERRUPTED:
        complain("已中断", "interrupted")
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; an error of ours is told and becomes one."""
    try:
        code = build_app(arguments)(args=list(arguments), prog_name="koubei", standalone_mode=False)
    except typer.TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # a group alone: its message is its help
            err().print(error.message)
            return EXIT_USAGE
        return _tell(usage_error(error, next(iter(arguments), "")))
    except typer.Abort:
        return EXIT_INTERRUPTED
    except KoubeiError as error:
        return _tell(error)
    return code if isinstance(code, int) else EXIT_DONE


def _register_missing(app: typer.Typer, module: str, package: str) -> None:
    """Add the commands of a module that cannot be imported: each says what is missing."""

    def complain_of_it(_: Annotated[list[str] | None, typer.Argument(hidden=True)] = None) -> None:
        raise DependencyMissing(
            Text(f"本机未安装 {package}", f"{package} is not installed here"),
            mend=Text("python3 run.py setup 补齐组件", "python3 run.py setup installs it"),
        )

    for name in (name for name, home in COMMANDS.items() if home == module):
        app.command(
            name,
            help=f"（本机未安装 {package}，不可用）。Not available: {package} is missing.",
            context_settings={"ignore_unknown_options": True},
        )(complain_of_it)


def _tell(error: KoubeiError) -> int:
    err().print(f"✗ {error.sentence(language())}")
    return EXIT_USAGE if isinstance(error, _USAGE_ERRORS) else EXIT_FAILED


def _nothing() -> None:
    """口碑：企业自建的网络口碑监测系统。Online reputation, self-run."""
