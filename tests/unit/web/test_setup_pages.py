import re

import pytest

from domain.account import Role
from tests.fakes import NOON
from tests.fixtures.browsing import Browser
from tests.fixtures.people import PASSWORD, a_session, an_account, move_in
from workflow.first_start import first_code
from workflow.sessions import SECURE_COOKIE


def fill_in(browser, code, **changes):
    fields = {
        "code": code,
        "login": "lin",
        "name": "林澜",
        "password": PASSWORD,
        "again": PASSWORD,
        "size": "small",
        **changes,
    }
    return browser.submit(browser.get("/setup"), "/setup", fields)


def test_from_nothing_to_a_team_in_which_somebody_else_approves(services):
    browser = Browser(services)
    code = first_code(services.begin_work, NOON)
    made = fill_in(browser, code)
    assert made.headers["location"] == "/setup/team?size=small"
    team = browser.get("/setup/team?size=small")
    assert "再邀请至少一位同事" in team.text
    assert "不能审批自己的稿子" in team.text

    invited = browser.submit(
        team, "/setup/team?size=small", login="chen", name="陈栖", preset="handler"
    )
    link = re.search(r"https://koubei\.example(/welcome\?ticket=[0-9a-f]{64})", invited.text)
    assert link
    assert "再邀请至少一位同事" not in invited.text

    colleague = Browser(services)
    page = colleague.get(link[1])
    colleague.submit(page, "/welcome", password=PASSWORD, again=PASSWORD)
    assert "拟稿人" in colleague.get("/account").text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"code": "AAAA-AAAA"}, "初始化代码不对"),
        ({"password": "password12345", "again": "password12345"}, "太常见"),
        ({"again": "something else"}, "不一致"),
        ({"login": "x"}, "登录名应为"),
        ({"name": "  "}, "姓名应为"),
        ({"mail_address": "nowhere"}, "邮箱地址"),
    ],
)
def test_what_is_refused_is_said_and_what_was_typed_stays(services, changes, said):
    changes = dict(changes)
    browser = Browser(services)
    code = first_code(services.begin_work, NOON)
    answer = fill_in(browser, changes.pop("code", code), **changes)
    assert answer.status_code == 400
    assert said in answer.text
    assert PASSWORD not in answer.text
    assert fill_in(browser, code).status_code == 303


def test_the_first_start_is_over_once_there_is_an_account(house, stranger):
    for answer in (stranger.get("/setup"), fill_in(stranger, "AAAA")):
        assert (answer.status_code, answer.headers["location"]) == (303, "/")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_only_an_admin_adds_to_the_team(house, method):
    move_in(house.begin_work, an_account("chen", Role.ANALYST))
    browser = Browser(house)
    token = a_session(house.begin_work, an_account("chen"), NOON)
    browser.keep(SECURE_COOKIE, token)
    page = browser.get("/logout")
    answer = (
        browser.get("/setup/team")
        if method == "GET"
        else browser.submit(page, "/setup/team", login="new", name="n", preset="lead")
    )
    assert answer.status_code == 403
    with house.begin_reading() as work:
        assert work.accounts.by_login("new") is None


def test_a_position_that_the_team_does_not_have_is_refused(lin):
    page = lin.get("/setup/team?size=small")
    for wanted in ("", "admin", "approver_l3"):
        answer = lin.submit(page, "/setup/team?size=small", login="new", name="n", preset=wanted)
        assert answer.status_code == 400
        assert "请选择岗位" in answer.text
