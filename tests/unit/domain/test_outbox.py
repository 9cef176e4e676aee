import re
from datetime import timedelta

import pytest

from domain.outbox import FIRST_RETRY, LONGEST_RETRY, message_id, retry_delay


def test_a_message_id_is_the_same_for_every_attempt_and_differs_by_key() -> None:
    assert message_id("a", "pr.example.com") == message_id("a", "pr.example.com")
    assert message_id("a", "pr.example.com") != message_id("b", "pr.example.com")


@pytest.mark.parametrize("key", ["a", "云栈|红|1", "a\r\nBcc: x@y", "\u2028", "x" * 9999])
def test_a_message_id_is_one_short_header_whatever_the_key(key: str) -> None:
    assert re.fullmatch(r"<[0-9a-f]{32}@pr\.example\.com>", message_id(key, "pr.example.com"))


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(0, 30), (1, 30), (2, 60), (3, 120), (5, 480), (6, 900), (50, 900), (10**6, 900)],
)
def test_the_wait_doubles_from_half_a_minute_to_a_quarter_of_an_hour(
    attempts: int, seconds: int
) -> None:
    assert retry_delay(attempts) == timedelta(seconds=seconds)


def test_the_wait_never_leaves_its_bounds() -> None:
    waits = [retry_delay(attempts) for attempts in range(200)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (FIRST_RETRY, LONGEST_RETRY)
