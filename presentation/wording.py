"""The words of the product: one for each member of each domain enum, and what a reason code means.

Mail, page, report and terminal take them from here, so that the same thing is called the same
everywhere. A test finds any enum member that has no word.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.account import AccountState, Role
from domain.alert import MailStage
from domain.approval import ApprovalMode
from domain.assessment import Lapse, Proof
from domain.audit import Flaw
from domain.brand import ChangeKind, FollowKind, Level, Sensitivity, Transport
from domain.case import (
    CaseKind,
    CaseSort,
    CaseState,
    Comparison,
    FalseAlarmCategory,
    PromiseState,
    Satisfaction,
    UpwardState,
)
from domain.case_moves import ConflictChoice
from domain.case_notice import NoticeKind
from domain.case_words import COMMAND_WORDS, STATE_WORDS
from domain.channel import Channel
from domain.clock_warning import WarnedAs
from domain.clocks import ClockName, ClockState
from domain.correction import CorrectionAct
from domain.coverage import CoverageState
from domain.crawl import FrontierState, SightingOutcome, SlotState
from domain.draft import Authorship, DraftKind, Importance
from domain.drift import DriftKind
from domain.errors import Text
from domain.fact_sheet import Verdict
from domain.lead import ImageKind, LeadProgress, LeadState
from domain.links import Place
from domain.login import TicketKind
from domain.mention import Flag, Kind, Platform, Precision
from domain.outbox import OutboxState
from domain.page import BlockKind, PageState
from domain.queries import Bucket, Sort
from domain.report import ReportKind, ReportState
from domain.roster import Weekday
from domain.sentiment import Judge, Label
from domain.session import EXPIRED, REMOVED, UNREADABLE, NewsKind, SessionState
from domain.signal import Outcome, Rule, SignalAct, SignalState
from domain.spiders import Dates, SpiderRole
from domain.statement import FindingCode, Template, Venue
from presentation.hostile import defang

_WORDS: Mapping[type[StrEnum], Mapping[StrEnum, Text]] = {
    Level: {
        Level.RED: Text("红色预警", "Red alert"),
        Level.ORANGE: Text("橙色预警", "Orange alert"),
        Level.YELLOW: Text("黄色预警", "Yellow alert"),
        Level.BLUE: Text("蓝色预警", "Blue alert"),
    },
    Platform: {
        Platform.WEIBO: Text("微博", "Weibo"),
        Platform.ZHIHU: Text("知乎", "Zhihu"),
        Platform.TIEBA: Text("贴吧", "Tieba"),
    },
    Label: {
        Label.NEGATIVE: Text("负面", "negative"),
        Label.NEUTRAL: Text("中性", "neutral"),
        Label.POSITIVE: Text("正面", "positive"),
    },
    Judge: {
        Judge.MODEL: Text("模型", "model"),
        Judge.PERSON: Text("人工", "person"),
    },
    Sensitivity: {
        Sensitivity.FEWER: Text("少", "fewer"),
        Sensitivity.BALANCED: Text("均衡", "balanced"),
        Sensitivity.MORE: Text("多", "more"),
    },
    FollowKind: {
        FollowKind.FORUM: Text("贴吧", "forum"),
        FollowKind.QUESTION: Text("问题", "question"),
        FollowKind.ACCOUNT: Text("账号", "account"),
    },
    SpiderRole: {
        SpiderRole.SEARCH: Text("搜索", "search"),
        SpiderRole.FOLLOW: Text("关注", "follow"),
        SpiderRole.DEPTH: Text("补充", "depth"),
    },
    Dates: {
        Dates.ASKED: Text("按日期查询", "asked by date"),
        Dates.READ_BACK: Text("往回翻", "read back"),
        Dates.NONE: Text("没有过去", "no past"),
    },
    Transport: {
        Transport.HTTP: Text("直接读取", "plain HTTP"),
        Transport.BROWSER: Text("浏览器", "browser"),
    },
    ChangeKind: {
        ChangeKind.ADDED: Text("新增", "added"),
        ChangeKind.CHANGED: Text("修改", "changed"),
        ChangeKind.REMOVED: Text("移除", "removed"),
    },
    Kind: {
        Kind.POST: Text("博文", "post"),
        Kind.COMMENT: Text("评论", "comment"),
        Kind.ANSWER: Text("回答", "answer"),
        Kind.ARTICLE: Text("文章", "article"),
        Kind.QUESTION: Text("问题", "question"),
        Kind.PIN: Text("想法", "pin"),
        Kind.VIDEO: Text("视频", "video"),
        Kind.THREAD: Text("主题帖", "thread"),
        Kind.FLOOR: Text("楼层", "floor"),
        Kind.REPLY: Text("楼中楼", "reply"),
    },
    Precision: {
        Precision.SECOND: Text("精确到秒", "to the second"),
        Precision.MINUTE: Text("精确到分钟", "to the minute"),
        Precision.HOUR: Text("精确到小时", "to the hour"),
        Precision.DAY: Text("精确到天", "to the day"),
    },
    Flag: {
        Flag.SPAM: Text("垃圾信息", "spam"),
        Flag.OWN_ACCOUNT: Text("自有账号", "own account"),
        Flag.SENSITIVE_PERSONAL_DATA: Text("含敏感个人信息", "sensitive personal data"),
        Flag.DELETED_UPSTREAM: Text("原平台已删除", "deleted on the platform"),
        Flag.CLEARED: Text("人工判为正常", "no spam, said a person"),
        Flag.IN_DEPTH: Text("跟帖（深读所得）", "found in depth, under a post"),
    },
    CoverageState: {
        CoverageState.OK: Text("正常", "ok"),
        CoverageState.PARTIAL: Text("部分采集", "partial"),
        CoverageState.EMPTY: Text("无结果", "no results"),
        CoverageState.BLOCKED: Text("被拦截", "blocked"),
        CoverageState.FAILED: Text("失败", "failed"),
    },
    DriftKind: {
        DriftKind.VANISHED: Text("读不到", "not read"),
        DriftKind.FELL: Text("很少读到", "rarely read"),
        DriftKind.BARE: Text("没有提及", "no mentions"),
        DriftKind.LAYOUT: Text("整页读不出", "unreadable"),
    },
    PageState: {
        PageState.OK: Text("正常", "ok"),
        PageState.EMPTY: Text("无结果", "no results"),
        PageState.BLOCKED: Text("被拦截", "blocked"),
        PageState.GONE: Text("内容已不存在", "gone"),
        PageState.NOT_CONTENT: Text("不是内容页", "not a content page"),
        PageState.LAYOUT_CHANGED: Text("页面版式已变", "layout changed"),
    },
    BlockKind: {
        BlockKind.LOGIN_WALL: Text("需要登录", "login wall"),
        BlockKind.CAPTCHA: Text("要求验证码", "captcha"),
        BlockKind.RATE_LIMITED: Text("访问过于频繁", "rate limited"),
        BlockKind.REFUSED: Text("平台拒绝访问", "refused"),
        BlockKind.BROWSER_CHECK: Text("浏览器环境检查", "browser check"),
        BlockKind.VISITOR: Text("停在访客验证页", "visitor check"),
    },
    FrontierState: {
        FrontierState.WAITING: Text("待采集", "waiting"),
        FrontierState.FETCHED: Text("已取回，待入库", "fetched, not yet stored"),
        FrontierState.DONE: Text("已入库", "stored"),
    },
    SightingOutcome: {
        SightingOutcome.STORED: Text("已入库", "stored"),
        SightingOutcome.NOT_MATCHED: Text("不符合监测方案", "not matched by the watch"),
        SightingOutcome.REFUSED: Text("无法入库", "refused by the store"),
        SightingOutcome.SPOOLED: Text("已取回，暂存待入库", "fetched, waits for the store"),
        SightingOutcome.GONE: Text("原平台已删除或隐藏", "deleted or hidden on the platform"),
    },
    SlotState: {
        SlotState.DUE: Text("待执行", "due"),
        SlotState.RUNNING: Text("执行中", "running"),
        SlotState.DONE: Text("已完成", "done"),
        SlotState.FAILED: Text("失败", "failed"),
    },
    SignalState: {
        SignalState.OPEN: Text("未解除", "open"),
        SignalState.ACKNOWLEDGED: Text("已认领", "acknowledged"),
        SignalState.CLOSED: Text("已解除", "closed"),
    },
    Rule: {
        Rule.NEGATIVE_SPIKE: Text("负面突增", "negative spike"),
        Rule.FIRST_DAY_ABSOLUTE: Text("首日绝对量", "first-day count"),
        Rule.HAND_RAISED: Text("人工预警", "raised by hand"),
    },
    Outcome: {
        Outcome.OPENED: Text("触发预警", "opened an alert"),
        Outcome.GREW: Text("预警扩大", "the alert grew"),
        Outcome.STILL_OPEN: Text("预警持续，未再扩大", "alert still open, no growth"),
        Outcome.CLOSED: Text("预警解除", "closed the alert"),
        Outcome.CALM: Text("平稳", "calm"),
        Outcome.TOO_FEW: Text("负面条数太少", "too few negatives"),
        Outcome.NOT_UNUSUAL: Text("未超出平时范围", "within the usual range"),
        Outcome.NOT_A_RECORD: Text("近日有过同样高", "as high only recently"),
        Outcome.SHARE_NORMAL: Text("负面占比正常", "negative share is normal"),
        Outcome.FEW_AUTHORS: Text("独立作者太少", "too few distinct authors"),
        Outcome.LEARNING: Text("学习中，历史不足", "learning, too little history"),
        Outcome.COVERAGE_UNKNOWN: Text("采集有缺口，无法判断", "coverage gap, cannot tell"),
        Outcome.HISTORY: Text("补采的历史，只计入基线", "backfilled history, baseline only"),
        Outcome.SILENCED: Text("已静默", "silenced"),
    },
    MailStage: {
        MailStage.OPENING: Text("首次预警", "opening"),
        MailStage.UPDATE: Text("更新", "update"),
        MailStage.CLOSING: Text("解除", "all clear"),
        MailStage.REMINDER: Text("提醒", "reminder"),
    },
    OutboxState: {
        OutboxState.PENDING: Text("待发送", "pending"),
        OutboxState.SENDING: Text("发送中", "sending"),
        OutboxState.SENT: Text("已送达邮件服务器", "accepted by the mail server"),
        OutboxState.RETRY: Text("待重试", "to be retried"),
        OutboxState.UNCERTAIN: Text("结果不明，将重发", "uncertain, to be sent again"),
        OutboxState.DEAD: Text("已放弃", "given up"),
        OutboxState.DROPPED: Text("恢复后弃置", "dropped after a restore"),
    },
    Sort: {
        Sort.NEWEST: Text("最新", "newest"),
        Sort.OLDEST: Text("最早", "oldest"),
        Sort.REACH: Text("影响力", "reach"),
        Sort.MOST_NEGATIVE: Text("最负面", "most negative"),
    },
    SessionState: {
        SessionState.VALID: Text("有效", "valid"),
        SessionState.EXPIRING: Text("即将到期", "ends soon"),
        SessionState.ENDED: Text("已失效", "ended"),
        SessionState.NONE: Text("未登录·以访客读取", "no login: read as a visitor"),
    },
    NewsKind: {
        NewsKind.ENDED: Text("登录已失效", "the login has ended"),
        NewsKind.EXPIRING: Text("登录即将到期", "the login ends soon"),
        NewsKind.WANTED: Text("要求登录", "a login is wanted"),
    },
    Bucket: {
        Bucket.FIVE_MINUTES: Text("5 分钟", "5 minutes"),
        Bucket.QUARTER_HOUR: Text("15 分钟", "15 minutes"),
        Bucket.HOUR: Text("1 小时", "1 hour"),
        Bucket.DAY: Text("1 天", "1 day"),
    },
    Role: {
        Role.ANALYST: Text("监测员", "analyst"),
        Role.DUTY_LEAD: Text("值班长", "duty lead"),
        Role.VERIFIER: Text("核实人", "verifier"),
        Role.DRAFTER: Text("拟稿人", "drafter"),
        Role.LEGAL: Text("法务", "legal"),
        Role.APPROVER_L1: Text("一级审批", "approver, level 1"),
        Role.APPROVER_L2: Text("二级审批", "approver, level 2"),
        Role.APPROVER_L3: Text("三级审批", "approver, level 3"),
        Role.PUBLISHER: Text("发布人", "publisher"),
        Role.COMPLAINT_AGENT: Text("客服", "complaint agent"),
        Role.REGISTRAR: Text("台账管理员", "registrar"),
        Role.ETHICS: Text("监督与伦理", "ethics officer"),
        Role.AUDITOR: Text("审计", "auditor"),
        Role.ADMIN: Text("管理员", "admin"),
    },
    AccountState: {
        AccountState.ACTIVE: Text("启用", "active"),
        AccountState.DISABLED: Text("停用", "disabled"),
    },
    CaseState: STATE_WORDS,
    CaseKind: {
        CaseKind.INCIDENT: Text("舆情", "incident"),
        CaseKind.COMPLAINT: Text("投诉", "complaint"),
        CaseKind.DISPUTE: Text("纠纷", "dispute"),
        CaseKind.SECURITY: Text("安全或账号异常", "security"),
    },
    CaseSort: {
        CaseSort.NEWEST: Text("最新", "newest"),
        CaseSort.DUE: Text("最急", "most urgent"),
    },
    FalseAlarmCategory: {
        FalseAlarmCategory.NOT_ABOUT_US: Text("与我方无关", "not about us"),
        FalseAlarmCategory.OLD_NEWS: Text("旧闻", "old news"),
        FalseAlarmCategory.MISJUDGED: Text("情感误判", "sentiment misjudged"),
        FalseAlarmCategory.SPAM: Text("水军或广告", "spam"),
        FalseAlarmCategory.OWN_ACTIVITY: Text("自家活动引起", "our own activity"),
        FalseAlarmCategory.OTHER: Text("其他", "other"),
    },
    UpwardState: {
        UpwardState.NOT_DUE: Text("无需上报", "not due"),
        UpwardState.DUE: Text("待上报", "due"),
        UpwardState.SENT: Text("已上报", "sent"),
        UpwardState.READ: Text("已阅", "read"),
    },
    Comparison: {
        Comparison.SAME: Text("与批准文字一致", "same as approved"),
        Comparison.NOT_READABLE: Text("未能比对", "could not be compared"),
    },
    PromiseState: {
        PromiseState.OPEN: Text("未完成", "open"),
        PromiseState.KEPT: Text("已兑现", "kept"),
        PromiseState.DROPPED: Text("已取消", "dropped"),
    },
    Satisfaction: {
        Satisfaction.SATISFIED: Text("满意", "satisfied"),
        Satisfaction.ACCEPTED: Text("接受", "accepted"),
        Satisfaction.DISSATISFIED: Text("不满意", "dissatisfied"),
        Satisfaction.NOT_KNOWN: Text("未知", "not known"),
    },
    Verdict: {
        Verdict.TRUE: Text("属实", "true"),
        Verdict.PARTLY: Text("部分属实", "partly true"),
        Verdict.FALSE: Text("不实", "false"),
        Verdict.UNVERIFIABLE: Text("无法核实", "unverifiable"),
    },
    DraftKind: {
        DraftKind.ANSWER: Text("正式回应", "answer"),
        DraftKind.HOLDING: Text("声明稿（核实中）", "holding statement"),
    },
    Importance: {
        Importance.ROUTINE: Text("一般", "routine"),
        Importance.SENSITIVE: Text("重要或敏感", "sensitive"),
    },
    Authorship: {
        Authorship.STAFF: Text("本公司人员", "our own people"),
        Authorship.EXTERNAL: Text("外部人员", "from outside"),
    },
    ApprovalMode: {
        ApprovalMode.ANY: Text("任一人", "any of them"),
        ApprovalMode.ALL: Text("全部", "all of them"),
    },
    ConflictChoice: {
        ConflictChoice.KEEP_OTHERS: Text("保留其他回应", "keep the others"),
        ConflictChoice.REJECT_OTHERS: Text("退回其他回应", "reject the others"),
    },
    NoticeKind: {
        NoticeKind.ASSIGNED: Text("指派给您", "assigned to you"),
        NoticeKind.PROMISED: Text("承诺由您负责", "a promise is yours to keep"),
        NoticeKind.WAITING_FOR_APPROVAL: Text("待您审批", "waiting for your approval"),
        NoticeKind.RETURNED: Text("稿件退回", "draft returned"),
        NoticeKind.APPROVED: Text("已批准，待发布", "approved, to be published"),
        NoticeKind.APPROVAL_EXPIRED: Text("批准已过期", "approval expired"),
        NoticeKind.UPWARD_REPORT: Text("上报", "report"),
        NoticeKind.REOPENED: Text("重新打开", "reopened"),
        NoticeKind.WOKEN: Text("恢复处理", "on again"),
    },
    SignalAct: {
        SignalAct.MAKE_CASE: Text("建单", "make a case"),
        SignalAct.ACKNOWLEDGE: Text("确认收到", "acknowledge"),
        SignalAct.ATTACH: Text("并入工单", "add to a case"),
        SignalAct.FALSE_ALARM: Text("标为误报", "false alarm"),
        SignalAct.SILENCE: Text("静默", "silence"),
        SignalAct.GIVE_BACK: Text("退回", "give back"),
    },
    ClockName: {
        ClockName.ACKNOWLEDGE: Text("认领", "acknowledge"),
        ClockName.ACK_TIMEOUT: Text("认领后推进", "move on after taking"),
        ClockName.REPORT_LEAD: Text("上报值班长", "report to the duty lead"),
        ClockName.REPORT_EXECUTIVE: Text("上报分管领导", "report to the executive"),
        ClockName.FACT_SHEET: Text("核实单", "fact sheet"),
        ClockName.FIRST_RESPONSE: Text("首次回应或决定不回应", "first answer or decided silence"),
        ClockName.FOLLOW_UP: Text("跟进", "follow-up"),
        ClockName.WATCH_WINDOW: Text("观察期", "watch window"),
        ClockName.REVIEW: Text("复盘", "review"),
        ClockName.COMPLAINT_REPLY: Text("投诉首次答复", "complaint: first reply"),
        ClockName.COMPLAINT_UPDATE: Text("投诉进展告知", "complaint: update"),
        ClockName.COMPLAINT_SOLUTION: Text("投诉解决", "complaint: solution"),
    },
    ClockState: {
        ClockState.OK: Text("计时中", "running"),
        ClockState.HALF: Text("已过一半", "half gone"),
        ClockState.NEAR: Text("将到期", "nearly due"),
        ClockState.BREACHED: Text("超时", "overdue"),
        ClockState.MET: Text("按时完成", "in time"),
        ClockState.NOT_SET: Text("制度未填写", "not set by the policy"),
    },
    WarnedAs: {
        WarnedAs.OWNER: Text("负责人", "owner"),
        WarnedAs.DUTY_LEAD: Text("值班长", "duty lead"),
        WarnedAs.APPROVER: Text("审批 L2", "approver L2"),
        WarnedAs.FALLBACK: Text("预警收件人", "alert recipient"),
    },
    LeadState: {
        LeadState.RECEIVED: Text("待研判", "to be looked at"),
        LeadState.IN_CASE: Text("已转工单", "part of a case"),
        LeadState.DISMISSED: Text("已关闭", "dismissed"),
    },
    LeadProgress: {
        LeadProgress.RECEIVED: Text("已收到", "received"),
        LeadProgress.BEING_HANDLED: Text("处理中", "being handled"),
        LeadProgress.ANSWERED: Text("公司已回应", "the company has answered"),
        LeadProgress.DONE: Text("已办结", "done"),
        LeadProgress.DISMISSED: Text("已核，无需处理", "looked at, nothing to do"),
    },
    Place: {
        Place.WEIBO: Text("微博", "Weibo"),
        Place.ZHIHU: Text("知乎", "Zhihu"),
        Place.TIEBA: Text("贴吧", "Tieba"),
        Place.WECHAT: Text("微信", "WeChat"),
        Place.QQ: Text("QQ", "QQ"),
        Place.OTHER: Text("其他", "elsewhere"),
    },
    ImageKind: {
        ImageKind.PNG: Text("PNG 图片", "PNG picture"),
        ImageKind.JPEG: Text("JPEG 图片", "JPEG picture"),
        ImageKind.WEBP: Text("WebP 图片", "WebP picture"),
    },
    Venue: {
        Venue.WEIBO_POST: Text("微博正文", "Weibo post"),
        Venue.WEIBO_COMMENT: Text("微博评论", "Weibo comment"),
        Venue.ZHIHU_ANSWER: Text("知乎回答", "Zhihu answer"),
        Venue.ZHIHU_COMMENT: Text("知乎评论", "Zhihu comment"),
        Venue.TIEBA_THREAD: Text("贴吧主题帖", "Tieba thread"),
        Venue.TIEBA_REPLY: Text("贴吧回复", "Tieba reply"),
        Venue.PRESS: Text("新闻稿或公告", "press statement"),
    },
    Template: {
        Template.HOLDING: Text("情况说明（核实中）", "holding statement"),
        Template.APOLOGY: Text("致歉声明", "apology"),
        Template.CLARIFICATION: Text("澄清说明", "clarification"),
        Template.COMPLAINT_REPLY: Text("投诉答复", "reply to a complaint"),
    },
    FindingCode: {
        FindingCode.EMPTY: Text("没有内容", "there is no text"),
        FindingCode.BLANK_LEFT: Text("填空未完成", "a blank is not filled in"),
        FindingCode.SUPERLATIVE: Text(
            "绝对化用语（广告法第九条）", "absolute wording (advertising law, article 9)"
        ),
        FindingCode.OVER_PROMISE: Text("无法保证的承诺", "a promise that nobody can keep"),
        FindingCode.PERSON_NAMED: Text(
            "点名个人或未打码的用户名", "names a person, or a user name that is not masked"
        ),
        FindingCode.PERSONAL_DATA: Text("含个人信息", "personal data"),
        FindingCode.DATE_MISSING: Text("缺少日期", "the date is missing"),
        FindingCode.CONTACT_MISSING: Text("缺少联系方式", "no contact is given"),
        FindingCode.CAUSE_BEFORE_VERIFIED: Text(
            "事实未核实前说明原因（慎报原因）", "names a cause before the facts are verified"
        ),
        FindingCode.NOT_IN_FACT_SHEET: Text(
            "数字或日期不在核实单中", "a figure or date that the fact sheet does not have"
        ),
        FindingCode.BARE_LINK: Text("链接未说明用途", "a link without its purpose"),
        FindingCode.TOO_LONG: Text("超过平台字数", "longer than the platform takes"),
        FindingCode.FOLDED: Text("会被折叠", "longer than is shown at once"),
    },
    Channel: {
        Channel.MAIL: Text("邮件", "mail"),
        Channel.WECOM: Text("企业微信", "WeCom"),
        Channel.DINGTALK: Text("钉钉", "DingTalk"),
        Channel.FEISHU: Text("飞书", "Feishu"),
        Channel.WEBHOOK: Text("Webhook", "webhook"),
    },
    Weekday: {
        Weekday.MONDAY: Text("周一", "Monday"),
        Weekday.TUESDAY: Text("周二", "Tuesday"),
        Weekday.WEDNESDAY: Text("周三", "Wednesday"),
        Weekday.THURSDAY: Text("周四", "Thursday"),
        Weekday.FRIDAY: Text("周五", "Friday"),
        Weekday.SATURDAY: Text("周六", "Saturday"),
        Weekday.SUNDAY: Text("周日", "Sunday"),
    },
    TicketKind: {
        TicketKind.FIRST_ADMIN: Text("首个管理员", "first admin"),
        TicketKind.INVITATION: Text("邀请", "invitation"),
        TicketKind.PASSWORD_RESET: Text("重设密码", "password reset"),
        TicketKind.SECOND_FACTOR: Text("动态验证码", "second factor"),
        TicketKind.OIDC: Text("企业身份登录", "company login"),
    },
    CorrectionAct: {
        CorrectionAct.CORRECTED: Text("改判", "corrected"),
        CorrectionAct.CONFIRMED: Text("确认", "confirmed"),
        CorrectionAct.UNDONE: Text("撤销改判", "taken back"),
    },
    ReportKind: {
        ReportKind.WEEK: Text("周报", "weekly report"),
        ReportKind.DAY: Text("日报", "daily report"),
    },
    ReportState: {
        ReportState.DRAFT: Text("草稿", "draft"),
        ReportState.REVIEWED: Text("已审", "reviewed"),
        ReportState.SENT: Text("已发", "sent"),
    },
    Lapse: {
        Lapse.EXPIRED: Text("已到期", "expired"),
        Lapse.WITHDRAWN: Text("已撤回", "withdrawn"),
        Lapse.FASTER: Text("采集频率高于所签", "asked more often than signed"),
        Lapse.MOVED: Text("来源地址已改", "the address is another"),
        Lapse.OTHERWISE: Text("采集方式已改", "read by another way"),
        Lapse.ROBOTS_CHANGED: Text("robots.txt 已变", "robots.txt has changed"),
    },
    Proof: {
        Proof.ALONE: Text("本人密码", "own password"),
        Proof.WITH_CODE: Text("本人密码与动态验证码", "own password and code"),
        Proof.COMPANY: Text("公司统一登录", "company login"),
    },
    Flaw: {
        Flaw.MISSING: Text("此前有记录缺失", "rows before it are missing"),
        Flaw.LINK: Text("与上一条的封印不连", "not sealed with the row before it"),
        Flaw.ROW: Text("内容与封印不符", "not what was sealed"),
        Flaw.PAYLOAD: Text("明细与封印不符", "its details are not what was sealed"),
        Flaw.UNTOLD: Text("明细被抹去而无记录", "its details were erased without a record"),
        Flaw.CUT: Text("末尾的记录缺失", "rows at the end are missing"),
        Flaw.REPLACED: Text("与别处留存的封印不符", "not what a head kept elsewhere tells"),
    },
}

WRITTEN_AS_FILE = Text(
    "已存为文件（未配置邮件服务器）", "written to a file (no mail server is set)"
)
"""What OutboxState.SENT means where mails become files."""

ROMAN: Mapping[Level, str] = {Level.RED: "Ⅰ", Level.ORANGE: "Ⅱ", Level.YELLOW: "Ⅲ", Level.BLUE: "Ⅳ"}
"""The four grades as they are numbered in emergency plans (Ⅰ to Ⅳ, shown 红橙黄蓝)."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a source could not be read: the fact, and the one step that mends it."""

    text: Text
    mend: Text


