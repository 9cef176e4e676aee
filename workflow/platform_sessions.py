"""The operator's logins at the platforms: stored, used, renewed, ended, and who is told.

A login belongs to whoever gave it. It is kept sealed with the key of the sealed names, which lies
outside of the database, and destroyed when it ends. Every step is audited; no audit row, mail or
log holds any of it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from domain.account import AccountState, Role
from domain.errors import InputRefused, StoreError, Text
from domain.mention import Platform
from domain.outbox import OutboxMail, Rendered
from domain.ports import BeginWork, Masker, UnitOfWork
from domain.session import (
    EXPIRED,
    REMOVED,
    UNREADABLE,
    Door,
    NewsKind,
    PlatformSession,
    SessionNews,
    SessionState,
    state_of,
)
from domain.storage_state import MOST_COOKIES, Cookie, StorageState, read_storage_state, sort_out
from workflow.addresses import addresses_of

RenderSessionNews = Callable[[SessionNews], Rendered]
"""Makes the words; `delivery.session_mail.render_session` is the real one."""

_MACHINE = "system:crawler"


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A login as a crawl uses it."""

    session: PlatformSession
    state: StorageState


@dataclass(frozen=True, slots=True)
class SessionDesk:
    """What logins are kept with. `masker` is asked for only when something is sealed or opened."""

    begin_work: BeginWork
    masker: Callable[[], Masker]
    render: RenderSessionNews
    zone_name: str
    public_url: str

    def store(
        self,
        door: Door,
        state: StorageState,
        *,
        owner_id: str,
        actor: str,
        at: datetime,
        way: str,
    ) -> PlatformSession:
        """Keep a login in the place of the one before it, and return what is told of it.

        Only what belongs to the platform is kept. InputRefused when nobody is logged in there.
        `way` is how it came: `window`, `qr` or `file`.
        """
        own = sort_out(state, door.hosts).state.without_dead(at.timestamp())
        if not door.marks(own, at):
            raise _not_logged_in(door)
        sealed = self._seal(door.platform, own)
        with self.begin_work() as work:
            before = work.sessions.get(door.platform)
            session = PlatformSession(
                platform=door.platform,
                owner_id=owner_id,
                stored_at=at,
                expires_at=door.expires_at(own, at),
                login=before.login + 1 if before else 1,
            )
            work.sessions.put(session, sealed)
            replaced = before is not None and before.ended_at is None
            facts = {"owner": owner_id, "way": way, "cookies": len(own.cookies)}
            action = "platform_session.replaced" if replaced else "platform_session.stored"
            _audit(work, session, action, actor, at, facts)
            work.commit()
        return session

    def remove(self, platform: Platform, *, actor: str, at: datetime) -> bool:
        """Destroy a login; False when there is none."""
        with self.begin_work() as work:
            session = work.sessions.get(platform)
            if session is None or not work.sessions.end(
                platform, session.login, at=at, reason=REMOVED
            ):
                return False
            _audit(work, session, "platform_session.removed", actor, at, {})
            work.commit()
        return True

    def open(self, platform: Platform, at: datetime) -> OpenSession | None:
        """Return the login that crawls use, None without a living one.

        One that expired, or that the key does not open, is ended and its owner told: crawls go on
        as visitors.
        """
        with self.begin_work() as work:
            session = work.sessions.get(platform)
            sealed = work.sessions.sealed_state(platform)
        if session is None or sealed is None:
            return None
        if not session.is_alive(at):
            self.end(session, EXPIRED, at=at)
            return None
        try:
            return OpenSession(session, self._unseal(platform, sealed))
        except StoreError:
            self.end(session, UNREADABLE, at=at)
            return None

    def renew(
        self, door: Door, session: PlatformSession, given: Iterable[Cookie], *, at: datetime
    ) -> bool:
        """Take over the cookies that a platform gave during a run; whether anything changed.

        They are laid over what is stored *now*, which another run may have renewed meanwhile, and
        the newer of two wins. Nothing is taken for another login than the run had, nor what would
        make the login a visitor's: whether a session ended, walls tell.
        """
        ours = [cookie for cookie in given if door.owns(cookie)]
        if not ours:
            return False
        with self.begin_work() as work:
            sealed = work.sessions.sealed_state(door.platform, to_change=True)
            known = work.sessions.get(door.platform)
            if sealed is None or known is None or known.login != session.login:
                return False
            before = self._unseal(door.platform, sealed)
            after = before.with_cookies(ours).without_dead(at.timestamp())
            fits = len(after.cookies) <= MOST_COOKIES and bool(door.marks(after, at))
            if not fits or after == before:
                return False
            work.sessions.reseal(
                door.platform,
                session.login,
                self._seal(door.platform, after),
                door.expires_at(after, at),
            )
            work.commit()
        return True

    def end(self, session: PlatformSession, reason: str, *, at: datetime) -> bool:
        """Note that a login ended, destroy it and tell its owner, once; False when it had ended."""
        with self.begin_work() as work:
            if not work.sessions.end(session.platform, session.login, at=at, reason=reason):
                return False
            _audit(work, session, "platform_session.ended", _MACHINE, at, {"reason": reason})
            news = self._news(work, NewsKind.ENDED, session.platform, reason, at, session)
            self._tell(work, news, f"session|{session.platform}|ended|{session.login}", session)
            work.commit()
        return True

    def want(self, platform: Platform, reason: str, *, at: datetime) -> int:
        """Tell the admins that a platform asks for a login and none is stored; once until one was.
        Return how many mails were written.
        """
        with self.begin_work() as work:
            known = work.sessions.get(platform)
            if known is not None and known.ended_reason != REMOVED:
                return 0  # its owner was told when it ended
            number = known.login if known else 0
            news = self._news(work, NewsKind.WANTED, platform, reason, at, None)
            written = self._tell(work, news, f"session|{platform}|wanted|{number}", None)
            work.commit()
        return written

    def watch(self, at: datetime) -> Mapping[str, int]:
        """End what has expired, and warn of what will soon; return how many of each."""
        with self.begin_work() as work:
            stored = work.sessions.all()
        standing = [(session, state_of(session, at)) for session in stored]
        expired = [s for s, state in standing if state is SessionState.ENDED and not s.ended_at]
        soon = [s for s, state in standing if state is SessionState.EXPIRING]
        return {
            "sessions_expired": sum(self.end(session, EXPIRED, at=at) for session in expired),
            "sessions_expiring": sum(self._warn(session, at) for session in soon),
        }

    def _warn(self, session: PlatformSession, at: datetime) -> int:
        with self.begin_work() as work:
            news = self._news(work, NewsKind.EXPIRING, session.platform, "", at, session)
            key = f"session|{session.platform}|expiring|{session.login}"
            written = self._tell(work, news, key, session)
            work.commit()
        return written

    def _news(
        self,
        work: UnitOfWork,
        kind: NewsKind,
        platform: Platform,
        reason: str,
        at: datetime,
        session: PlatformSession | None,
    ) -> SessionNews:
        _, configuration = work.configuration.current()
        return SessionNews(
            kind=kind,
            platform=platform,
            at=at,
            reason=reason,
            owner=owner_name(work, session.owner_id) if session else "",
            expires_at=session.expires_at if session else None,
            zone_name=self.zone_name,
            public_url=self.public_url,
            demo=configuration.is_demo,
        )

    def _tell(
        self, work: UnitOfWork, news: SessionNews, key: str, session: PlatformSession | None
    ) -> int:
        written = 0
        for address in _readers(work, session):
            mail = OutboxMail(
                key=f"{key}|{address}",
                recipient=address,
                rendered=self.render(news),
                created_at=news.at,
                next_attempt_at=news.at,
                kind="session",
            )
            written += work.outbox.get(mail.key) is None and work.outbox.add(mail)
        return written

    def _seal(self, platform: Platform, state: StorageState) -> bytes:
        return self.masker().seal(f"{platform.value}\n{state.to_json()}")

    def _unseal(self, platform: Platform, sealed: bytes) -> StorageState:
        """StoreError when the key is another one, or the state another platform's."""
        name, _, document = self.masker().unseal(sealed).partition("\n")
        if name != platform.value:
            raise StoreError(Text("登录状态属于别的平台", "the session is another platform's"))
        return read_storage_state(document, platform.value)


