"""来源: every source with its 采集影响评估, shown, signed, withdrawn and exported."""

from datetime import timedelta
from functools import partial

import streamlit as st
from markupsafe import Markup

from dashboard.acting import attempt, show_told
from dashboard.services import scout, services
from dashboard.state import address, go, i_may, key, me, now, zone
from dashboard.widgets.badges import platform_badge, tag
from dashboard.widgets.frame import card, section
from dashboard.widgets.html import NOTHING, fill, join, show
from dashboard.widgets.notices import empty, refused
from domain.account import AccountState, Role
from domain.assessment import Assessment, Lapse, RobotsSnapshot, Standing
from domain.errors import KoubeiError
from presentation.assessment_words import (
    FIELD_WORDS,
    STOPS,
    decision_words,
    effect_words,
    lines_of,
    markdown_of,
    rate_rows,
    standing_words,
    surface_rows,
)
from presentation.formats import full_time, near_time
from presentation.wording import reason, word
from workflow.assessments import (
    Hand,
    Pacing,
    Sheet,
    SourceSheet,
    needs_code,
    note_export,
    sheets,
    sign,
    withdraw,
)
from workflow.login import Door
from workflow.passwords import Passwords
from workflow.permissions import PERMITTED, Permission

_PASSWORDS = Passwords()
_EXAMPLE = "例如：了解公众对自有品牌「云栈」的公开评价，及时发现并处理食品安全与服务问题"


def show_part() -> None:
    """Draw the list, or the sheet of the source that the address names."""
    found = sheets(services().begin_reading, pacing(), now())
    show_told()
    chosen = next((each for each in found if each.source.id == address().get("source")), None)
    if chosen is None:
        _list(found)
    else:
        _sheet(chosen)


def pacing() -> Pacing:
    """Return what the pace of this installation depends on."""
    crawl = services().settings.crawl
    return Pacing(crawl.delay, tuple(crawl.allowed_hosts))


def _list(found: tuple[SourceSheet, ...]) -> None:
    with card("sources"):
        section(
            "来源与采集影响评估",
            "robots.txt 不允许的来源，签署之后才会采集；其余来源建议也做评估",
        )
        if not found:
            empty("还没有来源", "在「全部配置」加入 [[sources]]，或运行 koubei apply brands.toml")
        for each in found:
            left, right = st.columns([8, 1], vertical_alignment="center")
            with left:
                show(_row(each))
            right.button(
                "评估",
                key=key("sheet", each.source.id),
                on_click=go,
                args=({"source": each.source.id},),
                width="stretch",
            )


def _row(each: SourceSheet) -> Markup:
    source = each.source
    return fill(
        '<div class="kb-row kb-wrap"><b>{id}</b>{platform}{off}'
        '<span class="{tone}">{standing}</span><span class="kb-quiet">{url}</span></div>',
        id=source.id,
        platform=platform_badge(source.platform),
        off=NOTHING if source.enabled else tag("已停用"),
        tone="kb-bad" if each.standing.lapse else "",
        standing=standing_words(each.standing, zone()).zh,
        url=source.base_url,
    )


def _sheet(each: SourceSheet) -> None:
    source = each.source
    robots = _shown_robots(each)
    with card("head"):
        st.button(
            "‹ 全部来源",
            key=key("sheet", "back"),
            type="tertiary",
            on_click=go,
            args=({"source": ""},),
        )
        section(f"采集影响评估 · {source.id}", f"{word(source.platform).zh} · {source.base_url}")
        _standing(each)
    with card("what"):
        section("读什么、多常读", "由配置算出；改了配置，这里跟着变")
        left, right = st.columns(2)
        with left:
            show(_surfaces(each, robots))
        with right:
            show(_pairs(rate_rows(each.rate)))
    with card("robots"):
        _robots(each, robots)
    if i_may(Permission.SIGN_SOURCE):
        with card("sign"):
            _sign(each, robots)
    else:
        with card("sign"):
            section("签署")
            who = "、".join(word(role).zh for role in sorted(PERMITTED[Permission.SIGN_SOURCE]))
            show(fill('<p class="kb-quiet">由{who}签署：{names}</p>', who=who, names=_signers()))
    _history(each)


def _standing(each: SourceSheet) -> None:
    standing = each.standing
    show(
        fill(
            '<p><b class="{tone}">{told}</b></p>{mend}',
            tone="kb-bad" if standing.lapse else "",
            told=standing_words(standing, zone()).zh,
            mend=_mend(standing),
        )
    )


def _mend(standing: Standing) -> Markup:
    if standing.lapse is not None:
        told = reason(f"assessment_{standing.lapse.value}").mend.zh
    elif standing.is_due(now()):
        told = "即将到期：重新签署后顺延 180 天；到期后停止采集 robots.txt 不允许的页面"
    else:
        return NOTHING
    return fill('<p class="kb-quiet">{told}</p>', told=told)


