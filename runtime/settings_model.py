"""What can be set: every infrastructure setting with its kind, its default and its bounds."""

import base64
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from delivery.channels.services import refused_address
from domain.account import Role
from domain.channel import Channel
from domain.errors import ConfigurationError, Text
from domain.hosts import is_loopback, is_read_on_the_line
from runtime.problems import refused, without_password
from runtime.secret_files import read_secret, read_secret_file
from runtime.values import (
    SPLIT,
    ChannelName,
    Duration,
    HostAndPort,
    HostName,
    IndexName,
    MailAddress,
    Network,
    Port,
    WebAddress,
    Whole,
    ZoneName,
    at_least,
    at_most,
)
from storage.elasticsearch.cluster import ApiKey, Cluster, Credentials, Login

PREFIX = "KOUBEI_"
PLATFORM_FLOOR = timedelta(seconds=5)
"""Between two requests to one platform host; settings can raise it, never lower it."""

_SQLITE = "sqlite:///"
_ENCODED_KEY = re.compile(r"[A-Za-z0-9+/_-]{16,400}={0,2}")
_SPOKEN_KEY = re.compile(r"[!-9;-~]{1,100}:[!-9;-~]{1,300}")
_PORTS = {"starttls": 587, "tls": 465, "none": 25}


class Table(BaseModel):
    """A table of `koubei.toml`; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class Web(Table):
    """Where the pages listen. Anything but this machine belongs behind a TLS proxy."""

    host: HostName = "127.0.0.1"
    port: Port = 8501


class Oidc(Table):
    """Login with the company's OpenID provider, beside passwords. Without this table: none.

    `group_roles` entries are `group=role role …`; where any are set, a login through the provider
    brings exactly the roles of its groups. An unknown person is refused unless `create_accounts`
    is set; the new account then has the roles of its groups, none without any.
    """

    issuer: WebAddress
    client_id: str
    client_secret: SecretStr | None = None
    client_secret_file: Path | None = None
    scopes: str = "openid profile email"
    group_claim: str = "groups"
    group_roles: Annotated[tuple[str, ...], NoDecode, SPLIT] = ()
    create_accounts: bool = False
    button: str = ""
    ca_file: Path | None = None

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        issuer = urlsplit(self.issuer)
        if issuer.scheme != "https" and not is_loopback(issuer.hostname or ""):
            raise refused(
                "oidc.issuer 应为 https:// 网址", "oidc.issuer must be an https:// address"
            )
        if (self.client_secret is None) == (self.client_secret_file is None):
            raise refused(
                "oidc 需要 KOUBEI_OIDC__CLIENT_SECRET 或 oidc.client_secret_file（二者选一）",
                "oidc needs KOUBEI_OIDC__CLIENT_SECRET or oidc.client_secret_file, one of them",
            )
        if self.client_secret_file is not None:
            read_secret_file(self.client_secret_file)
        if "openid" not in self.scopes.split():
            raise refused("oidc.scopes 必须包含 openid", "oidc.scopes must hold openid")
        self.roles_by_group()
        return self

    def roles_by_group(self) -> dict[str, frozenset[Role]]:
        """Return which roles a group brings."""
        return dict(_group_roles(entry) for entry in self.group_roles)

    def secret(self) -> str:
        """Return the client's secret; its file is read at each call."""
        if self.client_secret_file is not None:
            return read_secret_file(self.client_secret_file).get_secret_value()
        return self.client_secret.get_secret_value() if self.client_secret else ""


def _group_roles(entry: str) -> tuple[str, frozenset[Role]]:
    group, equals, names = entry.partition("=")
    known = [role.value for role in Role]
    unknown = [name for name in names.split() if name not in known]
    listed = " ".join(known)
    if not equals or not group.strip() or not names.split() or unknown:
        raise refused(
            f"oidc.group_roles 中的 {entry!r} 应为「组=角色 角色」，可用角色：{listed}",
            f"oidc.group_roles: {entry!r} must be group=role role; of {listed}",
        )
    return group.strip(), frozenset(Role(name) for name in names.split())


