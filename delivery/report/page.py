"""A report as one page that needs nothing else: for reading, and for printing to PDF."""

import base64
from collections.abc import Sequence
from functools import cache

from delivery.fonts import BOLD, REGULAR
from delivery.report.pictures import Picture
from delivery.templating import environment
from presentation.report_view import ReportView


def render_page(
    view: ReportView, pictures: Sequence[Picture] = (), *, with_font: bool = False
) -> str:
    """Return HTML with its pictures inside, and the font where it is to be printed anywhere; it
    names no address that would be fetched.
    """
    shown = {
        picture.name: {"data": base64.b64encode(picture.png).decode("ascii"), "alt": picture.alt}
        for picture in pictures
    }
    fonts = _fonts() if with_font else {}
    template = environment().get_template("report_page.html.j2")
    return template.render(r=view, t=view.t, pictures=shown, fonts=fonts)


@cache
def _fonts() -> dict[str, str]:
    files = {"regular": REGULAR, "bold": BOLD}
    return {n: base64.b64encode(path.read_bytes()).decode("ascii") for n, path in files.items()}
