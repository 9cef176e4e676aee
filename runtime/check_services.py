"""The health check of stores, mail, browser and sources.

Stores are looked at before, and without, being brought up to date: nothing is made, migrated or
sent. So this module names the stores' adapters, which otherwise `runtime.wiring` alone does.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from browser.find import FoundBrowser, find_browser
from delivery.folder import FolderMailer
from domain.brand import Configuration, Source
from domain.errors import (
    NO_MEND,
    BrowserMissing,
    ConfigurationError,
    DependencyMissing,
    KoubeiError,
    StoreError,
    Text,
)
from domain.hosts import is_private, place_of
from domain.ports import BeginWork, Clock, Masker
from domain.session import SessionState
from domain.spool import SpoolState
from monitoring.audit_trail import head_of_heartbeat, verify
from monitoring.crawl_view import session_views
from monitoring.drift_words import drift_words
from presentation.formats import duration
from presentation.wording import word
from runtime.checks import SETUP, Check, Mark, failed
from runtime.child_environment import child_environment
from runtime.extras import require
from runtime.secret_files import load_keys
from runtime.settings import Settings
from runtime.wiring import make_notifier, make_spool
from storage.identity import KeyedMasker
from storage.spool import SPOOL_FILE
from storage.sql.database import begin_reading, begin_work, open_database, schema_version
from storage.sqlite.mentions import SqliteMentionStore
from storage.sqlite.schema import SCHEMA_VERSION

_WORKFLOW = Text("流程库", "workflow database")
_MENTIONS = Text("内容库", "mention store")
_BROWSER = Text("浏览器", "browser")
_MAIL = Text("邮件", "mail")
_SOURCES = Text("来源", "sources")
_AUDIT = Text("审计记录", "audit trail")
_OUTBOX = Text("发件箱", "outbox")
_SPOOL = Text("暂存", "spool")
_DRIFT = Text("版式", "layout")
_LETTERS = Text("内容库拒收", "dead letters")
_BACKUP = Text("备份", "backup")
_CLOCK = Text("时钟", "clock")
_AT_FIRST_START = Text("尚未建立，首次启动时建立", "is made at the first start")
_AT_NEXT_START = Text("版本较旧，下次启动时升级", "of an older version: the next start updates it")
_TOLERANCE = timedelta(minutes=2)


def service_checks(settings: Settings, clock: Clock) -> Iterator[Check]:
    """Yield the checks of stores, sources, clock, mail and browser."""
    yield from check_mentions(settings)
    yield from check_workflow(settings, clock)
    yield check_mail(settings, clock)
    yield check_browser(settings)


def check_mentions(settings: Settings) -> Iterator[Check]:
    """Yield whether the mention store, wherever it is, answers and may be written."""
    cluster = settings.cluster
    if cluster is None:
        yield check_mention_store(Path(settings.mention_store_url.removeprefix("sqlite:///")))
        return
    try:
        require("elasticsearch")
    except DependencyMissing as error:
        yield failed(_MENTIONS, error)
        return
    from runtime.check_cluster import cluster_checks

    yield from cluster_checks(cluster)


def check_mention_store(path: Path) -> Check:
    """Whether the mention store opens and answers."""
    if not path.exists():
        return Check(_MENTIONS, Mark.NOTE, _AT_FIRST_START)
    if _version_of(path) in range(1, SCHEMA_VERSION):
        return Check(_MENTIONS, Mark.NOTE, _AT_NEXT_START)
    try:
        with closing(SqliteMentionStore(path)) as store:
            status = store.status()
    except KoubeiError as error:
        return failed(_MENTIONS, error)
    size = (status.bytes_on_disk or 0) / 1024**2
    return Check(
        _MENTIONS,
        Mark.OK,
        Text(
            f"{status.adapter}，{status.mentions} 条，{size:.1f} MB",
            f"{status.adapter}, {status.mentions} mentions, {size:.1f} MB",
        ),
    )


def check_workflow(settings: Settings, clock: Clock) -> Iterator[Check]:
    """Yield whether the workflow database answers and may be written, and what it tells about the
    clock and the sources.
    """
    url = settings.workflow_url
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists():
        yield Check(_WORKFLOW, Mark.NOTE, _AT_FIRST_START)
        return
    try:
        engine = open_database(url)
    except KoubeiError as error:
        yield failed(_WORKFLOW, error)
        return
    try:
        yield from _check_tables(engine, settings, clock)
    except KoubeiError as error:
        yield failed(_WORKFLOW, error)
    finally:
        engine.dispose()


def check_audit(begin: BeginWork, heartbeat: Path | None = None) -> Check:
    """Whether the audit trail is whole: every row sealed with the one before it, none cut off."""
    try:
        known = head_of_heartbeat(heartbeat) if heartbeat else None
    except StoreError as error:
        return failed(_AUDIT, error)
    found = verify(begin, [known] if known else [])
    if found.is_whole:
        return Check(_AUDIT, Mark.OK, Text(f"{found.rows} 条，完整", f"{found.rows} rows, whole"))
    first = found.findings[0]
    flaw = word(first.flaw)
    return Check(
        _AUDIT,
        Mark.FAILED,
        Text(f"第 {first.seq} 条：{flaw.zh}", f"row {first.seq}: {flaw.en}"),
        Text(
            "有人改过数据库：koubei audit verify，从备份恢复并查明",
            "somebody changed it: koubei audit verify, restore a backup, find out",
        ),
    )


def check_outbox(begin: BeginWork) -> Check:
    """Whether mail leaves."""
    with begin() as work:
        hold, waiting = work.notes.outbox_hold(), len(work.outbox.waiting())
    if hold is None:
        return Check(_OUTBOX, Mark.OK, Text(f"{waiting} 封待发", f"{waiting} waiting"))
    since = f"{hold.since:%Y-%m-%d %H:%M} UTC"
    return Check(
        _OUTBOX,
        Mark.FAILED,
        Text(
            f"恢复备份后一直暂停（{since} 起），{waiting} 封邮件没有发出",
            f"held since a backup was restored ({since}): {waiting} mails do not leave",
        ),
        Text("koubei outbox release", "koubei outbox release"),
    )


def check_spool(begin: BeginWork, own: SpoolState | None) -> Check:
    """Whether anything fetched waits for the mention store, on any machine, or had to be set aside
    on this one (`own`; None: it has no spool).
    """
    with begin() as work:
        spools = work.spooled.waiting()
    if own is not None and (own.aside or own.damaged):
        aside, files = own.aside, len(own.damaged)
        return Check(
            _SPOOL,
            Mark.FAILED,
            Text(
                f"搁置 {aside} 次抓取，损坏的暂存文件 {files} 个",
                f"{aside} looks were set aside, {files} files were damaged",
            ),
            Text(
                "查看日志；koubei spool retry 重试，确认后删除 spool.sqlite.damaged-*",
                "see the log; koubei spool retry; then remove spool.sqlite.damaged-*",
            ),
        )
    looks = sum(spool.looks for spool in spools)
    if not looks:
        return Check(_SPOOL, Mark.OK, Text("没有待补入的内容", "nothing waits"))
    return Check(
        _SPOOL,
        Mark.NOTE,
        Text(
            f"{looks} 次抓取等待入库（{len(spools)} 台机器）",
            f"{looks} looks wait for the mention store, on {len(spools)} machines",
        ),
        Text("koubei spool show", "koubei spool show"),
    )


def check_letters(begin: BeginWork) -> Check:
    """Whether the mention store refused anything that nobody decided about."""
    with begin() as work:
        number = work.dead_letters.count()
    if not number:
        return Check(_LETTERS, Mark.OK, Text("没有", "none"))
    fact = Text(f"{number} 条待处理", f"{number} to be decided about")
    mend = Text("koubei dead-letters list", "koubei dead-letters list")
    return Check(_LETTERS, Mark.NOTE, fact, mend)


def check_drift(begin: BeginWork, clock: Clock, zone_name: str) -> Iterator[Check]:
    """Whether every surface is read as it used to be; a check for each field that is not."""
    with begin() as work:
        going = [each for each in work.drift.episodes() if each.ended_at is None]
    if not going:
        yield Check(_DRIFT, Mark.OK, Text("各字段照常读取", "every field is read as before"))
    for episode in going:
        told = drift_words(episode, clock.now(), ZoneInfo(zone_name))
        yield Check(_DRIFT, Mark.FAILED, told.text, told.mend)


def _own_spool(settings: Settings, clock: Clock) -> SpoolState | None:
    """Return the figures of this machine's spool without making one."""
    if not (settings.data_dir / SPOOL_FILE).exists():
        return None

    def no_masker() -> Masker:
        raise LookupError("figures need no key")

    return make_spool(settings, no_masker, clock).state()


