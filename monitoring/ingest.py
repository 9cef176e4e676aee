"""Ingest: what stood on a page becomes mentions in the store. One step for spiders and imports.

Order (crash order): the mention store acknowledges first, then the workflow database notes what
became of each mention. A crash in between repeats the step, and every part of it is idempotent.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from analysis.matching import Verdict, judge, named_brands
from analysis.near_copies import fingerprint
from analysis.terms import keywords
from domain.brand import Configuration, Watch
from domain.crawl import Sighting, SightingOutcome
from domain.errors import Text
from domain.mention import UNSTORABLE, Flag, Mention
from domain.page import FoundMention
from domain.ports import BeginWork, Masker, MentionStore, Scorer
from domain.queries import Refused
from domain.sentiment import WHOLE_TEXT, ScoreRequest, Sentiment
from monitoring.clusters import fold_near_copies
from monitoring.ingest_result import IngestResult
from presentation.masking import mask_name

SEALED_NAME_LIFE = timedelta(days=30)
_EARLIEST_YEAR = 2005
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
_CLOCK_SKEW = timedelta(minutes=10)
_REPOST_MARKS = re.compile(r"转发微博|轉發微博|//@[^:：]{1,40}[:：].*|\[[^\[\]]{1,12}\]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A found mention with the text it is judged by and the watches that take it."""

    found: FoundMention
    context: str
    watch_ids: frozenset[str]
    brand_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Ingest:
    """Matches, masks, scores, fingerprints and stores. Holds no state between calls."""

    store: MentionStore
    begin_work: BeginWork
    scorer: Scorer
    masker: Masker
    life_of_names: timedelta = field(default=SEALED_NAME_LIFE)

    def take(
        self,
        found: Sequence[FoundMention],
        *,
        watch: Watch | None,
        run_id: str,
        collected_at: datetime,
        source_url: str = "",
    ) -> IngestResult:
        """Store what belongs to a watch and record what became of the rest.

        `watch` is the one that asked; a mention is tested against every enabled watch, so that
        what one query finds serves the others too. With `watch` None (an import) nothing else
        differs. Raises StoreUnavailable when the store is away: nothing was acknowledged, call
        again.
        """
        with self.begin_work() as work:
            _, configuration = work.configuration.current()
        watches = _watches(configuration, watch)
        usable, refused = _usable(found, collected_at)
        texts = _contexts(usable)
        candidates: list[_Candidate] = []
        sightings: list[Sighting] = []
        for item in usable:
            taken, verdict = _taken_by(watches, texts[item.id])
            if taken:
                candidates.append(_candidate(item, texts[item.id], taken, configuration))
            else:
                sightings.append(
                    _sighting(
                        item, run_id, collected_at, SightingOutcome.NOT_MATCHED, verdict.reason
                    )
                )
        known = self.store.get([candidate.found.id for candidate in candidates])
        mentions = self._mentions(candidates, known, configuration, run_id, collected_at)
        added = self.store.add(mentions)
        # all of them, not only the new: a crash after `add` must not leave a copy unfolded for ever
        fold_near_copies(self.store, mentions)
        refused += added.refused
        lost = {r.mention_id: r for r in refused}
        sightings += [
            _sighting(
                c.found, run_id, collected_at, SightingOutcome.STORED, ",".join(sorted(c.watch_ids))
            )
            for c in candidates
            if c.found.id not in lost
        ]
        sightings += [
            _sighting(item, run_id, collected_at, SightingOutcome.REFUSED, lost[item.id].text.en)
            for item in found
            if item.id in lost
        ]
        self._note(sightings, candidates, known, collected_at)
        return IngestResult(
            found=len(found),
            matched=len(candidates),
            new=len(added.new),
            changed=len(added.changed),
            unchanged=len(added.unchanged),
            refused=tuple(refused),
        )

    def _mentions(
        self,
        candidates: Sequence[_Candidate],
        known: Mapping[str, Mention],
        configuration: Configuration,
        run_id: str,
        collected_at: datetime,
    ) -> list[Mention]:
        unscored = [self._unscored(c, configuration, run_id, collected_at) for c in candidates]
        judged = self._judgements(candidates, unscored, known, configuration)
        return [
            replace(
                mention,
                sentiment=judged[mention.id],
                cluster_id=_cluster_id(known.get(mention.id), mention),
            )
            for mention in unscored
        ]

    def _unscored(
        self,
        candidate: _Candidate,
        configuration: Configuration,
        run_id: str,
        collected_at: datetime,
    ) -> Mention:
        item = candidate.found
        if item.published_at is None:
            raise ValueError(f"{item.id}: a candidate has a time")
        text = f"{item.title}\n{item.text}"
        return Mention(
            id=item.id,
            platform=item.platform,
            kind=item.kind,
            url=item.url,
            text=item.text,
            title=item.title,
            published_at=item.published_at,
            published_precision=item.published_precision,
            collected_at=collected_at,
            first_seen_at=collected_at,
            source=run_id,
            author=mask_name(item.author),
            author_key=self._author_key(item),
            parent_id=item.parent_id,
            root_id=item.root_id,
            repost_of=item.repost_of,
            edited_at=item.edited_at,
            ip_location=item.ip_location,
            client=item.client,
            likes=item.likes,
            comments=item.comments,
            reposts=item.reposts,
            views=item.views,
            forum=item.forum,
            topic=item.topic,
            watch_ids=candidate.watch_ids,
            brand_ids=candidate.brand_ids,
            terms=keywords(text),
            fingerprint=fingerprint(text),
            flags=_flags(item, configuration),
            embedded=item.embedded,
        )

    def _author_key(self, item: FoundMention) -> str | None:
        if item.author_uid:
            return self.masker.author_key(item.platform, item.author_uid)
        return self.masker.author_key(item.platform, f"name:{item.author}") if item.author else None

    def _judgements(
        self,
        candidates: Sequence[_Candidate],
        mentions: Sequence[Mention],
        known: Mapping[str, Mention],
        configuration: Configuration,
    ) -> dict[str, Mapping[str, Sentiment]]:
        """Score what is new or says something else than the last time; keep other judgements."""
        model = self.scorer.model_id
        judged: dict[str, Mapping[str, Sentiment]] = {}
        to_score: list[tuple[str, ScoreRequest]] = []
        for candidate, mention in zip(candidates, mentions, strict=True):
            before = known.get(mention.id)
            if before and _still_holds(before, mention, model):
                judged[mention.id] = before.sentiment
            else:
                to_score.append((mention.id, _score_request(candidate, configuration)))
        answers = self.scorer.score([request for _, request in to_score])
        for (mention_id, _), scores in zip(to_score, answers, strict=True):
            targets = {WHOLE_TEXT: scores.text, **scores.by_target}
            judged[mention_id] = {
                target: Sentiment.from_probabilities(p, model) for target, p in targets.items()
            }
        return judged

    def _note(
        self,
        sightings: Sequence[Sighting],
        candidates: Sequence[_Candidate],
        known: Mapping[str, Mention],
        collected_at: datetime,
    ) -> None:
        sealed = []
        for item in (candidate.found for candidate in candidates):
            before = known.get(item.id)
            expires = (before.first_seen_at if before else collected_at) + self.life_of_names
            if item.author and expires > collected_at:
                sealed.append((item.id, self.masker.seal(item.author), expires))
        with self.begin_work() as work:
            work.crawls.saw(sightings)
            work.sealed_names.put(sealed)
            work.commit()


