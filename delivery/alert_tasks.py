"""What the reader of an alert does now, and by when: the company's own clocks."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from delivery.alert_facts import AlertPart
from domain.errors import Text
from domain.signal import SignalState
from presentation import formats
from presentation.hostile import clean_line, safe_link


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
        return [*self._acknowledge_step, self._verify_step, self._response_step]

    @property
    def actions(self) -> list[Action]:
        """Links to pages that exist, the first being the main one; none without a public URL."""
        page = f"{self.context.public_url}/alerts?id={clean_line(self.signal.id)}"
        if safe_link(page) is None:
            return []
        if self.facts.is_over:
            return [Action(self.t("查看经过", "See what happened"), page)]
        return [Action(self.t("查看预警", "Open the alert"), page)]

    @property
    def next_deadline(self) -> str:
        """The next clock that runs out, and when; "" when the company set none."""
        clocks = self.context.clocks
        acknowledge, respond = clocks.acknowledge, clocks.first_response
        if self.signal.state is SignalState.OPEN and acknowledge is not None:
            by = self._by(acknowledge)
            if self._is_late(acknowledge):
                return self.t(f"接手已超时（{by}）", f"nobody took it by {by}")
            return self.t(f"请于 {by} 前接手", f"take it by {by}")
        if respond is None:
            return ""
        by = self._by(respond)
        return self.t(f"首次回应时限 {by}", f"first response due {by}")

    @property
    def _acknowledge_step(self) -> list[str]:
        if self.signal.state is not SignalState.OPEN:
            return []
        act = Text("由一人接手，并告知同事", "one person takes this and tells the team")
        return [self._step(act, self.context.clocks.acknowledge)]

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

    def _step(self, act: Text, allowed: timedelta | None) -> str:
        """What to do and by when; the company's own figure, and never an invented one."""
        if allowed is None:
            return self.t(
                f"{act.zh}（时限：制度未填写，请先设置）",
                f"{act.en[0].upper()}{act.en[1:]} (no time limit is set: please set it)",
            )
        by, span = self._by(allowed), formats.duration(allowed, self.facts.language)
        if self._is_late(allowed):
            return self.t(
                f"立即{act.zh}（时限 {by} 已过）", f"Overdue since {by}: {act.en} at once"
            )
        return self.t(f"{by} 前{act.zh}（{span}内）", f"By {by}: {act.en} ({span})")

    def _by(self, allowed: timedelta) -> str:
        """The local time at which a clock of this alert runs out."""
        return formats.near_time(self.signal.opened_at + allowed, self._told_at, self.facts.zone)

    def _is_late(self, allowed: timedelta) -> bool:
        return self.signal.opened_at + allowed < self._told_at

    @property
    def _told_at(self) -> datetime:
        return self.signal.updated_at
