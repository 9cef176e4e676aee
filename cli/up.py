"""`koubei up`: everything on one machine. Scheduler, pages, and the demo when nothing is set."""

import os
import signal
import socket
import sys
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from cli import demo_world
from cli.lanes import lanes, own_work
from cli.opening import load_settings_of_a_service
from cli.terminal import language, out, say
from domain.account import Account
from domain.crawl import SlotState
from domain.errors import ConfigurationError, DependencyMissing, StoreUnavailable, Text
from domain.outbox import OutboxState
from domain.ports import MentionStore, Scout
from domain.signal import SignalState
from presentation.formats import decimal, multiple
from presentation.hostile import clean_line
from presentation.wording import reason, word
from runtime.extras import require
from runtime.logs import configure_logs
from runtime.one_service import only_service
from runtime.secret_files import (
    forget_first_code,
    keep_first_code,
    load_keys,
    make_missing_keys,
    make_private_folder,
    metrics_token,
)
from runtime.settings import FILE_NAME, Settings, load_settings
from runtime.settings_model import local_address
from runtime.wiring import Services, open_services
from scheduler.service import Service
from scheduler.timetable import Job, Lane
from web.app import WebServices, build_app
from web.headers import WEBSOCKET_LIMIT
from web.services import DashboardScript
from workflow.first_start import first_code
from workflow.sessions import account_of_cookies
from workflow.watches import apply_configuration

_LAST_ANSWERS_SECONDS = 5
"""How long open pages hold up the end of the service."""

_WEB_ONLY = Text(
    "只运行网页：koubei up --only web；采集与分析：python3 run.py setup 补齐组件",
    "pages only: koubei up --only web; to crawl and analyse: python3 run.py setup",
)


class Part(StrEnum):
    """What a process runs; several machines can each run parts on one database.

    `scheduler` is all timed work but crawling: detection, mail, clocks, reports, housekeeping.
    """

    ALL = "all"
    SCHEDULER = "scheduler"
    CRAWLER = "crawler"
    WEB = "web"


_EVERYTHING = frozenset(Part) - {Part.ALL}
_EXTRAS = {Part.SCHEDULER: ("analysis",), Part.CRAWLER: ("crawl", "analysis"), Part.WEB: ()}


def register(app: typer.Typer) -> None:
    """Add `up`."""
    app.command(
        "up", help="启动服务；未配置时进入演示。Run the service; a demo when nothing is set."
    )(up_command)


def up_command(
    port: Annotated[
        int | None, typer.Option(help="网页端口，缺省见 web.port。Port of the pages.")
    ] = None,
    only: Annotated[
        list[Part] | None,
        typer.Option(help="只运行一部分，可重复。Run a part only; can be repeated."),
    ] = None,
    alive_file: Annotated[
        Path | None,
        typer.Option(help="每轮调度后触碰的文件。Touched after each turn of the timetable."),
    ] = None,
    demo: Annotated[
        bool,
        typer.Option(
            help="未配置时是否进入演示。Whether to show the demo when nothing is set, and run it."
        ),
    ] = True,
) -> None:
    """Run until SIGTERM or Ctrl-C; what is under way then comes to its end or is resumed later."""
    parts = _parts_of(only)
    require(*dict.fromkeys(x for part in sorted(parts) for x in _EXTRAS[part]), mend=_WEB_ONLY)
    lanes_here = lanes_of(parts)
    if alive_file is not None and not lanes_here:
        raise ConfigurationError(
            Text("网页进程没有调度；请改查 /healthz", "pages have no timetable; ask /healthz"),
            place="--alive-file",
        )
    crawls = Part.CRAWLER in parts
    if demo and crawls and not _has_settings():
        _begin_demo()
    settings = load_settings_of_a_service()
    configure_logs(settings.log.level, settings.log.format)
    make_private_folder(settings.data_dir)
    with ExitStack() as stack:
        if parts == _EVERYTHING:
            stack.enter_context(only_service(settings.data_dir))
        listening = None
        if Part.WEB in parts:
            wanted = settings.web.port if port is None else port
            listening = stack.enter_context(
                _listen(settings.web.host, wanted, fixed=port is not None)
            )
            settings = _reached_at(settings, listening.getsockname()[1])
        services = stack.enter_context(open_services(settings))
        _make_keys(services, needed=bool(lanes_here))
        if demo and crawls:
            stack.enter_context(_demo_if_meant(services))
        _announce(settings)
        if lanes_here:
            _tell_what_is_done_elsewhere(parts)
            stack.enter_context(_scheduler(services, lanes_here, alive_file))
        _serve(services, listening)
    say("已停止。", "Stopped.")


