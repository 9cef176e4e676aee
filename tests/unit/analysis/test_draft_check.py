"""What a check of a draft finds, and what it leaves alone. All texts are made up."""

import random
import time
from dataclasses import replace

import pytest

from analysis.draft_check import LONGEST, DraftContext, check_draft, check_text, platform_length
from domain.draft import Draft, DraftKind
from domain.fact_sheet import Claim, Evidence, FactSheet, Verdict
from domain.statement import LENGTHS, FindingCode, Template, Venue
from presentation.statement_templates import template_text
from tests.fakes import NOON
from tests.fixtures.case_trails import a_case

C = FindingCode


def codes(text: str, **context: object) -> set[str]:
    found = check_text(text, DraftContext(**context))  # type: ignore[arg-type]
    return {finding.code for finding in found}


def details(text: str, code: FindingCode, **context: object) -> list[str]:
    found = check_text(text, DraftContext(**context))  # type: ignore[arg-type]
    return [finding.detail for finding in found if finding.code == code]


@pytest.mark.parametrize(
    "text",
    [
        "我们已于【填：日期】下架相关产品。",
        "【】门店已停业。",
        "【 ＿＿ 】门店已停业。",
        "请联系[公司名]客服。",
        "请联系［联系电话］。",
        "致{姓名}：",
        "致{{ customer.name }}：",
        "致${name}：",
        "XX门店已停业整顿。",
        "××门店已停业整顿。",
        "xx 门店已停业整顿。",
        "将于X月X日前公布。",
        "将于20XX年公布。",
        "联系电话：____。",
        "TODO 补充检测报告",
        "检测结果待补充。",
        "我们（填：已做的事）。",
        "【日期】公布结果。",
        "【关于XX门店的说明】如下。",
        "【请补充原因】",
        "【下次通报：】",
    ],
)
def test_what_was_not_filled_in_is_found(text):
    assert C.BLANK_LEFT in codes(text)


@pytest.mark.parametrize(
    "text",
    [
        "【关于门店卫生情况的说明】我们已核实。",
        "【致歉声明】我们诚恳道歉。",
        "感谢大家的监督[抱拳][鲜花]",
        "XXL 码与 XL 码均已下架。",
        "尺寸为 3×4 厘米，共 2×24 瓶。",
        "详见官网公告 https://example.com/a__b",
        "@yun__zhan 官方账号",
        "《食品安全法》第五十三条",
        "手机号尾号 138****1234 的用户",
        "复工时间待定，将另行公告。",
        "我们 <3 每一位顾客 > 谢谢",
    ],
)
def test_headlines_sizes_and_links_are_no_blanks(text):
    assert C.BLANK_LEFT not in codes(text)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("我们的奶茶是全国最佳。", "最佳"),
        ("本店选用国家级原料。", "国家级"),
        ("行业第一的品质。", "行业第一"),
        ("销量第一，值得信赖。", "销量第一"),
        ("第一品牌的担当。", "第一品牌"),
        ("顶级口感，始终如一。", "顶级"),
        ("我们的产品最安全。", "最安全"),
        ("使用最好的原料。", "最好"),
        ("本品纯天然。", "纯天然"),
        ("独一无二的配方。", "独一无二"),
        ("我们是唯一做到的品牌。", "唯一"),
        ("遥遥领先于同行。", "遥遥领先"),
    ],
)
def test_absolute_words_of_the_advertising_law_are_found(text, word):
    assert details(text, C.SUPERLATIVE) == [word]


