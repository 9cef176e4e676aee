"""How often people agree with the model, with the uncertainty of a small number. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

from domain.correction import Correction
from domain.mention import Platform
from domain.sentiment import WHOLE_TEXT

ENOUGH = 20
"""Judgements below which no share is told: of 19 the interval is up to 42 points wide."""

_Z95 = 1.959963984540054
"""The normal quantile of a 95 % interval."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of `judged` mentions that a person looked at, with how many labels the person `agreed`.

    `share` is agreed / judged, `low` and `high` bound it with 95 % confidence (Wilson); all three
    are
    None where nobody judged anything. Of a random sample that was judged unseen (`measure`) the
    share estimates that of all mentions. Of what people corrected by themselves it does not: they
    look at what strikes them as wrong, so the share of all is as a rule higher. `platform` and
    `brand_id` None: all.
    """

    platform: Platform | None
    brand_id: str | None
    judged: int
    agreed: int

    @property
    def is_enough(self) -> bool:
        """Whether there are enough to speak of a share."""
        return self.judged >= ENOUGH

    @property
    def share(self) -> float | None:
        """The part that agreed, 0 to 1."""
        return self.agreed / self.judged if self.judged else None

    @property
    def low(self) -> float | None:
        """The lower bound of the share."""
        return wilson(self.agreed, self.judged)[0] if self.judged else None

    @property
    def high(self) -> float | None:
        """The upper bound of the share."""
        return wilson(self.agreed, self.judged)[1] if self.judged else None


def wilson(hits: int, trials: int, z: float = _Z95) -> tuple[float, float]:
    """Return the bounds of a share (E. B. Wilson, JASA 22, 1927): honest for small numbers too.

    ValueError without trials.
    """
    if trials <= 0:
        raise ValueError("no trials")
    share, weight = hits / trials, z * z / trials
    centre = (share + weight / 2) / (1 + weight)
    reach = z * sqrt(share * (1 - share) / trials + weight / (4 * trials)) / (1 + weight)
    # at the ends the bound is the end itself; sums of floats may miss it by a hair
    low = 0.0 if hits == 0 else max(0.0, centre - reach)
    high = 1.0 if hits == trials else min(1.0, centre + reach)
    return low, high


def agreements(acts: Iterable[Correction]) -> list[Agreement]:
    """Return the figures of all mentions, then of each platform, each brand, and each pair.

    Only the newest act about a mention and target counts, and only where both a person's word
    stands and the model had one. An act about the whole text counts for each brand it names.
    """
    newest = {(act.mention_id, act.target): act for act in acts}
    judged: dict[tuple[Platform | None, str | None], int] = {(None, None): 0}
    agreed: dict[tuple[Platform | None, str | None], int] = {(None, None): 0}
    for act in newest.values():
        if act.label is None or act.model_label is None:
            continue
        brands = (act.target,) if act.target else act.brand_ids
        for key in (
            (None, None),
            (act.platform, None),
            *((None, brand) for brand in brands),
            *((act.platform, brand) for brand in brands),
        ):
            judged[key] = judged.get(key, 0) + 1
            agreed[key] = agreed.get(key, 0) + (act.label is act.model_label)
    found = [Agreement(*key, judged[key], agreed[key]) for key in judged]
    return sorted(found, key=_order)


@dataclass(frozen=True, slots=True)
class Measured:
    """What people judged unseen on mentions drawn at random, and what they judged by themselves."""

    sampled: tuple[Agreement, ...]
    spontaneous: tuple[Agreement, ...]


def measure(acts: Iterable[Correction], model_id: str | None = None) -> Measured:
    """Return `agreements` of the random sample and of the rest, of `model_id`'s labels alone where
    one is named: what another model said is no measure of this one.

    A mention of the sample stays in it when people come back to it: their newest word counts.
    """
    known = [act for act in acts if model_id is None or _model_of(act) == model_id]
    drawn = {(act.mention_id, act.target) for act in known if act.sampled}
    return Measured(
        tuple(agreements(a for a in known if (a.mention_id, a.target) in drawn)),
        tuple(agreements(a for a in known if (a.mention_id, a.target) not in drawn)),
    )


def of(
    found: Iterable[Agreement], brand_id: str | None, platform: Platform | None = None
) -> Agreement:
    """Return the figures of a brand (and platform) among those of `agreements`."""
    none = Agreement(platform, brand_id, 0, 0)
    wanted = (platform, brand_id)
    return next((each for each in found if (each.platform, each.brand_id) == wanted), none)


def _model_of(act: Correction) -> str:
    said = act.model.get(act.target) or act.model.get(WHOLE_TEXT)
    return said.model if said else ""


def _order(one: Agreement) -> tuple[bool, bool, str, str]:
    pair = one.platform is not None and one.brand_id is not None
    return (pair, one.brand_id is not None, one.platform or "", one.brand_id or "")
