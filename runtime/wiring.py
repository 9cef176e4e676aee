"""Settings in, services out: the only module that names adapters.

What needs an optional package (scoring, browser) is made when it is first asked for, so that a host
that only shows pages needs neither.
"""

import secrets
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from analysis.draft_check import check_draft
from delivery.case_mail import render_case
from delivery.channels.robot import Robot, RobotAddress
from delivery.folder import FolderMailer
from delivery.lead_mail import render_lead
from delivery.mail import Security, SmtpMailer, SmtpServer
from delivery.message import Sender
from delivery.render import render_alert
from delivery.routing import RoutingNotifier
from delivery.session_mail import render_session
from domain.case import Case
from domain.channel import Channel
from domain.draft import Draft, Finding
from domain.ports import (
    BeginWork,
    Clock,
    Masker,
    MentionStore,
    Notifier,
    PageArchive,
    Scorer,
    Spool,
)
from monitoring.deriving import Deriving, Method
from monitoring.detect import Detector
from monitoring.handling_clocks import Telling
from monitoring.housekeeping import Keep
from runtime.extras import require
from runtime.scorers import Mark, model_folder, model_mark, open_scorer
from runtime.secret_files import load_keys, make_private_folder
from runtime.settings import Settings
from runtime.settings_model import sqlite_path
from storage.archive import FilePageArchive
from storage.elasticsearch.cluster import Cluster
from storage.identity import KeyedMasker
from storage.spool import SqliteSpool
from storage.sql.database import begin_reading, begin_work, migrate, open_database
from storage.sqlite.mentions import SqliteMentionStore
from workflow.cases import Desk
from workflow.handling import join_open_case
from workflow.leads import LeadDesk
from workflow.platform_sessions import SessionDesk

if TYPE_CHECKING:
    from analysis.polarity.installed import Installed
    from monitoring.rescoring import Rescoring
    from monitoring.spooling import SpoolingIngest


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        return datetime.now(UTC)


