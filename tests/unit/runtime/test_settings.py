"""Layers, origins, refusals and secrets of the infrastructure settings."""

import ipaddress
import re
import tomllib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest
from pydantic import SecretStr

from domain.account import Role
from domain.errors import ConfigurationError
from runtime.problems import ConfigurationProblems
from runtime.settings import (
    NAME,
    Settings,
    is_secret,
    leaves,
    load_effective,
    load_settings,
    variable_of,
)
from runtime.settings_model import Oidc
from storage.elasticsearch.cluster import ApiKey, Login

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(folder: Path, text: str) -> Path:
    path = folder / "koubei.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(path: Path | None, **environ: str) -> dict[str, str]:
    with pytest.raises(ConfigurationProblems) as caught:
        load_settings(path, environ)
    return {
        problem.place.rpartition("/")[2]: str(problem.text) for problem in caught.value.problems
    }


def test_nothing_set_gives_the_documented_defaults_in_the_working_folder(tmp_path):
    settings = load_settings(None, {})
    assert settings.language == "zh"
    assert settings.timezone == "Asia/Shanghai"
    assert settings.data_dir == tmp_path / "var"
    assert settings.mention_store_path == tmp_path / "var" / "mentions.sqlite"
    assert settings.workflow_url == f"sqlite:///{tmp_path}/var/workflow.sqlite"
    assert settings.mail.folder == tmp_path / "var" / "outbox"
    assert settings.public_url == "http://127.0.0.1:8501"
    assert settings.smtp is None


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(tmp_path):
    path = write(tmp_path, '[web]\nhost = "10.1.2.3"\nport = 9000\n')
    settings = load_settings(path, {"KOUBEI_WEB__PORT": "9001"})
    assert (settings.web.host, settings.web.port) == ("10.1.2.3", 9001)
    assert settings.public_url == "http://10.1.2.3:9001"


def test_the_file_is_the_named_one_else_the_variable_s_else_the_one_here(tmp_path):
    write(tmp_path, 'language = "en"\n')
    other = tmp_path / "other"
    other.mkdir()
    named = write(other, 'timezone = "Europe/Paris"\n')
    assert load_settings(None, {}).language == "en"
    assert load_settings(None, {"KOUBEI_CONFIG": str(named)}).timezone == "Europe/Paris"
    assert load_settings(named, {"KOUBEI_CONFIG": "/nowhere"}).timezone == "Europe/Paris"


def test_relative_paths_are_relative_to_the_folder_of_the_file(tmp_path):
    folder = tmp_path / "etc"
    folder.mkdir()
    path = write(folder, 'mention_store_url = "sqlite:///m.sqlite"\n[mail]\nfolder = "out"\n')
    settings = load_settings(path, {})
    assert settings.data_dir == folder / "var"
    assert settings.mail.folder == folder / "out"
    assert settings.mention_store_path == folder / "m.sqlite"


def test_lists_come_from_the_environment_separated_by_commas():
    environ = {
        "KOUBEI_TRUSTED_PROXY": "10.0.0.5, 192.168.0.0/24",
        "KOUBEI_CRAWL__ALLOWED_HOSTS": "127.0.0.1:8600,127.0.0.1:8601",
    }
    settings = load_settings(None, environ)
    assert settings.trusted_proxy == (
        ipaddress.ip_network("10.0.0.5/32"),
        ipaddress.ip_network("192.168.0.0/24"),
    )
    assert settings.crawl.allowed_hosts == ("127.0.0.1:8600", "127.0.0.1:8601")


def test_every_problem_is_named_at_once_with_line_value_and_what_is_allowed(tmp_path):
    path = write(
        tmp_path,
        'langauge = "zh"\n[web]\nport = 99999\n\n[log]\nlevel = "loud"\n[crawl]\ndelay = "1s"\n',
    )
    found = problems(path, KOUBEI_TIMEZONE="Mars/Base", KOUBEI_WEB_HOST="x")
    assert found["koubei.toml:1"].startswith("unknown key langauge, did you mean language?")
    assert found["koubei.toml:3"] == "web.port = 99999: must be at most 65535"
    assert found["koubei.toml:6"] == (
        "log.level = 'loud': must be 'debug', 'info', 'warning' or 'error'"
    )
    assert found["koubei.toml:8"] == "crawl.delay = '1s': must be at least 5s"
    assert found["KOUBEI_TIMEZONE"].startswith("timezone = 'Mars/Base': must be an IANA time zone")
    assert "did you mean KOUBEI_WEB__HOST?" in found["KOUBEI_WEB_HOST"]
    assert len(found) == 6


