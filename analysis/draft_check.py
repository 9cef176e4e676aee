"""Reading a draft before anybody approves it: what is unfilled, forbidden, unproven or private.

A finding is a place to look at, not a verdict: what blocks can be sent on with a reason, which
stands in the trail. Nothing here changes the text.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from analysis.draft_figures import has_full_date, unlinked
from analysis.draft_privacy import personal_data
from analysis.draft_words import ABSOLUTE, BLANK, CAUSE, NO_CAUSE, NOT_PRAISE, OVER_PROMISE
from domain.case import Case
from domain.draft import Draft, DraftKind, Finding
from domain.statement import LENGTHS, FindingCode, Venue

LONGEST = 50_000
"""Signs that are read of a text; no venue takes more."""

_ASCII_FORMS = {0xFF01 + n: 0x21 + n for n in range(94)} | {0x3000: 0x20}
"""Full-width signs read as ASCII, place for place, so that ０５５ is a number too."""
_SENTENCE_END = re.compile(r"[。！？!?；;\n]")
_EXCERPT = 80

_CALLED = re.compile(r"@([^\s@:：,，.。!！?？、;；()（）【】/]{2,30})")
_NICKNAME = re.compile(
    r"(?:网友|用户|博主|消费者|顾客|作者|楼主|答主|吧友|昵称为?)(?:名为|叫)?[“\"「『]([^”\"」』\n]{1,8})[”\"」』](?!的?(?:说法|言论|传言|传闻|评论|质疑|问题|消息|称|一事))"
)
_SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕张孔曹魏姜谢邹苏潘葛范彭郎鲁韦昌苗凤俞任袁柳鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬"
    "卞康伍余顾孟黄穆萧尹姚邵湛汪祁毛狄戴宋庞熊纪舒屈项祝董梁杜阮蓝闵季贾路娄江童郭梅林钟徐邱骆夏蔡田胡霍虞柯卢莫房裘丁邓洪崔龚程邢裴陆翁段侯曾武刘龙叶黎白赖"
)
_TITLE = r"先生|女士|小姐|经理|店长|主任|总监|师傅|同学|老师|医生|律师"
_FULL_NAME = re.compile(
    rf"(?:[{_SURNAMES}]|欧阳|司马|上官|诸葛|夏侯|皇甫|尉迟|慕容|令狐)[\u4e00-\u9fff]{{1,2}}(?={_TITLE})"
)
_NAMED_AS = re.compile(
    rf"(?:当事人|涉事人员|涉事员工|涉事店员|店员|员工|顾客|消费者|投诉人|博主|患者)(?:[:：]|为|是|叫|名叫)?\s?([{_SURNAMES}][\u4e00-\u9fff]{{1,2}})"
    r"(?=[,，、。;；(（]|在(?!线)|因|于|已|被|称)"
)
_NOT_A_NAME = re.compile(
    r"[某*]|先生|女士|小姐|^(?:许多|曾经|曾在|任何|任意|任职|何时|何种|何地|于是|余下|余人|程度|顾客|顾及|纪律|舒适|陆续|房间|路过|路人|白天|段时间|童装|林林|史上|费用|康复"
    r"|黄金|龙头|夏季|夏天|江苏|江西|徐州|苏州|杭州|郑州|贺信|项目|洪水|田间|季度|全体|应当|相关|莫名|毕竟|席位|计划|雷同|蓝色|白色|黄色|路边|顾问|汤品|梅花|宋代|唐代|钟情)"
)
_OUR_SPEAKER = re.compile(
    r"(?:新闻发言人|发言人|法定代表人|董事长|总经理|总裁|首席执行官|CEO|联系人|负责人|签发|创始人|律师)[^，。；！？\n]{0,8}$"
)
_OFFICIAL = re.compile(
    r"官方|官微|客服|公司|集团|品牌|服务号|市场监管|发布$|警方|公安|消协|卫健|平安"
)

_URL = re.compile(r"(?:https?://|www\.)[^\s，。；！？（）()<>“”\"]+", re.IGNORECASE)
_PURPOSE = re.compile(
    r"(?:查看|详见|参见|见|链接|官网|网址|公告|全文|详情|报告|地址|原文|来源|通道|入口|查询|访问|登录|点击|登记|填写|声明)[^。！？\n]{0,16}$"
)
_CONTACT = re.compile(
    r"(?<!\d)(?:400|800)[- ]?\d{3,4}[- ]?\d{3,4}(?!\d)|(?<!\d)0\d{2,3}[- ]?\d{7,8}(?!\d)"
    r"|(?<!\d)9\d{4,5}(?!\d)|(?<!\d)1[3-9]\d{9}(?!\d)"
    r"|[A-Za-z0-9._+-]{1,40}@[A-Za-z0-9-]{1,40}\.[A-Za-z.]{2,20}"
    r"|(?:私信|联系(?:官方|在线|门店)?客服|在线客服|官方客服)"
)
_STATEMENT = re.compile(r"声明|公告|通报|情况说明|致歉信|说明函|告消费者书")
_FULL_FROM = 300
"""From so many signs on a text counts as a full statement, whatever it calls itself."""


@dataclass(frozen=True, slots=True)
class DraftContext:
    """What a text is read against.

    `cautious`: the facts are not established, so no cause may be named. `facts`: the lines of the
    fact sheet, None where there is none to compare with. `own_names`: names of the company's own
    brands, accounts and speakers.
    """

    venue: Venue | None = None
    cautious: bool = False
    facts: tuple[str, ...] | None = None
    own_names: tuple[str, ...] = ()


def check_draft(draft: Draft, case: Case, own_names: Iterable[str] = ()) -> tuple[Finding, ...]:
    """Return what is to be said about a draft of a case, in the order of the text."""
    sheet = case.fact_sheet
    facts = [
        line
        for claim in sheet.claims
        for line in (claim.statement, claim.finding, *(item.what for item in claim.evidence))
    ]
    unproven = bool(sheet.open_claims or sheet.unverifiable_claims or not sheet.claims)
    promised = [f"{p.due_at:%Y-%m-%d} {p.action}" for p in case.promises]
    context = DraftContext(
        venue=Venue(draft.platform) if draft.platform in set(Venue) else None,
        cautious=draft.kind is DraftKind.HOLDING or unproven,
        facts=(*facts, *promised),
        own_names=tuple(own_names),
    )
    return check_text(draft.text, context)


def check_text(text: str, context: DraftContext = DraftContext()) -> tuple[Finding, ...]:
    """Return what a check finds in a text, in its order; what is missing from it comes last."""
    text = text[:LONGEST]
    if not text.strip():
        return (_missing(FindingCode.EMPTY, blocking=True),)
    plain = text.translate(_ASCII_FORMS)
    placed = [
        *_blanks(text),
        *_praise(plain, context),
        *_people(plain, context),
        *_private(plain),
        *_causes(plain, context),
        *_unproven_figures(plain, context),
        *_links(plain),
    ]
    found = [_finding(text, hit) for hit in sorted(_once(placed), key=lambda hit: hit.start)]
    return (*found, *_omissions(plain, context), *_length(text, context))


def platform_length(text: str) -> int:
    """Return the signs as Weibo counts them: an ASCII sign is half, the sum rounded up; a link is
    ten, whatever its length.
    """
    links = _URL.findall(text)
    rest = _URL.sub("", text)
    halves = sum(1 if sign.isascii() else 2 for sign in rest)
    return -(-halves // 2) + 10 * len(links)


@dataclass(frozen=True, slots=True)
class _Hit:
    code: FindingCode
    start: int
    end: int
    blocking: bool = True


def _blanks(text: str) -> Iterator[_Hit]:
    for match in BLANK.finditer(text):
        yield _Hit(FindingCode.BLANK_LEFT, *match.span())


def _praise(text: str, context: DraftContext) -> Iterator[_Hit]:
    allowed = [match.span() for match in NOT_PRAISE.finditer(text)]
    for match in ABSOLUTE.finditer(text):
        if not _inside(match.start(), allowed):
            yield _Hit(FindingCode.SUPERLATIVE, *match.span())
    for match in OVER_PROMISE.finditer(text):
        yield _Hit(FindingCode.OVER_PROMISE, *match.span(), blocking=False)


def _people(text: str, context: DraftContext) -> Iterator[_Hit]:
    for match in _CALLED.finditer(text):
        is_address = match.start() > 0 and text[match.start() - 1].isascii()
        is_address = is_address and text[match.start() - 1].isalnum()
        if not (is_address or _is_ours(match[1], context) or _is_masked(match[1])):
            yield _Hit(FindingCode.PERSON_NAMED, *match.span())
    for match in _NICKNAME.finditer(text):
        if not (_is_ours(match[1], context) or _is_masked(match[1])):
            yield _Hit(FindingCode.PERSON_NAMED, *match.span(1))
    for match in _FULL_NAME.finditer(text):
        if not (_NOT_A_NAME.search(match[0]) or _speaks_for_us(text, match.start(), context)):
            yield _Hit(FindingCode.PERSON_NAMED, *match.span())
    for match in _NAMED_AS.finditer(text):
        if not (_NOT_A_NAME.search(match[1]) or _speaks_for_us(text, match.start(1), context)):
            yield _Hit(FindingCode.PERSON_NAMED, *match.span(1), blocking=False)


def _private(text: str) -> Iterator[_Hit]:
    for start, end in personal_data(text):
        yield _Hit(FindingCode.PERSONAL_DATA, start, end)


def _causes(text: str, context: DraftContext) -> Iterator[_Hit]:
    if not context.cautious:
        return
    harmless = [match.span() for match in NO_CAUSE.finditer(text)]
    for match in CAUSE.finditer(text):
        if not _inside(match.start(), harmless):
            yield _Hit(FindingCode.CAUSE_BEFORE_VERIFIED, *match.span())


def _unproven_figures(text: str, context: DraftContext) -> Iterator[_Hit]:
    if context.facts is None:
        return
    signed = _signature_start(text)
    facts = [fact.translate(_ASCII_FORMS) for fact in context.facts]
    for figure in unlinked(text, facts):
        if not (figure.start >= signed and figure.value.startswith("date:")):
            yield _Hit(FindingCode.NOT_IN_FACT_SHEET, figure.start, figure.end, blocking=False)


def _links(text: str) -> Iterator[_Hit]:
    for match in _URL.finditer(text):
        line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
        if not _PURPOSE.search(line):
            yield _Hit(FindingCode.BARE_LINK, *match.span(), blocking=False)


def _omissions(text: str, context: DraftContext) -> Iterator[Finding]:
    """What a full statement needs: its day, and where to turn to."""
    is_press = context.venue is Venue.PRESS
    if not (is_press or len(text) >= _FULL_FROM or _STATEMENT.search(text)):
        return
    if not has_full_date(text):
        yield _missing(FindingCode.DATE_MISSING, blocking=is_press)
    if not _CONTACT.search(text):
        yield _missing(FindingCode.CONTACT_MISSING, blocking=is_press)


def _length(text: str, context: DraftContext) -> Iterator[Finding]:
    if context.venue is None:
        return
    allowed, has = LENGTHS[context.venue], platform_length(text)
    if has > allowed.limit:
        told = f"{has}/{allowed.limit}"
        yield Finding(FindingCode.TOO_LONG, detail=told, blocking=allowed.firm)
    elif allowed.fold is not None and has > allowed.fold:
        yield Finding(FindingCode.FOLDED, detail=f"{has}/{allowed.fold}", blocking=False)


def _finding(text: str, hit: _Hit) -> Finding:
    start, end = _sentence(text, hit)
    return Finding(
        hit.code,
        excerpt=text[start:end].strip()[:_EXCERPT],
        detail=text[hit.start : hit.end],
        blocking=hit.blocking,
        start=hit.start,
        end=hit.end,
    )


def _missing(code: FindingCode, *, blocking: bool) -> Finding:
    return Finding(code, blocking=blocking)


def _sentence(text: str, hit: _Hit) -> tuple[int, int]:
    """The sentence around a hit, begun near it where it is long."""
    ends = [match.end() for match in _SENTENCE_END.finditer(text, 0, hit.start)]
    start = max(ends[-1] if ends else 0, hit.start - _EXCERPT // 2)
    after = _SENTENCE_END.search(text, hit.end)
    return start, after.end() if after else len(text)


def _once(hits: Iterable[_Hit]) -> list[_Hit]:
    """One hit a code and place: of overlapping ones the first."""
    kept: list[_Hit] = []
    for hit in sorted(hits, key=lambda h: (h.code, h.start, -h.end)):
        before = kept[-1] if kept else None
        if before is None or before.code is not hit.code or before.end <= hit.start:
            kept.append(hit)
    return kept


def _inside(at: int, spans: Iterable[tuple[int, int]]) -> bool:
    return any(start <= at < end for start, end in spans)


def _is_masked(name: str) -> bool:
    return "*" in name or "某" in name


def _is_ours(name: str, context: DraftContext) -> bool:
    return bool(_OFFICIAL.search(name)) or any(own in name for own in context.own_names if own)


def _speaks_for_us(text: str, at: int, context: DraftContext) -> bool:
    before = text[max(0, at - 16) : at]
    return bool(_OUR_SPEAKER.search(before)) or any(
        text.startswith(own, at) for own in context.own_names if own
    )


def _signature_start(text: str) -> int:
    """Where the last two lines begin, in which a statement is signed and dated."""
    lines = text.rstrip().rsplit("\n", 2)
    return (
        len(text.rstrip()) - sum(len(line) + 1 for line in lines[-2:]) if len(lines) > 1 else 10**9
    )
