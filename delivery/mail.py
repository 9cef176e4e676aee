"""Mail over SMTP: one recipient an envelope, TLS checked, and every attempt over within its time.

How a failure is judged. What concerns this server or our settings (no connection, certificate,
login, sender refused) is worth retrying however it was said: it is mended on this side and the mail
must not be lost until then. What concerns this recipient or this message is final when the server
says 5xx, except 5.7.x (policy, relaying), which is a setting again. Once the last byte of the
message is out and no answer came, the mail is *uncertain*: it may have been accepted.
"""

import queue
import re
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from delivery.message import Sender, compose, envelope_address
from domain.errors import ConfigurationError, DeliveryError, Text
from domain.hosts import is_loopback
from domain.outbox import OutboxMail
from domain.ports import Clock
from presentation.hostile import excerpt

LONGEST = timedelta(seconds=30)
_CONNECT_SECONDS = 10.0
_POLICY_REFUSAL = re.compile(r"\b5\.7\.\d")


class Security(StrEnum):
    """How the line is encrypted: upgraded by STARTTLS, from the first byte, or not at all."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


def no_credentials() -> tuple[str, str] | None:
    """The credentials of a server that wants none."""
    return None


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where and how to reach the mail server.

    `credentials` is asked at each attempt, so that a changed password needs no restart. `ca_file`
    replaces the system's certificate authorities. `timeout` bounds a whole attempt, at most 30 s.
    """

    host: str
    port: int
    security: Security = Security.STARTTLS
    verify_certificate: bool = True
    ca_file: Path | None = None
    credentials: Callable[[], tuple[str, str] | None] = field(default=no_credentials, repr=False)
    timeout: timedelta = LONGEST


class SmtpMailer:
    """The Notifier that speaks SMTP. Safe to call from several threads; keeps no connection."""

    def __init__(self, server: SmtpServer, sender: Sender, clock: Clock) -> None:
        """ConfigurationError when the certificate authorities cannot be read or a bound is off."""
        if not timedelta(0) < server.timeout <= LONGEST:
            raise ConfigurationError(
                Text("超时应大于 0、至多 30 秒", "the timeout must be above 0, at most 30 s"),
                place="smtp.timeout",
            )
        self._server = server
        self._sender = sender
        self._clock = clock
        self._tls = _tls_context(server)

    def send(self, mail: OutboxMail) -> None:
        """Return when the server accepted the mail; DeliveryError says whether to try again."""
        from_address = envelope_address(self._sender.address)
        to_address = envelope_address(mail.recipient)
        message = compose(mail, self._sender, self._clock.now()).as_bytes()
        with _Conversation(self._server, self._tls, self._sender.hostname) as talk:
            talk.secure()
            talk.sign_in()
            talk.address(from_address, to_address, len(message))
            talk.hand_over(message)

    def check(self) -> None:
        """Reach the server, secure the line and sign in, and send nothing; errors as `send`."""
        with _Conversation(self._server, self._tls, self._sender.hostname) as talk:
            talk.secure()
            talk.sign_in()


