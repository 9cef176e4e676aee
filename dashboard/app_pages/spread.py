"""传播: where it began and what carries it."""

import streamlit as st

from dashboard import charts, data
from dashboard.services import services
from dashboard.state import now, require_page, zone
from dashboard.widgets.brands import choose_brand
from dashboard.widgets.definitions import where_from
from dashboard.widgets.filters import check
from dashboard.widgets.frame import card, head, section
from dashboard.widgets.html import fill, join, show
from dashboard.widgets.mentions import short_list
from dashboard.widgets.notices import empty
from dashboard.widgets.period import choose_period, period, period_words
from domain.brand import Brand
from monitoring.periods import Range
from monitoring.spread_view import Node, Place, Spread, read_spread
from presentation import definitions
from presentation.charts import week_heat
from presentation.formats import count, near_time
from presentation.formats import share as percent
from presentation.hostile import excerpt
from presentation.masking import mask_speakers
from presentation.wording import word
from workflow.permissions import Permission


def page() -> None:
    """Draw the page."""
    require_page(Permission.READ)
    with head("传播"):
        brand = choose_brand()
        if brand is not None:
            negative = check("只看负面", "negative")
            choose_period(Range.DAY)
    if brand is None:
        empty("还没有监测任何品牌", "在「方案」中添加品牌与监测方案")
        return
    _draw(brand, negative)


def _draw(brand: Brand, negative: bool) -> None:
    _, configuration = data.configuration()
    spread = read_spread(
        services().store,
        services().begin_reading,
        brand=brand,
        configuration=configuration,
        period=period(Range.DAY),
        negative_only=negative,
        now=now(),
        zone=zone(),
    )
    if spread.first is None:
        empty(
            f"{period_words(Range.DAY)}没有{'负面' if negative else ''}内容",
            "换一个时间范围；也请到「采集」看看这段时间有没有缺口",
        )
        return
    left, right = st.columns([3, 2])
    with left:
        with card("first"):
            section("最早的几条", "按发布时间；更早而没有采到的内容不在其中")
            show(short_list((spread.first, *spread.oldest[:5]), now(), zone()))
        with card("nodes"):
            section("关键节点", "互动最多的内容；作者已脱敏，不对人排名")
            show(short_list(spread.nodes[:8], now(), zone()))
    with right:
        with card("heat"):
            with st.container(horizontal=True, vertical_alignment="center"):
                section(
                    "星期 × 小时", f"{period_words(Range.DAY)}共 {count(spread.total, 'zh')} 条"
                )
                where_from(definitions.heat())
            charts.draw(week_heat(spread.heat, height=168))
        with card("places"):
            section("贴吧、问题与话题", "按互动量")
            _places(spread.places)
    with card("tree"):
        _tree(spread)


def _places(places: tuple[Place, ...]) -> None:
    if not places:
        show(fill('<span class="kb-quiet">这些内容没有写明所在的贴吧、问题或话题</span>'))
        return
    show(
        fill(
            '<table class="kb-table"><thead><tr><th>平台</th><th>所在</th><th>条数</th>'
            "<th>负面</th><th>互动</th></tr></thead><tbody>{rows}</tbody></table>",
            rows=join(
                fill(
                    '<tr><td>{platform}</td><td>{name}</td><td class="kb-num">{n}</td>'
                    '<td class="kb-num">{negative}</td><td class="kb-num">{reach}</td></tr>',
                    platform=word(each.platform).zh,
                    name=excerpt(each.name, 24),
                    n=each.count,
                    negative=percent(each.negative / each.count),
                    reach=count(each.reach, "zh"),
                )
                for each in places[:8]
            ),
        )
    )


def _tree(spread: Spread) -> None:
    part = percent(spread.linked / spread.looked_at) if spread.looked_at else "—"
    section("转发与回复", f"互动最多的 {spread.looked_at} 条中，{part} 写明了上一条是谁")
    if not spread.tree:
        show(
            fill(
                '<span class="kb-quiet">这段时间的页面没有写明谁转发了谁，'
                "只能按时间看（见左上「最早的几条」）</span>"
            )
        )
        return
    show(
        fill(
            '<div class="kb-tree">{rows}</div>',
            rows=join(
                fill(
                    '<div style="padding-left:{indent}px">{arrow}<time>{when}</time>'
                    '<span class="kb-tag">{platform}</span><span class="kb-said">{said}</span>'
                    '<span class="kb-quiet kb-num">{children} 条直接转评 · '
                    "互动 {reach}</span></div>",
                    indent=20 * node.depth,
                    arrow="└ " if node.depth else "",
                    when=near_time(node.mention.published_at, now(), zone()),
                    platform=word(node.mention.platform).zh,
                    said=_said(node),
                    children=node.children,
                    reach=count(node.reach, "zh"),
                )
                for node in spread.tree[:20]
            ),
        )
    )


def _said(node: Node) -> str:
    return excerpt(mask_speakers(f"{node.mention.title} {node.mention.text}".strip()), 70)


page()
