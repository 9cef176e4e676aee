"""On a phone at night: from the mail to a graded case, with one hand and without scrolling
sideways.
"""

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.fixtures.browsers import PHONE, Person
from tests.fixtures.story import company, crisis, found_a_team, link_of_the_alert, machine

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.timeout(400)]

THUMB = 36
"""So many pixels high is what a thumb hits without looking twice."""


def test_an_alert_is_taken_and_graded_on_a_phone(tmp_path, chrome, people):
    with company(tmp_path) as house:
        lin = Person(chrome, house.address, "lin", "林澜", PHONE)
        people.append(lin)
        found_a_team(house, lin, {})
        lin.sees("再邀请至少一位同事")
        fits(lin)
        with machine(house) as it:
            crisis(it)
        lin.open(link_of_the_alert(house))
        lin.sees("登录口碑")
        fits(lin)
        lin.comes_in()
        lin.sees("云栈：1 小时负面 16 条（平时几乎没有）", "待确认")
        acknowledge = lin.button("确认收到")
        expect(acknowledge).to_be_in_viewport(ratio=1)
        is_for_thumbs(acknowledge)
        lin.sees("处理记录")
        fits(lin)
        acknowledge.click()
        lin.is_told("已确认收到，提醒与升级已停止")
        is_for_thumbs(lin.button("建单"))
        lin.press("建单")
        lin.is_told("已建立工单")
        lin.press("认领")
        lin.is_told("已认领，请研判定级")
        lin.picks("级别", "橙色")
        for choice in ("红色", "橙色", "黄色", "蓝色"):
            is_for_thumbs(lin.page.get_by_role("radio", name=choice, exact=True))
        fits(lin)
        lin.press("确认定级")
        lin.is_told("已定为橙色")
        lin.sees(re.compile("级别已确认"))
        fits(lin)
        assert lin.strange == []


def fits(person: Person) -> None:
    """Nothing reaches beyond the edge."""
    assert person.overflow == []


def is_for_thumbs(button: Locator) -> None:
    box = button.bounding_box()
    assert box
    assert box["height"] >= THUMB
    assert box["width"] >= THUMB
