"""我的账号: who I am here, and where I am logged in."""

from dashboard.services import services
from dashboard.state import me, now, zone
from dashboard.widgets.badges import tag
from dashboard.widgets.frame import card, section
from dashboard.widgets.html import fill, join, show
from presentation.formats import near_time
from presentation.wording import word


def show_part() -> None:
    """Draw it. What concerns passwords happens on the login service's own pages."""
    account = me()
    with services().begin_reading() as work:
        sessions = [s for s in work.accounts.sessions_of(account.id) if s.is_alive(now())]
    with card("me"):
        section(account.name, account.login)
        roles = join((tag(word(role).zh) for role in sorted(account.roles)), " ")
        show(fill('<div class="kb-row">{roles}</div>', roles=roles))
        show(
            fill(
                '<p class="kb-quiet">角色由管理员分配；需要调整时请联系管理员。</p>'
                '<p><a href="/account" target="_self">修改密码与两步验证</a></p>'
            )
        )
    with card("sessions"):
        section("登录中的设备", "闲置 30 分钟、最长 10 小时后自动退出")
        for session in sessions:
            show(
                fill(
                    '<div class="kb-row kb-num"><span>登录于 {began}</span>'
                    '<span class="kb-quiet">最近活动 {seen}</span></div>',
                    began=near_time(session.began_at, now(), zone()),
                    seen=near_time(session.seen_at, now(), zone()),
                )
            )
