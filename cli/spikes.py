"""`koubei spikes` scores a stream of counts; `koubei replay` lists the alerts of a history."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from analysis.spike_score import SpikeScorer, Trailing, TrailingHours
from analysis.spikes import Incident, SpikeRule, Step, advance
from cli.opening import open_existing
from cli.terminal import language, pick, say, show_table
from domain.brand import Brand, Configuration, Sensitivity
from domain.errors import ConfigurationError, ImportRefused, Text
from monitoring.replay import Replay, replay_brand, replay_steps
from presentation.wording import word
from runtime.settings import load_settings

ROW_COLUMNS = "timestamp,value,score,observed,mean,spread,z,record_days,history_days,outcome"
MAX_VALUE = 1e12
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

SensitivityOption = Annotated[
    Sensitivity,
    typer.Option(help="灵敏度：fewer 少 / balanced 均衡 / more 多。How readily it alerts."),
]


def register(app: typer.Typer) -> None:
    """Add `spikes` and `replay`."""
    app.command("spikes", help="逐行给计数打突增分（标准输入）。Score a stream of counts.")(spikes)
    app.command("replay", help="在历史上回放突增规则。Replay the rule over history.")(replay)


def spikes(
    rows: Annotated[
        bool, typer.Option("--rows", help="输出 CSV，含全部列。Print CSV with all columns.")
    ] = False,
    sensitivity: SensitivityOption = Sensitivity.BALANCED,
) -> None:
    """Read `timestamp,value` rows and answer each with a score 0 to 1, at once.

    A header is skipped without an answer. Rows come in order of time, at any regular width; a
    missing row, or one with an empty value, is a gap: its hour is not known and scores 0. A row
    that cannot be read ends the command with its line named, because a made-up score would be a
    silent lie and a skipped one would shift all that follow.
    """
    answer = _Columns(sensitivity) if rows else _Score(sensitivity)
    if rows:
        _write(ROW_COLUMNS)
    for row in read_rows(sys.stdin, "stdin"):
        _write(answer(row))


def replay(
    file: Annotated[
        Path | None,
        typer.Option("--file", help="CSV（timestamp,value），代替已存历史。A file, not the store."),
    ] = None,
    brand: Annotated[
        str | None, typer.Option("--brand", help="品牌编号，缺省为全部。A brand's id; else all.")
    ] = None,
    days: Annotated[
        int, typer.Option("--days", min=1, max=365, help="往回多少天。How many days back.")
    ] = 90,
    sensitivity: Annotated[
        Sensitivity | None,
        typer.Option(help="灵敏度，缺省取当前配置。How readily it alerts; else as configured."),
    ] = None,
) -> None:
    """List the alerts that the rule would have raised, with their figures and how many a month."""
    if file is None:
        _replay_stored(brand, days, sensitivity)
        return
    if brand is not None:
        raise ConfigurationError(
            Text("不能同时使用", "cannot be used together"),
            place="--brand --file",
            mend=Text("文件里没有品牌，去掉 --brand", "a file knows no brands: leave out --brand"),
        )
    setting = sensitivity or Sensitivity.BALANCED
    try:
        with file.open(encoding="utf-8-sig") as stream:
            rows = list(read_rows(stream, file.name))
    except UnicodeDecodeError as error:
        raise ImportRefused(
            Text("不是 UTF-8 文本", "is not UTF-8 text"),
            place=str(file),
            mend=Text("另存为 UTF-8 编码的 CSV", "save it as a CSV in UTF-8"),
        ) from error
    if not rows:
        raise ImportRefused(
            Text("文件中没有数据行", "no rows in the file"),
            place=str(file),
            mend=Text("每行应为 timestamp,value", "each row is timestamp,value"),
        )
    show_replay(replay_steps(steps_of(rows), setting), setting, UTC)


def _replay_stored(brand_id: str | None, days: int, sensitivity: Sensitivity | None) -> None:
    settings = load_settings()
    zone = ZoneInfo(settings.timezone)
    with open_existing(settings) as services:
        with services.begin_work() as work:
            _, configuration = work.configuration.current()
        for brand in _brands(configuration, brand_id):
            setting = sensitivity or configuration.detection.for_brand(brand.id)
            say(f"■ {brand.name}", f"■ {brand.name}")
            found = replay_brand(
                services.store,
                services.begin_work,
                brand_id=brand.id,
                sensitivity=setting,
                now=services.clock.now(),
                days=days,
            )
            show_replay(found, setting, zone)


def _brands(configuration: Configuration, brand_id: str | None) -> tuple[Brand, ...]:
    wanted = tuple(b for b in configuration.brands if brand_id in (None, b.id))
    if not wanted:
        known = ", ".join(b.id for b in configuration.brands)
        raise ConfigurationError(
            Text("没有这个品牌", "there is no such brand"),
            place="koubei replay",
            mend=Text(f"已有品牌编号：{known or '无'}", f"known ids: {known or 'none'}"),
        )
    return wanted


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its time as written and in hours, its value (None: not known)."""

    written: str
    at: float
    value: float | None


