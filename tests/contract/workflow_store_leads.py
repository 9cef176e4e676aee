"""What every workflow database has to do with leads and seen pages; a subclass gives `engine`."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from domain.errors import VersionConflict
from domain.evidence import SeenPage
from domain.lead import ImageKind, Lead, LeadState, Screenshot
from domain.links import Place
from storage.sql.database import begin_work
from tests.fakes import NOON

DAY = timedelta(days=1)


def a_lead(number: int = 1, **changes: object) -> Lead:
    lead = Lead(
        id=f"L-20261120-{number:02d}",
        state=LeadState.RECEIVED,
        reporter_id="li",
        reported_at=NOON + number * timedelta(minutes=1),
        place=Place.WECHAT,
        screenshots=(Screenshot("a" * 64, ImageKind.PNG, 9, "b" * 64),),
        note="朋友圈在传",
    )
    return replace(lead, **changes)  # type: ignore[arg-type]


class LeadStoreContract:
    def test_a_lead_comes_back_as_it_was_written(self, engine: Engine) -> None:
        begin = begin_work(engine)
        with begin() as work:
            work.leads.add(a_lead())
            work.commit()
        with begin() as work:
            assert work.leads.get("L-20261120-01") == a_lead()
            assert work.leads.get("L-20261120-02") is None
            with pytest.raises(VersionConflict):
                work.leads.add(a_lead(note="another"))

    def test_a_lead_changes_only_from_the_version_that_was_read(self, engine: Engine) -> None:
        with begin_work(engine)() as work:
            work.leads.add(a_lead())
            saved = work.leads.save(replace(a_lead(), state=LeadState.DISMISSED))
            assert (saved.version, work.leads.get(saved.id)) == (1, saved)
            with pytest.raises(VersionConflict) as conflict:
                work.leads.save(a_lead())
            assert (conflict.value.expected, conflict.value.found) == (0, 1)

    def test_leads_are_found_by_reporter_state_and_thing(self, engine: Engine) -> None:
        second = a_lead(2, same_as="L-20261120-01", reporter_id="wang")
        third = a_lead(3, state=LeadState.DISMISSED)
        with begin_work(engine)() as work:
            for lead in (a_lead(), second, third):
                work.leads.add(lead)
            assert work.leads.of_reporter("li") == [third, a_lead()]
            assert work.leads.of_reporter("li", limit=1) == [third]
            assert work.leads.same_as("L-20261120-01") == [second, a_lead()]
            assert work.leads.in_state(LeadState.RECEIVED) == [a_lead()]
            assert work.leads.count(LeadState.RECEIVED) == 1
            assert work.leads.count(LeadState.IN_CASE) == 0
            assert work.leads.all_kept() == [second, a_lead()]

    def test_numbers_have_no_gaps(self, engine: Engine) -> None:
        begin = begin_work(engine)
        with begin() as work:
            assert work.leads.next_id("20261120") == "L-20261120-01"
        with begin() as work:
            assert work.leads.next_id("20261120") == "L-20261120-01"
            assert work.leads.next_id("20261120") == "L-20261120-02"
            assert work.leads.next_id("20261121") == "L-20261121-01"

    def test_of_many_at_once_one_has_the_key(self, engine: Engine) -> None:
        begin = begin_work(engine)

        def claim(number: int) -> str:
            with begin() as work:
                owner = work.leads.claim_key("link:weibo:1", f"L-{number}")
                work.commit()
            return owner

        with ThreadPoolExecutor(6) as pool:
            owners = set(pool.map(claim, range(12)))
        assert len(owners) == 1

    def test_the_pages_of_a_mention_are_known_newest_first(self, engine: Engine) -> None:
        old, new = (SeenPage(c * 64, f"https://s.example/{c}", NOON) for c in "ab")
        new = replace(new, fetched_at=NOON + DAY)
        with begin_work(engine)() as work:
            work.pages.note(old, ["weibo:1", "weibo:2", "weibo:1"])
            work.pages.note(new, ["weibo:1"])
            work.pages.note(new, [])
            assert work.pages.of(["weibo:1", "weibo:2", "weibo:3"]) == {
                "weibo:1": [new, old],
                "weibo:2": [old],
            }
            assert work.pages.of([]) == {}
            assert len(work.pages.of([f"weibo:{n}" for n in range(2000)])) == 2

    def test_the_same_page_again_is_the_newer_look(self, engine: Engine) -> None:
        page = SeenPage("a" * 64, "https://s.example/a", NOON)
        later = replace(page, fetched_at=NOON + DAY)
        with begin_work(engine)() as work:
            work.pages.note(page, ["weibo:1"])
            work.pages.note(later, ["weibo:1"])
            assert work.pages.of(["weibo:1"]) == {"weibo:1": [later]}

    def test_old_pages_are_forgotten_but_not_those_that_are_kept(self, engine: Engine) -> None:
        with begin_work(engine)() as work:
            for number, sign in enumerate("abc"):
                page = SeenPage(sign * 64, "", NOON + number * DAY)
                work.pages.note(page, [f"weibo:{sign}"])
            assert work.pages.prune(NOON + 2 * DAY, {"a" * 64}) == 1
            assert set(work.pages.of(["weibo:a", "weibo:b", "weibo:c"])) == {"weibo:a", "weibo:c"}