@dataclass
class Services:
    """Everything a process works with. Open with `open_services`."""

    settings: Settings
    clock: Clock
    store: MentionStore
    archive: PageArchive
    begin_work: BeginWork
    begin_reading: BeginWork
    engine: Engine
    _opened: Mark | None = field(default=None, init=False, repr=False)
    _changed_at: datetime | None = field(default=None, init=False, repr=False)

    @cached_property
    def scorer(self) -> Scorer:
        """The sentiment engine that the settings name."""
        self._opened = model_mark(self.settings)  # before: what is installed meanwhile is seen
        return open_scorer(self.settings)

    def use_present_model(self) -> None:
        """From the next time they are asked for, judge with the model that is installed on this
        machine now. Whoever holds a scorer, or a step that has one, goes on with that.
        """
        if self._opened is None or self._opened == model_mark(self.settings):
            return
        self._opened = None
        self._changed_at = self.clock.now()
        for made in ("scorer", "ingest", "detector"):
            self.__dict__.pop(made, None)

    @property
    def models(self) -> "Installed":
        """The models of the team that are installed on this machine."""
        require("analysis")
        from analysis.polarity.installed import Installed

        return Installed.of(model_folder(self.settings))

    @cached_property
    def masker(self) -> Masker:
        """What seals names and secrets of second factors; ConfigurationError without its keys."""
        settings = self.settings
        keys = load_keys(
            settings.secrets_dir, author_key=settings.author_key, seal_key=settings.seal_key
        )
        return KeyedMasker(keys.author_key, keys.seal_key)

    @cached_property
    def spool(self) -> Spool:
        """Where looks wait on this machine while the mention store is away."""
        return make_spool(self.settings, lambda: self.masker, self.clock)

    @cached_property
    def ingest(self) -> "SpoolingIngest":
        """The one step through which everything found reaches the store, now or later."""
        require("analysis")
        from monitoring.ingest import Ingest
        from monitoring.spooling import SpoolingIngest

        step = Ingest(
            store=self.store,
            begin_work=self.begin_work,
            scorer=self.scorer,
            masker=self.masker,
            life_of_names=timedelta(days=self.settings.retention.sealed_names),
        )
        return SpoolingIngest(step, self.spool, self.begin_work, self.clock)

    @cached_property
    def notifier(self) -> RoutingNotifier:
        """Mail to the mail server of the settings (or the outbox folder where none is set), the
        rest to the robots of the settings.
        """
        mail = make_notifier(self.settings, self.clock)
        return RoutingNotifier(mail, make_robots(self.settings, self.clock))

    @property
    def telling(self) -> Telling:
        """How people are reminded of signals that nobody takes."""
        return Telling(
            render=partial(render_alert, language=self.settings.language),
            zone=ZoneInfo(self.settings.timezone),
            public_url=self.settings.public_url.rstrip("/"),
            language=self.settings.language,
        )

    @cached_property
    def desk(self) -> Desk:
        """What every move of a case is done with."""
        return Desk(
            render=partial(render_case, language=self.settings.language),
            check_draft=self.check_draft,
            zone=ZoneInfo(self.settings.timezone),
            public_url=self.settings.public_url.rstrip("/"),
        )

    @cached_property
    def lead_desk(self) -> LeadDesk:
        """What reports of employees are taken in with."""
        return LeadDesk(self.begin_work, self.store, self.archive, render_lead, self.desk)

    @cached_property
    def session_desk(self) -> SessionDesk:
        """What the operator's logins at the platforms are kept with."""
        return SessionDesk(
            self.begin_work,
            lambda: self.masker,
            partial(render_session, language=self.settings.language),
            self.settings.timezone,
            self.settings.public_url.rstrip("/"),
        )

    def check_draft(self, draft: Draft, case: Case) -> Sequence[Finding]:
        """Return what a draft's reader has to look at; our own names are nobody's secret."""
        with self.begin_reading() as work:
            _, configuration = work.configuration.current()
        names = [name for brand in configuration.brands for name in (brand.name, *brand.aliases)]
        return check_draft(draft, case, names)

    @property
    def keep(self) -> Keep:
        """For how long what is kept for a time is kept."""
        days = self.settings.retention
        return Keep(
            mentions=None if days.mentions is None else timedelta(days=days.mentions),
            pages=timedelta(days=days.pages),
            evaluations=timedelta(days=days.evaluations),
            dead_letters=timedelta(days=days.dead_letters),
        )

    def tend_store(self, *, removed: bool) -> Mapping[str, object]:
        """Do what a cluster needs now and then; return figures. With `removed`, what was removed is
        gone from its disks too when this returns; a file overwrites at once.
        """
        cluster = self.settings.cluster
        if cluster is None:
            return {}
        require("elasticsearch")
        from runtime import clusters

        return clusters.tend(cluster, self.clock.now(), removed=removed)

    @cached_property
    def method(self) -> Method:
        """How terms and fingerprints are made of a text."""
        require("analysis")
        from analysis import near_copies, terms

        name = f"{near_copies.METHOD}+{terms.METHOD}"
        return Method(
            name,
            lambda text, configuration: terms.keywords(text, terms.names_of(configuration)),
            near_copies.fingerprint,
        )

    def rescoring(self, actor: str, started_at: datetime) -> "Rescoring":
        """Return what judges the stored history again, on behalf of `actor`; `started_at` is when
        this process began (when it took up its present model, if that was later).
        """
        require("analysis")
        from monitoring.rescoring import Rescoring

        return Rescoring(
            self.store,
            self.begin_work,
            self.clock,
            Deriving(self.store, self.scorer, self.method),
            started_at=max(started_at, self._changed_at or started_at),
            actor=actor,
        )

    @cached_property
    def detector(self) -> Detector:
        """The spike detector, with the mail it writes."""
        return Detector(
            self.store,
            self.begin_work,
            self.clock,
            render=partial(render_alert, language=self.settings.language),
            zone=ZoneInfo(self.settings.timezone),
            public_url=self.settings.public_url,
            model_id=self.scorer.model_id,
            join=lambda work, signal, at: join_open_case(work, signal, at=at, desk=self.desk),
        )