_LOGIN = Text(
    "在运行口碑的机器上执行 koubei login {code}", "run koubei login {code} on the machine of Koubei"
)
_IN_BROWSER = Text(
    "把该来源的 transport 改为 browser，或用 koubei import 导入",
    "set transport = browser for the source, or use koubei import",
)
_LATER = Text("无需操作，稍后自动重试", "nothing to do, a later run asks again by itself")
_LESS = Text(
    "暂停该来源一段时间，再调大采集间隔", "leave the source alone for a while, then ask less often"
)
_SIGN_AGAIN = Text(
    "在「设置 → 来源 → 采集影响评估」重新签署，或停用该来源",
    "sign its assessment anew (settings, sources), or switch the source off",
)
_LOOK = Text(
    "用 koubei parse 查看存档页面；用 koubei capture 存为样例，照 docs/layout.md 修好",
    "see the archived page with koubei parse; koubei capture makes a fixture, then docs/layout.md",
)

_REASONS: Mapping[str, Reason] = {
    "": Reason(Text("未说明原因", "no reason given"), Text("查看日志", "see the log")),
    # walls: the page said no
    "login_wall": Reason(Text("{platform}要求登录", "{platform} asks for a login"), _LOGIN),
    "visitor": Reason(
        Text("{platform}要求访客验证", "{platform} asks for its visitor step"), _LOGIN
    ),
    "captcha": Reason(
        Text("{platform}要求验证码", "{platform} asks for a captcha"),
        Text(
            "由人在浏览器中完成验证；本系统不识别验证码",
            "a person solves it in a browser; this system does not",
        ),
    ),
    "browser_check": Reason(
        Text("{platform}检查浏览器环境", "{platform} checks the browser"), _IN_BROWSER
    ),
    "rate_limited": Reason(Text("访问过于频繁，平台已限流", "{platform} limits the rate"), _LESS),
    "refused": Reason(Text("{platform}拒绝访问", "{platform} refuses access"), _LESS),
    "robots": Reason(
        Text("{platform}的 robots.txt 不允许", "robots.txt of {platform} forbids it"),
        Text(
            "由法务或管理员在「设置 → 来源 → 采集影响评估」签署后再采集；否则停用该来源，改用导入",
            "legal or an admin signs its assessment (settings, sources); else switch it off and "
            "use koubei import",
        ),
    ),
    "assessment_expired": Reason(
        Text(
            "{platform}的 robots.txt 不允许，采集影响评估已到期",
            "robots.txt of {platform} forbids it and the assessment has expired",
        ),
        _SIGN_AGAIN,
    ),
    "assessment_withdrawn": Reason(
        Text(
            "{platform}的 robots.txt 不允许，采集影响评估已撤回",
            "robots.txt of {platform} forbids it and the assessment was withdrawn",
        ),
        _SIGN_AGAIN,
    ),
    "assessment_faster": Reason(
        Text(
            "采集频率高于采集影响评估所签，评估已失效",
            "it is asked more often than was signed: the assessment has lapsed",
        ),
        Text(
            "调回原来的频率与关键词，或在「设置 → 来源 → 采集影响评估」重新签署",
            "ask as often as was signed, or sign anew (settings, sources)",
        ),
    ),
    "assessment_moved": Reason(
        Text(
            "来源地址已改，采集影响评估已失效",
            "the source has another address: the assessment has lapsed",
        ),
        _SIGN_AGAIN,
    ),
    "assessment_otherwise": Reason(
        Text(
            "采集方式已改，采集影响评估已失效",
            "the source is read by another way: the assessment has lapsed",
        ),
        _SIGN_AGAIN,
    ),
    "assessment_robots_changed": Reason(
        Text(
            "{platform}的 robots.txt 已变，采集影响评估已失效",
            "robots.txt of {platform} has changed: the assessment has lapsed",
        ),
        Text(
            "在「设置 → 来源 → 采集影响评估」重新读取 robots.txt 并签署",
            "read it again and sign anew (settings, sources)",
        ),
    ),
    "robots_unread": Reason(
        Text(
            "读不到{platform}的 robots.txt，因此没有采集",
            "robots.txt of {platform} could not be read, so nothing was asked",
        ),
        Text("检查本机网络；会自动重试", "check the network; it is retried by itself"),
    ),
    # pages that are not what was asked for
    "layout_changed": Reason(
        Text("页面版式已变，读不出内容", "the layout changed and cannot be read"), _LOOK
    ),
    "page_too_large": Reason(
        Text(
            "页面的标签比读取程序能读的多，没有读",
            "the page has more tags than are read, and was not read",
        ),
        Text(
            "在浏览器中打开，看它是不是要读的页面；若是，用 koubei capture 存为样例并报告",
            "open it in a browser; if it is what was to be read, make a fixture with koubei "
            "capture and report it",
        ),
    ),
    "not_content": Reason(
        Text("页面上没有要读的内容", "the page holds nothing of what was asked for"), _LOOK
    ),
    "gone": Reason(
        Text("页面已不存在", "the page is gone"),
        Text(
            "检查方案里关注的页面与来源的 base_url",
            "check what the watch follows, and the source's base_url",
        ),
    ),
    "body_too_large": Reason(
        Text("页面超过大小上限", "the page is larger than allowed"),
        Text("检查来源的 base_url 是否指向搜索页", "check that base_url leads to the search page"),
    ),
    "result_ceiling": Reason(
        Text(
            "结果超过{platform}可翻页的上限，较早的没有取到", "more results than {platform} shows"
        ),
        Text("缩短采集间隔，或把关键词拆细", "crawl more often, or use narrower queries"),
    ),
    "depth_limit": Reason(
        Text(
            "帖子下的评论或转发多于一次读取的上限，较早的没有取到",
            "a post has more comments or reposts than one look reads",
        ),
        Text("无需操作；新的评论下次会读到", "nothing to do, newer ones are read next time"),
    ),
    # this machine and the way there
    "browser_missing": Reason(
        Text("本机没有可用的 Chromium 浏览器", "no usable Chromium on this machine"),
        Text("安装 Chromium 后运行 koubei doctor 确认", "install Chromium, then run koubei doctor"),
    ),
    "browser_needed": Reason(
        Text("只有浏览器能打开这一页的结果", "only a browser can open these results"),
        Text("把该来源的 transport 改为 browser", "set transport = browser for the source"),
    ),
    "no_connection": Reason(
        Text("连接不上{platform}", "{platform} cannot be reached"),
        Text("检查本机网络；会自动重试", "check the network; it is retried by itself"),
    ),
    "no_such_host": Reason(
        Text("主机名解析失败", "the host name does not resolve"),
        Text("检查来源的 base_url 与本机网络", "check base_url and this machine's network"),
    ),
    "timeout": Reason(Text("页面超时", "the page took too long"), _LATER),
    "too_many_redirects": Reason(Text("跳转次数过多", "too many redirects"), _LATER),
    "http": Reason(Text("{platform}返回错误", "{platform} answered with an error"), _LATER),
    "address_refused": Reason(
        Text("网络守卫拒绝了该地址", "the network guard refused the address"),
        Text(
            "检查来源的 base_url；内网地址须写入 crawl.allowed_hosts",
            "check base_url; a private address has to be named in crawl.allowed_hosts",
        ),
    ),
    # the run itself
    "interrupted": Reason(Text("采集被中断", "the crawl was interrupted"), _LATER),
    "killed": Reason(
        Text("采集进程被杀死", "the crawl process was killed"),
        Text("无需操作，会从中断处续采", "nothing to do, it resumes where it stopped"),
    ),
    "wall_clock": Reason(
        Text("超过运行时限", "the crawl ran out of time"),
        Text("调大 crawl.wall_clock，或减少关键词", "raise crawl.wall_clock, or use fewer queries"),
    ),
    "already_running": Reason(
        Text("另一个进程正在采集", "another process is crawling it"),
        Text("等它结束", "wait for it to end"),
    ),
    "exit": Reason(
        Text("采集进程异常退出", "the crawl process failed"),
        Text("查看日志中的错误", "see the error in the log"),
    ),
    "internal_error": Reason(
        Text("程序内部错误，页面已存档", "an error of ours; the page is archived"),
        Text("查看日志中的错误并报告", "see the error in the log, and report it"),
    ),
    "not_started": Reason(
        Text("采集未能开始", "the crawl could not start"),
        Text("运行 koubei doctor 检查", "check with koubei doctor"),
    ),
    "http_error": Reason(Text("{platform}返回错误", "{platform} answered with an error"), _LATER),
    "store_unavailable": Reason(
        Text("存储不可用，已取回的页面留待补存", "the store is away; what was fetched waits"),
        Text("运行 koubei doctor 检查存储", "check the stores with koubei doctor"),
    ),
    "spooled": Reason(
        Text("已取回的内容暂存，等待入库", "what was fetched waits for the mention store"),
        Text("内容库可用时自动补入，查看 koubei spool", "it goes in by itself; see koubei spool"),
    ),
    "spool_lost": Reason(
        Text("暂存的内容丢失，这段时间没有看全", "what was fetched and waited is lost"),
        Text(
            "下次采集会自动补采，查看 koubei spool", "the next crawl asks again; see koubei spool"
        ),
    ),
    "dead_letters": Reason(
        Text("部分内容内容库不收，这段时间不算看全", "the store refused part of what was found"),
        Text("查看 koubei dead-letters list", "see koubei dead-letters list"),
    ),
    "nothing_to_ask": Reason(
        Text(
            "这个方案在该来源上现在没有可读的页面",
            "the watch has nothing to ask this source for now",
        ),
        Text(
            "给方案填写关键词或关注的页面；复读单条内容的来源要等有近期负面",
            "give the watch queries, or pages to follow; item spiders wait for negative posts",
        ),
    ),
    "never_crawled": Reason(
        Text("尚未采集过", "never crawled yet"),
        Text("运行 koubei up 或 koubei crawl", "run koubei up or koubei crawl"),
    ),
}

