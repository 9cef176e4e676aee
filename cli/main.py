"""The `koubei` command. Each module registers its own commands; errors of ours end here."""

import importlib
import sys
from collections.abc import Mapping, Sequence
from typing import Final

import typer

from cli.terminal import EXIT_FAILED, EXIT_USAGE, err, language
from domain.errors import ConfigurationError, ImportRefused, KoubeiError, UnknownSpider

COMMANDS: Final[Mapping[str, str]] = {
    "up": "up",
    "status": "status",
    "doctor": "doctor",
    "crawl": "crawl",
    "parse": "parse",
    "import": "data",
    "export": "data",
    "spikes": "spikes",
    "replay": "spikes",
    "explain": "explain",
    "mail": "mail",
    "init": "settings",
    "config": "settings",
    "apply": "settings",
    "bench": "bench",
}
"""Command → the module of this package whose `register(app)` adds it."""

_USAGE_ERRORS = (ConfigurationError, ImportRefused, UnknownSpider)


def build_app(arguments: Sequence[str] = ()) -> typer.Typer:
    """Return the command line: of the one command that is named, else of all.

    Only what is asked for is imported, so that `koubei spikes` in a pipe starts at once.
    """
    app = typer.Typer(
        name="koubei",
        help="口碑：企业自建的网络口碑监测系统。Online reputation, self-run.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_nothing)
    named = COMMANDS.get(arguments[0]) if arguments else None
    for module in (named,) if named else dict.fromkeys(COMMANDS.values()):
        importlib.import_module(f"cli.{module}").register(app)
    return app


def main() -> None:
    """Run the command line; an error of ours is one line with its mend, never a stack trace."""
    try:
        build_app(sys.argv[1:])()
    except KoubeiError as error:
        err().print(f"✗ {error.sentence(language())}")
        sys.exit(EXIT_USAGE if isinstance(error, _USAGE_ERRORS) else EXIT_FAILED)


def _nothing() -> None:
    """口碑：企业自建的网络口碑监测系统。Online reputation, self-run."""
