"""A signal (预警): one negative spike of one brand, from its opening mail to its closing one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.brand import Level
from domain.case import FalseAlarmCategory
from domain.mention import Platform


class SignalState(StrEnum):
    """open → acknowledged → closed; a closed signal stays as it ended."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


class Rule(StrEnum):
    """Which rule raised a signal."""

    NEGATIVE_SPIKE = "negative_spike"
    FIRST_DAY_ABSOLUTE = "first_day_absolute"
    HAND_RAISED = "hand_raised"

    @property
    def is_counted(self) -> bool:
        """Whether the detector raised it, and follows and closes it by its counts."""
        return self is not Rule.HAND_RAISED


class SignalAct(StrEnum):
    """What a person can do with a signal; the values stand in the links of mails (`&do=ack`)."""

    MAKE_CASE = "case"
    ACKNOWLEDGE = "ack"
    ATTACH = "attach"
    FALSE_ALARM = "false-alarm"
    SILENCE = "silence"
    GIVE_BACK = "give-back"


class Outcome(StrEnum):
    """Why an evaluation did, or did not, make an alert. Exactly one per evaluation."""

    OPENED = "opened"
    GREW = "grew"
    STILL_OPEN = "still_open"
    CLOSED = "closed"
    CALM = "calm"
    TOO_FEW = "too_few"
    NOT_UNUSUAL = "not_unusual"
    NOT_A_RECORD = "not_a_record"
    SHARE_NORMAL = "share_normal"
    FEW_AUTHORS = "few_authors"
    LEARNING = "learning"
    COVERAGE_UNKNOWN = "coverage_unknown"
    HISTORY = "history"
    SILENCED = "silenced"

    @property
    def is_alert(self) -> bool:
        """Whether a mail was written for it."""
        return self in {Outcome.OPENED, Outcome.GREW, Outcome.CLOSED}


@dataclass(frozen=True, slots=True)
class Figures:
    """The numbers behind one evaluation; None where they cannot be known yet.

    `observed` negatives within the hour that ends at the bin's end; `mean` and `spread` of the
    hourly counts of the last 28 days (`samples` known hours); `z` = (observed − mean) /
    max(spread, 1); `record_days`: days since the count was last as high; `history_days`: days of
    known history; `share` of negatives among `total` voices and `usual_share` over the 28 days;
    `share_surprise`: the upper-tail probability of the share (small is surprising); `threshold_z`:
    the Z of the setting. `lower_bound`: the hour was not fully looked at, so `observed` and `total`
    are what was seen of it and the truth may be higher (shown as ≥).
    """

    observed: int
    total: int
    mean: float | None = None
    spread: float | None = None
    samples: int = 0
    z: float | None = None
    threshold_z: float | None = None
    record_days: float | None = None
    history_days: float = 0.0
    share: float | None = None
    usual_share: float | None = None
    share_surprise: float | None = None
    distinct_authors: int | None = None
    near_copy_share: float | None = None
    lower_bound: bool = False

    @property
    def multiple(self) -> float | None:
        """How many times the usual count was observed; None without a baseline above zero."""
        return self.observed / self.mean if self.mean else None

    @property
    def expected_band(self) -> tuple[float, float] | None:
        """mean ± 2 spreads, never below 0: the same band that the chart draws."""
        if self.mean is None or self.spread is None:
            return None
        return (max(0.0, self.mean - 2 * self.spread), self.mean + 2 * self.spread)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One decision about one brand and series at one bin, kept 90 days; `koubei explain` reads
    these.

    `platform` None is the series over all platforms that were known. `inputs` are the counts and
    settings that the numbers came from, enough to compute them again.
    """

    brand_id: str
    platform: Platform | None
    bin_start: datetime
    bin_end: datetime
    evaluated_at: datetime
    rule: Rule
    outcome: Outcome
    figures: Figures
    inputs: Mapping[str, object] = field(default_factory=dict)
    signal_id: str | None = None
    configuration_version: int = 0


@dataclass(frozen=True, slots=True)
class TopPost:
    """A representative post as it stands in a signal, a mail and a report: masked and cut."""

    mention_id: str
    platform: Platform
    published_at: datetime
    author: str
    excerpt: str
    url: str
    interactions: int
    confidence: float
    near_copies: int = 0


@dataclass(frozen=True, slots=True)
class Signal:
    """One alarm. `id` is `A-20261121-03` (business date, number of the day), `key`
    brand|rule|onset bin.

    `figures` are those of the newest evaluation, `alerted_observed` the count that the last mail
    told, `peak_observed` the highest so far. `epoch` counts the mails (1 is the opening one).
    `watch_ids` and `platforms` are its members. `quiet_since` is set while it is below a third of
    its peak.

    What people did: `acknowledged_by` (an account id) holds it since `acknowledged_at`; `case_id`
    carries it; `false_alarm` says why it was none, and `closed_by` who said so ("": the detector
    closed it); nobody is told more before `silenced_until`; `raised_by` raised it by hand (「警」).
    `waiting_since`: since when nobody holds it again (None: since it opened). `level_since`: since
    when it has its level (None: since it opened). Both are where the acknowledge clock starts.
    `decided_version` is the version that last changed more than figures: what a person saw before
    that is out of date.
    """

    id: str
    key: str
    brand_id: str
    rule: Rule
    level: Level
    state: SignalState
    onset_at: datetime
    opened_at: datetime
    updated_at: datetime
    figures: Figures
    peak_observed: int
    alerted_observed: int
    platforms: tuple[Platform, ...]
    watch_ids: tuple[str, ...]
    alerted_platforms: tuple[Platform, ...] = ()
    quiet_since: datetime | None = None
    closed_at: datetime | None = None
    epoch: int = 1
    version: int = 0
    one_text_wave: bool = False
    first_post: TopPost | None = None
    top_posts: tuple[TopPost, ...] = ()
    terms: tuple[tuple[str, int], ...] = ()
    platform_counts: Mapping[Platform, int] = field(default_factory=dict)
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = None
    waiting_since: datetime | None = None
    level_since: datetime | None = None
    case_id: str = ""
    false_alarm: FalseAlarmCategory | None = None
    closed_by: str = ""
    silenced_until: datetime | None = None
    raised_by: str = ""
    decided_version: int = 0

    @property
    def is_waiting(self) -> bool:
        """Whether nobody has taken it yet: then the acknowledge clock runs."""
        return self.state is SignalState.OPEN and not self.case_id

    @property
    def clock_start(self) -> datetime:
        """When the acknowledge clock began: at the opening, when it came back, or when it rose."""
        return max(filter(None, (self.opened_at, self.waiting_since, self.level_since)))

    @property
    def same_kind(self) -> str:
        """Brand and rule: what a new spike has to share with an earlier one to be the same."""
        return f"{self.brand_id}|{self.rule.value}"


def signal_key(brand_id: str, rule: Rule, onset_at: datetime) -> str:
    """Return the key under which a spike is one signal however often it is evaluated."""
    return f"{brand_id}|{rule.value}|{onset_at.isoformat()}"
