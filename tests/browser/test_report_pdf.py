"""Printing a report with a real browser: no script runs, nothing is asked of the network."""

import http.server
import os
import re
import shutil
import subprocess
import threading

import pytest

from browser.find import find_browser
from browser.pdf import print_pdf
from delivery.report.page import render_page
from delivery.report.pictures import pictures_of
from domain.errors import BrowserMissing
from domain.report import Period, ReportKind
from presentation.report_view import ReportView
from tests.fixtures.reports import WEEK, ZONE, a_report

pytestmark = pytest.mark.browser


@pytest.fixture(name="found", scope="module")
def make_found():
    try:
        return find_browser(os.environ.get("KOUBEI_BROWSER"))
    except BrowserMissing as missing:
        pytest.skip(missing.sentence("en"))


def text_of(pdf: bytes) -> str:
    if shutil.which("pdftotext") is None:
        pytest.skip("needs pdftotext; mend: apt-get install poppler-utils")
    done = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True)
    return done.stdout.decode()


def pages_of(pdf: bytes) -> int:
    return text_of(pdf).count("\f")


def view(period=WEEK):
    return ReportView(a_report(period), public_url="https://koubei.example")


def test_the_weekly_report_prints_with_its_figures_and_page_numbers(found):
    week = view()
    pdf = print_pdf(render_page(week, pictures_of(week.s), with_font=True), found, dict(os.environ))
    assert pdf.startswith(b"%PDF-")
    text = text_of(pdf)
    for told in ("网络口碑周报", "905", "A-20261121-03", "研判与建议"):
        assert told in text
    assert re.search(r"1\s*/\s*\d", text)


def test_a_daily_report_with_a_signal_and_a_case_is_one_page(found):
    day = view(Period.holding(ReportKind.DAY, WEEK.last_day, ZONE))
    assert pages_of(print_pdf(render_page(day, with_font=True), found, dict(os.environ))) == 1


def test_a_page_runs_no_script_and_reaches_no_network(found):
    asked = []

    class Notes(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Notes)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    page = (
        f'<p id="a">before</p><img src="{address}/x.png"><link rel="stylesheet" href="{address}/x">'
        f'<script>document.getElementById("a").textContent = "ran"</script>'
        f'<iframe src="{address}/frame"></iframe>'
    )
    try:
        text = text_of(print_pdf(page, found, dict(os.environ)))
    finally:
        server.shutdown()
        server.server_close()
    assert "before" in text
    assert "ran" not in text
    assert asked == []
