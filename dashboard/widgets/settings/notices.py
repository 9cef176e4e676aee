"""值班与通知: who is woken now, who is told of what, what is silent."""

from datetime import timedelta

from markupsafe import Markup

from dashboard.data import configuration
from dashboard.services import services
from dashboard.state import now, zone
from dashboard.widgets.badges import level_badge
from dashboard.widgets.frame import card, section
from dashboard.widgets.html import fill, join, show
from dashboard.widgets.notices import empty
from domain.brand import Configuration, Recipient
from domain.roster import Roster, gaps
from presentation.formats import near_time, short_time
from presentation.hostile import excerpt
from presentation.wording import word

_AHEAD = timedelta(days=7)


def show_part() -> None:
    """Draw duty, recipients and silences."""
    _, current = configuration()
    with card("duty"):
        section("值班", "预警没有人确认时，按这里的顺序往上叫")
        if not current.rosters:
            empty(
                "还没有值班表，预警只发给收件人，没有人会被逐级叫醒",
                "在「全部配置」加入 [[rosters]]，格式见 docs/settings.md",
            )
        for roster in current.rosters:
            _roster(current, roster)
    with card("recipients"):
        section("收件人")
        _recipients(current)
    with card("silences"):
        section("静默中", "红色预警永远不会被静默")
        _silences()


def _roster(current: Configuration, roster: Roster) -> None:
    names = {each.id: each.name for each in current.recipients}
    people = roster.on_duty(now(), zone())
    holes = gaps(roster, now(), now() + _AHEAD, zone())
    show(
        fill(
            '<div class="kb-row"><b>{id}</b><span>现在：{people}</span>'
            '<span class="kb-quiet">高层：{above}</span></div>{holes}',
            id=roster.id,
            people=" → ".join(names.get(each, each) for each in people) or "无人值班",
            above="、".join(names.get(each, each) for each in roster.executives) or "未设置",
            holes=join(
                fill(
                    '<p class="kb-bad">{start} 至 {end} 无人值班</p>',
                    start=short_time(hole.start, zone()),
                    end=short_time(hole.end, zone()),
                )
                for hole in holes[:5]
            ),
        )
    )


def _recipients(current: Configuration) -> None:
    if not current.recipients:
        empty("还没有收件人，预警没有人会收到", "在「全部配置」加入 [[recipients]]")
        return
    brands = {brand.id: brand.name for brand in current.brands}
    show(
        fill(
            '<table class="kb-table"><thead><tr><th>姓名</th><th>渠道</th><th>地址</th>'
            "<th>品牌</th><th>从哪一级起</th></tr></thead><tbody>{rows}</tbody></table>",
            rows=join(_row(each, brands) for each in current.recipients),
        )
    )


def _row(each: Recipient, brands: dict[str, str]) -> Markup:
    return fill(
        "<tr><td>{name}</td><td>{channel}</td><td>{address}</td><td>{brands}</td>"
        "<td>{level}</td></tr>",
        name=each.name or each.id,
        channel=word(each.channel).zh,
        address=each.address,
        brands="、".join(brands.get(b, b) for b in each.brand_ids) or "全部",
        level=level_badge(each.min_level),
    )


def _silences() -> None:
    with services().begin_reading() as work:
        holding = work.silences.holding(now())
        names = {account.id: account.name for account in work.accounts.all()}
    if not holding:
        empty("没有静默", "静默在「预警」页面对某一条预警设置，必须写明理由和结束时间")
        return
    for silence in holding:
        show(
            fill(
                '<div class="kb-row"><b>{id}</b><span>到 {until}</span>'
                '<span class="kb-quiet">{who}：{why}</span></div>',
                id=silence.id,
                until=near_time(silence.ends_at, now(), zone()),
                who=names.get(silence.author_id, silence.author_id),
                why=excerpt(silence.reason, 80),
            )
        )
