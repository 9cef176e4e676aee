"""What the pages where people act read, always anew: who acts has to see what is so now."""

from dashboard.services import services
from dashboard.state import me, now, zone
from domain.account import Account, AccountState
from monitoring.alert_view import AlertView, read_alert
from monitoring.case_board import Board, Wanted, read_board
from monitoring.case_view import CaseView, read_case
from monitoring.signal_view import SignalList, signal_list


def inbox() -> SignalList:
    """Return the signals as they stand."""
    return signal_list(services().begin_reading, now(), zone())


def alert(signal_id: str) -> AlertView | None:
    """Return one signal with what stands behind it; None when there is none of that id."""
    it = services()
    return read_alert(it.store, it.begin_reading, signal_id, account=me(), now=now(), zone=zone())


def case(case_id: str) -> CaseView | None:
    """Return one case with its evidence and trail; None when there is none of that id."""
    it = services()
    return read_case(it.store, it.begin_reading, case_id, now=now())


def board(wanted: Wanted, account: Account) -> Board:
    """Return the cases that fit, with their clocks."""
    return read_board(services().begin_reading, wanted, account, now=now())


def people() -> list[Account]:
    """Return every active account, by name."""
    with services().begin_reading() as work:
        return [a for a in work.accounts.all() if a.state is AccountState.ACTIVE]
