import base64
from datetime import UTC, datetime, timedelta

import pytest

from tests.fakes import NOON
from workflow.totp import code_at, matching_step, new_secret, setup_address, step_of

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_vectors_of_rfc_6238_appendix_b(seconds, code):
    step = step_of(datetime.fromtimestamp(seconds, UTC))
    assert code_at(RFC_SECRET, step, digits=8) == code
    assert code_at(RFC_SECRET, step) == code[2:]


@pytest.mark.parametrize(
    ("late", "matches"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)]
)
def test_a_code_lives_one_step_to_either_side(late, matches):
    secret = new_secret()
    at = NOON + timedelta(seconds=late)
    found = matching_step(secret, code_at(secret, step_of(NOON)), at)
    assert found == (step_of(NOON) if matches else None)


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６", "-1"])
def test_what_is_no_code_matches_nothing(code):
    assert matching_step(RFC_SECRET, code, NOON) is None


def test_blanks_in_a_code_do_not_count():
    code = code_at(RFC_SECRET, step_of(NOON))
    assert matching_step(RFC_SECRET, f" {code[:3]} {code[3:]} ", NOON) == step_of(NOON)


def test_a_secret_has_160_bits_and_no_two_are_alike():
    assert len(base64.b32decode(new_secret())) == 20
    assert new_secret() != new_secret()


def test_a_secret_that_is_not_base32_is_a_value_error():
    with pytest.raises(ValueError, match="base32"):
        code_at("not base32!", 1)


def test_the_address_for_the_app_names_login_and_issuer():
    address = setup_address(RFC_SECRET, login="林&lan", issuer="Koubei")
    assert address.startswith("otpauth://totp/Koubei%3A%E6%9E%97%26lan?")
    assert f"secret={RFC_SECRET}" in address
