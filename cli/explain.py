"""`koubei explain`: why something was or was not seen."""

import re
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from cli.opening import open_existing
from cli.terminal import EXIT_FAILED, language, out, say, show_table
from domain.crawl import Sighting
from domain.errors import ConfigurationError, Text
from domain.mention import Mention
from domain.sentiment import WHOLE_TEXT
from domain.signal import Evaluation, Outcome
from monitoring.explain import (
    Explanation,
    HourCoverage,
    explain_mention,
    explain_moment,
    explain_signal,
    last_words,
)
from presentation.formats import at_least, clock_time, decimal, full_time, short_time
from presentation.hostile import clean_line, excerpt, quotation, safe_link
from presentation.masking import mask_speakers
from presentation.wording import reason, word
from runtime.settings import load_settings
from runtime.wiring import Services

_MENTION = re.compile(r"(weibo|zhihu|tieba):\S+|https?://\S+")
_SHOWN_LOOKS = 5
_SIGNAL = re.compile(r"A-\d{8}-\d+")


def register(app: typer.Typer) -> None:
    """Add `explain`."""
    app.command(
        "explain", help="为什么看到或没看到、预警或没有。Why something was or was not seen."
    )(explain_command)


def explain_command(
    target: Annotated[
        str,
        typer.Argument(
            help="网址、提及编号（weibo:…）、预警编号（A-…）或时间。Url, id or time.",
            metavar="TARGET",
        ),
    ],
) -> None:
    """Print the trail; exit 1 when nothing at all is known of the target."""
    settings = load_settings()
    zone = ZoneInfo(settings.timezone)
    with open_existing(settings) as services:
        answer = _answer(target, zone, services)
    if not (answer.sightings or answer.mention or answer.coverage or answer.evaluations):
        _say_nothing_known(target)
        raise typer.Exit(EXIT_FAILED)
    if _MENTION.fullmatch(target):
        _show_sightings(answer, zone)
        if answer.mention:
            _show_mention(answer.mention, answer.hour, zone)
    if answer.hour:
        _show_coverage(answer, answer.hour, zone)
        _show_evaluations(answer.evaluations, zone)


def _say_nothing_known(target: str) -> None:
    if _MENTION.fullmatch(target):
        say(
            "近 90 天从未采集到它 → 核对编号或网址；也可用发布时间查询当时的采集覆盖："
            "koubei explain 2026-11-21T10:30",
            "never fetched in the last 90 days → check the id or url, or ask about the time when "
            "it was published: koubei explain 2026-11-21T10:30",
        )
    else:
        say(
            "这一小时没有任何采集记录，也没有做过判断（不等于平稳）",
            "that hour was never looked at and nothing was decided (which does not mean calm)",
        )


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
        say(
            "【采集】从未采集到（近 90 天）；由导入得来",
            "[fetched] never (in the last 90 days); imported",
        )
        return
    say(f"【采集】{len(answer.sightings)} 次", f"[fetched] {len(answer.sightings)} times")
    for sighting in answer.sightings[:10]:
        out().print(
            f"   {short_time(sighting.seen_at, zone)}  {word(sighting.outcome).in_language(lang)}"
            f"  {_detail(sighting).in_language(lang)}  ({clean_line(sighting.run_id)})"
        )


def _detail(sighting: Sighting) -> Text:
    """By which watches it was taken and by whose words, or why not."""
    zh = en = clean_line(sighting.watches)
    if sighting.through:
        above = clean_line(sighting.through)
        zh += f"（按 {above} 的文字归属）"
        en += f" (by the words of {above})"
    if sighting.is_in_depth:
        zh, en = f"{zh} · 深读", f"{en} · in depth"
    if sighting.read_to is not None:
        zh, en = f"{zh} · 跟帖已读", f"{en} · what hangs under it was read"
    return Text(zh, en)


def _show_mention(mention: Mention, hour: datetime | None, zone: ZoneInfo) -> None:
    lang = language()
    say("【入库】", "[stored]")
    link = safe_link(mention.url) or ""
    out().print(f"   {excerpt(mention.id, 100)}  {full_time(mention.published_at, zone)}  {link}")
    out().print(f"   {quotation(mask_speakers(f'{mention.title} {mention.text}'), 100)}")
    watches, brands = ", ".join(sorted(mention.watch_ids)), ", ".join(sorted(mention.brand_ids))
    say(f"   方案 {watches}；品牌 {brands}", f"   watches {watches}; brands {brands}")
    say("【情感】", "[sentiment]")
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
        say(f"【计入】{at} 起的一小时", f"[counted] in the hour from {at}")
    else:
        flags = ", ".join(word(f).in_language(lang) for f in sorted(mention.flags))
        say(f"【计入】不计入统计：{flags}", f"[counted] nowhere: {flags}")


def _show_coverage(answer: Explanation, hour: datetime, zone: ZoneInfo) -> None:
    lang = language()
    at = short_time(hour, zone)
    say(f"【覆盖】{at} 起的一小时", f"[coverage] of the hour from {at}")
    if not answer.coverage:
        say("   没有任何采集记录覆盖这一小时", "   no look at all covers that hour")
    for part in answer.coverage:
        platform = word(part.platform).in_language(lang)
        out().print(f"   {part.watch_id} · {platform}: {_covered(part, zone).in_language(lang)}")
        for look in part.looks[-_SHOWN_LOOKS:]:
            why = reason(look.reason, look.platform).text.in_language(lang) if look.reason else ""
            out().print(
                f"     {short_time(look.observed_at, zone)} {look.source_id} "
                f"{word(look.state).in_language(lang)} {why}"
            )


def _covered(part: HourCoverage, zone: ZoneInfo) -> Text:
    if part.known:
        return Text("完整", "complete")
    if not part.covered:
        return Text("没有读全的时段，无法判断", "no part of it was read without a gap")
    spans = ", ".join(
        f"{clock_time(s.start, zone)}–{clock_time(s.end, zone)}" for s in part.covered
    )
    return Text(f"只读全了 {spans}", f"only {spans} was read without a gap")


def _show_evaluations(evaluations: tuple[Evaluation, ...], zone: ZoneInfo) -> None:
    lang = language()
    say("【判断】每行是一刻钟末的近 1 小时", "[decisions] each about the hour before its time")
    if not evaluations:
        say("   没有对这一小时做过判断", "   no rule looked at that hour")
        return
    show_table(
        _headings(),
        [
            [
                short_time(e.bin_end, zone),
                e.brand_id,
                word(e.platform).in_language(lang) if e.platform else _all(),
                _observed(e),
                "—" if e.figures.mean is None else decimal(e.figures.mean),
                "—" if e.figures.z is None else decimal(e.figures.z),
                word(e.outcome).in_language(lang),
                e.signal_id or "",
            ]
            for e in last_words(evaluations)
        ],
    )


def _observed(evaluation: Evaluation) -> str:
    figures = evaluation.figures
    if evaluation.outcome is Outcome.COVERAGE_UNKNOWN:
        return "—"
    return at_least(str(figures.observed), figures.lower_bound)


def _headings() -> list[str]:
    headings = Text(
        "时间 品牌 平台 负面 平时 z 结论 预警", "time brand platform negative usual z outcome alert"
    )
    return headings.in_language(language()).split()


def _all() -> str:
    return Text("全部平台", "all platforms").in_language(language())
