"""The hand-raised 「警」: a person sees a post that no count would find, and calls the team."""

from dataclasses import replace
from datetime import datetime

from domain.brand import Level
from domain.errors import ConfigurationError, NotPermitted, Text
from domain.ports import BeginWork, MentionStore, UnitOfWork
from domain.signal import Figures, Rule, Signal, SignalState, signal_key
from monitoring.escalate import names_on_duty
from monitoring.evidence import as_post
from monitoring.handling_clocks import Telling
from monitoring.signal_context import context_of
from workflow.permissions import Permission, require
from workflow.signals import open_signal, quiet_until


def raise_by_hand(
    begin_work: BeginWork,
    store: MentionStore,
    account_id: str,
    mention_id: str,
    *,
    brand_id: str,
    level: Level,
    reason: str,
    at: datetime,
    telling: Telling,
) -> Signal:
    """Make a signal of a mention and tell everybody whom its level reaches.

    Where the mention was raised already and that signal is not closed, that one is returned. The
    signal has no counts: it ends when a case carries it, or as a false alarm. ConfigurationError
    without a reason or for a mention or brand that is not there.
    """
    mention = store.get([mention_id]).get(mention_id)
    if mention is None or not reason.strip():
        raise ConfigurationError(
            Text("找不到这条内容，或没有写明理由", "no such post, or no reason is given"),
            place="reason" if mention else mention_id,
        )
    with begin_work() as work:
        account = require(work, account_id, Permission.MAKE_CASE)
        _, configuration = work.configuration.current()
        if brand_id not in {brand.id for brand in configuration.brands}:
            raise NotPermitted(Text("没有这个品牌", "no such brand"), place=brand_id)
        known = _raised(work, brand_id, mention_id)
        if known is not None:
            return known
        post = as_post(mention, brand_id)
        signal = Signal(
            id=work.signals.next_id(at.astimezone(telling.zone).strftime("%Y%m%d")),
            key=f"{signal_key(brand_id, Rule.HAND_RAISED, at)}|{mention_id}",
            brand_id=brand_id,
            rule=Rule.HAND_RAISED,
            level=level,
            state=SignalState.OPEN,
            onset_at=min(mention.published_at, at),
            opened_at=at,
            updated_at=at,
            figures=Figures(observed=1, total=1),
            peak_observed=1,
            alerted_observed=1,
            platforms=(mention.platform,),
            watch_ids=tuple(sorted(mention.watch_ids)),
            first_post=post,
            top_posts=(post,),
            platform_counts={mention.platform: 1},
            raised_by=account.id,
        )
        context = replace(
            context_of(work, signal, configuration, at, telling.zone, telling.public_url),
            raised_by=account.name,
            note=reason.strip(),
            on_duty=names_on_duty(configuration, brand_id, at, telling.zone),
            waits_until=quiet_until(configuration, level, at, telling.zone),
        )
        opened = open_signal(
            work,
            signal,
            recipients=configuration.recipients,
            context=context,
            render=telling.render,
            reason=reason.strip(),
            actor=account.actor,
        )
        work.commit()
    return opened


def _raised(work: UnitOfWork, brand_id: str, mention_id: str) -> Signal | None:
    """Return the signal that this mention was raised as and that is not closed."""
    by_hand = (s for s in work.signals.open_of(brand_id) if s.rule is Rule.HAND_RAISED)
    return next(
        (s for s in by_hand if s.first_post and s.first_post.mention_id == mention_id), None
    )