def test_problems_are_told_in_chinese_too(tmp_path):
    with pytest.raises(ConfigurationError) as caught:
        load_settings(write(tmp_path, "[web]\nport = 0\n"), {})
    assert caught.value.sentence("zh") == f"{tmp_path}/koubei.toml:2：web.port = 0，应不小于 1"


def test_what_is_not_toml_is_refused_with_its_line(tmp_path):
    with pytest.raises(ConfigurationError) as caught:
        load_settings(write(tmp_path, "[web]\nport = \n"), {})
    assert caught.value.place.endswith("koubei.toml:2")


@pytest.mark.parametrize("content", [b"\xff\xfe", None])
def test_a_file_that_cannot_be_read_is_refused(tmp_path, content):
    path = tmp_path / "koubei.toml"
    if content:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="koubei init"):
        load_settings(path, {})


@pytest.mark.parametrize(
    "url", ["mysql://x/y", "postgresql://u@h/d", "postgresql+psycopg://h", "sqlite:///:memory:"]
)
def test_other_workflow_databases_are_refused_without_showing_a_password(url):
    found = problems(None, KOUBEI_WORKFLOW_URL=url.replace("://", "://u:s3cret@", 1))
    assert "must be sqlite:///path or" in str(found)
    assert "s3cret" not in str(found)


class TestSecrets:
    def test_a_secret_in_the_file_is_refused_with_the_reason_and_never_shown(self, tmp_path):
        path = write(
            tmp_path,
            'author_key = "s3cret"\n'
            'workflow_url = "postgresql+psycopg://u:s3cret@db/koubei"\n'
            '[smtp]\nhost = "127.0.0.1"\nsender = "a@b.c"\nusername = "u"\npassword = "s3cret"\n',
        )
        found = problems(path)
        assert set(found) == {"koubei.toml:1", "koubei.toml:2", "koubei.toml:7"}
        assert all("copied and committed" in text or "~/.pgpass" in text for text in found.values())
        assert "s3cret" not in str(found)

    def test_a_secret_that_is_also_wrong_is_never_shown(self, tmp_path):
        path = write(tmp_path, "[smtp]\npasswrod = 's3cret'\npassword = ['s3cret']\n")
        assert "s3cret" not in str(problems(path))

    def test_secrets_from_the_environment_are_taken_and_hidden(self):
        effective = load_effective(
            None,
            {
                "KOUBEI_SMTP__HOST": "mail.example.com",
                "KOUBEI_SMTP__SENDER": "a@example.com",
                "KOUBEI_SMTP__USERNAME": "u",
                "KOUBEI_SMTP__PASSWORD": "s3cret",
                "KOUBEI_WORKFLOW_URL": "postgresql+psycopg://u:s3cret@db/koubei",
            },
        )
        assert effective.settings.smtp
        assert effective.settings.smtp.credentials() == ("u", "s3cret")
        rows = {name: (value, origin) for name, value, origin in effective.values()}
        assert rows["smtp.password"] == ("****", "KOUBEI_SMTP__PASSWORD")
        assert rows["workflow_url"][0] == "postgresql+psycopg://u:****@db/koubei"
        assert "s3cret" not in f"{rows}{effective!r}"

    def test_a_password_file_must_be_its_owner_s_alone(self, tmp_path):
        secret = tmp_path / "pw"
        secret.write_text("s3cret\n", encoding="utf-8")
        secret.chmod(0o644)
        text = '[smtp]\nhost="h"\nsender="a@b.c"\nusername="u"\npassword_file="pw"\n'
        path = write(tmp_path, text)
        assert "chmod 600" in str(problems(path))
        secret.chmod(0o600)
        smtp = load_settings(path, {}).smtp
        assert smtp
        assert smtp.credentials() == ("u", "s3cret")


