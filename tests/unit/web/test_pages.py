"""web/app.py over the embedded stores: who gets in, what every answer carries, what pages say."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from demo.configuration import demo_configuration
from domain.brand import Brand, Configuration, Source, Transport, Watch, WatchRule
from domain.coverage import CoverageRow, CoverageState
from domain.dead_letter import DeadLetter
from domain.errors import StoreUnavailable, Text
from domain.mention import Platform
from domain.outbox import OutboxMail, Rendered
from domain.spool import WaitingLook
from tests.fakes import NOON, FixedClock, a_mention
from tests.fixtures.browsing import Browser
from tests.fixtures.people import METRICS_TOKEN, a_session, an_account, move_in, web_services
from tests.fixtures.signals import OPENED, a_closed_signal, a_post, a_signal
from web.services import WebServices
from workflow.sessions import SECURE_COOKIE

HOSTILE = (
    "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u202eevil https://evil.example/x"
)


@dataclass
class Site:
    """The application over its own stores; `get` asks it within a session unless told
    otherwise."""

    services: WebServices
    token: str

    def get(
        self, path: str = "/", *, in_session: bool = True, **headers: str | bytes
    ) -> httpx.Response:
        browser = Browser(self.services)
        if in_session:
            browser.keep(SECURE_COOKIE, self.token)
        return browser.ask("GET", path, headers=headers)

    def speaking(self, language: str) -> "Site":
        return Site(replace(self.services, language=language), self.token)

    def configure(self, configuration: Configuration) -> None:
        with self.services.begin_work() as work:
            version, _ = work.configuration.current()
            work.configuration.save(
                configuration, expected_version=version, actor="t", at=NOON, origin="t"
            )
            work.commit()

    def looked(self, state: CoverageState, source_id: str = "weibo", **changes: object) -> None:
        row = CoverageRow(
            watch_id="main",
            source_id=source_id,
            platform=Platform.WEIBO,
            window_start=OPENED - timedelta(hours=2),
            window_end=OPENED,
            observed_at=OPENED,
            state=state,
            run_id="run-1",
        )
        with self.services.begin_work() as work:
            work.coverage.record(replace(row, **changes))  # type: ignore[arg-type]
            work.commit()

    def wait_in_spool(self, *, minutes: int) -> None:
        now = self.services.clock.now()
        since = now - timedelta(minutes=minutes)
        why = Text("字段不符", "mapper_parsing_exception")
        with self.services.begin_work() as work:
            work.spooled.add(WaitingLook("l1", "house-1", "run-1", "", "main", since, since, 9))
            work.dead_letters.put([DeadLetter(a_mention(), why, "run-1", since, since)])
            work.commit()

    def alarm(self, signal=None) -> None:
        with self.services.begin_work() as work:
            work.signals.add(signal or a_signal())
            work.commit()


@pytest.fixture(name="site")
def make_site(tmp_path: Path) -> Iterator[Site]:
    clock = FixedClock(OPENED + timedelta(minutes=1))
    with web_services(tmp_path, clock=clock) as services:
        move_in(services.begin_work, an_account())
        yield Site(services, a_session(services.begin_work, an_account(), clock.now()))


def one_watch(*source_ids: str, name: str = "云栈") -> Configuration:
    return Configuration(
        brands=(Brand(id="yunzhan", name=name),),
        watches=(
            Watch(
                id="main",
                name=name,
                brand_ids=("yunzhan",),
                queries=("云栈",),
                rule=WatchRule(any_words=("云栈",)),
                source_ids=source_ids,
            ),
        ),
        sources=tuple(
            Source(
                id=source_id,
                platform=Platform.WEIBO,
                spider="weibo_search",
                transport=Transport.HTTP,
                base_url="https://s.weibo.com",
            )
            for source_id in source_ids
        ),
    )


class TestMetrics:
    def test_prometheus_comes_in_with_its_token(self, site):
        answer = site.get("/metrics", in_session=False, authorization=f"Bearer {METRICS_TOKEN}")
        assert answer.status_code == 200
        assert "koubei_mentions 0.0" in answer.text

    def test_what_waits_and_what_was_refused_is_measured(self, site):
        site.wait_in_spool(minutes=12)
        text = site.get("/metrics").text
        assert "koubei_store_up 1.0" in text
        assert "koubei_spool_waiting 1.0" in text
        assert "koubei_spool_oldest_seconds 720.0" in text
        assert "koubei_dead_letters 1.0" in text

    def test_it_answers_while_the_mention_store_is_away(self, site):
        site.wait_in_spool(minutes=1)
        broken = Site(replace(site.services, store=SimpleNamespace(status=away)), site.token)
        answer = broken.get("/metrics")
        assert answer.status_code == 200
        assert "koubei_store_up 0.0" in answer.text
        assert "koubei_spool_waiting 1.0" in answer.text
        assert "koubei_mentions" not in answer.text

    @pytest.mark.parametrize("token", ["", "wrong", "a-token-only-for-test", "密钥"])
    def test_without_it_nothing_is_told(self, site, token):
        header = {"authorization": f"Bearer {token}".encode()}
        answer = site.get("/metrics", in_session=False, **header)
        assert answer.status_code == 401
        assert "koubei_mentions" not in answer.text

    def test_an_empty_token_is_nobody_s(self, site):
        without = Site(replace(site.services, metrics_token=""), site.token)
        answer = without.get("/metrics", in_session=False, authorization="Bearer ")
        assert answer.status_code == 401


def away() -> None:
    raise StoreUnavailable(Text("数据库被锁住", "the database is locked"), place="/srv/hidden")


class TestHealth:
    def test_health_is_open_and_says_nothing_but_that(self, site):
        assert site.get("/healthz", in_session=False).json() == {"status": "ok"}

    def test_a_service_whose_sources_all_go_unread_is_not_ready(self, site):
        site.configure(one_watch("weibo"))
        site.looked(CoverageState.BLOCKED, reason="login_wall")
        answer = site.get("/readyz", in_session=False)
        assert (answer.status_code, answer.json()["status"]) == (503, "blind")

    def test_a_service_that_reads_is_ready(self, site):
        site.configure(one_watch("weibo"))
        site.looked(CoverageState.OK)
        assert site.get("/readyz", in_session=False).status_code == 200

    def test_a_store_that_is_away_is_told_and_is_no_stack_trace(self, site):
        broken = Site(replace(site.services, begin_reading=away), site.token)
        assert broken.get("/readyz", in_session=False).json() == {"status": "store away"}
        page = broken.get("/")
        assert page.status_code == 503
        assert "数据库暂时不可用" in page.text
        assert "/srv/hidden" not in page.text

    def test_a_mention_store_that_is_away_is_never_called_calm(self, site):
        store = SimpleNamespace(status=away)
        broken = Site(replace(site.services, store=store), site.token)
        page = broken.get("/")
        assert page.status_code == 503
        assert "无法判断是否平稳" in page.text
        assert "/srv/hidden" not in page.text

    def test_a_mention_store_that_is_away_is_not_ready_and_says_what_waits(self, site):
        site.wait_in_spool(minutes=12)
        broken = Site(replace(site.services, store=SimpleNamespace(status=away)), site.token)
        stranger, known = broken.get("/readyz", in_session=False), broken.get("/readyz")
        assert (stranger.status_code, stranger.json()) == (503, {"status": "store away"})
        assert known.json()["spool"] == {"waiting": 1, "oldest_seconds": 720}
        assert known.json()["dead_letters"] == 1
        page = broken.get("/").text
        assert "1 次抓取结果暂存在采集机本地，恢复后自动补入" in page
        assert "1 条内容被内容库拒收" in page

    def test_what_is_watched_is_not_told_to_strangers(self, site):
        site.configure(one_watch("weibo"))
        assert site.get("/readyz", in_session=False).json().keys() == {"status"}
        assert "sources" in site.get("/readyz").json()


class TestStatusPage:
    def test_nothing_configured_says_what_to_do_and_never_calm(self, site):
        text = site.get("/").text
        assert "koubei init" in text
        assert "平稳" not in text

    def test_a_source_never_read_is_not_called_calm(self, site):
        site.configure(one_watch("weibo"))
        text = site.get("/").text
        assert "无法判断是否平稳" in text
        assert "未采集" in text
        assert "尚未采集过" in text

    def test_calm_is_said_when_everything_was_read(self, site):
        site.configure(one_watch("weibo"))
        site.looked(CoverageState.OK, found=12, new=3)
        text = site.get("/").text
        assert "<h1>平稳</h1>" in text
        assert "还没有预警" in text

    def test_a_wall_stands_with_its_mend_and_in_the_headline(self, site):
        site.configure(one_watch("weibo", "hot"))
        site.looked(CoverageState.OK)
        site.looked(CoverageState.BLOCKED, "hot", reason="login_wall")
        text = site.get("/").text
        assert "平稳 · 1 个来源没有读全" in text
        assert "微博要求登录" in text

    def test_an_open_alert_burns_and_leads_to_its_page(self, site):
        site.configure(one_watch("weibo"))
        site.alarm()
        text = site.get("/").text
        assert '<h1 class="burning">1 条预警未解除' in text
        assert 'href="/alerts?id=A-20261121-03"' in text

    def test_mails_that_became_files_are_not_called_delivered(self, site):
        mail = OutboxMail(
            key="k",
            recipient="a@example.invalid",
            rendered=Rendered(subject="s", text="t", html="<p>t</p>"),
            created_at=NOON,
            next_attempt_at=NOON,
        )
        with site.services.begin_work() as work:
            work.outbox.add(mail)
            work.commit()
        assert "已送达邮件服务器" in site.get("/").text
        as_files = Site(replace(site.services, mails_become_files=True), site.token)
        assert "已存为文件" in as_files.get("/").text
        assert "已送达邮件服务器" not in as_files.get("/").text

    def test_fifty_sources_and_a_long_name_all_stand_there(self, site):
        ids = [f"source-{number}" for number in range(50)]
        site.configure(one_watch(*ids, name="很长的品牌名称" * 20))
        text = site.get("/").text
        assert all(f">{source_id}<" in text for source_id in ids)

    def test_the_demo_says_that_it_is_one(self, site):
        address = "http://127.0.0.1:8511"
        site.configure(demo_configuration(address, address, address, address, address))
        assert "均为虚构" in site.get("/").text

    def test_the_newest_mention_stands_in_business_time(self, site):
        site.services.store.add([a_mention(published_at=OPENED - timedelta(minutes=31))])
        assert "最新一条 02:00" in site.get("/").text


class TestAlertPage:
    def test_figures_terms_and_posts_stand_there(self, site):
        site.configure(one_watch("weibo"))
        site.alarm()
        text = site.get("/alerts?id=A-20261121-03").text
        for part in ("橙色预警", "47", "6.2 倍", "异物 31", "王**", "koubei explain A-20261121-03"):
            assert part in text

    def test_a_closed_alert_tells_when_it_ended(self, site):
        site.alarm(a_closed_signal())
        text = site.get("/alerts?id=A-20261121-03").text
        assert "已解除" in text
        assert "解除于 11-21 21:12" in text

    @pytest.mark.parametrize("wanted", ["", "A-1", "%3Cscript%3Ealert(1)%3C/script%3E", "x" * 5000])
    def test_an_alert_that_is_not_there_is_a_404_and_no_markup(self, site, wanted):
        answer = site.get(f"/alerts?id={wanted}")
        assert answer.status_code == 404
        assert "<script" not in answer.text
        assert len(answer.text) < 10_000

    def test_crawled_text_is_never_markup_nor_a_link(self, site):
        post = a_post(excerpt=HOSTILE, author=HOSTILE, url="javascript:alert(1)")
        site.configure(one_watch("weibo", name=HOSTILE))
        site.alarm(a_signal(top_posts=(post,), terms=((HOSTILE, 3),)))
        for path in ("/alerts?id=A-20261121-03", "/"):
            text = site.get(path).text
            assert "<script" not in text
            assert "<img" not in text
            assert "javascript:" not in text
        assert "evil[.]example" in site.get("/alerts?id=A-20261121-03").text

    def test_a_link_shows_where_it_really_leads(self, site):
        site.alarm(a_signal(top_posts=(a_post(url="https://weibo.com.evil.example/x"),)))
        assert "weibo.com.evil.example" in site.get("/alerts?id=A-20261121-03").text


class TestLanguages:
    @pytest.mark.parametrize("path", ["/", "/alerts?id=A-20261121-03", "/alerts?id=none"])
    def test_english_pages_hold_no_chinese_but_names_and_posts(self, site, path):
        site.configure(one_watch("weibo", name="Yunzhan"))
        site.looked(CoverageState.BLOCKED, reason="login_wall")
        site.alarm(a_signal(top_posts=(), terms=(), first_post=None))
        text = site.speaking("en").get(path).text
        assert '<html lang="en">' in text
        body = text.partition("<body>")[2]
        assert [sign for sign in body if "\u4e00" <= sign <= "\u9fff"] == []

    @pytest.mark.parametrize(
        "path", ["/login", "/account", "/logout", "/setup/team", "/welcome?ticket=none"]
    )
    def test_the_pages_of_the_way_in_speak_the_language_too(self, site, path):
        in_session = path != "/login"
        body = site.speaking("en").get(path, in_session=in_session).text.partition("<body>")[2]
        assert [sign for sign in body if "\u4e00" <= sign <= "\u9fff"] == []
        assert '<html lang="zh-CN">' in site.get(path, in_session=in_session).text
