"""The guards of the case engine: each looks at one thing, and says what is missing and how to mend
it. A guard returns nothing; what it does not refuse may pass.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from domain.account import AccountState, Role
from domain.brand import Level
from domain.case import Case, FalseAlarmCategory, PromiseState
from domain.case_moves import (
    AddPromise,
    Approve,
    Assign,
    Attach,
    Close,
    ConfirmGrade,
    DecideSilence,
    Describe,
    DropPromise,
    Hold,
    KeepPromise,
    MarkFalseAlarm,
    Merge,
    NamePublisher,
    Note,
    RecordPublication,
    Regrade,
    Relate,
    Release,
    Reopen,
    ReportUpward,
    Return,
    SaveDraft,
    SaveFactSheet,
    SaveReview,
    SubmitDraft,
    Take,
    Unmerge,
    Wake,
)
from domain.case_situation import STAND_INS, Situation, refused
from domain.case_words import LEVEL_WORDS, ROLE_WORDS, STATE_WORDS, roles_listed
from domain.draft import DraftKind, text_sha256

ON_THE_CASE = frozenset(
    {
        Role.ANALYST,
        Role.DUTY_LEAD,
        Role.VERIFIER,
        Role.DRAFTER,
        Role.LEGAL,
        Role.APPROVER_L1,
        Role.APPROVER_L2,
        Role.APPROVER_L3,
        Role.PUBLISHER,
    }
)
"""The roles that work on cases."""

Guard = Callable[[Situation[Any]], None]


# who


def lease_is_free(s: Situation[Take]) -> None:
    """nobody else holds the lease"""
    case = s.case
    held = case.lease_until is not None and s.at < case.lease_until
    if held and case.owner_id not in {"", s.actor_id}:
        raise refused(
            "工单正由他人处理，认领尚未到期",
            "somebody else is working on this case",
            "等认领到期，或请值班长指派",
            "wait until the lease ends, or ask the duty lead to assign it",
        )


def may_release(s: Situation[Release]) -> None:
    """given back by its owner, the duty lead, or the machine after the lease; not yet graded"""
    if s.case.grade_confirmed:
        raise refused(
            "级别已确认，不能退回待研判",
            "the grade is confirmed, so the case cannot be given back",
            "请值班长指派他人",
            "ask the duty lead to assign it",
        )
    if s.account is None:
        if s.case.lease_until is not None and s.at < s.case.lease_until:
            raise refused("认领尚未到期", "the lease still runs", "等待到期", "wait for its end")
    elif s.actor_id != s.case.owner_id and not s.leads:
        raise refused(
            "只有认领人或值班长可以退还",
            "only its owner or the duty lead gives a case back",
            "请认领人或值班长操作",
            "ask one of them",
        )


def assignee_can_work(s: Situation[Assign]) -> None:
    """the person exists, is active and has a role that works on cases"""
    if s.command.account_id:
        _require_account(s, s.command.account_id, ON_THE_CASE)


def publisher_is_one(s: Situation[NamePublisher]) -> None:
    """the person is an active publisher"""
    if s.command.account_id:
        _require_account(s, s.command.account_id, frozenset({Role.PUBLISHER}))


def is_named_publisher(s: Situation[RecordPublication]) -> None:
    """where a publisher is named, it is this one"""
    if s.case.publisher_id and s.case.publisher_id != s.actor_id:
        raise refused(
            "本次回应已指定由另一位发布人发布",
            "another publisher is named for this answer",
            "请指定的发布人登记，或请值班长改指定",
            "ask the named one, or have the duty lead name another",
        )


def grave_needs_duty_lead(s: Situation[MarkFalseAlarm] | Situation[Reopen]) -> None:
    """red and orange: the duty lead"""
    if s.case.is_grave and not s.leads:
        level = LEVEL_WORDS[s.case.level]
        raise refused(
            f"{level.zh}色工单需由值班长决定",
            f"a {level.en} case is decided by the duty lead",
            "请值班长操作",
            "ask the duty lead",
        )


def silence_fits_level(s: Situation[DecideSilence]) -> None:
    """red: approver L3; otherwise the duty lead"""
    needed = Role.APPROVER_L3 if s.case.level is Level.RED else Role.DUTY_LEAD
    _require_role(s, needed)


def closer_fits_level(s: Situation[Close]) -> None:
    """red and orange: approver L2; otherwise the duty lead"""
    _require_role(s, Role.APPROVER_L2 if s.case.is_grave else Role.DUTY_LEAD)


# the grade and the report upward


def grade_is_open(s: Situation[ConfirmGrade]) -> None:
    """the grade is not confirmed yet"""
    if s.case.grade_confirmed:
        raise refused(
            "级别已确认",
            "the grade is confirmed already",
            "如需改变，请用「调整级别」",
            "change it with a new grade and a reason",
        )


def grade_is_confirmed(s: Situation[Any]) -> None:
    """a person has confirmed the grade"""
    if not s.case.grade_confirmed:
        raise refused(
            "级别尚未确认",
            "no person has confirmed the grade",
            "先「确认定级」",
            "confirm the grade first",
        )


def level_differs(s: Situation[Regrade]) -> None:
    """the new level is another one"""
    if s.command.level is s.case.level:
        raise refused(
            "级别没有变化", "that is the level it has", "选择另一个级别", "choose another level"
        )


def lowering_needs_duty_lead(s: Situation[ConfirmGrade] | Situation[Regrade]) -> None:
    """a lower level: the duty lead, with a reason"""
    if s.command.level.rank <= s.case.level.rank:
        return
    if not s.leads:
        raise refused(
            "降级只能由值班长决定",
            "only the duty lead lowers a grade",
            "请值班长操作",
            "ask the duty lead",
        )
    _require_words(s.command.reason, "降级理由", "the reason for lowering it")


def report_is_out(s: Situation[Any]) -> None:
    """where a report upward is owed, it is in the outbox"""
    if s.case.upward.is_owed:
        raise refused(
            "上报单尚未发出",
            "the report upward has not been sent",
            "先「上报」，邮件进入发件箱即可继续",
            "send it: it is enough that it is in the outbox",
        )


def report_has_readers(s: Situation[ReportUpward]) -> None:
    """the sheet says what happened, and goes to people who can read it"""
    _require_words(s.command.sheet.what, "上报内容「什么事」", "what happened")
    if not s.command.to:
        raise refused(
            "没有选择上报对象", "nobody is named to report to", "至少选择一人", "name somebody"
        )
    for account_id in s.command.to:
        _require_account(s, account_id, ON_THE_CASE)


def is_addressee(s: Situation[Any]) -> None:
    """the report was sent to this person, who has not noted it yet"""
    if s.actor_id not in s.case.upward.to:
        raise refused(
            "上报单没有发给您",
            "the report was not sent to you",
            "由收到上报的人确认已阅",
            "its addressee notes it",
        )
    if any(receipt.account_id == s.actor_id for receipt in s.case.upward.receipts):
        raise refused("您已确认已阅", "you have noted it already", "无需再做", "nothing to do")


# false alarms, silence, waiting


def category_is_explained(s: Situation[MarkFalseAlarm]) -> None:
    """the category 其他 says what it is"""
    if s.command.category is FalseAlarmCategory.OTHER:
        _require_words(s.command.reason, "误报说明", "what it was instead")


def reason_is_given(s: Situation[Any]) -> None:
    """a reason is given"""
    _require_words(s.command.reason, "理由", "the reason")


def silence_is_short(s: Situation[DecideSilence]) -> None:
    """looked at again within 24 h (red, orange) or 7 days"""
    longest = s.policy.longest_silence[s.case.level]
    if not s.at < s.command.review_at <= s.at + longest:
        hours = longest.total_seconds() / 3600
        raise refused(
            f"复核时间须在 {hours:g} 小时以内",
            f"the time to look again has to be within {hours:g} hours",
            "改一个更早的复核时间",
            "choose an earlier time",
        )


def waiting_has_an_end(s: Situation[Hold]) -> None:
    """a wake-up time that is not too far away"""
    if not s.at < s.command.until <= s.at + s.policy.longest_hold:
        days = s.policy.longest_hold.days
        raise refused(
            f"恢复时间须在以后，且不超过 {days} 天",
            f"the wake-up time has to lie ahead, at most {days} days",
            "改一个恢复时间",
            "choose another time",
        )


def machine_wakes_on_time(s: Situation[Wake]) -> None:
    """the machine wakes a case no earlier than was set"""
    pause = s.case.pause
    if s.account is None and pause is not None and s.at < pause.until:
        raise refused(
            "恢复时间未到", "the wake-up time has not come", "等待到时", "wait until then"
        )


# facts


def claims_are_stated(s: Situation[SaveFactSheet]) -> None:
    """every line says what is claimed, and has a number of its own"""
    claims = s.command.claims
    numbers = {claim.number for claim in claims}
    if len(numbers) < len(claims) or not all(claim.statement.strip() for claim in claims):
        raise refused(
            "核实单有空白或重复编号的条目",
            "a line of the fact sheet is empty or has a number twice",
            "每条写明一项说法",
            "state one claim a line",
        )


def sheet_is_complete(s: Situation[Any]) -> None:
    """every claim has a verdict that stands on evidence, and not on the accused unit's alone"""
    sheet = s.case.fact_sheet
    if not sheet.claims:
        raise refused(
            "核实单还是空的",
            "the fact sheet is empty",
            "逐条写下对方的说法",
            "write down what is claimed, a line each",
        )
    if count := len(sheet.open_claims):
        raise refused(
            f"核实单还有 {count} 条未核实",
            f"{count} lines of the fact sheet have no verdict",
            "逐条选择 属实 / 部分属实 / 不实 / 无法核实",
            "give each a verdict",
        )
    if count := len(sheet.unproven_claims):
        raise refused(
            f"核实单有 {count} 条结论没有依据",
            f"{count} verdicts stand on no evidence",
            "补上证据；无法核实的写明查了什么",
            "add evidence, or say what was tried",
        )
    if sheet.rests_on_the_accused_alone:
        raise refused(
            "核实不能只依据被指部门自己的说法",
            "all evidence comes from the unit that is accused",
            "补上其他部门或外部的证据",
            "add evidence from somewhere else",
        )


