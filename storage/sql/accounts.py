"""Accounts, each a row with a version, and the sessions they are logged in with."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, or_, select, update

from domain.account import Account, AccountState, Role, Session
from domain.errors import VersionConflict
from storage.sql.account_tables import accounts, sessions
from storage.sql.writes import Values, insert_new

_NO_VERSION = -1


class SqlAccountRepository:
    """Accounts change only from the version that was read; sessions are only ever ended."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def add(self, account: Account) -> None:
        """Store a new account; VersionConflict when its id, login or OIDC identity is taken."""
        if not insert_new(self._db, accounts, _to_row(account)):
            raise self._conflict(account)

    def save(self, account: Account) -> Account:
        """Store the next version (`account.version` is the one read) and return it;
        VersionConflict when somebody wrote in between."""
        c = accounts.c
        written = replace(account, version=account.version + 1)
        as_read = (c.id == account.id, c.version == account.version)
        if not self._db.execute(update(accounts).where(*as_read).values(_to_row(written))).rowcount:
            raise self._conflict(account)
        return written

    def get(self, account_id: str) -> Account | None:
        """Return an account by id."""
        return self._one(accounts.c.id == account_id)

    def by_login(self, login: str) -> Account | None:
        """Return an account by what is typed at login, compared without case."""
        return self._one(accounts.c.login_folded == login.casefold())

    def by_identity(self, issuer: str, subject: str) -> Account | None:
        """Return the account of an OIDC identity."""
        c = accounts.c
        return self._one((c.oidc_issuer == issuer) & (c.oidc_subject == subject))

    def all(self) -> list[Account]:
        """Return every account, by name."""
        query = select(accounts).order_by(accounts.c.name, accounts.c.id)
        return [_from_row(row) for row in self._db.execute(query)]

    def begin_session(self, session: Session) -> None:
        """Store a login."""
        insert_new(
            self._db,
            sessions,
            {column.name: getattr(session, column.name) for column in sessions.columns},
        )

    def session(self, token_hash: str) -> Session | None:
        """Return a login by the hash of its token."""
        row = self._db.execute(select(sessions).where(sessions.c.token_hash == token_hash)).first()
        return None if row is None else Session(**row._mapping)

    def sessions_of(self, account_id: str) -> list[Session]:
        """Return the logins of an account that were not ended, newest first."""
        c = sessions.c
        query = (
            select(sessions)
            .where(c.account_id == account_id, c.ended_at.is_(None))
            .order_by(c.began_at.desc(), c.token_hash)
        )
        return [Session(**row._mapping) for row in self._db.execute(query)]

    def seen(self, token_hash: str, at: datetime) -> None:
        """Note a sign of life of a session."""
        self._db.execute(
            update(sessions).where(sessions.c.token_hash == token_hash).values(seen_at=at)
        )

    def end_session(self, token_hash: str, at: datetime) -> None:
        """End one login."""
        self._end(sessions.c.token_hash == token_hash, at)

    def end_sessions_of(self, account_id: str, at: datetime) -> int:
        """End every login of an account; return how many there were."""
        return self._end(sessions.c.account_id == account_id, at)

    def prune_sessions(self, before: datetime) -> int:
        """Drop sessions that began before; return how many."""
        return self._db.execute(delete(sessions).where(sessions.c.began_at < before)).rowcount

    def _end(self, which: Any, at: datetime) -> int:
        still_open = sessions.c.ended_at.is_(None)
        ended = update(sessions).where(which, still_open).values(ended_at=at)
        return self._db.execute(ended).rowcount

    def _one(self, which: Any) -> Account | None:
        row = self._db.execute(select(accounts).where(which)).first()
        return None if row is None else _from_row(row)

    def _conflict(self, account: Account) -> VersionConflict:
        c = accounts.c
        same = or_(c.id == account.id, c.login_folded == account.login.casefold())
        found = self._db.scalars(select(c.version).where(same)).first()
        return VersionConflict(
            f"account {account.id}",
            expected=account.version,
            found=_NO_VERSION if found is None else found,
        )


def _to_row(account: Account) -> Values:
    return {
        "id": account.id,
        "login": account.login,
        "login_folded": account.login.casefold(),
        "name": account.name,
        "roles": " ".join(sorted(account.roles)),
        "created_at": account.created_at,
        "address": account.address,
        "state": account.state,
        "password_hash": account.password_hash,
        "oidc_issuer": account.oidc_issuer or None,
        "oidc_subject": account.oidc_subject or None,
        "version": account.version,
    }


def _from_row(row: Row[Any]) -> Account:
    values = dict(row._mapping)
    del values["login_folded"]
    values["roles"] = frozenset(Role(role) for role in row.roles.split())
    values["state"] = AccountState(row.state)
    values["oidc_issuer"] = row.oidc_issuer or ""
    values["oidc_subject"] = row.oidc_subject or ""
    return Account(**values)
