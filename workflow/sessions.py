"""Sessions: from a cookie's token to the account it stands for, read anew every time.

The guard asks before any page runs, and every run of a page asks again: a role taken away, an
account disabled or a session ended counts from that moment on. The table holds hashes of tokens.
"""

import hashlib
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from domain.account import Account, AccountState, Session
from domain.ports import BeginWork, UnitOfWork

SECURE_COOKIE: Final = "__Host-koubei"
PLAIN_COOKIE: Final = "koubei_session"
SESSION_COOKIES: Final = (SECURE_COOKIE, PLAIN_COOKIE)
"""The cookie behind https, and the one on a plain LAN, where browsers refuse `__Host-` names. The
guard hands on only the one that the installation uses."""

TOKEN_BYTES: Final = 32
SEEN_EVERY: Final = timedelta(minutes=1)
"""A sign of life is written at most this often: not every click is worth a write."""


def new_token(random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """Return a new secret of 256 bits as 64 hex digits."""
    return random_bytes(TOKEN_BYTES).hex()


def hash_token(token: str) -> str:
    """Return what the table holds of a token. No salt: a random token cannot be guessed."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def account_of(
    begin_reading: BeginWork, token: str, now: datetime
) -> tuple[Account, Session] | None:
    """Return whose session a token is, None when it is no live session of an active account."""
    if not token:
        return None
    with begin_reading() as work:
        session = work.accounts.session(hash_token(token))
        if session is None or not session.is_alive(now):
            return None
        account = work.accounts.get(session.account_id)
    if account is None or account.state is not AccountState.ACTIVE:
        return None
    return account, session


def account_of_cookies(
    begin_reading: BeginWork, cookies: Mapping[str, str], now: datetime
) -> Account | None:
    """Return whose session a page's cookies are, None when nobody's. Pages ask on every run."""
    found = account_of(begin_reading, _token_of(cookies), now)
    return found[0] if found else None


def name_of_cookies(cookies: Mapping[str, str]) -> str:
    """Return how the trail names the session of a page's cookies (`session_name`), "" for none."""
    token = _token_of(cookies)
    return _name(hash_token(token)) if token else ""


def _token_of(cookies: Mapping[str, str]) -> str:
    return next((cookies[name] for name in SESSION_COOKIES if name in cookies), "")


def begin_session(work: UnitOfWork, account: Account, at: datetime, token: str) -> Session:
    """Store a new session for a token never used before, with its audit row."""
    session = Session(token_hash=hash_token(token), account_id=account.id, began_at=at, seen_at=at)
    work.accounts.begin_session(session)
    _audit(work, account.id, "session.began", session_name(session), at)
    return session


def end_session(begin_work: BeginWork, token: str, at: datetime) -> None:
    """End one session at once (logout); a token of none does nothing."""
    with begin_work() as work:
        session = work.accounts.session(hash_token(token))
        if session is None or session.ended_at is not None:
            return
        work.accounts.end_session(session.token_hash, at)
        _audit(work, session.account_id, "session.ended", session_name(session), at)
        work.commit()


def end_other_sessions(begin_work: BeginWork, token: str, at: datetime) -> int:
    """End every other session of the account of `token`; return how many there were."""
    with begin_work() as work:
        kept = work.accounts.session(hash_token(token))
        if kept is None:
            return 0
        others = [
            session
            for session in work.accounts.sessions_of(kept.account_id)
            if session.token_hash != kept.token_hash
        ]
        for session in others:
            work.accounts.end_session(session.token_hash, at)
            _audit(work, kept.account_id, "session.ended", session_name(session), at)
        work.commit()
    return len(others)


def note_sign_of_life(begin_work: BeginWork, session: Session, at: datetime) -> None:
    """Prolong a session that a person uses; written once a minute at most."""
    if at - session.seen_at < SEEN_EVERY:
        return
    with begin_work() as work:
        work.accounts.seen(session.token_hash, at)
        work.commit()


def session_name(session: Session) -> str:
    """Return how the trail names a session: enough to tell two apart, of no use to log in."""
    return _name(session.token_hash)


def _name(token_hash: str) -> str:
    return token_hash[:12]


def _audit(work: UnitOfWork, account_id: str, action: str, name: str, at: datetime) -> None:
    work.audit.append(
        at=at,
        actor=f"account:{account_id}",
        action=action,
        object_id=f"account:{account_id}",
        reason="",
        payload={"session": name},
    )
