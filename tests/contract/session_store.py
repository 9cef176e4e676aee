"""What every workflow database does with the logins at the platforms; a subclass gives `engine`."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from domain.mention import Platform
from domain.ports import BeginWork
from domain.session import PlatformSession
from storage.sql.database import begin_work
from tests.fakes import NOON

DAY = timedelta(days=1)
WEIBO = PlatformSession(Platform.WEIBO, "lin", NOON, NOON + 30 * DAY)
ZHIHU = PlatformSession(Platform.ZHIHU, "cli:root", NOON, login=4)


class PlatformSessionContract:
    @pytest.fixture
    def begin_session_work(self, engine: Engine) -> BeginWork:
        begin = begin_work(engine)
        with begin() as work:
            work.sessions.put(WEIBO, b"sealed \x00 1")
            work.sessions.put(ZHIHU, b"sealed 2")
            work.commit()
        return begin

    def test_a_login_comes_back_as_it_was_stored(self, begin_session_work):
        with begin_session_work() as work:
            assert work.sessions.all() == [WEIBO, ZHIHU]
            assert work.sessions.get(Platform.WEIBO) == WEIBO
            assert work.sessions.get(Platform.TIEBA) is None
            assert work.sessions.sealed_state(Platform.WEIBO) == b"sealed \x00 1"
            assert work.sessions.sealed_state(Platform.WEIBO, to_change=True) == b"sealed \x00 1"
            assert work.sessions.sealed_state(Platform.TIEBA) is None

    def test_a_later_login_takes_the_place_of_the_one_before(self, begin_session_work):
        later = replace(WEIBO, owner_id="chen", stored_at=NOON + DAY, expires_at=None, login=2)
        with begin_session_work() as work:
            work.sessions.put(later, b"sealed 3")
            work.commit()
        with begin_session_work() as work:
            assert work.sessions.get(Platform.WEIBO) == later
            assert work.sessions.sealed_state(Platform.WEIBO) == b"sealed 3"

    def test_a_login_ends_once_and_its_secret_is_gone(self, begin_session_work):
        with begin_session_work() as work:
            assert work.sessions.end(Platform.WEIBO, 1, at=NOON, reason="login_wall")
            assert not work.sessions.end(Platform.WEIBO, 1, at=NOON, reason="expired")
            assert not work.sessions.end(Platform.ZHIHU, 3, at=NOON, reason="an earlier login")
            work.commit()
        with begin_session_work() as work:
            ended = replace(WEIBO, ended_at=NOON, ended_reason="login_wall")
            assert work.sessions.get(Platform.WEIBO) == ended
            assert work.sessions.sealed_state(Platform.WEIBO) is None
            assert not work.sessions.reseal(Platform.WEIBO, 1, b"x", None)
            assert work.sessions.get(Platform.ZHIHU) == ZHIHU

    def test_a_login_is_sealed_anew_while_it_is_that_login(self, begin_session_work):
        with begin_session_work() as work:
            assert work.sessions.reseal(Platform.WEIBO, 1, b"newer", NOON + 40 * DAY)
            assert not work.sessions.reseal(Platform.WEIBO, 2, b"never", None)
            work.commit()
        with begin_session_work() as work:
            assert work.sessions.get(Platform.WEIBO) == replace(WEIBO, expires_at=NOON + 40 * DAY)
            assert work.sessions.sealed_state(Platform.WEIBO) == b"newer"

    def test_of_runs_that_renew_at_once_none_loses_what_another_wrote(self, begin_session_work):
        def renew(number: int) -> None:
            with begin_session_work() as work:
                sealed = work.sessions.sealed_state(Platform.WEIBO, to_change=True)
                assert sealed is not None
                work.sessions.reseal(Platform.WEIBO, 1, sealed + b"|%d" % number, None)
                work.commit()

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(renew, range(12)))
        with begin_session_work() as work:
            sealed = work.sessions.sealed_state(Platform.WEIBO)
        assert sealed is not None
        assert sorted(map(int, sealed.split(b"|")[1:])) == list(range(12))
