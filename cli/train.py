"""`koubei train`: what the team's own labels add to the model, installed only if it is no worse."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import typer

from analysis.polarity.installed import Installed
from analysis.polarity.scorer import SHIPPED, KoubeiScorer
from analysis.polarity.teaching import LEAST, Labelled, Trial, try_teaching
from analysis.polarity.weights import load
from cli.actor import actor
from cli.opening import open_existing
from cli.terminal import EXIT_DONE, EXIT_FAILED, EXIT_PARTIAL, complain, pick, say, show_table
from domain.errors import ConfigurationError, ImportRefused, RowProblem, Text
from domain.sentiment import Label
from monitoring.labels import team_labels
from runtime.scorers import model_folder
from runtime.settings import load_settings
from runtime.settings_model import Settings
from runtime.wiring import Services
from workflow.models import give_back_at_terminal, note_installed, require_a_model_before

_LABELS: Final = {
    "negative": Label.NEGATIVE, "负面": Label.NEGATIVE, "neg": Label.NEGATIVE,
    "neutral": Label.NEUTRAL, "中性": Label.NEUTRAL, "neu": Label.NEUTRAL,
    "positive": Label.POSITIVE, "正面": Label.POSITIVE, "pos": Label.POSITIVE,
}  # fmt: skip
_LONGEST_FIELD: Final = 1 << 24


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("train", help="用自有标注改进情感模型。Teach the model your own labels.")(train)


def train(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE…",
            help="CSV，列 text,label，可加 platform。CSV files with text and label.",
        ),
    ] = None,
    corrections: Annotated[
        bool,
        typer.Option(
            "--corrections/--no-corrections", help="是否用团队的改判。Whether to use corrections."
        ),
    ] = True,
    seed: Annotated[int, typer.Option("--seed", help="随机种子。Seed of the order.")] = 7,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="只比较，不启用。Compare and install nothing.")
    ] = False,
    back: Annotated[
        bool, typer.Option("--back", help="退回上一个模型。Return to the model before.")
    ] = False,
) -> None:
    """Teach the shipped model from CSV files and the team's corrections.

    A fifth of the labels is held back; on it and on the shipped probes the new model must not be
    worse than the present one, or it is not installed (exit code 1).
    """
    settings = load_settings()
    installed = Installed.of(model_folder(settings))
    if back:
        _go_back(settings, installed, files)
        return
    labelled, problems = _gather(settings, files or [], corrections=corrections)
    if len(labelled) < LEAST:
        raise ImportRefused(
            Text(
                f"只有 {len(labelled)} 条标注，至少需要 {LEAST} 条",
                f"{len(labelled)} labels, at least {LEAST} are needed",
            ),
            place="koubei train",
            mend=Text(
                "先在信息流中改判，或提供 CSV", "correct mentions in the feed, or give a CSV"
            ),
        )
    present = KoubeiScorer(load(installed.path))
    trial = try_teaching(load(SHIPPED), present, labelled, seed)
    _show(trial)
    if trial.is_worse:
        complain("新模型更差，未启用", "the new model is worse and was not installed")
        raise typer.Exit(EXIT_FAILED)
    if not dry_run:
        _install(settings, installed, trial)
    raise typer.Exit(EXIT_PARTIAL if problems else EXIT_DONE)


def read_labels(path: Path) -> Iterator[Labelled | RowProblem]:
    """Yield the labels of a CSV with the columns text, label and perhaps platform.

    ImportRefused when it is not UTF-8 or has no such columns.
    """
    csv.field_size_limit(_LONGEST_FIELD)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if not {"text", "label"} <= set(rows.fieldnames or ()):
                raise ImportRefused(
                    Text("缺少列 text、label", "no columns text and label"), place=str(path)
                )
            for number, row in enumerate(rows, start=2):
                label = _LABELS.get((row["label"] or "").strip().lower())
                if label is None:
                    yield RowProblem.of(number, "label", "不是负面、中性或正面", "no known label")
                elif not (row["text"] or "").strip():
                    yield RowProblem.of(number, "text", "没有文本", "no text")
                else:
                    yield Labelled(row["text"], (row.get("platform") or "").strip(), label)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ImportRefused(
            Text("不是 UTF-8 的 CSV", "is not a CSV in UTF-8"), place=str(path)
        ) from error


def _gather(
    settings: Settings, files: list[Path], *, corrections: bool
) -> tuple[list[Labelled], int]:
    labelled: dict[str, Labelled] = {}
    problems = 0
    for path in files:
        for one in read_labels(path):
            if isinstance(one, RowProblem):
                problems += 1
                complain(
                    f"{path.name} 第 {one.row} 行 {one.field}：{one.text.zh}",
                    f"{path.name} row {one.row} {one.field}: {one.text.en}",
                )
            else:
                labelled[one.text] = one
    if corrections and (not files or _has_data(settings)):
        with open_existing(settings) as services:
            now = services.clock.now()
            own = team_labels(services.store, services.begin_work, now)
        labelled |= {one.text: one for one in own}  # the team's word is worth more than a file's
    return list(labelled.values()), problems


def _has_data(settings: Settings) -> bool:
    """Whether there are stores, so that a file alone can be learnt anywhere."""
    url = settings.workflow_url
    return not url.startswith("sqlite:///") or Path(url.removeprefix("sqlite:///")).exists()


def _install(settings: Settings, installed: Installed, trial: Trial) -> None:
    now = installed.install(trial.weights)
    if not _has_data(settings):
        say(f"已启用 {now.path.name}", f"installed {now.path.name}")
        return
    with open_existing(settings) as services:
        note_installed(
            services.begin_work,
            actor(),
            now,
            before=installed.names[-1],
            figures=_figures(trial),
            at=services.clock.now(),
        )
        _begin_run(services)
    _tell_in_use(now.path.name, now.path.name)


def _begin_run(services: Services) -> None:
    """Note that another model is in use: whoever judges history with the earlier one stops."""
    services.rescoring(actor(), services.clock.now()).run_in_use()


def _tell_in_use(zh: str, en: str) -> None:
    say(
        f"已启用 {zh}：运行中的服务随即使用，并在后台重算历史（koubei status 看进度；"
        "没有服务在运行时用 koubei rescore）",
        f"{en} is in use: running services take it up at once and judge the history again in the "
        "background (koubei status tells how far; koubei rescore where no service runs)",
    )


def _figures(trial: Trial) -> dict[str, object]:
    return {
        "learnt": trial.learnt,
        "held_back": trial.after.count,
        "accuracy": [round(trial.before.accuracy, 4), round(trial.after.accuracy, 4)],
        "macro_f1": [round(trial.before.macro_f1, 4), round(trial.after.macro_f1, 4)],
        "probes": [trial.probes_before, trial.probes_after],
        "seed": trial.weights.card.get("taught_seed"),
    }


def _go_back(settings: Settings, installed: Installed, files: list[Path] | None) -> None:
    if files:
        raise ConfigurationError(
            Text("不能同时使用", "cannot be used together"), place="--back FILE"
        )
    require_a_model_before(installed)
    name = installed.names[-2]
    zh, en = name or "自带模型", name or "the shipped model"
    if not _has_data(settings):
        installed.back()
        say(f"已退回{zh}", f"back to {en}")
        return
    with open_existing(settings) as services:
        give_back_at_terminal(services.begin_work, actor(), installed, at=services.clock.now())
        _begin_run(services)
    _tell_in_use(zh, en)


def _show(trial: Trial) -> None:
    before, after = trial.before, trial.after
    show_table(
        ["", pick("现用", "present"), pick("新模型", "new")],
        [
            [pick("学习条数", "labels learnt"), "", str(trial.learnt)],
            [pick("留出条数", "held back"), str(before.count), str(after.count)],
            [pick("准确率", "accuracy"), f"{before.accuracy:.3f}", f"{after.accuracy:.3f}"],
            [pick("宏平均 F1", "macro-F1"), f"{before.macro_f1:.3f}", f"{after.macro_f1:.3f}"],
            [
                pick("探针", "probes"),
                f"{trial.probes_before}/{trial.probes}",
                f"{trial.probes_after}/{trial.probes}",
            ],
        ],
    )