class Smtp(Table):
    """The mail server. Without this table mails become files in `mail.folder`."""

    host: HostName
    security: Literal["starttls", "tls", "none"] = "starttls"
    port: Port = Field(default_factory=lambda data: _PORTS[data.get("security", "starttls")])
    verify_certificate: bool = True
    ca_file: Path | None = None
    username: str | None = None
    password: SecretStr | None = None
    password_file: Path | None = None
    sender: MailAddress
    reply_to: MailAddress | None = None
    timeout: Annotated[Duration, at_most(timedelta(seconds=30))] = timedelta(seconds=20)
    allow_plaintext: bool = False

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.security == "none" and not (is_loopback(self.host) or self.allow_plaintext):
            raise refused(
                f"security = none 会以明文把邮件发往 {self.host}；请用 starttls 或 tls，"
                "确实需要明文时另设 allow_plaintext = true",
                f"security = none sends mail in clear text to {self.host}; use starttls or tls, "
                "or also set allow_plaintext = true if that is meant",
            )
        if self.password is not None and self.password_file is not None:
            raise refused(
                "password 与 password_file 只能设一个", "set password or password_file, not both"
            )
        if bool(self.username) != (self.password is not None or self.password_file is not None):
            raise refused(
                "username 与密码要一起设置（KOUBEI_SMTP__PASSWORD 或 smtp.password_file）",
                "user name and password go together (KOUBEI_SMTP__PASSWORD or smtp.password_file)",
            )
        if self.password_file is not None:
            read_secret_file(self.password_file)
        return self

    def credentials(self) -> tuple[str, str] | None:
        """Return user name and password, None where the server wants none.

        The password file is read at each call: a changed password needs no restart.
        """
        if not self.username:
            return None
        if self.password_file is not None:
            return self.username, read_secret_file(self.password_file).get_secret_value()
        return self.username, self.password.get_secret_value() if self.password else ""


class Mail(Table):
    """What holds for mail however it leaves."""

    folder: Path = Path("var/outbox")
    hostname: HostName = "koubei.localhost"


class ChannelTable(Table):
    """A robot or webhook, `[channels.NAME]`. Its url holds its key, so it is a secret."""

    kind: Literal["wecom", "dingtalk", "feishu", "webhook"]
    url: SecretStr | None = None
    url_file: Path | None = None
    secret: SecretStr | None = None
    secret_file: Path | None = None
    keyword: Annotated[str, Field(max_length=30)] = ""
    timeout: Annotated[Duration, at_most(timedelta(seconds=30))] = timedelta(seconds=15)

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        for name in ("url", "secret"):
            if getattr(self, name) is not None and getattr(self, f"{name}_file") is not None:
                raise refused(f"{name} 与 {name}_file 只能设一个", f"set {name} or {name}_file")
        if self.url is None and self.url_file is None:
            raise refused(
                "缺少机器人地址：设 url_file（权限 0600 的文件）或环境变量 "
                "KOUBEI_CHANNELS__NAME__URL",
                "no url: set url_file (a file of mode 0600) or KOUBEI_CHANNELS__NAME__URL",
            )
        if self.kind == "webhook" and self.secret is None and self.secret_file is None:
            raise refused(
                "webhook 必须有签名密钥（secret_file 或环境变量）",
                "a webhook needs a secret to sign with (secret_file, or the environment)",
            )
        why = refused_address(Channel(self.kind), self.address())
        if why is not None:
            raise refused(f"机器人地址{why.zh}", f"the url {why.en}")
        self.signing_secret()
        return self

    def address(self) -> str:
        """Return the url; a file is read at each call, so that a new key needs no restart."""
        return _secret_of(self.url, self.url_file)

    def signing_secret(self) -> str:
        """Return the secret that messages are signed with, "" where there is none."""
        return _secret_of(self.secret, self.secret_file)


def _secret_of(value: SecretStr | None, file: Path | None) -> str:
    if file is not None:
        return read_secret_file(file).get_secret_value()
    return value.get_secret_value() if value else ""


