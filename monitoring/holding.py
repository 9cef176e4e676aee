"""Which mentions and files of the page archive must stay: what a case, its fact sheet or a lead
rests on.

Nothing is marked: what is held follows from the cases and leads as they are, each time it is asked.
A false alarm holds nothing, and neither does a lead that was dismissed.
"""

from collections.abc import Iterable, Iterator

from domain.case import Case, CaseQuery, CaseState
from domain.ports import UnitOfWork

_PAGE = 200
_HOLDING = tuple(state for state in CaseState if state is not CaseState.FALSE_ALARM)


def held_pages(work: UnitOfWork) -> frozenset[str]:
    """Return the hashes of all files that must not be pruned."""
    held = {picture.sha256 for lead in work.leads.all_kept() for picture in lead.screenshots}
    for case in _cases(work):
        held.update(pages_of(work, case))
    return frozenset(held)


def held_mentions(work: UnitOfWork) -> frozenset[str]:
    """Return the ids of all mentions that must not be removed: what cases and leads are about."""
    held = {lead.mention_id for lead in work.leads.all_kept() if lead.mention_id}
    for case in _cases(work):
        held.update(mentions_of(work, case))
    return frozenset(held)


def pages_of(work: UnitOfWork, case: Case) -> Iterator[str]:
    """Yield the hashes that one case holds: the pages of its mentions, the files of its facts."""
    for pages in work.pages.of(mentions_of(work, case)).values():
        yield from (page.sha256 for page in pages)
    for claim in case.fact_sheet.claims:
        yield from (item.sha256 for item in claim.evidence if item.sha256)


def mentions_of(work: UnitOfWork, case: Case) -> tuple[str, ...]:
    """Return the mentions that a case is about: its own, and those its signals and leads named."""
    found = list(case.mention_ids)
    for signal in filter(None, map(work.signals.get, case.signal_ids)):
        posts = (signal.first_post, *signal.top_posts)
        found += [post.mention_id for post in posts if post is not None]
    for lead in filter(None, map(work.leads.get, case.lead_ids)):
        found += [lead.mention_id] if lead.mention_id else []
    return tuple(dict.fromkeys(found))


def _cases(work: UnitOfWork) -> Iterable[Case]:
    offset: int | None = 0
    while offset is not None:
        page = work.cases.search(CaseQuery(states=_HOLDING), limit=_PAGE, offset=offset)
        yield from page.cases
        offset = page.next_offset