def check_backup(begin: BeginWork, settings: Settings, now: datetime) -> Check:
    """Whether there is a verified backup that is not older than two rhythms."""
    with begin() as work:
        last = work.notes.last_backup()
    folder, every = settings.backup.folder, settings.backup.every
    set_up = Text(
        "设置 [backup] folder 与 passphrase_file，或 koubei backup --to 目录",
        "set [backup] folder and passphrase_file, or koubei backup --to FOLDER",
    )
    if last is None:
        mark = Mark.FAILED if folder else Mark.NOTE
        return Check(_BACKUP, mark, Text("还没有备份", "there is none yet"), set_up)
    age = now - last.made_at
    shown_zh, shown_en = duration(age, "zh"), duration(age, "en")
    fact = Text(f"{last.name}，{shown_zh}前", f"{last.name}, {shown_en} ago")
    if not (Path(last.folder) / last.name).exists():
        gone = Text(f"{fact.zh}，文件已不在", f"{fact.en}; the file is gone")
        return Check(_BACKUP, Mark.NOTE if folder is None else Mark.FAILED, gone, set_up)
    if not last.verified:
        unproven = Text(f"{fact.zh}，未经试恢复", f"{fact.en}; it was never restored to check")
        return Check(_BACKUP, Mark.NOTE, unproven, Text("koubei backup", "koubei backup"))
    if age > 2 * every:
        return Check(_BACKUP, Mark.FAILED if folder else Mark.NOTE, fact, set_up)
    return Check(_BACKUP, Mark.OK, fact)


