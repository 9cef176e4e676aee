"""What becomes of a report: drafted, edited, reviewed by somebody else, sent once.

Each act is one transaction: permission, version, state, audit row and mails commit together. The
mails' keys are made of the report's id and the address, and a period has one report, so that no
restart, second service or double click sends one twice. Rendering happens before the transaction:
it takes seconds and needs only what is frozen.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from domain.account import Account, AccountState
from domain.audit import canonical
from domain.brand import Configuration
from domain.errors import ConfigurationError, KoubeiError, NotPermitted, Text, VersionConflict
from domain.outbox import OutboxMail, Rendered
from domain.ports import BeginWork, UnitOfWork
from domain.report import (
    Edits,
    Report,
    ReportKind,
    ReportState,
    Snapshot,
    differences,
    report_id,
)
from workflow.permissions import Permission, may, require

SCHEDULER = "system:reports"
"""The actor of what the timetable does."""

Render = Callable[[Report, Configuration], Rendered]
RenderReminder = Callable[[Report, Account], Rendered]

_CLAUSE = "001 §5.1"


class NotReady(KoubeiError):
    """The report is not in the state that the act needs."""


def draft(
    begin_work: BeginWork,
    snapshot: Snapshot,
    *,
    actor: str,
    at: datetime,
    remind: RenderReminder | None = None,
) -> Report:
    """Store the draft of a period and brand, and remind those who write and review it.

    Where there is a report already that one is returned, untouched, and nobody is reminded again.
    """
    with begin_work() as work:
        _, configuration = work.configuration.current()
        new = Report(
            id=report_id(snapshot.period, snapshot.brand_id),
            snapshot=snapshot,
            created_at=at,
            maker_name=configuration.report.made_by,
        )
        if not work.reports.add(new):
            return _report(work, new.id)
        _note(work, actor, "report.drafted", new, at)
        if remind is not None:
            for account in _writers_and_reviewers(work.accounts.all()):
                _post(work, new, account.address, remind(new, account), at, kind="report-draft")
        work.commit()
    return new


def refresh(
    begin_work: BeginWork,
    account_id: str,
    snapshot: Snapshot,
    *,
    expected_version: int,
    at: datetime,
    session_id: str = "",
) -> Report:
    """Replace the figures of a draft by a snapshot read anew; the words stay as they are.

    NotReady from 已审 on: those figures are frozen, and `domain.report.differences` shows what a
    new reading would change.
    """
    with begin_work() as work:
        account = require(work, account_id, Permission.EDIT_REPORT)
        report = _report(work, report_id(snapshot.period, snapshot.brand_id))
        _expect(report, expected_version)
        if report.state is not ReportState.DRAFT:
            raise NotReady(
                Text("已审的报告数字已冻结", "the figures of a reviewed report are frozen"),
                place=report.id,
                mend=Text("可重新计算查看差异", "compute it again to see what differs"),
            )
        changed = len(differences(report.snapshot, snapshot))
        saved = work.reports.save(replace(report, snapshot=snapshot))
        _note_by(
            work, account, "report.refreshed", report, saved, at, session_id, differences=changed
        )
        work.commit()
    return saved


def edit(
    begin_work: BeginWork,
    account_id: str,
    report_id: str,
    edits: Edits,
    *,
    expected_version: int,
    at: datetime,
    session_id: str = "",
) -> Report:
    """Save what an analyst wrote. A reviewed report goes back to 草稿: the review was of other
    words.

    NotReady when it was sent: what people have read is not rewritten.
    """
    with begin_work() as work:
        account = require(work, account_id, Permission.EDIT_REPORT)
        report = _report(work, report_id)
        _expect(report, expected_version)
        if report.state is ReportState.SENT:
            raise NotReady(
                Text("报告已发出，不能再改", "the report was sent and stays as it is"),
                place=report.id,
            )
        editors = tuple(dict.fromkeys((*report.editor_ids, account.id)))
        draft_again = replace(
            report,
            edits=edits,
            editor_ids=editors,
            state=ReportState.DRAFT,
            reviewer_id="",
            reviewer_name="",
            reviewed_at=None,
        )
        saved = work.reports.save(draft_again)
        _note_by(work, account, "report.edited", report, saved, at, session_id)
        work.commit()
    return saved


def review(
    begin_work: BeginWork,
    account_id: str,
    report_id: str,
    *,
    expected_version: int,
    at: datetime,
    session_id: str = "",
) -> Report:
    """Mark a draft as reviewed, which freezes its figures.

    NotPermitted for somebody who wrote in it (four eyes); NotReady while 研判与建议 is empty in a
    weekly report, or when it is no draft.
    """
    with begin_work() as work:
        account = require(work, account_id, Permission.REVIEW_REPORT)
        report = _report(work, report_id)
        _expect(report, expected_version)
        if report.state is not ReportState.DRAFT:
            raise NotReady(Text("报告不是草稿", "the report is no draft"), place=report.id)
        if account.id in report.editor_ids:
            raise NotPermitted(
                Text("您写过这份报告，不能自己审核", "who wrote in a report may not review it"),
                place=report.id,
                mend=Text("请另一位审核人审核", "another reviewer has to"),
            )
        if report.kind is ReportKind.WEEK and not report.edits.has_assessment:
            raise NotReady(
                Text("「研判与建议」还是空的", "section 9, assessment and advice, is empty"),
                place=report.id,
                mend=Text("填写后再审核", "fill it in first"),
            )
        reviewed = replace(
            report,
            state=ReportState.REVIEWED,
            reviewer_id=account.id,
            reviewer_name=account.name,
            reviewed_at=at,
        )
        saved = work.reports.save(reviewed)
        _note_by(work, account, "report.reviewed", report, saved, at, session_id)
        work.commit()
    return saved


def send(
    begin_work: BeginWork,
    account_id: str,
    report_id: str,
    *,
    expected_version: int,
    at: datetime,
    render: Render,
    session_id: str = "",
) -> Report:
    """Mail a reviewed report to the recipients of the plan; one that was sent is returned as it is.

    NotReady for a weekly draft; ConfigurationError when nobody is to get it.
    """
    with begin_work() as work:
        account = require(work, account_id, Permission.SEND_REPORT)
    payload = _of_account(account, session_id)
    return _send(
        begin_work, account.actor, report_id, at, render, expected_version, payload=payload
    )


def send_by_machine(
    begin_work: BeginWork, report_id: str, *, actor: str, at: datetime, render: Render
) -> Report:
    """Mail a report without a person at the page: a daily one, or a weekly one that a person has
    reviewed. As `send` in everything else.
    """
    return _send(begin_work, actor, report_id, at, render, None, payload={})


def _send(
    begin_work: BeginWork,
    actor: str,
    report_id: str,
    at: datetime,
    render: Render,
    expected_version: int | None,
    *,
    payload: dict[str, object],
) -> Report:
    with begin_work() as work:
        report = _report(work, report_id)
        _, configuration = work.configuration.current()
    if report.state is ReportState.SENT:
        return report
    if expected_version is not None:
        _expect(report, expected_version)
    recipients = _recipients(report, configuration)
    sent = replace(report, state=ReportState.SENT, sent_at=at, recipients=recipients)
    rendered = render(sent, configuration)
    with begin_work() as work:
        saved = work.reports.save(sent)
        for address in recipients:
            _post(work, saved, address, rendered, at)
        _note(work, actor, "report.sent", saved, at, recipients=len(recipients), **payload)
        work.commit()
    return saved


def _recipients(report: Report, configuration: Configuration) -> tuple[str, ...]:
    """Return who gets it; NotReady or ConfigurationError when it cannot go out."""
    weekly = report.kind is ReportKind.WEEK
    if weekly and report.state is not ReportState.REVIEWED:
        raise NotReady(
            Text("周报还没有审核", "the weekly report was not reviewed yet"),
            place=report.id,
            mend=Text("在「报告」页审核后再发送", "review it on the reports page first"),
        )
    plan = configuration.report
    recipients = tuple(dict.fromkeys(plan.recipients if weekly else plan.daily_recipients))
    if not recipients:
        key = "recipients" if weekly else "daily_recipients"
        raise ConfigurationError(
            Text("没有报告接收人", "nobody is to get reports"),
            place=f"report.{key}",
            mend=Text(
                f"在 brands.toml 的 [report] 中设置 {key}，再运行 koubei apply",
                f"set {key} under [report] in brands.toml, then koubei apply",
            ),
        )
    return recipients


def _writers_and_reviewers(accounts: Iterable[Account]) -> Sequence[Account]:
    wanted = (Permission.EDIT_REPORT, Permission.REVIEW_REPORT)
    return [
        account
        for account in accounts
        if account.state is AccountState.ACTIVE
        and account.address
        and any(may(account, permission) for permission in wanted)
    ]


def _post(
    work: UnitOfWork,
    report: Report,
    address: str,
    rendered: Rendered,
    at: datetime,
    kind: str = "report",
) -> None:
    work.outbox.add(
        OutboxMail(
            key=f"{kind}|{report.id}|{address}",
            recipient=address,
            rendered=rendered,
            created_at=at,
            next_attempt_at=at,
            kind=kind,
        )
    )


def _report(work: UnitOfWork, report_id: str) -> Report:
    report = work.reports.get(report_id)
    if report is None:
        raise NotReady(
            Text("没有这份报告", "there is no such report"),
            place=report_id,
            mend=Text("koubei report week 生成周报", "koubei report week makes one"),
        )
    return report


def _expect(report: Report, version: int) -> None:
    if report.version != version:
        raise VersionConflict(f"report {report.id}", expected=version, found=report.version)


def _note_by(
    work: UnitOfWork,
    account: Account,
    action: str,
    before: Report,
    after: Report,
    at: datetime,
    session_id: str,
    **more: object,
) -> None:
    changes = {
        "from": before.state.value,
        "to": after.state.value,
        "before": _hash(before),
        "after": _hash(after),
    }
    _note(
        work,
        account.actor,
        action,
        after,
        at,
        **changes,
        **_of_account(account, session_id),
        **more,
    )


def _of_account(account: Account, session_id: str) -> dict[str, object]:
    return {"roles": sorted(account.roles), "session": session_id, "clause": _CLAUSE}


def _note(
    work: UnitOfWork, actor: str, action: str, report: Report, at: datetime, **payload: object
) -> None:
    work.audit.append(
        at=at,
        actor=actor,
        action=action,
        object_id=report.id,
        reason="",
        payload={
            "version": report.version,
            "state": report.state.value,
            "figures": _hash(report.snapshot),
            **payload,
        },
    )


def _hash(value: object) -> str:
    """Return the hash under which the trail knows words and figures without holding them."""
    return hashlib.sha256(canonical(repr(value)).encode("utf-8", "replace")).hexdigest()