def _surfaces(each: SourceSheet, robots: RobotsSnapshot | None) -> Markup:
    rows = surface_rows(each.source.spider, robots.disallowed if robots else ())
    fields = "、".join(FIELD_WORDS[name].zh for name in FIELD_WORDS)
    return fill(
        '<table class="kb-table kb-pairs"><tbody>{rows}</tbody></table>'
        '<details class="kb-quiet"><summary>读取的字段</summary>{fields}</details>',
        rows=join(
            fill(
                "<tr><th>{name}</th><td><code>{path}</code> {mark}</td></tr>",
                name=name,
                path=path,
                mark=fill('<span class="kb-bad">robots.txt 不允许</span>')
                if forbidden
                else NOTHING,
            )
            for name, path, forbidden in rows
        ),
        fields=fields,
    )


def _pairs(rows: list[tuple[str, str]]) -> Markup:
    return fill(
        '<table class="kb-table kb-pairs"><tbody>{rows}</tbody></table>',
        rows=join(fill("<tr><th>{n}</th><td>{v}</td></tr>", n=n, v=v) for n, v in rows),
    )


def _shown_robots(each: SourceSheet) -> RobotsSnapshot | None:
    """What was read just now, else what was signed."""
    read: RobotsSnapshot | None = st.session_state.get(key("robots", each.source.id))
    if read is not None:
        return read
    return each.standing.signed.robots if each.standing.signed else None


def _robots(each: SourceSheet, robots: RobotsSnapshot | None) -> None:
    left, right = st.columns([5, 2], vertical_alignment="center")
    with left:
        section("robots.txt", _robots_note(robots))
    finder = scout()
    if finder is None:
        show(fill('<p class="kb-quiet">本机没有采集组件，请在采集机的网页上读取。</p>'))
    elif i_may(Permission.SIGN_SOURCE) and right.button(
        "现在读取", key=key("robots", "read"), width="stretch"
    ):
        try:
            with st.spinner("正在读取，按平台的节奏可能要等一会儿……", show_time=True):
                found = finder.read_robots(each.source.id)
        except KoubeiError as error:
            refused(error)
        else:
            st.session_state[key("robots", each.source.id)] = found
            st.rerun()
    if robots is None:
        empty("还没有读取", "签署前必须读取一次；只请求 robots.txt 这一个地址")
        return
    show(_verdict(robots, permits=each.standing.permits))
    if robots.text and robots.status < 300:
        show(
            fill(
                '<details><summary>全文（{count} 字）</summary><pre class="kb-file">{text}</pre>'
                '</details><p class="kb-quiet kb-digest">SHA-256 {digest}</p>',
                count=len(robots.text),
                text=robots.text[:100_000],
                digest=robots.sha256,
            )
        )


def _robots_note(robots: RobotsSnapshot | None) -> str:
    if robots is None:
        return "尚未读取"
    return f"{robots.url} · {near_time(robots.read_at, now(), zone())} 读取"


def _verdict(robots: RobotsSnapshot, *, permits: bool) -> Markup:
    if not robots.is_readable:
        told = f"读不到（{robots.status or '没有回答'}）：按不允许处理，也不能签署"
        return fill('<p class="kb-bad">{told}</p>', told=told)
    if robots.status >= 300:
        return fill("<p>没有 robots.txt（{status}）：没有规则</p>", status=robots.status)
    if not robots.disallowed:
        return fill("<p>允许读取上面的全部页面</p>")
    effect = "在已签署的评估下采集" if permits else "未经签署不会采集"
    return fill(
        '<p class="{tone}">不允许读取上面的 {n} 种页面：{effect}</p>',
        tone="" if permits else "kb-bad",
        n=len(robots.disallowed),
        effect=effect,
    )


