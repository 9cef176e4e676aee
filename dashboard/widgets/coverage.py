"""How hours were looked at, as a strip of small cells; grey stands for what nobody looked at."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from markupsafe import Markup

from dashboard.widgets.html import fill, join
from domain.coverage import CoverageState
from domain.mention import Platform
from monitoring.crawl_view import SeenHour
from presentation.formats import short_time
from presentation.wording import reason, word


def coverage_strip(hours: Sequence[SeenHour], platform: Platform, zone: ZoneInfo) -> Markup:
    """Return a cell an hour, the oldest first; hovering tells the hour, its state and why."""
    cells = join(_cell(hour, platform, zone) for hour in hours)
    return fill(
        '<span class="kb-strip" role="img" aria-label="{told}">{cells}</span>',
        told=_told(hours),
        cells=cells,
    )


def state_mark(state: CoverageState | None) -> Markup:
    """A coloured point with the word of a look's state."""
    if state is None:
        return fill('<span class="kb-state kb-state-none">未采集</span>')
    return fill(
        '<span class="kb-state kb-state-{code}">{word}</span>',
        code=state.value,
        word=word(state).zh,
    )


def _cell(hour: SeenHour, platform: Platform, zone: ZoneInfo) -> Markup:
    state = word(hour.state).zh if hour.state else "未采集"
    why = f"：{reason(hour.reason, platform).text.zh}" if hour.reason else ""
    return fill(
        '<i class="kb-hour-{code}" title="{when} {state}{why}"></i>',
        code=hour.state.value if hour.state else "none",
        when=short_time(hour.start, zone),
        state=state,
        why=why,
    )


def _told(hours: Sequence[SeenHour]) -> str:
    read = sum(h.state in {CoverageState.OK, CoverageState.EMPTY} for h in hours)
    return f"近 {len(hours)} 小时中 {read} 小时采全"
