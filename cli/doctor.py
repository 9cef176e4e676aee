"""`koubei doctor`: every dependency looked at again, each ✗ with what mends it."""

import json
from collections.abc import Iterator
from typing import Annotated

import typer

from cli.terminal import EXIT_DONE, EXIT_FAILED, EXIT_PARTIAL, language, out, say
from domain.errors import ConfigurationError, Text
from runtime.check_services import service_checks
from runtime.checks import ROOT as PROJECT
from runtime.checks import Check, Mark, check_packages, check_python, failed, machine_checks
from runtime.extras import require
from runtime.settings import load_settings
from runtime.wiring import SystemClock


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(help="体检：逐项检查并给出办法。Check everything; each ✗ names what mends it.")(
        doctor
    )


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。Print JSON.")] = False,
    elasticsearch_roles: Annotated[
        bool,
        typer.Option(
            "--elasticsearch-roles",
            help="只打印集群管理员要建的角色。Only print the roles that the cluster needs.",
        ),
    ] = False,
) -> None:
    """Check everything; exit 0 when all is well, 1 when something is broken, 3 when only optional
    parts are missing.
    """
    if elasticsearch_roles:
        require("elasticsearch")
        from storage.elasticsearch.roles import roles

        index = load_settings().elasticsearch.index
        out().print(json.dumps(roles(index), indent=2))
        return
    checks = []
    for check in all_checks():
        checks.append(check)
        if not as_json:
            _say(check)
    if as_json:
        out().print(json.dumps([_as_json(check) for check in checks], ensure_ascii=False, indent=2))
    code = exit_code(checks)
    if not as_json:
        _say_verdict(code)
    raise typer.Exit(code)


def all_checks() -> Iterator[Check]:
    """Yield every check; with settings that cannot be used, those that need none."""
    try:
        settings = load_settings()
    except ConfigurationError as error:
        yield check_python()
        yield check_packages(PROJECT / "requirements")
        yield failed(Text("设置", "settings"), error)
        return
    yield from machine_checks(settings)
    yield from service_checks(settings, SystemClock())


def exit_code(checks: list[Check]) -> int:
    """Return what the marks of the checks come to."""
    marks = {check.mark for check in checks}
    if Mark.FAILED in marks:
        return EXIT_FAILED
    return EXIT_PARTIAL if Mark.OPTIONAL in marks else EXIT_DONE


def _say(check: Check) -> None:
    speak = language()
    mend = check.mend.in_language(speak)
    arrow = f"  → {mend}" if mend else ""
    name, fact = check.name.in_language(speak), check.fact.in_language(speak)
    out().print(f"{check.mark.sign} {name}{'：' if speak == 'zh' else ': '}{fact}{arrow}")


def _say_verdict(code: int) -> None:
    if code == EXIT_DONE:
        say("体检通过", "all is well")
    elif code == EXIT_PARTIAL:
        say("可以运行，缺少可选部分（见 ✗）", "it runs; optional parts are missing (see ✗)")
    else:
        say("有问题需要处理（见 ✗）", "something has to be mended (see ✗)")


def _as_json(check: Check) -> dict[str, str]:
    speak = language()
    return {
        "name": check.name.en,
        "mark": check.mark.value,
        "fact": check.fact.in_language(speak),
        "mend": check.mend.in_language(speak),
    }