_SPIDERS = {
    "weibo_search": Text("搜索", " search"),
    "zhihu_search": Text("搜索", " search"),
    "tieba_search": Text("搜索", " search"),
    "weibo_account": Text("关注账号", " account"),
    "zhihu_question": Text("关注问题", " question"),
    "zhihu_account": Text("关注账号", " account"),
    "tieba_forum": Text("关注吧", " forum"),
    "weibo_hot": Text("热搜", " hot list"),
    "zhihu_hot": Text("热榜", " hot list"),
    "weibo_item": Text("原帖与评论", " posts and comments"),
    "zhihu_item": Text("原文与评论", " items and comments"),
    "tieba_item": Text("原帖与楼层", " threads and floors"),
}

REASON_CODES = frozenset(_REASONS) - {""}
"""The reason codes that have words of their own; any other is shown as it is."""

_DETAILED = re.compile(r"([a-z_]+):(.+)|(http|exit)_(-?\d+)", re.DOTALL)
_NO_CODE = re.compile(r"[^A-Za-z0-9_.: -]")


UNCOUNTED_WORDS: Final[Mapping[Flag, Text]] = {
    Flag.OWN_ACCOUNT: Text("自有账号", "own accounts"),
    Flag.SPAM: Text("垃圾信息", "spam"),
    Flag.IN_DEPTH: Text("跟帖", "under posts"),
}
"""What counts in no chart, in the plural, where its number stands beside it."""