# the draft


def text_is_there(s: Situation[SaveDraft]) -> None:
    """the draft has words"""
    _require_words(s.command.text, "拟稿正文", "the text")


def draft_differs(s: Situation[SaveDraft]) -> None:
    """something changed (else saving would void approvals for nothing)"""
    old, new = s.case.draft, s.command
    if old is None:
        return
    was = (old.text, old.kind, old.importance, old.authorship, old.platform)
    if was == (new.text, new.kind, new.importance, new.authorship, new.platform):
        raise refused("内容没有变化", "nothing has changed", "无需保存", "nothing to save")


def draft_exists(s: Situation[SubmitDraft]) -> None:
    """there is a draft"""
    if s.case.draft is None:
        raise refused("还没有拟稿", "there is no draft", "先写拟稿", "write one")


def unverifiable_allows_a_holding_statement_only(s: Situation[Any]) -> None:
    """with an unverifiable claim only a holding statement"""
    draft, count = s.case.draft, len(s.case.fact_sheet.unverifiable_claims)
    if draft is not None and count and draft.kind is not DraftKind.HOLDING:
        raise refused(
            f"有 {count} 条无法核实，只能使用声明稿",
            f"{count} claims are unverifiable: only a holding statement is possible",
            "把稿件类型改为声明稿，不谈原因",
            "make it a holding statement that gives no cause",
        )


