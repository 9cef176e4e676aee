"""The logins at the platforms: whose, until when, and the one step that mends one that ended."""

from collections.abc import Mapping, Sequence
from typing import Final

from markupsafe import Markup

from dashboard.state import now, zone
from dashboard.widgets.frame import card, section
from dashboard.widgets.html import NOTHING, fill, show
from domain.coverage import CoverageState
from domain.session import EXPIRED, SessionState
from monitoring.crawl_view import SessionView
from presentation.formats import duration, near_time
from presentation.wording import session_ending, word

_LOOKS_LIKE: Final[Mapping[SessionState, str]] = {
    SessionState.VALID: CoverageState.OK.value,
    SessionState.EXPIRING: CoverageState.PARTIAL.value,
    SessionState.ENDED: CoverageState.BLOCKED.value,
    SessionState.NONE: "none",
}


def logins(sessions: Sequence[SessionView]) -> None:
    """Draw a line a platform; nothing where nothing is read."""
    if not sessions:
        return
    with card("logins"):
        section("平台登录", "由本人登录，密封保存；没有登录时按访客读取")
        for each in sessions:
            show(_login(each))


def _login(each: SessionView) -> Markup:
    return fill(
        '<div class="kb-login"><b>{platform}</b>'
        '<span class="kb-state kb-state-{code}">{state}</span>{facts}{mend}</div>',
        platform=word(each.platform).zh,
        code=_LOOKS_LIKE[each.state],
        state=word(each.state).zh,
        facts=fill('<span class="kb-quiet kb-num">{told}</span>', told=" · ".join(_facts(each))),
        mend=_mend(each),
    )


def _facts(each: SessionView) -> list[str]:
    session, moment = each.session, now()
    if session is None or each.state is SessionState.NONE:
        return [f"需要登录才能看到的内容读不到；管理员可在运行口碑的机器上执行 {_command(each)}"]
    facts = [
        each.owner,
        f"{near_time(session.stored_at, moment, zone())} 登录",
        f"已用 {duration(moment - session.stored_at, 'zh')}",
    ]
    if session.ended_at is not None:
        facts[-1] = f"{near_time(session.ended_at, moment, zone())} 失效"
    elif session.expires_at is not None:
        facts.append(f"{near_time(session.expires_at, moment, zone())} 到期")
    return facts


def _mend(each: SessionView) -> Markup:
    """What is the matter, and the one step with who takes it."""
    session = each.session
    if session is None or each.state in {SessionState.VALID, SessionState.NONE}:
        return NOTHING
    fact = "到期后按访客读取"
    if each.state is SessionState.ENDED:
        fact = session_ending(session.ended_reason or EXPIRED, each.platform).zh
    return fill(
        '<div class="kb-why"><b>{fact}</b>'
        "<span>请{owner}在运行口碑的机器上执行 {command}</span></div>",
        fact=fact,
        owner=f" {each.owner} " if each.owner.isascii() else each.owner,
        command=_command(each),
    )


def _command(each: SessionView) -> str:
    return f"koubei login {each.platform.value}"