class ClusterAccess(Table):
    """Who asks a cluster: an API key, or a user with a password; neither where it wants none."""

    api_key: SecretStr | None = None
    api_key_file: Path | None = None
    username: str | None = None
    password: SecretStr | None = None
    password_file: Path | None = None

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        for name in ("api_key", "password"):
            if getattr(self, name) is not None and getattr(self, f"{name}_file") is not None:
                raise refused(f"{name} 与 {name}_file 只能设一个", f"set {name} or {name}_file")
        has_key = self.api_key is not None or self.api_key_file is not None
        has_password = self.password is not None or self.password_file is not None
        if has_key and (self.username or has_password):
            raise refused(
                "api_key 与 username/password 只能用一种", "set api_key or username, not both"
            )
        if bool(self.username) != has_password:
            raise refused(
                "username 与密码要一起设置（环境变量 …__PASSWORD 或 password_file）",
                "user name and password go together (…__PASSWORD, or password_file)",
            )
        try:
            self.credentials()
        except ConfigurationError as error:
            raise refused(error.text.zh, error.text.en) from None
        return self

    def credentials(self) -> Credentials | None:
        """Return who asks; the file is read at each call: a changed key needs no restart.

        ConfigurationError when the file cannot be used, or what it holds is no key.
        """
        if self.api_key_file is not None:
            return _api_key(read_secret(self.api_key_file), str(self.api_key_file))
        if self.api_key is not None:
            return _api_key(self.api_key.get_secret_value(), "api_key")
        if self.username and self.password_file is not None:
            return Login(self.username, read_secret(self.password_file))
        if self.username and self.password is not None:
            return Login(self.username, self.password.get_secret_value())
        return None


def _api_key(text: str, place: str) -> ApiKey:
    """Return a key in the form in which it is sent; `id:key` is taken too."""
    if _ENCODED_KEY.fullmatch(text):
        return ApiKey(text)
    if _SPOKEN_KEY.fullmatch(text):
        return ApiKey(base64.b64encode(text.encode("ascii")).decode("ascii"))
    raise ConfigurationError(
        Text(
            "API key 应为创建时返回的 encoded 值（或 id:api_key）",
            "an API key is the value `encoded` of its creation (or id:api_key)",
        ),
        place=place,
    )


class Elasticsearch(ClusterAccess):
    """The cluster of `mention_store_url`, and who asks it; `reader`, where set, asks in place of
    it when nothing is written.
    """

    index: IndexName = "koubei-mentions"
    ca_file: Path | None = None
    timeout: Annotated[Duration, at_most(timedelta(minutes=2))] = timedelta(seconds=10)
    shards: Annotated[Whole, Field(ge=1, le=64)] = 1
    replicas: Annotated[Whole, Field(ge=0, le=5)] | None = None
    reader: ClusterAccess = ClusterAccess()


class Crawl(Table):
    """How the crawler behaves. `allowed_hosts` are the private addresses it may ask."""

    contact: str | None = None
    allowed_hosts: Annotated[tuple[HostAndPort, ...], NoDecode, SPLIT] = ()
    wall_clock: Duration = timedelta(minutes=10)
    delay: Annotated[Duration, at_least(PLATFORM_FLOOR)] = PLATFORM_FLOOR

    @model_validator(mode="after")
    def _contact_can_be_used(self) -> Self:
        contact = self.contact
        if contact is not None and (
            not contact.isascii() or not contact.isprintable() or not 3 <= len(contact) <= 200
        ):
            raise refused(
                "crawl.contact 应为可联系到您的邮箱或网址（3 到 200 个 ASCII 字符）",
                "crawl.contact must be an address or url that reaches you (3 to 200 ASCII signs)",
            )
        return self


class Browser(Table):
    """The Chromium for pages that only a browser can ask. `path`: else one is looked for."""

    enabled: bool = True
    path: Path | None = None


class Report(Table):
    """How reports look. `template`: the company's own Word file, else the one that is shipped."""

    template: Path | None = None


class Retention(Table):
    """For how many days things are kept that no case holds; mentions without it for good."""

    mentions: Annotated[Whole, Field(ge=30, le=36500)] | None = None
    pages: Annotated[Whole, Field(ge=1, le=180)] = 30
    evaluations: Annotated[Whole, Field(ge=7, le=730)] = 90
    sealed_names: Annotated[Whole, Field(ge=1, le=30)] = 30
    dead_letters: Annotated[Whole, Field(ge=7, le=730)] = 180


class Review(Table):
    """Which labels of the model a person should look at: those it is less sure of than so many
    percent. 0: none.
    """

    below: Annotated[Whole, Field(ge=0, le=100)] = 60


