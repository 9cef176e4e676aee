"""`koubei bench …`: the project's benchmarks, each against a named peer in the same run."""

import importlib

import typer

BENCHMARKS = ("store", "dashboard", "pages", "text", "ingest")
"""Modules of `benchmarks` with a `register(bench)`."""


def register(app: typer.Typer) -> None:
    """Add the command group."""
    bench = typer.Typer(
        help="性能测试：与同类做法在同一次运行中对比。Benchmarks against named peers.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    # keeps `bench` a group, and `bench store` two words, while it has a single command
    bench.callback()(_group)
    for name in BENCHMARKS:
        importlib.import_module(f"benchmarks.{name}").register(bench)
    app.add_typer(bench, name="bench")


def _group() -> None:
    """性能测试：与同类做法在同一次运行中对比。Benchmarks against named peers."""