class TestSmtp:
    @pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
    def test_the_port_follows_from_the_security(self, security, port):
        assert (
            Settings(smtp={"host": "::1", "sender": "a@b.c", "security": security}).smtp.port
            == port
        )

    def test_clear_text_goes_to_this_machine_only_unless_it_is_meant(self):
        smtp = {"host": "mail.example.com", "sender": "a@b.c", "security": "none"}
        with pytest.raises(ValueError, match="clear text"):
            Settings(smtp=smtp)
        assert Settings(smtp={**smtp, "allow_plaintext": True}).smtp
        assert Settings(smtp={**smtp, "host": "127.0.0.1"}).smtp

    def test_certificates_are_checked_by_default(self):
        assert Settings(smtp={"host": "h", "sender": "a@b.c"}).smtp.verify_certificate

    @pytest.mark.parametrize("extra", [{"username": "u"}, {"password": "p"}])
    def test_user_name_and_password_go_together(self, extra):
        with pytest.raises(ValueError, match="go together"):
            Settings(smtp={"host": "h", "sender": "a@b.c", **extra})

    def test_message_ids_carry_the_sender_s_domain(self):
        smtp = {"host": "h", "sender": "a@mail.example.com"}
        assert Settings(smtp=smtp).mail.hostname == "mail.example.com"
        assert Settings(smtp=smtp, mail={"hostname": "x.y"}).mail.hostname == "x.y"

    def test_a_password_without_a_server_is_not_ignored(self):
        found = problems(None, KOUBEI_SMTP__PASSWORD="s3cret")
        assert "smtp.host is missing" in str(found) or "smtp.sender is missing" in str(found)


def test_origins_name_the_line_the_variable_or_the_default(tmp_path):
    path = write(tmp_path, '\n[web]\nport = 9000\nhost = "10.0.0.1"\n')
    effective = load_effective(
        path, {"KOUBEI_WEB__HOST": "10.0.0.2", "KOUBEI_BROWSER": "/x/chrome"}
    )
    rows = {name: (value, origin) for name, value, origin in effective.values()}
    assert rows["web.port"] == ("9000", f"{path}:3")
    assert rows["web.host"] == ("10.0.0.2", "KOUBEI_WEB__HOST")
    assert rows["browser.path"] == ("/x/chrome", "KOUBEI_BROWSER")
    assert rows["crawl.wall_clock"] == ("10m", "default")
    assert rows["smtp.host"] == ("", "-")


OIDC = {"issuer": "https://sso.example.com", "client_id": "koubei", "client_secret": "x"}


class TestCompanyLogin:
    def of(self, **changes: object) -> Oidc:
        return Oidc(**{**OIDC, **changes})  # type: ignore[arg-type]

    def test_groups_bring_roles_also_from_a_variable(self):
        environ = {f"KOUBEI_OIDC__{name.upper()}": value for name, value in OIDC.items()}
        environ["KOUBEI_OIDC__GROUP_ROLES"] = "pr-duty=duty_lead analyst, pr-legal = legal"
        oidc = load_settings(None, environ).oidc
        assert oidc is not None
        assert oidc.roles_by_group() == {
            "pr-duty": {Role.DUTY_LEAD, Role.ANALYST},
            "pr-legal": {Role.LEGAL},
        }

    @pytest.mark.parametrize(
        "changes",
        [
            {"issuer": "http://sso.example.com"},
            {"client_secret": None},
            {"client_secret_file": "/nowhere"},
            {"scopes": "profile email"},
            {"group_roles": ["pr-duty"]},
            {"group_roles": ["pr-duty="]},
            {"group_roles": ["=analyst"]},
            {"group_roles": ["pr-duty=boss"]},
        ],
    )
    def test_what_could_not_work_or_is_not_safe_is_refused(self, changes):
        with pytest.raises(ValueError, match=r"oidc"):
            self.of(**changes)

    def test_its_secret_may_not_stand_in_the_file(self, tmp_path):
        text = '[oidc]\nissuer = "https://a"\nclient_id = "b"\nclient_secret = "hunter2"\n'
        with pytest.raises(ConfigurationProblems, match="KOUBEI_OIDC__CLIENT_SECRET") as refused:
            load_settings(write(tmp_path, text), {})
        assert "oidc.client_secret_file" in str(refused.value)
        assert "hunter2" not in str(refused.value)

    def test_a_local_provider_may_speak_http_and_a_secret_is_read_anew(self, tmp_path):
        file = tmp_path / "secret"
        file.touch(0o600)
        file.write_text("old", encoding="utf-8")
        oidc = self.of(issuer="http://127.0.0.1:8080", client_secret=None, client_secret_file=file)
        file.write_text("new", encoding="utf-8")
        assert oidc.secret() == "new"


