"""What the first page must not hide."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from domain.brand import Configuration
from domain.dead_letter import DeadLetter
from domain.errors import Text
from domain.keeping import OutboxHold
from domain.outbox import OutboxState
from domain.roster import Roster, Shift, Weekday
from domain.silence import Silence, SilenceScope
from domain.spool import WaitingLook
from monitoring.attention import Concern, notices
from monitoring.spool_words import GRAVE_AFTER
from tests.fakes import NOON, a_mention
from tests.fixtures.mails import a_mail
from tests.fixtures.sheets import a_sheet, a_source

ZONE = ZoneInfo("Asia/Shanghai")
MINUTE = timedelta(minutes=1)


def told(begin):
    return [(n.concern, n.text.zh, n.grave) for n in notices(begin, NOON, ZONE)]


def test_nothing_in_the_way_is_nothing_said(begin):
    assert told(begin) == []


def test_a_mail_that_waits_for_more_than_a_minute_is_said(begin):
    with begin() as work:
        work.outbox.add(a_mail("new", created_at=NOON))
        work.commit()
    assert told(begin) == []
    with begin() as work:
        work.outbox.add(a_mail("old", created_at=NOON - 2 * MINUTE))
        work.commit()
    assert told(begin) == [(Concern.MAIL, "2 封邮件在等待发送", True)]


def test_a_held_outbox_is_said_before_its_backlog(begin):
    with begin() as work:
        work.outbox.add(a_mail("old", created_at=NOON - 2 * MINUTE))
        work.notes.hold_outbox(OutboxHold(NOON, NOON - MINUTE, "koubei.kbk"))
        work.commit()
    assert told(begin) == [(Concern.MAIL, "发件箱已暂停，邮件不会发出", True)]


def test_a_mail_that_was_given_up_is_said(begin):
    with begin() as work:
        work.outbox.add(a_mail("m"))
        work.outbox.claim("me", NOON, MINUTE)
        work.outbox.settle("m", "me", OutboxState.DEAD, at=NOON)
        work.commit()
    assert told(begin) == [(Concern.MAIL, "1 封邮件没有送出", True)]


def test_an_empty_duty_of_the_next_day_is_said(begin):
    with begin() as work:
        version, configuration = work.configuration.current()
        morning = Shift(tuple(Weekday), timedelta(0), timedelta(hours=18), ("a",))
        work.configuration.save(
            type(configuration)(rosters=(Roster("r", (morning,)),)),
            expected_version=version,
            actor="t",
            at=NOON,
            origin="t",
        )
        work.commit()
    assert told(begin) == [(Concern.DUTY, "18:00 起无人值班", True)]


def test_silences_are_said_with_their_end(begin):
    with begin() as work:
        work.silences.add(
            Silence(
                "S-1", SilenceScope("tea"), "lin", "预热活动", NOON - MINUTE, NOON + 60 * MINUTE
            )
        )
        work.commit()
    assert told(begin) == [(Concern.SILENCE, "1 项静默，最晚到 13:00", False)]


def test_looks_that_wait_for_the_store_are_said_once_they_are_minutes_old(begin):
    since = NOON - GRAVE_AFTER
    with begin() as work:
        work.spooled.add(WaitingLook("l1", "house-1", "run-1", "", "tea", since, since, 9))
        work.commit()
    assert told(begin) == []
    earlier = since - MINUTE
    with begin() as work:
        work.spooled.add(WaitingLook("l2", "house-2", "run-2", "", "tea", earlier, earlier, 9))
        work.commit()
    words = "11:54 起 2 次抓取结果未能入库，预警看不到这些内容"
    assert told(begin) == [(Concern.COLLECTING, words, True)]


def test_dead_letters_are_said_quietly(begin):
    with begin() as work:
        letter = DeadLetter(a_mention(), Text("字段不符", "field"), "run-1", NOON, NOON)
        work.dead_letters.put([letter])
        work.commit()
    assert told(begin) == [(Concern.COLLECTING, "1 条内容被内容库拒收，原文已保存", False)]


class TestSheets:
    """采集影响评估 that has to be signed anew."""

    def put(self, begin, **changes):
        with begin() as work:
            version, _ = work.configuration.current()
            work.configuration.save(
                Configuration(sources=(a_source(),)),
                expected_version=version,
                actor="t",
                at=NOON,
                origin="t",
            )
            work.assessments.add(a_sheet(**changes))
            work.commit()

    def test_one_that_ends_within_a_fortnight_is_said(self, begin):
        self.put(begin, valid_until=NOON + timedelta(days=14))
        said = "来源 weibo-search 的采集影响评估将于 2026-12-04 到期，请重新签署"
        assert told(begin) == [(Concern.COLLECTING, said, False)]

    def test_one_that_is_over_is_grave(self, begin):
        self.put(begin, valid_until=NOON)
        said = "来源 weibo-search 的采集影响评估已于 2026-11-20 到期，不再采集"
        assert told(begin) == [(Concern.COLLECTING, said, True)]

    def test_one_that_lasts_or_that_nothing_rests_on_is_not(self, begin):
        self.put(begin, valid_until=NOON, allows_disallowed=False)
        assert told(begin) == []