@pytest.mark.parametrize(
    "text",
    [
        "我们第一时间赶到门店。",
        "第一批产品已召回，第一次抽检合格。",
        "我们将尽最大努力弥补。",
        "在最大限度内减少影响。",
        "以最严格的标准要求自己。",
        "我们力求把服务做到最好。",
        "食品安全第一，顾客第一。",
        "依据最高人民法院的司法解释。",
        "当日最高气温 38 度。",
        "最佳食用时间为两小时内。",
        "请以我们唯一官方账号发布的内容为准。",
        "这不是唯一的一起。",
        "我们没有使用“零添加”的说法。",
        "最近三天、最终结果、最后一次、最新进展。",
        "国家级实验室出具了报告。",
        "最大的教训是我们沟通太慢。",
        "首家涉事门店已停业。",
        "我们从未宣传产品是纯天然的。",
    ],
)
def test_effort_order_and_offices_are_no_praise(text):
    assert C.SUPERLATIVE not in codes(text)


@pytest.mark.parametrize(
    "text",
    ["我们绝对不会再发生。", "100%安全。", "百分之百合格。", "实现零风险。", "保证不再发生。"],
)
def test_what_nobody_can_keep_is_a_warning(text):
    [finding] = [f for f in check_text(text) if f.code == C.OVER_PROMISE]
    assert not finding.blocking


def test_full_refunds_are_no_over_promise():
    assert C.OVER_PROMISE not in codes("我们将100%退款，并绝对尊重调查结果。")


@pytest.mark.parametrize(
    "text",
    [
        "感谢@奶茶小王子 的监督。",
        "网友“甜不甜小姐姐”反映的问题属实。",
        "顾客王小明先生于当晚就医。",
        "涉事店员李建国，已停职。",
        "当事人陈晓因身体不适就医。",
        "欧阳娜娜女士已获赔付。",
    ],
)
def test_naming_somebody_is_found(text):
    assert C.PERSON_NAMED in codes(text)


@pytest.mark.parametrize(
    "text",
    [
        "感谢@云栈奶茶官方微博 的粉丝。",
        "感谢@云栈茶饮 的粉丝。",
        "网友“王**”反映的问题属实。",
        "网友王某、李某某反映的问题属实。",
        "顾客王先生于当晚就医。",
        "新闻发言人王小明先生介绍。",
        "全体员工高度重视，店员已接受培训。",
        "网友“门店卫生堪忧”的说法",
        "邮箱 service@yunzhan.example",
        "许多女士反映、任何先生都可以",
    ],
)
def test_masked_names_own_accounts_and_speakers_may_stand(text):
    assert C.PERSON_NAMED not in codes(text, own_names=("云栈",))


@pytest.mark.parametrize(
    "text",
    [
        "当事人身份证 11010519491231002X。",
        "用户电话 13812345678 已联系。",
        "用户电话 138 1234 5678。",
        "全角 １３８１２３４５６７８ 也是。",
        "退款至 6222 0212 3456 7894。",
        "用户邮箱 xiaoming@qq.com",
        "用户微信：wx_abc123",
        "车牌京A12345 的车主",
        "该顾客家住幸福路 3 号",
        "幸福小区3号楼2单元501室",
        "客服已联系顾客，电话13812345678",
    ],
)
def test_personal_data_are_found(text):
    assert C.PERSONAL_DATA in codes(text)


@pytest.mark.parametrize(
    "text",
    [
        "请拨打客服热线 400-123-4567。",
        "媒体联系人手机：联系电话 13812345678",
        "官方邮箱 pr_yunzhan@163.com",
        "订单号 20261120123456789012",
        "单号 123456789012345678",
        "门店位于深南大道 100 号。",
        "批次号 202611200001",
    ],
)
def test_the_company_s_own_contact_and_order_numbers_are_not_personal(text):
    assert C.PERSONAL_DATA not in codes(text)


STATEMENT = "情况说明\n我们已核实并下架相关产品。\n{end}"


