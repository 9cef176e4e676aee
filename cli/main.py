"""The `koubei` command. Each module of COMMANDS registers its own commands; errors end here."""

import importlib
import sys

import typer

from cli.terminal import EXIT_FAILED, EXIT_USAGE, err, language
from domain.errors import ConfigurationError, ImportRefused, KoubeiError, UnknownSpider

COMMANDS: tuple[str, ...] = ()
"""Modules of this package with a `register(app)`; imported only when the command line is built."""

_USAGE_ERRORS = (ConfigurationError, ImportRefused, UnknownSpider)


def build_app() -> typer.Typer:
    """Return the whole command line."""
    app = typer.Typer(
        name="koubei",
        help="口碑：企业自建的网络口碑监测系统。Online reputation, self-run.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    for name in COMMANDS:
        importlib.import_module(f"cli.{name}").register(app)
    return app


def main() -> None:
    """Run the command line; an error of ours is one line with its mend, never a stack trace."""
    try:
        build_app()()
    except KoubeiError as error:
        err().print(f"✗ {error.sentence(language())}")
        sys.exit(EXIT_USAGE if isinstance(error, _USAGE_ERRORS) else EXIT_FAILED)