def _parts_of(only: Sequence[Part] | None) -> frozenset[Part]:
    return _EVERYTHING if not only or Part.ALL in only else frozenset(only)


def lanes_of(parts: Collection[Part]) -> frozenset[Lane]:
    """Return the lanes whose work a process with these parts claims."""
    crawls = frozenset(lane for lane in Lane if lane.is_crawl)
    return (crawls if Part.CRAWLER in parts else frozenset()) | (
        frozenset(Lane) - crawls if Part.SCHEDULER in parts else frozenset()
    )


def _tell_what_is_done_elsewhere(parts: Collection[Part]) -> None:
    """Name the work that some other process has to do: not done it would only be noticed later."""
    if Part.CRAWLER not in parts:
        say(
            "! 本进程不采集：采集由 koubei up --only crawler 负责",
            "! nothing is crawled here: that is for koubei up --only crawler",
        )
    if Part.SCHEDULER not in parts:
        say(
            "! 本进程只采集：检测与邮件由 koubei up --only scheduler 负责",
            "! crawling only: detection and mail are for koubei up --only scheduler",
        )


def _has_settings() -> bool:
    return "KOUBEI_CONFIG" in os.environ or Path(FILE_NAME).exists()


def _begin_demo() -> None:
    """Write the demo's settings, unless watches were applied without a settings file."""
    with only_service(Path.cwd()):
        settings = load_settings()
        path = settings.mention_store_path
        if path is None or path.exists():
            with open_services(settings) as services, services.begin_work() as work:
                version, _ = work.configuration.current()
            if version:
                return
        if not _has_settings():
            demo_world.write_settings(Path(FILE_NAME))


@contextmanager
def _demo_if_meant(services: Services) -> Iterator[None]:
    with services.begin_work() as work:
        version, configuration = work.configuration.current()
    settings = services.settings
    hosts = settings.crawl.allowed_hosts
    # also after a first start that ended before the demo's watch was applied
    if version == 0 and hosts and demo_world.is_ours(Path(FILE_NAME)):
        first = int(hosts[0].rpartition(":")[2])
    elif configuration.is_demo:
        first = demo_world.first_port_of(configuration)
    else:
        yield
        return
    with demo_world.demo_world(settings.data_dir, first) as urls:
        if version == 0:
            apply_configuration(
                services.begin_work,
                demo_world.configuration_of(urls),
                actor="koubei up",
                at=services.clock.now(),
                origin="demo",
            )
        say(
            "✓ 演示平台已启动：虚构公司「云栈茶饮」，三个本机平台，八天言论，一场食品安全危机",
            "✓ demo world: an invented tea company, three local platforms, eight days, one crisis",
        )
        yield


@contextmanager
def _scheduler(
    services: Services, lanes_here: Collection[Lane], alive_file: Path | None
) -> Iterator[None]:
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    work = lanes(services, owner)
    service = Service(
        begin_work=services.begin_work,
        clock=services.clock,
        owner=owner,
        work={lane: work[lane] for lane in work if lane in lanes_here},
        pace=services.settings.crawl.delay,
        on_finish=_Teller(services).tell,
        on_tick=alive_file.touch if alive_file else None,
        own=own_work(services),
    )
    service.start()
    try:
        yield
    finally:
        say("正在停止：等待进行中的工作结束……", "stopping: waiting for what is under way …")
        service.stop()


def _announce(settings: Settings) -> None:
    if settings.smtp is None:
        say(
            f"✓ 未配置邮件服务器：邮件存为文件，见 {settings.mail.folder}",
            f"✓ no mail server set: mails become files in {settings.mail.folder}",
        )
    say(f"✓ 数据存于 {settings.data_dir}", f"✓ data lie in {settings.data_dir}")


def _make_keys(services: Services, *, needed: bool) -> None:
    """Make the keys of a new installation; ConfigurationError where data are there without theirs.

    New keys would make every known author a new one and every sealed name unreadable, for good: so
    a restored database waits for its `secrets/`.
    """
    settings = services.settings
    make_private_folder(settings.secrets_dir)
    if _holds_nothing(services.store):
        make_missing_keys(settings.secrets_dir)
    elif needed:
        load_keys(settings.secrets_dir, author_key=settings.author_key, seal_key=settings.seal_key)


