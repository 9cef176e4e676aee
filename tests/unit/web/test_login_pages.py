from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from domain.account import Role
from tests.fakes import NOON
from tests.fixtures.browsing import Browser
from tests.fixtures.people import (
    MASKER,
    PASSWORD,
    a_session,
    an_account,
    move_in,
)
from workflow.accounts import invite, reset
from workflow.second_factor import confirm_second_factor, prepare_second_factor
from workflow.sessions import SECURE_COOKIE, account_of
from workflow.totp import code_at, step_of


class TestLogin:
    def test_a_link_of_a_mail_survives_the_login(self, stranger):
        asked = stranger.get("/alerts?id=A-20261121-03")
        shown = stranger.get(asked.headers["location"])
        action = shown.text.partition('action="')[2].partition('"')[0]
        entered = stranger.submit(shown, action, login="lin", password=PASSWORD)
        assert entered.status_code == 303
        assert entered.headers["location"] == "/alerts?id=A-20261121-03"
        assert stranger.get("/account").status_code == 200

    def test_the_cookie_is_kept_from_scripts_other_hosts_and_plain_lines(self, stranger):
        cookie = stranger.log_in().headers["set-cookie"]
        assert cookie.startswith("__Host-koubei=")
        flags = {flag.strip().lower() for flag in cookie.split(";")[1:]}
        assert flags == {"secure", "httponly", "samesite=lax", "path=/"}

    @pytest.mark.parametrize(("login", "password"), [("lin", "wrong"), ("nobody", PASSWORD)])
    def test_unknown_and_wrong_get_the_same_page(self, stranger, login, password):
        answer = stranger.log_in(login, password)
        assert answer.status_code == 401
        assert "登录名或密码不对" in answer.text
        assert SECURE_COOKIE not in stranger.cookies

    @pytest.mark.parametrize(
        "place", ["//evil.example", "https://evil.example", "/\\evil.example", "%2F%2Fevil.example"]
    )
    def test_it_never_leads_to_another_site(self, stranger, lin, place):
        assert stranger.log_in(place=place).headers["location"] == "/"
        assert lin.get(f"/login?next={place}").headers["location"] == "/"

    def test_a_form_of_another_browser_is_refused(self, house, stranger):
        page = Browser(house).get("/login")
        answer = stranger.submit(page, "/login", login="lin", password=PASSWORD)
        assert answer.status_code == 403
        assert SECURE_COOKIE not in stranger.cookies

    def test_a_session_that_was_there_before_is_not_taken_over(self, house, stranger):
        planted = "f" * 64
        stranger.keep(SECURE_COOKIE, planted)
        given = stranger.log_in().headers["set-cookie"]
        assert planted not in given
        assert account_of(house.begin_reading, planted, NOON) is None

    def test_logging_in_again_ends_the_session_before(self, house, lin):
        old = lin.cookies[SECURE_COOKIE]
        page = lin.get("/logout")  # a form of this browser, with its token
        lin.submit(page, "/login", login="lin", password=PASSWORD)
        assert account_of(house.begin_reading, old, NOON) is None

    def test_too_many_attempts_say_how_long_to_wait(self, house, stranger):
        for _ in range(5):
            stranger.log_in(password="wrong")
        answer = stranger.log_in()
        assert answer.status_code == 429
        assert "30 秒后" in answer.text
        house.clock.forward(timedelta(seconds=30))
        assert stranger.log_in().status_code == 303

    def test_what_was_typed_comes_back_as_text(self, stranger):
        answer = stranger.log_in('"><script>alert(1)</script>', "x")
        assert "<script" not in answer.text

    def test_a_body_of_any_size_is_not_read(self, stranger):
        page = stranger.get("/login")
        answer = stranger.submit(page, "/login", login="lin", password="x" * 70_000)
        assert answer.status_code == 413


class TestLogout:
    def test_it_ends_the_session_on_the_server(self, house, lin):
        token = lin.cookies[SECURE_COOKIE]
        answer = lin.submit(lin.get("/logout"), "/logout")
        assert answer.headers["location"] == "/login"
        assert account_of(house.begin_reading, token, NOON) is None
        lin.keep(SECURE_COOKIE, token)
        assert lin.get("/account").status_code == 303

    def test_a_link_alone_ends_nothing(self, house, lin):
        assert "退出登录？" in lin.get("/logout").text
        assert lin.get("/account").status_code == 200


