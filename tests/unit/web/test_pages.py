"""web/app.py over the embedded stores: who gets in, what every answer carries, what pages say."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from demo.configuration import demo_configuration
from domain.brand import Brand, Configuration, Source, Transport, Watch, WatchRule
from domain.coverage import CoverageRow, CoverageState
from domain.errors import StoreUnavailable, Text
from domain.mention import Platform
from domain.outbox import OutboxMail, Rendered
from storage.sql.database import begin_work, migrate, open_database
from storage.sqlite.mentions import SqliteMentionStore
from tests.fakes import NOON, FixedClock, a_mention
from tests.fixtures.signals import OPENED, a_closed_signal, a_post, a_signal
from web.app import COOKIE, WebServices, build_app

KEY = "a-key-only-for-tests"
HOSTILE = (
    "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u202eevil https://evil.example/x"
)


@dataclass
class Site:
    """The application over its own stores; `get` asks it with the key unless told otherwise."""

    services: WebServices

    def get(
        self, path: str = "/", *, key: str | None = KEY, host: str = "localhost", **headers: str
    ) -> httpx.Response:
        cookies = {COOKIE: key} if key else {}

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=build_app(self.services))
            async with httpx.AsyncClient(
                transport=transport, base_url=f"http://{host}", cookies=cookies
            ) as client:
                return await client.get(path, headers=headers)

        return asyncio.run(ask())

    def speaking(self, language: str) -> "Site":
        return Site(replace(self.services, language=language))

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

    def alarm(self, signal=None) -> None:
        with self.services.begin_work() as work:
            work.signals.add(signal or a_signal())
            work.commit()


@pytest.fixture(name="site")
def make_site(tmp_path: Path) -> Iterator[Site]:
    engine = open_database(f"sqlite:///{tmp_path / 'workflow.db'}")
    migrate(engine)
    store = SqliteMentionStore(tmp_path / "mentions.db")
    yield Site(
        WebServices(
            begin_work=begin_work(engine),
            store=store,
            clock=FixedClock(OPENED + timedelta(minutes=1)),
            access_key=KEY,
            public_url="https://koubei.example.org",
            zone_name="Asia/Shanghai",
        )
    )
    store.close()
    engine.dispose()


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


class TestGuard:
    @pytest.mark.parametrize("path", ["/", "/alerts?id=A-20261121-03", "/metrics"])
    @pytest.mark.parametrize("key", [None, "", "wrong", "a-key-only-for-test", "密钥"])
    def test_nothing_is_shown_without_the_right_key(self, site, path, key):
        site.configure(one_watch("weibo"))
        site.alarm()
        cookie = {"cookie": f"{COOKIE}={key}".encode()} if key else {}
        answer = site.get(path, key=None, **cookie)
        assert answer.status_code == 403
        assert "云栈" not in answer.text
        assert "koubei up" in answer.text

    def test_the_address_of_the_terminal_sets_a_cookie_and_hides_the_key(self, site):
        answer = site.get(f"/alerts?id=A-1&key={KEY}", key=None)
        assert answer.status_code == 303
        assert answer.headers["location"] == "/alerts?id=A-1"
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert "secure" in cookie  # because public_url is https

    def test_prometheus_comes_in_with_a_bearer_token(self, site):
        answer = site.get("/metrics", key=None, authorization=f"Bearer {KEY}")
        assert answer.status_code == 200
        assert "koubei_mentions 0.0" in answer.text

    def test_a_host_that_is_not_ours_is_refused(self, site):
        assert site.get("/healthz", host="evil.example").status_code == 400
        assert site.get("/healthz", host="koubei.example.org").status_code == 200

    @pytest.mark.parametrize("path", ["/", "/alerts", "/healthz", "/readyz", "/nowhere"])
    @pytest.mark.parametrize("key", [KEY, None])
    def test_every_answer_forbids_scripts_framing_caching_and_sniffing(self, site, path, key):
        headers = site.get(path, key=key).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "script-src" not in headers["content-security-policy"]
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"


class TestHealth:
    def test_health_is_open_and_says_nothing_but_that(self, site):
        assert site.get("/healthz", key=None).json() == {"status": "ok"}

    def test_a_service_whose_sources_all_go_unread_is_not_ready(self, site):
        site.configure(one_watch("weibo"))
        site.looked(CoverageState.BLOCKED, reason="login_wall")
        answer = site.get("/readyz", key=None)
        assert (answer.status_code, answer.json()["status"]) == (503, "blind")

    def test_a_service_that_reads_is_ready(self, site):
        site.configure(one_watch("weibo"))
        site.looked(CoverageState.OK)
        assert site.get("/readyz", key=None).status_code == 200

    def test_a_store_that_is_away_is_told_and_is_no_stack_trace(self, site):
        def away():
            raise StoreUnavailable(Text("数据库被锁住", "the database is locked"))

        broken = Site(replace(site.services, begin_work=away))
        assert broken.get("/readyz", key=None).status_code == 503
        page = broken.get("/")
        assert page.status_code == 503
        assert "无法判断是否平稳" in page.text


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
        as_files = Site(replace(site.services, mails_become_files=True))
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

    def test_the_page_for_those_without_a_key_speaks_the_language_too(self, site):
        assert "Access key needed" in site.speaking("en").get("/", key=None).text
        assert '<html lang="zh-CN">' in site.get("/", key=None).text