def findings_are_answered(s: Situation[SubmitDraft]) -> None:
    """the draft check found nothing, or a reason overrides it"""
    blocking = [finding for finding in s.facts.findings if finding.blocking]
    if blocking and not s.command.override_reason.strip():
        codes = "、".join(sorted({finding.code for finding in blocking}))
        raise refused(
            f"稿件检查还有 {len(blocking)} 处问题",  # the page lists them in words
            f"the draft check found {len(blocking)} problems ({codes})",
            "改正，或写明坚持使用的理由",
            "mend them, or give a reason to keep them",
        )


# approval


def words_are_not_ones_own(s: Situation[Approve]) -> None:
    """no approver wrote any part of the text (four eyes)"""
    if s.actor_id in s.case.writers:
        raise refused(
            "拟稿人不能批准自己的稿件",
            "nobody approves their own words",
            "请另一位审批人批准",
            "ask another approver",
        )


def step_awaits_actor(s: Situation[Approve] | Situation[Return]) -> None:
    """the current step waits for a role of this person, who has not approved it yet"""
    if approving_role(s) is not None:
        return
    number = s.case.review_step
    given = {a.account_id for a in s.case.approvals if a.step == number}
    if s.actor_id in given:
        raise refused(
            "您已批准这一步",
            "you have approved this step",
            "等待其他审批人",
            "wait for the others",
        )
    wanted = roles_listed(waiting_roles(s.case))
    raise refused(
        f"这一步等待：{wanted.zh}",
        f"this step waits for: {wanted.en}",
        "请该角色的同事操作",
        "ask one who has that role",
    )


