"""What stands on a sheet of 采集影响评估: the same words on page and file, and when signed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from domain.assessment import READER_PAGES_A_DAY, Assessment, Lapse, Rate, Standing
from domain.errors import Text
from domain.surfaces import reading_of
from presentation.field_words import NAMES_OF_FIELDS
from presentation.formats import count, decimal, duration, full_time
from presentation.wording import word

TITLE: Final = Text("采集影响评估", "impact assessment of collecting")

FIELD_WORDS: Final = {
    **NAMES_OF_FIELDS,
    "author": Text("作者名（掩码显示，原名加密，30 天销毁）", "author (masked, sealed, 30 days)"),
    "author_uid": Text("作者编号（入库即转为密钥哈希）", "author's uid (stored as a keyed hash)"),
}
"""What each field of a found mention is called on a sheet, and what becomes of it."""


def field_word(name: str) -> Text:
    """Return what a field is called; a sheet of another version may name one that is not known."""
    return FIELD_WORDS.get(name, Text(name, name))


STOPS: Final = (
    Text(
        "登录墙、验证码、访客验证、限流或拒绝访问：立即停止，来源暂停 30 分钟起、逐次加倍，不绕过",
        "a login wall, captcha, visitor step, rate limit or refusal: stop at once, pause, no way "
        "around",
    ),
    Text("平台回复 Retry-After：到时之前不再请求", "Retry-After: nothing is asked before its time"),
    Text(
        "robots.txt 读不到或被拒绝：不采集，签署也不例外",
        "robots.txt cannot be read, or is refused: nothing is asked, whatever is signed",
    ),
    Text(
        "robots.txt、频率、地址或采集方式有变，或到期、撤回：评估即失效，停止采集被禁止的页面",
        "robots.txt, rate, address or way of reading change, or its time is over: the sheet lapses",
    ),
    Text(
        "同一主机一次只有一个请求，并保持最短间隔；单页 8 MiB 截断",
        "one request at a time, at the pace told; a page is cut at 8 MiB",
    ),
)


def effect_words(rate: Rate) -> str:
    """Return the prefilled sentence on the effect on the service, of the figures alone (zh)."""
    pace = (
        f"相邻请求至少间隔 {duration(rate.pace, 'zh')}，" if rate.pace else "（本机地址，不限间隔）"
    )
    return (
        f"平时每天约 {count(rate.a_day, 'zh')} 次请求，相当于 {decimal(rate.readers)} 个每天读 "
        f"{READER_PAGES_A_DAY} 页的读者；{pace}每小时最多 {count(rate.most_an_hour, 'zh')} 次。"
        "只读取页面，不登录他人账号、不发布、不点赞，对服务的影响可以忽略。"
    )


def rate_rows(rate: Rate) -> list[tuple[str, str]]:
    """Return the figures of a rate, each with its name (zh)."""
    return [
        ("采集间隔", f"每 {duration(rate.every, 'zh')} 一次"),
        ("读取的列表", f"{rate.chains} 个（启用的方案 × 关键词或关注的页面）"),
        ("平时每天", f"约 {count(rate.a_day, 'zh')} 次请求"),
        ("每小时最多", f"{count(rate.most_an_hour, 'zh')} 次请求"),
        ("请求间隔", f"至少 {duration(rate.pace, 'zh')}" if rate.pace else "不限（本机地址）"),
        (
            "相当于",
            f"{decimal(rate.readers)} 个读者（按每人每天 {READER_PAGES_A_DAY} 页设想）",
        ),
    ]


def surface_rows(spider: str, disallowed: Sequence[str] = ()) -> list[tuple[str, str, bool]]:
    """Return name and path of each kind of page, and whether robots.txt forbids it."""
    return [
        (surface.name.zh, surface.path, surface.example in disallowed)
        for surface in reading_of(spider).surfaces
    ]


def standing_words(standing: Standing, zone: ZoneInfo) -> Text:
    """Return how a source stands with its sheet, in one sentence."""
    signed = standing.signed
    if signed is None:
        return Text("尚未签署", "not signed")
    until = f"{signed.valid_until.astimezone(zone):%Y-%m-%d}"
    if standing.lapse is not None:
        why = word(standing.lapse)
        return Text(f"已失效：{why.zh}", f"lapsed: {why.en}")
    if signed.allows_disallowed:
        return Text(
            f"在评估下运行，有效期至 {until}（{signed.signed_name}签署）",
            f"runs under an assessment until {until} (signed by {signed.signed_name})",
        )
    return Text(
        f"已签署，有效期至 {until}（{signed.signed_name}签署）",
        f"assessed until {until} (signed by {signed.signed_name})",
    )


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a sheet: a name and what stands there."""

    name: str
    value: str


