"""What we rely on in Streamlit; a server is in tests/integration."""

import asyncio
from importlib.resources import files
from pathlib import Path

import httpx
import pytest
from starlette.responses import HTMLResponse, JSONResponse
from streamlit import config
from streamlit.proto.BackMsg_pb2 import BackMsg

from web import streamlit_mount
from web.guard import Judgement
from web.services import DashboardScript
from web.streamlit_mount import PAGE_POLICY, Dashboard, judge, options, rewritten

PAGE = files("streamlit").joinpath("static/index.html").read_bytes()


def rerun(*, by_timer: bool) -> bytes:
    message = BackMsg()
    message.rerun_script.is_auto_rerun = by_timer
    message.rerun_script.query_string = "id=A-1"
    return message.SerializeToString()


def operation(name: str) -> bytes:
    message = BackMsg()
    getattr(message.backend_operation_request, name).SetInParent()
    return message.SerializeToString()


def a(kind: str) -> bytes:
    message = BackMsg()
    if isinstance(getattr(message, kind), bool):
        setattr(message, kind, True)
    else:
        getattr(message, kind).SetInParent()
    return message.SerializeToString()


@pytest.mark.parametrize(
    ("message", "judged"),
    [
        (rerun(by_timer=False), Judgement.BY_PERSON),
        (rerun(by_timer=True), Judgement.BY_ITSELF),
        (a("app_heartbeat"), Judgement.BY_ITSELF),
        (a("stop_script"), Judgement.BY_PERSON),
        (a("file_urls_request"), Judgement.BY_PERSON),
        (operation("deferred_file"), Judgement.BY_PERSON),
        (operation("dataframe_chunk"), Judgement.BY_PERSON),
        (operation("install_skills"), Judgement.REFUSED),
        (operation("dismiss_skills_nudge"), Judgement.REFUSED),
        (a("clear_cache"), Judgement.REFUSED),
        (a("load_git_info"), Judgement.REFUSED),
        (a("set_run_on_save"), Judgement.REFUSED),
        (a("debug_shutdown_runtime"), Judgement.REFUSED),
        (a("debug_disconnect_websocket"), Judgement.REFUSED),
        (b"", Judgement.REFUSED),
        (b"\xff\xff\xff", Judgement.REFUSED),
    ],
)
def test_messages_are_of_a_person_of_the_page_or_refused(message, judged):
    assert judge(message) is judged


def test_every_kind_of_message_that_streamlit_knows_was_thought_of():
    known = {field.name for field in BackMsg.DESCRIPTOR.oneofs_by_name["type"].fields}
    assert known == {
        "app_heartbeat",
        "backend_operation_request",
        "clear_cache",
        "debug_disconnect_websocket",
        "debug_shutdown_runtime",
        "file_urls_request",
        "load_git_info",
        "rerun_script",
        "set_run_on_save",
        "stop_script",
    }


@pytest.fixture
def site(monkeypatch):
    """A dashboard of two pages, in front of what answers as Streamlit does."""

    async def streamlit(scope, receive, send):
        if scope["path"].startswith("/_stcore/"):
            await JSONResponse({"path": scope["path"]})(scope, receive, send)
        else:
            await HTMLResponse(PAGE)(scope, receive, send)

    monkeypatch.setattr(streamlit_mount, "App", lambda *_, **__: streamlit)
    monkeypatch.setattr(streamlit_mount, "_leave_logs_to_us", lambda: None)
    monkeypatch.setattr(config, "get_config_options", lambda **_: {})
    script = DashboardScript(Path("x"), first="overview", pages=frozenset({"feed"}))
    dashboard = Dashboard(
        script, hosts=frozenset(), nowhere=lambda: HTMLResponse("没有这个页面", status_code=404)
    )

    def ask(place, method="GET"):
        async def asked():
            transport = httpx.ASGITransport(dashboard)
            async with httpx.AsyncClient(transport=transport) as client:
                return await client.request(method, f"http://koubei.example{place}")

        return asyncio.run(asked())

    return ask


@pytest.mark.parametrize("place", ["/", "/feed", "/feed?words=虫子"])
def test_a_page_is_streamlits(site, place):
    answer = site(place)
    assert answer.status_code == 200
    assert "<title>口碑</title>" in answer.text


@pytest.mark.parametrize(
    ("asked", "proper"),
    [
        ("/overview", "/"),
        ("/overview/", "/"),
        ("/overview?brand=a%2Fb&range=7d", "/?brand=a%2Fb&range=7d"),
        ("/feed/", "/feed"),
        ("//feed//?x=1", "/feed?x=1"),
    ],
)
def test_a_page_under_another_address_leads_to_its_own(site, asked, proper):
    answer = site(asked)
    assert (answer.status_code, answer.headers["location"]) == (307, proper)


@pytest.mark.parametrize("place", ["/nowhere", "/feed/x", "/Feed", "/index.html", "//evil.example"])
def test_where_there_is_no_page_that_is_said(site, place):
    answer = site(place)
    assert (answer.status_code, answer.text) == (404, "没有这个页面")
    assert site(place, "HEAD").status_code == 404


def test_what_is_no_page_passes_wherever_it_is_asked_for(site):
    assert site("/_stcore/host-config").json() == {"path": "/_stcore/host-config"}


def test_the_start_page_is_chinese_without_scripts_in_it_and_nothing_is_left_of_agents():
    page = rewritten(PAGE).decode()
    assert '<html lang="zh-CN">' in page
    assert "<title>口碑</title>" in page
    assert "<script>" not in page
    assert '<script src="/session.js" defer></script></head>' in page
    assert '<script type="module" crossorigin src="./static/js/index.' in page
    assert "agent" not in page
    assert "enable JavaScript" not in page
    assert '<div id="root"></div>' in page


def test_the_policy_names_no_outside_host_and_no_inline_script():
    policy = dict(part.split(" ", 1) for part in PAGE_POLICY.format(sockets="").split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert not [source for source in policy.values() if "http" in source or "*" in source]


def test_every_option_is_one_that_streamlit_knows():
    known = config._config_options_template
    assert [name for name in options(frozenset({"localhost"})) if name not in known] == []