def approves_what_stands(s: Situation[Approve]) -> None:
    """the hashes approved are those of the text and fact sheet as they are"""
    draft, command = s.case.draft, s.command
    seen = (command.text_sha256, command.sheet_sha256)
    if draft is None or seen != (draft.sha256, s.case.fact_sheet.sha256):
        raise refused(
            "稿件或核实单在您查看之后有改动",
            "the text or the fact sheet is not what you have read",
            "重新阅读后再批准",
            "read it again, then approve",
        )


def rivals_are_decided(s: Situation[Approve]) -> None:
    """no rival reply to the same post, or a choice is made"""
    if s.facts.rivals and s.command.conflict is None:
        ids = "、".join(rival.id for rival in s.facts.rivals)
        raise refused(
            f"同一内容另有待发的回应：{ids}",
            f"other replies to the same post are on their way: {ids}",
            "选择保留其他回应，或批准本稿并退回其他",
            "keep the others, or approve this one and reject them",
        )


def approval_has_expired(s: Situation[Any]) -> None:
    """the approval is older than its level allows"""
    if not has_expired(s.case, s.at):
        raise refused(
            "批准仍然有效", "the approval is still valid", "可以发布", "it may be published"
        )


def approval_is_valid(s: Situation[RecordPublication]) -> None:
    """the approval is not older than its level allows, and of exactly this text and sheet"""
    if has_expired(s.case, s.at):
        raise refused(
            "批准已过期",
            "the approval has expired",
            "重新送审后再发布",
            "ask for approval again before it is published",
        )
    if not stands_approved(s.case):
        raise refused(
            "现有批准与稿件或核实单不符",
            "the approvals are not of this text and fact sheet",
            "撤回后重新送审",
            "withdraw it and submit it again",
        )


# publication


def address_is_public(s: Situation[RecordPublication]) -> None:
    """a public http(s) address"""
    try:
        parts = urlsplit(s.command.url.strip())
        fits = parts.scheme in {"http", "https"} and "." in (parts.hostname or "")
    except ValueError:
        fits = False
    if not fits or any(sign.isspace() for sign in s.command.url.strip()):
        raise refused(
            "发布链接不是公开的 http(s) 地址",
            "the address is not a public http(s) one",
            "粘贴已发布内容的链接",
            "paste the address of what was published",
        )


def live_text_is_the_approved(s: Situation[RecordPublication]) -> None:
    """the published text equals the approved one, or it is said why it could not be read"""
    live, draft = s.command.live_text, s.case.draft
    if live is None:
        _require_words(s.command.note, "未能比对的原因", "why it could not be compared")
    elif draft is None or text_sha256(live) != draft.sha256:
        raise refused(
            "线上文字与批准的文字不一致",
            "the published text differs from the approved one",
            "在平台上改正后再登记，或撤回重新送审",
            "mend it on the platform, or withdraw the draft and have it approved again",
        )


# the end


def nothing_is_owed(s: Situation[Any]) -> None:
    """no open promise or task"""
    if count := len(s.case.open_promises):
        raise refused(
            f"还有 {count} 项承诺或任务未完成",
            f"{count} promises or tasks are open",
            "完成并登记结果",
            "keep them and note the result",
        )


