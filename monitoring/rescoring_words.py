"""How far judging history again has come, in words."""

from zoneinfo import ZoneInfo

from domain.errors import Text
from domain.model_run import ModelRun
from presentation.formats import short_time


def under_way(run: ModelRun | None) -> Text | None:
    """Return `历史重算中 43%`, None when nothing is judged again."""
    if run is None or run.finished_at is not None:
        return None
    return Text(f"历史重算中 {run.share:.0%}", f"judging history again, {run.share:.0%}")


def run_words(run: ModelRun, zone: ZoneInfo, *, in_use: bool = True) -> Text:
    """Return a run in one line; `in_use`: no other model came into use since."""
    begun = short_time(run.began_at, zone)
    left = Text(
        f"，{run.left:,} 条无法重算（所转发的原文未存）" if run.left else "",
        f", {run.left:,} could not be judged (what they repost is not stored)" if run.left else "",
    )
    since = Text(
        f"，只重算 {short_time(run.since, zone)} 之后" if run.since else "",
        f", nothing before {short_time(run.since, zone)}" if run.since else "",
    )
    if run.finished_at is None and not in_use:
        return Text(
            f"{run.model_id}：{begun} 启用，历史重算到 {run.share:.0%} 时换了模型"
            f"，改变 {run.changed:,} 条{left.zh}{since.zh}",
            f"{run.model_id}: in use since {begun}, another model came when {run.share:.0%} of the "
            f"history were judged again, {run.changed:,} changed{left.en}{since.en}",
        )
    if run.finished_at is None:
        return Text(
            f"{run.model_id}：{begun} 启用，历史重算中 {run.share:.0%}"
            f"（{run.seen:,}/{run.total:,} 条），改变 {run.changed:,} 条{left.zh}{since.zh}",
            f"{run.model_id}: in use since {begun}, judging history again, {run.share:.0%} "
            f"({run.seen:,} of {run.total:,}), {run.changed:,} changed{left.en}{since.en}",
        )
    ended = short_time(run.finished_at, zone)
    return Text(
        f"{run.model_id}：{begun} 启用，历史 {run.seen:,} 条已于 {ended} 重算完，"
        f"改变 {run.changed:,} 条{left.zh}{since.zh}",
        f"{run.model_id}: in use since {begun}, {run.seen:,} of the history judged again by "
        f"{ended}, {run.changed:,} changed{left.en}{since.en}",
    )