@pytest.mark.parametrize(
    ("public_url", "plain"),
    [
        ("http://127.0.0.1:8501", False),
        ("http://localhost", False),
        ("http://[::1]:8501", False),
        ("https://koubei.example", False),
        ("http://192.0.2.9:8501", True),
        ("http://koubei.lan", True),
    ],
)
def test_a_plain_lan_is_known_as_one(public_url, plain):
    assert Settings(public_url=public_url).is_plain_lan is plain


def test_settings_cannot_be_changed_afterwards():
    with pytest.raises(ValueError, match="frozen"):
        Settings().language = "en"


def test_building_settings_in_code_reads_neither_file_nor_environment(tmp_path, monkeypatch):
    write(tmp_path, 'language = "en"\n')
    monkeypatch.setenv("KOUBEI_TIMEZONE", "Europe/Paris")
    settings = Settings(data_dir=Path("/d"))
    assert (settings.language, settings.timezone) == ("zh", "Asia/Shanghai")
    assert settings.mail.folder == Path("/d/outbox")
    assert settings.heartbeat.file == Path("/d/heartbeat")


class TestChannels:
    """`[channels.NAME]`: robots, whose urls are secrets."""

    TABLE = '[channels.duty-room]\nkind = "wecom"\n'
    URL = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=very-secret"
    VARIABLE = "KOUBEI_CHANNELS__DUTY_ROOM__URL"

    def test_the_url_comes_from_the_environment_and_is_never_shown(self, tmp_path):
        effective = load_effective(write(tmp_path, self.TABLE), {self.VARIABLE: self.URL})
        assert effective.settings.channels["duty-room"].address() == self.URL
        rows = {name: (value, origin) for name, value, origin in effective.values()}
        assert rows["channels.duty-room.url"] == ("****", self.VARIABLE)
        assert rows["channels.duty-room.kind"][0] == "wecom"
        assert "very-secret" not in repr(effective.settings) + str(rows)

    def test_the_url_comes_from_a_file_of_its_owner_and_is_read_anew(self, tmp_path):
        secret = tmp_path / "room"
        secret.touch(0o600)
        secret.write_text(self.URL + "\n", encoding="utf-8")
        settings = load_settings(write(tmp_path, self.TABLE + 'url_file = "room"\n'), {})
        secret.write_text(self.URL + "2", encoding="utf-8")
        assert settings.channels["duty-room"].address() == self.URL + "2"
        secret.chmod(0o644)
        with pytest.raises(ConfigurationProblems, match="others can read"):
            load_settings(write(tmp_path, self.TABLE + 'url_file = "room"\n'), {})

    @pytest.mark.parametrize(
        ("table", "environ", "fact"),
        [
            (TABLE + f'url = "{URL}"\n', {}, "channels.duty-room.url is a secret"),
            (TABLE, {}, "no url: set url_file"),
            (TABLE, {VARIABLE: "https://evil.example/very-secret"}, "the host must be"),
            (TABLE.replace("wecom", "webhook"), {VARIABLE: "https://x.example/"}, "needs a secret"),
            (TABLE.replace("wecom", "sms"), {VARIABLE: URL}, "must be 'wecom'"),
            (TABLE.replace("duty-room", "Duty__Room"), {}, "a name is lower-case"),
            (TABLE + "colour = 1\n", {VARIABLE: URL}, "unknown key colour (allowed: kind, url"),
            ("", {VARIABLE: URL}, "KOUBEI_CHANNELS__DUTY_ROOM__URL: is no setting"),
        ],
    )
    def test_what_cannot_be_used_is_refused_without_telling_the_secret(
        self, tmp_path, table, environ, fact
    ):
        with pytest.raises(ConfigurationProblems) as caught:
            load_settings(write(tmp_path, table), environ)
        told = "\n".join(problem.sentence("en") for problem in caught.value.problems)
        assert fact in told
        assert "very-secret" not in told