def quiet_long_enough(s: Situation[Any]) -> None:
    """quiet for the watch window of the level"""
    clocks = s.policy.clocks.get(s.case.level)
    window = clocks.watch_window if clocks is not None else None
    if window is None:
        raise refused(
            "制度未填写这一级的观察期",
            "the watch window of this level is not set",
            "请先在「设置 › 全部配置」的 levels 中填写 watch_window",
            "set watch_window of the level under [levels] first",
        )
    hours = window.total_seconds() / 3600
    if s.facts.quiet_since is None or s.at - s.facts.quiet_since < window:
        raise refused(
            f"观察期未满（{hours:g} 小时内须无新的负面突增）",
            f"not quiet for {hours:g} hours yet",
            "观察期满后再办结",
            "resolve it when the watch window has passed",
        )


def review_is_written(s: Situation[Close]) -> None:
    """red, orange and yellow: cause, timeline, what worked, and actions with owners"""
    if s.case.level not in s.policy.reviewed_levels:
        return
    review = s.case.review
    if review is None or not review.actions:
        raise refused(
            "复盘单未完成",
            "the review sheet is not complete",
            "写明原因、经过、有效做法，并列出带负责人的改进项",
            "cause, timeline, what worked, and actions with owners",
        )


def review_says_something(s: Situation[SaveReview]) -> None:
    """cause, timeline and what worked are written; every action has an owner"""
    command = s.command
    _require_words(command.cause, "原因", "the cause")
    _require_words(command.timeline, "经过", "the timeline")
    _require_words(command.what_worked, "有效做法", "what worked")
    if not all(item.action.strip() and item.owner_id for item in command.actions):
        raise refused(
            "改进项缺少内容或负责人",
            "an action has no words or no owner",
            "为每项写明内容和负责人",
            "give each both",
        )
    for item in command.actions:
        _require_account(s, item.owner_id, frozenset(Role))


# several cases


def target_takes_it(s: Situation[Merge]) -> None:
    """the other case is another one, active, and as grave; nothing is owed here"""
    other = _require_other(s, s.command.into)
    if not other.state.is_active:
        state = STATE_WORDS[other.state]
        raise refused(
            f"目标工单 {other.id} {state.zh}，不能并入",
            f"{other.id} is {state.en} and takes nothing in",
            "选择处理中的工单",
            "choose an active case",
        )
    if s.case.level.rank < other.level.rank:
        raise refused(
            f"目标工单 {other.id} 的级别低于本工单",
            f"{other.id} is graded lower than this case",
            "先把目标工单升级",
            "raise its grade first",
        )
    nothing_is_owed(s)


def target_can_give_back(s: Situation[Unmerge]) -> None:
    """the other case was not merged further itself"""
    other = s.facts.other
    if other is not None and other.merged is not None:
        raise refused(
            f"{other.id} 已并入 {other.merged.into}",
            f"{other.id} was merged into {other.merged.into}",
            f"先撤销 {other.id} 的并案",
            f"take {other.id} out first",
        )


def signals_are_free(s: Situation[Attach]) -> None:
    """no other case has one of the signals"""
    if s.facts.holders:
        holder = s.facts.holders[0]
        raise refused(
            f"预警已属于工单 {holder.id}",
            f"the signal belongs to {holder.id}",
            "如为同一事件，请并案",
            "merge the cases if it is the same matter",
        )


def other_exists(s: Situation[Relate]) -> None:
    """the other case exists and is another one"""
    _require_other(s, s.command.case_id)


def _require_other(s: Situation[Any], case_id: str) -> Case:
    other = s.facts.other
    if other is None or case_id in {"", s.case.id} or other.id != case_id:
        raise refused(
            "没有这个工单，或就是本工单",
            "there is no such other case",
            "检查工单号",
            "check its number",
        )
    return other


# promises and words


def promise_is_clear(s: Situation[AddPromise]) -> None:
    """what is promised, an owner, and a day that lies ahead"""
    _require_words(s.command.action, "承诺内容", "what is promised")
    _require_account(s, s.command.owner_id, frozenset(Role))
    if s.command.due_at <= s.at:
        raise refused(
            "承诺的期限已过", "its due time is over", "选择以后的时间", "choose a time ahead"
        )