def uncounted(counts: Mapping[Flag, int]) -> Text:
    """Return `未计入：跟帖 40 · 垃圾信息 12`, in the order given."""
    parts = [(UNCOUNTED_WORDS[flag], f"{count:,}") for flag, count in counts.items()]
    return Text(
        "未计入：" + " · ".join(f"{each.zh} {count}" for each, count in parts),
        "not counted: " + " · ".join(f"{each.en} {count}" for each, count in parts),
    )


def word(member: StrEnum) -> Text:
    """Return the word for a member of a domain enum; KeyError names an enum without words."""
    return _WORDS[type(member)][member]


def spider_word(spider: str) -> Text:
    """Return what a spider reads, behind the name of its platform; its own name when unknown."""
    return _SPIDERS.get(spider, Text(f" {spider}", f" {spider}"))


def command_word(command: type) -> Text:
    """Return the word for a command of `domain.case_moves`: what its button says."""
    return COMMAND_WORDS[command]


def reason(code: str, platform: Platform | None = None) -> Reason:
    """Return what a reason code of the coverage ledger means and how to mend it.

    With a platform it is named (微博要求登录), without it is "平台". A detail behind the code is
    shown: `layout_changed:created_at`, `http_503`, `exit_1`. An unknown code is shown as it is,
    never hidden.
    """
    match = _DETAILED.fullmatch(code)
    name, detail = (match[1] or match[3], match[2] or match[4]) if match else (code, "")
    known = _REASONS.get(name)
    if known is None:
        shown = _as_code(code)
        return Reason(
            Text(f"原因代码 {shown}", f"reason code {shown}"),
            Text("运行 koubei status 查看", "see koubei status"),
        )
    where = word(platform) if platform else Text("平台", "the platform")
    zh = known.text.zh.replace("{platform}", where.zh)
    en = known.text.en.replace("{platform}", where.en)
    shown = _as_code(detail)
    text = Text(f"{zh}（{shown}）", f"{en} ({shown})") if shown else Text(zh, en)
    named = platform.value if platform else "weibo|zhihu|tieba"
    mend = known.mend
    return Reason(text, Text(mend.zh.replace("{code}", named), mend.en.replace("{code}", named)))


