"""A house for the dashboard's pages before anybody logs in: real stores in a folder, the demo's
invented company with a crisis, a blind spot and hostile texts, and a session that is always there.

    python -m tests.dashboard_house --port 8599          then open http://127.0.0.1:8599/

The first start fills the folder (half a minute), later ones use it again. `--empty` serves a house
in which nothing was set up yet.
"""

import argparse
import atexit
import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard import streamlit_settings
from dashboard.pages import FIRST, addresses
from dashboard.services import offer
from dashboard.widgets.notices import on_script_error
from demo.configuration import demo_configuration
from demo.schedule import Mood
from demo.world import Post, build_world
from domain.account import Account, Role
from domain.coverage import CoverageRow, CoverageState
from domain.crawl import CrawlRun
from domain.drift import DriftKind, Episode, SurfaceCounts
from domain.mention import Kind, Mention, Platform, Precision
from domain.page import FoundMention
from domain.sentiment import (
    WHOLE_TEXT,
    Label,
    Probabilities,
    ScoreRequest,
    Scores,
    Sentiment,
)
from domain.signal import Evaluation, Figures, Outcome, Rule
from monitoring.ingest import Ingest
from runtime.settings import Settings, load_settings
from runtime.wiring import Services, open_services
from storage.identity import KeyedMasker
from tests.fakes import FixedClock, a_mention
from tests.fixtures.databases import lay_workflow_database
from tests.fixtures.sheets import HouseScout
from tests.fixtures.signals import a_signal
from web.app import build_app
from web.services import DashboardScript, WebServices
from workflow.sessions import PLAIN_COOKIE, account_of_cookies, begin_session, new_token
from workflow.watches import apply_configuration

NOW = datetime(2026, 11, 20, 8, 40, tzinfo=UTC)
"""2026-11-20 16:40 in China, a Friday: the crisis is six hours old."""

DAYS = 21
QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)
ROOT = Path(__file__).resolve().parents[1]
RUN = "house-run"

GAPS = (
    (Platform.TIEBA, timedelta(hours=15), timedelta(hours=12), CoverageState.BLOCKED, "login_wall"),
    (
        Platform.ZHIHU,
        timedelta(days=4, hours=6),
        timedelta(days=4),
        CoverageState.FAILED,
        "timeout",
    ),
)
"""Platform, from and to (before NOW), how the looks ended and why."""

HOSTILE = (
    "云栈茶饮<script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\">",
    "云栈 ![图](https://evil.example/track.png) [点我](javascript:alert(1)) **粗体**",
    "云栈 $\\frac{1}{0}$ :material/warning: :red[红字] `代码` | 表 | 格 |",
    '云栈 =HYPERLINK("https://evil.example","退款") +1 @SUM(1+1)',
    "云栈 \u202e\u202d反转文字\u2066隐藏\u2069\u200b零宽 ﷽ Z̸̢̛̗͓̺͔a̷l̶g̴o̵",
    "云栈 " + "很长" * 4_000,
    "云栈 </div></section><style>*{display:none}</style><a href='//evil.example'>链接</a>",
)


def an_account(*roles: Role, account_id: str = "lin", name: str = "林澜") -> Account:
    """Return an account of the house."""
    return Account(
        id=account_id,
        login=account_id,
        name=name,
        roles=frozenset(roles or {Role.DUTY_LEAD, Role.ANALYST, Role.ADMIN}),
        created_at=NOW - timedelta(days=30),
    )


PEOPLE = (
    an_account(),
    an_account(Role.ANALYST, account_id="chen", name="陈栖"),
    an_account(Role.APPROVER_L1, Role.APPROVER_L2, account_id="zhou", name="周泊"),
    an_account(Role.ETHICS, account_id="wu", name="吴岚"),
)


@dataclass(frozen=True)
class MoodScorer:
    """Knows what the invented writers meant by their texts; unlike a model, it is quick.

    What nobody of them wrote is taken for negative.
    """

    moods: Mapping[str, Mood]
    model_id: str = "demo-moods-1"

    def score(self, requests: Sequence[ScoreRequest]) -> list[Scores]:
        """Return the writer's mood, with a confidence that differs from text to text."""
        return [Scores(self._of(request.text)) for request in requests]

    def _of(self, text: str) -> Probabilities:
        sure = 0.62 + 0.36 * Random(text).random()
        rest = (1 - sure) / 2
        mood = self.moods.get(text) or self.moods.get(text.partition("\n")[2], Mood.NEGATIVE)
        if mood is Mood.NEGATIVE:
            return Probabilities(sure, rest, rest)
        if mood is Mood.POSITIVE:
            return Probabilities(rest, rest, sure)
        return Probabilities(rest, sure, rest)


