"""The words of a clock's warning."""

from dataclasses import replace
from datetime import timedelta

import pytest

from delivery.clock_mail import render_clock_warning
from delivery.letter import SUBJECT_LIMIT
from domain.brand import Level
from domain.clock_warning import ClockWarning, WarnedAs
from domain.clocks import ClockName, ClockReading, ClockState
from tests.fakes import NOON
from tests.fixtures.case_trails import a_case

HOUR = timedelta(hours=1)
READING = ClockReading(
    ClockName.FIRST_RESPONSE, Level.ORANGE, NOON, NOON + 4 * HOUR, None, 0.8, ClockState.NEAR
)


def a_warning(**changes: object) -> ClockWarning:
    warning = ClockWarning(
        case=a_case(),
        reading=READING,
        threshold=80,
        warned_as=WarnedAs.OWNER,
        at=NOON + 3.2 * HOUR,
        owner="李分析",
        brand_name="云栈茶饮",
        zone_name="Asia/Shanghai",
        public_url="https://koubei.example",
    )
    return replace(warning, **changes)  # type: ignore[arg-type]


def test_a_warning_says_what_is_owed_by_when_and_by_whom():
    mail = render_clock_warning(a_warning())
    assert mail.subject == (
        "【时限已过 80%】云栈茶饮 首次回应或决定不回应，16:00 到期|C-20261120-01"
    )
    for said in ("请首次对外回应", "李分析", "橙色预警，全天计时", "2026-11-20 16:00 UTC+8"):
        assert said in mail.text
        assert said in mail.html
    assert "https://koubei.example/case?id=C-20261120-01" in mail.text
    assert 'class="band orange"' in mail.html


def test_an_overdue_clock_says_by_how_much():
    late = a_warning(
        threshold=100,
        at=NOON + 5.5 * HOUR,
        reading=replace(READING, state=ClockState.BREACHED),
        warned_as=WarnedAs.APPROVER,
        owner="",
    )
    mail = render_clock_warning(late)
    assert "【时限已超】" in mail.subject
    assert "已超时 1 小时 30 分钟" in mail.text
    assert "无人负责" in mail.text
    assert "审批 L2" in mail.text


def test_the_mail_is_there_in_english():
    mail = render_clock_warning(a_warning(owner=""), "en")
    assert "80% of the time is gone" in mail.subject
    assert "due at 16:00" in mail.text
    assert "Orange alert, runs day and night" in mail.text
    assert "nobody" in mail.text


def test_working_time_and_a_year_without_holidays_are_told():
    reading = replace(READING, level=Level.YELLOW, missing_years=(2027,))
    mail = render_clock_warning(a_warning(reading=reading))
    assert "按工作日历计时" in mail.text
    assert "2027 年的放假调休安排未录入" in mail.text


def test_without_a_public_url_there_is_no_link():
    mail = render_clock_warning(a_warning(public_url=""))
    assert "http" not in mail.text
    assert "<a " not in mail.html


def test_demo_data_say_so():
    assert "演示数据" in render_clock_warning(a_warning(demo=True)).text
    assert "演示数据" not in render_clock_warning(a_warning()).text


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "a\r\nBcc: x@example.org",
        "\u202egnp.exe",
        "https://evil.example",
    ],
)
def test_a_hostile_title_is_only_words(hostile):
    case = replace(a_case(), title=hostile)
    mail = render_clock_warning(a_warning(case=case, owner=hostile, brand_name=hostile))
    assert "<script" not in mail.html
    assert "\u202e" not in mail.text + mail.html
    assert "evil.example" not in mail.text + mail.html
    assert not {"\r", "\n"} & set(mail.subject)
    assert len(mail.subject) <= SUBJECT_LIMIT


@pytest.mark.parametrize("name", list(ClockName))
def test_every_clock_has_its_words(name):
    mail = render_clock_warning(a_warning(reading=replace(READING, name=name)))
    assert mail.subject
    assert mail == render_clock_warning(a_warning(reading=replace(READING, name=name)))
