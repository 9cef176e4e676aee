"""A thousand fuzzed titles as subjects over one real SMTP server: none is unsendable."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from delivery.mail import Security, SmtpMailer, SmtpServer
from delivery.message import Sender
from delivery.render import render_alert
from domain.alert import MailStage
from tests.fakes import FixedClock
from tests.fixtures.mails import a_mail
from tests.fixtures.signals import a_context, a_post, a_recipient, a_signal
from tests.fixtures.smtp import Faults, mail_server

pytestmark = pytest.mark.integration

NASTY = st.sampled_from(
    ["\r\n", "\u2028", "\x0b", "\x00", "\ud83d", "\u202e", "\u200b", "=?utf-8?q?=0D=0A?=", ".\r\n"]
)
TITLES = st.lists(st.text(st.characters(codec=None), max_size=40) | NASTY, max_size=8).map("".join)


@pytest.fixture(scope="module")
def faults() -> Faults:
    return Faults()


@pytest.fixture(scope="module")
def mailer(faults):
    with mail_server(faults) as port:
        server = SmtpServer("127.0.0.1", port, Security.NONE)
        yield SmtpMailer(server, Sender("k@example.com", "koubei.example.com"), FixedClock())


@settings(
    max_examples=1000,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(TITLES)
def test_no_crawled_title_makes_an_alert_unsendable(faults, mailer, title):
    signal = a_signal(top_posts=(a_post(excerpt=title),), terms=((title, 9),))
    rendered = render_alert(
        signal, MailStage.OPENING, a_context(brand_name=title or "云栈"), a_recipient()
    )
    before = len(faults.accepted)
    mailer.send(a_mail(rendered=rendered))
    [got] = faults.accepted[before:]
    assert got.recipients == ["a@example.com"]
    assert got.message["Subject"] == " ".join(str(got.message["Subject"]).split())
    assert str(got.message["Subject"]).endswith("|A-20261121-03")
    assert got.message["Bcc"] is None
