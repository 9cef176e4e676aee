"""Ingest: what stood on a page becomes mentions in the store. One step for spiders and imports.

Order (crash order): the mention store acknowledges first, then the workflow database notes what
became of each mention. A crash in between repeats the step, and every part of it is idempotent.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from analysis.near_copies import fingerprint
from analysis.terms import keywords
from domain.brand import Configuration, Watch
from domain.crawl import Sighting, SightingOutcome
from domain.mention import Flag, Mention
from domain.page import FoundMention
from domain.ports import BeginWork, Masker, MentionStore, Scorer
from domain.queries import Refused
from domain.sentiment import WHOLE_TEXT, Judge, ScoreRequest, Sentiment
from monitoring.candidates import Candidate, Sifted, own_text, sift
from monitoring.clusters import fold_near_copies
from monitoring.ingest_result import IngestResult
from presentation.masking import mask_name

SEALED_NAME_LIFE = timedelta(days=30)
_REPOST_MARKS = re.compile(r"转发微博|轉發微博|//@[^:：]{1,40}[:：].*|\[[^\[\]]{1,12}\]", re.DOTALL)

_Known = Mapping[str, Mention]
"""Those of the candidates that were stored before, by id."""


@dataclass(frozen=True, slots=True)
class _Look:
    """When and by which run a page was looked at, and what the team watched then."""

    run_id: str
    collected_at: datetime
    configuration: Configuration


@dataclass(frozen=True, slots=True)
class Ingest:
    """Matches, masks, scores, fingerprints and stores. Holds no state between calls."""

    store: MentionStore
    begin_work: BeginWork
    scorer: Scorer
    masker: Masker
    life_of_names: timedelta = SEALED_NAME_LIFE

    def take(
        self,
        found: Sequence[FoundMention],
        *,
        watch: Watch | None,
        run_id: str,
        collected_at: datetime,
    ) -> IngestResult:
        """Store what belongs to a watch and record what became of the rest.

        `watch` is the one that asked, None for an import; a mention is tested against every enabled
        watch all the same. Raises StoreUnavailable when a store is away; calling again is then
        safe.
        """
        with self.begin_work() as work:
            _, configuration = work.configuration.current()
        look = _Look(run_id, collected_at, configuration)
        sifted = sift(found, configuration, asking=watch, collected_at=collected_at)
        known = self.store.get([candidate.found.id for candidate in sifted.candidates])
        mentions = self._mentions(sifted.candidates, known, look)
        added = self.store.add(mentions)
        # all of them, not only the new: a crash after `add` must not leave a copy unfolded for ever
        fold_near_copies(self.store, mentions)
        refused = sifted.refused + added.refused
        self._note(found, sifted, refused, known, look)
        return IngestResult(
            found=len(found),
            matched=len(sifted.candidates),
            new=len(added.new),
            changed=len(added.changed),
            unchanged=len(added.unchanged),
            refused=refused,
        )

    def _mentions(
        self, candidates: Sequence[Candidate], known: _Known, look: _Look
    ) -> list[Mention]:
        unscored = [self._unscored(candidate, look) for candidate in candidates]
        judged = self._judgements(candidates, unscored, known, look.configuration)
        return [
            replace(
                mention,
                sentiment=judged[mention.id],
                cluster_id=_cluster_id(known.get(mention.id), mention),
            )
            for mention in unscored
        ]

    def _unscored(self, candidate: Candidate, look: _Look) -> Mention:
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
            collected_at=look.collected_at,
            first_seen_at=look.collected_at,
            source=look.run_id,
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
            flags=_flags(item, look.configuration),
            embedded=item.embedded,
        )

    def _author_key(self, item: FoundMention) -> str | None:
        if item.author_uid:
            return self.masker.author_key(item.platform, item.author_uid)
        return self.masker.author_key(item.platform, f"name:{item.author}") if item.author else None

    def _judgements(
        self,
        candidates: Sequence[Candidate],
        mentions: Sequence[Mention],
        known: _Known,
        configuration: Configuration,
    ) -> dict[str, Mapping[str, Sentiment]]:
        """Score what is new or says something else than the last time; keep other judgements."""
        model = self.scorer.model_id
        judged: dict[str, Mapping[str, Sentiment]] = {}
        to_score: list[tuple[str, ScoreRequest]] = []
        for candidate, mention in zip(candidates, mentions, strict=True):
            before = known.get(mention.id)
            if before and _still_holds(before, mention, model):
                judged[mention.id] = _model_only(before)
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
        found: Sequence[FoundMention],
        sifted: Sifted,
        refused: Sequence[Refused],
        known: _Known,
        look: _Look,
    ) -> None:
        """Record what became of everything found, and seal the names of what is stored."""
        lost = {refusal.mention_id: refusal.text.en for refusal in refused}
        stored = [candidate for candidate in sifted.candidates if candidate.found.id not in lost]
        sightings = [
            *(
                _sighting(i, look, SightingOutcome.NOT_MATCHED, why)
                for i, why in sifted.passed_over
            ),
            *(
                _sighting(c.found, look, SightingOutcome.STORED, ",".join(sorted(c.watch_ids)))
                for c in stored
            ),
            *(
                _sighting(item, look, SightingOutcome.REFUSED, lost[item.id])
                for item in found
                if item.id in lost
            ),
        ]
        with self.begin_work() as work:
            work.crawls.saw(sightings)
            work.sealed_names.put(self._sealed(stored, known, look))
            work.commit()

    def _sealed(
        self, stored: Sequence[Candidate], known: _Known, look: _Look
    ) -> list[tuple[str, bytes, datetime]]:
        """Return mention id, sealed name and its end; a name seen again lives no longer for it."""
        sealed = []
        for item in (candidate.found for candidate in stored):
            before = known.get(item.id)
            first_seen = before.first_seen_at if before else look.collected_at
            expires = first_seen + self.life_of_names
            if item.author and expires > look.collected_at:
                sealed.append((item.id, self.masker.seal(item.author), expires))
        return sealed


def _cluster_id(before: Mention | None, now: Mention) -> str | None:
    """A cluster once found stays; a repost begins in the cluster of its original."""
    return (before.cluster_id if before else None) or now.repost_of


def _flags(item: FoundMention, configuration: Configuration) -> frozenset[Flag]:
    own = any(
        (account.platform, account.uid) == (item.platform, item.author_uid)
        for brand in configuration.brands
        for account in brand.own_accounts
    )
    return frozenset({Flag.OWN_ACCOUNT}) if own else frozenset()


def _model_only(before: Mention) -> Mapping[str, Sentiment]:
    """What a look may say again. A person's word is in the store: carried along in a look it would
    come back after it was taken back meanwhile.
    """
    return {t: s for t, s in before.sentiment.items() if s.by is Judge.MODEL}


def _still_holds(before: Mention, now: Mention, model: str) -> bool:
    same_text = before.text == now.text and before.title == now.title
    whole = before.sentiment.get(WHOLE_TEXT)
    same_brands = now.brand_ids <= before.brand_ids
    return same_text and same_brands and whole is not None and whole.model == model


def _score_request(candidate: Candidate, configuration: Configuration) -> ScoreRequest:
    item = candidate.found
    own = own_text(item)
    says_something = bool(re.search(r"\w", _REPOST_MARKS.sub("", own)))
    targets = {b.id: b.words for b in configuration.brands if b.id in candidate.brand_ids}
    text = own if says_something else candidate.context
    return ScoreRequest(text=text, platform=item.platform.value, targets=targets)


def _sighting(item: FoundMention, look: _Look, outcome: SightingOutcome, detail: str) -> Sighting:
    return Sighting(item.id, item.url, look.run_id, look.collected_at, outcome, detail)
