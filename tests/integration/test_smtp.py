"""delivery/mail.py against real SMTP conversations on this machine."""

import ssl
import time
from datetime import timedelta
from pathlib import Path

import pytest
import trustme

from delivery.mail import Security, SmtpMailer, SmtpServer
from delivery.message import Sender
from delivery.render import render_alert
from domain.alert import MailStage
from domain.errors import ConfigurationError, DeliveryError
from domain.outbox import OutboxMail, Rendered, message_id
from tests.fakes import FixedClock
from tests.fixtures.mails import a_mail
from tests.fixtures.signals import a_context, a_recipient, a_signal
from tests.fixtures.smtp import (
    RESET,
    Faults,
    drip,
    free_port,
    mail_server,
    raw_server,
    say_nothing,
)

pytestmark = pytest.mark.integration

SENDER = Sender("koubei@example.com", "koubei.example.com")
PASSWORD = "s3cret-授权码-word"


def a_mailer(port: int, **server: object) -> SmtpMailer:
    fields: dict[str, object] = {
        "host": "127.0.0.1",
        "port": port,
        "security": Security.NONE,
        "timeout": timedelta(seconds=5),
        **server,
    }
    return SmtpMailer(SmtpServer(**fields), SENDER, FixedClock())  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def a_context_for(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


@pytest.fixture(scope="module")
def good_tls(authority: trustme.CA) -> ssl.SSLContext:
    return a_context_for(authority, "127.0.0.1", "localhost")


def refusal(mailer: SmtpMailer, mail: OutboxMail | None = None) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        mailer.send(mail or a_mail())
    return caught.value


def test_a_whole_alert_arrives_as_it_was_written():
    rendered = render_alert(a_signal(), MailStage.OPENING, a_context(), a_recipient())
    faults = Faults()
    with mail_server(faults) as port:
        a_mailer(port).send(a_mail(rendered=rendered, signal_id="A-20261121-03"))
    [got] = faults.accepted
    message = got.message
    assert got.recipients == ["a@example.com"]
    assert message["Subject"] == rendered.subject
    assert message["Message-ID"] == message_id(a_mail().key, "koubei.example.com")
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"] == "Fri, 20 Nov 2026 04:00:00 +0000"
    assert message["X-Koubei-Signal"] == "A-20261121-03"
    text = message.get_body(("plain",))
    html = message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().splitlines() == rendered.text.splitlines()
    assert html.get_content().splitlines() == rendered.html.splitlines()
    assert max(len(line) for line in got.content.split(b"\r\n")) <= 998


def test_later_mails_of_a_signal_answer_its_first():
    faults = Faults()
    with mail_server(faults) as port:
        a_mailer(port).send(a_mail("second", thread="first"))
    opening = message_id("first", "koubei.example.com")
    assert faults.accepted[0].message["In-Reply-To"] == opening
    assert faults.accepted[0].message["References"] == opening


def test_lines_of_dots_survive():
    faults = Faults()
    rendered = Rendered("点", ".\n..\n.a\n", "<body>.</body>")
    with mail_server(faults) as port:
        a_mailer(port).send(a_mail(rendered=rendered))
    body = faults.accepted[0].message.get_body(("plain",))
    assert body is not None
    assert body.get_content().splitlines() == [".", "..", ".a"]


def test_a_refused_connection_is_tried_again():
    error = refusal(a_mailer(free_port()))
    assert error.retry
    assert not error.uncertain
    assert error.mend.zh


@pytest.mark.parametrize("reply", ["451 4.7.1 Greylisted, try later", "452 4.2.2 Mailbox full"])
def test_a_temporary_refusal_is_tried_again_and_then_arrives(reply):
    faults = Faults(recipient=[reply])
    with mail_server(faults) as port:
        error = refusal(a_mailer(port))
        assert error.retry
        assert not error.uncertain
        a_mailer(port).send(a_mail())
    assert len(faults.accepted) == 1


def test_an_unknown_recipient_is_final_and_says_what_the_server_said():
    faults = Faults(refused={"a@example.com": "550 5.1.1 No such user"})
    with mail_server(faults) as port:
        error = refusal(a_mailer(port))
    assert not error.retry
    assert "550" in str(error)
    assert "No such user" in str(error)


def test_refused_relaying_is_a_setting_and_is_tried_again():
    faults = Faults(refused={"a@example.com": "554 5.7.1 Relay access denied"})
    with mail_server(faults) as port:
        assert refusal(a_mailer(port)).retry


def test_a_refused_sender_is_a_setting_and_is_tried_again():
    with mail_server(Faults(sender=["550 5.1.8 Sender rejected"])) as port:
        assert refusal(a_mailer(port)).retry


def test_a_message_refused_for_good_is_final():
    with mail_server(Faults(data=["552 5.3.4 Message too big"])) as port:
        error = refusal(a_mailer(port))
    assert not error.retry
    assert not error.uncertain


def test_a_message_refused_for_now_is_certain_not_to_have_arrived():
    with mail_server(Faults(data=["451 4.3.0 Try later"])) as port:
        error = refusal(a_mailer(port))
    assert error.retry
    assert not error.uncertain


def test_a_line_that_breaks_after_the_message_leaves_doubt_and_the_repeat_says_so():
    faults = Faults(data=[RESET])
    with mail_server(faults) as port:
        error = refusal(a_mailer(port))
        assert error.retry
        assert error.uncertain
        a_mailer(port).send(a_mail(may_repeat=True))
    first, second = (item.message for item in faults.accepted)
    assert first["Message-ID"] == second["Message-ID"]
    assert first["X-Koubei-Possible-Duplicate"] is None
    assert second["X-Koubei-Possible-Duplicate"] == "yes"
    for kind in ("plain", "html"):
        body = second.get_body((kind,))
        assert body is not None
        assert "可能重复" in body.get_content()


@pytest.mark.parametrize("talk", [say_nothing, drip], ids=["black hole", "a byte at a time"])
def test_no_server_can_hold_an_attempt_longer_than_its_time(talk):
    with raw_server(talk) as port:
        began = time.monotonic()
        error = refusal(a_mailer(port, timeout=timedelta(seconds=1)))
        took = time.monotonic() - began
    assert 0.9 <= took < 2.5
    assert error.retry
    assert not error.uncertain
    assert "1 秒" in error.text.zh


@pytest.mark.parametrize("talk", [say_nothing, drip], ids=["black hole", "a byte at a time"])
def test_a_tls_handshake_is_bounded_too(talk):
    with raw_server(talk) as port:
        began = time.monotonic()
        mailer = a_mailer(port, security=Security.TLS, timeout=timedelta(seconds=1))
        assert refusal(mailer).retry
        assert time.monotonic() - began < 2.5


def test_a_server_that_hangs_after_the_message_leaves_doubt():
    def take_it_and_hang(line):
        line.sendall(b"220 hi\r\n")
        for reply in (b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
            line.recv(65536)
            line.sendall(reply)
        say_nothing(line)

    with raw_server(take_it_and_hang) as port:
        error = refusal(a_mailer(port, timeout=timedelta(seconds=1)))
    assert error.uncertain
    assert error.retry


def test_a_server_that_dawdles_over_goodbye_changes_nothing():
    def slow_quit(line):
        line.sendall(b"220 hi\r\n")
        for reply in (b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", b"250 ok\r\n"):
            line.recv(65536)
            line.sendall(reply)
        say_nothing(line)

    with raw_server(slow_quit) as port:
        began = time.monotonic()
        a_mailer(port).send(a_mail())
        assert time.monotonic() - began < 2


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
def test_an_unknown_certificate_is_refused_by_default(security, good_tls):
    faults = Faults()
    kind = {"tls" if security is Security.TLS else "starttls": good_tls}
    with mail_server(faults, **kind) as port:
        error = refusal(a_mailer(port, security=security))
    assert "证书" in error.text.zh
    assert "ca_file" in error.mend.zh
    assert error.retry
    assert not faults.accepted


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
def test_a_certificate_of_the_named_authority_is_taken(security, good_tls, ca_file):
    faults = Faults()
    kind = {"tls" if security is Security.TLS else "starttls": good_tls}
    with mail_server(faults, **kind) as port:
        a_mailer(port, security=security, ca_file=ca_file).send(a_mail())
    assert len(faults.accepted) == 1


def test_a_certificate_for_another_name_is_refused(authority, ca_file):
    with mail_server(Faults(), tls=a_context_for(authority, "mail.other.example")) as port:
        error = refusal(a_mailer(port, security=Security.TLS, ca_file=ca_file))
    assert "证书" in error.text.zh


def test_a_certificate_is_not_checked_only_when_that_was_asked_for(good_tls):
    faults = Faults()
    with mail_server(faults, tls=good_tls) as port:
        a_mailer(port, security=Security.TLS, verify_certificate=False).send(a_mail())
    assert len(faults.accepted) == 1


def test_without_starttls_nothing_is_sent_in_clear_text():
    faults = Faults()
    with mail_server(faults) as port:
        error = refusal(a_mailer(port, security=Security.STARTTLS))
    assert "STARTTLS" in error.text.zh
    assert error.retry
    assert not faults.accepted


def test_a_right_login_is_accepted(good_tls, ca_file):
    faults = Faults()
    login = ("koubei", "app-password")
    with mail_server(faults, starttls=good_tls, login=login) as port:
        server = {"security": Security.STARTTLS, "ca_file": ca_file, "credentials": lambda: login}
        a_mailer(port, **server).send(a_mail())
    assert len(faults.accepted) == 1


@pytest.mark.parametrize("password", ["wrong-password-123", PASSWORD])
def test_a_wrong_login_is_told_without_the_password(password, good_tls, ca_file):
    with mail_server(Faults(), starttls=good_tls, login=("koubei", "right")) as port:
        server = {
            "security": Security.STARTTLS,
            "ca_file": ca_file,
            "credentials": lambda: ("koubei", password),
        }
        error = refusal(a_mailer(port, **server))
    assert error.retry
    assert "登录" in error.text.zh
    chain: BaseException | None = error
    while chain is not None:
        assert password not in str(chain)
        assert password not in repr(chain)
        chain = chain.__cause__
    assert error.__suppress_context__


def test_a_password_is_never_sent_over_a_plain_line_to_another_machine():
    heard: list[bytes] = []

    def listen(line):
        line.sendall(b"220 hi\r\n")
        while said := line.recv(65536):
            heard.append(said)
            line.sendall(b"250-hi\r\n250 AUTH PLAIN LOGIN\r\n")

    with raw_server(listen) as port:
        # 127.1 is this machine, but the mailer cannot know that
        mailer = a_mailer(port, host="127.1", credentials=lambda: ("koubei", PASSWORD))
        error = refusal(mailer)
    assert "未加密" in error.text.zh
    assert not [said for said in heard if b"AUTH" in said]


def test_credentials_are_not_in_what_a_server_setting_prints():
    assert PASSWORD not in repr(SmtpServer("h", 25, credentials=lambda: ("koubei", PASSWORD)))


def test_a_missing_authority_file_is_said_at_start(tmp_path):
    with pytest.raises(ConfigurationError, match="ca_file"):
        a_mailer(25, ca_file=tmp_path / "none.pem")


def test_an_attempt_may_not_be_allowed_more_than_thirty_seconds():
    with pytest.raises(ConfigurationError, match="timeout"):
        a_mailer(25, timeout=timedelta(seconds=31))


def test_a_server_that_is_away_is_told_from_one_that_refuses_a_mail() -> None:
    """`away` holds back every mail of the route, so it must never be said of one mail alone."""
    assert refusal(a_mailer(free_port())).away
    for faults in (
        Faults(sender=["552 too big"]),
        Faults(recipient=["450 greylisted"]),
        Faults(data=["451 later"]),
        Faults(data=[RESET]),
    ):
        with mail_server(faults) as port:
            assert not refusal(a_mailer(port)).away
