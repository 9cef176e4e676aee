"""The Notifier that posts to a robot: paced, signed, without redirects, its answer understood."""

import hashlib
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx

from delivery.channels.message import message_of
from delivery.channels.pace import NOW, Pace
from delivery.channels.requests import MAKERS, Request
from delivery.channels.services import SERVICES, Service, refused_address
from domain.channel import Channel
from domain.errors import DeliveryError, Text
from domain.outbox import OutboxMail
from domain.ports import Clock

_LARGEST_ANSWER = 64 * 1024
_LONGEST_WAIT = timedelta(minutes=15)
_CROWDED = timedelta(seconds=30)
_RETRIED = frozenset({408, 425, 429})

# httpx logs the url of every request, and a robot's url holds its key
logging.getLogger("httpx").setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class RobotAddress:
    """A robot of the settings. `url` and `secret` are asked at each attempt, so that a changed key
    needs no restart; `keyword` must stand in each message, where the robot wants one.
    """

    name: str
    channel: Channel
    url: Callable[[], str] = field(repr=False)
    secret: Callable[[], str] = field(default=str, repr=False)
    keyword: str = ""
    timeout: timedelta = timedelta(seconds=15)


class Robot:
    """One robot. Keeps its pace as long as it lives, so there should be one a process."""

    def __init__(self, address: RobotAddress, clock: Clock) -> None:
        self._address = address
        self._service: Service = SERVICES[address.channel]
        self._clock = clock
        self._pace = Pace(self._service.paces)

    def send(self, mail: OutboxMail) -> None:
        """Return when the robot took the message; DeliveryError says when to try again."""
        now = self._clock.now()
        request = self._request(mail, now)
        wait = self._crowd(mail, now) or self._pace.take(now)
        if wait > NOW:
            raise self._error(
                Text("已达到发送频率上限，稍后发送", "the rate limit is reached; it waits"),
                wait=wait,
            )
        self._understand(*self._post(request))

    def _request(self, mail: OutboxMail, now: datetime) -> Request:
        url, service = self._address.url(), self._service
        refused = refused_address(self._address.channel, url)
        if refused is not None:
            raise self._error(refused, retry=False)
        text = message_of(mail, service.text_bytes, keyword=self._address.keyword)
        make = MAKERS[self._address.channel]
        request = make(mail, text, url, self._address.secret(), now)
        if len(request.body) > service.body_bytes:
            raise self._error(Text("消息过长", "the message is too long"), retry=False)
        return request

    def _crowd(self, mail: OutboxMail, now: datetime) -> timedelta:
        """Return how long to keep out of the crowd around a full or half hour: each message its own
        time, so that they do not all come when it is over. Only the first attempt is kept back.
        """
        into = timedelta(minutes=now.minute % 30, seconds=now.second)
        if not self._service.shy_of_hours or mail.attempts != 1 or into >= _CROWDED:
            return NOW
        share = hashlib.sha256(mail.key.encode()).digest()[0] / 256
        return _CROWDED - into + share * _CROWDED

    def _post(self, request: Request) -> tuple[httpx.Response, bytes]:
        seconds = self._address.timeout.total_seconds()
        try:
            with (
                httpx.Client(timeout=seconds, follow_redirects=False) as client,
                client.stream(
                    "POST", request.url, content=request.body, headers=dict(request.headers)
                ) as answer,
            ):
                return answer, _read(answer)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise self._broken(error, uncertain=False) from None
        except httpx.HTTPError as error:
            raise self._broken(error, uncertain=True) from None

    def _understand(self, answer: httpx.Response, body: bytes) -> None:
        """Return when the message was taken; else say whether trying again can help."""
        code = _code(body) if self._service.is_chat else None
        if code == 0 or (code is None and not self._service.is_chat and answer.is_success):
            return
        if code in self._service.fast or answer.status_code == 429:
            wait = max(self._service.block, _retry_after(answer))
            self._pace.shut(self._clock.now() + wait)
            raise self._error(
                Text(f"发送过快，暂停 {wait}", f"too fast, shut for {wait}"), wait=wait
            )
        told = f"{answer.status_code}" + ("" if code is None else f" / {code}")
        known = self._service.final.get(code) if code is not None else None
        if known is not None:
            raise self._error(Text(f"{known.zh}（{told}）", f"{known.en} ({told})"), retry=False)
        # a service answers 200 with a code; without one the status decides
        final = code is None and 300 <= answer.status_code < 500
        raise self._error(
            Text(f"返回 {told}", f"answered {told}"),
            retry=not final or answer.status_code in _RETRIED,
            uncertain=code is None and answer.is_success,
            wait=_retry_after(answer) or None,
        )

    def _broken(self, error: httpx.HTTPError, *, uncertain: bool) -> DeliveryError:
        name = type(error).__name__  # its text may hold the url
        return self._error(
            Text(f"连接中断或超时（{name}）", f"line broken or timed out ({name})"),
            uncertain=uncertain,
        )

    def _error(
        self,
        text: Text,
        *,
        retry: bool = True,
        uncertain: bool = False,
        wait: timedelta | None = None,
    ) -> DeliveryError:
        mend = Text("会自动重试", "it is retried by itself")
        if not retry:
            table = f"[channels.{self._address.name}]"
            mend = Text(
                f"检查 koubei.toml 的 {table}，再运行 koubei mail test --channel "
                f"{self._address.name}",
                f"check {table} of koubei.toml, then koubei mail test --channel "
                f"{self._address.name}",
            )
        return DeliveryError(
            text,
            retry=retry,
            uncertain=uncertain,
            wait=wait,
            place=f"{self._service.name.zh} {self._address.name}",
            mend=mend,
        )


def _read(answer: httpx.Response) -> bytes:
    body = b""
    for part in answer.iter_bytes():
        body += part
        if len(body) > _LARGEST_ANSWER:
            break
    return body


def _code(body: bytes) -> int | None:
    """Return the business code of an answer (`errcode`, `code`, `StatusCode`), None without."""
    try:
        said = json.loads(body)
    except ValueError:
        return None
    for name in ("errcode", "code", "StatusCode"):
        code = said.get(name) if isinstance(said, dict) else None
        if isinstance(code, int):
            return code
    return None


def _retry_after(answer: httpx.Response) -> timedelta:
    said = answer.headers.get("Retry-After", "")
    return min(timedelta(seconds=int(said)), _LONGEST_WAIT) if said.isdecimal() else NOW