def _cluster_id(before: Mention | None, now: Mention) -> str | None:
    """A cluster once found stays; a repost begins in the cluster of its original."""
    return (before.cluster_id if before else None) or now.repost_of


def _watches(configuration: Configuration, asking: Watch | None) -> list[Watch]:
    watches = [watch for watch in configuration.watches if watch.enabled]
    if asking and asking.id not in {watch.id for watch in watches}:
        watches.append(asking)
    return watches


def _usable(
    found: Sequence[FoundMention], collected_at: datetime
) -> tuple[list[FoundMention], list[Refused]]:
    usable: dict[str, FoundMention] = {}
    refused: list[Refused] = []
    for item in found:
        problem = _problem(item, collected_at)
        if problem:
            refused.append(Refused(item.id, problem))
        else:
            usable[item.id] = _more_telling(usable.get(item.id), _storable(item))
    return list(usable.values()), refused


def _storable(item: FoundMention) -> FoundMention:
    """Without NUL and half characters (lone surrogates), which no store and no mail can hold; cut
    to what people write, because each rule looks at all of it.
    """
    changes: dict[str, Any] = {}
    for name, longest in _LONGEST.items():
        value = getattr(item, name)
        if value and (len(value) > longest or UNSTORABLE.search(value)):
            changes[name] = UNSTORABLE.sub("", value)[:longest]
    if len(item.url) > _LONGEST["url"]:
        changes["url"] = ""  # half an address leads elsewhere
    return replace(item, **changes) if changes else item


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


