"""From an outbox row to the message that leaves: headers, parts, threading."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape

from domain.errors import DeliveryError, Text
from domain.outbox import OutboxMail, message_id
from presentation.hostile import clean_line

_POLICY = SMTP.clone(cte_type="7bit")
"""CRLF, and nothing that needs 8BITMIME or SMTPUTF8 of the server."""

_REPEAT = Text(
    "可能重复：上一次发送的结果不明，本邮件为重发，Message-ID 相同。",
    "Possible duplicate: the last attempt ended in doubt; this is the same mail, same Message-ID.",
)
_BODY_TAG = re.compile(r"<body[^>]*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who mails come from. `hostname` is the right side of every Message-ID and the EHLO name."""

    address: str
    hostname: str
    name: str = "口碑 Koubei"
    reply_to: str = ""


def compose(mail: OutboxMail, sender: Sender, date: datetime) -> EmailMessage:
    """Return the message of an outbox row; the Message-ID depends on its key and `hostname` alone.

    A mail that `may_repeat` says so in a header and at the top of both parts. Raises DeliveryError
    (not to be retried) when an address cannot stand in a header; any subject and body can.
    """
    message = EmailMessage(policy=_POLICY)
    message["From"] = _address(sender.address, sender.name)
    message["To"] = _address(mail.recipient)
    if sender.reply_to:
        message["Reply-To"] = _address(sender.reply_to)
    message["Subject"] = _header_text(mail.rendered.subject)
    message["Date"] = format_datetime(date)
    message["Message-ID"] = message_id(mail.key, sender.hostname)
    if mail.thread:
        opening = message_id(mail.thread, sender.hostname)
        message["In-Reply-To"] = opening
        message["References"] = opening
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    if mail.signal_id:
        message["X-Koubei-Signal"] = _header_text(mail.signal_id)
    text, html = mail.rendered.text, mail.rendered.html
    if mail.may_repeat:
        message["X-Koubei-Possible-Duplicate"] = "yes"
        text, html = f"{_REPEAT.zh}\n{_REPEAT.en}\n\n{text}", _with_repeat_note(html)
    _add_parts(message, text, html, mail.rendered.images)
    return message


def envelope_address(address: str) -> str:
    """Return an address as it stands in MAIL FROM and RCPT TO; DeliveryError when it cannot."""
    return _address(address).addr_spec


def _address(address: str, name: str = "") -> Address:
    local, _, domain = address.rpartition("@")
    sound = local.isascii() and address == clean_line(address)
    try:
        spec = f"{local}@{domain.encode('idna').decode('ascii')}" if sound else ""
        return Address(display_name=_header_text(name), addr_spec=spec)
    except (ValueError, IndexError, HeaderParseError) as error:
        raise DeliveryError(
            Text("邮箱地址无效", "not a mail address that can be used"),
            retry=False,
            mend=Text(
                "更正接收人或 smtp.sender 的地址", "correct the recipient's, or smtp.sender's"
            ),
        ) from error


def _header_text(text: str) -> str:
    # what looks like an encoded word would be decoded by whoever reads the header, line breaks
    # and all: =?utf-8?q?=0D=0ABcc:…?=
    return clean_line(text).replace("=?", "= ?")


def _add_parts(
    message: EmailMessage, text: str, html: str, images: tuple[tuple[str, bytes], ...]
) -> None:
    message.set_content(_encodable(text), cte="base64")
    message.add_alternative(_encodable(html), subtype="html", cte="base64")
    page = next(part for part in message.iter_parts() if part.get_content_subtype() == "html")
    for content_id, png in images:
        page.add_related(png, "image", "png", cid=f"<{content_id}>")


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _with_repeat_note(html: str) -> str:
    note = (
        '<p style="margin:0;padding:8px;font-size:13px;text-align:center">'
        f"{escape(_REPEAT.zh)}<br>{escape(_REPEAT.en)}</p>"
    )
    return _BODY_TAG.sub(lambda match: match[0] + note, html, count=1)