class Spool(Table):
    """Where what was fetched waits while the mention store is away: `data_dir`, at most so many
    megabytes (about 30 looks each).
    """

    megabytes: Annotated[Whole, Field(ge=1, le=1_000_000)] = 1_000


class Heartbeat(Table):
    """Signs of life for an outside watchdog; a dead process cannot report itself."""

    file: Path = Path("var/heartbeat")
    url: WebAddress | None = None


class Backup(Table):
    """Backups that the service makes by itself. Without `folder` it makes none.

    `pages`: of the raw pages those that a case or a crawl still needs (`named`), `all`, or `none`.
    """

    folder: Path | None = None
    every: Annotated[Duration, at_least(timedelta(minutes=15))] = timedelta(days=1)
    keep: Annotated[Whole, Field(ge=1, le=1000)] = 14
    pages: Literal["named", "all", "none"] = "named"
    passphrase: SecretStr | None = None
    passphrase_file: Path | None = None

    @model_validator(mode="after")
    def _one_passphrase(self) -> Self:
        if self.passphrase is not None and self.passphrase_file is not None:
            raise refused(
                "passphrase 与 passphrase_file 只能设一个",
                "set passphrase or passphrase_file, not both",
            )
        return self

    def secret(self) -> str | None:
        """Return the passphrase, None where none is set. Its file is read at each call:
        ConfigurationError when that cannot be used.
        """
        if self.passphrase_file is not None:
            return read_secret(self.passphrase_file)
        return self.passphrase.get_secret_value() if self.passphrase else None


class Scorer(Table):
    """What judges sentiment."""

    engine: Literal["koubei", "snownlp", "snownlp-retrained"] = "koubei"


class Log(Table):
    """What is logged, to standard error: `json` for machines, `console` for eyes."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "console"] = "json"


class Settings(BaseSettings):
    """Every infrastructure setting. `Settings()` alone reads nothing: see `load_settings`."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        validate_default=True,
        env_prefix=PREFIX,
        env_nested_delimiter="__",
    )

    language: Literal["zh", "en"] = "zh"
    timezone: ZoneName = "Asia/Shanghai"
    data_dir: Path = Path("var")
    mention_store_url: str = ""
    workflow_url: str = Field(default="", repr=False)
    elasticsearch: Elasticsearch = Elasticsearch()
    web: Web = Web()
    public_url: WebAddress = Field(default_factory=lambda data: local_address(data["web"]))
    trusted_proxy: Annotated[tuple[Network, ...], NoDecode, SPLIT] = ()
    oidc: Oidc | None = None
    smtp: Smtp | None = None
    mail: Mail = Mail()
    channels: dict[ChannelName, ChannelTable] = Field(default_factory=dict)
    crawl: Crawl = Crawl()
    browser: Browser = Browser()
    report: Report = Report()
    retention: Retention = Retention()
    review: Review = Review()
    spool: Spool = Spool()
    heartbeat: Heartbeat = Heartbeat()
    backup: Backup = Backup()
    scorer: Scorer = Scorer()
    log: Log = Log()
    author_key: SecretStr | None = None
    seal_key: SecretStr | None = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take only what is passed: `load_settings` lays the layers and knows their origins."""
        return (init_settings,)

    @model_validator(mode="before")
    @classmethod
    def _fill_what_follows_from_the_data_folder(cls, values: Any) -> Any:
        """Stores, outbox and heartbeat lie in `data_dir` unless set."""
        folder = values.get("data_dir", "var") if isinstance(values, dict) else None
        if not isinstance(folder, str | Path):
            return values
        values = {
            "mention_store_url": f"sqlite:///{folder}/mentions.sqlite",
            "workflow_url": f"sqlite:///{folder}/workflow.sqlite",
            **values,
        }
        mail, heartbeat = values.get("mail", {}), values.get("heartbeat", {})
        if isinstance(mail, dict):
            values["mail"] = {"folder": Path(folder) / "outbox", **_sender_domain(values), **mail}
        if isinstance(heartbeat, dict):
            values["heartbeat"] = {"file": Path(folder) / "heartbeat", **heartbeat}
        return values

    @model_validator(mode="after")
    def _stores_can_be_used(self) -> Self:
        check_mention_store(self.mention_store_url)
        _check_workflow(self.workflow_url)
        return self

    @property
    def mention_store_path(self) -> Path | None:
        """The file of the SQLite mention store, None where mentions lie in a cluster."""
        return sqlite_path(self.mention_store_url)

    @property
    def cluster(self) -> Cluster | None:
        """The cluster of the mention store, None where mentions lie in a file."""
        if self.mention_store_path is not None:
            return None
        return self.cluster_at(self.mention_store_url)

    def cluster_at(self, url: str) -> Cluster:
        """Return the cluster at an address, asked as `[elasticsearch]` says."""
        table = self.elasticsearch
        reader = table.reader
        return Cluster(
            url=url,
            index=table.index,
            ca_file=table.ca_file,
            credentials=table.credentials,
            reader=reader.credentials if reader.model_fields_set else None,
            timeout=table.timeout,
            shards=table.shards,
            replicas=table.replicas,
        )

    @property
    def is_plain_lan(self) -> bool:
        """Whether people reach the pages over the network without TLS: passwords and pages can
        then be read on the line, and every page says so.
        """
        return is_read_on_the_line(self.public_url)

    @property
    def secrets_dir(self) -> Path:
        """Where the generated keys lie, each readable by its owner only."""
        return self.data_dir / "secrets"


def _sender_domain(values: dict[str, Any]) -> dict[str, str]:
    """Message-IDs carry the sender's domain unless `mail.hostname` says otherwise."""
    smtp = values.get("smtp")
    sender = smtp.get("sender") if isinstance(smtp, dict) else getattr(smtp, "sender", None)
    domain = sender.rpartition("@")[2] if isinstance(sender, str) else ""
    return {"hostname": domain} if domain else {}


