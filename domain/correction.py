"""Corrections (改判): what people said of a mention's sentiment, and how that shows on it. Pure.

A correction is a row that is never changed. The mention holds its projection: what the newest row
of each target says. So a projection can be made again at any time and always comes out the same.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.mention import Mention, Platform
from domain.sentiment import WHOLE_TEXT, Judge, Label, Sentiment

POLARITY: Final[Mapping[Label, float]] = {
    Label.NEGATIVE: -1.0,
    Label.NEUTRAL: 0.0,
    Label.POSITIVE: 1.0,
}
"""What a label weighs when a person gives it without a number."""

Judgements = Mapping[str, Sentiment]
"""By target: "" is the whole text, other keys are brand ids."""


class CorrectionAct(StrEnum):
    """What a person did: gave another label, agreed with the model's, or took their word back."""

    CORRECTED = "corrected"
    CONFIRMED = "confirmed"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Correction:
    """One act about one mention. `seq` counts up over all of them (0: not stored yet).

    `target` is what was meant, the keys of `before` are the targets it holds for (see
    `targets_meant`). `before` and `after` say what held and what holds; a target that is missing
    in them has no judgement. `model` is what the model said of each target, as far as is known.
    `label` is the person's word about `target` (None: taken back), `model_label` the model's.
    `said` is a digest of the text that was judged. Acts of one bulk share a `batch`. `sampled`: the
    mention was drawn at random and judged before the model's label was shown.
    """

    mention_id: str
    target: str
    act: CorrectionAct
    account_id: str
    at: datetime
    reason: str
    platform: Platform
    brand_ids: tuple[str, ...]
    targets: tuple[str, ...]
    before: Judgements
    after: Judgements
    model: Judgements
    label: Label | None
    model_label: Label | None
    said: str
    batch: str = ""
    seq: int = 0
    sampled: bool = False


@dataclass(frozen=True, slots=True)
class Act:
    """Who does something, when and why; `batch` where it is one of many. `sampled`: the label was
    given to a mention drawn at random, before the model's was shown.
    """

    account_id: str
    at: datetime
    reason: str
    batch: str = ""
    sampled: bool = False


def targets_meant(mention: Mention, target: str) -> tuple[str, ...]:
    """Return the targets that a word about `target` holds for.

    Of a text that names one brand the whole text and the brand are one thing to a person, and both
    labels are shown somewhere: they change together. Where several brands are named, only what was
    pointed at changes. ValueError when the mention does not name the brand.
    """
    if target != WHOLE_TEXT and target not in mention.brand_ids:
        raise ValueError(f"{mention.id} does not name {target!r}")
    if len(mention.brand_ids) == 1:
        return (WHOLE_TEXT, *mention.brand_ids)
    return (target,)


def corrected(
    mention: Mention, history: Sequence[Correction], label: Label, target: str, act: Act
) -> Correction | None:
    """Return the row of giving a label; None when a person said the same before.

    Giving the label that the model gave is agreeing with it.
    """
    now = project(mention, history)
    targets = targets_meant(mention, target)
    held = now.sentiment_towards(target)
    if held is not None and held.label is label and held.by is Judge.PERSON:
        return None
    model = _model_view(mention, history)
    model_label = _towards(model, target)
    after = {t: _given(label, model.get(t), act.account_id) for t in targets}
    kind = CorrectionAct.CONFIRMED if label is model_label else CorrectionAct.CORRECTED
    return _row(now, target, targets, kind, act, after=after, model=model, label=label)


def confirmed(
    mention: Mention, history: Sequence[Correction], target: str, act: Act
) -> Correction | None:
    """Return the row of agreeing with what is shown; None when a person said it already.

    ValueError when nothing is shown: the mention was not scored.
    """
    held = project(mention, history).sentiment_towards(target)
    if held is None:
        raise ValueError(f"{mention.id} has no judgement to agree with")
    return corrected(mention, history, held.label, target, act)