class _Conversation:
    """One SMTP conversation that ends in time, whatever the server does.

    Socket timeouts bound one read each, which a server that sends a byte a second never hits. So a
    timer cuts the line at the deadline, through a duplicate of the socket that stays valid while
    TLS wraps and replaces the original.
    """

    def __init__(self, server: SmtpServer, tls: ssl.SSLContext, hostname: str) -> None:
        self._server = server
        self._tls = tls
        self._hostname = hostname
        self._place = f"SMTP {server.host}:{server.port}"
        self._deadline = time.monotonic() + server.timeout.total_seconds()
        self._line: socket.socket | None = None
        self._smtp: smtplib.SMTP | None = None
        self._timer = threading.Timer(server.timeout.total_seconds(), self._cut)
        self._timer.daemon = True
        self._late = False
        self._about_this_mail = False

    def __enter__(self) -> Self:
        self._timer.start()
        try:
            with self._failing(Text("连接邮件服务器", "connecting")):
                self._smtp = _Smtp(self._server, self._connect, self._hostname, self._remaining())
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            # accepted: a server that is slow to say goodbye changes nothing
            with suppress(smtplib.SMTPException, OSError):
                self._talk.putcmd("QUIT")
        self._talk.close()
        self._end()

    def secure(self) -> None:
        """Say hello, and encrypt the line when that is wanted; never fall back to plain text."""
        with self._failing(Text("与邮件服务器握手", "saying hello")):
            self._talk.ehlo_or_helo_if_needed()
        if self._server.security is not Security.STARTTLS:
            return
        if not self._talk.has_extn("starttls"):
            raise self._error(
                Text(
                    "邮件服务器不支持 STARTTLS，为避免明文发送已停止",
                    "the server offers no STARTTLS; stopped rather than send in clear text",
                ),
                mend=Text(
                    "把 smtp.security 设为 tls，或联系邮件管理员开启 STARTTLS",
                    "set smtp.security = tls, or have STARTTLS switched on",
                ),
            )
        with self._failing(Text("建立 TLS", "starting TLS")):
            self._talk.starttls(context=self._tls)
            self._talk.ehlo()

    def sign_in(self) -> None:
        """Log in when there are credentials. Neither they nor what the server says are told."""
        credentials = self._server.credentials()
        if credentials is None:
            return
        if self._server.security is Security.NONE and not is_loopback(self._server.host):
            raise self._error(
                Text(
                    "不会在未加密的连接上发送密码", "no password is sent over an unencrypted line"
                ),
                mend=Text("把 smtp.security 设为 starttls 或 tls", "set smtp.security"),
            )
        try:
            self._talk.login(*credentials)
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            raise self._broken(Text("登录", "logging in"), error) from None
        except (smtplib.SMTPException, UnicodeError) as error:
            code = (
                f" ({error.smtp_code})" if isinstance(error, smtplib.SMTPResponseException) else ""
            )
            raise self._error(
                Text(f"邮件服务器不接受登录{code}", f"the server does not accept the login{code}"),
                mend=Text(
                    "检查 smtp.username 与密码；邮箱服务常要求使用「授权码」而非登录密码",
                    "check smtp.username and the password; many services want an app password",
                ),
            ) from None

    def address(self, from_address: str, to_address: str, size: int) -> None:
        """Say from whom and to whom."""
        self._about_this_mail = True
        options = [f"SIZE={size}"] if self._talk.has_extn("size") else []
        with self._failing(Text("发件人", "the sender")):
            code, reply = self._talk.mail(from_address, options)
        if code != 250:
            raise self._refused(Text("发件人", "the sender"), code, reply, final=False)
        with self._failing(Text("收件人", "the recipient")):
            code, reply = self._talk.rcpt(to_address)
        if code not in {250, 251}:
            raise self._refused(Text("收件人", "the recipient"), code, reply, final=True)

    def hand_over(self, message: bytes) -> None:
        """Send the message and wait for the word that it was accepted."""
        letter = Text("邮件", "the message")
        with self._failing(letter):
            code, reply = self._talk.docmd("DATA")
        if code != 354:
            raise self._refused(letter, code, reply, final=True)
        with self._failing(letter):
            # what fails here has not sent the final dot: the server cannot have taken it
            self._talk.send(re.sub(rb"(?m)^\.", b"..", message) + b".\r\n")
        with self._failing(letter, uncertain=True):
            code, reply = self._talk.getreply()
        if code == -1:
            raise self._error(
                Text("邮件服务器的应答无法识别", "the server's answer makes no sense"),
                uncertain=True,
            )
        if code != 250:
            raise self._refused(letter, code, reply, final=True)

    @property
    def _talk(self) -> smtplib.SMTP:
        if self._smtp is None:
            raise RuntimeError("the conversation has not begun")
        return self._smtp

    def _connect(self) -> socket.socket:
        """Return a connected socket, encrypted from the first byte when that is wanted."""
        line = self._reach()
        line.settimeout(self._remaining())
        self._line = line.dup()
        if self._late:  # the timer found nothing to cut
            line.close()
            raise TimeoutError
        if self._server.security is Security.TLS:
            return self._tls.wrap_socket(line, server_hostname=self._server.host)
        return line

    def _reach(self) -> socket.socket:
        error: OSError = OSError("no address")
        for family, kind, protocol, _, address in _resolve(self._server, self._remaining()):
            line = socket.socket(family, kind, protocol)
            try:
                line.settimeout(min(_CONNECT_SECONDS, self._remaining()))
                line.connect(address)
            except OSError as failed:
                line.close()
                error = failed
            else:
                return line
        raise error

    def _remaining(self) -> float:
        return max(0.05, self._deadline - time.monotonic())

    def _cut(self) -> None:
        self._late = True
        if self._line is not None:
            with suppress(OSError):
                self._line.shutdown(socket.SHUT_RDWR)

    def _end(self) -> None:
        self._timer.cancel()
        if self._line is not None:
            self._line.close()

    @contextmanager
    def _failing(self, about: Text, *, uncertain: bool = False) -> Iterator[None]:
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            raise self._error(
                Text(
                    f"邮件服务器的证书不可信：{_short(error.verify_message)}",
                    f"the server's certificate is not trusted: {_short(error.verify_message)}",
                ),
                mend=Text(
                    "检查 smtp.host 是否与证书一致；内部 CA 请设置 smtp.ca_file",
                    "check that smtp.host is the name on it; for an internal CA set smtp.ca_file",
                ),
            ) from error
        except smtplib.SMTPResponseException as error:
            raise self._refused(about, error.smtp_code, error.smtp_error, final=False) from error
        except (smtplib.SMTPException, OSError) as error:
            raise self._broken(about, error, uncertain=uncertain) from error

    def _broken(self, about: Text, error: Exception, *, uncertain: bool = False) -> DeliveryError:
        if self._late or isinstance(error, TimeoutError) or self._remaining() <= 0.05:
            seconds = f"{self._server.timeout.total_seconds():g}"
            fact = Text(f"{seconds} 秒内没有完成", f"not finished within {seconds} s")
        else:
            name = _short(error.strerror or "") if isinstance(error, OSError) else ""
            name = name or type(error).__name__
            fact = Text(f"连接中断或被拒绝（{name}）", f"line refused or broken ({name})")
        return self._error(
            Text(f"{about.zh}：{fact.zh}", f"{about.en}: {fact.en}"),
            uncertain=uncertain,
            mend=Text(
                "检查 smtp.host、smtp.port 与网络；会自动重试",
                "check smtp.host, smtp.port and the network; it is retried by itself",
            ),
        )

    def _refused(self, about: Text, code: int, reply: bytes | str, *, final: bool) -> DeliveryError:
        said = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
        permanent = final and 500 <= code <= 599 and not _POLICY_REFUSAL.search(said)
        told = f"{code} {_short(self._without_secrets(said))}".strip()
        mend = Text("会自动重试", "it is retried by itself")
        if permanent:
            mend = Text(
                "核对该收件人的地址，或请邮件管理员查看拒收原因",
                "check the recipient's address, or ask the mail administrator why",
            )
        return self._error(
            Text(f"邮件服务器拒绝了{about.zh}：{told}", f"refused {about.en}: {told}"),
            retry=not permanent,
            mend=mend,
        )

    def _without_secrets(self, said: str) -> str:
        credentials = self._server.credentials()
        return said.replace(credentials[1], "***") if credentials and credentials[1] else said

    def _error(
        self, text: Text, *, retry: bool = True, uncertain: bool = False, mend: Text | None = None
    ) -> DeliveryError:
        return DeliveryError(
            text,
            retry=retry,
            uncertain=uncertain,
            place=self._place,
            mend=mend or Text("", ""),
            away=not self._about_this_mail,
        )


class _Smtp(smtplib.SMTP):
    """smtplib's client on a socket of ours.

    `_get_socket` is the hook that SMTP_SSL uses too. EHLO gets our configured name: the default
    would ask the resolver, which may take minutes.
    """

    def __init__(
        self,
        server: SmtpServer,
        connect: Callable[[], socket.socket],
        hostname: str,
        seconds: float,
    ) -> None:
        self._open_line = connect
        super().__init__(server.host, server.port, local_hostname=hostname, timeout=seconds)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._open_line()


def _resolve(server: SmtpServer, seconds: float) -> list[Any]:
    """Return getaddrinfo's answer, or TimeoutError: the system's resolver knows no time limit."""
    answers: queue.SimpleQueue[list[Any] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM))
        except OSError as error:
            answers.put(error)

    threading.Thread(target=ask, name="smtp-resolve", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def _tls_context(server: SmtpServer) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=server.ca_file)
    except OSError as error:
        raise ConfigurationError(
            Text("证书文件无法读取或不是 PEM", "the file cannot be read or is no PEM"),
            place=f"smtp.ca_file = {server.ca_file}",
        ) from error
    if not server.verify_certificate:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _short(text: str) -> str:
    return excerpt(text, 160)
