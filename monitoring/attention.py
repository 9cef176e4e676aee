"""What the first page must not hide: silences, empty duty, mail that waits or is held, posts that
were fetched and wait for the mention store, fields that are not read any more.

None of it is about a brand; all of it decides whether the rest of the page can wake anybody.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.assessment import TELL_BEFORE, Assessment
from domain.brand import Configuration
from domain.errors import Text
from domain.outbox import OutboxState
from domain.ports import BeginWork
from domain.roster import gaps
from monitoring.drift_words import drift_words
from monitoring.spool_words import GRAVE_AFTER, refused_words
from presentation.formats import near_time

LONGEST_WAIT = timedelta(minutes=1)
"""A mail that waits longer is said on the first page."""
_AHEAD = timedelta(hours=24)
_WAITING = (OutboxState.PENDING, OutboxState.SENDING, OutboxState.RETRY, OutboxState.UNCERTAIN)


class Concern(StrEnum):
    """Which page mends it."""

    MAIL = "mail"
    DUTY = "duty"
    SILENCE = "silence"
    COLLECTING = "collecting"


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence; `grave`: somebody may not be woken."""

    concern: Concern
    text: Text
    grave: bool


def notices(begin_reading: BeginWork, now: datetime, zone: ZoneInfo) -> tuple[Notice, ...]:
    """Return what stands in the way, the gravest first; nothing when nothing does."""
    with begin_reading() as work:
        _, configuration = work.configuration.current()
        hold = work.notes.outbox_hold()
        counts = work.outbox.counts()
        late = [
            mail
            for mail in work.outbox.recent(100)
            if mail.state in _WAITING and now - mail.created_at > LONGEST_WAIT
        ]
        silences = work.silences.holding(now)
        signed = work.assessments.newest()
        spools, dead_letters = work.spooled.waiting(), work.dead_letters.count()
        drifting = [each for each in work.drift.episodes() if each.ended_at is None]
    found: list[Notice] = []
    since = min((spool.oldest_at for spool in spools), default=now)
    if now - since > GRAVE_AFTER:
        looks, when = sum(spool.looks for spool in spools), near_time(since, now, zone)
        found.append(
            _grave(
                Concern.COLLECTING,
                f"{when} 起 {looks} 次抓取结果未能入库，预警看不到这些内容",
                f"{looks} looks since {when} are not in the store: alerts do not see them",
            )
        )
    found += [
        Notice(Concern.COLLECTING, drift_words(each, now, zone).text, grave=True)
        for each in drifting
    ]
    if hold is not None:
        found.append(_grave(Concern.MAIL, "发件箱已暂停，邮件不会发出", "mail is held"))
    elif late:
        waiting = sum(counts.get(state, 0) for state in _WAITING)
        found.append(
            _grave(Concern.MAIL, f"{waiting} 封邮件在等待发送", f"{waiting} mails are waiting")
        )
    if dead := counts.get(OutboxState.DEAD, 0):
        found.append(_grave(Concern.MAIL, f"{dead} 封邮件没有送出", f"{dead} mails were given up"))
    empty = [
        gap for roster in configuration.rosters for gap in gaps(roster, now, now + _AHEAD, zone)
    ]
    if empty:
        begins = near_time(min(gap.start for gap in empty), now, zone)
        found.append(_grave(Concern.DUTY, f"{begins} 起无人值班", f"nobody on duty from {begins}"))
    found += _sheets(configuration, signed, now, zone)
    if refused := refused_words(dead_letters):
        found.append(Notice(Concern.COLLECTING, refused.text, grave=False))
    if silences:
        until = near_time(max(each.ends_at for each in silences), now, zone)
        told = Text(
            f"{len(silences)} 项静默，最晚到 {until}", f"{len(silences)} silences, until {until}"
        )
        found.append(Notice(Concern.SILENCE, told, grave=False))
    return tuple(found)


def _sheets(
    configuration: Configuration, signed: Iterable[Assessment], now: datetime, zone: ZoneInfo
) -> list[Notice]:
    """What is to be signed anew, of sources that need it."""
    enabled = {source.id for source in configuration.sources if source.enabled}
    told = []
    for sheet in signed:
        gone = sheet.withdrawn_at is not None or not sheet.allows_disallowed
        if gone or sheet.source_id not in enabled or sheet.valid_until - now > TELL_BEFORE:
            continue
        name, until = sheet.source_id, f"{sheet.valid_until.astimezone(zone):%Y-%m-%d}"
        if now >= sheet.valid_until:
            zh = f"来源 {name} 的采集影响评估已于 {until} 到期，不再采集"
            told.append(
                _grave(Concern.COLLECTING, zh, f"the sheet of {name} ended on {until}: not read")
            )
        else:
            zh = f"来源 {name} 的采集影响评估将于 {until} 到期，请重新签署"
            text = Text(zh, f"the sheet of {name} ends on {until}: sign it anew")
            told.append(Notice(Concern.COLLECTING, text, grave=False))
    return told


def _grave(concern: Concern, zh: str, en: str) -> Notice:
    return Notice(concern, Text(zh, en), grave=True)