def read_rows(lines: Iterable[str], place: str) -> Iterator[Row]:
    """Yield the rows of `timestamp,value` lines; ImportRefused names the line that is none."""
    last: float | None = None
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or (number == 1 and _is_header(text)):
            continue
        row = _read_row(text, place, number)
        if last is not None and row.at <= last:
            raise _refused(
                place, number, "时间没有晚于上一行", "its time is not after the last row's"
            )
        last = row.at
        yield row


def steps_of(rows: Iterable[Row]) -> Iterator[Step]:
    """Yield the trailing hours of rows, as the rule takes them. Values are negatives; no share."""
    trailing = TrailingHours()
    for row in rows:
        yield _step(trailing.see(row.at, row.value))


def show_replay(found: Replay, sensitivity: Sensitivity, zone: tzinfo) -> None:
    """Print a replay: a line an alert, then the counts and how much of the time was known."""
    headers = (
        pick("时间", "time"),
        pick("结果", "outcome"),
        pick("观测", "observed"),
        pick("均值", "mean"),
        "z",
        pick("纪录天数", "record days"),
    )
    if found.alerts:
        show_table(
            headers,
            [
                (
                    f"{alert.at.astimezone(zone):%Y-%m-%d %H:%M}",
                    word(alert.outcome).in_language(language()),
                    str(alert.figures.observed),
                    _figure(alert.figures.mean),
                    _figure(alert.figures.z),
                    _figure(alert.figures.record_days),
                )
                for alert in found.alerts
            ],
        )
    if not found.known_hours:
        say(
            f"这 {found.hours / 24:.0f} 天没有一小时被完整采集过，无法回放（不等于平稳）",
            f"no hour of these {found.hours / 24:.0f} days was fully looked at: nothing to replay "
            "(which does not mean calm)",
        )
        return
    rate = found.openings_a_month
    monthly = "–" if rate is None else f"{rate:.1f}"
    days, known = found.hours / 24, found.known_hours / 24
    say(
        f"灵敏度「{word(sensitivity).zh}」：{days:.0f} 天（已知 {known:.0f} 天）内会预警 "
        f"{found.openings} 次，每月约 {monthly} 次",
        f"sensitivity {word(sensitivity).en}: {found.openings} alerts in {days:.0f} days "
        f"({known:.0f} known), about {monthly} a month",
    )


class _Score:
    """Answers a row with its score."""

    def __init__(self, sensitivity: Sensitivity) -> None:
        self._trailing = TrailingHours()
        self._scorer = SpikeScorer(sensitivity)

    def __call__(self, row: Row) -> str:
        return f"{self._scorer.score(self._trailing.see(row.at, row.value)):.6f}"


class _Columns:
    """Answers a row with its score, its figures and what the alert rule makes of it."""

    def __init__(self, sensitivity: Sensitivity) -> None:
        self._trailing = TrailingHours()
        self._scorer = SpikeScorer(sensitivity)
        self._rule = SpikeRule(sensitivity)
        self._incident: Incident | None = None

    def __call__(self, row: Row) -> str:
        trailing = self._trailing.see(row.at, row.value)
        score = self._scorer.score(trailing)
        verdict = self._rule.step(_step(trailing))
        self._incident, outcome = advance(self._incident, verdict)
        figures = verdict.figures
        return ",".join(
            (
                row.written,
                _figure(row.value, ""),
                f"{score:.6f}",
                str(figures.observed) if verdict.known else "",
                _figure(figures.mean, ""),
                _figure(figures.spread, ""),
                _figure(figures.z, ""),
                _figure(figures.record_days, ""),
                _figure(figures.history_days, ""),
                outcome.value,
            )
        )


def _step(trailing: Trailing) -> Step:
    count = round(trailing.hour)
    return Step(trailing.at, count, count, trailing.width, trailing.hour_known)


def _read_row(text: str, place: str, number: int) -> Row:
    fields = text.split(",")
    if len(fields) != 2:
        raise _refused(place, number, "应为两列：timestamp,value", "expected timestamp,value")
    at = _time(fields[0])
    if at is None:
        raise _refused(place, number, "时间不是 ISO 8601", "its time is not ISO 8601")
    try:
        value = float(fields[1]) if fields[1].strip() else None
    except ValueError:
        value = -1.0
    if value is not None and not 0 <= value < MAX_VALUE:
        raise _refused(
            place,
            number,
            "数值应为非负数，或留空表示未知",
            "its value is no count (empty: unknown)",
        )
    return Row(fields[0].strip(), at, value)


def _is_header(text: str) -> bool:
    """Whether a first line is one: neither a time nor a count."""
    first, _, second = text.partition(",")
    return _time(first) is None and not second.strip()[:1].isdigit()


def _time(text: str) -> float | None:
    """Hours since 1970 of an ISO 8601 time; one without a zone is taken as it stands."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH).total_seconds() / 3600


def _refused(place: str, number: int, zh: str, en: str) -> ImportRefused:
    return ImportRefused(
        Text(f"第 {number} 行：{zh}", f"line {number}: {en}"),
        place=place,
        mend=Text("修正该行后重新运行", "mend the line and run again"),
    )


def _figure(value: float | None, missing: str = "–") -> str:
    return missing if value is None else f"{value:g}" if value == int(value) else f"{value:.2f}"


def _write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
