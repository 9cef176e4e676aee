"""Which of the mentions found on a page belong to a watch, and by which text each is judged. Pure.

Everything found ends up in one of three heaps, each with its reason: candidates, passed over by
every watch, refused because nothing could store it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import attrgetter, gt
from typing import Any

from analysis.matching import YES, Verdict, judge_folded, named_in_folded
from domain.brand import Configuration, Watch
from domain.errors import Text
from domain.han import fold
from domain.mention import UNSTORABLE, Kind
from domain.page import FoundMention
from domain.queries import Refused

_EARLIEST_YEAR = 2005
"""The oldest of the platforms that are read, Tieba, opened at the end of 2003."""
_NO_WATCH = Verdict(False, "no_watch")
_CLOCK_SKEW = timedelta(minutes=10)
_LONGEST = {
    "text": 200_000,
    "title": 2_000,
    "author": 200,
    "author_uid": 200,
    "parent_id": 200,
    "root_id": 200,
    "repost_of": 200,
    "url": 2_000,
    "client": 200,
    "ip_location": 200,
    "forum": 200,
    "topic": 200,
}
"""Characters kept of each text; the longest articles of the platforms have some 100,000."""
_texts = attrgetter(*_LONGEST)
_LIMITS = tuple(_LONGEST.values())
_HANGING = frozenset({Kind.COMMENT, Kind.FLOOR, Kind.REPLY})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A found mention that watches take, and the text it is judged by (see `own_text`). `through`
    is the mention by whose words they take it, "" when its own words do.
    """

    found: FoundMention
    context: str
    watch_ids: frozenset[str]
    brand_ids: frozenset[str]
    through: str = ""


@dataclass(frozen=True, slots=True)
class Sifted:
    """The three heaps. `passed_over` goes with the code of why the first watch did not take it."""

    candidates: tuple[Candidate, ...]
    passed_over: tuple[tuple[FoundMention, str], ...]
    refused: tuple[Refused, ...]


def sift(
    found: Iterable[FoundMention],
    configuration: Configuration,
    *,
    asking: Watch | None,
    collected_at: datetime,
) -> Sifted:
    """Return what becomes of the mentions of one page.

    Each is tested against every enabled watch and against the one that asked, so that what one
    query finds serves the others too. A post that stands on the page twice is looked at once.
    """
    usable, refused = _usable(found, collected_at)
    watches = _watches(configuration, asking)
    contexts = _contexts(usable)
    candidates: list[Candidate] = []
    passed_over: list[tuple[FoundMention, str]] = []
    for item in usable.values():
        above, context = contexts[item.id]
        # every other step folds the text in this form, and a form that was folded is remembered
        folded = fold(f"{item.title}\n{item.text}" if not (above or item.context) else context)
        taken, verdict = _taken_by(watches, folded)
        if taken:
            own, _ = _taken_by(watches, fold(own_text(item))) if above else (taken, verdict)
            brand_ids = _brands(item, folded, taken, configuration)
            through = "" if taken <= own else above
            candidates.append(Candidate(item, context, taken, brand_ids, through))
        else:
            passed_over.append((item, verdict.reason))
    return Sifted(tuple(candidates), tuple(passed_over), refused)


def own_text(item: FoundMention) -> str:
    """Return title and text of a mention, without what it quotes or reposts."""
    return f"{item.title}\n{item.text}".strip()


def hangs(item: FoundMention) -> bool:
    """Whether a mention is of a kind that stands under another one and is about it."""
    return item.kind in _HANGING


def _usable(
    found: Iterable[FoundMention], collected_at: datetime
) -> tuple[dict[str, FoundMention], tuple[Refused, ...]]:
    usable: dict[str, FoundMention] = {}
    refused: dict[str, Refused] = {}
    for item in found:
        problem = _problem(item, collected_at)
        if problem:
            refused[item.id] = Refused(item.id, problem)
        else:
            usable[item.id] = _more_telling(usable.get(item.id), _storable(item))
    # of a post that stands there twice, one card may do where the other does not
    return usable, tuple(r for r in refused.values() if r.mention_id not in usable)


