"""A house of one's own for pages that change things, and a case driven to where a test begins."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runtime.wiring import Services
from tests.dashboard_house import NOW, furnished_house
from tests.fixtures.cases import Journey, add_everyone

CASE = "C-20261120-01"
SIGNAL = "A-20261120-01"


@contextmanager
def a_house_to_act_in(folder: Path) -> Iterator[Services]:
    """Open a furnished house in which every role has an account named after it."""
    with furnished_house(folder) as services:
        add_everyone(services.begin_work)
        yield services


def journey(services: Services) -> Journey:
    """Return a drive through the service layer at the house's time, with the house's own desk."""
    return Journey(services.begin_work, services.desk, NOW)
