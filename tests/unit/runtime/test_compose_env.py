"""The passwords of docker compose."""

import stat

import pytest

from domain.errors import ConfigurationError
from runtime.compose_env import hashed, write_compose_env
from tests.fixtures.compose import read_env


def test_passwords_are_new_each_time_their_owner_s_alone_and_never_replaced(tmp_path):
    path = tmp_path / ".env"
    assert write_compose_env(path, tmp_path / "live")
    first = path.read_text(encoding="utf-8")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not write_compose_env(path, tmp_path / "live")
    assert path.read_text(encoding="utf-8") == first
    other = tmp_path / "other"
    write_compose_env(other, tmp_path / "live")
    mine, theirs = (read_env(p.read_text(encoding="utf-8")) for p in (path, other))
    secret = {name for name in mine if name != "KOUBEI_FOLDER"}
    assert len(secret) == 11
    assert not {mine[name] for name in secret} & {theirs[name] for name in secret}
    assert len({mine[name] for name in secret}) == len(secret)
    assert all(len(mine[name]) >= 32 for name in secret)


def test_each_hash_is_that_of_the_password_beside_it(tmp_path):
    write_compose_env(tmp_path / ".env", tmp_path, random_bytes=lambda n: b"\xfb" * n)
    env = read_env((tmp_path / ".env").read_text(encoding="utf-8"))
    for name in ("ADMIN", "STORE", "READER", "KIBANA"):
        password, digest = env[f"KOUBEI_{name}_PASSWORD"], env[f"KOUBEI_{name}_PASSWORD_HASH"]
        assert digest == hashed(password, b"\xfb" * 32)


def test_a_hash_is_told_by_algorithm_rounds_salt_and_key():
    assert hashed("geheim", b"s" * 32).split("$")[:2] == [
        "{PBKDF2}10000",
        "c3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3M=",
    ]
    assert hashed("geheim", b"s" * 32) != hashed("anders", b"s" * 32)


@pytest.mark.parametrize("name", ["it's", "a$b", 'say "x"', "back\\slash"])
def test_a_folder_whose_name_compose_would_not_read_back_is_refused(tmp_path, name):
    with pytest.raises(ConfigurationError):
        write_compose_env(tmp_path / ".env", tmp_path / name)
    assert not (tmp_path / ".env").exists()


def test_a_chinese_folder_with_a_blank_is_read_back(tmp_path):
    write_compose_env(tmp_path / ".env", tmp_path / "口碑 设置")
    env = read_env((tmp_path / ".env").read_text(encoding="utf-8"))
    assert env["KOUBEI_FOLDER"] == str(tmp_path / "口碑 设置")
