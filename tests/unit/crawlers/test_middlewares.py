"""Tests of crawlers/middlewares.py."""

from datetime import UTC, datetime

import pytest

from crawlers.middlewares import retry_after

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Fri, 20 Nov 2026 04:02:00 GMT", 120),
        ("Fri, 20 Nov 2026 03:00:00 GMT", 0),
        ("99999999999999999999", 999999999),
        ("-5", None),
        ("soon", None),
        ("１２", None),
        ("", None),
    ],
)
def test_retry_after_is_read_in_both_forms(value, seconds):
    assert retry_after(value, now=NOW) == seconds
