"""Signing, withdrawing and telling of the sheets of sources (采集影响评估)."""

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.account import AccountState, Role
from domain.assessment import Lapse, Proof, rate_of
from domain.brand import Configuration, Watch
from domain.coverage import CoverageRow, CoverageState
from domain.errors import InputRefused, NotPermitted, VersionConflict
from domain.mention import Platform
from tests.fakes import NOON
from tests.fixtures.people import MASKER, PASSWORD, QUICK, an_account, move_in
from tests.fixtures.sheets import a_snapshot, a_source
from workflow.assessments import (
    Hand,
    Pacing,
    Sheet,
    Voice,
    note_export,
    sheets,
    sign,
    tell,
    withdraw,
)
from workflow.login import Door
from workflow.second_factor import confirm_second_factor, prepare_second_factor
from workflow.totp import code_at, step_of

DAY = timedelta(days=1)
PACING = Pacing(timedelta(seconds=5), ())
VOICE = Voice("zh", ZoneInfo("Asia/Shanghai"), "https://koubei.example")
WATCH = Watch("tea", "奶茶", ("t",), ("云栈",), ("weibo-search",))
CONFIGURATION = Configuration(watches=(WATCH,), sources=(a_source(),))


@pytest.fixture
def begin(services):
    move_in(
        services.begin_work,
        an_account("lin", Role.ADMIN, address="lin@example.com"),
        an_account("fang", Role.LEGAL),
        an_account("chen", Role.ANALYST, Role.DUTY_LEAD),
        an_account("gone", Role.ADMIN, state=AccountState.DISABLED),
        an_account("sso", Role.LEGAL, password_hash="", oidc_issuer="i", oidc_subject="s"),
    )
    save(services.begin_work, CONFIGURATION)
    return services.begin_work


def save(begin, configuration):
    with begin() as work:
        version, _ = work.configuration.current()
        work.configuration.save(
            configuration, expected_version=version, actor="t", at=NOON, origin="t"
        )
        work.commit()


def a_filled_sheet(**changes) -> Sheet:
    fields = {
        "source_id": "weibo-search",
        "purpose": "监测自有品牌的公开口碑",
        "robots": a_snapshot(),
        "rate": rate_of(CONFIGURATION, a_source(), PACING.of(a_source())),
        "terms_url": "https://weibo.com/terms",
        "terms_read_on": date(2026, 11, 20),
        "effect": "每天约百次请求，影响可以忽略",
        "allows_disallowed": True,
        **changes,
    }
    return Sheet(**fields)


def put_hand(begin, login="lin", password=PASSWORD, code="", at=NOON, **changes):
    hand = Hand(f"id-{login}", password, code, "192.0.2.1", MASKER.unseal)
    door = Door(begin, QUICK)
    return sign(begin, a_filled_sheet(**changes), hand, door=door, pacing=PACING, at=at)


def standing(begin, at=NOON):
    return sheets(begin, PACING, at)[0].standing


@pytest.mark.parametrize("login", ["lin", "fang"])
def test_an_admin_or_legal_signs_with_the_own_password_and_the_trail_has_it(begin, login):
    signed = put_hand(begin, login)
    assert (signed.id, signed.proof, signed.version) == ("P-20261120-01", Proof.ALONE, 0)
    assert signed.signed_by == f"id-{login}"
    assert signed.valid_until == NOON + 180 * DAY
    assert standing(begin).permits
    with begin() as work:
        [row] = work.audit.of("source:weibo-search")
    assert (row.action, row.actor) == ("assessment.signed", f"account:id-{login}")
    assert signed.robots.sha256 in row.payload


@pytest.mark.parametrize("login", ["chen", "gone", "nobody"])
def test_nobody_else_signs_and_nothing_is_written(begin, login):
    with pytest.raises(NotPermitted):
        put_hand(begin, login)
    assert standing(begin).signed is None
    with begin() as work:
        assert work.audit.of("source:weibo-search") == []


def test_a_wrong_password_signs_nothing_and_is_counted(begin):
    for _ in range(20):
        with pytest.raises((InputRefused, NotPermitted)) as refusal:
            put_hand(begin, password="wrong")
    assert isinstance(refusal.value, NotPermitted), "by then one has to wait"
    assert standing(begin).signed is None


def test_who_has_a_second_factor_signs_with_it_and_a_code_signs_once(begin):
    secret = prepare_second_factor(begin, "id-lin", seal=MASKER.seal)
    first = code_at(secret, step_of(NOON) - 1)
    confirm_second_factor(begin, "id-lin", first, unseal=MASKER.unseal, at=NOON)
    with pytest.raises(InputRefused):
        put_hand(begin)
    code = code_at(secret, step_of(NOON))
    assert put_hand(begin, code=code).proof is Proof.WITH_CODE
    with pytest.raises(InputRefused):
        put_hand(begin, code=code)


