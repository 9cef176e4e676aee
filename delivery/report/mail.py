"""A report as mail: HTML that is whole without its pictures, and plain text."""

from collections.abc import Sequence

from delivery.report.pictures import Picture
from delivery.templating import environment, inliner
from domain.outbox import Rendered
from presentation.report_view import ReportView


def render_report(view: ReportView, pictures: Sequence[Picture] = ()) -> Rendered:
    """Return the mail of a report; the same report and pictures give the same bytes."""
    shown = {picture.name: picture for picture in pictures}
    page = environment().get_template("report.html.j2").render(r=view, t=view.t, pictures=shown)
    return Rendered(
        subject=view.subject,
        text=environment().get_template("report.txt.j2").render(r=view, t=view.t).strip() + "\n",
        html=inliner().inline(page),
        images=tuple((f"{picture.name}@koubei", picture.png) for picture in pictures),
    )
