"""Where people of a role are told."""

from domain.account import AccountState, Role
from domain.brand import Configuration
from domain.ports import UnitOfWork


def addresses_of(work: UnitOfWork, role: Role, configuration: Configuration) -> list[str]:
    """Return where a role is told; those who get the alerts when nobody of it has an address."""
    found = [
        account.address
        for account in work.accounts.all()
        if account.state is AccountState.ACTIVE and role in account.roles and account.address
    ]
    return list(dict.fromkeys(found or [r.address for r in configuration.recipients]))
