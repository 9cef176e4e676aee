import re
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.fakes import NOON
from tests.fixtures.browsing import Browser
from tests.fixtures.people import PASSWORD, a_session, an_account
from workflow.sessions import account_of
from workflow.totp import code_at, step_of

OTHER = "an entirely other sentence"


def test_a_changed_password_ends_all_but_this_browser(house, lin):
    elsewhere = a_session(house.begin_work, an_account(), NOON)
    answer = lin.submit(
        lin.get("/account"), "/account/password", present=PASSWORD, password=OTHER, again=OTHER
    )
    assert "密码已修改" in answer.text
    assert account_of(house.begin_reading, elsewhere, NOON) is None
    assert lin.get("/account").status_code == 200
    assert Browser(house).log_in(password=PASSWORD).status_code == 401
    assert Browser(house).log_in(password=OTHER).status_code == 303


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"present": "wrong", "password": OTHER, "again": OTHER}, "原密码不对"),
        (
            {"present": PASSWORD, "password": "lin lin lin lin", "again": "lin lin lin lin"},
            "太常见",
        ),
        ({"present": PASSWORD, "password": OTHER, "again": "x"}, "不一致"),
    ],
)
def test_what_is_refused_changes_nothing(house, lin, fields, said):
    answer = lin.submit(lin.get("/account"), "/account/password", fields)
    assert answer.status_code == 400
    assert said in answer.text
    assert Browser(house).log_in().status_code == 303


def test_the_second_factor_is_set_up_used_and_taken_away(house, lin):
    shown = lin.submit(lin.get("/account"), "/account/second-factor", present=PASSWORD)
    address = re.search(r'href="(otpauth:[^"]+)"', shown.text)
    assert address
    secret = parse_qs(urlsplit(address[1].replace("&amp;", "&")).query)["secret"][0]
    code = code_at(secret, step_of(NOON))
    wrong = lin.submit(shown, "/account/second-factor/confirm", code="000000")
    assert "验证码不对" in wrong.text
    on = lin.submit(shown, "/account/second-factor/confirm", code=code)
    assert "动态验证码已启用" in on.text
    assert "输入动态验证码" in Browser(house).log_in().text

    refused = lin.submit(on, "/account/second-factor/off", present="wrong")
    assert "原密码不对" in refused.text
    off = lin.submit(on, "/account/second-factor/off", present=PASSWORD)
    assert "动态验证码已停用" in off.text
    assert Browser(house).log_in().status_code == 303


def test_all_other_logins_end_by_one_button(house, lin):
    others = [a_session(house.begin_work, an_account(), NOON) for _ in range(2)]
    page = lin.get("/account")
    assert page.text.count("登录于") == 3
    answer = lin.submit(page, "/account/sessions")
    assert answer.text.count("登录于") == 1
    assert [account_of(house.begin_reading, one, NOON) for one in others] == [None, None]
