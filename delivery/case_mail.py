"""The mails of a case: what happened, what the reader does now, and where.

Pure: facts in, message out. What people wrote leaves cleaned, cut and defanged; escaping is the
template's.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from zoneinfo import ZoneInfo

from delivery.templating import render_page, render_text
from domain.account import Account
from domain.case_notice import CaseMail, NoticeKind
from domain.errors import Text
from domain.outbox import Rendered
from presentation import formats, wording
from presentation.hostile import clean_line, excerpt, quotation, safe_link

SUBJECT_LIMIT = 78
_TEXT_LINES, _LINE = 12, 200
_SHOWS_DRAFT = {
    NoticeKind.WAITING_FOR_APPROVAL,
    NoticeKind.APPROVED,
    NoticeKind.APPROVAL_EXPIRED,
}

_STEPS = {
    NoticeKind.ASSIGNED: Text(
        "打开工单并「认领」；不能处理时告知值班长。",
        "Open the case and take it; tell the duty lead if you cannot.",
    ),
    NoticeKind.PROMISED: Text(
        "在期限前完成，告知对方，并登记结果。",
        "Keep it in time, tell the person, and note the result.",
    ),
    NoticeKind.WAITING_FOR_APPROVAL: Text(
        "阅读稿件与核实单，然后批准，或写明意见退回。",
        "Read the draft and the fact sheet, then approve, or return it with a comment.",
    ),
    NoticeKind.RETURNED: Text(
        "按意见修改后重新提交；此前的批准已作废。",
        "Change it and submit it again; earlier approvals are void.",
    ),
    NoticeKind.APPROVED: Text(
        "由发布人在平台上发布原文，然后登记链接；本系统不会自动发布。",
        "A publisher posts exactly this text and records the address; nothing is posted by itself.",
    ),
    NoticeKind.APPROVAL_EXPIRED: Text(
        "批准超过有效期，须重新审批后才能发布。",
        "The approval is too old; it has to be given again before anything is published.",
    ),
    NoticeKind.UPWARD_REPORT: Text(
        "阅读后打开工单确认「已阅」。", "Read it, then note in the case that you have."
    ),
    NoticeKind.REOPENED: Text(
        "重新核实：此前的回应保留，新的回应须重新审批。",
        "Verify again: earlier answers stay, a new one needs new approvals.",
    ),
    NoticeKind.WOKEN: Text(
        "等待时间已到，请继续处理。", "The waiting is over; please go on with it."
    ),
}


def render_case(mail: CaseMail, reader: Account, language: str = "zh") -> Rendered:
    """Return a mail about a case to one reader in `language` (`zh` or `en`).

    The same facts give the same bytes.
    """
    words = CaseWords(mail, reader, language)
    return Rendered(
        subject=words.subject,
        text=render_text("case.txt.j2", mail=words, t=words.t),
        html=render_page("case.html.j2", mail=words, t=words.t),
    )


@dataclass(frozen=True)
class CaseWords:
    """Every text of one mail about a case, in one language."""

    mail: CaseMail
    reader: Account
    language: str

    def t(self, zh: str, en: str) -> str:
        """Return the sentence in the language of this mail."""
        return Text(zh, en).in_language(self.language)

    def word(self, member: StrEnum) -> str:
        """Return what a level, state or kind is called."""
        return wording.word(member).in_language(self.language)

    @property
    def demo(self) -> bool:
        """Whether the mail tells of invented data."""
        return self.mail.demo

    @property
    def tone(self) -> str:
        """Which colours the band has: the level's."""
        return self.mail.case.level.value

    @property
    def badge(self) -> str:
        """What this mail is: `待您审批`."""
        return self.word(self.mail.kind)

    @property
    def grade(self) -> str:
        """`橙色预警 · 审批中`."""
        case = self.mail.case
        return f"{self.word(case.level)} · {self.word(case.state)}"

    @property
    def case_id(self) -> str:
        """The case's number."""
        return clean_line(self.mail.case.id)

    @property
    def when(self) -> str:
        """The local time of the move, with its zone."""
        moment, zone = self.mail.case.updated_at, self._zone
        return f"{formats.full_time(moment, zone)} {formats.zone_mark(moment, zone)}"

    @property
    def title(self) -> str:
        """The case's title, short enough for a headline."""
        return quotation(self.mail.case.title, 60)

    @property
    def subject(self) -> str:
        """At most 78 signs; the title is cut, the number never."""
        start, end = self.t(f"【{self.badge}】", f"[{self.badge}] "), f"|{self.case_id}"
        return start + excerpt(self.title, SUBJECT_LIMIT - len(start) - len(end)) + end

    @property
    def sentence(self) -> str:
        """Who did it, and for which brand."""
        brand = quotation(self.mail.brand_name, 24)
        actor = quotation(self.mail.actor, 24) or self.t("系统", "the system")
        return self.t(f"{brand} · 由{actor}操作", f"{brand} · by {actor}")

    @property
    def step(self) -> str:
        """What the reader does now."""
        return _STEPS[self.mail.kind].in_language(self.language)

    @property
    def comment(self) -> str:
        """The reason given, "" when there is none."""
        return quotation(self.mail.comment, 300)

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Label and value, in order; what is not known is left out."""
        return [*self._upward_facts, *self._promise_facts, *self._deadline_facts]

    @property
    def draft_lines(self) -> list[str]:
        """The text that is up for approval or publication, line by line; [] in other mails."""
        draft = self.mail.case.draft
        if draft is None or self.mail.kind not in _SHOWS_DRAFT:
            return []
        lines = [line for line in draft.text.splitlines() if line.strip()]
        shown = [quotation(line, _LINE) for line in lines[:_TEXT_LINES]]
        whole = len(lines) <= _TEXT_LINES and all(len(line) <= _LINE for line in lines)
        return shown if whole else [*shown, self.t("（全文见工单）", "(whole text: in the case)")]

    @cached_property
    def link(self) -> str:
        """The address of the case, "" without a public URL."""
        if not self.mail.public_url:
            return ""
        return safe_link(f"{self.mail.public_url}/case?id={self.case_id}") or ""

    @property
    def _upward_facts(self) -> list[tuple[str, str]]:
        sheet = self.mail.case.upward.sheet
        if self.mail.kind is not NoticeKind.UPWARD_REPORT or sheet is None:
            return []
        labelled = [
            (self.t("什么事", "What"), sheet.what),
            (self.t("从何来", "From where"), sheet.origin),
            (self.t("扩散", "Spread"), sheet.spread),
            (self.t("已做", "Done"), sheet.done),
            (self.t("建议", "Advice"), sheet.advice),
        ]
        return [(label, quotation(text, 600)) for label, text in labelled if text.strip()]

    @property
    def _promise_facts(self) -> list[tuple[str, str]]:
        mine = [p for p in self.mail.case.open_promises if p.owner_id == self.reader.id]
        if self.mail.kind is not NoticeKind.PROMISED:
            return []
        label = self.t("承诺", "Promise")
        by = self.t("期限", "due")
        told = self.t("{}（{} {}）", "{} ({} {})")
        return [
            (label, told.format(quotation(p.action, 120), by, self._time(p.due_at))) for p in mine
        ]

    @property
    def _deadline_facts(self) -> list[tuple[str, str]]:
        case = self.mail.case
        if self.mail.kind is NoticeKind.APPROVED and case.valid_until is not None:
            return [(self.t("批准有效至", "Approval valid until"), self._time(case.valid_until))]
        if case.due_at is None:
            return []
        return [(self.t("下一个时限", "Next deadline"), self._time(case.due_at))]

    def _time(self, moment: datetime) -> str:
        return formats.near_time(moment, self.mail.case.updated_at, self._zone)

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.mail.zone_name)
