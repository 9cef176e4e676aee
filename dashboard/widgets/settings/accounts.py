"""人员: who works here, as what. The one who manages never learns a password."""

from collections.abc import Callable

import streamlit as st

from dashboard.services import services
from dashboard.state import key, me, now, zone
from dashboard.widgets.badges import tag
from dashboard.widgets.confirm import confirm
from dashboard.widgets.frame import card, section
from dashboard.widgets.html import NOTHING, fill, join, show
from dashboard.widgets.notices import done, refused
from domain.account import Account, AccountState, Role
from domain.errors import KoubeiError
from presentation.formats import near_time
from presentation.wording import word
from workflow.accounts import (
    House,
    OneTimeLink,
    disable,
    enable,
    end_sessions,
    invite,
    list_accounts,
    reset,
    set_roles,
)
from workflow.role_presets import PRESETS, TeamSize

_LINK = key("people", "link")


def show_part() -> None:
    """Draw the list of people and the invitation."""
    _show_link()
    with card("people"):
        accounts = list_accounts(services().begin_reading, me().id)
        section("人员", "同一个人不能审批自己拟的稿，团队至少要有两个账号")
        for account in accounts:
            _person(account)
    with card("invite"):
        _invite()


def _person(account: Account) -> None:
    left, right = st.columns([8, 1], vertical_alignment="center")
    with left:
        show(
            fill(
                '<div class="kb-row"><b>{name}</b><span class="kb-quiet">{login}</span>{off}'
                "{roles}</div>",
                name=account.name,
                login=account.login,
                off=NOTHING
                if account.state is AccountState.ACTIVE
                else fill('<span class="kb-bad">已停用</span>'),
                roles=join((tag(word(role).zh) for role in sorted(account.roles)), " "),
            )
        )
    with right, st.popover("管理", width="stretch"):
        _manage(account)


def _manage(account: Account) -> None:
    chosen = st.multiselect(
        "角色",
        list(Role),
        sorted(account.roles),
        format_func=lambda role: word(role).zh,
        key=key("roles", account.id, account.version),
        placeholder="没有角色的账号什么都看不到",
    )
    if st.button("保存角色", key=key("save-roles", account.id), width="stretch"):
        _act(
            lambda: set_roles(
                services().begin_work,
                me().id,
                account.id,
                chosen,
                expected_version=account.version,
                at=now(),
                house=_house(),
            ),
            "角色已更新，立即生效",
        )
    if account.state is AccountState.DISABLED:
        if st.button("启用账号", key=key("enable", account.id), width="stretch"):
            _act(
                lambda: enable(
                    services().begin_work,
                    me().id,
                    account.id,
                    expected_version=account.version,
                    at=now(),
                ),
                "已启用",
            )
        return
    if st.button("重置登录（发一次性链接）", key=key("reset", account.id), width="stretch"):
        _act(
            lambda: _keep_link(
                reset(services().begin_work, me().id, account.id, at=now(), house=_house())
            ),
            "旧密码与会话已失效",
        )
    if st.button("结束所有会话", key=key("end", account.id), width="stretch"):
        _act(
            lambda: end_sessions(services().begin_work, me().id, account.id, at=now()),
            "会话已结束",
        )
    reason = st.text_input("停用原因", key=key("why", account.id), placeholder="例如：已离职")
    if st.button("停用账号", key=key("disable", account.id), width="stretch"):
        confirm(
            f"disable-{account.id}",
            "停用账号",
            f"{account.name} 将立即退出并不能再登录；其历史操作仍留在审计中。",
            lambda: _act(
                lambda: disable(
                    services().begin_work,
                    me().id,
                    account.id,
                    expected_version=account.version,
                    reason=reason,
                    at=now(),
                ),
                "已停用",
            ),
            yes="停用",
        )


def _invite() -> None:
    section("邀请", "对方用一次性链接自己设置密码；链接只显示这一次")
    presets = {
        f"{'小组' if size is TeamSize.SMALL else '大组'} · {each.name.zh}": each
        for size in TeamSize
        for each in PRESETS[size]
    }
    with st.form(key("invite"), border=False, clear_on_submit=False, enter_to_submit=False):
        first, second, third, fourth = st.columns([2, 2, 3, 3])
        name = first.text_input("姓名", key=key("invite", "name"), placeholder="王小明")
        login = second.text_input("登录名", key=key("invite", "login"), placeholder="wangxm")
        address = third.text_input(
            "邮箱（可选，链接也会寄到这里）", key=key("invite", "address"), placeholder="可以留空"
        )
        chosen = fourth.selectbox("岗位", list(presets), key=key("invite", "preset"))
        show(
            fill(
                '<span class="kb-quiet">{duties}</span>',
                duties=presets[chosen].duties.zh,
            )
        )
        if st.form_submit_button("邀请", type="primary"):
            _act(
                lambda: _keep_link(
                    invite(
                        services().begin_work,
                        me().id,
                        login=login,
                        name=name,
                        roles=presets[chosen].roles,
                        address=address,
                        at=now(),
                        house=_house(),
                    )
                ),
                "账号已建立",
            )


def _keep_link(link: OneTimeLink) -> None:
    st.session_state[_LINK] = link


def _show_link() -> None:
    link = st.session_state.pop(_LINK, None)
    if link is None:
        return
    with card("link"):
        section(
            f"给 {link.account.name} 的一次性链接", "离开本页后不再显示，请当面或用可信渠道转交"
        )
        st.code(link.url, language=None, wrap_lines=True)
        show(
            fill(
                '<span class="kb-quiet">{until} 前有效，用过即失效</span>',
                until=near_time(link.expires_at, now(), zone()),
            )
        )


def _act(act: Callable[[], object], words: str) -> None:
    try:
        act()
    except KoubeiError as error:
        refused(error)
        return
    done(words)
    st.rerun()


def _house() -> House:
    return House(services().settings.public_url)