def lines_of(sheet: Assessment, zone: ZoneInfo, lapse: Lapse | None = None) -> list[Line]:
    """Return a signed sheet, line by line (zh)."""
    robots = sheet.robots
    forbidden = "、".join(path.partition("?")[0] for path in robots.disallowed) or "无"
    roles = "、".join(word(role).zh for role in sheet.signed_roles)
    until = full_time(sheet.valid_until, zone)
    lines = [
        Line("编号", sheet.id),
        Line("来源", f"{sheet.source_id}（{sheet.spider}，{word(sheet.transport).zh}）"),
        Line("地址", sheet.base_url),
        Line("读取的页面", "；".join(sheet.surfaces)),
        Line("读取的字段", "、".join(field_word(name).zh for name in sheet.fields_read)),
        Line("目的", sheet.purpose),
        *(Line(name, value) for name, value in rate_rows(sheet.rate)),
        Line(
            "robots.txt",
            f"{robots.url}（{full_time(robots.read_at, zone)} 读取，{_status(sheet)}）",
        ),
        Line("robots.txt 指纹", f"SHA-256 {robots.sha256}"),
        Line("其中不允许", forbidden),
        Line("平台条款", f"{sheet.terms_url}（{sheet.terms_read_on:%Y-%m-%d} 阅读）"),
        Line("对服务的影响", sheet.effect),
        Line("停止条件", "；".join(sheet.stops)),
        Line("对 robots.txt 的决定", decision_words(sheet.allows_disallowed)),
        Line(
            "签署",
            f"{sheet.signed_name}（{roles}），{full_time(sheet.signed_at, zone)}，"
            f"以{word(sheet.proof).zh}确认",
        ),
        Line("有效期至", until),
    ]
    if sheet.withdrawn_at is not None:
        when = full_time(sheet.withdrawn_at, zone)
        lines.append(Line("撤回", f"{when}：{sheet.withdrawn_reason}"))
    elif lapse is not None:
        lines.append(Line("状态", f"已失效：{word(lapse).zh}"))
    return lines


def decision_words(allows: bool) -> str:
    """Return what the signer decided about pages that robots.txt forbids (zh)."""
    return "不允许的页面由签署人决定采集并负责" if allows else "不采集 robots.txt 不允许的页面"


def markdown_of(sheet: Assessment, zone: ZoneInfo, lapse: Lapse | None = None) -> str:
    """Return a signed sheet as Markdown, with the robots.txt that it rests on at its end."""
    rows = "\n".join(
        f"| {_cell(line.name)} | {_cell(line.value)} |" for line in lines_of(sheet, zone, lapse)
    )
    text = "\n".join(f"    {line}" for line in sheet.robots.text.splitlines())
    return (
        f"# {TITLE.zh} {sheet.id}\n\n| 项目 | 内容 |\n|---|---|\n{rows}\n\n"
        f"## robots.txt（签署时）\n\n{text}\n"
    )


def _status(sheet: Assessment) -> str:
    return "无规则" if sheet.robots.status >= 300 else f"{len(sheet.robots.text)} 字"


def _cell(text: str) -> str:
    # a table's cell: one line, and no sign that would end it or become markup
    flat = " ".join(text.split())
    return "".join(f"\\{sign}" if sign in "\\|<>[]`*_" else sign for sign in flat)
