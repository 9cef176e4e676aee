"""报线索: what an employee saw is taken in, joined with what is known, and becomes a case or not.

Anybody with an account may report, also who may see nothing else. The same link or picture that is
reported twice is one thing with two reporters; each of them sees what becomes of it, and nothing of
the case.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from domain.account import Account, Role
from domain.brand import Configuration, Level
from domain.case import Case, CaseKind, CaseState
from domain.case_moves import Attach
from domain.case_situation import refused
from domain.errors import VersionConflict
from domain.lead import Lead, LeadNews, LeadProgress, LeadState, Screenshot
from domain.links import Link, Place, read_link
from domain.mention import Mention
from domain.outbox import OutboxMail, Rendered
from domain.ports import BeginWork, MentionStore, PageArchive, UnitOfWork
from workflow.addresses import addresses_of
from workflow.cases import MACHINE, Desk, Opening, act_in, open_case_in
from workflow.permissions import Permission, require
from workflow.screenshots import MOST, keep_screenshot

RenderLeadNews = Callable[[LeadNews], Rendered]
"""Makes the words for the desk; `delivery.lead_mail.render_lead` is the real one."""

LONGEST_NOTE = 2000


@dataclass(frozen=True, slots=True)
class LeadReport:
    """What is handed in: a pasted text with a link, or screenshots, or both, and a word about it.

    `place` says where it was seen when the link does not.
    """

    pasted: str = ""
    note: str = ""
    screenshots: tuple[bytes, ...] = ()
    place: Place = Place.OTHER
    brand_id: str = ""
    kind: CaseKind = CaseKind.INCIDENT


@dataclass(frozen=True, slots=True)
class ReportedLead:
    """A lead as its reporter sees it."""

    lead: Lead
    progress: LeadProgress


@dataclass(frozen=True, slots=True)
class LeadDesk:
    """What leads are taken in with: the stores, the words of the mail, the desk of the cases."""

    begin_work: BeginWork
    store: MentionStore
    archive: PageArchive
    render: RenderLeadNews
    desk: Desk

    def report(self, account_id: str, report: LeadReport, *, at: datetime) -> Lead:
        """Take a report in and return it with what is known of it.

        The first report of a thing tells the duty leads by mail (a security matter: the
        administrators). What belongs to an active case joins it at once. Raises NotPermitted, or
        ImportRefused for a file that is no picture.
        """
        link = read_link(report.pasted)
        _require_content(report, link)
        with self.begin_work() as work:
            require(work, account_id, Permission.REPORT_LEAD)  # before anything is kept
        pictures = tuple(keep_screenshot(self.archive, body) for body in report.screenshots)
        known = self.store.get(link.mention_ids) if link else {}
        with self.begin_work() as work:
            account = require(work, account_id, Permission.REPORT_LEAD)
            mention = next(iter(known.values()), None) or self._mention_at(work, link)
            lead = self._new(work, account, report, link, pictures, mention, at)
            lead = self._joined(work, lead, (_link_keys(link), _picture_keys(pictures)), at)
            work.leads.add(lead)
            _audit(work, lead, "lead.reported", account.actor, at)
            if not lead.same_as and lead.state is LeadState.RECEIVED:
                self._tell(work, lead, account, at)
            work.commit()
        return lead

    def promote(
        self,
        account_id: str,
        lead_id: str,
        *,
        title: str,
        level: Level,
        expected_version: int,
        at: datetime,
        brand_id: str = "",
        session: str = "",
    ) -> Case:
        """Make a case of a lead and of every other report of the same thing."""
        with self.begin_work() as work:
            account = require(work, account_id, Permission.MAKE_CASE)
            lead = _to_handle(work, lead_id, expected_version)
            brand = brand_id or lead.brand_id
            if not brand:
                raise refused("未选择品牌", "the brand is missing", "请选择品牌", "choose one")
            opening = Opening(
                brand_id=brand,
                title=title,
                level=level,
                kind=lead.kind,
                summary=lead.note,
                mention_ids=(lead.mention_id,) if lead.mention_id else (),
                lead_ids=(lead.id,),
                reason=lead.id,
            )
            case = open_case_in(work, account_id, opening, at=at, desk=self.desk, session=session)
            _settle(work, lead, account, at, "lead.promoted", case_id=case.id)
            work.commit()
        return case

    def attach(
        self,
        account_id: str,
        lead_id: str,
        case_id: str,
        *,
        expected_version: int,
        at: datetime,
        session: str = "",
    ) -> Case:
        """Add a lead, and every other report of the same thing, to a case."""
        with self.begin_work() as work:
            account = require(work, account_id, Permission.MAKE_CASE)
            lead = _to_handle(work, lead_id, expected_version)
            case = self._attach(work, account_id, lead, case_id, at, session)
            _settle(work, lead, account, at, "lead.attached", case_id=case.id)
            work.commit()
        return case

    def dismiss(
        self, account_id: str, lead_id: str, *, reason: str, expected_version: int, at: datetime
    ) -> Lead:
        """Note that nothing has to be done about a lead; its pictures are no longer kept."""
        if not reason.strip():
            raise refused("未填写理由", "the reason is missing", "请填写理由", "give one")
        with self.begin_work() as work:
            account = require(work, account_id, Permission.MARK_FALSE_ALARM)
            lead = _to_handle(work, lead_id, expected_version)
            settled = _settle(work, lead, account, at, "lead.dismissed", reason=reason.strip())
            work.commit()
        return settled

    def take_up_again(
        self, account_id: str, lead_id: str, *, expected_version: int, at: datetime
    ) -> Lead:
        """Undo a dismissal."""
        with self.begin_work() as work:
            account = require(work, account_id, Permission.MARK_FALSE_ALARM)
            lead = _current(work, lead_id, expected_version)
            if lead.state is not LeadState.DISMISSED:
                raise refused(
                    "该线索没有被关闭", "the lead was not dismissed", "无需操作", "nothing to do"
                )
            lead = _settle(work, lead, account, at, "lead.taken_up_again")
            work.commit()
        return lead

    def _mention_at(self, work: UnitOfWork, link: Link | None) -> Mention | None:
        """The stored mention that was seen at this very address."""
        if link is None:
            return None
        seen = [sighting.mention_id for sighting in work.crawls.sightings_of_url(link.url)]
        found = self.store.get(seen)
        return next((found[i] for i in seen if i in found), None)

    def _new(
        self,
        work: UnitOfWork,
        account: Account,
        report: LeadReport,
        link: Link | None,
        pictures: tuple[Screenshot, ...],
        mention: Mention | None,
        at: datetime,
    ) -> Lead:
        _, configuration = work.configuration.current()
        return Lead(
            id=work.leads.next_id(at.astimezone(self.desk.zone).strftime("%Y%m%d")),
            state=LeadState.RECEIVED,
            reporter_id=account.id,
            reported_at=at,
            place=link.place if link and link.place is not Place.OTHER else report.place,
            kind=report.kind,
            brand_id=_brand(report, mention, configuration),
            url=link.url if link else "",
            note=report.note.strip()[:LONGEST_NOTE],
            screenshots=pictures,
            mention_id=mention.id if mention else "",
        )

    def _joined(
        self, work: UnitOfWork, lead: Lead, keys: Iterable[tuple[str, ...]], at: datetime
    ) -> Lead:
        """The lead with the thing it is about: an earlier report, or a case with its mention."""
        names = [name for group in keys for name in group]
        names += [f"link:{lead.mention_id}"] if lead.mention_id else []
        owners = [work.leads.claim_key(name, lead.id) for name in dict.fromkeys(names)]
        first_id = next((owner for owner in owners if owner != lead.id), None)
        first = work.leads.get(first_id) if first_id else None
        if first is not None:
            return _like(work, lead, first, at)
        if not lead.mention_id:
            return lead
        for case in work.cases.with_any_mention([lead.mention_id]):
            if case.state.is_active:
                self._attach(work, None, lead, case.id, at, "")
                return replace(
                    lead,
                    state=LeadState.IN_CASE,
                    case_id=case.id,
                    handled_by=MACHINE,
                    handled_at=at,
                )
        return lead

    def _attach(
        self,
        work: UnitOfWork,
        account_id: str | None,
        lead: Lead,
        case_id: str,
        at: datetime,
        session: str,
    ) -> Case:
        case = work.cases.get(case_id)
        if case is None:
            raise refused("没有这个工单", "there is no such case", "检查工单号", "check its number")
        mention_ids = (lead.mention_id,) if lead.mention_id else ()
        command = Attach(
            mention_ids=tuple(i for i in mention_ids if i not in case.mention_ids),
            lead_ids=(lead.id,),
            reason=lead.id,
        )
        return act_in(
            work,
            account_id,
            case.id,
            command,
            expected_version=case.version,
            at=at,
            desk=self.desk,
            session=session,
        )

    def _tell(self, work: UnitOfWork, lead: Lead, reporter: Account, at: datetime) -> None:
        _, configuration = work.configuration.current()
        brands = {brand.id: brand.name for brand in configuration.brands}
        news = LeadNews(
            lead=lead,
            reporter=reporter.name,
            brand_name=brands.get(lead.brand_id, lead.brand_id),
            zone_name=str(self.desk.zone),
            public_url=self.desk.public_url,
            demo=configuration.is_demo,
        )
        role = Role.ADMIN if lead.kind is CaseKind.SECURITY else Role.DUTY_LEAD
        for address in addresses_of(work, role, configuration):
            work.outbox.add(
                OutboxMail(
                    key=f"{lead.id}|lead.reported|{address}",
                    recipient=address,
                    rendered=self.render(news),
                    created_at=at,
                    next_attempt_at=at,
                    kind="lead",
                )
            )


def reported_by(work: UnitOfWork, account_id: str) -> list[ReportedLead]:
    """Return what somebody reported, newest first, with what became of it."""
    return [
        ReportedLead(
            lead, progress_of(lead, work.cases.get(lead.case_id) if lead.case_id else None)
        )
        for lead in work.leads.of_reporter(account_id)
    ]


def progress_of(lead: Lead, case: Case | None) -> LeadProgress:
    """Return how far a lead is, as its reporter may know it."""
    if lead.state is LeadState.DISMISSED:
        return LeadProgress.DISMISSED
    if case is None:
        return LeadProgress.RECEIVED
    if case.state in {CaseState.RESOLVED, CaseState.CLOSED, CaseState.FALSE_ALARM}:
        return LeadProgress.DONE
    return LeadProgress.ANSWERED if case.publications else LeadProgress.BEING_HANDLED


def _require_content(report: LeadReport, link: Link | None) -> None:
    if len(report.screenshots) > MOST:
        raise refused(
            f"截图超过 {MOST} 张", f"more than {MOST} screenshots", "分几次上报", "report in parts"
        )
    if (
        report.pasted.strip()
        and link is None
        and not report.note.strip()
        and not report.screenshots
    ):
        raise refused(
            "没有读到链接",
            "no link was found in what was pasted",
            "请粘贴完整链接，或上传截图并说明",
            "paste the whole link, or hand in a screenshot and say what it shows",
        )
    if link is None and not report.screenshots and not report.note.strip():
        raise refused(
            "没有内容",
            "there is nothing in it",
            "请粘贴链接或上传截图",
            "paste a link or a screenshot",
        )


def _like(work: UnitOfWork, lead: Lead, first: Lead, at: datetime) -> Lead:
    """The lead as another report of what `first` told. A thing that was dismissed and is reported
    again is looked at again.
    """
    root = work.leads.get(first.root_id) or first
    if root.state is LeadState.DISMISSED:
        root = work.leads.save(replace(root, state=LeadState.RECEIVED, reason="", handled_by=""))
        _audit(work, root, "lead.reported_again", MACHINE, at)
    return replace(
        lead,
        same_as=root.id,
        state=root.state,
        case_id=root.case_id,
        mention_id=lead.mention_id or root.mention_id,
        handled_by=root.handled_by,
        handled_at=root.handled_at,
    )


def _to_handle(work: UnitOfWork, lead_id: str, expected_version: int) -> Lead:
    lead = _current(work, lead_id, expected_version)
    if lead.same_as:
        raise refused(
            f"与线索 {lead.same_as} 相同",
            f"it is the same as {lead.same_as}",
            f"请处理 {lead.same_as}",
            f"handle {lead.same_as}",
        )
    if lead.state is LeadState.IN_CASE:
        raise refused(
            f"已并入工单 {lead.case_id}",
            f"it is part of {lead.case_id} already",
            "请在该工单中处理",
            "go on in that case",
        )
    return lead


def _current(work: UnitOfWork, lead_id: str, expected_version: int) -> Lead:
    lead = work.leads.get(lead_id)
    if lead is None:
        raise refused("没有这条线索", "there is no such lead", "检查编号", "check its number")
    if lead.version != expected_version:
        raise VersionConflict(f"lead {lead.id}", expected=expected_version, found=lead.version)
    return lead


def _settle(
    work: UnitOfWork,
    lead: Lead,
    account: Account,
    at: datetime,
    action: str,
    *,
    case_id: str = "",
    reason: str = "",
) -> Lead:
    """Decide about a lead and all other reports of the same thing."""
    state = LeadState.IN_CASE if case_id else LeadState.DISMISSED if reason else LeadState.RECEIVED
    settled = lead
    for report in work.leads.same_as(lead.id):
        saved = work.leads.save(
            replace(
                report,
                state=state,
                case_id=case_id,
                handled_by=account.id,
                handled_at=at,
                reason=reason,
            )
        )
        settled = saved if saved.id == lead.id else settled
    _audit(work, settled, action, account.actor, at, reason)
    return settled


def _audit(
    work: UnitOfWork, lead: Lead, action: str, actor: str, at: datetime, reason: str = ""
) -> None:
    work.audit.append(
        at=at,
        actor=actor,
        action=action,
        object_id=lead.id,
        reason=reason,
        payload={
            "state": lead.state,
            "place": lead.place,
            "same_as": lead.same_as,
            "case": lead.case_id,
            "mention": lead.mention_id,
            "screenshots": [picture.sha256 for picture in lead.screenshots],
            "version": lead.version,
            "clause": "001 §4.3",
        },
    )


def _brand(report: LeadReport, mention: Mention | None, configuration: Configuration) -> str:
    """The brand that is named, that the mention is about, or the only one there is."""
    known = [brand.id for brand in configuration.brands]
    if report.brand_id in known:
        return report.brand_id
    about = [brand_id for brand_id in known if mention and brand_id in mention.brand_ids]
    return about[0] if about else known[0] if len(known) == 1 else ""


def _link_keys(link: Link | None) -> tuple[str, ...]:
    return (f"link:{link.key}",) if link else ()


def _picture_keys(pictures: Iterable[Screenshot]) -> tuple[str, ...]:
    return tuple(f"picture:{picture.sha256}" for picture in pictures)
