"""The health check of mail against a real server: it signs in and sends nothing."""

import pytest

from runtime.check_services import check_mail
from runtime.checks import Mark
from runtime.settings import Settings
from tests.fakes import FixedClock
from tests.fixtures.smtp import Faults, free_port, mail_server

pytestmark = pytest.mark.integration


def check(port: int, **more: object):
    smtp = {"host": "127.0.0.1", "security": "none", "sender": "a@b.example", "timeout": "5s"}
    return check_mail(Settings(smtp={**smtp, "port": port, **more}), FixedClock())


def test_a_server_that_lets_us_in_is_fine_and_gets_no_mail():
    faults = Faults()
    with mail_server(faults) as port:
        assert check(port).mark is Mark.OK
    assert faults.accepted == []


def test_a_server_that_is_away_is_a_failure():
    assert check(free_port()).mark is Mark.FAILED
