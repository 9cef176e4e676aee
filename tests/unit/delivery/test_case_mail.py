"""delivery/case_mail.py: each mail of a case says what to do, and hostile words stay words."""

from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from delivery.case_mail import SUBJECT_LIMIT, render_case
from domain.account import Role
from domain.brand import Level
from domain.case import Case, CaseKind, CaseState, Promise, UpwardReport, UpwardSheet, UpwardState
from domain.case_notice import CaseMail, NoticeKind
from domain.draft import Draft
from tests.fakes import NOON
from tests.fixtures.cases import account_for

HOSTILE = (
    '"><script>alert(1)</script><img src=x>{{ 7*7 }}\r\nBcc: x@y.z \u202e https://evil.example/'
)
HOUR = timedelta(hours=1)


def a_case(**changes: object) -> Case:
    case = Case(
        id="C-20261120-01",
        kind=CaseKind.INCIDENT,
        state=CaseState.IN_REVIEW,
        level=Level.ORANGE,
        brand_id="cha",
        title="奶茶里喝出异物",
        opened_at=NOON,
        updated_at=NOON,
        clock_start=NOON,
        drafts=(Draft(1, "我们正在核实。\n今日 18 时前公布结果。", "drafter", NOON),),
        writers=("drafter",),
        due_at=NOON + 4 * HOUR,
    )
    return replace(case, **changes)  # type: ignore[arg-type]


def a_mail(kind: NoticeKind = NoticeKind.WAITING_FOR_APPROVAL, **changes: object) -> CaseMail:
    mail = CaseMail(
        kind=kind,
        case=a_case(),
        actor="李雷",
        comment="",
        brand_name="云栈奶茶",
        zone_name="Asia/Shanghai",
        public_url="https://koubei.example.com",
    )
    return replace(mail, **changes)  # type: ignore[arg-type]


READER = account_for(Role.APPROVER_L2)


class Look(HTMLParser):
    """The tags and the addresses of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in {"href", "src"}]


@pytest.mark.parametrize("kind", list(NoticeKind))
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_mail_says_what_to_do_and_where(kind, language):
    mail = render_case(a_mail(kind), READER, language)
    link = "https://koubei.example.com/case?id=C-20261120-01"
    for body in (mail.text, mail.html):
        assert "C-20261120-01" in body
        assert ("现在要做" if language == "zh" else "What to do now") in body
        assert link in body
    assert mail.subject.endswith("|C-20261120-01")


def test_an_approver_reads_the_draft_in_the_mail():
    mail = render_case(a_mail(), READER)
    assert mail.subject == "【待您审批】奶茶里喝出异物|C-20261120-01"
    assert "今日 18 时前公布结果" in mail.text
    assert "下一个时限：16:00" in mail.text


def test_a_long_draft_is_cut_and_says_so():
    long = a_case(drafts=(Draft(1, "一" * 900, "drafter", NOON),))
    assert "全文见工单" in render_case(a_mail(case=long), READER).text


def test_the_report_has_its_five_parts_and_leaves_out_empty_ones():
    sheet = UpwardSheet("异物传闻", "微博", "转发 300", "", "先声明")
    case = a_case(upward=UpwardReport(UpwardState.SENT, sheet=sheet))
    text = render_case(a_mail(NoticeKind.UPWARD_REPORT, case=case), READER).text
    assert "什么事：异物传闻" in text
    assert "扩散：转发 300" in text
    assert "已做" not in text


def test_a_promise_names_its_day_to_its_owner_only():
    promise = Promise(1, "退款", READER.id, NOON + 30 * HOUR, "analyst", NOON)
    case = a_case(promises=(promise, replace(promise, owner_id="someone", action="道歉")))
    text = render_case(a_mail(NoticeKind.PROMISED, case=case), READER).text
    assert "退款（期限 11-21 18:00）" in text
    assert "道歉" not in text


def test_hostile_words_stay_words():
    case = a_case(title=HOSTILE, drafts=(Draft(1, HOSTILE, "drafter", NOON),))
    mail = render_case(a_mail(case=case, comment=HOSTILE, actor=HOSTILE), READER)
    look = Look(mail.html)
    assert "script" not in look.tags
    assert "img" not in look.tags
    assert look.links == ["https://koubei.example.com/case?id=C-20261120-01"]
    assert "https://evil" not in mail.html + mail.text
    assert "\u202e" not in mail.html + mail.text + mail.subject
    assert "\n" not in mail.subject
    assert len(mail.subject) <= SUBJECT_LIMIT


def test_without_a_public_address_there_is_no_link():
    mail = render_case(a_mail(public_url=""), READER)
    assert Look(mail.html).links == []
    assert "按工单号查找" in mail.text


def test_demo_data_is_called_that_in_every_mail():
    mail = render_case(a_mail(demo=True), READER)
    assert "演示数据" in mail.text
    assert "演示数据" in mail.html


def test_english_mails_have_no_chinese_but_what_people_wrote():
    case = a_case(title="Foreign body", drafts=(Draft(1, "We look into it.", "d", NOON),))
    for kind in NoticeKind:
        mail = render_case(a_mail(kind, case=case, actor="Li", brand_name="Cloud"), READER, "en")
        assert mail.text.isascii() or set(mail.text) - set(map(chr, range(128))) <= {"·"}