def promise_is_open(s: Situation[KeepPromise] | Situation[DropPromise]) -> None:
    """the promise exists and is open"""
    promise = s.case.promise(s.command.number)
    if promise is None or promise.state is not PromiseState.OPEN:
        raise refused(
            "没有这项承诺，或已结束",
            "there is no such open promise",
            "刷新后查看承诺列表",
            "look at the list again",
        )


def promise_is_ones_own(s: Situation[KeepPromise]) -> None:
    """its owner, or the desk"""
    promise = s.case.promise(s.command.number)
    desk = {Role.ANALYST, Role.DUTY_LEAD, Role.COMPLAINT_AGENT}
    if promise is not None and promise.owner_id != s.actor_id and not desk & s.roles:
        raise refused(
            "这项承诺由他人负责", "the promise is somebody else's", "请负责人登记", "ask its owner"
        )


def result_was_told(s: Situation[KeepPromise]) -> None:
    """what was done, and for a promise to a person how they took it"""
    _require_words(s.command.result, "办理结果", "the result")
    promise = s.case.promise(s.command.number)
    if promise is not None and promise.made_to and s.command.satisfaction is None:
        raise refused(
            "未登记对方是否满意",
            "how the person took it is not noted",
            "选择满意程度；不清楚的选「未知」",
            "note it, or that it is not known",
        )


def comment_is_given(s: Situation[Return]) -> None:
    """a comment is given"""
    _require_words(s.command.comment, "退回意见", "the comment")


def note_is_given(s: Situation[Note]) -> None:
    """the note has words"""
    _require_words(s.command.text, "备注", "the note")


def title_is_given(s: Situation[Describe]) -> None:
    """the case has a title"""
    _require_words(s.command.title, "标题", "the title")


# what several guards and changes ask


def has_expired(case: Case, at: datetime) -> bool:
    """Whether the approval of a case is older than its level allows."""
    return case.valid_until is None or at >= case.valid_until


def stands_approved(case: Case) -> bool:
    """Whether the whole chain approved exactly the text and the fact sheet that stand."""
    draft = case.draft
    return (
        draft is not None
        and bool(case.chain)
        and case.review_step is None
        and all(
            (a.text_sha256, a.sheet_sha256) == (draft.sha256, case.fact_sheet.sha256)
            and a.account_id not in case.writers
            for a in case.approvals
        )
    )


def waiting_roles(case: Case) -> tuple[Role, ...]:
    """Return the roles that the current step of the chain waits for."""
    number = case.review_step
    if number is None:
        return ()
    return case.chain[number].missing(a for a in case.approvals if a.step == number)


def approving_role(s: Situation[Any]) -> Role | None:
    """Return the role in which the actor can approve the current step, None when they cannot; their
    own role goes before one they are deputy of.
    """
    number = s.case.review_step
    if any(a.step == number and a.account_id == s.actor_id for a in s.case.approvals):
        return None
    fitting = [role for role in waiting_roles(s.case) if role in s.roles]
    own = [role for role in fitting if s.account is not None and role in s.account.roles]
    return next(iter(own or fitting), None)


def _require_role(s: Situation[Any], role: Role) -> None:
    if role not in s.roles:
        word, level = ROLE_WORDS[role], LEVEL_WORDS[s.case.level]
        raise refused(
            f"{level.zh}色工单需由{word.zh}决定",
            f"a {level.en} case needs the {word.en}",
            f"请{word.zh}操作",
            "ask one who has that role",
        )


def _require_account(s: Situation[Any], account_id: str, roles: frozenset[Role]) -> None:
    account = s.facts.account(account_id)
    fits = account is not None and account.state is AccountState.ACTIVE
    stands_in = STAND_INS.get(s.case.kind)
    wanted = roles | ({stands_in} if stands_in and Role.ANALYST in roles else frozenset())
    if not fits or account is None or not account.roles & wanted:
        raise refused(
            "所选人员不存在、已停用，或没有所需角色",
            "the person is unknown, disabled, or lacks the role",
            f"需要：{roles_listed(wanted).zh}",
            f"needed: {roles_listed(wanted).en}",
        )


def _require_words(text: str, zh: str, en: str) -> None:
    if not text.strip():
        raise refused(f"未填写{zh}", f"{en} is missing", f"请填写{zh}", "fill it in")
