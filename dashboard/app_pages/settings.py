"""设置: people, rules, models, duty, channels, the trail, the state of the machine."""

from collections.abc import Callable, Mapping

from dashboard.state import i_may, require_page
from dashboard.widgets.filters import switch
from dashboard.widgets.frame import head
from dashboard.widgets.settings import (
    accounts,
    audit,
    configuration,
    health,
    mails,
    model,
    notices,
    own_account,
    rules,
    sources,
)
from workflow.permissions import Permission

_PARTS: Mapping[str, tuple[str, Permission, Callable[[], None]]] = {
    "me": ("我的账号", Permission.REPORT_LEAD, own_account.show_part),
    "people": ("人员", Permission.MANAGE_ACCOUNTS, accounts.show_part),
    "rules": ("预警规则", Permission.READ, rules.show_part),
    "sources": ("来源", Permission.READ, sources.show_part),
    "model": ("模型", Permission.READ, model.show_part),
    "notices": ("值班与通知", Permission.READ, notices.show_part),
    "mails": ("发件箱", Permission.READ, mails.show_part),
    "audit": ("审计", Permission.READ_AUDIT, audit.show_part),
    "health": ("体检", Permission.EDIT_SETTINGS, health.show_part),
    "all": ("全部配置", Permission.EDIT_SETTINGS, configuration.show_part),
}


def page() -> None:
    """Draw the page: one part of those that the reader may see."""
    require_page(Permission.REPORT_LEAD)
    seen = {code: words for code, (words, needed, _) in _PARTS.items() if i_may(needed)}
    first = next(iter(seen))
    with head("设置"):
        chosen = switch("部分", "part", seen, default=first)
    _PARTS[chosen if chosen in seen else first][2]()


page()