def _holds_nothing(store: MentionStore) -> bool:
    """Whether a store is there and empty. One that is away now may hold anything."""
    try:
        return store.status().mentions == 0
    except StoreUnavailable:
        return False


def _reached_at(settings: Settings, port: int) -> Settings:
    """Return the settings with the port that is really listened on, so that the links in mails
    lead there; a `public_url` that somebody set stays.
    """
    web = settings.web.model_copy(update={"port": port})
    changes: dict[str, object] = {"web": web}
    if "public_url" not in settings.model_fields_set:
        changes["public_url"] = local_address(web)
    return settings.model_copy(update=changes)


def _serve(services: Services, listening: socket.socket | None) -> None:
    """Serve pages until told to stop (or only wait, where another process serves them)."""
    handler = _Stop()
    previous = {n: signal.signal(n, handler) for n in (signal.SIGTERM, signal.SIGINT)}
    try:
        if listening is None:
            handler.wait()
            return
        config = uvicorn.Config(
            build_app(_web_services(services)),
            log_config=None,
            # an access log would hold one-time links
            access_log=False,
            server_header=False,
            proxy_headers=False,  # the application reads those of a trusted proxy itself
            ws_max_size=WEBSOCKET_LIMIT,
            timeout_graceful_shutdown=_LAST_ANSWERS_SECONDS,
        )
        server = uvicorn.Server(config)
        handler.ends(server)
        _tell_address(services)
        server.run(sockets=[listening])
    finally:
        for number, old in previous.items():
            signal.signal(number, old)


def _web_services(services: Services) -> WebServices:
    settings = services.settings
    return WebServices(
        begin_work=services.begin_work,
        begin_reading=services.begin_reading,
        store=services.store,
        clock=services.clock,
        metrics_token=metrics_token(settings.secrets_dir).get_secret_value(),
        public_url=settings.public_url,
        zone_name=settings.timezone,
        language=language(),
        mails_become_files=settings.smtp is None,
        listens_on=settings.web.host,
        trusted_proxy=tuple(str(network) for network in settings.trusted_proxy),
        masker=lambda: services.masker,
        oidc=settings.oidc,
        dashboard=_dashboard(services),
    )


def _dashboard(services: Services) -> DashboardScript | None:
    """Return the dashboard, with the services at hand for its pages; None on a host without it."""
    try:
        require("dashboard")
    except DependencyMissing as error:
        say(
            f"! 看板未启用，只提供状态页：{error.sentence('zh')}",
            f"! no dashboard, a status page only: {error.sentence('en')}",
        )
        return None
    from dashboard import streamlit_settings
    from dashboard.pages import FIRST, addresses
    from dashboard.services import offer
    from dashboard.widgets.notices import on_script_error

    def identify(cookies: Mapping[str, str]) -> Account | None:
        return account_of_cookies(services.begin_reading, cookies, services.clock.now())

    offer(services, identify, _scout(services))
    return DashboardScript(
        streamlit_settings.SCRIPT,
        streamlit_settings.SETTINGS,
        on_script_error,
        first=FIRST,
        pages=addresses(),
    )


def _scout(services: Services) -> Scout | None:
    """Return what looks at a source for the pages; None on a machine that cannot crawl."""
    try:
        require("crawl")
    except DependencyMissing:
        return None
    from crawlers.trying import ProcessScout

    return ProcessScout(services)


def _tell_address(services: Services) -> None:
    """Say where the pages are and, before there is any account, how the first one is made.

    The code goes to a person at the terminal, and into a file of its owner where nobody is there: a
    service's journal is read by many.
    """
    settings = services.settings
    where = local_address(settings.web)
    say(f"✓ 网页 {where}/   （停止：Ctrl-C）", f"✓ pages {where}/   (stop: Ctrl-C)")
    if settings.is_plain_lan:
        say(
            f"! {settings.public_url} 未加密：密码会以明文经过网络，请放在 HTTPS 代理之后",
            f"! {settings.public_url} is not encrypted: passwords cross the network in the clear",
        )
    code = first_code(services.begin_work, services.clock.now())
    forget_first_code(settings.secrets_dir)
    if code is None:
        return
    if sys.stdout.isatty():
        say(
            f"→ 首次使用：打开上面的网址，输入一次性代码 {code} 建立管理员账号",
            f"→ first use: open the address above and make the admin with the one-time code {code}",
        )
        return
    file = keep_first_code(settings.secrets_dir, code)
    say(
        f"→ 首次使用：打开上面的网址，用 {file} 中的一次性代码建立管理员账号",
        f"→ first use: open the address above; the one-time code for the admin is in {file}",
    )


