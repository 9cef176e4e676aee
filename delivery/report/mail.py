"""A report as mail: HTML that is whole without its pictures, and plain text."""

from collections.abc import Sequence

from delivery.report.pictures import Picture
from delivery.report.templating import fill, inlined
from domain.outbox import Rendered
from presentation.report_view import ReportView


def render_report(view: ReportView, pictures: Sequence[Picture] = ()) -> Rendered:
    """Return the mail of a report; the same report and pictures give the same bytes."""
    shown = {picture.name: picture for picture in pictures}
    return Rendered(
        subject=view.subject,
        text=fill("report.txt.j2", view).strip() + "\n",
        html=inlined(fill("report.html.j2", view, pictures=shown)),
        images=tuple((f"{picture.name}@koubei", picture.png) for picture in pictures),
    )
