"""cli/main.py: what a person who types something wrong gets to read, and the exit code after it."""

import errno
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from cli import main
from cli.opening import load_settings_of_a_service
from cli.terminal import EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE, language
from domain.errors import ConfigurationError, StoreUnavailable, Text
from storage.sqlite.mentions import SqliteMentionStore
from tests.fakes import a_mention

ROOT = Path(__file__).parents[3]
LOOKING = (
    ["status"],
    ["explain", "weibo:1"],
    ["replay"],
    ["export", "a.csv"],
    ["import", "a.csv"],
    ["mail", "list"],
)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """An empty folder, and nothing of this machine's own settings."""
    monkeypatch.chdir(tmp_path)
    for name in ("KOUBEI_LANGUAGE", "KOUBEI_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("statsu", "没有命令 statsu，是否想写 'status'？"),
        ("status --nope", "没有选项 --nope"),
        ("mail nope", "没有命令 nope"),
        ("import", "缺少 FILE…"),
        ("parse page.html", "缺少 --platform / -p"),
        ("parse page.html -p facebook", "没有 facebook，只能是 'weibo', 'zhihu', 'tieba'"),
        ("replay --days many", "--days：应为数字"),
        ("replay --days 0", "--days：应不小于 1"),
        ("crawl --watch", "选项 --watch 后面要写一个值"),
        ("apply a b", "多余的参数：b"),
    ],
)
def test_what_is_typed_wrongly_is_told_in_chinese_with_where_to_read_on(typed, told, capsys):
    assert main.run(typed.split()) == EXIT_USAGE
    said = capsys.readouterr()
    assert told in said.err
    assert "--help" in said.err
    assert said.out == ""


@pytest.mark.parametrize("typed", ["statsu", "status --nope", "import", "replay --days many"])
def test_english_speakers_read_no_chinese(typed, capsys, monkeypatch):
    monkeypatch.setenv("KOUBEI_LANGUAGE", "en")
    assert main.run(typed.split()) == EXIT_USAGE
    assert [sign for sign in capsys.readouterr().err if "\u4e00" <= sign <= "\u9fff"] == []


@pytest.mark.parametrize("typed", [[], ["--help"], ["mail", "--help"], ["status", "--help"]])
def test_a_help_page_has_its_headings_in_our_language(typed, capsys):
    main.run(typed)
    page = "".join(capsys.readouterr())
    assert page.startswith("用法：koubei")
    assert "Options:" not in page
    assert "显示本说明。" in page


class TestLanguage:
    def test_the_settings_file_counts(self, elsewhere):
        (elsewhere / "koubei.toml").write_text('language = "en"\n', encoding="utf-8")
        assert language() == "en"

    def test_the_environment_wins(self, elsewhere, monkeypatch):
        (elsewhere / "koubei.toml").write_text('language = "en"\n', encoding="utf-8")
        monkeypatch.setenv("KOUBEI_LANGUAGE", "zh")
        assert language() == "zh"

    def test_the_file_that_a_variable_names_is_the_one(self, elsewhere, monkeypatch):
        (elsewhere / "other.toml").write_text('language = "en"\n', encoding="utf-8")
        monkeypatch.setenv("KOUBEI_CONFIG", "other.toml")
        assert language() == "en"

    @pytest.mark.parametrize("content", [b"language = ", b"\xff\xfe", b"language = 7", b""])
    def test_a_file_that_cannot_be_used_is_complained_about_in_chinese(self, elsewhere, content):
        (elsewhere / "koubei.toml").write_bytes(content)
        assert language() == "zh"


@pytest.mark.parametrize("command", LOOKING, ids=lambda command: command[0])
def test_a_command_that_only_looks_makes_no_stores_in_a_wrong_folder(command, elsewhere, capsys):
    assert main.run(command) == EXIT_USAGE
    assert "这里还没有数据" in capsys.readouterr().err
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigurationError(Text("甲", "a")), EXIT_USAGE),
        (StoreUnavailable(Text("乙", "b")), EXIT_FAILED),
    ],
)
def test_an_error_of_ours_is_one_line(error, code, capsys, monkeypatch):
    def raising(_arguments):
        raise error

    monkeypatch.setattr(main, "build_app", raising)
    assert main.run(["status"]) == code
    assert capsys.readouterr().err == f"✗ {error.sentence('zh')}\n"


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.ENOSPC, "/srv/a：磁盘已满"),
        (errno.EACCES, "/srv/a：没有权限"),
        (errno.EPERM, "/srv/a：没有权限"),
        (errno.EROFS, "/srv/a：所在文件系统只读"),
        (errno.EBUSY, "/srv/a：系统错误：busy"),
    ],
)
def test_what_the_system_refuses_is_one_line_with_its_mend(number, told, capsys, monkeypatch):
    def raising(_arguments):
        raise OSError(number, "busy", "/srv/a")

    monkeypatch.setattr(main, "run", raising)
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == EXIT_FAILED
    assert told in capsys.readouterr().err


def test_ctrl_c_is_said_and_has_the_code_that_shells_expect(capsys, monkeypatch):
    def raising(_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(main, "run", raising)
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == EXIT_INTERRUPTED
    assert "已中断" in capsys.readouterr().err


def test_a_command_whose_package_is_missing_says_which_and_leaves_the_others_alone(
    capsys, monkeypatch
):
    monkeypatch.setitem(main.COMMANDS, "bench", "no_such_module")  # type: ignore[attr-defined]
    assert main.run(["bench", "store", "--quick"]) == EXIT_FAILED
    assert "本机未安装 cli.no_such_module" in capsys.readouterr().err
    main.run(["--help"])
    assert "不可用" in capsys.readouterr().out


def test_up_does_not_start_on_data_without_their_keys(elsewhere, capsys):
    store = SqliteMentionStore(elsewhere / "var/mentions.sqlite")
    store.add([a_mention()])
    store.close()
    (elsewhere / "koubei.toml").touch()

    assert main.run(["up", "--port", "0"]) == EXIT_USAGE

    assert "从备份取回 secrets/" in capsys.readouterr().err
    assert not (elsewhere / "var/secrets/author_key").exists()


class TestLogsOfAService:
    @pytest.fixture(autouse=True)
    def terminal(self, monkeypatch):
        # not sys.stderr itself, which pytest puts back between a fixture and its test
        stand_in = SimpleNamespace(stderr=SimpleNamespace(isatty=lambda: True))
        monkeypatch.setattr("cli.opening.sys", stand_in)
        for name in ("KOUBEI_LOG__LEVEL", "KOUBEI_LOG__FORMAT"):
            monkeypatch.setenv(name, "x")  # so that it is restored afterwards
            monkeypatch.delenv(name)

    def test_a_person_at_a_terminal_reads_warnings_only(self):
        log = load_settings_of_a_service().log
        assert (log.level, log.format) == ("warning", "console")

    def test_what_is_set_holds(self, elsewhere):
        (elsewhere / "koubei.toml").write_text('[log]\nlevel = "info"\n', encoding="utf-8")
        log = load_settings_of_a_service().log
        assert (log.level, log.format) == ("info", "json")


def test_help_starts_without_settings_or_stores(elsewhere):
    (elsewhere / "koubei.toml").write_text("nonsense = 1\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "cli", "status", "--help"],
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        check=False,
    )
    assert done.returncode == EXIT_DONE
    assert done.stderr == b""
