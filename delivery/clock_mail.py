"""The mail that warns of a clock: which duty, how long is left, who has it, what to do."""

from zoneinfo import ZoneInfo

from delivery.letter import Letter, render_letter
from domain.brand import Level
from domain.clock_warning import ClockWarning, WarnedAs
from domain.clocks import ClockName
from domain.errors import Text
from domain.outbox import Rendered
from domain.work_calendar import missing_year_warning
from presentation import formats
from presentation.hostile import clean_line, quotation
from presentation.wording import word

_TO_DO = {
    ClockName.ACKNOWLEDGE: Text("请认领工单", "take the case"),
    ClockName.ACK_TIMEOUT: Text(
        "请确认定级并开始核实，或退还工单", "grade it and begin verification, or give it back"
    ),
    ClockName.REPORT_LEAD: Text("请上报值班长", "report it to the duty lead"),
    ClockName.REPORT_EXECUTIVE: Text("请填写上报单并上报分管领导", "report it to the executive"),
    ClockName.FACT_SHEET: Text("请完成核实单", "complete the fact sheet"),
    ClockName.FIRST_RESPONSE: Text(
        "请首次对外回应，或书面决定不回应", "give a first answer, or decide not to answer"
    ),
    ClockName.FOLLOW_UP: Text("请跟进并记录进展", "follow up and note it"),
    ClockName.WATCH_WINDOW: Text("观察期未满", "still being watched"),
    ClockName.REVIEW: Text("请完成复盘", "write the review"),
    ClockName.COMPLAINT_REPLY: Text("请首次答复投诉人", "give the complainant a first reply"),
    ClockName.COMPLAINT_UPDATE: Text("请向投诉人告知进展", "tell the complainant how it goes"),
    ClockName.COMPLAINT_SOLUTION: Text("请给出解决方案并办结", "solve the complaint"),
}

_WHY = {
    WarnedAs.OWNER: Text("您是该工单的负责人", "the case is yours"),
    WarnedAs.DUTY_LEAD: Text("您是值班长", "you are a duty lead"),
    WarnedAs.APPROVER: Text("时限已超，抄送审批 L2", "it is overdue, and you are an approver L2"),
    WarnedAs.FALLBACK: Text(
        "没有可通知的负责人或值班长，因此发给预警收件人",
        "no owner or duty lead has an address, so alert recipients are told",
    ),
}


def render_clock_warning(warning: ClockWarning, language: str = "zh") -> Rendered:
    """Return the mail of a warning in `language` (`zh` or `en`)."""
    return render_letter(_Words(warning, language).letter)


class _Words:
    def __init__(self, warning: ClockWarning, language: str) -> None:
        self._warning = warning
        self._language = language
        self._zone = ZoneInfo(warning.zone_name)
        self._clock = self._in_language(word(warning.reading.name))

    @property
    def letter(self) -> Letter:
        """All words of the mail."""
        warning, case = self._warning, self._warning.case
        brand = quotation(warning.brand_name, 24)
        told = f"{self._clock}{self._t('，', ', ')}{self._left}"
        missing = warning.reading.missing_years
        notes = [
            self._t("收件原因：", "Why you got this: ") + self._in_language(_WHY[warning.warned_as])
        ]
        if missing:
            notes.insert(0, self._in_language(missing_year_warning(missing)))
        return Letter(
            language=self._language,
            subject=f"【{self._badge}】{brand} {told}|{clean_line(case.id)}",
            tone=warning.reading.level.value,
            badge=self._badge,
            mark=f"{case.id} · {formats.full_time(warning.at, self._zone)}",
            headline=f"{self._clock}{self._t('：', ': ')}{self._left}",
            sentences=(f"{self._in_language(_TO_DO[warning.reading.name])}{self._t('。', '.')}",),
            rows=self._rows,
            notes=tuple(notes),
            button=self._t("打开工单", "Open the case"),
            url=f"{warning.public_url}/case?id={clean_line(case.id)}" if warning.public_url else "",
            demo=warning.demo,
        )

    @property
    def _rows(self) -> tuple[tuple[str, str], ...]:
        warning, case = self._warning, self._warning.case
        owner = warning.owner or self._t("无人负责", "nobody")
        return (
            (self._t("工单", "Case"), quotation(case.title, 60)),
            (self._t("级别", "Level"), self._level),
            (self._t("负责人", "Owner"), quotation(owner, 30)),
            (self._t("起算", "Since"), formats.full_time(warning.reading.started_at, self._zone)),
            (self._t("时限", "Due"), self._due),
        )

    @property
    def _badge(self) -> str:
        if self._warning.threshold >= 100:
            return self._t("时限已超", "Overdue")
        return self._t(
            f"时限已过 {self._warning.threshold}%",
            f"{self._warning.threshold}% of the time is gone",
        )

    @property
    def _level(self) -> str:
        level = self._warning.reading.level
        runs = (
            self._t("全天计时", "runs day and night")
            if level in {Level.RED, Level.ORANGE}
            else self._t("按工作日历计时", "runs in working time")
        )
        return f"{self._in_language(word(level))}{self._t('，', ', ')}{runs}"

    @property
    def _due(self) -> str:
        due = self._warning.reading.due_at
        if due is None:
            return ""
        return f"{formats.full_time(due, self._zone)} {formats.zone_mark(due, self._zone)}"

    @property
    def _left(self) -> str:
        due, at = self._warning.reading.due_at, self._warning.at
        if due is None:
            return self._t("暂停中", "paused")
        if at >= due:
            over = formats.duration(at - due, self._language)
            return self._t(f"已超时 {over}", f"overdue by {over}")
        by = formats.near_time(due, at, self._zone)
        return self._t(f"{by} 到期", f"due at {by}")

    def _t(self, zh: str, en: str) -> str:
        return Text(zh, en).in_language(self._language)

    def _in_language(self, text: Text) -> str:
        return text.in_language(self._language)