@contextmanager
def house(
    folder: Path, *, filled: bool = True, clock: FixedClock | None = None
) -> Iterator[Services]:
    """Open the services of a house in `folder`, filled once."""
    settings = _settings(folder)
    is_new = not (folder / "filled").exists()
    lay_workflow_database(folder / "workflow.sqlite")
    with open_services(settings, clock or FixedClock(NOW)) as services:
        if is_new:
            _move_in(services)
            if filled:
                fill(services)
            (folder / "filled").touch()
        yield services


@contextmanager
def furnished_house(folder: Path) -> Iterator[Services]:
    """Open the services of a furnished house in `folder`: a copy of one, which costs a quarter."""
    shutil.copytree(_furnished(), folder, dirs_exist_ok=True)
    with house(folder, filled=False) as services:
        yield services


@cache
def _furnished() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="koubei-furnished-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with house(folder, filled=False) as services:
        furnish(services)
    return folder


def _settings(folder: Path) -> Settings:
    return load_settings(environ={"KOUBEI_DATA_DIR": str(folder)})


def _move_in(services: Services) -> None:
    with services.begin_work() as work:
        for person in PEOPLE:
            work.accounts.add(person)
        work.commit()


def fill(services: Services, *, days: int = DAYS) -> None:
    """Let three weeks pass: configuration, posts, looks, and the detector at every quarter hour of
    the last day (at every hour of the week before).
    """
    configuration = demo_configuration(*(f"http://127.0.0.1:{port}" for port in range(9701, 9706)))
    apply_configuration(services.begin_work, configuration, actor="house", at=NOW, origin="house")
    world = build_world(7, NOW, days=days)
    posts = [post for post in world.posts if post.published_at <= NOW]
    _take(services, posts)
    _look(services, days)
    _detect(services)


def furnish(services: Services) -> None:
    """Put a little into a house, quickly, for tests: two days of posts, the hostile texts, a gap,
    what the detector judged, and an orange signal.
    """
    configuration = demo_configuration(*(f"http://127.0.0.1:{port}" for port in range(9701, 9706)))
    apply_configuration(services.begin_work, configuration, actor="house", at=NOW, origin="house")
    labels = (Label.NEGATIVE, Label.NEUTRAL, Label.POSITIVE)
    services.store.add(
        _posted(number, labels[number % 3], NOW - timedelta(minutes=50 * number + 10))
        for number in range(60)
    )
    services.store.add(
        replace(
            _posted(900 + number, Label.NEGATIVE, NOW - timedelta(minutes=number + 1)),
            text=text,
            title=text[:60] if number % 2 else "",
            url="javascript:alert(1)" if number == 0 else f"https://weibo.com/1/H{number}",
        )
        for number, text in enumerate(HOSTILE)
    )
    _look(services, 3)
    with services.begin_work() as work:
        work.evaluations.add(_calm(NOW.replace(minute=0) - HOUR * back) for back in range(24))
        work.signals.add(
            a_signal(
                id=work.signals.next_id("20261120"),
                opened_at=NOW - HOUR,
                updated_at=NOW,
                onset_at=NOW - 2 * HOUR,
                top_posts=(),
                first_post=None,
            )
        )
        work.commit()


def _posted(number: int, label: Label, at: datetime) -> Mention:
    polarity = {Label.NEGATIVE: -0.8, Label.NEUTRAL: 0.0, Label.POSITIVE: 0.8}[label]
    return a_mention(
        f"5{number:015}",
        text=f"云栈茶饮第{number}杯，{'喝出虫子' if label is Label.NEGATIVE else '排队很久'}",
        published_at=at,
        collected_at=NOW,
        author="王**",
        author_key=f"key-{number}",
        brand_ids=frozenset({"yunzhan"}),
        watch_ids=frozenset({"yunzhan-koubei"}),
        terms=("虫子", "门店") if label is Label.NEGATIVE else ("排队",),
        cluster_id="weibo:5000000000000000" if number in {0, 3, 6} else None,
        sentiment={WHOLE_TEXT: Sentiment(label, polarity, 0.87, "demo-moods-1")},
        likes=number,
        comments=None,
    )