def check_clock(begin: BeginWork, clock: Clock, zone: str) -> Check:
    """Whether the clock went backwards: nothing stored may come from the future."""
    with begin() as work:
        newest = max((row.observed_at for row in work.coverage.latest()), default=None)
    if newest is None or newest <= clock.now() + _TOLERANCE:
        return Check(_CLOCK, Mark.OK, Text(f"业务时区 {zone}", f"business time zone {zone}"))
    ahead = str(newest - clock.now()).partition(".")[0]
    return Check(
        _CLOCK,
        Mark.FAILED,
        Text(
            f"系统时间比最近一次采集早 {ahead}",
            f"the system's time is {ahead} before the newest crawl",
        ),
        Text("校准系统时间（timedatectl set-ntp true）", "set the time (timedatectl set-ntp true)"),
    )


def check_sources(configuration: Configuration, allowed_hosts: tuple[str, ...]) -> Check:
    """Whether every source may be asked: private addresses are named in the settings."""
    pairs = configuration.crawl_pairs()
    refused = sorted(
        {place for _, source in pairs if (place := _private_place(source))} - set(allowed_hosts)
    )
    if refused:
        hosts = ", ".join(refused)
        named = ", ".join(f'"{host}"' for host in refused)
        return Check(
            _SOURCES,
            Mark.FAILED,
            Text(f"内网地址未获允许：{hosts}", f"private addresses that are not allowed: {hosts}"),
            Text(
                f"在 koubei.toml 的 [crawl] 中加 allowed_hosts = [{named}]",
                f"add to [crawl] in koubei.toml: allowed_hosts = [{named}]",
            ),
        )
    if not pairs:
        return Check(
            _SOURCES,
            Mark.NOTE,
            Text("还没有监测方案", "nothing is watched yet"),
            Text("koubei apply brands.toml", "koubei apply brands.toml"),
        )
    count = len(pairs)
    return Check(_SOURCES, Mark.OK, Text(f"{count} 个采集任务", f"{count} crawls"))


