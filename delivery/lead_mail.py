"""The mail that tells the desk of a lead: who saw what, where, and where to look at it."""

from zoneinfo import ZoneInfo

from delivery.letter import Letter, render_letter
from domain.errors import Text
from domain.lead import LeadNews
from domain.outbox import Rendered
from presentation import formats
from presentation.hostile import clean_line, quotation
from presentation.wording import word


def render_lead(news: LeadNews, language: str = "zh") -> Rendered:
    """Return the mail in `language` (`zh` or `en`). The link is shown, not linked."""

    def t(zh: str, en: str) -> str:
        return Text(zh, en).in_language(language)

    lead, zone = news.lead, ZoneInfo(news.zone_name)
    place = word(lead.place).in_language(language)
    reporter = quotation(news.reporter, 20)
    pictures = len(lead.screenshots)
    brand = quotation(news.brand_name, 24)
    return render_letter(
        Letter(
            language=language,
            subject=t(f"【线索】{brand} {place}|", f"[Lead] {brand} {place}|")
            + clean_line(lead.id),
            tone="calm",
            badge=t("员工线索", "Lead"),
            mark=f"{lead.id} · {formats.full_time(lead.reported_at, zone)}",
            headline=t(f"{reporter} 报告了一条线索", f"{reporter} reported something"),
            sentences=(
                t("请研判：建工单、并入工单或关闭。", "Make a case, attach it, or dismiss it."),
            ),
            rows=(
                (t("品牌", "Brand"), brand or t("未指明", "not named")),
                (t("来自", "Seen on"), place),
                (t("链接", "Link"), lead.url),
                (t("截图", "Screenshots"), str(pictures) if pictures else ""),
                (t("说明", "Note"), lead.note),
                (t("已采集", "Stored as"), lead.mention_id),
            ),
            notes=(
                t(
                    "链接已作防误点处理，请核对后再打开。",
                    "The link is written cold: check it first.",
                ),
            ),
            button=t("查看线索", "Open the lead"),
            url=f"{news.public_url}/lead?id={clean_line(lead.id)}" if news.public_url else "",
            demo=news.demo,
        )
    )
