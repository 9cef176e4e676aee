"""Login with a company's OpenID provider: a real one, over HTTP, that does wrong when told."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import httpx
import pytest
from pydantic import SecretStr

from domain.account import AccountState, Role
from runtime.settings_model import Oidc
from tests.fakes import NOON
from tests.fixtures.browsing import Browser
from tests.fixtures.openid import CLIENT, SECRET, OpenId
from tests.fixtures.people import an_account, move_in, web_services
from tests.fixtures.serving import serving
from web.services import WebServices
from workflow.accounts import invite
from workflow.sessions import SECURE_COOKIE

pytestmark = pytest.mark.integration


@pytest.fixture
def provider() -> Iterator[OpenId]:
    provider = OpenId()
    with serving(provider.app):
        yield provider


@pytest.fixture
def house(tmp_path, provider) -> Iterator[WebServices]:
    with web_services(tmp_path, oidc=settings(provider)) as services:
        move_in(services.begin_work, an_account("admin", Role.ADMIN))
        yield services


def settings(provider: OpenId, **changes: object) -> Oidc:
    return Oidc(
        issuer=provider.address,
        client_id=CLIENT,
        client_secret=SecretStr(SECRET),
        **changes,  # type: ignore[arg-type]
    )


def known(provider: OpenId, **changes: object):
    return an_account(
        "lin",
        Role.ANALYST,
        password_hash="",
        oidc_issuer=provider.address,
        oidc_subject="4711",
        **changes,
    )


def begin(browser: Browser, path: str = "/oidc/start") -> str:
    """Go to the provider and return where it sends the browser back."""
    to_provider = browser.get(path)
    assert to_provider.status_code == 303, to_provider.text
    return httpx.get(to_provider.headers["location"]).headers["location"]


def come_back(browser: Browser, address: str) -> httpx.Response:
    parts = urlsplit(address)
    return browser.get(f"{parts.path}?{parts.query}")


def test_a_known_identity_is_in_where_it_wanted_to_go(house, provider):
    move_in(house.begin_work, known(provider))
    browser = Browser(house)
    asked = browser.get("/alerts?id=A-20261121-03")
    page = browser.get(asked.headers["location"])
    start = page.text.partition('href="/oidc/start')[2].partition('"')[0]
    answer = come_back(browser, begin(browser, f"/oidc/start{start}"))
    assert answer.headers["location"] == "/alerts?id=A-20261121-03"
    assert "Lin" in browser.get("/account").text


def test_what_is_asked_for_is_bound_by_state_nonce_and_pkce(house, provider):
    browsers = Browser(house), Browser(house)
    for browser in browsers:
        begin(browser)
    first, second = provider.asked
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) >= 43
        assert first[name] != second[name]
    assert first["code_challenge_method"] == "S256"
    assert first["redirect_uri"] == "https://koubei.example/oidc/callback"
    assert first["scope"] == "openid profile email"


@pytest.mark.parametrize(
    "fault",
    [
        "state",
        "nonce",
        "no nonce",
        "audience",
        "expired",
        "other issuer",
        "other key",
        "unsigned",
        "denied",
        "endpoint",
    ],
)
def test_an_answer_that_is_wrong_lets_nobody_in(house, provider, fault):
    move_in(house.begin_work, known(provider))
    provider.faults.add(fault)
    browser = Browser(house)
    answer = come_back(browser, begin(browser))
    assert answer.status_code == 403
    assert SECURE_COOKIE not in browser.cookies
    assert "4711" not in answer.text


def test_a_provider_of_another_name_is_not_even_gone_to(house, provider):
    provider.faults.add("issuer")
    assert Browser(house).get("/oidc/start").status_code == 403


def test_a_provider_that_is_away_is_said_to_be(house):
    away = replace(house, oidc=house.oidc.model_copy(update={"issuer": "http://127.0.0.1:9"}))
    answer = Browser(away).get("/oidc/start")
    assert answer.status_code == 403
    assert "企业身份服务未能确认" in answer.text


def test_an_answer_works_once_and_in_the_browser_that_asked(house, provider):
    move_in(house.begin_work, known(provider))
    browser, other = Browser(house), Browser(house)
    back = begin(browser)
    begin(other)
    assert come_back(other, back).status_code == 403, "login CSRF: somebody else's answer"
    assert come_back(browser, back).status_code == 303
    assert come_back(Browser(house), back).status_code == 403
    assert come_back(browser, back).status_code in {303, 403}


def test_new_keys_of_the_provider_are_fetched(house, provider):
    move_in(house.begin_work, known(provider))
    browser = Browser(house)
    come_back(browser, begin(browser))
    provider.change_keys()
    assert come_back(browser, begin(browser)).status_code == 303


def test_the_secret_in_the_form_where_the_provider_wants_it_there(house, provider):
    move_in(house.begin_work, known(provider))
    provider.faults.add("post")
    browser = Browser(house)
    assert come_back(browser, begin(browser)).status_code == 303


class TestUnknown:
    def test_nobody_is_let_in_by_the_mail_address_of_another(self, house, provider):
        move_in(
            house.begin_work,
            an_account("lin.lan", Role.APPROVER_L3, address="lin.lan@example.com"),
        )
        browser = Browser(house)
        answer = come_back(browser, begin(browser))
        assert answer.status_code == 403
        assert "没有与此企业身份对应的账号" in answer.text

    @pytest.mark.parametrize("taken", [False, True])
    def test_where_accounts_are_made_a_new_one_has_no_roles(self, house, provider, taken):
        if taken:
            move_in(house.begin_work, an_account("lin.lan", Role.APPROVER_L3))
        making = replace(house, oidc=settings(provider, create_accounts=True))
        browser = Browser(making)
        assert come_back(browser, begin(browser)).status_code == 303
        with house.begin_reading() as work:
            account = work.accounts.by_identity(provider.address, "4711")
        assert account.roles == frozenset()
        assert account.name == "林澜"
        assert (account.login == "lin.lan") is not taken

    def test_one_of_another_provider_with_the_same_subject_is_another(self, house, provider):
        move_in(
            house.begin_work,
            replace(known(provider), oidc_issuer="https://elsewhere.example"),
        )
        browser = Browser(house)
        assert come_back(browser, begin(browser)).status_code == 403

    def test_a_disabled_account_stays_out(self, house, provider):
        move_in(house.begin_work, known(provider, state=AccountState.DISABLED))
        browser = Browser(house)
        assert come_back(browser, begin(browser)).status_code == 403
        assert SECURE_COOKIE not in browser.cookies


def test_an_invitation_is_redeemed_with_the_company_s_identity(house, provider):
    made = invite(
        house.begin_work,
        "id-admin",
        login="lin",
        name="林澜",
        roles={Role.DRAFTER},
        at=NOON,
        house=house.house,
    )
    browser = Browser(house)
    page = browser.get(f"/welcome?{urlsplit(made.url).query}")
    start = page.text.partition('href="/oidc/start')[2].partition('"')[0]
    assert come_back(browser, begin(browser, f"/oidc/start{start}")).status_code == 303
    assert "拟稿人" in browser.get("/account").text
    again = Browser(house)
    assert come_back(again, begin(again)).status_code == 303, "known from now on"
    other = Browser(house)
    assert come_back(other, begin(other, f"/oidc/start{start}")).status_code == 400, "used up"


class TestGroups:
    ROLES = ("pr-duty=duty_lead analyst", "pr-legal=legal", "it=admin")

    def enter(self, house, provider, *groups):
        provider.person["groups"] = list(groups)
        grouped = replace(house, oidc=settings(provider, group_roles=self.ROLES))
        browser = Browser(grouped)
        assert come_back(browser, begin(browser)).status_code == 303
        with house.begin_reading() as work:
            return work.accounts.by_identity(provider.address, "4711").roles

    def test_groups_bring_their_roles_and_take_them_again(self, house, provider):
        move_in(house.begin_work, known(provider))
        both = self.enter(house, provider, "pr-duty", "pr-legal", "everybody")
        assert both == {Role.DUTY_LEAD, Role.ANALYST, Role.LEGAL}
        assert self.enter(house, provider, "pr-legal") == {Role.LEGAL}
        assert self.enter(house, provider) == frozenset()
        with house.begin_reading() as work:
            rows = [row for row in work.audit.rows() if row.action == "account.roles_changed"]
        assert [row.actor for row in rows] == ["system:oidc"] * 3

    def test_the_last_admin_stays_one_whatever_the_provider_says(self, house, provider):
        with house.begin_work() as work:
            admin = work.accounts.get("id-admin")
            work.accounts.save(replace(admin, oidc_issuer=provider.address, oidc_subject="4711"))
            work.commit()
        assert self.enter(house, provider, "pr-legal") == {Role.LEGAL, Role.ADMIN}