class TestTheExample:
    text = resources.files("runtime").joinpath("examples/koubei.toml").read_text(encoding="utf-8")
    everything = re.sub(r"(?m)^#(?=[\w\[])", "", text)
    invented = frozenset({
        "smtp.host", "smtp.ca_file", "smtp.username", "smtp.password_file", "smtp.sender",
        "smtp.reply_to", "crawl.contact", "browser.path", "heartbeat.url", "backup.folder",
        "backup.passphrase_file", "oidc.issuer", "oidc.client_id", "oidc.client_secret_file",
        "oidc.group_roles", "oidc.button", "oidc.ca_file", "report.template",
        "elasticsearch.ca_file", "elasticsearch.api_key_file", "elasticsearch.username",
        "elasticsearch.password_file", "elasticsearch.replicas", "retention.mentions",
        "elasticsearch.reader.api_key_file", "elasticsearch.reader.username",
        "elasticsearch.reader.password_file",
    })  # fmt: skip
    one_way_in = re.sub(r"(?m)^api_key_file = .*$", "", everything)

    def test_it_loads_as_it_is(self, tmp_path):
        assert load_settings(write(tmp_path, self.text), {}) == load_settings(None, {})

    def test_it_shows_every_setting_that_may_stand_in_the_file(self):
        document = tomllib.loads(self.everything)
        named = document.pop("channels")["duty-room"]
        shown = set(_paths(document)) | {("channels", NAME, inner) for inner in named}
        assert shown == {leaf for leaf in leaves(Settings) if not is_secret(leaf)}
        assert all(variable_of(leaf) in self.text for leaf in leaves(Settings) if is_secret(leaf))

    def test_what_it_comments_out_is_the_default_or_marked_as_an_example(self, tmp_path):
        secrets = tmp_path / "var" / "secrets"
        secrets.mkdir(parents=True)
        for name in set(re.findall(r'_file = "var/secrets/(\w+)"', self.one_way_in)):
            secret = secrets / name
            secret.touch(0o600)
            secret.write_text("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k", "utf-8")
        full = load_effective(write(tmp_path, self.one_way_in), {})
        smtp = {"host": "smtp.example.com", "sender": "koubei@example.com"}
        oidc = {"issuer": "https://sso.example.com", "client_id": "x", "client_secret": "x"}
        default = Settings(
            data_dir=tmp_path / "var",
            smtp=smtp,
            oidc=oidc,
            mail={"hostname": "koubei.localhost"},
        )
        for leaf in leaves(Settings):
            name = ".".join(leaf)
            if name not in self.invented and NAME not in leaf and not is_secret(leaf):
                assert _get(full.settings, leaf) == _get(default, leaf), name

    def test_no_line_is_longer_than_a_screen(self):
        assert all(len(line) <= 110 for line in self.text.splitlines())


def test_the_settings_page_documents_every_setting_with_its_variable_and_default():
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = {
        cells[1].strip("` "): cells
        for line in page.splitlines()
        if len(cells := re.split(r"(?<!\\)\|", line)) >= 6
    }
    effective = load_effective(None, {})
    defaults = {name: value for name, value, _ in effective.values()}
    folder = str(Path.cwd())
    for leaf in leaves(Settings):
        name = ".".join(leaf)
        assert variable_of(leaf) in rows[name][2], name
        default = defaults.get(name, "").replace(f"{folder}/", "")
        if leaf[0] not in {"smtp", "channels", "oidc"}:  # not there unless set
            assert rows[name][3].strip("` —") == default, name
    assert rows.keys() <= {".".join(leaf) for leaf in leaves(Settings)} | {"setting", "---"}


