"""What is said of a surface that is not read as it used to be (监测失明)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from domain.account import AccountState, Role
from domain.drift import DriftKind, Episode
from domain.errors import Text
from domain.outbox import OutboxMail, Rendered
from domain.ports import BeginWork, UnitOfWork
from presentation.field_words import NAMES_OF_FIELDS
from presentation.formats import full_time, near_time
from presentation.hostile import excerpt
from presentation.notices import notice
from presentation.wording import Reason, word

KIND: Final = "drift"
"""What its mails are called in the outbox."""


def field_word(name: str) -> Text:
    """Return what a field is called; one that a reader named is shown as it is."""
    shown = excerpt(name, 60)
    return NAMES_OF_FIELDS.get(name, Text(shown, shown))


def drift_words(episode: Episode, now: datetime, zone: ZoneInfo) -> Reason:
    """Return what is not read any more, where, since when, the figures, and what mends it."""
    where, since = word(episode.platform), near_time(episode.since, now, zone)
    zh, en = _fact(episode)
    place = f"koubei capture URL|FILE --platform {episode.platform.value}"
    named = excerpt(episode.field, 60)
    which = "" if field_word(episode.field).zh == named else f"字段 {named}："
    return Reason(
        Text(
            f"监测失明：{where.zh} {episode.surface} 自 {since} 起{zh}",
            f"Blind: {where.en} {episode.surface} since {since}: {en}",
        ),
        Text(
            f"{which}{place} 存为样例，再照 docs/layout.md 一小时内修好",
            f"{place} makes it a fixture; then docs/layout.md mends it in an hour",
        ),
    )


def _fact(episode: Episode) -> tuple[str, str]:
    name, shown = field_word(episode.field), excerpt(episode.field, 60)
    label = f"「{name.zh}」"
    (had, of), (has, now_of) = episode.before, episode.after
    figures_zh = f"此前 {had}/{of}，现在 {has}/{now_of}" if of else f"现在 {has}/{now_of}"
    figures_en = f"{had} of {of} before, {has} of {now_of} now" if of else f"{has} of {now_of} now"
    if episode.kind is DriftKind.LAYOUT:
        return f"找不到{label}，整页读不出", f"no {shown!r}, whole pages cannot be read"
    if episode.kind is DriftKind.BARE:
        return (
            f"页面说有内容却读不到任何提及：有提及的页 {figures_zh}",
            f"pages that say they have content hold no mention: {figures_en}",
        )
    if episode.kind is DriftKind.FELL:
        return f"很少读到{label}：{figures_zh}", f"{shown!r} is rarely read: {figures_en}"
    return f"读不到{label}：{figures_zh}", f"{shown!r} is not read: {figures_en}"


def tell_drift(
    begin_work: BeginWork,
    now: datetime,
    *,
    zone: ZoneInfo,
    public_url: str,
    language: str = "zh",
) -> int:
    """Write one mail for each episode that nobody was told of, to whoever can mend it: admins with
    an address, else all recipients. Return how many mails there are.
    """
    written = 0
    with begin_work() as work:
        waiting = [e for e in work.drift.episodes() if not (e.ended_at or e.told_at)]
        addresses = _mended_by(work) if waiting else ()
        if not addresses:
            return 0  # whoever is added later is told
        for episode in waiting:
            mail = _notice(episode, now, zone, language, f"{public_url}/crawl")
            key = f"{KIND}|{episode.source_id}|{episode.surface}|{episode.field}"
            for address in addresses:
                written += work.outbox.add(
                    OutboxMail(
                        key=f"{key}|{episode.since.isoformat()}|{address}",
                        recipient=address,
                        rendered=mail,
                        created_at=now,
                        next_attempt_at=now,
                        kind=KIND,
                    )
                )
            work.drift.save(replace(episode, told_at=now))
        work.commit()
    return written


def _notice(episode: Episode, now: datetime, zone: ZoneInfo, language: str, link: str) -> Rendered:
    told, since = drift_words(episode, now, zone), full_time(episode.since, zone)
    meanwhile = Text(
        f"始于 {since}。缺的一律记为未知，不记为 0；恢复后自动解除，不再重复通知。",
        f"Since {since}. What is missing is unknown, never 0. It ends by itself and is told once.",
    )
    return notice(told.text, [told.text, meanwhile, told.mend], language=language, link=link)


def _mended_by(work: UnitOfWork) -> Sequence[str]:
    admins = [
        account.address
        for account in work.accounts.all()
        if account.state is AccountState.ACTIVE and Role.ADMIN in account.roles and account.address
    ]
    _, configuration = work.configuration.current()
    return tuple(dict.fromkeys(admins or [each.address for each in configuration.recipients]))