def _more_telling(one: FoundMention | None, other: FoundMention) -> FoundMention:
    """The same post can stand on a page twice, once inside a repost of it: keep its own card."""
    if one is None or (one.embedded and not other.embedded):
        return other
    return one


def _contexts(items: Sequence[FoundMention]) -> dict[str, str]:
    """The text each mention is judged by: a bare repost says what its original says."""
    by_id = {item.id: item for item in items}
    contexts: dict[str, str] = {}
    for item in items:
        original = by_id.get(item.repost_of or "")
        own = f"{item.title}\n{item.text}".strip()
        contexts[item.id] = f"{own}\n{original.title}\n{original.text}" if original else own
    return contexts


def _taken_by(watches: Sequence[Watch], text: str) -> tuple[frozenset[str], Verdict]:
    verdicts = {watch.id: judge(watch.rule, text) for watch in watches}
    taken = frozenset(watch_id for watch_id, verdict in verdicts.items() if verdict.matched)
    first_no = next((v for v in verdicts.values() if not v.matched), Verdict(False, "no_watch"))
    return taken, first_no


def _candidate(
    item: FoundMention, context: str, watch_ids: frozenset[str], configuration: Configuration
) -> _Candidate:
    named = named_brands(configuration.brands, context)
    asked = {
        brand_id
        for watch_id in watch_ids
        if (watch := configuration.watch(watch_id))
        for brand_id in watch.brand_ids
    }
    # a watch for a product says nothing of the brand's name: then the post belongs to the watch's
    # brands
    return _Candidate(item, context, watch_ids, named if named & asked else named | asked)


def _flags(item: FoundMention, configuration: Configuration) -> frozenset[Flag]:
    own = any(
        account.platform is item.platform and account.uid == item.author_uid
        for brand in configuration.brands
        for account in brand.own_accounts
    )
    return frozenset({Flag.OWN_ACCOUNT}) if own and item.author_uid else frozenset()


def _still_holds(before: Mention, now: Mention, model: str) -> bool:
    same_text = before.text == now.text and before.title == now.title
    whole = before.sentiment.get(WHOLE_TEXT)
    same_brands = now.brand_ids <= before.brand_ids
    return same_text and same_brands and whole is not None and whole.model == model


def _score_request(candidate: _Candidate, configuration: Configuration) -> ScoreRequest:
    item = candidate.found
    own = f"{item.title}\n{item.text}".strip()
    says_something = bool(re.search(r"\w", _REPOST_MARKS.sub("", own)))
    targets = {b.id: b.words for b in configuration.brands if b.id in candidate.brand_ids}
    text = own if says_something else candidate.context
    return ScoreRequest(text=text, platform=item.platform.value, targets=targets)


def _sighting(
    item: FoundMention, run_id: str, seen_at: datetime, outcome: SightingOutcome, detail: str
) -> Sighting:
    return Sighting(item.id, item.url, run_id, seen_at, outcome, detail)
