"""delivery/message.py: what every message carries, and what none can be made to carry."""

import email
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from delivery.message import Sender, compose, envelope_address
from domain.errors import DeliveryError
from domain.outbox import OutboxMail, Rendered
from tests.fakes import NOON
from tests.fixtures.mails import a_mail

SENDER = Sender("koubei@example.com", "koubei.example.com", reply_to="pr@example.com")
HEADERS = {
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "MIME-Version",
    "Content-Type",
}


def sent(mail: OutboxMail) -> EmailMessage:
    """The message as a mail program sees it."""
    content = compose(mail, SENDER, NOON).as_bytes()
    return email.message_from_bytes(content, policy=default)  # type: ignore[return-value]


def titled(subject: str) -> OutboxMail:
    return a_mail(rendered=Rendered(subject, "正文", "<body></body>"))


def test_the_message_id_is_that_of_the_key_whatever_else_changes():
    first = sent(a_mail())
    again = sent(a_mail(attempts=7, may_repeat=True, rendered=Rendered("别的", "", "")))
    assert first["Message-ID"] == again["Message-ID"]
    assert sent(a_mail("another"))["Message-ID"] != first["Message-ID"]


def test_a_machine_wrote_it_and_no_machine_shall_answer():
    message = sent(a_mail())
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["From"] == "口碑 Koubei <koubei@example.com>"
    assert message["Reply-To"] == "pr@example.com"


@given(st.text(st.characters(codec=None), max_size=300))
@example("标题\r\nBcc: everybody@example.com")
@example("标题\u2028Bcc: everybody@example.com")
@example("=?utf-8?q?=0D=0ABcc:_everybody@example.com?=")
@example("=?utf-8?b?DQpCY2M6IGFAYi5j?= =?utf-8?b?DQpCY2M6IGFAYi5j?=")
@example("\ud83d半个")
@example("字" * 300)
@example("a" * 300)
@example(" " * 80 + "后")
def test_any_crawled_title_can_be_a_subject_and_adds_no_header(title):
    message = sent(titled(title))
    assert set(message.keys()) == HEADERS
    assert "\n" not in str(message["Subject"])
    assert not message.defects
    assert message["To"] == "a@example.com"


@given(st.text(st.characters(codec=None)))
def test_any_text_can_be_a_body(text):
    message = sent(a_mail(rendered=Rendered("题", text, f"<body>{text}</body>")))
    assert {part.get_content_type() for part in message.iter_parts()} == {
        "text/plain",
        "text/html",
    }


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "@example.com",
        "a@",
        "a@b\r\nBcc: c@d.example",
        "a b@example.com",
        "王@example.com",
        "a@example.com, b@example.com",
        "a@" + "x" * 70 + ".example",
    ],
)
def test_what_is_no_address_is_refused_for_good(address):
    with pytest.raises(DeliveryError) as caught:
        sent(a_mail(recipient=address))
    assert not caught.value.retry
    with pytest.raises(DeliveryError):
        envelope_address(address)


def test_a_domain_in_chinese_travels_as_punycode():
    assert envelope_address("a@例子.example") == "a@xn--fsqu00a.example"


def test_pictures_go_along_by_content_id():
    mail = a_mail(rendered=Rendered("题", "文", "<body></body>", (("chart", b"\x89PNG"),)))
    html = sent(mail).get_body(("related",))
    assert html is not None
    [picture] = html.iter_attachments()
    assert picture["Content-ID"] == "<chart>"
    assert picture.get_content() == b"\x89PNG"