def check_logins(
    begin: BeginWork, configuration: Configuration, settings: Settings, now: datetime
) -> Iterator[Check]:
    """Yield how it stands with the login at each platform that is read, and whether the key of this
    machine opens it.
    """
    platforms = {source.platform for _, source in configuration.crawl_pairs()}
    with begin() as work:
        views = session_views(work, platforms, now)
        sealed = {view.platform: work.sessions.sealed_state(view.platform) for view in views}
    for view in views:
        place = word(view.platform)
        name = Text(f"{place.zh}登录", f"login at {place.en}")
        mend = Text(f"koubei login {view.platform.value}", f"koubei login {view.platform.value}")
        state = word(view.state)
        document = sealed[view.platform]
        if document is not None and not _opens(document, settings):
            fact = Text("密钥打不开保存的登录", "the key does not open what is stored")
            yield Check(name, Mark.FAILED, fact, mend)
        elif view.state is SessionState.VALID:
            whose = Text(f"{state.zh}（{view.owner}）", f"{state.en} ({view.owner})")
            yield Check(name, Mark.OK, whose)
        else:
            ended = view.state is SessionState.ENDED
            yield Check(name, Mark.FAILED if ended else Mark.NOTE, state, mend)


def _opens(sealed: bytes, settings: Settings) -> bool:
    """Whether this machine's key opens a sealed login; also when it has no key at all, which is
    what another check tells.
    """
    try:
        keys = load_keys(
            settings.secrets_dir, author_key=settings.author_key, seal_key=settings.seal_key
        )
    except ConfigurationError:
        return True
    try:
        KeyedMasker(keys.author_key, keys.seal_key).unseal(sealed)
    except StoreError:
        return False
    return True


def check_mail(settings: Settings, clock: Clock) -> Check:
    """Whether the mail server lets us in; nothing is sent."""
    try:
        notifier = make_notifier(settings, clock)
        if isinstance(notifier, FolderMailer):
            folder = settings.mail.folder
            return Check(
                _MAIL,
                Mark.NOTE,
                Text(f"未设置 [smtp]，邮件存入 {folder}", f"no [smtp]: mails go to {folder}"),
            )
        notifier.check()
    except KoubeiError as error:
        mend = error.mend if error.mend != NO_MEND else Text("检查 [smtp]", "check [smtp]")
        return Check(_MAIL, Mark.FAILED, failed(_MAIL, error).fact, mend)
    server = f"{settings.smtp.host}:{settings.smtp.port}" if settings.smtp else ""
    return Check(_MAIL, Mark.OK, Text(f"{server} 可登录", f"{server} lets us in"))


def check_browser(settings: Settings) -> Check:
    """Whether a Chromium is there and does what Playwright tells it."""
    if not settings.browser.enabled:
        return Check(_BROWSER, Mark.NOTE, Text("已在设置中关闭", "switched off in the settings"))
    try:
        path = settings.browser.path
        found = find_browser(str(path) if path else None)
    except BrowserMissing as error:
        return failed(_BROWSER, error, Mark.OPTIONAL)
    if problem := _drive(found):
        return problem
    fact = f"Chromium {found.version} {found.path}"
    if found.sandboxed:
        return Check(_BROWSER, Mark.OK, Text(fact, fact))
    return Check(
        _BROWSER,
        Mark.NOTE,
        Text(f"{fact}；以 root 运行，没有沙箱", f"{fact}; no sandbox, because this is root"),
        Text("用普通用户运行 koubei", "run koubei as an ordinary user"),
    )