def _paths(document: dict[str, object]) -> Iterator[tuple[str, ...]]:
    for key, value in document.items():
        if isinstance(value, dict):
            yield from ((key, *rest) for rest in _paths(value))
        else:
            yield (key,)


def _get(settings: Settings, path: tuple[str, ...]) -> object:
    value: object = settings
    for key in path:
        value = getattr(value, key)
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def test_a_machine_without_time_zone_data_is_told_apart_from_a_wrong_zone(monkeypatch):
    monkeypatch.setattr("zoneinfo.available_timezones", set)
    assert "python3 run.py setup" in problems(None, KOUBEI_TIMEZONE="Mars/Base")["KOUBEI_TIMEZONE"]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://koubei:hush@db/koubei",
        "postgresql+psycopg://koubei:hu/hush@db/koubei",
        "postgresql+psycopg://koubei:hush@hush@db/koubei",
        "postgresql+psycopg://koubei:hu hush@db/koubei",
        "postgresql+psycopg://db/koubei?user=koubei&password=hush",
        "postgresql+psycopg://db/koubei?PASSWORD=hush&sslpassword=hush",
    ],
)
def test_a_database_password_is_never_shown_and_never_taken_from_the_file(tmp_path, url):
    effective = load_effective(environ={"KOUBEI_WORKFLOW_URL": url})
    assert "hush" not in str(list(effective.values()))
    assert "hush" not in repr(effective.settings)
    assert "hush" not in str(effective.settings)
    path = tmp_path / "koubei.toml"
    path.write_text(f'workflow_url = "{url}"\n')
    with pytest.raises(ConfigurationError) as refused:
        load_settings(path, environ={})
    assert "hush" not in str(refused.value)


