"""A report as files: page, Word, PDF, workbook; what cannot be made here is named, not missed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from delivery.report.appendix import render_workbook
from delivery.report.mail import render_report
from delivery.report.page import render_page
from delivery.report.pictures import pictures_of
from delivery.report.word import render_word
from domain.account import Account
from domain.brand import Configuration
from domain.errors import DependencyMissing, KoubeiError, Text
from domain.outbox import Rendered
from domain.ports import MentionStore
from domain.report import Query, Report, ReportKind
from domain.sentiment import Label
from presentation.hostile import excerpt
from presentation.notices import notice
from presentation.report_view import ReportView

NO_PICTURES = Text(
    "没有图表：本机未装 vl-convert，表格完整",
    "no charts: vl-convert is missing; the tables are whole",
)


@dataclass(frozen=True, slots=True)
class Look:
    """How reports look on this installation."""

    language: str = "zh"
    public_url: str = ""
    template: Path | None = None

    def view(self, report: Report, configuration: Configuration) -> ReportView:
        """Return the words of a report."""
        return ReportView(report, configuration.report, self.public_url, self.language)

    def mail(self, report: Report, configuration: Configuration) -> Rendered:
        """Return a report as mail."""
        view = self.view(report, configuration)
        return render_report(view, pictures_of(report.snapshot, self.language))

    def reminder(self, report: Report, account: Account) -> Rendered:
        """Return the mail that tells of a new draft."""
        brand = excerpt(report.snapshot.brand_name, 40)
        code = report.snapshot.period.code
        return notice(
            Text(
                f"【口碑周报】{brand} {code} 草稿待补充与审核",
                f"[Koubei] {brand} {code}: draft report",
            ),
            [
                Text(f"{account.name}，您好：", f"Hello {account.name},"),
                Text(
                    f"{brand} {code} 的周报草稿已生成。请填写「研判与建议」；"
                    "由另一位同事审核后才能发送。",
                    f"the weekly draft of {brand}, {code}, is there. Please fill in the "
                    "assessment; somebody else then reviews it before it can go out.",
                ),
            ],
            language=self.language,
            link=f"{self.public_url}/reports?id={report.id}" if self.public_url else "",
        )


@dataclass
class Built:
    """Files by name, and what was left out with its reason."""

    files: dict[str, bytes] = field(default_factory=dict)
    left_out: list[tuple[str, Text]] = field(default_factory=list)


PrintPdf = Callable[[str], bytes]
"""Prints a page; raises DependencyMissing without a browser."""


def build_files(
    report: Report,
    configuration: Configuration,
    store: MentionStore,
    look: Look,
    print_pdf: PrintPdf,
) -> Built:
    """Return every file of a report. A part that is not installed is left out and named; a Word
    template that is wrong is an error (ConfigurationError).
    """
    view = look.view(report, configuration)
    pictures = pictures_of(report.snapshot, look.language)
    built = Built()
    if not pictures and report.kind is ReportKind.WEEK:
        built.left_out.append(("PNG", NO_PICTURES))
    built.files[f"{report.id}.html"] = render_page(view, pictures).encode()
    makers: Mapping[str, Callable[[], bytes]] = {
        "docx": lambda: render_word(view, pictures, look.template),
        "pdf": lambda: print_pdf(render_page(view, pictures, with_font=True)),
        "xlsx": lambda: render_workbook(view, store.scan(negatives_of(report).as_filter())),
    }
    for ending, make in makers.items():
        try:
            built.files[f"{report.id}.{ending}"] = make()
        except DependencyMissing as error:
            built.left_out.append((ending, _why(error)))
    return built


def negatives_of(report: Report) -> Query:
    """Return the query of the period's negatives."""
    whole = report.snapshot.tally.query
    return Query(whole.brand_id, whole.start, whole.end, whole.platforms, (Label.NEGATIVE,))


def _why(error: KoubeiError) -> Text:
    return Text(error.sentence("zh"), error.sentence("en"))
