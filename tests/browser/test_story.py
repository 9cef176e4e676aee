"""The whole story, as four people live it: from the alert mail to the closed case, every step in a
browser and none by way of the database.
"""

import re

import pytest

from tests.fixtures.browsers import Person
from tests.fixtures.people import PASSWORD
from tests.fixtures.story import BEGIN, Company, calm, company, crisis, machine

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.timeout(600)]

WORDS = (
    "关于星汇店饮品异物反映的说明：我们注意到 11 月 20 日有顾客反映在星汇店购买的饮品中发现异物，"
    "已封存当日同批次原料并送检，同时停用涉事设备，结果将于 11 月 23 日前公布。"
    "对给顾客带来的不安，我们诚恳致歉。联系在线客服可登记退款。云栈茶饮 2026年11月20日"
)
MORE_WORDS = WORDS.replace("诚恳致歉", "诚恳致歉，并将逐一回访")
PUBLISHED = "https://weibo.com/9900000001/Nstory"


@pytest.fixture
def house(tmp_path):
    with company(tmp_path) as running:
        yield running


def test_from_the_mail_to_the_closed_case(house: Company, chrome, people):
    def someone(login: str, name: str) -> Person:
        people.append(Person(chrome, house.address, login, name))
        return people[-1]

    lin, chen = someone("lin", "林澜"), someone("chen", "陈栖")
    xu, he = someone("xu", "许衡"), someone("he", "何苗")
    found_a_team(house, lin, {chen: "处置专员", xu: "复核与法务", he: "处置专员"})
    may_also(lin, chen, "法务")
    goes_home(lin)

    with machine(house) as it:
        crisis(it)
    mail = house.mails()[-1]
    assert "橙色预警" in mail["Subject"]
    text = mail.get_body(("plain",)).get_content()
    link = re.search(r"确认收到：(\S+)", text)
    assert link
    signal_id = re.search(r"A-\d+-\d+", link[1])[0]

    lin.open(link[1])
    lin.comes_in()
    lin.page.wait_for_url(f"**/alerts?id={signal_id}&do=ack")
    takes_the_alert(lin, signal_id)
    case_id = makes_a_case(lin, signal_id)
    grades(lin)
    reports_upward(lin, xu)
    lin.press("开始核实")
    lin.is_told("已进入核实")
    lin.sees("核实中")

    place = f"/case?id={case_id}"
    notes_the_report(xu, place)
    checks_the_facts(chen, place)
    drafts(chen)
    cannot_approve_own_words(chen)
    approves(xu, place, "第 1 步", then="审批中")
    approves(lin, place, "第 2 步", then="待发布")
    edits(chen, place)
    approves(xu, place, "第 1 步", then="审批中")
    approves(lin, place, "第 2 步", then="待发布")
    names_publisher(lin, he)
    publishes(chen, he, place)

    lin.open(place)
    lin.press("办结")
    lin.is_refused("观察期未满", "观察期满后再办结")
    with machine(house) as it:
        calm(it, BEGIN, hours=81)
    lin.open(place)  # the session has ended long ago
    lin.comes_in()
    lin.page.wait_for_url(f"**{place}")
    lin.sees("相关预警均已解除")
    lin.press("办结")
    lin.is_told("已办结，请复盘")
    reviews_and_closes(lin, chen)

    assert [each for person in people for each in person.strange] == []
    verified = house.koubei("audit", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert re.search(r"✓ \d+ 条，完整", verified.stdout)


def found_a_team(house: Company, lin: Person, others: dict[Person, str]) -> None:
    """The first admin by the one-time code, the others by invitations."""
    lin.open("/")
    lin.sees("欢迎使用口碑", "没有默认密码")
    lin.page.locator("[name=code]").fill(house.first_code)
    lin.page.locator("[name=login]").fill(lin.login)
    lin.page.locator("[name=name]").fill(lin.name)
    sets_password(lin)
    lin.press("建立管理员账号")
    for other, position in others.items():
        lin.page.wait_for_url("**/setup/team?**")
        lin.page.locator("[name=login]").fill(other.login)
        lin.page.locator("[name=name]").fill(other.name)
        choices = lin.page.locator("[name=preset]")
        wanted = choices.locator("option", has_text=position).get_attribute("value")
        choices.select_option(wanted)
        lin.press("邀请")
        lin.sees(f"请把这个链接交给 {other.name}", "只显示这一次")
        other.open(lin.page.locator("code.link").inner_text())
        other.sees(f"{other.name}，您好")
        sets_password(other)
        other.press("保存并登录")
        other.sees("总览")


def sets_password(person: Person) -> None:
    person.page.locator("[name=password]").fill(PASSWORD)
    person.page.locator("[name=again]").fill(PASSWORD)