class TestElasticsearch:
    """Where a cluster is and who asks it."""

    URL = "https://es1.example.com:9200"

    def settings(self, **environ: str) -> Settings:
        return load_settings(None, {"KOUBEI_MENTION_STORE_URL": self.URL, **environ})

    def refusal(self, url: str) -> str:
        (text,) = problems(None, KOUBEI_MENTION_STORE_URL=url).values()
        return text

    def test_a_cluster_is_named_by_its_address_alone(self):
        cluster = self.settings().cluster
        assert cluster is not None
        assert (cluster.url, cluster.index) == (self.URL, "koubei-mentions")
        assert cluster.credentials() is None
        assert cluster.as_reader() is cluster
        assert self.settings().mention_store_path is None

    def test_several_nodes_are_separated_by_commas(self):
        nodes = "https://es1:9200, https://es2:9200/search"
        cluster = self.settings(KOUBEI_MENTION_STORE_URL=nodes).cluster
        assert cluster is not None
        assert cluster.urls == ["https://es1:9200", "https://es2:9200/search"]

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
    def test_plain_http_reaches_this_machine(self, host):
        assert self.settings(KOUBEI_MENTION_STORE_URL=f"http://{host}:9200").cluster

    @pytest.mark.parametrize("host", ["10.0.0.5", "es.example.com", "127.0.0.1.evil.example"])
    def test_plain_http_to_another_machine_is_refused_with_the_reason(self, host):
        assert "in the clear; use https://" in self.refusal(f"http://{host}:9200")
        assert "in the clear" in self.refusal(f"https://es1:9200,http://{host}:9200")

    def test_a_password_in_the_address_is_refused_and_not_repeated(self):
        text = self.refusal("https://elastic:geheim@es1:9200")
        assert "password_file" in text
        assert "geheim" not in text

    @pytest.mark.parametrize(
        "url",
        [
            "https://es1",
            "https://",
            "https://es1:0",
            "https://es1:99999",
            "ftp://es1:9200",
            "https://es1:9200?x=1",
            "https://es1:9200,",
            "elasticsearch",
            "https://*:9200",
        ],
    )
    def test_an_address_that_names_no_store_is_refused(self, url):
        assert "must be sqlite:///path or https://host:9200" in self.refusal(url)

    def test_an_api_key_comes_from_the_environment_or_a_file_of_ones_own(self, tmp_path):
        encoded = "VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6dWkybHAyYXhUTm1zeWFrdzl0dk5udw=="
        cluster = self.settings(KOUBEI_ELASTICSEARCH__API_KEY=encoded).cluster
        assert cluster is not None
        assert cluster.credentials() == ApiKey(encoded)
        assert encoded not in repr(cluster.credentials())
        file = tmp_path / "key"
        file.write_text(encoded + "\n")
        file.chmod(0o600)
        cluster = self.settings(KOUBEI_ELASTICSEARCH__API_KEY_FILE=str(file)).cluster
        assert cluster is not None
        assert cluster.credentials() == ApiKey(encoded)
        file.write_text("aWQ6bmV3IGtleSBvZiBhIG5ldyBkYXk=")
        assert cluster.credentials() == ApiKey("aWQ6bmV3IGtleSBvZiBhIG5ldyBkYXk=")
        file.chmod(0o644)
        with pytest.raises(ConfigurationError, match="others can read"):
            cluster.credentials()

    def test_a_key_as_id_and_key_is_put_into_the_form_that_is_sent(self):
        cluster = self.settings(KOUBEI_ELASTICSEARCH__API_KEY="an-id:a-key").cluster
        assert cluster is not None
        assert cluster.credentials() == ApiKey("YW4taWQ6YS1rZXk=")

    def test_reads_may_be_asked_by_somebody_else(self):
        cluster = self.settings(
            KOUBEI_ELASTICSEARCH__USERNAME="koubei",
            KOUBEI_ELASTICSEARCH__PASSWORD="schreibt",
            KOUBEI_ELASTICSEARCH__READER__USERNAME="eyes",
            KOUBEI_ELASTICSEARCH__READER__PASSWORD="liest",
        ).cluster
        assert cluster is not None
        assert cluster.credentials() == Login("koubei", "schreibt")
        assert cluster.as_reader().credentials() == Login("eyes", "liest")
        assert "schreibt" not in repr(cluster.credentials())

    @pytest.mark.parametrize(
        ("environ", "said"),
        [
            ({"USERNAME": "koubei"}, "go together"),
            ({"PASSWORD": "x"}, "go together"),
            ({"API_KEY": "an-id:a-key", "USERNAME": "a", "PASSWORD": "b"}, "not both"),
            ({"API_KEY": "no key"}, "`encoded` of its creation"),
            ({"READER__USERNAME": "eyes"}, "go together"),
            ({"INDEX": "Koubei"}, "lower-case letters"),
            ({"INDEX": "koubei-*"}, "lower-case letters"),
            ({"SHARDS": "0"}, "at least 1"),
            ({"TIMEOUT": "1h"}, "at most 2m"),
        ],
    )
    def test_what_does_not_go_together_is_refused(self, environ, said):
        given = {f"KOUBEI_ELASTICSEARCH__{name}": value for name, value in environ.items()}
        assert any(said in text for text in problems(None, **given).values())

    @pytest.mark.parametrize("key", ["api_key", "password", "reader.api_key", "reader.password"])
    def test_its_secrets_may_not_stand_in_the_file(self, tmp_path, key):
        path = write(tmp_path, f'[elasticsearch]\n{key} = "geheim-geheim"\n')
        with pytest.raises(ConfigurationProblems) as caught:
            load_settings(path, {})
        assert f"elasticsearch.{key} is a secret" in str(caught.value)
        assert "geheim" not in str(caught.value)

    def test_what_is_shown_of_it_hides_the_secrets(self):
        effective = load_effective(
            None,
            {"KOUBEI_MENTION_STORE_URL": self.URL, "KOUBEI_ELASTICSEARCH__API_KEY": "an-id:a-key"},
        )
        rows = {name: value for name, value, _ in effective.values()}
        assert rows["elasticsearch.api_key"] == "****"
        assert rows["elasticsearch.reader.username"] == ""
        assert rows["mention_store_url"] == self.URL