def _sign(each: SourceSheet, robots: RobotsSnapshot | None) -> None:
    section("签署", "签的就是本页所见；有效期 180 天，频率、地址、采集方式或 robots.txt 有变即失效")
    signed = each.standing.signed
    account = me()
    with st.form(key("form", "sheet", each.source.id), enter_to_submit=False):
        purpose = st.text_area(
            "目的",
            signed.purpose if signed else "",
            key=key("sheet", "purpose", each.source.id),
            height=80,
            max_chars=1_000,
            placeholder=_EXAMPLE,
        )
        one, two = st.columns([3, 1])
        terms = one.text_input(
            "平台条款的网址",
            signed.terms_url if signed else "",
            key=key("sheet", "terms", each.source.id),
            max_chars=500,
            placeholder="https://",
        )
        today = now().astimezone(zone()).date()
        read_on = two.date_input(
            "本人阅读条款的日期",
            today,
            min_value=today - timedelta(days=30),
            max_value=today,
            format="YYYY-MM-DD",
            key=key("sheet", "terms-on", each.source.id),
        )
        effect = st.text_area(
            "对服务的影响",
            effect_words(each.rate),
            key=key("sheet", "effect", each.source.id, each.rate.a_day, each.rate.pace),
            height=120,
            max_chars=2_000,
        )
        show(
            fill(
                '<div class="kb-note"><b>停止条件</b>{stops}</div>',
                stops=join(fill("<p>{stop}</p>", stop=stop.zh) for stop in STOPS),
            )
        )
        allows = st.checkbox(
            "robots.txt 不允许的页面，仍由本人决定采集并负责",
            key=key("sheet", "allows", each.source.id),
        )
        one, two, _ = st.columns([2, 2, 3])
        password = code = ""
        if account.password_hash:
            password = one.text_input(
                "本人密码", type="password", key=key("sheet", "password"), autocomplete="off"
            )
            if needs_code(services().begin_reading, account):
                code = two.text_input(
                    "动态验证码", key=key("sheet", "code"), max_chars=8, autocomplete="off"
                )
        if not st.form_submit_button(
            f"以「{account.name}」签署", type="primary", disabled=robots is None
        ):
            return
    if robots is None or read_on is None:
        return
    wanted = Sheet(
        source_id=each.source.id,
        purpose=purpose or "",
        robots=robots,
        rate=each.rate,
        terms_url=terms or "",
        terms_read_on=read_on,
        effect=effect or "",
        allows_disallowed=allows,
    )
    hand = Hand(account.id, password or "", code or "", st.context.ip_address or "", _unseal)
    attempt(
        partial(
            sign,
            services().begin_work,
            wanted,
            hand,
            door=Door(services().begin_work, _PASSWORDS),
            pacing=pacing(),
            at=now(),
        ),
        "已签署，立即生效",
        then=_forget_robots,
    )


def _unseal(sealed: bytes) -> str:
    return services().masker.unseal(sealed)


def _forget_robots(signed: Assessment) -> None:
    st.session_state.pop(key("robots", signed.source_id), None)


def _signers() -> str:
    with services().begin_reading() as work:
        accounts = work.accounts.all()
    wanted: frozenset[Role] = PERMITTED[Permission.SIGN_SOURCE]
    names = [
        account.name
        for account in accounts
        if account.state is AccountState.ACTIVE and account.roles & wanted
    ]
    return "、".join(names) or "目前没有人有这个角色"


def _history(each: SourceSheet) -> None:
    with services().begin_reading() as work:
        history = work.assessments.history(each.source.id)
    if not history:
        return
    with card("history"):
        section("已签署", "至少保存到失效后三年；导出会记入审计")
        for sheet in history:
            newest = sheet is history[0]
            _signed(sheet, each.standing.lapse if newest else None, newest=newest)


def _signed(sheet: Assessment, lapse: Lapse | None, *, newest: bool) -> None:
    left, right = st.columns([6, 2], vertical_alignment="top")
    with left:
        show(
            fill(
                "<details><summary><b>{id}</b> {who} {when} · {decision} {state}</summary>"
                '<table class="kb-table kb-pairs"><tbody>{rows}</tbody></table></details>',
                id=sheet.id,
                who=sheet.signed_name,
                when=full_time(sheet.signed_at, zone()),
                decision=decision_words(sheet.allows_disallowed),
                state=_state(sheet, lapse, newest=newest),
                rows=join(
                    fill("<tr><th>{n}</th><td>{v}</td></tr>", n=line.name, v=line.value)
                    for line in lines_of(sheet, zone(), lapse)
                ),
            )
        )
    with right, st.container(horizontal=True, horizontal_alignment="right", gap="small"):
        st.download_button(
            "导出",
            markdown_of(sheet, zone(), lapse),
            file_name=f"{sheet.id}.md",
            mime="text/markdown",
            key=key("sheet", "export", sheet.id),
            on_click=partial(note_export, services().begin_work, me().id, sheet, now()),
        )
        if newest and sheet.withdrawn_at is None and i_may(Permission.SIGN_SOURCE):
            with st.popover("撤回"):
                why = st.text_input("理由", key=key("sheet", "why", sheet.id))
                if st.button("撤回评估", key=key("sheet", "withdraw", sheet.id)):
                    attempt(
                        partial(
                            withdraw,
                            services().begin_work,
                            me().id,
                            sheet.id,
                            reason=why or "",
                            expected_version=sheet.version,
                            at=now(),
                        ),
                        "已撤回；正在进行的采集在下一页停止",
                    )


def _state(sheet: Assessment, lapse: Lapse | None, *, newest: bool) -> Markup:
    if lapse is not None or sheet.withdrawn_at is not None:
        told = word(lapse or Lapse.WITHDRAWN).zh
        return fill('<span class="kb-bad">{told}</span>', told=told)
    if not newest:
        return fill('<span class="kb-quiet">已由新的评估取代</span>')
    until = f"{sheet.valid_until.astimezone(zone()):%Y-%m-%d}"
    return fill('<span class="kb-quiet">有效期至 {until}</span>', until=until)
