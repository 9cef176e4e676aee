"""方案: what is watched. A rule is tried on what is stored before it is saved."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import streamlit as st
from markupsafe import Markup

from dashboard.services import services
from dashboard.state import address, go, i_may, key, now, require_page, zone
from dashboard.widgets.badges import tag
from dashboard.widgets.configuring import differences, save
from dashboard.widgets.frame import card, head, section
from dashboard.widgets.html import NOTHING, fill, join, show
from dashboard.widgets.notices import empty
from dashboard.widgets.tiles import sparkline
from domain.brand import Configuration, Proximity, Source, Watch, WatchRule, diff
from domain.follows import NotFollowable, follow_text, parse_follow
from domain.mention import Mention
from domain.spiders import SPIDERS, SpiderRole
from monitoring.watch_view import Trial, WatchesView, WatchStanding, try_rule, watches_view
from presentation.formats import count, decimal, near_time, short_time
from presentation.formats import share as percent
from presentation.hostile import excerpt
from presentation.wording import spider_word, word
from workflow.permissions import Permission
from workflow.watches import with_watch

_NEW = "new"
_HISTORY_SHOWN = 12


def page() -> None:
    """Draw the page."""
    require_page(Permission.READ)
    view = watches_view(services().begin_reading, services().store, now(), zone())
    with head("方案", "看什么、在哪看、哪些算数"):
        if i_may(Permission.EDIT_WATCHES) and view.configuration.brands:
            st.button("新建方案", key=key("new"), on_click=go, args=({"watch": _NEW},))
    chosen = address().get("watch", "")
    with card("list"):
        _list(view)
    watch = view.configuration.watch(chosen)
    if chosen == _NEW and i_may(Permission.EDIT_WATCHES):
        _edit(view, _blank(view.configuration))
    elif watch is not None:
        _edit(view, watch)
    with card("history"):
        _history(view)


def _list(view: WatchesView) -> None:
    if not view.watches:
        empty(
            "还没有监测方案",
            "先在「设置 › 全部配置」写入品牌和来源，或运行 koubei init 后 koubei apply brands.toml",
        )
        return
    names = {brand.id: brand.name for brand in view.configuration.brands}
    for standing in view.watches:
        left, right = st.columns([8, 1], vertical_alignment="center")
        with left:
            show(_summary(standing, names))
        with right:
            st.button(
                "查看" if not i_may(Permission.EDIT_WATCHES) else "编辑",
                key=key("open", standing.watch.id),
                on_click=go,
                args=({"watch": standing.watch.id},),
                width="stretch",
            )


def _summary(standing: WatchStanding, names: dict[str, str]) -> Markup:
    watch = standing.watch
    return fill(
        '<div class="kb-watch"><div class="kb-watch-name"><b>{name}</b>{off}'
        '<span class="kb-quiet">{brands} · {asked} · {sources} 个来源</span></div>'
        '<div class="kb-watch-figures">{course}<span class="kb-num"><b>{a_day}</b> 条/天</span>'
        '<span class="kb-quiet">近 14 天 · 噪声 {noise}</span></div></div>',
        name=watch.name,
        off=NOTHING if watch.enabled else tag("已停用"),
        brands="、".join(names.get(each, each) for each in watch.brand_ids),
        asked=" · ".join(_asked(watch)),
        sources=len(watch.source_ids),
        course=sparkline([float(n) for n in standing.by_day]),
        a_day=decimal(standing.a_day),
        noise="—" if standing.noise is None else percent(standing.noise),
    )


def _asked(watch: Watch) -> Iterator[str]:
    if watch.queries:
        yield f"搜索「{'」「'.join(watch.queries)}」"
    if watch.follows:
        yield f"关注 {len(watch.follows)} 个页面"


@dataclass(frozen=True)
class _Typed:
    """What stands in the form."""

    watch: Watch
    problem: str = ""


def _edit(view: WatchesView, watch: Watch) -> None:
    may = i_may(Permission.EDIT_WATCHES)
    with card("edit", watch.id):
        section(watch.name or "新建方案", "先试算，再保存；每次保存都是一个新版本，可以恢复")
        typed = _form(view.configuration, watch, disabled=not may)
        if typed.problem:
            show(fill('<div class="kb-error" role="alert"><b>{told}</b></div>', told=typed.problem))
        elif may:
            _decide(view, watch, typed.watch)


def _form(configuration: Configuration, watch: Watch, *, disabled: bool) -> _Typed:
    brands = {brand.id: brand.name for brand in configuration.brands}
    sources = {
        s.id: f"{word(s.platform).zh}{spider_word(s.spider).zh} · {s.id}"
        for s in configuration.sources
    }
    rule = watch.rule
    own = watch.id or _NEW

    def words(label: str, value: tuple[str, ...], name: str, hint: str) -> tuple[str, ...]:
        text = st.text_area(
            label, "\n".join(value), key=key(own, name), placeholder=hint, height=88,
            disabled=disabled,
        )  # fmt: skip
        return tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))

    first, second, third = st.columns(3)
    with first:
        name = st.text_input("名称", watch.name, key=key(own, "name"), disabled=disabled)
        if not watch.id:
            ident = st.text_input(
                "编号（小写字母、数字、连字符）", key=key(own, "id"), placeholder="例如 brand-main"
            )
        else:
            ident = watch.id
        chosen_brands = st.multiselect(
            "品牌", list(brands), list(watch.brand_ids), format_func=lambda b: brands.get(b, b),
            key=key(own, "brands"), placeholder="至少一个", disabled=disabled,
        )  # fmt: skip
        chosen_sources = st.multiselect(
            "来源", list(sources), list(watch.source_ids), format_func=lambda s: sources.get(s, s),
            key=key(own, "sources"), placeholder="至少一个", disabled=disabled,
        )  # fmt: skip
        follows = words(
            "关注页面（每行一个，可以直接贴网址）",
            tuple(follow_text(follow) for follow in watch.follows),
            "follows",
            "tieba:forum:云栈",
        )
        enabled = st.toggle("启用", watch.enabled, key=key(own, "enabled"), disabled=disabled)

    with second:
        queries = words(
            "搜索词（每行一个，原样输入平台搜索框）", watch.queries, "queries", "云栈茶饮"
        )
        all_words = words("全部包含", rule.all_words, "all", "每行一个；可以留空")
        any_words = words("任一包含", rule.any_words, "any", "每行一个；可以留空")
    with third:
        none_words = words("排除", rule.none_words, "none", "出现任何一个就不算")
        phrases = words("短语（原样出现）", rule.phrases, "phrases", "每行一个；可以留空")
        near = words(
            "同现距离（词 词 字数）",
            tuple(f"{' '.join(p.words)} {p.distance}" for p in rule.proximities),
            "near",
            "云栈 变质 20",
        )
    try:
        followed = tuple(dict.fromkeys(parse_follow(line) for line in follows))
    except NotFollowable as error:
        return _Typed(watch, f"关注页面{error.text.zh}")
    try:
        proximities = tuple(_proximity(line) for line in near)
    except ValueError as error:
        return _Typed(watch, f"同现距离写成「词 词 字数」：{error}")
    return _Typed(
        replace(
            watch,
            id=ident.strip(),
            name=name.strip(),
            brand_ids=tuple(chosen_brands),
            source_ids=tuple(chosen_sources),
            queries=queries,
            follows=followed,
            enabled=enabled,
            rule=WatchRule(all_words, any_words, none_words, phrases, proximities),
        )
    )


def _proximity(line: str) -> Proximity:
    *words, distance = re.split(r"\s+", line)
    if len(words) < 2 or not distance.isdecimal():
        raise ValueError(excerpt(line, 40))
    return Proximity(tuple(words), int(distance))


def _decide(view: WatchesView, before: Watch, after: Watch) -> None:
    new = with_watch(view.configuration, after)
    own = before.id or _NEW
    left, middle, _ = st.columns([1, 1, 4])
    tried = left.button("试算近 7 天", key=key(own, "try"), width="stretch")
    if middle.button("保存", key=key(own, "save"), type="primary", width="stretch"):
        applied = save(new, expected_version=view.version, reason=f"方案 {after.id}")
        if applied is not None and applied.saved:
            go({"watch": after.id})
            st.rerun()
    if tried:
        _tried(try_rule(services().store, after.rule, now(), watch_id=before.id))
    if before.id and after != before:
        with st.expander("与当前版本的差别"):
            differences(diff(view.configuration, new))


def _tried(trial: Trial) -> None:
    show(
        fill(
            '<div class="kb-note"><b>近 {days} 天已入库的 {looked} 条中，会命中 {taken} 条'
            "（约 {a_day} 条/天）{lost}</b>"
            "<p>只能在已入库的内容上试算；更宽的搜索词要等下一次采集。{cut}</p></div>",
            days=trial.days,
            looked=count(trial.looked_at, "zh"),
            taken=count(trial.taken, "zh"),
            a_day=decimal(trial.taken / trial.days),
            lost=f"，不再命中现有的 {count(trial.lost, 'zh')} 条" if trial.lost else "",
            cut="内容过多，只看了最新的一部分。" if trial.cut else "",
        )
    )
    left, right = st.columns(2)
    with left:
        section("会命中（最新 20 条）")
        show(_sample(trial.sample, "没有命中任何一条：规则可能写得太窄"))
    with right:
        section("不再命中（最新 20 条）")
        show(_sample(trial.lost_sample, "没有"))


def _sample(mentions: tuple[Mention, ...], nothing: str) -> Markup:
    if not mentions:
        return fill('<span class="kb-quiet">{nothing}</span>', nothing=nothing)
    return fill(
        '<div class="kb-lines">{lines}</div>',
        lines=join(
            fill(
                '<div><span class="kb-quiet kb-num">{when} {platform}</span> {text}</div>',
                when=short_time(each.published_at, zone()),
                platform=word(each.platform).zh,
                text=excerpt(f"{each.title} {each.text}".strip(), 80),
            )
            for each in mentions
        ),
    )


def _history(view: WatchesView) -> None:
    section("版本", f"当前第 {view.version} 版" if view.version else "还没有保存过")
    for version, at, actor, origin in view.history[:_HISTORY_SHOWN]:
        left, right = st.columns([6, 1], vertical_alignment="center")
        with left:
            show(
                fill(
                    '<div class="kb-row"><b class="kb-num">第 {version} 版</b>'
                    '<span class="kb-quiet">{when} · {who} · {origin}</span></div>',
                    version=version,
                    when=near_time(at, now(), zone()),
                    who=view.names.get(actor, actor),
                    origin=excerpt(origin, 60),
                )
            )
        if version != view.version and i_may(Permission.EDIT_SETTINGS):
            with right, st.popover("恢复", type="tertiary"):
                _restore(view, version)


def _restore(view: WatchesView, version: int) -> None:
    with services().begin_reading() as work:
        old = work.configuration.get(version)
    if old is None:
        return
    differences(diff(view.configuration, old))
    if st.button(f"恢复第 {version} 版的内容", key=key("restore", version)):
        applied = save(old, expected_version=view.version, reason=f"恢复第 {version} 版")
        if applied is not None and applied.saved:
            st.rerun()


def _searches(source: Source) -> bool:
    return SPIDERS[source.spider].role is SpiderRole.SEARCH if source.spider in SPIDERS else True


def _blank(configuration: Configuration) -> Watch:
    first = configuration.brands[0]
    return Watch(
        id="",
        name="",
        brand_ids=(first.id,),
        queries=(first.name,),
        source_ids=tuple(s.id for s in configuration.sources if s.enabled and _searches(s)),
        rule=WatchRule(any_words=first.words),
    )


page()
