"""Kinds of value: what is taken, and what is refused."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from runtime.values import (
    HostAndPort,
    MailAddress,
    Network,
    Port,
    WebAddress,
    Word,
    duration_text,
    parse_duration,
)


@given(st.integers(1, 99_999_999))
def test_a_duration_survives_being_written(seconds):
    duration = timedelta(seconds=seconds)
    assert parse_duration(duration_text(duration)) == duration


@pytest.mark.parametrize("kind_and_value", [
    (MailAddress, "pr@example.com"), (MailAddress, "a.b+c@localhost"),
    (WebAddress, "http://127.0.0.1:8600"), (WebAddress, "https://koubei.example.com/x"),
    (HostAndPort, "127.0.0.1:1"), (HostAndPort, "intern.example:65535"), (HostAndPort, "[::1]:80"),
    (Word, "云栈奶茶"), (Port, 1), (Port, 65535),
])  # fmt: skip
def test_a_good_value_is_taken_as_it_is(kind_and_value):
    kind, value = kind_and_value
    assert TypeAdapter(kind).validate_python(value) == value


@pytest.mark.parametrize("kind_and_value", [
    (MailAddress, "pr"), (MailAddress, "a@b\r\nBcc: c@d.e"), (MailAddress, "a..b@c.d"),
    (MailAddress, "张三@example.com"), (MailAddress, "a@b@c.d"), (MailAddress, "A <a@b.c>"),
    (WebAddress, "ftp://x"), (WebAddress, "javascript:alert(1)"), (WebAddress, "http://"),
    (WebAddress, "http://u:p@x"), (WebAddress, "http://x:99999"), (WebAddress, "http://x y"),
    (HostAndPort, "127.0.0.1"), (HostAndPort, "*:80"), (HostAndPort, "10.0.0.0/8:80"),
    (HostAndPort, "x:0"), (HostAndPort, "x:65536"), (HostAndPort, "::1:80:"),
    (Network, "10.0.0.1/24"), (Network, "proxy"),
    (Word, ""), (Word, "　 "), (Word, "a\nb"), (Word, "x" * 101), (Word, "\u200b\x00"),
    (Port, 0), (Port, 65536), (Port, True), (Port, "eighty"),
])  # fmt: skip
def test_a_bad_value_is_refused(kind_and_value):
    kind, value = kind_and_value
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(value)


@pytest.mark.parametrize("value", ["", "0m", "-1m", "1.5h", "15", 15, "1 month", None, True])
def test_what_is_no_duration_is_refused(value):
    with pytest.raises(ValueError, match="duration"):
        parse_duration(value)