def test_who_comes_by_the_company_login_signs_as_that(begin):
    assert put_hand(begin, "sso", password="").proof is Proof.COMPANY


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"purpose": "  看看  "}, "目的"),
        ({"effect": ""}, "对服务的影响"),
        ({"terms_url": "javascript:alert(1)"}, "平台条款"),
        ({"terms_url": ""}, "平台条款"),
        ({"terms_read_on": date(2026, 11, 21)}, "平台条款"),
        ({"terms_read_on": date(2026, 10, 1)}, "平台条款"),
        ({"robots": a_snapshot(status=503, text="")}, "robots.txt"),
        ({"robots": a_snapshot(status=403, text="")}, "robots.txt"),
        ({"robots": a_snapshot(read_at=NOON - 25 * timedelta(hours=1))}, "robots.txt"),
        ({"robots": a_snapshot(url="https://weibo.com/robots.txt")}, "robots.txt"),
        ({"source_id": "nosuch"}, "nosuch"),
    ],
)
def test_an_incomplete_sheet_is_refused_with_the_place(begin, changes, place):
    with pytest.raises(InputRefused) as refusal:
        put_hand(begin, **changes)
    assert refusal.value.place == place
    assert standing(begin).signed is None


def test_what_is_signed_is_what_was_seen(begin):
    save(begin, replace(CONFIGURATION, watches=(replace(WATCH, queries=("云栈", "云栈奶茶")),)))
    with pytest.raises(NotPermitted):
        put_hand(begin)


def test_more_queries_end_a_sheet_and_fewer_bring_it_back(begin):
    put_hand(begin)
    save(begin, replace(CONFIGURATION, watches=(replace(WATCH, queries=("云栈", "云栈奶茶")),)))
    assert standing(begin).lapse is Lapse.FASTER
    save(begin, CONFIGURATION)
    assert standing(begin).permits


def test_a_robots_txt_that_a_run_found_changed_ends_it_until_signed_anew(begin):
    put_hand(begin)
    row = CoverageRow(
        "tea", "weibo-search", Platform.WEIBO, NOON, NOON + DAY, NOON + DAY,
        CoverageState.FAILED, "run-1", reason="assessment_robots_changed",
    )  # fmt: skip
    with begin() as work:
        work.coverage.record(row)
        work.commit()
    later = NOON + 2 * DAY
    assert standing(begin, later).lapse is Lapse.ROBOTS_CHANGED
    snapshot = a_snapshot("User-agent: *\nDisallow: /\n", read_at=later)
    put_hand(begin, at=later, robots=snapshot)
    assert standing(begin, later).permits


class TestWithdrawing:
    def test_it_holds_no_longer_from_that_moment_and_says_why(self, begin):
        signed = put_hand(begin)
        gone = withdraw(begin, "id-fang", signed.id, reason="平台来函", expected_version=0, at=NOON)
        assert (gone.withdrawn_by, gone.withdrawn_reason) == ("id-fang", "平台来函")
        assert standing(begin).lapse is Lapse.WITHDRAWN
        with begin() as work:
            assert work.audit.of("source:weibo-search")[-1].action == "assessment.withdrawn"
            assert [one.id for one in work.assessments.history("weibo-search")] == [signed.id]

    def test_not_without_the_role_a_reason_or_upon_an_older_version(self, begin):
        signed = put_hand(begin)
        how = {"expected_version": 0, "at": NOON}
        with pytest.raises(NotPermitted):
            withdraw(begin, "id-chen", signed.id, reason="x", **how)
        with pytest.raises(InputRefused):
            withdraw(begin, "id-lin", signed.id, reason=" ", **how)
        with pytest.raises(VersionConflict):
            withdraw(begin, "id-lin", signed.id, reason="x", expected_version=7, at=NOON)
        withdraw(begin, "id-lin", signed.id, reason="x", **how)
        with pytest.raises(InputRefused):
            withdraw(begin, "id-lin", signed.id, reason="x", **how)


class TestTelling:
    def told(self, begin, at):
        tell(begin, PACING, VOICE, at=at)
        with begin() as work:
            return [
                (mail.recipient, mail.rendered.subject, mail.rendered.text)
                for mail in work.outbox.recent()
            ]

    def test_a_fortnight_before_its_end_who_may_sign_is_told_once(self, begin):
        signed = put_hand(begin)
        assert self.told(begin, NOON + 165 * DAY) == []
        [(address, subject, text)] = self.told(begin, NOON + 166 * DAY)
        assert address == "lin@example.com"
        assert subject == "【采集】来源 weibo-search 的影响评估将于 2027-05-19 到期"
        assert signed.id in text
        assert "https://koubei.example/settings?part=sources&source=weibo-search" in text
        assert len(self.told(begin, NOON + 170 * DAY)) == 1
        assert len(self.told(begin, NOON + 180 * DAY)) == 2, "and once more when it is over"
        assert len(self.told(begin, NOON + 190 * DAY)) == 2

    def test_a_lapse_is_told_and_a_withdrawal_is_not(self, begin):
        signed = put_hand(begin)
        save(begin, replace(CONFIGURATION, watches=(replace(WATCH, queries=("云", "栈")),)))
        [(_, subject, _)] = self.told(begin, NOON)
        assert subject.endswith("已失效：采集频率高于所签")
        save(begin, CONFIGURATION)
        withdraw(begin, "id-lin", signed.id, reason="x", expected_version=0, at=NOON)
        assert len(self.told(begin, NOON + 200 * DAY)) == 1

    def test_a_source_that_is_switched_off_is_no_news(self, begin):
        put_hand(begin)
        save(begin, replace(CONFIGURATION, sources=(a_source(enabled=False),)))
        assert self.told(begin, NOON + 179 * DAY) == []


def test_taking_a_sheet_out_of_the_house_is_noted(begin):
    signed = put_hand(begin)
    note_export(begin, "id-chen", signed, NOON)
    with begin() as work:
        row = work.audit.of("source:weibo-search")[-1]
    assert (row.action, row.actor) == ("assessment.exported", "account:id-chen")
