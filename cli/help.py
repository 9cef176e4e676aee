"""Help pages in one style: headings in the language of this run, texts as 「中文。English.」."""

from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from cli.terminal import language

_WIDTH = 100
_IN_CHINESE = (
    ("Usage: ", "用法："),
    ("\nArguments:\n", "\n参数：\n"),
    ("\nOptions:\n", "\n选项：\n"),
    ("\nCommands:\n", "\n命令：\n"),
    ("Show this message and exit.", "显示本说明。"),
    ("[required]", "[必填]"),
    ("[default: ", "[缺省："),
    ("; required]", "；必填]"),
)


class Command(TyperCommand):
    """A command whose help page speaks Chinese unless the language is English."""

    def get_help(self, ctx: Any) -> str:
        """Return the help page."""
        return _in_our_language(super().get_help(ctx))


class Group(TyperGroup):
    """A group of commands whose help page speaks Chinese unless the language is English."""

    def get_help(self, ctx: Any) -> str:
        """Return the help page."""
        return _in_our_language(super().get_help(ctx))


class CommandLine(typer.Typer):
    """An application or a group of commands; every command in it is of our class."""

    def __init__(self, *, name: str, help: str) -> None:  # as typer calls it
        super().__init__(
            name=name,
            help=help,
            cls=Group,
            no_args_is_help=True,
            add_completion=False,
            pretty_exceptions_enable=False,
            rich_markup_mode=None,
            context_settings={"max_content_width": _WIDTH},
        )

    def command(self, name: str | None = None, **settings: Any) -> Callable[..., Any]:
        """Register a command as `typer.Typer.command` does."""
        settings.setdefault("cls", Command)
        return super().command(name, **settings)


def _in_our_language(page: str) -> str:
    if language() == "en":
        return page
    for english, chinese in _IN_CHINESE:
        page = page.replace(english, chinese)
    return page
