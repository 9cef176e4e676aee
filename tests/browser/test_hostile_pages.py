"""Hostile texts on every page, in a real browser: nothing runs, nothing is fetched, nothing becomes
markup, and no page breaks or grows wider than the screen.
"""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import StorageState

from tests.fixtures.browsers import Person
from tests.fixtures.hostile import MARKDOWN, SCRIPT
from tests.fixtures.hostile_house import Filled, fill
from tests.fixtures.story import company

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.timeout(300)]

PAGES = {
    "overview": "/",
    "alerts": "/alerts",
    "alert": "/alerts?id={signal}",
    "alert-false-alarm": "/alerts?id={signal}&do=false-alarm",
    "feed": "/feed",
    "feed-words": "/feed?words={script}&q={script}&brand={script}",
    "cases": "/cases",
    "case": "/case?id={case}",
    "case-unknown": "/case?id={script}",
    "alert-unknown": "/alerts?id={markdown}",
    "spread": "/spread",
    "compare": "/compare",
    "reports": "/reports",
    "queries": "/queries",
    "crawl": "/crawl",
    "settings": "/settings",
    **{
        f"settings-{part}": f"/settings?part={part}"
        for part in ("people", "rules", "notices", "mails", "audit", "health", "all")
    },
    "lead": "/lead",
    "lead-of-one": "/lead?id={lead}",
    "account": "/account",
    "team": "/setup/team",
    "unknown": "/nosuch?x={script}",
}

MARKUP = """() => {
  const all = selector => [...document.querySelectorAll(selector)];
  // a link that a colleague pasted may be opened: without a way back, with its host beside it
  const isOutside = it => it.target === "_blank" && /noopener noreferrer/.test(it.rel)
    && it.nextElementSibling?.className === "kb-host";
  const links = all("a[href]").filter(it => !(it.protocol.startsWith("http") && isOutside(it)))
    .map(it => it.getAttribute("href"));
  return [
    ...all("[data-testid=stMain] script, main script").map(it => "script"),
    ...all(".katex").map(it => `maths: ${it.textContent.slice(0, 40)}`),
    ...all("img[src*='evil'], iframe, object, embed").map(it => it.outerHTML.slice(0, 80)),
    ...all("*").filter(it => it.getAttributeNames().some(name => name.startsWith("on")))
      .map(it => it.outerHTML.slice(0, 80)),
    ...all("[role=img], [data-testid=stIconMaterial]")
      .filter(it => /bug.report/.test(it.outerHTML)).map(it => `icon: ${it.outerHTML}`),
    ...links.filter(it => /^(javascript|data|vbscript|mailto):|evil\\.example/i.test(it)),
  ];
}"""


@pytest.fixture(scope="module")
def filled(tmp_path_factory, chrome) -> Iterator[tuple[str, StorageState, Filled]]:
    """The address of a house, the cookies of who is logged in, and what is in the house."""
    with company(tmp_path_factory.mktemp("house")) as house:
        made = fill(house)
        lin = Person(chrome, house.address, "lin", "")
        lin.visits("/lead")
        state = lin.page.context.storage_state()
        lin.page.context.close()
        yield house.address, state, made
        assert "Traceback" not in house.log
        assert "page_failed" not in house.log


@pytest.mark.parametrize("place", PAGES.values(), ids=PAGES)
def test_a_page_of_hostile_texts_shows_them_and_does_nothing_else(place, filled, chrome, people):
    address, state, made = filled
    lin = Person(chrome, address, "lin", "", state=state)
    people.append(lin)
    lin.open(
        place.format(
            signal=made.signal_id,
            case=made.case_id,
            lead=made.lead_id,
            script=quote(SCRIPT),
            markdown=quote(MARKDOWN),
        )
    )
    lin.waits_for_the_page()
    assert lin.page.evaluate(MARKUP) == []
    assert lin.overflow == []
    assert lin.page.locator(".kb-error, [data-testid=stException]").all_inner_texts() == []
    assert "口碑" in lin.page.title()
    assert lin.strange == []
