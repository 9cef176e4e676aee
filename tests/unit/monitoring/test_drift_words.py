"""A drift is told by name, place, time and figures, to whoever can mend it, once."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from domain.account import Account, Role
from domain.brand import Recipient
from domain.drift import COUNTED, DriftKind, Episode
from domain.mention import Platform
from monitoring.attention import Concern, notices
from monitoring.drift_words import drift_words, field_word, tell_drift
from tests.fakes import NOON

ZONE = ZoneInfo("Asia/Shanghai")
GONE = Episode(
    "weibo",
    Platform.WEIBO,
    "weibo_search",
    "likes",
    DriftKind.VANISHED,
    NOON,
    NOON,
    (120, 120),
    (0, 9),
)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "监测失明：微博 weibo_search 自 12:00 起读不到「点赞数」"),
        ({}, "：此前 120/120，现在 0/9"),
        ({"kind": DriftKind.FELL, "after": (2, 9)}, "很少读到「点赞数」：此前 120/120"),
        ({"kind": DriftKind.BARE, "field": "mentions"}, "页面说有内容却读不到任何提及"),
        ({"kind": DriftKind.LAYOUT, "field": "created_at"}, "找不到「created_at」，整页读不出"),
        ({"before": (0, 0)}, "读不到「点赞数」：现在 0/9"),
    ],
)
def test_it_names_platform_surface_field_time_and_figures(changes, told):
    said = drift_words(replace(GONE, **changes), NOON, ZONE)
    assert told in said.text.zh
    assert "koubei capture" in said.mend.zh
    assert ("字段 likes：" in said.mend.zh) == (changes.get("field") is None)
    assert "docs/layout.md" in said.mend.en


def test_what_a_page_calls_a_field_cannot_command():
    said = drift_words(replace(GONE, field="\x1b[31m" + "x" * 200), NOON, ZONE)
    assert "\x1b" not in said.text.zh
    assert len(said.text.zh) < 400


@pytest.mark.parametrize("name", COUNTED)
def test_every_field_has_a_word(name):
    assert field_word(name).zh != name


def tell(begin):
    return tell_drift(begin, NOON, zone=ZONE, public_url="https://koubei.example.com")


def mails(begin):
    with begin() as work:
        return {mail.recipient: mail for mail in work.outbox.recent()}


def test_an_admin_is_told_once(begin):
    admin = Account("a1", "lin", "林", frozenset({Role.ADMIN}), NOON, address="lin@example.com")
    with begin() as work:
        work.accounts.add(admin)
        work.accounts.add(replace(admin, id="a2", login="wu", roles=frozenset({Role.ANALYST})))
        work.drift.save(GONE)
        work.commit()
    assert tell(begin) == 1
    assert tell(begin) == 0
    (mail,) = mails(begin).values()
    assert mail.recipient == "lin@example.com"
    assert "点赞数" in mail.rendered.subject
    assert "https://koubei.example.com/crawl" in mail.rendered.text


def test_without_an_admin_the_recipients_are_told_and_until_there_are_any_it_waits(begin):
    with begin() as work:
        work.drift.save(GONE)
        work.drift.save(replace(GONE, field="author", ended_at=NOON))
        work.commit()
    assert tell(begin) == 0
    with begin() as work:
        version, configuration = work.configuration.current()
        duty = Recipient("duty", "值班", "duty@example.com")
        work.configuration.save(
            replace(configuration, recipients=(duty,)),
            expected_version=version,
            actor="test",
            at=NOON,
            origin="test",
        )
        work.commit()
    assert tell(begin) == 1
    assert list(mails(begin)) == ["duty@example.com"]


def test_the_first_page_says_it_until_it_is_over(begin):
    with begin() as work:
        work.drift.save(GONE)
        work.commit()
    (notice,) = notices(begin, NOON, ZONE)
    assert (notice.concern, notice.grave) == (Concern.COLLECTING, True)
    assert "点赞数" in notice.text.zh
    with begin() as work:
        work.drift.save(replace(GONE, ended_at=NOON))
        work.commit()
    assert notices(begin, NOON, ZONE) == ()
