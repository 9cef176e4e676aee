"""Notices become mails: outbox rows in the transaction of the move they tell of."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from domain.account import Account, AccountState
from domain.case import Case
from domain.case_notice import CaseMail, Notice
from domain.case_policy import CasePolicy
from domain.outbox import OutboxMail, Rendered
from domain.ports import UnitOfWork

RenderCaseMail = Callable[[CaseMail, Account], Rendered]
"""Makes the words of a case's mail; `delivery.case_mail.render_case` is the real one."""


@dataclass(frozen=True, slots=True)
class Told:
    """The keys of the mails that were written, and the accounts that have no address to write to:
    the trail names both.
    """

    keys: tuple[str, ...] = ()
    unreached: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Writer:
    """What the mails of one move are written with."""

    work: UnitOfWork
    render: RenderCaseMail
    policy: CasePolicy
    zone_name: str
    public_url: str
    at: datetime

    def tell(
        self, notices: Iterable[Notice], case: Case, actor: Account | None, reason: str
    ) -> Told:
        """Write one mail a notice and reader; nobody is told of what they did themselves."""
        keys: list[str] = []
        unreached: list[str] = []
        for notice in notices:
            for reader in self._readers(notice):
                if actor is not None and reader.id == actor.id and reader.id not in case.upward.to:
                    continue
                if reader.address:
                    keys.append(self._write(notice, case, actor, reason, reader))
                else:
                    unreached.append(reader.id)
        return Told(tuple(keys), tuple(unreached))

    def _write(
        self, notice: Notice, case: Case, actor: Account | None, reason: str, reader: Account
    ) -> str:
        _, configuration = self.work.configuration.current()
        names = {brand.id: brand.name for brand in configuration.brands}
        mail = CaseMail(
            kind=notice.kind,
            case=case,
            actor=actor.name if actor else "",
            comment=reason,
            brand_name=names.get(case.brand_id, case.brand_id),
            zone_name=self.zone_name,
            public_url=self.public_url,
            demo=configuration.is_demo,
        )
        key = f"{case.id}|{notice.kind.value}-{case.version}|{reader.address}"
        self.work.outbox.add(
            OutboxMail(
                key=key,
                recipient=reader.address,
                rendered=self.render(mail, reader),
                created_at=self.at,
                next_attempt_at=self.at,
                kind="case",
            )
        )
        return key

    def _readers(self, notice: Notice) -> list[Account]:
        """The active accounts of a notice, each once, by name; deputies count as their role."""
        return [
            account
            for account in self.work.accounts.all()
            if account.state is AccountState.ACTIVE
            and account.id not in notice.but
            and (account.id in notice.account_ids or self._has_role(account, notice))
        ]

    def _has_role(self, account: Account, notice: Notice) -> bool:
        return any(
            role in account.roles or self.policy.is_deputy(account.id, role, self.at)
            for role in notice.roles
        )
