"""What people do with a signal: take it, make a case of it, call it none, silence it, raise one.

Each act is one transaction: permission, state, audit row and mails commit together. What a person
saw is named by `expected_version`: newer figures alone are no conflict, but when somebody else (or
the clock) decided in between, VersionConflict says so and the audit trail who it was.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from domain.account import Account, Role
from domain.audit import canonical
from domain.brand import Level
from domain.case import Case, CaseQuery, CaseState, FalseAlarmCategory
from domain.case_moves import Attach, Reopen
from domain.errors import ConfigurationError, KoubeiError, NotPermitted, Text, VersionConflict
from domain.ports import BeginWork, UnitOfWork
from domain.signal import Signal, SignalAct, SignalState
from domain.silence import LONGEST_SILENCE, Silence, SilenceScope, covering
from presentation.notices import notice
from presentation.wording import word
from workflow.cases import Desk, Opening, act_in, open_case_in
from workflow.permissions import Permission, may, require
from workflow.signals import told_addresses, write_notice

ESCALATION = "system:escalation"
"""The actor of what the clocks do."""

_CLAUSE = "001 §5.1"
"""The clause behind all of these: what is urgent is reported and handled at once."""

_TAKEN = Text("预警已被他人认领", "somebody else has taken this signal")
_CLOSED = Text("预警已结束", "the signal is over")
_HAS_CASE = Text("预警已归入工单，请在工单中处理", "the signal is in a case: act on the case")


def possible_acts(signal: Signal, account: Account) -> tuple[SignalAct, ...]:
    """Return what an account may do with a signal now, for pages: what they hide would be
    refused."""
    if signal.case_id or signal.false_alarm is not None:
        return ()
    is_lead = Role.DUTY_LEAD in account.roles
    holds = signal.acknowledged_by == account.id
    is_open = signal.state is not SignalState.CLOSED
    is_grave = signal.level.rank <= Level.ORANGE.rank
    allowed = {
        SignalAct.MAKE_CASE: may(account, Permission.MAKE_CASE),
        SignalAct.ACKNOWLEDGE: signal.is_waiting and may(account, Permission.ACKNOWLEDGE),
        SignalAct.ATTACH: may(account, Permission.MAKE_CASE),
        SignalAct.FALSE_ALARM: may(account, Permission.MARK_FALSE_ALARM)
        and (is_lead or not is_grave),
        SignalAct.SILENCE: is_open
        and signal.level is not Level.RED
        and may(account, Permission.SILENCE),
        SignalAct.GIVE_BACK: signal.state is SignalState.ACKNOWLEDGED
        and (holds or is_lead)
        and may(account, Permission.ACKNOWLEDGE),
    }
    return tuple(act for act in SignalAct if allowed[act])


def acknowledge(
    begin_work: BeginWork,
    account_id: str,
    signal_id: str,
    *,
    expected_version: int,
    at: datetime,
    session_id: str = "",
) -> Signal:
    """Take a signal, which stops its escalation; doing so twice changes nothing.

    NotPermitted when it is closed, or held by somebody else.
    """
    with begin_work() as work:
        account = require(work, account_id, Permission.ACKNOWLEDGE)
        signal = _signal(work, signal_id)
        if signal.state is SignalState.ACKNOWLEDGED and signal.acknowledged_by == account_id:
            return signal
        _expect(signal, expected_version)
        if signal.state is not SignalState.OPEN:
            raise NotPermitted(
                _CLOSED if signal.state is SignalState.CLOSED else _TAKEN, place=signal_id
            )
        taken = replace(
            signal,
            state=SignalState.ACKNOWLEDGED,
            acknowledged_by=account_id,
            acknowledged_at=at,
        )
        saved = _save(work, account, "signal.acknowledged", signal, taken, at, session_id)
        work.commit()
    return saved


def unacknowledge(
    begin_work: BeginWork,
    account_id: str,
    signal_id: str,
    *,
    expected_version: int,
    at: datetime,
    reason: str = "",
    session_id: str = "",
) -> Signal:
    """Give a signal back, so that its clock and escalation begin anew.

    Who holds it may, and a duty lead. NotPermitted when a case carries it already.
    """
    with begin_work() as work:
        account = require(work, account_id, Permission.ACKNOWLEDGE)
        signal = _signal(work, signal_id)
        _expect(signal, expected_version)
        if signal.state is not SignalState.ACKNOWLEDGED or signal.case_id:
            raise NotPermitted(_HAS_CASE if signal.case_id else _CLOSED, place=signal_id)
        if signal.acknowledged_by != account_id and Role.DUTY_LEAD not in account.roles:
            raise NotPermitted(_TAKEN, place=signal_id, mend=_ASK_THE_LEAD)
        saved = _save(
            work,
            account,
            "signal.unacknowledged",
            signal,
            given_back(signal, at),
            at,
            session_id,
            reason=reason,
        )
        work.commit()
    return saved


def given_back(signal: Signal, at: datetime) -> Signal:
    """Return a signal that nobody holds any more. A new epoch: those who were told are told
    again."""
    return replace(
        signal,
        state=SignalState.OPEN,
        acknowledged_by="",
        acknowledged_at=None,
        waiting_since=at,
        epoch=signal.epoch + 1,
    )


def make_case(
    begin_work: BeginWork,
    account_id: str,
    signal_id: str,
    *,
    expected_version: int,
    at: datetime,
    desk: Desk,
    title: str = "",
    level: Level | None = None,
    reason: str = "",
    action_id: str = "",
    session_id: str = "",
) -> Case:
    """Make a case of a signal, and take the signal where nobody holds it.

    `level` is the suggestion that the case begins with (the signal's own unless given). Where the
    signal has a case already, that one is returned: a double click makes no second.
    """
    with begin_work() as work:
        account = require(work, account_id, Permission.MAKE_CASE)
        signal = _signal(work, signal_id)
        if signal.case_id and (case := work.cases.get(signal.case_id)) is not None:
            return case
        _expect(signal, expected_version)
        _may_have_a_case(signal)
        opening = Opening(
            brand_id=signal.brand_id,
            title=title.strip() or _title(work, signal),
            level=level or signal.level,
            signal_ids=(signal.id,),
            mention_ids=tuple(post.mention_id for post in signal.top_posts),
            reason=reason,
        )
        case = open_case_in(work, account_id, opening, at=at, desk=desk, session=session_id)
        _hold_by_case(work, account, signal, case.id, at, session_id, reason)
        work.commit()
    return case


def attach(
    begin_work: BeginWork,
    account_id: str,
    signal_id: str,
    case_id: str,
    *,
    expected_version: int,
    at: datetime,
    desk: Desk,
    reason: str = "",
    session_id: str = "",
) -> Case:
    """Add a signal to a case that is there (并入工单), and take it where nobody holds it."""
    with begin_work() as work:
        account = require(work, account_id, Permission.MAKE_CASE)
        signal = _signal(work, signal_id)
        case = work.cases.get(case_id)
        if case is None:
            raise _no_such("工单", "case", case_id)
        if signal.case_id == case_id:
            return case
        _expect(signal, expected_version)
        _may_have_a_case(signal)
        joined = act_in(
            work,
            account_id,
            case_id,
            _joins(signal, reason),
            expected_version=case.version,
            at=at,
            desk=desk,
            session=session_id,
        )
        _hold_by_case(work, account, signal, case_id, at, session_id, reason)
        work.commit()
    return joined


def is_hushed(work: UnitOfWork, signal: Signal, at: datetime) -> bool:
    """Whether a silence covers a signal now; it never does what is red."""
    if signal.level is Level.RED:
        return False
    until = signal.silenced_until
    return (until is not None and at < until) or (
        covering(work.silences.holding(at), signal, at) is not None
    )


def is_swallowed(work: UnitOfWork, signal: Signal) -> bool:
    """Whether mail of a 黄 or 蓝 signal is not written, because an open 红 or 橙 case carries it:
    those who work on the case see it there.
    """
    if not signal.case_id or signal.level.rank <= Level.ORANGE.rank:
        return False
    case = work.cases.get(signal.case_id)
    return case is not None and case.state.is_active and case.is_grave


def join_open_case(work: UnitOfWork, signal: Signal, *, at: datetime, desk: Desk) -> Signal | None:
    """Return a new signal as part of the open case about the same brand and rule, None without one.

    A case that was answered or settled is taken up again by it. Part of the caller's transaction;
    `signal` is not stored yet, and the caller stores what is returned.
    """
    case = _open_case_like(work, signal)
    if case is None:
        return None
    if case.state in _TAKEN_UP_AGAIN:
        again = Reopen(f"{signal.id}: {signal.same_kind}")
        case = act_in(work, None, case.id, again, expected_version=case.version, at=at, desk=desk)
    attached = act_in(
        work,
        None,
        case.id,
        _joins(signal, ""),
        expected_version=case.version,
        at=at,
        desk=desk,
    )
    return replace(
        signal,
        state=SignalState.ACKNOWLEDGED,
        acknowledged_by=attached.owner_id,
        acknowledged_at=at,
        case_id=attached.id,
    )


def mark_false_alarm(
    begin_work: BeginWork,
    account_id: str,
    signal_id: str,
    *,
    category: FalseAlarmCategory,
    reason: str,
    expected_version: int,
    at: datetime,
    session_id: str = "",
    language: str = "zh",
) -> Signal:
    """Close a signal as none (误报), and tell everybody who was told of it.

    红 and 橙 need a duty lead. One that has closed by itself may still be called none: the rate of
    false alarms counts it. NotPermitted when a case carries it (the case decides then).
    """
    _give_reason(reason)
    with begin_work() as work:
        account = require(work, account_id, Permission.MARK_FALSE_ALARM)
        signal = _signal(work, signal_id)
        _expect(signal, expected_version)
        _may_call_it_none(account, signal)
        was_open = signal.state is not SignalState.CLOSED
        closed = replace(
            signal,
            state=SignalState.CLOSED,
            false_alarm=category,
            closed_by=account_id,
            closed_at=at if was_open else signal.closed_at,
            epoch=signal.epoch + 1,
        )
        saved = _save(
            work,
            account,
            "signal.false_alarm",
            signal,
            closed,
            at,
            session_id,
            reason=reason,
            more={"category": category.value},
        )
        if was_open:
            _tell_false_alarm(work, saved, account, at, language)
        work.commit()
    return saved


def silence(
    begin_work: BeginWork,
    account_id: str,
    *,
    scope: SilenceScope,
    until: datetime,
    reason: str,
    at: datetime,
    zone: ZoneInfo,
    session_id: str = "",
) -> Silence:
    """Tell nobody of what lies within `scope` until `until` (7 days at most).

    It covers nothing red: a scope that names a red signal is refused, and what rises to red is told
    all the same. `zone` dates the id. ConfigurationError when the end or the scope is off.
    """
    _give_reason(reason)
    if scope.is_empty:
        raise ConfigurationError(
            Text("静默须指明品牌、规则、平台或预警", "name a brand, rule, platform or signal"),
            place="scope",
        )
    if not at < until <= at + LONGEST_SILENCE:
        raise ConfigurationError(
            Text("静默的结束时间须在 7 天以内", "a silence ends within 7 days"), place="until"
        )
    with begin_work() as work:
        account = require(work, account_id, Permission.SILENCE)
        made = Silence(
            id=work.silences.next_id(at.astimezone(zone).strftime("%Y%m%d")),
            scope=scope,
            author_id=account_id,
            reason=reason.strip(),
            starts_at=at,
            ends_at=until,
        )
        covered = [s for s in work.signals.unclosed() if _is_meant(scope, s)]
        if scope.signal_key and not covered:
            raise NotPermitted(_CLOSED, place=scope.signal_key)
        if any(s.level is Level.RED for s in covered if scope.signal_key == s.key):
            raise NotPermitted(
                Text("红色预警不能静默", "a red signal cannot be silenced"),
                mend=Text("认领它，或建工单处理", "take it, or make a case of it"),
            )
        work.silences.add(made)
        _audit(
            work,
            account,
            "silence.begun",
            made.id,
            at,
            session_id,
            reason=made.reason,
            payload={"scope": asdict(scope), "until": until.isoformat()},
        )
        for signal in covered:
            if scope.covers(signal):
                _silence_signal(work, account, signal, made, at, session_id)
        work.commit()
    return made


def end_silence(
    begin_work: BeginWork,
    account_id: str,
    silence_id: str,
    *,
    expected_version: int,
    at: datetime,
    reason: str = "",
    session_id: str = "",
) -> Silence:
    """End a silence before its time; what is still going on is told at the next look."""
    with begin_work() as work:
        account = require(work, account_id, Permission.SILENCE)
        found = work.silences.get(silence_id)
        if found is None:
            raise _no_such("静默", "silence", silence_id)
        if found.version != expected_version or not found.holds(at):
            raise VersionConflict(
                f"silence {silence_id}", expected=expected_version, found=found.version
            )
        ended = work.silences.save(replace(found, ended_at=at, ended_by=account_id))
        _audit(
            work,
            account,
            "silence.ended",
            silence_id,
            at,
            session_id,
            reason=reason,
            payload={"would_end": found.ends_at.isoformat()},
        )
        others = work.silences.holding(at)
        for signal in work.signals.unclosed():
            if signal.silenced_until == found.ends_at and found.scope.covers(signal):
                rest = covering(others, signal, at)
                loud = replace(signal, silenced_until=rest.ends_at if rest else None)
                _save(work, account, "signal.unsilenced", signal, loud, at, session_id)
        work.commit()
    return ended


_TAKEN_UP_AGAIN = frozenset({CaseState.RESPONDED, CaseState.RESOLVED, CaseState.OBSERVING})
"""States in which a new spike says that the matter is not over after all."""


def _open_case_like(work: UnitOfWork, signal: Signal) -> Case | None:
    """Return the newest active case that holds a signal of the same brand and rule."""
    active = tuple(state for state in CaseState if state.is_active)
    page = work.cases.search(CaseQuery(states=active, brand_id=signal.brand_id))
    return next((case for case in page.cases if _is_about(work, case, signal)), None)


def _is_about(work: UnitOfWork, case: Case, signal: Signal) -> bool:
    held = (work.signals.get(signal_id) for signal_id in case.signal_ids)
    return any(each is not None and each.same_kind == signal.same_kind for each in held)


def _joins(signal: Signal, reason: str) -> Attach:
    return Attach(
        signal_ids=(signal.id,),
        mention_ids=tuple(post.mention_id for post in signal.top_posts),
        reason=reason,
    )


def _may_have_a_case(signal: Signal) -> None:
    if signal.case_id:
        raise NotPermitted(_HAS_CASE, place=signal.id)
    if signal.false_alarm is not None:
        raise NotPermitted(Text("已标为误报", "it is marked as none"), place=signal.id)


def _title(work: UnitOfWork, signal: Signal) -> str:
    _, configuration = work.configuration.current()
    names = {brand.id: brand.name for brand in configuration.brands}
    return f"{names.get(signal.brand_id, signal.brand_id)} {word(signal.rule).zh} {signal.id}"


def _hold_by_case(
    work: UnitOfWork,
    account: Account,
    signal: Signal,
    case_id: str,
    at: datetime,
    session_id: str,
    reason: str,
) -> Signal:
    """Store a signal as one that a case carries. What was raised by hand has no counts to follow:
    it ends here, the case goes on.
    """
    held = signal
    if signal.state is SignalState.OPEN:
        held = replace(
            signal,
            state=SignalState.ACKNOWLEDGED,
            acknowledged_by=account.id,
            acknowledged_at=at,
        )
    held = replace(held, case_id=case_id)
    if not signal.rule.is_counted:
        held = replace(held, state=SignalState.CLOSED, closed_at=at, closed_by=account.id)
    return _save(
        work,
        account,
        "signal.in_case",
        signal,
        held,
        at,
        session_id,
        reason=reason,
        more={"case": case_id},
    )


def _silence_signal(
    work: UnitOfWork,
    account: Account,
    signal: Signal,
    by: Silence,
    at: datetime,
    session_id: str,
) -> None:
    until = max(by.ends_at, signal.silenced_until or by.ends_at)
    quiet = replace(signal, silenced_until=until)
    _save(
        work,
        account,
        "signal.silenced",
        signal,
        quiet,
        at,
        session_id,
        reason=by.reason,
        more={"silence": by.id},
    )


def _is_meant(scope: SilenceScope, signal: Signal) -> bool:
    """Whether a scope speaks of a signal, be it red or not."""
    return scope.covers(replace(signal, level=Level.BLUE))


def _may_call_it_none(account: Account, signal: Signal) -> None:
    if signal.case_id:
        raise NotPermitted(_HAS_CASE, place=signal.id)
    if signal.false_alarm is not None:
        raise NotPermitted(Text("已标为误报", "it is marked as none already"), place=signal.id)
    if signal.level.rank <= Level.ORANGE.rank and Role.DUTY_LEAD not in account.roles:
        raise NotPermitted(
            Text("红色、橙色预警的误报须由值班长判定", "a duty lead decides on red and orange"),
            place=signal.id,
            mend=_ASK_THE_LEAD,
        )


_ASK_THE_LEAD = Text("请值班长操作", "ask a duty lead")


def _tell_false_alarm(
    work: UnitOfWork, signal: Signal, by: Account, at: datetime, language: str
) -> None:
    category = word(signal.false_alarm) if signal.false_alarm else Text("", "")
    told = notice(
        Text(f"【误报】预警 {signal.id} 已关闭", f"[False alarm] alert {signal.id} is closed"),
        [
            Text(
                f"{by.name} 判定此预警为误报（{category.zh}），不再提醒。",
                f"{by.name} marked this alert as false ({category.en}); no more reminders.",
            )
        ],
        language=language,
    )
    for address in told_addresses(work, signal):
        write_notice(work, signal, "false-alarm", address, told, at)


def _signal(work: UnitOfWork, signal_id: str) -> Signal:
    found = work.signals.get(signal_id)
    if found is None:
        raise _no_such("预警", "signal", signal_id)
    return found


def _no_such(zh: str, en: str, name: str) -> KoubeiError:
    return NotPermitted(Text(f"没有这个{zh}", f"no such {en}"), place=name)


def _expect(signal: Signal, version: int) -> None:
    """VersionConflict when somebody decided after the version that a person saw."""
    if not signal.decided_version <= version <= signal.version:
        raise VersionConflict(f"signal {signal.id}", expected=version, found=signal.version)


def _give_reason(reason: str) -> None:
    if not reason.strip():
        raise ConfigurationError(Text("请写明理由", "a reason is needed"), place="reason")


def _save(
    work: UnitOfWork,
    account: Account,
    action: str,
    before: Signal,
    after: Signal,
    at: datetime,
    session_id: str,
    *,
    reason: str = "",
    more: Mapping[str, object] | None = None,
) -> Signal:
    saved = work.signals.save(decided(after))
    _audit(
        work,
        account,
        action,
        saved.id,
        at,
        session_id,
        reason=reason,
        payload=change(before, saved) | dict(more or {}),
    )
    return saved


def decided(signal: Signal) -> Signal:
    """Return the signal as the next version that changes more than figures."""
    return replace(signal, decided_version=signal.version + 1)


def change(before: Signal, after: Signal) -> dict[str, object]:
    """Return what an audit row tells of a signal that changed."""
    return {
        "from": before.state.value,
        "to": after.state.value,
        "level": after.level.value,
        "epoch": after.epoch,
        "version": after.version,
        "before": fingerprint(before),
        "after": fingerprint(after),
    }


def fingerprint(signal: Signal) -> str:
    """Return a hash of everything that a signal says."""
    return hashlib.sha256(canonical(asdict(signal)).encode()).hexdigest()


def _audit(
    work: UnitOfWork,
    account: Account,
    action: str,
    object_id: str,
    at: datetime,
    session_id: str,
    *,
    reason: str,
    payload: Mapping[str, object],
) -> None:
    work.audit.append(
        at=at,
        actor=account.actor,
        action=action,
        object_id=object_id,
        reason=reason.strip(),
        payload={
            "roles": sorted(role.value for role in account.roles),
            "session": session_id,
            "clause": _CLAUSE,
            **payload,
        },
    )
