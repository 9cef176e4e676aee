"""What each service is sent: body, signature and headers. Pure."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote_plus

from domain.channel import Channel
from domain.outbox import OutboxMail, message_id

JSON = "application/json; charset=utf-8"
SIGNATURE = "X-Koubei-Signature"
TIMESTAMP = "X-Koubei-Timestamp"
IDEMPOTENCY = "Idempotency-Key"


@dataclass(frozen=True, slots=True)
class Request:
    """One POST. The url holds a key and is never shown."""

    url: str = field(repr=False)
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


Make = Callable[[OutboxMail, str, str, str, datetime], Request]
"""(mail, text, url, secret, now) → request."""


def wecom(mail: OutboxMail, text: str, url: str, secret: str, now: datetime) -> Request:
    """A text message: markdown would make links and colours of what the public wrote."""
    return _request(url, {"msgtype": "text", "text": {"content": text}})


def dingtalk(mail: OutboxMail, text: str, url: str, secret: str, now: datetime) -> Request:
    """A text message, signed in the url when there is a secret (加签)."""
    if secret:
        stamp = str(int(now.timestamp() * 1000))
        sign = quote_plus(_signed(secret.encode(), f"{stamp}\n{secret}".encode()))
        url = f"{url}{'&' if '?' in url else '?'}timestamp={stamp}&sign={sign}"
    return _request(url, {"msgtype": "text", "text": {"content": text}, "at": {"isAtAll": False}})


def feishu(mail: OutboxMail, text: str, url: str, secret: str, now: datetime) -> Request:
    """A text message, signed in the body when there is a secret (签名校验): there the time and the
    secret are the key, and what is signed is empty.
    """
    body: dict[str, object] = {"msg_type": "text", "content": {"text": text}}
    if secret:
        stamp = str(int(now.timestamp()))
        body |= {"timestamp": stamp, "sign": _signed(f"{stamp}\n{secret}".encode(), b"")}
    return _request(url, body)


def webhook(mail: OutboxMail, text: str, url: str, secret: str, now: datetime) -> Request:
    """Our own form (docs/alerts.md), signed over time and body; the same mail has the same
    Idempotency-Key at every attempt.
    """
    stamp = str(int(now.timestamp()))
    body = {
        "format": 1,
        "id": event_id(mail),
        "kind": mail.kind,
        "signal_id": mail.signal_id,
        "epoch": mail.epoch,
        "subject": mail.rendered.subject,
        "text": text,
        "created_at": mail.created_at.isoformat(),
        "may_repeat": mail.may_repeat,
    }
    request = _request(url, body)
    signed = hmac.new(secret.encode(), stamp.encode() + b"." + request.body, hashlib.sha256)
    headers = {
        **request.headers,
        TIMESTAMP: stamp,
        SIGNATURE: f"v1={signed.hexdigest()}",
        IDEMPOTENCY: event_id(mail),
    }
    return Request(url, request.body, headers)


def event_id(mail: OutboxMail) -> str:
    """Return what names a mail to a machine: the same for every attempt."""
    return message_id(mail.key, "koubei").strip("<>").partition("@")[0]


MAKERS: Mapping[Channel, Make] = {
    Channel.WECOM: wecom,
    Channel.DINGTALK: dingtalk,
    Channel.FEISHU: feishu,
    Channel.WEBHOOK: webhook,
}


def _signed(key: bytes, message: bytes) -> str:
    return base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode("ascii")


def _request(url: str, body: Mapping[str, object]) -> Request:
    sent = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return Request(url, sent, {"Content-Type": JSON, "User-Agent": "Koubei"})