class TestSecondStep:
    @pytest.fixture
    def secret(self, house) -> str:
        secret = prepare_second_factor(house.begin_work, "id-lin", seal=MASKER.seal)
        code = code_at(secret, step_of(NOON) - 1)
        confirm_second_factor(house.begin_work, "id-lin", code, unseal=MASKER.unseal, at=NOON)
        return secret

    def test_password_then_code_then_where_one_wanted_to_go(self, stranger, secret):
        page = stranger.log_in(place="/feed")
        assert SECURE_COOKIE not in stranger.cookies
        wrong = stranger.submit(page, "/login/code?next=/feed", code="000000")
        assert wrong.status_code == 401
        right = code_at(secret, step_of(NOON))
        entered = stranger.submit(wrong, "/login/code?next=/feed", code=right)
        assert entered.headers["location"] == "/feed"
        assert stranger.get("/account").status_code == 200

    def test_the_code_without_the_password_opens_nothing(self, stranger, secret):
        page = stranger.get("/login")
        right = code_at(secret, step_of(NOON))
        for ticket in ("", "0" * 64):
            answer = stranger.submit(page, "/login/code", ticket=ticket, code=right)
            assert answer.status_code == 401
        assert SECURE_COOKIE not in stranger.cookies


class TestWelcome:
    @pytest.fixture
    def link(self, house) -> str:
        made = invite(
            house.begin_work,
            "id-lin",
            login="chen",
            name="陈栖",
            roles={Role.ANALYST},
            at=NOON,
            house=house.house,
        )
        parts = urlsplit(made.url)
        return f"{parts.path}?{parts.query}"

    def test_the_invited_sets_a_password_and_is_in(self, stranger, link):
        page = stranger.get(link)
        assert "陈栖" in page.text
        entered = stranger.submit(page, "/welcome", password=PASSWORD, again=PASSWORD)
        assert entered.status_code == 303
        assert "陈栖" in stranger.get("/account").text
        assert stranger.get(link).status_code == 400

    @pytest.mark.parametrize(
        ("password", "again", "said"),
        [
            ("short", "short", "12 到 256"),
            ("password12345", "password12345", "太常见"),
            (PASSWORD, PASSWORD + "!", "不一致"),
        ],
    )
    def test_what_is_refused_is_said_and_the_link_lives(
        self, stranger, link, password, again, said
    ):
        page = stranger.get(link)
        answer = stranger.submit(page, "/welcome", password=password, again=again)
        assert answer.status_code == 400
        assert said in answer.text
        entered = stranger.submit(answer, "/welcome", password=PASSWORD, again=PASSWORD)
        assert entered.status_code == 303

    def test_a_reset_link_works_the_same(self, house, stranger):
        move_in(house.begin_work, an_account("chen", Role.ANALYST))
        link = reset(house.begin_work, "id-lin", "id-chen", at=NOON, house=house.house)
        page = stranger.get(f"/welcome?{urlsplit(link.url).query}")
        stranger.submit(
            page, "/welcome", password="another good sentence", again="another good sentence"
        )
        assert Browser(house).log_in("chen", "another good sentence").status_code == 303

    @pytest.mark.parametrize("ticket", ["", "x", "0" * 64, "%00", "<script>"])
    def test_any_other_link_is_dead(self, stranger, ticket):
        answer = stranger.get(f"/welcome?ticket={ticket}")
        assert answer.status_code == 400
        assert "链接已失效" in answer.text


def test_the_script_of_a_page_learns_whether_the_session_lives(lin, stranger):
    assert lin.get("/session").status_code == 204
    assert stranger.get("/session").status_code == 401
    assert lin.get("/session.js").headers["content-type"].startswith("text/javascript")


def test_two_browsers_of_one_person_have_sessions_of_their_own(house, lin):
    other = Browser(house)
    other.keep(SECURE_COOKIE, a_session(house.begin_work, an_account(), NOON))
    lin.submit(lin.get("/logout"), "/logout")
    assert other.get("/account").status_code == 200
