"""Setting mentions aside (忽略): they stay stored and findable, but count in no chart and no alarm.

The audit row commits first, then the mentions are changed: a crash in between leaves a trail whose
act can simply be done again. Nothing is deleted, and everything can be taken back.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from domain.errors import KoubeiError, Text
from domain.mention import Flag, Mention
from domain.ports import BeginWork, MentionStore
from workflow.permissions import Permission, require

MOST_AT_ONCE = 500


def set_aside(
    begin_work: BeginWork,
    store: MentionStore,
    account_id: str,
    mention_ids: Iterable[str],
    *,
    reason: str,
    at: datetime,
) -> tuple[str, ...]:
    """Call mentions spam and return those that were not yet; KoubeiError without a reason."""
    return _flag(begin_work, store, account_id, mention_ids, reason, at, aside=True)


def take_back(
    begin_work: BeginWork,
    store: MentionStore,
    account_id: str,
    mention_ids: Iterable[str],
    *,
    reason: str,
    at: datetime,
) -> tuple[str, ...]:
    """Let mentions count again and return those that did not; the counter-act of `set_aside`. They
    are marked as cleared, so that no older copy of them brings the flag back.
    """
    return _flag(begin_work, store, account_id, mention_ids, reason, at, aside=False)


def _flag(
    begin_work: BeginWork,
    store: MentionStore,
    account_id: str,
    mention_ids: Iterable[str],
    reason: str,
    at: datetime,
    *,
    aside: bool,
) -> tuple[str, ...]:
    if not reason.strip():
        raise KoubeiError(
            Text("未填写理由", "the reason is missing"),
            mend=Text("写明为何忽略或恢复", "say why"),
        )
    ids = tuple(dict.fromkeys(mention_ids))[: MOST_AT_ONCE + 1]
    if len(ids) > MOST_AT_ONCE:
        raise KoubeiError(
            Text(f"一次最多 {MOST_AT_ONCE} 条", f"at most {MOST_AT_ONCE} mentions at once"),
            mend=Text("分几次选择", "select fewer"),
        )
    stored = store.get(ids)
    changing = tuple(i for i in ids if i in stored and (Flag.SPAM in stored[i].flags) != aside)
    with begin_work() as work:
        account = require(work, account_id, Permission.CORRECT)
        for mention_id in changing:
            work.audit.append(
                at=at,
                actor=account.actor,
                action="mention.set_aside" if aside else "mention.taken_back",
                object_id=mention_id,
                reason=reason.strip(),
                payload={"flag": Flag.SPAM.value, "aside": aside},
            )
        work.commit()
    change = _with_flag if aside else _without_flag
    for mention_id in changing:
        store.amend(mention_id, change)
    return changing


def _with_flag(mention: Mention) -> Mention:
    return replace(mention, flags=mention.flags - {Flag.CLEARED} | {Flag.SPAM})


def _without_flag(mention: Mention) -> Mention:
    return replace(mention, flags=mention.flags - {Flag.SPAM} | {Flag.CLEARED})
