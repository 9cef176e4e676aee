"""The mail about a login at a platform: what is the matter, and the one step that mends it."""

from zoneinfo import ZoneInfo

from delivery.letter import Letter, render_letter
from domain.errors import Text
from domain.outbox import Rendered
from domain.session import NewsKind, SessionNews
from presentation.formats import full_time
from presentation.wording import reason, session_ending, word


def render_session(news: SessionNews, language: str = "zh") -> Rendered:
    """Return the mail in `language` (`zh` or `en`)."""

    def t(zh: str, en: str) -> str:
        return Text(zh, en).in_language(language)

    place, zone = word(news.platform), ZoneInfo(news.zone_name)
    command = f"koubei login {news.platform.value}"
    ends = full_time(news.expires_at, zone) if news.expires_at else ""
    facts = {
        NewsKind.ENDED: Text(f"{place.zh}登录已失效", f"The login at {place.en} has ended"),
        NewsKind.EXPIRING: Text(f"{place.zh}登录即将到期", f"The login at {place.en} ends soon"),
        NewsKind.WANTED: Text(f"{place.zh}要求登录", f"{place.en} asks for a login"),
    }
    effects = {
        NewsKind.ENDED: Text(
            f"在重新登录之前，{place.zh}按访客读取：读到的内容可能变少，或完全读不到。",
            f"Until somebody logs in again {place.en} is read as a visitor: less, or nothing.",
        ),
        NewsKind.EXPIRING: Text(
            f"到期后{place.zh}按访客读取：读到的内容可能变少，或完全读不到。",
            f"After that {place.en} is read as a visitor: less, or nothing.",
        ),
        NewsKind.WANTED: Text(
            f"这里没有保存{place.zh}的登录，要求登录的内容现在读不到。",
            f"No login at {place.en} is stored here, so what asks for one is not read.",
        ),
    }
    fact = facts[news.kind].in_language(language)
    why = ""
    if news.kind is NewsKind.ENDED:
        why = session_ending(news.reason, news.platform).in_language(language)
    elif news.kind is NewsKind.WANTED:
        why = reason(news.reason, news.platform).text.in_language(language)
    return render_letter(
        Letter(
            language=language,
            subject=t(f"【采集】{fact}", f"[Collecting] {fact}"),
            tone="calm",
            badge=t("采集", "Collecting"),
            mark=full_time(news.at, zone),
            headline=fact,
            sentences=(
                effects[news.kind].in_language(language),
                t(
                    f"请在运行口碑的机器上执行：{command}（没有显示器时加 --qr）",
                    f"On the machine of Koubei run: {command} (with --qr where it has no display)",
                ),
            ),
            rows=(
                (t("平台", "Platform"), place.in_language(language)),
                (t("登录人", "Whose login"), news.owner),
                (t("原因", "Why"), why),
                (t("到期", "Ends"), ends if news.kind is NewsKind.EXPIRING else ""),
            ),
            notes=(
                t(
                    "登录由本人完成；本系统不输入密码，不识别验证码。",
                    "You log in yourself: this system types no password and solves no captcha.",
                ),
            ),
            button=t("查看采集", "Open collecting"),
            url=f"{news.public_url}/crawl" if news.public_url else "",
            demo=news.demo,
        )
    )
