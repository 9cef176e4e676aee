"""The charts of a report as pictures, where the renderer is installed."""

from dataclasses import dataclass

from delivery.charts import can_draw, png
from domain.report import ReportKind, Snapshot
from presentation.charts import Chart
from presentation.report_charts import days_chart, heat_chart


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart: its name, the PNG, and the same in a sentence."""

    name: str
    png: bytes
    alt: str


def pictures_of(snapshot: Snapshot, language: str = "zh") -> tuple[Picture, ...]:
    """Return the pictures of a report; none where they cannot be drawn: the tables say it all."""
    if not can_draw() or snapshot.period.kind is not ReportKind.WEEK:
        return ()
    return (
        _picture("days", days_chart(snapshot, language)),
        _picture("heat", heat_chart(snapshot)),
    )


def _picture(name: str, chart: Chart) -> Picture:
    return Picture(name, png(chart.spec), chart.alt)