class _Stop:
    """A signal handler that notes the wish to stop, and hands it to the server.

    While it runs, uvicorn has handlers of its own and hands the signal on at its end; a signal that
    comes in the moment before would be lost on it.
    """

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        self._asked = False
        self._server: uvicorn.Server | None = None

    def __call__(self, *_: object) -> None:
        self._asked = True
        if self._server is not None:
            self._server.should_exit = True
        os.write(self._write, b"\0")

    def ends(self, server: uvicorn.Server) -> None:
        """End this server when the signal comes, or at once if it came already."""
        self._server = server
        server.should_exit = self._asked

    def wait(self) -> None:
        """Return when the signal came."""
        os.read(self._read, 1)


def _listen(host: str, port: int, *, fixed: bool) -> socket.socket:
    for candidate in (port,) if fixed else range(port, port + 20):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, candidate))
        except OSError:
            listening.close()
            continue
        listening.listen(128)
        return listening
    raise ConfigurationError(
        Text(f"端口 {port} 已被占用", f"port {port} is taken"),
        place="web.port",
        mend=Text("换一个：koubei up --port 8600", "take another: koubei up --port 8600"),
    )


@dataclass
class _Teller:
    """Says on the terminal what a person at it wants to know: crawls, alerts, mails."""

    services: Services
    _told: set[str] = field(default_factory=set)

    def tell(self, job: Job, state: SlotState, detail: Mapping[str, object]) -> None:
        """Called after each job."""
        if job.lane.is_crawl:
            self._tell_crawl(job, detail)
        elif job.lane is Lane.DETECT:
            self._tell_signals()
        elif job.lane is Lane.RELAY and detail.get("sent"):
            self._tell_mails()
        if state is SlotState.FAILED and not job.lane.is_crawl:
            out().print(f"✗ {job.name}: {clean_line(str(detail.get('error')))}")

    def _tell_crawl(self, job: Job, detail: Mapping[str, object]) -> None:
        lang = language()
        mark = {"ok": "✓", "empty": "✓", "partial": "!"}.get(str(detail.get("state")), "✗")
        why = ""
        if detail.get("reason"):
            told = reason(str(detail["reason"]))
            why = f"　{told.text.in_language(lang)} → {told.mend.in_language(lang)}"
        say(
            f"{mark} {job.source_id}：{detail.get('pages')} 页，读到 {detail.get('found')}，"
            f"新增 {detail.get('new')}{why}",
            f"{mark} {job.source_id}: {detail.get('pages')} pages, {detail.get('found')} found, "
            f"{detail.get('new')} new{why}",
        )

    def _tell_signals(self) -> None:
        with self.services.begin_work() as work:
            signals = work.signals.recent(10)
        for alarm in signals:
            mark = f"{alarm.id}/{alarm.epoch}/{alarm.state}"
            if mark in self._told:
                continue
            self._told.add(mark)
            times = alarm.figures.multiple
            how = f"，{multiple(times, language())}" if times else ""
            usual = "—" if alarm.figures.mean is None else decimal(alarm.figures.mean)
            closed = alarm.state is SignalState.CLOSED
            say(
                f"{'○' if closed else '⚠'} {word(alarm.level).zh} {alarm.id}"
                f"　负面 {alarm.figures.observed}/时（平时 {usual}{how}）　{word(alarm.state).zh}",
                f"{'○' if closed else '⚠'} {word(alarm.level).en} {alarm.id}  "
                f"{alarm.figures.observed} negatives/h (usually {usual})  {word(alarm.state).en}",
            )

    def _tell_mails(self) -> None:
        with self.services.begin_work() as work:
            mails = work.outbox.recent(10)
        for mail in mails:
            if mail.state is OutboxState.SENT and mail.key not in self._told:
                self._told.add(mail.key)
                out().print(f"✉ {mail.recipient}　{clean_line(mail.rendered.subject)}")
