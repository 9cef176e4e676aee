"""The whole story, as four people live it: from the alert mail to the closed case, every step in a
browser and none by way of the database.
"""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.fixtures.browsers import Person
from tests.fixtures.story import (
    BEGIN,
    Company,
    calm,
    company,
    crisis,
    found_a_team,
    link_of_the_alert,
    machine,
)

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.timeout(600)]

WORDS = (
    "关于星汇店饮品异物反映的说明：我们注意到 11 月 20 日有顾客反映在星汇店购买的饮品中发现异物，"
    "已封存当日同批次原料并送检，同时停用涉事设备，结果将于 11 月 23 日前公布。"
    "对给顾客带来的不安，我们诚恳致歉。联系在线客服可登记退款。云栈茶饮 2026年11月20日"
)
MORE_WORDS = WORDS.replace("诚恳致歉", "诚恳致歉，并将逐一回访")
PUBLISHED = "https://weibo.com/9900000001/Nstory"
LIVE = "页面上的文字（粘贴，用于与批准稿比对）"


@pytest.fixture
def house(tmp_path):
    with company(tmp_path) as running:
        yield running


def test_from_the_mail_to_the_closed_case(house: Company, chrome, people, tmp_path):
    def someone(login: str, name: str) -> Person:
        people.append(Person(chrome, house.address, login, name))
        return people[-1]

    lin, chen = someone("lin", "林澜"), someone("chen", "陈栖")
    xu, he = someone("xu", "许衡"), someone("he", "何苗")
    found_a_team(house, lin, {chen: "处置专员", xu: "复核与法务", he: "处置专员"})
    may_also(lin, chen, "法务")

    with machine(house) as it:
        crisis(it)  # three hours: all sessions have ended meanwhile
    link = link_of_the_alert(house)
    signal_id = re.search(r"A-\d+-\d+", link)[0]
    lin.open(link)
    lin.comes_in()
    lin.page.wait_for_url(f"**/alerts?id={signal_id}&do=ack")
    takes_the_alert(lin, signal_id)
    case_id = makes_a_case(lin, signal_id)
    grades(lin)
    reports_upward(lin, xu)
    lin.press("开始核实")
    lin.is_told("已进入核实")

    place = f"/case?id={case_id}"
    notes_the_report(xu, place)
    checks_the_facts(chen, place)
    drafts(chen)
    cannot_approve_own_words(chen)
    approves(xu, place, step=1, text=WORDS, then="审批中")
    approves(lin, place, step=2, text=WORDS, then="待发布")
    edits(chen, place)
    approves(xu, place, step=1, text=MORE_WORDS, then="审批中")
    approves(lin, place, step=2, text=MORE_WORDS, then="待发布")
    names_publisher(lin, he)
    publishes(chen, he, place)

    lin.visits(place)
    lin.press("办结")
    lin.is_refused("观察期未满（72 小时内须无新的负面突增）", "观察期满后再办结")
    with machine(house) as it:
        calm(it, BEGIN, hours=81)
    lin.visits(place)
    lin.sees("相关预警均已解除", "全部完成")
    lin.press("办结")
    lin.is_told("已办结，请复盘")
    reviews_and_closes(lin, chen)

    assert [each for person in people for each in person.strange] == []
    verified = house.koubei("audit", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert re.search(r"✓ \d+ 条，完整", verified.stdout)
    file = tmp_path / "trail.jsonl"
    assert house.koubei("audit", "export", str(file), "--case", case_id).returncode == 0
    trail = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    acts = [json.loads(row["payload"]) for row in trail if row.get("object_id") == case_id]
    named = [act["session"] for act in acts if act["role"]]
    assert len(named) > 10
    assert all(named)


def may_also(lin: Person, other: Person, role: str) -> None:
    """The admin gives somebody one more role: who drafts is now an approver as well."""
    lin.open("/settings?part=people")
    row = lin.page.locator("[data-testid=stHorizontalBlock]").filter(has_text=other.login)
    row.get_by_role("button", name="管理").click()
    lin.adds("角色", role)
    lin.press("保存角色")
    lin.sees("角色已更新，立即生效")


def takes_the_alert(lin: Person, signal_id: str) -> None:
    lin.sees("1 条待确认", signal_id, "待确认", "负面突增「虫子", "为何触发")
    lin.press("确认收到")
    lin.is_told("已确认收到，提醒与升级已停止")
    lin.sees("0 条待确认，1 条处理中", "已认领", re.compile("林澜 处理中"))
    expect(lin.button("确认收到")).to_have_count(0)


def makes_a_case(lin: Person, signal_id: str) -> str:
    lin.press("建单")
    lin.is_told("已建立工单，请研判定级")
    lin.page.wait_for_url("**/case?id=*")
    case_id = re.search(r"C-\d+-\d+", lin.page.url)
    assert case_id
    lin.sees(case_id[0], signal_id, "待研判", "级别待确认（建议）", "尚无负责人")
    lin.press("认领")
    lin.is_told("已认领，请研判定级")
    return case_id[0]


def grades(lin: Person) -> None:
    lin.sees("研判中", "系统建议", "橙色。只是建议，由您确认或改定。")
    lin.picks("级别", "橙色")
    lin.press("确认定级")
    lin.is_told("已定为橙色")
    lin.sees("级别已确认", "红、橙级须上报")


def reports_upward(lin: Person, to: Person) -> None:
    lin.writes("什么事", "顾客称星汇店的饮品中有异物，一小时内负面 16 条")
    lin.writes("建议", "先封存送检，再回应")
    lin.adds("报给谁", to.name)
    lin.press("上报")
    lin.is_told("已上报")


def notes_the_report(xu: Person, place: str) -> None:
    xu.visits(place)
    xu.sees("上报给您", "顾客称星汇店的饮品中有异物，一小时内负面 16 条")
    xu.press("已阅")
    xu.is_told("已确认已阅")


def checks_the_facts(chen: Person, place: str) -> None:
    chen.visits(place)
    chen.writes("说法（每行一条）", "星汇店的饮品中有异物\n店长说喝了不会死人")
    chen.press("保存核实单")
    chen.is_told("核实单已保存")
    chen.press("提交核实单")
    chen.is_refused("核实单还有 2 条未核实", "逐条选择 属实 / 部分属实 / 不实 / 无法核实")
    for number, verdict, finding, evidence in (
        (1, "属实", "监控与封存的样品一致", "门店监控 11-20 13:00–14:00"),
        (2, "不实", "录音中没有这句话", "客服通话录音"),
    ):
        chen.picks(f"结论 {number}", verdict)
        chen.writes(f"查明的情况 {number}", finding)
        chen.writes(f"证据说明 {number}", evidence)
    chen.press("提交核实单")
    chen.is_told("核实单已提交，可以拟稿")
    chen.sees("拟稿中", "证据：客服通话录音")


def drafts(chen: Person) -> None:
    chen.writes("正文", WORDS)
    chen.press("提交审批")
    chen.is_told("已提交审批，审批人会收到通知")
    chen.sees("审批中", WORDS, "稿件检查：0 处须改正或写明理由")


def cannot_approve_own_words(chen: Person) -> None:
    chen.press("通过")
    chen.is_refused("拟稿人不能批准自己的稿件", "请另一位审批人批准")
    chen.sees("审批中", "等待审批")


def approves(person: Person, place: str, *, step: int, text: str, then: str) -> None:
    person.visits(place)
    person.sees(text)
    now = person.page.locator(".kb-chain-now")
    expect(now).to_contain_text(f"第 {step} 步")
    person.press("通过")
    person.is_told("已批准")
    expect(person.page.locator(".kb-chain-done")).to_have_count(step)
    person.sees(then, re.compile(rf"{person.name} \d\d:\d\d 批准"))


def edits(chen: Person, place: str) -> None:
    chen.visits(place)
    chen.sees("待发布", "批准有效至")
    chen.picks("其他操作", "保存拟稿")
    chen.sees("保存修改会作废已有的批准，回到拟稿重新送审。")
    chen.writes("正文", MORE_WORDS)
    chen.press("保存拟稿")
    chen.is_told("已保存")
    chen.sees("拟稿中", "版本对比（共 2 版）")
    chen.press("提交审批")
    chen.is_told("已提交审批，审批人会收到通知")
    expect(chen.page.locator(".kb-chain-done")).to_have_count(0)


def names_publisher(lin: Person, he: Person) -> None:
    lin.picks("其他操作", "指定发布人")
    lin.chooses("发布人", he.name)
    lin.press("指定发布人")
    lin.is_told("已指定 何苗 发布")


def publishes(chen: Person, he: Person, place: str) -> None:
    for person in (chen, he):
        person.visits(place)
        person.sees("指定发布人：何苗", "口碑不会代为发布")
        person.writes("发布链接", PUBLISHED)
        person.writes(LIVE, WORDS if person is he else MORE_WORDS)
        person.press("登记发布")
        if person is chen:
            person.is_refused("本次回应已指定由另一位发布人发布", "请指定的发布人登记")
    he.is_refused("线上文字与批准的文字不一致", "或撤回重新送审")
    he.writes(LIVE, MORE_WORDS)
    he.press("登记发布")
    he.is_told("已登记发布，进入跟踪")
    he.sees("已回应·跟踪", "打开发布页")
    link = he.page.get_by_role("link", name="打开发布页")
    expect(link).to_have_attribute("href", PUBLISHED)
    expect(link).to_have_attribute("rel", re.compile("noopener"))


def reviews_and_closes(lin: Person, chen: Person) -> None:
    lin.sees("已办结待复盘")
    lin.writes("一、原因是什么", "封口机的密封圈老化")
    lin.writes("二、经过如何", "14:30 发现，当日回应，当晚平息")
    lin.writes("三、哪些做法有效", "先封存送检，再回应")
    lin.writes("改进项 1", "每周检查密封圈")
    lin.chooses("负责人 1", chen.name)
    lin.press("保存复盘")
    lin.is_told("复盘已保存")
    lin.press("归档")
    lin.is_told("已归档")
    lin.sees("工单已归档；需要时值班长可以重新打开。", "封口机的密封圈老化", "每周检查密封圈")
    # every act of the story stands in the trail, with who did it and under which clause
    for words in ("建立工单", "确认定级", "上报", "提交核实单", "批准", "登记发布", "办结", "归档"):
        expect(lin.page.get_by_text(words, exact=True).last).to_be_attached()
