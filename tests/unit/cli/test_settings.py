"""`koubei init`, `config` and `apply` as a person types them."""

import json
import stat
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
import typer
from typer.testing import CliRunner

import cli.settings
from cli.terminal import EXIT_FAILED
from domain.brand import Brand, Configuration
from domain.errors import ConfigurationError
from runtime.configuration_file import parse_configuration, write_configuration
from tests.fakes import FixedClock
from tests.unit.workflow.test_watches import Database

OLD = Configuration(brands=(Brand("cha", "云栈奶茶"), Brand("old", "旧品牌")))


@pytest.fixture(autouse=True)
def database(tmp_path, monkeypatch) -> Database:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KOUBEI_LANGUAGE", raising=False)
    database = Database()

    @contextmanager
    def open_services(settings):
        yield SimpleNamespace(begin_work=database, clock=FixedClock(), settings=settings)

    monkeypatch.setattr(cli.settings, "open_services", open_services)
    return database


def koubei(*words: str, answer: str | None = None, fails: bool = False):
    app = typer.Typer()
    cli.settings.register(app)
    result = CliRunner().invoke(app, words, input=answer)
    if not fails and result.exception:
        raise result.exception
    return result


class TestInit:
    def test_it_writes_examples_that_load_private_keys_and_a_private_folder(self, tmp_path):
        koubei("init", "here")
        here = tmp_path / "here"
        names = {str(path.relative_to(here)) for path in here.rglob("*") if path.is_file()}
        assert names == {
            "koubei.toml", "brands.toml", "var/secrets/author_key", "var/secrets/seal_key",
        }  # fmt: skip
        assert stat.S_IMODE((here / "var").stat().st_mode) == 0o700
        assert stat.S_IMODE((here / "var/secrets/seal_key").stat().st_mode) == 0o600

    def test_it_never_overwrites_and_says_so(self, tmp_path):
        (tmp_path / "koubei.toml").write_text('language = "en"\n', encoding="utf-8")
        koubei("init")
        keys = (tmp_path / "var/secrets/seal_key").read_text(encoding="ascii")
        result = koubei("init")
        assert "koubei.toml is there already and stays as it is" in result.output
        assert (tmp_path / "koubei.toml").read_text(encoding="utf-8") == 'language = "en"\n'
        assert (tmp_path / "var/secrets/seal_key").read_text(encoding="ascii") == keys

    def test_init_for_docker_leaves_the_keys_to_the_containers(self, tmp_path):
        result = koubei("init", "live", "--docker")
        assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
        assert "KOUBEI_FOLDER='./live'" in (tmp_path / ".env").read_text(encoding="utf-8")
        assert {path.name for path in (tmp_path / "live").iterdir()} == {
            "koubei.toml",
            "brands.toml",
        }
        for name in ("koubei.toml", "brands.toml"):  # read by another user in the container
            assert stat.S_IMODE((tmp_path / "live" / name).stat().st_mode) == 0o644
        assert "docker compose up" in result.output
        written = (tmp_path / ".env").read_bytes()
        again = koubei("init", "live", "--docker")
        assert ".env 已存在，保持不变" in again.output
        assert (tmp_path / ".env").read_bytes() == written

    def test_a_folder_that_cannot_be_written_is_an_error_with_a_mend(self, tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(ConfigurationError, match="no folder"):
            koubei("init", "file/x")


class TestConfig:
    def test_every_setting_stands_with_its_origin_and_secrets_are_masked(self, monkeypatch):
        monkeypatch.setenv("KOUBEI_WEB__PORT", "9000")
        monkeypatch.setenv("KOUBEI_AUTHOR_KEY", "s3cret")
        rows = json.loads(koubei("config", "--json").output)
        assert rows["web.port"] == {"value": "9000", "origin": "KOUBEI_WEB__PORT"}
        assert rows["author_key"] == {"value": "****", "origin": "KOUBEI_AUTHOR_KEY"}
        table = koubei("config").output
        assert "KOUBEI_WEB__PORT" in table
        assert "s3cret" not in table

    def test_brands_are_printed_as_a_file_that_can_be_applied_again(self, database):
        database.versions.append((OLD, {}))
        printed = koubei("config", "--brands").output
        assert printed.startswith("# 第 1 版")
        assert parse_configuration(printed, "p") == OLD
        assert json.loads(koubei("config", "--brands", "--json").output)["version"] == 1


class TestApply:
    def file(self, configuration: Configuration) -> str:
        with open("brands.toml", "w", encoding="utf-8") as file:  # noqa: PTH123
            file.write(write_configuration(configuration))
        return "brands.toml"

    def test_the_diff_is_shown_in_the_words_of_the_file(self, database):
        database.versions.append((OLD, {}))
        new = Configuration(
            brands=(Brand("cha", "云栈奶茶", aliases=("云栈",)), OLD.brands[1], Brand("x", "新"))
        )
        output = koubei("apply", self.file(new)).output
        assert '~ 修改 品牌 cha aliases：[] → ["云栈"]' in output
        assert '+ 新增 品牌 x：{ id = "x", name = "新" }' in output
        assert "✓ 已生效，第 2 版" in output
        assert database.versions[-1][0] == new
        assert database.rows[-1]["actor"].startswith("cli:")

    def test_a_dry_run_changes_nothing(self, database):
        output = koubei("apply", self.file(OLD), "--dry-run").output
        assert "+ 新增 品牌 cha" in output
        assert not database.versions

    def test_the_same_file_again_is_no_change(self, database):
        koubei("apply", self.file(OLD))
        assert "没有变化，仍是第 1 版" in koubei("apply", self.file(OLD)).output

    def test_without_a_terminal_a_removal_needs_yes(self, database):
        database.versions.append((OLD, {}))
        smaller = self.file(Configuration(brands=OLD.brands[:1]))
        with pytest.raises(ConfigurationError, match="--yes"):
            koubei("apply", smaller)
        assert len(database.versions) == 1
        assert "- 删除 品牌 old" in koubei("apply", smaller, "--yes").output
        assert len(database.versions) == 2

    @pytest.mark.parametrize(("answer", "versions"), [("y\n", 2), ("n\n", 1)])
    def test_on_a_terminal_a_removal_is_asked_about(self, database, monkeypatch, answer, versions):
        monkeypatch.setattr(cli.settings, "_on_a_terminal", lambda: True)
        database.versions.append((OLD, {}))
        result = koubei("apply", self.file(Configuration()), answer=answer, fails=True)
        assert len(database.versions) == versions
        assert (result.exit_code == EXIT_FAILED) is (versions == 1)

    def test_somebody_faster_is_shown_and_not_overwritten(self, database, monkeypatch):
        monkeypatch.setattr(cli.settings, "_on_a_terminal", lambda: True)
        database.versions.append((OLD, {}))
        monkeypatch.setattr(typer, "confirm", lambda _: database.versions.append((OLD, {})) or True)
        result = koubei("apply", self.file(Configuration()), fails=True)
        assert "changed by somebody else" in str(result.exception)
        assert database.versions[-1][0] == OLD

    def test_clocks_and_detection_are_named_as_in_the_file(self, database):
        database.versions.append((OLD, {}))
        text = write_configuration(OLD).replace('"balanced"', '"more"').replace('"10m"', '""')
        with open("b.toml", "w", encoding="utf-8") as file:  # noqa: PTH123
            file.write(text)
        output = koubei("apply", "b.toml").output
        assert '~ 修改 检测灵敏度：{ sensitivity = "balanced", brands = {} } → ' in output
        assert '~ 修改 时限：{ red = { acknowledge = "10m"' in output