def taken_back(
    mention: Mention, history: Sequence[Correction], target: str, act: Act
) -> Correction | None:
    """Return the row that restores the model's word; None when no person's word holds."""
    now = project(mention, history)
    held = now.sentiment_towards(target)
    if held is None or held.by is not Judge.PERSON:
        return None
    targets = targets_meant(mention, target)
    model = _model_view(mention, history)
    after = {t: model[t] for t in targets if t in model}
    return _row(now, target, targets, CorrectionAct.UNDONE, act, after=after, model=model)


def reversed_row(mention: Mention, history: Sequence[Correction], act: Act) -> Correction:
    """Return the row that undoes the newest one of a history: what held before it holds again."""
    last = history[-1]
    now = project(mention, history)
    model = _model_view(mention, history)
    after = {
        t: s if s.by is Judge.PERSON else model.get(t, s)
        for t, s in last.before.items()
        if t in last.targets
    }
    towards = after.get(last.target) or after.get(WHOLE_TEXT)
    label = towards.label if towards and towards.by is Judge.PERSON else None
    return _row(
        now,
        last.target,
        last.targets,
        CorrectionAct.UNDONE,
        act,
        after=after,
        model=model,
        label=label,
    )


def project(mention: Mention, history: Sequence[Correction]) -> Mention:
    """Return the mention as people's words make it, `history` in order of `seq`.

    A person's word replaces any; where it was taken back, the model's word of then comes again,
    unless the model has spoken since.
    """
    newest: dict[str, Sentiment | None] = {}
    for row in history:
        newest |= {target: row.after.get(target) for target in row.targets}
    sentiment = dict(mention.sentiment)
    for target, word in newest.items():
        if word is not None and word.by is Judge.PERSON:
            sentiment[target] = word
        elif (held := sentiment.get(target)) is not None and held.by is Judge.PERSON:
            if word is None:
                del sentiment[target]
            else:
                sentiment[target] = word
    return replace(mention, sentiment=dict(sorted(sentiment.items())))


def _row(
    now: Mention,
    target: str,
    targets: tuple[str, ...],
    kind: CorrectionAct,
    act: Act,
    *,
    after: Judgements,
    model: Judgements,
    label: Label | None = None,
) -> Correction:
    return Correction(
        mention_id=now.id,
        target=target,
        act=kind,
        account_id=act.account_id,
        at=act.at,
        reason=act.reason,
        platform=now.platform,
        brand_ids=tuple(sorted(now.brand_ids)),
        targets=targets,
        before={t: s for t, s in now.sentiment.items() if t in targets},
        after=after,
        model=model,
        label=label,
        model_label=_towards(model, target),
        said=_digest(now),
        batch=act.batch,
        sampled=act.sampled,
    )


def _given(label: Label, model: Sentiment | None, account_id: str) -> Sentiment:
    agreed = model is not None and model.label is label
    polarity = model.polarity if agreed and model is not None else POLARITY[label]
    return Sentiment(label, polarity, 1.0, account_id, Judge.PERSON)


def _model_view(mention: Mention, history: Sequence[Correction]) -> Judgements:
    """Return what the model said of each target: now, or when a person spoke over it.

    A judgement about a text that was edited since has no `model`: ingest scores it again at the
    next look, because it is none of the present model.
    """
    said = _digest(mention)
    view: dict[str, Sentiment] = {}
    for row in history:
        same_text = row.said == said
        view |= {t: s if same_text else replace(s, model="") for t, s in row.model.items()}
    return view | {t: s for t, s in mention.sentiment.items() if s.by is Judge.MODEL}


def _towards(judgements: Judgements, target: str) -> Label | None:
    found = judgements.get(target) or judgements.get(WHOLE_TEXT)
    return found.label if found else None


def _digest(mention: Mention) -> str:
    return hashlib.sha256(f"{mention.title}\n{mention.text}".encode()).hexdigest()[:16]