def test_a_statement_without_date_or_contact_says_so():
    assert {C.DATE_MISSING, C.CONTACT_MISSING} <= codes(STATEMENT.format(end=""))
    whole = STATEMENT.format(end="客服电话 400-123-4567\n云栈茶饮\n2026年11月21日")
    assert not {C.DATE_MISSING, C.CONTACT_MISSING} & codes(whole)
    han = STATEMENT.format(end="请私信我们\n二〇二六年十一月二十一日")
    assert not {C.DATE_MISSING, C.CONTACT_MISSING} & codes(han)
    [date, contact] = check_text(STATEMENT.format(end=""), DraftContext(Venue.PRESS))
    assert date.blocking
    assert contact.blocking


def test_a_short_comment_needs_neither():
    assert codes("抱歉给您带来不便，我们正在核实。", venue=Venue.WEIBO_COMMENT) == set()


@pytest.mark.parametrize(
    "text",
    [
        "异物系设备老化导致。",
        "原因是设备故障。",
        "是由于清洗不到位。",
        "因店员疏忽导致漏检。",
        "经初步判断，与门店无关。",
        "该店员误操作。",
        "属员工个人行为。",
        "事故系设备故障导致，具体原因正在调查。",
        "这是恶意抹黑。",
    ],
)
def test_no_cause_before_it_is_verified(text):
    assert C.CAUSE_BEFORE_VERIFIED in codes(text, cautious=True)
    assert C.CAUSE_BEFORE_VERIFIED not in codes(text)


@pytest.mark.parametrize(
    "text",
    [
        "具体原因正在调查，将尽快公布。",
        "我们会查明原因并公布。",
        "对由此给大家造成的困扰深表歉意。",
        "因此事给大家带来的不安，我们深表歉意。",
        "原因尚未查明。",
        "我们正在核实是否因设备故障导致。",
        "因此我们暂停了营业。",
    ],
)
def test_saying_that_the_cause_is_looked_for_is_no_cause(text):
    assert C.CAUSE_BEFORE_VERIFIED not in codes(text, cautious=True)


FACTS = (
    "11月20日晚 23 时，3 名顾客在深南店购买后反映不适",
    "抽检 120 份，合格率 98.5%",
    "涉及批次 2 个，共 1.2 万杯",
)


@pytest.mark.parametrize(
    ("text", "unproven"),
    [
        ("11月20日，三名顾客反映不适。", []),
        ("2026年11月20日 23:00，3名顾客反映不适。", []),
        ("抽检一百二十份，合格率百分之九十八点五。", ["百分之九十八"]),
        ("抽检120份，合格率98.5％。", []),
        ("涉及12000杯。", []),
        ("涉及１２０００杯。", []),
        ("5名顾客反映不适。", ["5名"]),
        ("11月19日，3名顾客反映不适。", ["11月19日"]),
        ("合格率 99%。", ["99%"]),
        ("我们提供 7×24 小时服务，一定给大家一个答复。", []),
        ("一是下架，二是核查。依据《食品安全法》第五十三条。", []),
        ("我们已处理。\n云栈茶饮\n2026年11月22日", []),
    ],
)
def test_a_figure_or_date_that_no_fact_bears_is_a_warning(text, unproven):
    assert details(text, C.NOT_IN_FACT_SHEET, facts=FACTS) == unproven


def test_without_a_fact_sheet_no_figure_is_compared():
    assert C.NOT_IN_FACT_SHEET not in codes("5名顾客反映不适。")


def test_a_link_says_what_it_leads_to():
    assert C.BARE_LINK in codes("我们已处理。\nhttps://example.com/a")
    assert C.BARE_LINK not in codes("检测报告全文见 https://example.com/a")
    assert C.BARE_LINK not in codes("详情请点击官网公告：https://example.com/a")