def local_address(web: Web) -> str:
    """Return the address at which this machine itself reaches the pages."""
    anywhere = web.host in {"0.0.0.0", "::"}  # noqa: S104  # compared, not listened on
    host = "127.0.0.1" if anywhere else web.host
    return f"http://{f'[{host}]' if ':' in host else host}:{web.port}"


def sqlite_path(url: str) -> Path | None:
    """Return the file that `sqlite:///path` names, None for another address."""
    return Path(url.removeprefix(_SQLITE)) if url.startswith(_SQLITE) else None


def check_mention_store(url: str) -> None:
    """Raise PydanticCustomError when no mention store can have this address."""
    if url.startswith(_SQLITE):
        if url == _SQLITE or "?" in url or ":memory:" in url:
            raise _no_mention_store(url)
        return
    for address in url.split(","):
        _check_node(url, address.strip())


def _check_node(url: str, address: str) -> None:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise _no_mention_store(url) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise _no_mention_store(url)
    if parts.username is not None or parts.password is not None:
        raise refused(
            "mention_store_url 不能含用户名和密码；请用 [elasticsearch] 的 username 与 "
            "password_file（或 api_key_file）",
            "mention_store_url may not hold user name and password; use username and "
            "password_file (or api_key_file) of [elasticsearch]",
        )
    if parts.query or parts.fragment or any(sign in address for sign in " *\\") or not port:
        raise _no_mention_store(url)
    if is_read_on_the_line(address):
        raise refused(
            f"mention_store_url = {address!r} 会以明文传输密码和内容；请用 https://"
            "（http 只允许本机 127.0.0.1）",
            f"mention_store_url = {address!r} sends passwords and texts in the clear; use https:// "
            "(http is for this machine, 127.0.0.1, only)",
        )


def _no_mention_store(url: str) -> PydanticCustomError:
    shown_url = without_password(url)
    return refused(
        f"mention_store_url = {shown_url!r}，应为 sqlite:///路径 或 https://主机:9200"
        "（多个节点用逗号分隔，端口必写）",
        f"mention_store_url = {shown_url!r}: must be sqlite:///path or https://host:9200 "
        "(several nodes with commas, each with its port)",
    )


def _check_workflow(url: str) -> None:
    if url.startswith("sqlite:///") and len(url) > len("sqlite:///") and ":memory:" not in url:
        return
    if url.startswith("postgresql+psycopg://") and urlsplit(url).path.strip("/"):
        return
    raise refused(
        f"workflow_url = {without_password(url)!r}，应为 sqlite:///路径 或 "
        "postgresql+psycopg://用户@主机/库名",
        f"workflow_url = {without_password(url)!r}: must be sqlite:///path or "
        "postgresql+psycopg://user@host/database",
    )