def _calm(end: datetime) -> Evaluation:
    return Evaluation(
        brand_id="yunzhan",
        platform=None,
        bin_start=end - HOUR,
        bin_end=end,
        evaluated_at=end,
        rule=Rule.NEGATIVE_SPIKE,
        outcome=Outcome.CALM,
        figures=Figures(observed=1, total=3, mean=0.5, spread=0.7, samples=300, threshold_z=5.0),
    )


def _take(services: Services, posts: Sequence[Post]) -> None:
    scorer = MoodScorer({post.text: post.mood for post in posts})
    masker = KeyedMasker(b"k" * 32, b"s" * 32)
    ingest = Ingest(services.store, services.begin_work, scorer, masker)
    found = [found_of(post) for post in posts if not _is_unseen(post)]
    found += [
        FoundMention(
            id=f"weibo:88{number:014}",
            platform=Platform.WEIBO,
            kind=Kind.POST,
            url="javascript:alert(1)" if number == 0 else f"https://weibo.com/1/H{number}",
            text=text,
            published_at=NOW - timedelta(minutes=3 + 7 * number),
            author="<b>坏人</b>",
            author_uid=f"99{number}",
        )
        for number, text in enumerate(HOSTILE)
    ]
    for start in range(0, len(found), 500):
        ingest.take(found[start : start + 500], watch=None, run_id=RUN, collected_at=NOW - QUARTER)


def _is_unseen(post: Post) -> bool:
    return any(
        post.platform is platform and NOW - begin <= post.published_at < NOW - end
        for platform, begin, end, _, _ in GAPS
    )


def found_of(post: Post) -> FoundMention:
    """Return a post of the demo world as the readers of its pages would."""
    likes, comments, reposts = post.counts_at(NOW)
    return FoundMention(
        id=f"{post.platform.value}:{post.native_id}",
        platform=post.platform,
        kind=post.kind,
        url=_url(post),
        text=post.text,
        title=post.title,
        published_at=post.published_at,
        published_precision=Precision.MINUTE
        if post.platform is Platform.TIEBA
        else Precision.SECOND,
        author=post.author.name,
        author_uid=post.author.uid,
        parent_id=f"{post.platform.value}:{post.parent_id}" if post.parent_id else None,
        repost_of=f"weibo:{post.repost_of.native_id}" if post.repost_of else None,
        client=post.author.client if post.platform is Platform.WEIBO else None,
        likes=likes,
        comments=comments,
        reposts=reposts if post.platform is Platform.WEIBO else None,
        forum=post.forum or None,
    )


def _url(post: Post) -> str:
    if post.platform is Platform.WEIBO:
        return f"https://weibo.com/{post.author.uid}/{post.native_id}"
    if post.platform is Platform.ZHIHU:
        return f"https://www.zhihu.com/question/{post.parent_id or 1}/answer/{post.native_id}"
    return f"https://tieba.baidu.com/p/{post.parent_id}?pid={post.native_id}"


def _look(services: Services, days: int) -> None:
    """Write the ledger: one look an hour of history, one a quarter of the last day."""
    with services.begin_work() as work:
        _, configuration = work.configuration.current()
        for watch, source in configuration.crawl_pairs():
            run = CrawlRun(
                id=f"{RUN}-{source.id}",
                lineage=f"{RUN}-{source.id}",
                spider=source.spider,
                watch_id=watch.id,
                source_id=source.id,
                platform=source.platform,
                window_start=NOW - timedelta(days=days),
                window_end=NOW,
                started_at=NOW - HOUR,
                heartbeat_at=NOW,
                ended_at=NOW,
                state=CoverageState.OK,
            )
            work.crawls.start(run)
            work.crawls.finish(run)
            for start, end, state, why in _windows(source.platform, days):
                work.coverage.record(
                    CoverageRow(
                        watch_id=watch.id,
                        source_id=source.id,
                        platform=source.platform,
                        window_start=start,
                        window_end=end,
                        observed_at=end,
                        state=state,
                        run_id=run.id,
                        pages=2,
                        found=12,
                        matched=10,
                        new=6,
                        reason=why,
                        backfill=end < NOW - timedelta(days=8),
                    )
                )
            work.drift.count(_counts(run, likes=0 if source.id == "tieba-search" else 24))
            if source.id == "tieba-search":
                work.drift.save(_likes_are_gone(source.id))
        work.commit()