def _problem(item: FoundMention, collected_at: datetime) -> Text | None:
    if UNSTORABLE.search(item.id) or len(item.id) > _LONGEST["parent_id"]:
        return Text("编号无效", "not an id")
    if item.published_at is None:
        return Text("没有发布时间", "no published_at")
    if item.published_at.year < _EARLIEST_YEAR or item.published_at > collected_at + _CLOCK_SKEW:
        return Text("发布时间不合理", "published_at lies in the future or before 2005")
    if not (item.text or item.title):
        return Text("没有正文", "no text")
    return None


def _storable(item: FoundMention) -> FoundMention:
    """Without NUL and half characters (lone surrogates), which no store and no mail can hold; cut
    to what people write, because each rule looks at all of it.
    """
    values = _texts(item)
    lengths = [len(value) if value else 0 for value in values]
    if _is_writable("".join(filter(None, values))) and not any(map(gt, lengths, _LIMITS)):
        return item
    changes: dict[str, Any] = {}
    for (name, longest), value in zip(_LONGEST.items(), values, strict=True):
        if value and (len(value) > longest or not _is_writable(value)):
            changes[name] = UNSTORABLE.sub("", value)[:longest]
    if len(item.url) > _LONGEST["url"]:
        changes["url"] = ""  # half an address leads elsewhere
    return replace(item, **changes) if changes else item


def _is_writable(text: str) -> bool:
    try:
        text.encode()  # a tenth of what it costs to search for half characters
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _more_telling(one: FoundMention | None, other: FoundMention) -> FoundMention:
    """The same post can stand on a page twice, once inside a repost of it: keep its own card."""
    if one is None or (one.embedded and not other.embedded):
        return other
    return one


def _contexts(usable: Mapping[str, FoundMention]) -> dict[str, tuple[str, str]]:
    """The text each mention is judged by, and the id of what it says besides its own: a bare repost
    says what its original says, and what hangs under a post is about the post.
    """
    contexts: dict[str, tuple[str, str]] = {}
    for item in usable.values():
        own = own_text(item)
        above = usable.get(item.repost_of or (item.root_id if hangs(item) else None) or "")
        if item.context:
            above_id = item.under if item.under != item.id else ""
            contexts[item.id] = above_id, f"{own}\n{item.context}"
        elif above:
            contexts[item.id] = above.id, f"{own}\n{above.title}\n{above.text}"
        else:
            contexts[item.id] = "", own
    return contexts


def _watches(configuration: Configuration, asking: Watch | None) -> list[Watch]:
    watches = [watch for watch in configuration.watches if watch.enabled]
    if asking and asking.id not in {watch.id for watch in watches}:
        watches.append(asking)
    return watches


def _taken_by(watches: Sequence[Watch], folded: str) -> tuple[frozenset[str], Verdict]:
    """Return the watches that take a text (folded), and the first refusal."""
    verdicts = [judge_folded(watch.rule, folded) for watch in watches]
    taken = [watch.id for watch, verdict in zip(watches, verdicts, strict=True) if verdict is YES]
    first_no = next((v for v in verdicts if v is not YES), _NO_WATCH)
    return frozenset(taken), first_no


def _brands(
    item: FoundMention, folded: str, watch_ids: frozenset[str], configuration: Configuration
) -> frozenset[str]:
    """Return the brands a mention is about: those its text (folded) names, and the watch's where it
    names none of them, as a watch for a product says nothing of the brand's name. A comment that
    names a brand of the watch is about that one, whatever else the post above it names.
    """
    named = named_in_folded(configuration.brands, folded)
    asked = {
        brand_id
        for watch_id in watch_ids
        if (watch := configuration.watch(watch_id))
        for brand_id in watch.brand_ids
    }
    own = (
        named_in_folded(configuration.brands, fold(own_text(item))) if hangs(item) else frozenset()
    )
    if own & asked:
        return own
    return named if named & asked else named | asked
