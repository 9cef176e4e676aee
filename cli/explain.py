"""`koubei explain`: why something was or was not seen."""

import re
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from cli.terminal import EXIT_FAILED, language, out, say, show_table
from domain.errors import ConfigurationError, Text
from domain.mention import Mention
from domain.sentiment import WHOLE_TEXT
from domain.signal import Evaluation
from monitoring.explain import (
    Explanation,
    explain_mention,
    explain_moment,
    explain_signal,
)
from presentation.formats import at_least, decimal, full_time, short_time
from presentation.hostile import quotation
from presentation.wording import reason, word
from runtime.settings import load_settings
from runtime.wiring import Services, open_services

_MENTION = re.compile(r"(weibo|zhihu|tieba):\S+|https?://\S+")
_SIGNAL = re.compile(r"A-\d{8}-\d+")


def register(app: typer.Typer) -> None:
    """Add `explain`."""
    app.command(
        "explain", help="为什么看到或没看到：网址、编号或时间。 Why something was (not) seen."
    )(explain_command)


def explain_command(
    target: Annotated[str, typer.Argument(help="网址、提及或预警编号，或时间 2026-11-21T10:30")],
) -> None:
    """Print the trail; exit 1 when nothing at all is known of the target."""
    settings = load_settings()
    zone = ZoneInfo(settings.timezone)
    with open_services(settings) as services:
        answer = _answer(target, zone, services)
    if _MENTION.fullmatch(target):
        _show_sightings(answer, zone)
        if answer.mention:
            _show_mention(answer.mention, answer.hour, zone)
    _show_coverage(answer, zone)
    _show_evaluations(answer.evaluations, zone)
    if not (answer.sightings or answer.mention or answer.coverage or answer.evaluations):
        raise typer.Exit(EXIT_FAILED)


def _answer(target: str, zone: ZoneInfo, services: Services) -> Explanation:
    if _MENTION.fullmatch(target):
        return explain_mention(target, begin_work=services.begin_work, store=services.store)
    if _SIGNAL.fullmatch(target):
        answer = explain_signal(target, begin_work=services.begin_work)
        if answer is None:
            raise ConfigurationError(
                Text("没有这条预警", "there is no such alert"),
                place=target,
                mend=Text("koubei status 列出最近的预警", "koubei status lists recent alerts"),
            )
        return answer
    return explain_moment(_moment(target, zone), begin_work=services.begin_work)


def _moment(text: str, zone: ZoneInfo) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(
            Text(
                "不是网址、提及编号（weibo:…）、预警编号（A-…）或时间",
                "is no url, mention id (weibo:…), alert id (A-…) or time",
            ),
            place=quotation(text, 60),
            mend=Text("时间写作 2026-11-21T10:30", "write a time as 2026-11-21T10:30"),
        ) from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _show_sightings(answer: Explanation, zone: ZoneInfo) -> None:
    lang = language()
    if not answer.sightings:
        say("① 从未采集到（近 90 天）", "1. never fetched (in the last 90 days)")
        return
    say(f"① 采集到 {len(answer.sightings)} 次", f"1. fetched {len(answer.sightings)} times")
    for sighting in answer.sightings[:10]:
        out().print(
            f"   {short_time(sighting.seen_at, zone)}  {word(sighting.outcome).in_language(lang)}"
            f"  {sighting.detail}  ({sighting.run_id})"
        )


def _show_mention(mention: Mention, hour: datetime | None, zone: ZoneInfo) -> None:
    lang = language()
    say("② 已入库", "2. stored")
    out().print(f"   {mention.id}  {full_time(mention.published_at, zone)}  {mention.url}")
    out().print(f"   {quotation(f'{mention.title} {mention.text}', 100)}")
    watches, brands = ", ".join(sorted(mention.watch_ids)), ", ".join(sorted(mention.brand_ids))
    say(f"   方案 {watches}；品牌 {brands}", f"   watches {watches}; brands {brands}")
    say("③ 情感", "3. sentiment")
    for target, judged in mention.sentiment.items():
        whom = target or Text("全文", "whole text").in_language(lang)
        out().print(
            f"   {whom}: {word(judged.label).in_language(lang)} {judged.polarity:+.2f}"
            f" ({judged.confidence:.2f}, {judged.model}, {word(judged.by).in_language(lang)})"
        )
    if not mention.sentiment.get(WHOLE_TEXT):
        say("   尚未评分", "   not scored")
    if hour and mention.is_public_voice:
        at = short_time(hour, zone)
        say(f"④ 计入 {at} 起的一小时", f"4. counted in the hour from {at}")
    else:
        flags = ", ".join(word(f).in_language(lang) for f in sorted(mention.flags))
        say(f"④ 不计入统计：{flags}", f"4. counted nowhere: {flags}")


def _show_coverage(answer: Explanation, zone: ZoneInfo) -> None:
    lang = language()
    say("⑤ 该小时的采集覆盖", "5. coverage of that hour")
    if not answer.coverage:
        say("   没有任何采集记录覆盖这一小时", "   no look at all covers that hour")
    for part in answer.coverage:
        known = Text("完整", "complete") if part.known else Text("有缺口", "incomplete")
        platform = word(part.platform).in_language(lang)
        out().print(f"   {part.watch_id} · {platform}: {known.in_language(lang)}")
        for look in part.looks[-5:]:
            why = reason(look.reason, look.platform).text.in_language(lang) if look.reason else ""
            out().print(
                f"     {short_time(look.observed_at, zone)} {look.source_id} "
                f"{word(look.state).in_language(lang)} {why}"
            )


def _show_evaluations(evaluations: tuple[Evaluation, ...], zone: ZoneInfo) -> None:
    lang = language()
    say("⑥ 预警判断", "6. decisions")
    if not evaluations:
        say("   没有对这一小时做过判断", "   no rule looked at that hour")
        return
    show_table(
        ["", "", *_headings()],
        [
            [
                short_time(e.bin_end, zone),
                word(e.platform).in_language(lang) if e.platform else _all(),
                at_least(str(e.figures.observed), e.figures.lower_bound),
                "—" if e.figures.mean is None else decimal(e.figures.mean),
                "—" if e.figures.z is None else decimal(e.figures.z),
                word(e.outcome).in_language(lang),
                e.signal_id or "",
            ]
            for e in evaluations
        ],
    )


def _headings() -> list[str]:
    headings = Text("负面 平时 z 结论 预警", "negative usual z outcome alert")
    return headings.in_language(language()).split()


def _all() -> str:
    return Text("全部平台", "all platforms").in_language(language())