def _counts(run: CrawlRun, *, likes: int) -> SurfaceCounts:
    filled = {"id": 24, "text": 24, "published_at": 24, "author": 24, "likes": likes}
    return SurfaceCounts(
        run.id,
        run.source_id,
        run.platform,
        f"{run.platform.value}_search",
        NOW,
        pages=2,
        content_pages=2,
        mentions=24,
        filled={**filled, "ip_location": 7} if likes else filled,
    )


def _likes_are_gone(source_id: str) -> Episode:
    return Episode(
        source_id,
        Platform.TIEBA,
        "tieba_search",
        "likes",
        DriftKind.VANISHED,
        NOW - HOUR,
        NOW - HOUR,
        (180, 180),
        (0, 24),
    )


def _windows(platform: Platform, days: int) -> list[tuple[datetime, datetime, CoverageState, str]]:
    """Parts of the past with how the look at each ended."""
    begins = NOW - timedelta(days=days)
    cuts = [begins]
    gaps = [(NOW - b, NOW - e, s, w) for p, b, e, s, w in GAPS if p is platform]
    for gap in sorted(gaps):
        cuts += [gap[0], gap[1]]
    recent = NOW - timedelta(hours=6)
    cuts += [recent + QUARTER * step for step in range(25)]
    state_of = {gap[0]: (gap[2], gap[3]) for gap in gaps}
    return [
        (start, end, *state_of.get(start, (CoverageState.OK, ""))) for start, end in pairwise(cuts)
    ]


def _detect(services: Services) -> None:
    clock = services.clock
    assert isinstance(clock, FixedClock)
    moments = [NOW - timedelta(days=7) + HOUR * step for step in range(24 * 6)]
    moments += [NOW - timedelta(days=1) + QUARTER * step for step in range(24 * 4 + 1)]
    for moment in moments:
        # just after the quarter, as the scheduler does
        services.detector.evaluate(moment.replace(minute=moment.minute // 15 * 15, second=30))
    clock.time = NOW


def main() -> None:
    """Serve a house until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8599)
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--as", dest="login", default="lin", help="lin, chen, zhou, wu, nobody")
    parser.add_argument("--empty", action="store_true")
    options = parser.parse_args()
    name = "koubei-house-empty" if options.empty else "koubei-house"
    folder = options.folder or Path(tempfile.gettempdir()) / f"{name}-{_edition()}"
    folder.mkdir(parents=True, exist_ok=True)
    with house(folder, filled=not options.empty) as services:
        serve(services, port=options.port, login=options.login)


def _edition() -> str:
    """What a filled folder was made by: this file and the database's migrations."""
    made_by = [Path(__file__), *sorted((ROOT / "storage/sql/migrations/versions").glob("*.py"))]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in made_by))
    return digest.hexdigest()[:10]


def serve(services: Services, *, port: int, login: str = "lin") -> None:
    """Serve the pages of a house to a session that is always there."""
    app = app_of(services, public_url=f"http://127.0.0.1:{port}", login=login)
    uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning")).run()


def script_of(services: Services) -> DashboardScript:
    """Offer the services to the pages and return what is served."""

    def identify(cookies: Mapping[str, str]) -> Account | None:
        return account_of_cookies(services.begin_reading, cookies, services.clock.now())

    offer(services, identify, HouseScout(services.clock))
    return DashboardScript(
        streamlit_settings.SCRIPT,
        streamlit_settings.SETTINGS,
        on_script_error,
        first=FIRST,
        pages=addresses(),
    )


def app_of(services: Services, *, public_url: str, login: str = "lin") -> ASGIApp:
    """Return the real service, in front of which every request is given the account's session;
    `nobody` gets none.
    """
    own = build_app(
        WebServices(
            begin_work=services.begin_work,
            begin_reading=services.begin_reading,
            store=services.store,
            clock=services.clock,
            metrics_token="m" * 32,
            public_url=public_url,
            zone_name=services.settings.timezone,
            dashboard=script_of(services),
        )
    )
    if login == "nobody":
        return own
    token = new_token()
    with services.begin_work() as work:
        account = work.accounts.by_login(login)
        assert account is not None
        begin_session(work, account, services.clock.now(), token)
        work.commit()
    cookie = f"{PLAIN_COOKIE}={token}".encode()

    async def logged_in(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            others = [pair for pair in scope["headers"] if pair[0] != b"cookie"]
            sent = [pair[1] for pair in scope["headers"] if pair[0] == b"cookie"]
            scope = {**scope, "headers": [*others, (b"cookie", b"; ".join([*sent, cookie]))]}
        await own(scope, receive, send)

    return logged_in


if __name__ == "__main__":
    main()
