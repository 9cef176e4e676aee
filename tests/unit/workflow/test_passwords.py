import pytest

from domain.errors import InputRefused
from tests.fixtures.people import PASSWORD, QUICK
from workflow.passwords import LONGEST, Passwords, check_password, is_guessable


@pytest.mark.parametrize(
    "password",
    [
        "password12345",
        "Password2024!",
        "P@ssw0rd!P@ssw0rd!",
        "123456789012",
        "aaaaaaaaaaaa",
        "abababababab",
        "qwertyuiop123",
        "1qaz2wsx3edc",
        "asdfghjkl;'zxcv",
        "woaini1314520",
        "zhangwei19900101",
        "iloveyou5201314",
        "我爱你我爱你我爱你我爱你",
        "lizhu-koubei-lizhu",
        "2026年2025年2024年",
        "correct horse battery staple",
    ],
)
def test_what_guessers_try_first_is_refused(password):
    assert is_guessable(password, known=("lizhu", "koubei"))
    with pytest.raises(InputRefused):
        check_password(password, known=("lizhu", "koubei"))


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        "月亮在屋顶上唱歌给猫听啊呀",
        "gKx7#pQ9vL2m",
        "a sentence nobody says",
        "ärgerlich ß é ñ",
    ],
)
def test_a_password_of_one_s_own_is_taken(password):
    check_password(password, known=("lizhu",))


@pytest.mark.parametrize("password", ["", "short one", "k" * 11, "kite " * 60])
def test_too_short_and_boundless_ones_are_refused(password):
    with pytest.raises(InputRefused, match="12 to 256"):
        check_password(password)


def test_the_default_is_argon2id_with_64_mib():
    assert Passwords().hash(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_only_the_password_itself_is_right():
    kept = QUICK.hash(PASSWORD)
    assert QUICK.verify(kept, PASSWORD)
    assert not QUICK.verify(kept, PASSWORD + " ")
    assert not QUICK.verify(kept, PASSWORD.upper())
    assert not QUICK.verify("no hash at all", PASSWORD)


def test_an_account_without_a_password_has_no_right_one():
    assert not QUICK.verify("", "")
    assert not QUICK.verify("", "nobody has this password")


def test_a_giant_password_is_wrong_and_never_hashed():
    kept = QUICK.hash("")
    assert not QUICK.verify(QUICK.hash(PASSWORD), "x" * (LONGEST + 1))
    assert kept


def test_a_hash_of_other_parameters_is_dated():
    assert Passwords().is_dated(QUICK.hash(PASSWORD))
    assert not QUICK.is_dated(QUICK.hash(PASSWORD))
