"""What is said of looks that wait for the mention store, and of mentions that it refused."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from domain.errors import Text
from domain.spool import SpoolStanding
from presentation.formats import near_time
from presentation.wording import Reason

GRAVE_AFTER: Final = timedelta(minutes=5)
"""What waits longer is said on the first page: alerts do not see it."""


def waiting_words(
    spools: Sequence[SpoolStanding], now: datetime, zone: ZoneInfo, *, away: bool
) -> Reason | None:
    """Return what waits and what helps; None when nothing does and the store is there.

    `away`: the mention store does not answer at this moment.
    """
    looks = sum(spool.looks for spool in spools)
    if not looks:
        return _NOTHING_WAITS if away else None
    since = near_time(min(spool.oldest_at for spool in spools), now, zone)
    if away:
        return Reason(
            Text(
                f"内容库不可达，{looks} 次抓取结果暂存在采集机本地，恢复后自动补入；最早 {since}",
                f"the mention store is away: {looks} looks wait on the crawling machine and go in"
                f" by themselves when it is back; the oldest since {since}",
            ),
            _MEND,
        )
    return Reason(
        Text(
            f"{looks} 次抓取结果正在补入内容库；最早 {since}",
            f"{looks} looks are going into the mention store; the oldest since {since}",
        ),
        Text(
            "补完之前，这些时段不参与预警；长时间不减少时运行 koubei spool drain",
            "until then alerts leave these hours out; if it does not shrink: koubei spool drain",
        ),
    )


def refused_words(dead_letters: int) -> Reason | None:
    """Return what the store refused and what helps; None when it refused nothing."""
    if not dead_letters:
        return None
    return Reason(
        Text(
            f"{dead_letters} 条内容被内容库拒收，原文已保存",
            f"the store refused {dead_letters} mentions; they are kept whole",
        ),
        Text(
            "在「采集」页或用 koubei dead-letters 查看原因，重试或丢弃",
            "see why on the page 采集 or with koubei dead-letters, then retry or drop",
        ),
    )


_MEND: Final = Text(
    "运行 koubei doctor 检查内容库；在它恢复之前，新内容不进图表和预警",
    "check it with koubei doctor; until it is back charts and alerts see nothing new",
)
_NOTHING_WAITS: Final = Reason(
    Text("内容库不可达", "the mention store is away"),
    _MEND,
)
