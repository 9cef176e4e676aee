"""What stands in the way of waking anybody, in one line on the first page."""

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from dashboard.widgets.html import fill, join, show
from monitoring.attention import Concern, Notice

_PAGES: Final = {
    Concern.MAIL: "/settings?part=mails",
    Concern.DUTY: "/settings?part=notices",
    Concern.SILENCE: "/settings?part=notices",
    Concern.COLLECTING: "/crawl",
}


def attention(notices: Sequence[Notice]) -> None:
    """Show the notices, each leading to where it is mended; nothing takes no room."""
    if notices:
        show(fill('<p class="kb-attention">{all}</p>', all=join(map(_notice, notices))))


def _notice(notice: Notice) -> Markup:
    return fill(
        '<a class="{tone}" href="{page}" target="_self">{text}</a>',
        tone="kb-grave" if notice.grave else "",
        page=_PAGES[notice.concern],
        text=notice.text.zh,
    )