@pytest.mark.parametrize(
    ("venue", "signs", "code", "blocking"),
    [
        (Venue.WEIBO_POST, 140, None, None),
        (Venue.WEIBO_POST, 141, C.FOLDED, False),
        (Venue.WEIBO_POST, 2000, C.FOLDED, False),
        (Venue.WEIBO_POST, 2001, C.TOO_LONG, True),
        (Venue.WEIBO_COMMENT, 140, None, None),
        (Venue.WEIBO_COMMENT, 141, C.TOO_LONG, True),
        (Venue.TIEBA_REPLY, 141, C.TOO_LONG, False),
        (Venue.ZHIHU_ANSWER, 3001, C.TOO_LONG, False),
    ],
)
def test_each_platform_has_its_length(venue, signs, code, blocking):
    found = [
        f for f in check_text("好" * signs, DraftContext(venue)) if f.code in {C.FOLDED, C.TOO_LONG}
    ]
    assert [(f.code, f.blocking) for f in found] == ([(code, blocking)] if code else [])


@pytest.mark.parametrize(
    ("text", "length"),
    [("", 0), ("好", 1), ("ab", 1), ("abc", 2), ("看https://t.example/aaaaaaaaaaaa", 11)],
)
def test_weibo_counts_ascii_as_half_and_a_link_as_ten(text, length):
    assert platform_length(text) == length


def test_a_finding_tells_its_place_and_its_sentence():
    text = "我们已核实。本店选用国家级原料，请放心。谢谢。"
    [finding] = check_text(text)
    assert text[finding.start : finding.end] == "国家级" == finding.detail
    assert finding.excerpt == "本店选用国家级原料，请放心。"


def test_nothing_to_say_is_a_finding():
    assert codes(" \n ") == {C.EMPTY}


def a_draft(text: str, **changes: object) -> Draft:
    return replace(Draft(1, text, "li", NOON), **changes)  # type: ignore[arg-type]


def test_a_draft_is_read_against_its_case():
    proven = Claim(1, "3 名顾客不适", Verdict.TRUE, "属实", (Evidence("就诊记录"),))
    sheet = FactSheet((proven,))
    case = a_case(fact_sheet=sheet)
    text = "3名顾客不适，系设备老化导致，5人就医。"
    found = {f.code for f in check_draft(a_draft(text), case)}
    assert found == {C.NOT_IN_FACT_SHEET}
    holding = a_draft(text, kind=DraftKind.HOLDING)
    assert C.CAUSE_BEFORE_VERIFIED in {f.code for f in check_draft(holding, case)}
    unknown = Claim(2, "设备老化", Verdict.UNVERIFIABLE, "查不到")
    doubtful = a_case(fact_sheet=FactSheet((proven, unknown)))
    assert C.CAUSE_BEFORE_VERIFIED in {f.code for f in check_draft(a_draft(text), doubtful)}


def test_the_venue_of_a_draft_gives_its_length():
    draft = a_draft("好" * 141, platform=Venue.WEIBO_COMMENT.value)
    assert [f.code for f in check_draft(draft, a_case())] == [C.TOO_LONG]
    elsewhere = a_draft("好" * 141, platform="somewhere")
    assert not check_draft(elsewhere, a_case())


@pytest.mark.parametrize("template", list(Template))
@pytest.mark.parametrize("venue", list(Venue))
def test_a_template_has_blanks_and_nothing_else_to_mend(template, venue):
    text = template_text(template, venue)
    allowed = {C.BLANK_LEFT, C.FOLDED, C.DATE_MISSING, C.CONTACT_MISSING}
    found = codes(text, venue=venue, cautious=True, facts=())
    assert C.BLANK_LEFT in found
    assert found <= allowed
    filled = "".join("好" if sign == "填" else sign for sign in text)
    assert platform_length(filled) <= LENGTHS[venue].limit


def test_a_hostile_text_takes_no_longer_than_a_plain_one():
    wild = random.Random(7)
    signs = "最第一【】[]XX__@“”因导致12月日.%省市路号楼单元由于"
    for text in (
        "".join(wild.choices(signs, k=LONGEST)),
        "【" * LONGEST,
        "1" * LONGEST,
        "因" * LONGEST,
    ):
        began = time.monotonic()
        check_text(text, DraftContext(cautious=True, facts=(text[:1000],)))
        assert time.monotonic() - began < 20
