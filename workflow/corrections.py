"""Correcting the model (改判): a person's label wins at once, everywhere, and for good.

Crash order: the row (who, when, from, to) and its audit entry commit first, then the mention is
changed, then the row is marked as shown. A crash in between leaves a row that `reproject` shows
later. What a mention shows is computed from its rows while the mention is held, so that two
people's acts come out in the order of their rows, whichever is shown first.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from analysis.agreement import Measured, measure
from domain.account import Account
from domain.correction import (
    Act,
    Correction,
    CorrectionAct,
    confirmed,
    corrected,
    project,
    reversed_row,
    taken_back,
)
from domain.errors import KoubeiError, Text
from domain.mention import Mention
from domain.ports import BeginWork, MentionStore, UnitOfWork
from domain.sentiment import WHOLE_TEXT, Label
from workflow.permissions import Permission, require

MOST_AT_ONCE = 500
"""Mentions of one bulk: what a person can have looked at, and a few seconds of work."""

_ACTIONS = {
    CorrectionAct.CORRECTED: "mention.corrected",
    CorrectionAct.CONFIRMED: "mention.confirmed",
    CorrectionAct.UNDONE: "mention.correction_undone",
}

_SAMPLED = "抽样核对"

_Decide = Callable[[Mention, Sequence[Correction], Act], Correction | None]


@dataclass(frozen=True, slots=True)
class Bulk:
    """What a bulk did: its name (for `undo_many`), the mentions that changed, and those that could
    not: erased, without the brand, or (undoing) corrected by somebody again since.
    """

    batch: str
    changed: tuple[str, ...]
    left: tuple[str, ...]


def correct(
    begin_work: BeginWork,
    store: MentionStore,
    account_id: str,
    mention_id: str,
    label: Label,
    *,
    target: str = WHOLE_TEXT,
    reason: str,
    at: datetime,
) -> Mention:
    """Give a mention another label towards `target` (a brand id, or the whole text) and return it.

    Where one brand is named the whole text and the brand change together. KoubeiError for an
    unknown mention or a brand that it does not name, NotPermitted for whom may not.
    """

    def decide(mention: Mention, history: Sequence[Correction], act: Act) -> Correction | None:
        return corrected(mention, history, label, target, act)

    return _one(begin_work, store, account_id, mention_id, decide, reason, at)


def confirm(
    begin_work: BeginWork,
    store: MentionStore,
    account_id: str,
    mention_id: str,
    *,
    target: str = WHOLE_TEXT,
    reason: str = "",
    at: datetime,
) -> Mention:
    """Agree with the label that a mention shows: it is a person's from now on. Errors as
    `correct`.
    """

    def decide(mention: Mention, history: Sequence[Correction], act: Act) -> Correction | None:
        return confirmed(mention, history, target, act)

    return _one(begin_work, store, account_id, mention_id, decide, reason, at)


def judge_unseen(
    begin_work: BeginWork,
    store: MentionStore,
    account_id: str,
    mention_id: str,
    label: Label,
    *,
    target: str = WHOLE_TEXT,
    sample: str,
    at: datetime,
) -> Mention:
    """Give a mention of a random sample its label, before the model's was shown: it agrees or it
    corrects, and counts as unbiased. `sample` names the draw. Errors as `correct`.
    """

    def decide(mention: Mention, history: Sequence[Correction], act: Act) -> Correction | None:
        return corrected(mention, history, label, target, replace(act, batch=sample, sampled=True))

    return _one(begin_work, store, account_id, mention_id, decide, _SAMPLED, at)


def undo(
    begin_work: BeginWork,
    store: MentionStore,
    account_id: str,
    mention_id: str,
    *,
    target: str = WHOLE_TEXT,
    reason: str,
    at: datetime,
) -> Mention:
    """Take people's word about a mention back: the model's holds again. Errors as `correct`."""

    def decide(mention: Mention, history: Sequence[Correction], act: Act) -> Correction | None:
        return taken_back(mention, history, target, act)

    return _one(begin_work, store, account_id, mention_id, decide, reason, at)


def correct_many(
    begin_work: BeginWork,
    store: MentionStore,
    account_id: str,
    mention_ids: Iterable[str],
    label: Label,
    *,
    target: str = WHOLE_TEXT,
    reason: str,
    at: datetime,
) -> Bulk:
    """Give many mentions a label in one transaction; `undo_many` takes it back as one.

    KoubeiError for more than MOST_AT_ONCE.
    """
    ids = tuple(dict.fromkeys(mention_ids))
    if len(ids) > MOST_AT_ONCE:
        raise KoubeiError(
            Text(f"一次最多改判 {MOST_AT_ONCE} 条", f"at most {MOST_AT_ONCE} mentions at once"),
            mend=Text("分几次选择", "select fewer"),
        )
    mentions = store.get(ids)
    changed: list[str] = []
    left = [mention_id for mention_id in ids if mention_id not in mentions]
    with begin_work() as work:
        account = require(work, account_id, Permission.CORRECT)
        act = Act(account.id, at, reason, work.corrections.next_batch())
        for mention in mentions.values():
            history = work.corrections.of(mention.id)
            try:
                row = corrected(mention, history, label, target, act)
            except ValueError:
                left.append(mention.id)
                continue
            if row is not None:
                _store(work, account, row)
                changed.append(mention.id)
        work.commit()
    _show(begin_work, store, changed)
    return Bulk(act.batch, tuple(changed), tuple(left))


def undo_many(
    begin_work: BeginWork,
    store: MentionStore,
    account_id: str,
    batch: str,
    *,
    reason: str,
    at: datetime,
) -> Bulk:
    """Undo a bulk: each of its mentions shows again what it showed before.

    A mention that somebody corrected once more since keeps that and is `left`. KoubeiError for a
    bulk that there is not.
    """
    with begin_work() as work:
        account = require(work, account_id, Permission.CORRECT)
        rows = work.corrections.of_batch(batch)
        if not rows:
            raise KoubeiError(Text("没有这次批量改判", "there is no such bulk"), place=batch)
        mentions = store.get(row.mention_id for row in rows)
        act = Act(account.id, at, reason, work.corrections.next_batch())
        changed, left = [], []
        for row in rows:
            history = work.corrections.of(row.mention_id)
            mention = mentions.get(row.mention_id)
            if mention is None or history[-1].seq != row.seq:
                left.append(row.mention_id)
                continue
            _store(work, account, reversed_row(mention, history, act))
            changed.append(row.mention_id)
        work.commit()
    _show(begin_work, store, changed)
    return Bulk(act.batch, tuple(changed), tuple(left))


def reproject(begin_work: BeginWork, store: MentionStore, *, limit: int = 1000) -> int:
    """Show what people said where a crash, or a restore, left it unshown; return of how many
    mentions. A step of housekeeping: calling it again changes nothing.
    """
    with begin_work() as work:
        waiting = work.corrections.unprojected(limit)
    _show(begin_work, store, waiting)
    return len(waiting)


def agreement(
    begin_work: BeginWork, *, start: datetime, end: datetime, model_id: str | None = None
) -> Measured:
    """Return how often people agreed with a model (any, unless named) in acts of start ≤ t < end:
    over all, then by platform, by brand, and by both. The first is always there.
    """
    with begin_work() as work:
        acts = work.corrections.between(start, end)
    return measure(acts, model_id)


def next_sample(begin_work: BeginWork) -> str:
    """Return the name of the next random sample."""
    with begin_work() as work:
        name = work.corrections.next_batch()
        work.commit()
    return name.replace("bulk", "sample")


def _one(
    begin_work: BeginWork,
    store: MentionStore,
    account_id: str,
    mention_id: str,
    decide: _Decide,
    reason: str,
    at: datetime,
) -> Mention:
    mention = store.get([mention_id]).get(mention_id)
    with begin_work() as work:
        account = require(work, account_id, Permission.CORRECT)
        if mention is None:
            raise _unknown(mention_id)
        history = work.corrections.of(mention_id)
        try:
            row = decide(mention, history, Act(account.id, at, reason))
        except ValueError as error:
            raise KoubeiError(
                Text(
                    "这条提及没有提到该品牌，或尚未判定情感",
                    "the mention does not name this brand, or was not scored yet",
                ),
                place=mention_id,
                mend=Text("刷新后再试", "reload and try again"),
            ) from error
        if row is not None:
            _store(work, account, row)
            work.commit()
    shown = _show(begin_work, store, [mention_id])
    if not shown:
        raise _unknown(mention_id)
    return shown[0]


def _store(work: UnitOfWork, account: Account, row: Correction) -> None:
    stored = work.corrections.add(row)
    held = row.before.get(row.target) or row.before.get(WHOLE_TEXT)
    work.audit.append(
        at=row.at,
        actor=account.actor,
        action=_ACTIONS[row.act],
        object_id=row.mention_id,
        reason=row.reason,
        payload={
            "seq": stored.seq,
            "target": row.target,
            "from": held.label if held else None,
            "from_by": held.by if held else None,
            "to": row.label,
            "model": row.model_label,
            "batch": row.batch,
            "sampled": row.sampled,
            "roles": sorted(account.roles),
        },
    )


def _show(begin_work: BeginWork, store: MentionStore, mention_ids: Iterable[str]) -> list[Mention]:
    """Make mentions show what people said of them; return those that there are."""
    shown: list[Mention] = []
    seen: dict[str, int] = {}

    for mention_id in mention_ids:

        def change(mention: Mention) -> Mention:
            # read while the mention is held (or its version is): whoever comes later sees more rows
            with begin_work() as work:
                history = work.corrections.of(mention.id)
            seen[mention.id] = history[-1].seq if history else 0
            return project(mention, history)

        stored = store.amend(mention_id, change)
        if stored is not None:
            shown.append(stored)
        else:  # erased since: nothing is left to show it on
            with begin_work() as work:
                seen[mention_id] = max(
                    (row.seq for row in work.corrections.of(mention_id)), default=0
                )
    with begin_work() as work:
        for mention_id, seq in seen.items():
            work.corrections.mark_projected(mention_id, seq)
        work.commit()
    return shown


def _unknown(mention_id: str) -> KoubeiError:
    return KoubeiError(
        Text("没有这条提及（可能已删除）", "there is no such mention (it may have been erased)"),
        place=mention_id,
    )