def owner_name(work: UnitOfWork, owner_id: str) -> str:
    """Return what an owner is called: an account's name, else the machine's name for the person."""
    account = work.accounts.get(owner_id)
    return account.name if account else owner_id.removeprefix("cli:")


def _readers(work: UnitOfWork, session: PlatformSession | None) -> list[str]:
    """Return who is told: the owner; who cannot be reached, or has none of ours, is stood in for by
    the admins, and at last by those who get the alerts.

    Where there never was a login only admins are told: nothing has ended, nobody need be woken.
    """
    _, configuration = work.configuration.current()
    if session is None:
        return addresses_of(work, Role.ADMIN, replace(configuration, recipients=()))
    owner = work.accounts.get(session.owner_id)
    if owner is not None and owner.state is AccountState.ACTIVE and owner.address:
        return [owner.address]
    return addresses_of(work, Role.ADMIN, configuration)


def _audit(
    work: UnitOfWork,
    session: PlatformSession,
    action: str,
    actor: str,
    at: datetime,
    facts: Mapping[str, object],
) -> None:
    work.audit.append(
        at=at,
        actor=actor,
        action=action,
        object_id=f"session:{session.platform.value}",
        reason="",
        payload={"login": session.login, **facts},
    )


def _not_logged_in(door: Door) -> InputRefused:
    return InputRefused(
        Text(
            f"没有登录：缺少 {door.mark}（有效、非访客）",
            f"nobody is logged in: no living {door.mark} that is not a visitor's",
        ),
        place=door.platform.value,
        mend=Text(
            f"登录后再导出，或运行 koubei login {door.platform.value}",
            f"log in first, or run koubei login {door.platform.value}",
        ),
    )