def make_spool(settings: Settings, masker: Callable[[], Masker], clock: Clock) -> SqliteSpool:
    """Return this machine's spool; `masker` is asked for only when a look is put or taken."""
    return SqliteSpool(
        settings.data_dir,
        masker,
        clock,
        largest=settings.spool.megabytes * 1_000_000,
        new_name=_spool_name,
    )


def _spool_name() -> str:
    """Return a name that tells the machine and that no other spool has."""
    return f"{socket.gethostname()[:40]}-{secrets.token_hex(3)}"


def make_notifier(settings: Settings, clock: Clock) -> SmtpMailer | FolderMailer:
    """Return the mail server of the settings, or the outbox folder where none is set."""
    smtp, mail = settings.smtp, settings.mail
    if smtp is None:
        sender = Sender(address=f"koubei@{mail.hostname}", hostname=mail.hostname)
        return FolderMailer(mail.folder, sender, clock)
    server = SmtpServer(
        host=smtp.host,
        port=smtp.port,
        security=Security(smtp.security),
        verify_certificate=smtp.verify_certificate,
        ca_file=smtp.ca_file,
        credentials=smtp.credentials,
        timeout=smtp.timeout,
    )
    sender = Sender(smtp.sender, mail.hostname, reply_to=smtp.reply_to or "")
    return SmtpMailer(server, sender, clock)


def make_robots(settings: Settings, clock: Clock) -> dict[tuple[Channel, str], Notifier]:
    """Return the robots and webhooks of the settings, by channel and name."""
    return {
        (Channel(table.kind), name): Robot(
            RobotAddress(
                name=name,
                channel=Channel(table.kind),
                url=table.address,
                secret=table.signing_secret,
                keyword=table.keyword,
                timeout=table.timeout,
            ),
            clock,
        )
        for name, table in settings.channels.items()
    }


def open_mention_store(settings: Settings, url: str | None = None) -> MentionStore:
    """Open the mention store at an address, else that of the settings.

    A file is made or migrated; a cluster is not asked yet. DependencyMissing where the client of
    Elasticsearch is not installed.
    """
    url = url or settings.mention_store_url
    path = sqlite_path(url)
    return SqliteMentionStore(path) if path is not None else open_cluster(settings.cluster_at(url))


def open_cluster(cluster: Cluster) -> MentionStore:
    """Return the mention store of a cluster, which is not asked yet."""
    require("elasticsearch")
    from storage.elasticsearch.mentions import ElasticsearchMentionStore

    return ElasticsearchMentionStore(cluster)


@contextmanager
def open_workflow(settings: Settings) -> Iterator[BeginWork]:
    """Open the workflow database alone, brought to this version, whatever the mention store is."""
    make_private_folder(settings.data_dir)
    engine = open_database(settings.workflow_url)
    try:
        migrate(engine)
        yield begin_work(engine)
    finally:
        engine.dispose()


@contextmanager
def open_services(settings: Settings, clock: Clock | None = None) -> Iterator[Services]:
    """Open both stores, bring the workflow database to this version, and close them at the end."""
    the_clock = clock or SystemClock()
    make_private_folder(settings.data_dir)
    engine = open_database(settings.workflow_url)
    store = None
    try:
        migrate(engine)
        store = open_mention_store(settings)
        yield Services(
            settings=settings,
            clock=the_clock,
            store=store,
            archive=FilePageArchive(settings.data_dir / "pages", the_clock),
            begin_work=begin_work(engine),
            begin_reading=begin_reading(engine),
            engine=engine,
        )
    finally:
        if store:
            store.close()
        engine.dispose()
