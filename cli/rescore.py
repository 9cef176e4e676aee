"""`koubei rescore`: judge the stored history again with the model in use."""

import json
import os
import socket
import time
import uuid
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from cli.actor import actor
from cli.data import moment_given
from cli.opening import open_existing
from cli.terminal import EXIT_PARTIAL, out, progress, say
from domain.errors import KoubeiError, Text
from domain.model_run import RESCORING, ModelRun
from monitoring.rescoring_words import run_words
from runtime.extras import require
from runtime.lease import only_one_anywhere
from runtime.settings import load_settings
from runtime.wiring import Services

Now = Annotated[
    bool, typer.Option("--now", help="全速运行，不让路。At full speed, leaving no room.")
]
Status = Annotated[bool, typer.Option("--status", help="只看进度。Only tell how far it is.")]
Since = Annotated[
    str | None,
    typer.Option("--since", help="只重算此时之后发布的内容。No older history.", metavar="TIME"),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="与 --status 合用，输出 JSON。With --status: JSON.")
]


def register(app: typer.Typer) -> None:
    """Add `rescore`."""
    app.command(
        "rescore", help="用当前模型重算历史情感。Judge the history again with the model in use."
    )(rescore_command)


def rescore_command(
    now: Now = False, status: Status = False, since: Since = None, as_json: AsJson = False
) -> None:
    """Judge until the history is done, or Ctrl-C; exit 3 when some of it could not be judged."""
    settings = load_settings()
    zone = ZoneInfo(settings.timezone)
    with open_existing(settings) as services:
        if status:
            _status(services, zone, as_json=as_json)
            return
        require("analysis")
        begin = moment_given(since, zone, "--since")
        run = _judge(services, begin, at_full_speed=now)
    said = run_words(run, zone)
    say(f"✓ {said.zh}", f"✓ {said.en}")
    if run.left:
        raise typer.Exit(EXIT_PARTIAL)


def _judge(services: Services, since: datetime | None, *, at_full_speed: bool) -> ModelRun:
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    clock = services.clock
    with only_one_anywhere(services.begin_work, clock, RESCORING, owner) as renew:
        rescoring = services.rescoring(actor(), clock.now())
        run = rescoring.run_in_use(since=since)
        if run is None:
            raise KoubeiError(
                Text(
                    "另一台机器刚换用了别的模型", "another machine just put another model into use"
                ),
                mend=Text("核对各机器的设置后再运行", "compare the machines' settings, then again"),
            )
        with progress("重算历史", "judging history", run.total or None) as advance:
            seen = 0

            def told(noted: ModelRun) -> None:
                nonlocal seen
                advance(noted.seen - seen)
                seen = noted.seen

            pace = {"work_share": 1.0} if at_full_speed else {}
            done = rescoring.go_on(run, keep=renew, rest=_rest, told=told, **pace)
        return rescoring.sweep(done, keep=renew)


def _rest(seconds: float) -> bool:
    time.sleep(seconds)
    return True


def _status(services: Services, zone: ZoneInfo, *, as_json: bool) -> None:
    with services.begin_work() as work:
        runs = work.model_runs.all()
    if as_json:
        out().print(json.dumps([as_document(run) for run in runs], ensure_ascii=False, indent=1))
        return
    if not runs:
        say("还没有记录在用的模型；koubei up 或 koubei rescore 会记下", "no model is noted yet")
    for run in runs:
        said = run_words(run, zone, in_use=run is runs[0])
        say(said.zh, said.en)


def as_document(run: ModelRun) -> dict[str, Any]:
    """Return a run as JSON values."""
    return {
        "run": run.run,
        "model": run.model_id,
        "method": run.method,
        "began_at": run.began_at.isoformat(),
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
        "since": run.since.isoformat() if run.since else None,
        "reached": run.reached.isoformat() if run.reached else None,
        "share": round(run.share, 4),
        "total": run.total,
        "seen": run.seen,
        "changed": run.changed,
        "left": run.left,
    }
