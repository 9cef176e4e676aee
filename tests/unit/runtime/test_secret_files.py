"""Keys in files that only their owner can read."""

import base64
import stat

import pytest
from pydantic import SecretStr

from domain.errors import ConfigurationError
from runtime.secret_files import load_keys, make_missing_keys, metrics_token


def test_missing_keys_are_made_once_and_never_replaced(tmp_path):
    folder = tmp_path / "var" / "secrets"
    written = make_missing_keys(folder, random_bytes=lambda n: b"a" * n)
    assert [path.name for path in written] == ["author_key", "seal_key"]
    assert make_missing_keys(folder, random_bytes=lambda n: b"b" * n) == []
    assert load_keys(folder).author_key == b"a" * 32


def test_keys_and_their_folder_are_their_owner_s_alone(tmp_path):
    folder = tmp_path / "secrets"
    for path in (*make_missing_keys(folder), folder):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077


def test_a_key_from_the_environment_wins(tmp_path):
    make_missing_keys(tmp_path)
    given = SecretStr(base64.urlsafe_b64encode(b"e" * 32).decode())
    assert load_keys(tmp_path, seal_key=given).seal_key == b"e" * 32


@pytest.mark.parametrize("content", ["c2hvcnQ=", "not base64!", "", "密"])
def test_a_key_that_cannot_be_used_is_refused_without_showing_it(tmp_path, content):
    make_missing_keys(tmp_path)
    (tmp_path / "seal_key").write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_keys(tmp_path)
    assert caught.value.place == str(tmp_path / "seal_key")
    assert not content or content not in str(caught.value)


def test_a_key_that_others_can_read_is_refused_with_the_mend(tmp_path):
    make_missing_keys(tmp_path)
    (tmp_path / "author_key").chmod(0o640)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        load_keys(tmp_path)


def test_a_missing_key_names_the_command_that_makes_it(tmp_path):
    with pytest.raises(ConfigurationError, match="koubei init"):
        load_keys(tmp_path)


def test_keys_do_not_show_in_a_trace(tmp_path):
    make_missing_keys(tmp_path, random_bytes=lambda n: b"a" * n)
    assert "aaa" not in repr(load_keys(tmp_path))


def test_the_metrics_token_is_made_once_for_its_owner_alone(tmp_path):
    first = metrics_token(tmp_path / "secrets")
    assert len(first.get_secret_value()) >= 32
    assert metrics_token(tmp_path / "secrets") == first
    assert stat.S_IMODE((tmp_path / "secrets" / "metrics_token").stat().st_mode) == 0o600


@pytest.mark.parametrize(("content", "mode"), [("", 0o600), ("key\n", 0o644)])
def test_an_empty_metrics_token_or_one_that_others_can_read_is_refused(tmp_path, content, mode):
    (tmp_path / "metrics_token").write_text(content)
    (tmp_path / "metrics_token").chmod(mode)
    with pytest.raises(ConfigurationError, match="metrics_token"):
        metrics_token(tmp_path)
