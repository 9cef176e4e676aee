"""Facts in, message out: pure rendering of mails. Templates are ours alone; what they place is
not.
"""

from functools import cache

import css_inline
from jinja2 import PackageLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from delivery.alert_facts import AlertFacts
from delivery.alert_words import AlertWords
from domain.alert import AlertContext, MailStage
from domain.brand import Recipient
from domain.errors import Text
from domain.outbox import Rendered
from domain.signal import Signal


def render_alert(
    signal: Signal,
    stage: MailStage,
    context: AlertContext,
    recipient: Recipient,
    language: str = "zh",
) -> Rendered:
    """Return the mail of a signal's stage in `language` (`zh` or `en`).

    The same facts give the same bytes. No picture is used: the chart is an HTML table, so the mail
    is whole where pictures are blocked. A robot gets a few lines of plain text.
    """
    words = AlertWords.about(AlertFacts(signal, stage, context, recipient, language))
    if recipient.channel.is_robot:
        return Rendered(subject=words.heading.subject, text=words.brief, html="")
    return Rendered(
        subject=words.heading.subject,
        text=render_text("alert.txt.j2", mail=words, t=words.heading.t),
        html=render_page("alert.html.j2", mail=words, t=words.heading.t),
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
        _environment()
        .get_template("plain.html.j2")
        .render(language=language, lines=text.splitlines())
    )
    return Rendered(subject=subject.in_language(language), text=text, html=html)


def render_page(name: str, **words: object) -> str:
    """Return the HTML of one of our templates, escaped, with its styles inlined."""
    return _inliner().inline(_environment().get_template(name).render(**words))


def render_text(name: str, **words: object) -> str:
    """Return the plain text of one of our templates."""
    return _environment().get_template(name).render(**words).strip() + "\n"


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        loader=PackageLoader("delivery", "templates"),
        autoescape=lambda name: name is not None and name.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _inliner() -> css_inline.CSSInliner:
    # nothing is fetched; only the at-rules (dark mode, narrow screens) stay in <style>
    return css_inline.CSSInliner(
        load_remote_stylesheets=False, keep_style_tags=False, keep_at_rules=True
    )