def _drive(found: FoundBrowser) -> Check | None:
    """Start the browser and let it compute; None when that works."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        missing = Text("未安装 playwright", "playwright is not installed")
        return Check(_BROWSER, Mark.OPTIONAL, missing, SETUP)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=found.path,
                args=list(found.arguments),
                timeout=20_000,
                env=dict(child_environment()),
            )
            answer = browser.new_page().evaluate("6 * 7")
            browser.close()
    except Error as error:
        return _undrivable(found, error.message)
    return None if answer == 42 else _undrivable(found, f"6 * 7 = {answer}")


def _undrivable(found: FoundBrowser, message: str) -> Check:
    fact = f"{found.path} {found.version}"
    if "No usable sandbox" in message:
        why = Text("系统不允许它使用沙箱", "the system denies it a sandbox")
        mend = Text(
            "Ubuntu 23.10 及以后：安装 Google Chrome 的 .deb，它带有 AppArmor 配置",
            "Ubuntu 23.10 and later: the .deb of Google Chrome, which brings an AppArmor profile",
        )
    else:
        first = message.strip().splitlines()[0][:200] if message.strip() else "?"
        why = Text(f"无法驱动：{first}", f"cannot be driven: {first}")
        mend = Text("换一个浏览器（KOUBEI_BROWSER=路径）", "try another one (KOUBEI_BROWSER=path)")
    return Check(_BROWSER, Mark.OPTIONAL, Text(f"{fact} {why.zh}", f"{fact} {why.en}"), mend)


def _check_tables(engine: Engine, settings: Settings, clock: Clock) -> Iterator[Check]:
    version = schema_version(engine)
    if version is None:
        yield Check(_WORKFLOW, Mark.NOTE, _AT_FIRST_START)
        return
    migrations = ScriptDirectory(str(resources.files("storage.sql") / "migrations"))
    known = [script.revision for script in migrations.walk_revisions()]
    if version in known[1:]:  # newest first
        yield Check(_WORKFLOW, Mark.NOTE, _AT_NEXT_START)
        return
    if version not in known:
        fact = Text(f"由更新的程序建立（{version}）", f"made by a newer program ({version})")
        yield Check(_WORKFLOW, Mark.FAILED, fact, Text("升级 koubei", "upgrade koubei"))
        return
    begin = begin_work(engine)
    configuration = _try_to_write(begin, clock)
    kind = engine.dialect.name
    yield Check(
        _WORKFLOW, Mark.OK, Text(f"{kind}，版本 {version}，可写", f"{kind}, {version}, writable")
    )
    yield check_audit(begin_reading(engine), settings.heartbeat.file)
    yield check_outbox(begin)
    yield check_spool(begin, _own_spool(settings, clock))
    yield check_letters(begin)
    yield from check_drift(begin, clock, settings.timezone)
    yield check_backup(begin, settings, clock.now())
    yield check_clock(begin, clock, settings.timezone)
    yield check_sources(configuration, settings.crawl.allowed_hosts)
    yield from check_logins(begin, configuration, settings, clock.now())


def _try_to_write(begin: BeginWork, clock: Clock) -> Configuration:
    """Write an audit row and take it back; return the configuration that holds."""
    with begin() as work:
        work.audit.append(
            at=clock.now(),
            actor="doctor",
            action="doctor.tried",
            object_id="",
            reason="",
            payload={},
        )
        return work.configuration.current()[1]  # leaving without commit rolls back


def _version_of(path: Path) -> int | None:
    """Return the schema version that an SQLite file claims, None when it cannot be read."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            return int(db.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.Error:
        return None


def _private_place(source: Source) -> str | None:
    """Return host:port of a source on a private address; names are judged at each request."""
    host = urlsplit(source.base_url).hostname or ""
    return place_of(source.base_url) if is_private(host) else None
