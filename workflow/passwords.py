"""Passwords: kept as argon2id, judged by what guessers try first.

Twelve signs at least, no rules about their kinds, no expiry, no upper bound that a person meets
(OWASP ASVS 5.0, 6.2). Refused is what is mostly made of the words, names, dates and keyboard runs
that stand at the top of every list of leaked passwords, Chinese habits among them.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from domain.errors import InputRefused, Text

SHORTEST: Final = 12
LONGEST: Final = 256
_OWN_SIGNS: Final = 4
"""How many signs must be left when everything guessable was taken out."""
_DISTINCT_SIGNS: Final = 5

_COMMON: Final = Path(__file__).with_name("common_passwords.txt")
_LEET: Final = str.maketrans("@$!013457", "asioieast")
_DATE: Final = re.compile(r"(?:19|20)\d\d(?:0?[1-9]|1[0-2])?(?:0?[1-9]|[12]\d|3[01])?")
_REPEAT: Final = re.compile(r"(.{1,4}?)\1{2,}")
_ROWS: Final = (
    "`1234567890-=",
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "qazwsxedcrfvtgbyhnujm",
    "1q2w3e4r5t6y7u8i9o0p",
    "abcdefghijklmnopqrstuvwxyz",
    "0123456789",
    "一二三四五六七八九十",
)
_SHORTEST_RUN: Final = 3


class Passwords:
    """Makes and checks hashes. The parameters are those of argon2-cffi (RFC 9106, low memory)."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._of_nobody = self._hasher.hash("nobody has this password")

    def hash(self, password: str) -> str:
        """Return what is stored of a password."""
        return self._hasher.hash(password)

    def verify(self, password_hash: str, password: str) -> bool:
        """Whether the password is the one that was hashed.

        "" (no such account, or one without a password) takes as long as any other, and is never
        right.
        """
        if len(password) > LONGEST:
            password = ""
        try:
            self._hasher.verify(password_hash or self._of_nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return bool(password_hash)

    def is_dated(self, password_hash: str) -> bool:
        """Whether a hash was made with other parameters than those of today."""
        return self._hasher.check_needs_rehash(password_hash)


def check_password(password: str, *, known: Iterable[str] = ()) -> None:
    """Return when a new password may be used; InputRefused says why not.

    `known` is what an attacker knows of the person: login, name, company.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise InputRefused(
            Text(
                f"密码应为 {SHORTEST} 到 {LONGEST} 个字符；可以是一句话，空格也算",
                f"a password has {SHORTEST} to {LONGEST} signs; a sentence is fine, blanks count",
            ),
            place="password",
        )
    if is_guessable(password, known=known):
        raise InputRefused(
            Text(
                "这个密码太常见，容易被猜到；换成几个不相干的词组成的一句话",
                "this password is among the first that are guessed; take a few unrelated words",
            ),
            place="password",
        )


def is_guessable(password: str, *, known: Iterable[str] = ()) -> bool:
    """Whether a password is made of what guessers try first, and little else."""
    plain = password.casefold()
    words = _words(frozenset(word.casefold() for word in known if len(word) >= _SHORTEST_RUN))
    if len(set(plain)) < _DISTINCT_SIGNS:
        return True
    return any(_left_over(text, words) < _OWN_SIGNS for text in {plain, plain.translate(_LEET)})


def _left_over(text: str, words: tuple[str, ...]) -> int:
    for word in words:
        text = text.replace(word, " ")
    text = _DATE.sub(" ", text)
    for run in _runs(text):
        text = text.replace(run, " ")
    text = _REPEAT.sub(" ", text)
    return sum(sign.isalpha() for sign in text) + len(re.findall(r"\d", text)) // 2


def _runs(text: str) -> Iterator[str]:
    """Yield what in the text runs along a row of keys or of the alphabet, longest first."""
    for row in _ROWS:
        for way in (row, row[::-1]):
            for length in range(len(way), _SHORTEST_RUN - 1, -1):
                for start in range(len(way) - length + 1):
                    if way[start : start + length] in text:
                        yield way[start : start + length]


@lru_cache(maxsize=8)
def _words(known: frozenset[str]) -> tuple[str, ...]:
    """Return common and known words, longest first so that the whole goes before its parts."""
    lines = _COMMON.read_text(encoding="utf-8").splitlines()
    common = {line for line in lines if line and not line.startswith("#")}
    return tuple(sorted(common | known, key=lambda word: (-len(word), word)))
