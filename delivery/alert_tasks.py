"""What the reader of an alert does now, and by when: the company's own clocks."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from delivery.alert_facts import AlertPart
from domain.alert import MailStage
from domain.brand import Level
from domain.errors import Text
from domain.signal import SignalState
from presentation import formats
from presentation.hostile import clean_line, quotation, safe_link


@dataclass(frozen=True, slots=True)
class Action:
    """A link to a page that asks before it does anything (GET never changes state)."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Tasks(AlertPart):
    """Steps with their deadlines, and links to where they are taken."""

    @property
    def steps(self) -> list[str]:
        """What the reader does now, in order; deadlines are local clock times."""
        if self.facts.is_over:
            return [
                self.t(
                    "解除只表示负面量已回落，不表示事件已处理完；已承诺的回应请继续跟进。",
                    "The volume has subsided; that does not mean the matter is settled. "
                    "Keep every promise made.",
                )
            ]
        return [
            *self._called_step,
            *self._acknowledge_step,
            self._verify_step,
            self._response_step,
        ]

    @property
    def actions(self) -> list[Action]:
        """Links to the alert's page, the first being the main one; none without a public URL. The
        page asks before it does what a link names: mail programs and scanners follow links.
        """
        page = self.page
        if not page:
            return []
        if self.facts.is_over:
            return [Action(self.t("查看经过", "See what happened"), page)]
        if self.signal.case_id:
            return [Action(self.t("查看预警", "Open the alert"), page)]
        actions = [Action(self.t("查看并建单", "Open and make a case"), f"{page}&do=case")]
        if self.signal.state is SignalState.OPEN:
            actions.append(Action(self.t("确认收到", "Acknowledge"), f"{page}&do=ack"))
        actions.append(Action(self.t("标为误报", "False alarm"), f"{page}&do=false-alarm"))
        if self.signal.level is not Level.RED:
            actions.append(Action(self.t("静默 2 小时", "Silence 2 h"), f"{page}&do=silence"))
        return actions

    @property
    def page(self) -> str:
        """Where the alert is shown; "" without a public url."""
        page = f"{self.context.public_url}/alerts?id={clean_line(self.signal.id)}"
        return safe_link(page) or ""

    @property
    def reminder(self) -> str:
        """That nobody has taken it, who was told, and who is called now; "" of other mails."""
        if self.facts.stage is not MailStage.REMINDER or not self.context.step:
            return ""
        told = self.t("、", ", ").join(
            f"{quotation(name, 20)}{self.t('（', ' (')}{self.near(at)}{self.t('）', ')')}"
            for name, at in self.context.told_before
        )
        now = self.near(self._told_at)
        return self.t(
            f"到 {now} 无人认领。已通知：{told or '无'}。",
            f"Nobody has taken it by {now}. Told so far: {told or 'nobody'}.",
        )

    @property
    def on_duty(self) -> str:
        """Who is on duty, the one who is called first; "" without a roster."""
        return self.t("、", ", ").join(quotation(name, 20) for name in self.context.on_duty)

    @property
    def next_deadline(self) -> str:
        """The next clock that runs out, and when; "" when the company set none."""
        clocks = self.context.clocks
        acknowledge, respond = clocks.acknowledge, clocks.first_response
        if self.signal.is_waiting and acknowledge is not None:
            by = self._by(acknowledge, self._waits_from)
            if self._is_late(acknowledge, self._waits_from):
                return self.t(f"认领已超时（{by}）", f"nobody took it by {by}")
            return self.t(f"请于 {by} 前认领", f"take it by {by}")
        if respond is None:
            return ""
        by = self._by(respond)
        return self.t(f"首次回应时限 {by}", f"first response due {by}")

    @property
    def _acknowledge_step(self) -> list[str]:
        if not self.signal.is_waiting:
            return []
        act = Text("由一人点「确认收到」认领", "one person takes this (Acknowledge)")
        return [self._step(act, self.context.clocks.acknowledge, self._waits_from)]

    @property
    def _called_step(self) -> list[str]:
        if not self.reminder:
            return []
        called = quotation(next(iter(self.context.on_duty), ""), 20)
        ask = self.t(f"现在请 {called} 认领。", f" {called}, please take it now.")
        return [self.reminder + (ask if called else "")]

    @property
    def _verify_step(self) -> str:
        return self.t(
            "先核实，再发声：事实未核实前，不对外回应。",
            "Verify before you speak: no public answer while the facts are unverified.",
        )

    @property
    def _response_step(self) -> str:
        act = Text("首次回应，或书面决定暂不回应", "first response, or a decided silence")
        return self._step(act, self.context.clocks.first_response)

    def _step(self, act: Text, allowed: timedelta | None, start: datetime | None = None) -> str:
        """What to do and by when; the company's own figure, and never an invented one."""
        if allowed is None:
            return self.t(
                f"{act.zh}（时限：制度未填写，请先设置）",
                f"{act.en[0].upper()}{act.en[1:]} (no time limit is set: please set it)",
            )
        by, span = self._by(allowed, start), formats.duration(allowed, self.facts.language)
        if self._is_late(allowed, start):
            return self.t(
                f"立即{act.zh}（时限 {by} 已过）", f"Overdue since {by}: {act.en} at once"
            )
        return self.t(f"{by} 前{act.zh}（{span}内）", f"By {by}: {act.en} ({span})")

    def _by(self, allowed: timedelta, start: datetime | None = None) -> str:
        """The local time at which a clock of this alert runs out."""
        end = (start or self.signal.opened_at) + allowed
        return formats.near_time(end, self._told_at, self.facts.zone)

    def _is_late(self, allowed: timedelta, start: datetime | None = None) -> bool:
        return (start or self.signal.opened_at) + allowed < self._told_at

    @property
    def _waits_from(self) -> datetime:
        """When the acknowledge clock begins; not before a mail that quiet hours hold back."""
        return max(self.signal.clock_start, self.context.waits_until or self.signal.clock_start)

    @property
    def _told_at(self) -> datetime:
        return self.context.written_at or self.signal.updated_at