_ENDINGS: Mapping[str, Text] = {
    EXPIRED: Text("登录已到期", "it expired"),
    REMOVED: Text("已由人移除", "somebody removed it"),
    UNREADABLE: Text("密钥已更换，保存的登录打不开", "the key is another one: it does not open"),
}


def session_ending(code: str, platform: Platform) -> Text:
    """Return why the login at a platform ended."""
    return _ENDINGS.get(code) or reason(code, platform).text


def _as_code(text: str) -> str:
    # codes are ours, but a detail may come from a page
    return defang(_NO_CODE.sub("", text).strip()[:60])


_ACTIONS: Mapping[str, Text] = {
    "account.": Text("人员", "accounts"),
    "assessment.signed": Text("签署采集影响评估", "assessment signed"),
    "assessment.withdrawn": Text("撤回采集影响评估", "assessment withdrawn"),
    "assessment.exported": Text("导出采集影响评估", "assessment exported"),
    "audit.erased": Text("抹去审计明细", "audit details erased"),
    "audit.exported": Text("导出审计记录", "audit trail exported"),
    "backup.made": Text("备份", "backup made"),
    "backup.restored": Text("从备份恢复", "restored from a backup"),
    "case.": Text("工单", "case"),
    "configuration.applied": Text("修改方案与设置", "configuration changed"),
    "crawl.asked": Text("立即采集", "crawl asked for"),
    "crawl.tried": Text("试读一页", "one page tried"),
    "dead_letters.dropped": Text("丢弃无法入库的内容", "dead letters dropped"),
    "dead_letters.replayed": Text("重试无法入库的内容", "dead letters tried again"),
    "mention.confirmed": Text("确认情感判定", "sentiment confirmed"),
    "model.installed": Text("装入训练的模型", "trained model installed"),
    "model.given_back": Text("退回上一个模型", "back to the model before"),
    "model.in_use": Text("启用情感模型", "sentiment model put into use"),
    "model.history_judged": Text("历史情感重算完", "history judged again"),
    "mentions.expired": Text("到期清理提及", "mentions past their time removed"),
    "mentions.migrated": Text("升级内容索引", "mention index migrated"),
    "mentions.moved": Text("搬迁内容库", "mentions moved to another store"),
    "mentions.taken_back": Text("改回上一个内容索引", "mention index taken back"),
    "mention.corrected": Text("改判情感", "sentiment corrected"),
    "mention.correction_undone": Text("撤销改判", "correction taken back"),
    "outbox.released": Text("放行被暂停的邮件", "held mail released"),
    "platform_session.ended": Text("平台登录失效", "platform login ended"),
    "platform_session.removed": Text("移除平台登录", "platform login removed"),
    "platform_session.replaced": Text("更换平台登录", "platform login replaced"),
    "platform_session.stored": Text("保存平台登录", "platform login stored"),
    "report.": Text("报告", "report"),
    "session.": Text("登录", "login"),
    "signal.opened": Text("预警触发", "alert opened"),
    "signal.grew": Text("预警升级", "alert grew"),
    "signal.closed": Text("预警解除", "alert closed"),
    "spool.given_up": Text("放弃一台机器的暂存", "a machine's spool given up"),
}
"""What an action of the audit trail is called; one with a dot at its end stands for its kind."""


