"""What is past its time is destroyed, what is not stays."""

from datetime import timedelta

from domain.account import Session
from domain.crawl import Sighting, SightingOutcome
from domain.dead_letter import DeadLetter
from domain.errors import Text
from domain.login import Attempts, Ticket, TicketKind
from domain.spool import WaitingLook
from monitoring.housekeeping import Keep, tidy
from storage.archive import FilePageArchive
from tests.fakes import NOON, FixedClock, a_mention

DAY = timedelta(days=1)


def test_each_kind_goes_by_its_own_time(begin, tmp_path):
    clock = FixedClock(NOON - 40 * DAY)
    archive = FilePageArchive(tmp_path / "pages", clock)
    old = archive.put(b"old page")
    clock.forward(39 * DAY)
    new = archive.put(b"new page")
    with begin() as work:
        work.sealed_names.put([("weibo:1", b"x", NOON - DAY), ("weibo:2", b"y", NOON + DAY)])
        work.crawls.saw(
            Sighting(f"weibo:{age}", "", "run", NOON - age * DAY, SightingOutcome.STORED)
            for age in (10, 100)
        )
        for age in (89, 91):
            began = NOON - age * DAY
            work.accounts.begin_session(Session(f"{age}", "lin", began, began))
        for hours in (-1, 1):
            moment = NOON + timedelta(hours=hours)
            work.logins.add_ticket(Ticket(f"{hours}", TicketKind.OIDC, moment))
            work.logins.save_attempts(Attempts(f"{hours}", 1, moment - DAY))
        why = Text("字段不符", "field")
        for age in (179, 181):
            then = NOON - age * DAY
            work.dead_letters.put([DeadLetter(a_mention(f"{age}"), why, "run", then, then)])
        begun = NOON - 91 * DAY
        work.spooled.add(WaitingLook("l", "house", "run", "run", "tea", begun, begun, 1))
        work.spooled.take_off("l", new=0, dead_lettered=0)
        work.commit()
    gone = tidy(begin, archive, NOON, Keep())
    assert gone == {
        "pages": 1,
        "evaluations": 0,
        "sealed_names": 1,
        "sightings": 1,
        "dead_letters": 1,
        "spool_debts": 1,
        "slots": 0,
        "sessions": 1,
        "tickets": 1,
        "login_attempts": 1,
    }
    assert archive.get(old) is None
    assert archive.get(new) == b"new page"
    with begin() as work:
        assert work.sealed_names.get("weibo:2") == b"y"
        assert work.crawls.sightings("weibo:10")
