"""Settings in, what reports need out: how they look, who prints them, what the timetable wants."""

from zoneinfo import ZoneInfo

from domain.errors import BrowserMissing, Text
from monitoring.report_files import Look, PrintPdf
from monitoring.report_schedule import Press
from runtime.child_environment import child_environment
from runtime.extras import require
from runtime.settings import Settings


def report_look(settings: Settings) -> Look:
    """Return the look of this installation's reports."""
    return Look(settings.language, settings.public_url, settings.report.template)


def report_press(settings: Settings) -> Press:
    """Return what the timetable makes reports with."""
    look = report_look(settings)
    return Press(ZoneInfo(settings.timezone), render=look.mail, remind=look.reminder)


def pdf_printer(settings: Settings) -> PrintPdf:
    """Return what prints a page to PDF; it raises DependencyMissing where there is no browser."""

    def print_page(html: str) -> bytes:
        if not settings.browser.enabled:
            raise BrowserMissing(
                Text("浏览器已停用（browser.enabled = false）", "browser.enabled is false"),
                place="PDF",
            )
        require("crawl")
        from browser.find import find_browser
        from browser.pdf import print_pdf

        path = settings.browser.path
        found = find_browser(str(path) if path else None)
        return print_pdf(html, found, child_environment())

    return print_page