def action_word(action: str) -> Text:
    """Return what an action of the audit trail is called: its own word, else that of its kind with
    the code behind it, else the code. Nothing in a trail is ever left out for want of a word.
    """
    if action in _ACTIONS:
        return _ACTIONS[action]
    kind, _, rest = action.partition(".")
    found = _ACTIONS.get(f"{kind}.")
    if found is None:
        return Text(action, action)
    return Text(f"{found.zh}：{rest}", f"{found.en}: {rest}")


_ACTORS: Mapping[str, Text] = {
    "system:crawler": Text("系统（采集）", "system (crawler)"),
    "system:detector": Text("系统（检测）", "system (detector)"),
    "system:scheduler": Text("系统（定时任务）", "system (scheduler)"),
    "koubei up": Text("系统（首次启动）", "system (first start)"),
}


def actor_word(actor: str, names: Mapping[str, str]) -> Text:
    """Return who acted: the name of an account (`names` by id), a part of the system, or the login
    at the machine's own terminal.
    """
    kind, _, rest = actor.partition(":")
    if kind == "account" and rest in names:
        return Text(names[rest], names[rest])
    if kind == "cli":
        return Text(f"命令行（{rest}）", f"terminal ({rest})")
    return _ACTORS.get(actor, Text(actor, actor))
