"""采集影响评估: who signs the sheet of a source, who withdraws it, and how the sources stand.

`workflow.permissions` decides who may sign; the signer proves once more who they are, and what they
sign is written down as they saw it: the rate, the robots.txt, the words.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from domain.account import Account
from domain.assessment import (
    ROBOTS_FRESH_FOR,
    VALID_FOR,
    Assessment,
    Lapse,
    Proof,
    Rate,
    RobotsSnapshot,
    Standing,
    rate_of,
    standing_of,
)
from domain.brand import Configuration, Source
from domain.errors import InputRefused, NotPermitted, Text, VersionConflict
from domain.outbox import OutboxMail, Rendered
from domain.pace import pace_of
from domain.ports import BeginWork, UnitOfWork
from domain.surfaces import reading_of
from domain.times import CHINA
from presentation.assessment_words import STOPS
from presentation.hostile import clean_line, safe_link
from presentation.notices import notice
from presentation.wording import word
from workflow.login import Door, prove_code, prove_password
from workflow.permissions import Permission, may, require
from workflow.second_factor import Unseal

SIGNED = "assessment.signed"
WITHDRAWN = "assessment.withdrawn"
EXPORTED = "assessment.exported"
TERMS_FRESH_FOR: Final = timedelta(days=30)
"""A signature needs the platform's terms to have been read within this time."""
_LEAST_WORDS: Final = 8
"""A purpose of fewer characters says nothing."""
_ROBOTS_CHANGED: Final = f"assessment_{Lapse.ROBOTS_CHANGED}"
"""The ledger's reason for a run that found another robots.txt than was signed."""
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Pacing:
    """`[crawl]` of the settings, as far as the pace depends on it."""

    delay: timedelta
    allowed_hosts: tuple[str, ...]

    def of(self, source: Source) -> timedelta:
        """The span between two requests to a source."""
        return pace_of(source.base_url, delay=self.delay, allowed_hosts=self.allowed_hosts)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a person filled in, beside what the configuration says. `rate` and `robots` are what the
    page showed: what is signed has to be what was seen.
    """

    source_id: str
    purpose: str
    robots: RobotsSnapshot
    rate: Rate
    terms_url: str
    terms_read_on: date
    effect: str
    allows_disallowed: bool


@dataclass(frozen=True, slots=True)
class Hand:
    """The signer's proof: `password`, and `code` where the account has a second factor. `address`
    is the visitor's; `unseal` opens the secret of the second factor.
    """

    account_id: str
    password: str
    code: str
    address: str
    unseal: Unseal


@dataclass(frozen=True, slots=True)
class Voice:
    """How the mails speak: `zone` for days, `public_url` (no slash at its end) for the link."""

    language: str
    zone: ZoneInfo
    public_url: str


@dataclass(frozen=True, slots=True)
class SourceSheet:
    """A source, how often it is asked, and how it stands with its sheet."""

    source: Source
    rate: Rate
    standing: Standing


def sheets(begin_reading: BeginWork, pacing: Pacing, now: datetime) -> tuple[SourceSheet, ...]:
    """Return every source of the configuration with its standing. That robots.txt has changed since
    only a run can tell: it stands in the ledger.
    """
    with begin_reading() as work:
        return _sheets(work, pacing, now)


def sign(
    begin_work: BeginWork,
    sheet: Sheet,
    hand: Hand,
    *,
    door: Door,
    pacing: Pacing,
    at: datetime,
) -> Assessment:
    """Store a signed sheet and its audit row, and return it.

    NotPermitted without the role, InputRefused for a wrong password or an incomplete sheet,
    VersionConflict when the source is asked otherwise by now than the page showed.
    """
    with begin_work() as work:
        signer = require(work, hand.account_id, Permission.SIGN_SOURCE)
        has_code = _has_second_factor(work, signer)
        _check(work, sheet, pacing, at)
    proof = _prove(door, signer, hand, has_code=has_code, at=at)
    with begin_work() as work:
        signer = require(work, hand.account_id, Permission.SIGN_SOURCE)
        source = _check(work, sheet, pacing, at)
        signed = _signed(work, sheet, source, signer, proof, at)
        work.assessments.add(signed)
        work.audit.append(
            at=at,
            actor=signer.actor,
            action=SIGNED,
            object_id=f"source:{source.id}",
            reason=signed.purpose,
            payload={
                "assessment": signed.id,
                "allows_disallowed": signed.allows_disallowed,
                "robots_sha256": signed.robots.sha256,
                "disallowed": list(signed.robots.disallowed),
                "requests_a_day": signed.rate.a_day,
                "terms_url": signed.terms_url,
                "terms_read_on": signed.terms_read_on.isoformat(),
                "valid_until": signed.valid_until.isoformat(),
                "proof": signed.proof.value,
            },
        )
        work.commit()
    return signed


def withdraw(
    begin_work: BeginWork,
    account_id: str,
    assessment_id: str,
    *,
    reason: str,
    expected_version: int,
    at: datetime,
) -> Assessment:
    """Withdraw a sheet, for a reason; a run under way stops at its next forbidden page."""
    with begin_work() as work:
        account = require(work, account_id, Permission.SIGN_SOURCE)
        found = work.assessments.get(assessment_id)
        if found is None or found.withdrawn_at is not None:
            raise InputRefused(Text("没有可撤回的评估", "there is no such sheet to withdraw"))
        if not reason.strip():
            raise InputRefused(Text("请写明撤回的理由", "say why it is withdrawn"), place="reason")
        if found.version != expected_version:
            raise VersionConflict(
                f"assessment {found.id}", expected=expected_version, found=found.version
            )
        written = work.assessments.save(
            replace(
                found,
                withdrawn_at=at,
                withdrawn_by=account.id,
                withdrawn_reason=reason.strip(),
            )
        )
        work.audit.append(
            at=at,
            actor=account.actor,
            action=WITHDRAWN,
            object_id=f"source:{found.source_id}",
            reason=reason.strip(),
            payload={"assessment": found.id},
        )
        work.commit()
    return written


def note_export(begin_work: BeginWork, account_id: str, sheet: Assessment, at: datetime) -> None:
    """Note in the trail that somebody took a sheet out of the house."""
    with begin_work() as work:
        account = require(work, account_id, Permission.READ)
        work.audit.append(
            at=at,
            actor=account.actor,
            action=EXPORTED,
            object_id=f"source:{sheet.source_id}",
            reason="",
            payload={"assessment": sheet.id},
        )
        work.commit()


def tell(begin_work: BeginWork, pacing: Pacing, voice: Voice, *, at: datetime) -> int:
    """Write the mails that are due to those who may sign: a sheet ends within a fortnight, or lets
    nothing pass any more. Each is written once; return how many were new.
    """
    with begin_work() as work:
        found = _sheets(work, pacing, at)
        addresses = _signers(work)
        written = 0
        for each in found:
            news = _news(each, at)
            if news is None or each.standing.signed is None:
                continue
            rendered = _rendered(each, each.standing.signed, news, voice)
            for address in addresses:
                written += work.outbox.add(
                    OutboxMail(
                        key=f"assessment|{each.standing.signed.id}|{news}|{address}",
                        recipient=address,
                        rendered=rendered,
                        created_at=at,
                        next_attempt_at=at,
                        kind="assessment",
                    )
                )
        if written:
            work.commit()
    return written


def needs_code(begin_reading: BeginWork, account: Account) -> bool:
    """Whether the account signs with its second factor as well."""
    with begin_reading() as work:
        return _has_second_factor(work, account)


def _sheets(work: UnitOfWork, pacing: Pacing, now: datetime) -> tuple[SourceSheet, ...]:
    _, configuration = work.configuration.current()
    newest = {sheet.source_id: sheet for sheet in work.assessments.newest()}
    changed: dict[str, datetime] = {}
    for row in work.coverage.latest():
        if row.reason == _ROBOTS_CHANGED:
            changed[row.source_id] = max(row.observed_at, changed.get(row.source_id, _LONG_AGO))
    return tuple(
        _sheet_of(configuration, source, newest.get(source.id), pacing, now, changed)
        for source in configuration.sources
    )


def _news(each: SourceSheet, at: datetime) -> str | None:
    """Return what there is to tell of a source's sheet: its end, or why it is over. A withdrawal is
    no news: a person did it.
    """
    standing = each.standing
    if not each.source.enabled or standing.signed is None:
        return None
    if standing.is_due(at):
        return "due"
    over = standing.lapse is not None and standing.lapse is not Lapse.WITHDRAWN
    return standing.lapse.value if over and standing.lapse else None


def _rendered(each: SourceSheet, signed: Assessment, news: str, voice: Voice) -> Rendered:
    until = f"{signed.valid_until.astimezone(voice.zone):%Y-%m-%d}"
    name = clean_line(each.source.id)
    if news == "due":
        head = Text(f"将于 {until} 到期", f"ends on {until}")
    else:
        why = word(Lapse(news))
        head = Text(f"已失效：{why.zh}", f"has lapsed: {why.en}")
    effect = (
        Text(
            "失效后，该来源中 robots.txt 不允许的页面不再采集，采集页会写明缺口。",
            "Once it has, what robots.txt forbids of the source is read no more, and the gap told.",
        )
        if signed.allows_disallowed
        else Text(
            "robots.txt 允许的页面照常采集；建议重新评估。",
            "What robots.txt allows is read as before; assess it anew.",
        )
    )
    return notice(
        Text(f"【采集】来源 {name} 的影响评估{head.zh}", f"[Collecting] sheet of {name} {head.en}"),
        [
            Text(
                f"来源 {name} 的采集影响评估 {signed.id}（{signed.signed_name}签署）{head.zh}。",
                f"The assessment {signed.id} of source {name}, signed by {signed.signed_name}, "
                f"{head.en}.",
            ),
            effect,
            Text(
                "请法务或管理员核对后重新签署：设置 → 来源 → 采集影响评估。",
                "Legal or an admin looks at it and signs anew: settings, sources.",
            ),
        ],
        language=voice.language,
        link=f"{voice.public_url}/settings?part=sources&source={quote(each.source.id)}",
    )


def _signers(work: UnitOfWork) -> list[str]:
    return sorted(
        {
            account.address
            for account in work.accounts.all()
            if account.address and may(account, Permission.SIGN_SOURCE)
        }
    )


def _has_second_factor(work: UnitOfWork, account: Account) -> bool:
    factor = work.logins.second_factor(account.id)
    return factor is not None and factor.confirmed


def _prove(door: Door, signer: Account, hand: Hand, *, has_code: bool, at: datetime) -> Proof:
    if not signer.password_hash:
        return Proof.COMPANY
    prove_password(door, signer.id, present=hand.password, address=hand.address, at=at)
    if not has_code:
        return Proof.ALONE
    prove_code(door, signer.id, code=hand.code, unseal=hand.unseal, address=hand.address, at=at)
    return Proof.WITH_CODE


def _check(work: UnitOfWork, sheet: Sheet, pacing: Pacing, at: datetime) -> Source:
    """Return the source that the sheet is about; InputRefused names what is missing on it."""
    _, configuration = work.configuration.current()
    source = configuration.source(sheet.source_id)
    if source is None:
        raise InputRefused(Text("没有这个来源", "there is no such source"), place=sheet.source_id)
    if rate_of(configuration, source, pacing.of(source)) != sheet.rate:
        raise NotPermitted(
            Text("采集频率刚刚被改过", "the source is asked otherwise by now"),
            place=source.id,
            mend=Text("核对新的数字后再签署", "look at the new figures, then sign"),
        )
    for field, fault in _faults(sheet, source, at):
        raise InputRefused(fault, place=field)
    return source


def _faults(sheet: Sheet, source: Source, at: datetime) -> list[tuple[str, Text]]:
    today = at.astimezone(CHINA).date()
    home = urlsplit(source.base_url)
    there = urlsplit(sheet.robots.url)
    rules: list[tuple[str, bool, Callable[[], Text]]] = [
        (
            "目的",
            len(sheet.purpose.strip()) >= _LEAST_WORDS,
            lambda: Text("请写明采集的目的", "say what it is collected for"),
        ),
        (
            "robots.txt",
            (home.scheme, home.netloc) == (there.scheme, there.netloc),
            lambda: Text("读取的不是这个来源的 robots.txt", "it is another host's robots.txt"),
        ),
        (
            "robots.txt",
            sheet.robots.is_readable,
            lambda: Text("robots.txt 读不到，不能签署", "robots.txt could not be read"),
        ),
        (
            "robots.txt",
            timedelta(0) <= at - sheet.robots.read_at <= ROBOTS_FRESH_FOR,
            lambda: Text("请重新读取 robots.txt", "read robots.txt again"),
        ),
        (
            "平台条款",
            safe_link(sheet.terms_url.strip()) is not None,
            lambda: Text("请填写条款的网址", "give the address of the terms"),
        ),
        (
            "平台条款",
            today - TERMS_FRESH_FOR <= sheet.terms_read_on <= today,
            lambda: Text("条款须在近 30 天内阅读", "the terms have to be read within 30 days"),
        ),
        (
            "对服务的影响",
            len(sheet.effect.strip()) >= _LEAST_WORDS,
            lambda: Text("请写明对服务的影响", "say what effect it has on the service"),
        ),
    ]
    return [(field, fault()) for field, holds, fault in rules if not holds]


def _signed(
    work: UnitOfWork, sheet: Sheet, source: Source, signer: Account, proof: Proof, at: datetime
) -> Assessment:
    reading = reading_of(source.spider)
    return Assessment(
        id=work.assessments.next_id(f"{at.astimezone(CHINA):%Y%m%d}"),
        source_id=source.id,
        spider=source.spider,
        transport=source.transport,
        base_url=source.base_url,
        purpose=sheet.purpose.strip(),
        fields_read=reading.fields,
        surfaces=tuple(f"{s.name.zh} {s.path}" for s in reading.surfaces),
        rate=sheet.rate,
        robots=sheet.robots,
        terms_url=sheet.terms_url.strip(),
        terms_read_on=sheet.terms_read_on,
        effect=sheet.effect.strip(),
        stops=tuple(stop.zh for stop in STOPS),
        allows_disallowed=sheet.allows_disallowed,
        signed_by=signer.id,
        signed_name=signer.name,
        signed_roles=tuple(sorted(signer.roles)),
        proof=proof,
        signed_at=at,
        valid_until=at + VALID_FOR,
    )


def _sheet_of(
    configuration: Configuration,
    source: Source,
    newest: Assessment | None,
    pacing: Pacing,
    now: datetime,
    changed: Mapping[str, datetime],
) -> SourceSheet:
    """`changed`: when a run last found another robots.txt than was signed, by source."""
    rate = rate_of(configuration, source, pacing.of(source))
    standing = standing_of(newest, source, rate, now)
    if standing.signed is not None and standing.lapse is None:
        found_at = changed.get(source.id)
        if found_at is not None and found_at > standing.signed.signed_at:
            standing = Standing(standing.signed, Lapse.ROBOTS_CHANGED)
    return SourceSheet(source, rate, standing)
