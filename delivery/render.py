"""Facts in, message out: pure rendering of mails. Templates are ours alone; what they place is
not.
"""

from dataclasses import dataclass

from delivery.alert_facts import AlertFacts
from delivery.alert_words import AlertWords
from delivery.charts import can_draw, png
from delivery.templating import environment, render_page, render_text
from domain.alert import AlertContext, MailStage
from domain.brand import Recipient
from domain.errors import Text
from domain.outbox import Rendered
from domain.signal import Signal
from presentation.alert_picture import hours_chart

ALERT_PICTURE = "hours@koubei"
"""The content id of the picture."""


def render_alert(
    signal: Signal,
    stage: MailStage,
    context: AlertContext,
    recipient: Recipient,
    language: str = "zh",
) -> Rendered:
    """Return the mail of a signal's stage in `language` (`zh` or `en`).

    The same facts give the same bytes. The chart is an HTML table, so the mail is whole where
    pictures are blocked; where the renderer is installed, a picture tells more beside it. A robot
    gets a few lines of plain text.
    """
    facts = AlertFacts(signal, stage, context, recipient, language)
    words = AlertWords.about(facts)
    if recipient.channel.is_robot:
        return Rendered(subject=words.heading.subject, text=words.brief, html="")
    picture = _picture(facts)
    return Rendered(
        subject=words.heading.subject,
        text=render_text("alert.txt.j2", mail=words, t=words.heading.t),
        html=render_page("alert.html.j2", mail=words, t=words.heading.t, picture=picture),
        images=((ALERT_PICTURE, picture.png),) if picture else (),
    )


def render_test(place: str, language: str = "zh") -> Rendered:
    """Return the mail of `koubei mail test`; `place` says what sent it (a host name)."""
    subject = Text(
        "口碑测试邮件：能看到它，预警邮件就能送到", "Koubei test mail: alerts can reach you"
    )
    text = Text(
        f"这是 {place} 上的口碑（Koubei）发出的测试邮件。\n"
        "能收到它，说明邮件设置可用，预警邮件会以同样的方式送达。无需回复。\n",
        f"This test mail was sent by Koubei on {place}.\n"
        "It shows that the mail settings work; alerts take the same way. No answer needed.\n",
    ).in_language(language)
    html = (
        environment()
        .get_template("plain.html.j2")
        .render(language=language, lines=text.splitlines())
    )
    return Rendered(subject=subject.in_language(language), text=text, html=html)


@dataclass(frozen=True, slots=True)
class _Picture:
    cid: str
    alt: str
    png: bytes


def _picture(facts: AlertFacts) -> _Picture | None:
    if not facts.context.hours or not can_draw():
        return None
    signal, zone = facts.signal, facts.zone
    chart = hours_chart(facts.context.hours, signal.figures, signal.onset_at, zone, facts.language)
    return _Picture(ALERT_PICTURE, chart.alt, png(chart.spec, width=544))
