"""The mail of a report upward (上报): the sheet as it was sent, and where to note it as read."""

from zoneinfo import ZoneInfo

from delivery.letter import Letter, render_letter
from domain.account import Account
from domain.case import UpwardSheet
from domain.case_notice import CaseMail
from domain.errors import Text
from domain.outbox import Rendered
from presentation import formats
from presentation.hostile import clean_line, quotation
from presentation.wording import word


def render_upward(mail: CaseMail, reader: Account, language: str = "zh") -> Rendered:
    """Return the mail of NoticeKind.UPWARD_REPORT in `language` (`zh` or `en`): the five parts of
    the sheet, and a button to the page on which 已阅 is noted. Opening the link notes nothing.
    """

    def t(zh: str, en: str) -> str:
        return Text(zh, en).in_language(language)

    case = mail.case
    sheet = case.upward.sheet or UpwardSheet("")
    level = word(case.level).in_language(language)
    sent_at = case.upward.sent_at or case.updated_at
    brand, title = quotation(mail.brand_name, 24), quotation(case.title, 30)
    by = quotation(mail.actor, 20) or t("系统", "the system")
    return render_letter(
        Letter(
            language=language,
            subject=t(f"【上报】{level} {brand} {title}|", f"[Report] {level} {brand} {title}|")
            + clean_line(case.id),
            tone=case.level.value,
            badge=t("上报单", "Report"),
            mark=f"{case.id} · {formats.full_time(sent_at, ZoneInfo(mail.zone_name))}",
            headline=f"{brand}{t('：', ': ')}{title}",
            sentences=(
                t(
                    f"{by} 上报，请阅后点击「已阅」；回执时间将作为上报证明。",
                    f"Reported by {by}. Please note that you have read it: the time is the proof.",
                ),
            ),
            rows=(
                (t("级别", "Level"), level),
                (t("什么事", "What"), sheet.what),
                (t("从何来", "Origin"), sheet.origin),
                (t("扩散", "Spread"), sheet.spread),
                (t("已做", "Done"), sheet.done),
                (t("建议", "Advice"), sheet.advice),
            ),
            notes=(
                t(f"收件人：{quotation(reader.name, 20)}", f"To: {quotation(reader.name, 20)}"),
                t(
                    "内部资料，请勿外传。依据 001 §5.1。",
                    "Internal, not to be passed on. Policy 001 §5.1.",
                ),
            ),
            button=t("打开并标记已阅", "Open, and note that I have read it"),
            url=f"{mail.public_url}/case?id={clean_line(case.id)}" if mail.public_url else "",
            demo=mail.demo,
        )
    )
