"""A wall, a login, pages, the end of the login: the demo with its walls up, real processes."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from domain.brand import Transport
from domain.coverage import CoverageState
from domain.mention import Platform
from domain.session import SessionState, door_of, state_of
from domain.storage_state import read_storage_state
from tests.demo_process import running_demo
from tests.integration.crawling import House

pytestmark = pytest.mark.integration

WORD = "云栈茶饮"


@contextmanager
def walled_house(home: Path, *, spider: str, site: str, transport: Transport) -> Iterator[House]:
    with (
        running_demo("--walls", "--scanned-after", "0") as urls,
        House(home, urls[site], spider=spider, transport=transport, queries=(WORD,)) as house,
    ):
        yield house


def storage_state_from(house: House) -> str:
    """Log in as a person with a telephone would, and return what their browser would export."""
    base = house.source.base_url
    door = door_of(house.source)
    assert door is not None
    with httpx.Client(base_url=base) as client:
        page = client.get(door.login_url).text
        name = re.search(r"/code/(\w+)\.svg", page)[1]
        assert client.get(f"/__demo__/login/state/{name}").json()["state"] == "scanned"
        jar = [
            {
                "name": cookie.name,
                "value": cookie.value,
                "domain": "127.0.0.1",
                "path": cookie.path,
                "expires": cookie.expires,
                "httpOnly": True,
                "secure": False,
                "sameSite": "Lax",
            }
            for cookie in client.cookies.jar
        ]
    return json.dumps({"cookies": jar, "origins": []})


def store(house: House, document: str) -> None:
    door = door_of(house.source)
    assert door is not None
    house.services.session_desk.store(
        door,
        read_storage_state(document, "file"),
        owner_id="cli:tester",
        actor="cli:tester",
        at=house.services.clock.now(),
        way="file",
    )


def test_a_login_opens_the_wall_until_the_platform_ends_it(tmp_path):
    with walled_house(
        tmp_path, spider="weibo_search", site="weibo", transport=Transport.HTTP
    ) as house:
        services = house.services
        assert house.crawl().reason == "login_wall"

        document = storage_state_from(house)
        store(house, document)
        with services.begin_work() as work:
            first = work.sessions.get(Platform.WEIBO)
            sealed = work.sessions.sealed_state(Platform.WEIBO)
        assert state_of(first, services.clock.now()) is SessionState.VALID

        outcome = house.crawl()
        assert outcome.state in {CoverageState.OK, CoverageState.PARTIAL}, outcome
        assert outcome.new > 0
        with services.begin_work() as work:
            renewed = work.sessions.get(Platform.WEIBO)
            assert work.sessions.sealed_state(Platform.WEIBO) != sealed
        assert renewed.expires_at >= first.expires_at, "the demo prolongs a login in use"

        httpx.post(f"{house.source.base_url}/__demo__/login/end").raise_for_status()
        for _ in range(2):
            outcome = house.crawl()
            assert (outcome.state, outcome.reason) == (CoverageState.BLOCKED, "login_wall")
        with services.begin_work() as work:
            ended = work.sessions.get(Platform.WEIBO)
            assert work.sessions.sealed_state(Platform.WEIBO) is None
            actions = [row.action for row in work.audit.of("session:weibo")]
        assert ended.ended_reason == "login_wall"
        assert actions == ["platform_session.stored", "platform_session.ended"]
