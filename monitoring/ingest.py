"""Ingest: what stood on a page becomes mentions in the store. One step for spiders and imports.

    sort     what belongs to a watch; nothing is written
    put      the mention store acknowledges
    note     the workflow database notes what became of each mention, and keeps what was refused

Crash order: put, then note. A crash in between repeats the step, and every part of it is
idempotent. `monitoring.spooling` puts a spool in front, for the time that the store is away.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from analysis.adverts import advert_kind
from analysis.near_copies import fingerprints
from analysis.terms import keywords, names_of
from domain.brand import Configuration, Watch
from domain.crawl import Sighting, SightingOutcome, taken_by
from domain.dead_letter import DeadLetter
from domain.mention import Flag, Mention
from domain.page import FoundMention
from domain.ports import BeginWork, Masker, MentionStore, Scorer, UnitOfWork
from domain.queries import AddResult, Refused
from domain.sentiment import WHOLE_TEXT, Judge, Label, ScoreRequest, Sentiment
from monitoring.candidates import Candidate, Sifted, hangs, own_text, sift
from monitoring.clusters import fold_near_copies
from monitoring.deriving import judgements, score_request
from monitoring.ingest_result import IngestResult
from presentation.masking import mask_name

SEALED_NAME_LIFE = timedelta(days=30)

_Known = Mapping[str, Mention]
"""Those of the candidates that were stored before, by id."""
_Judged = Mapping[str, Mapping[str, Sentiment]]
"""What a look says of each of the candidates, by id."""


@dataclass(frozen=True, slots=True)
class _Look:
    """When and by which run a page was looked at, what the team watched then, and the run of the
    model that judges.
    """

    run_id: str
    collected_at: datetime
    configuration: Configuration
    model_run: int


@dataclass(frozen=True, slots=True)
class SortedLook:
    """A look whose mentions were sorted into heaps, with what the team watched then."""

    found: tuple[FoundMention, ...]
    sifted: Sifted
    look: _Look

    @property
    def needs_store(self) -> bool:
        """Whether there is anything to store."""
        return bool(self.sifted.candidates)


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store did with the mentions of a look. `known` are those it had before."""

    mentions: tuple[Mention, ...] = ()
    added: AddResult = field(default_factory=AddResult)
    known: _Known = field(default_factory=dict)


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
        look = self.sort(found, watch=watch, run_id=run_id, collected_at=collected_at)
        stored = self.put(look)
        with self.begin_work() as work:
            result = self.note(work, look, stored, at=collected_at)
            work.commit()
        return result

    def take_whole(self, mentions: Sequence[Mention], *, run_id: str) -> IngestResult:
        """Store mentions that are complete already (our own export). Errors as `take`.

        Runs of the model are counted here: what another installation, or an earlier state of this
        one, called its third run is the run that its model has here, or none.
        """
        mentions = self._counted_here(mentions)
        added = self.store.add(mentions)
        newest = max((mention.collected_at for mention in mentions), default=None)
        if newest is not None:
            with self.begin_work() as work:
                _keep_refused(work, mentions, added, run_id, newest)
                work.commit()
        return IngestResult(
            found=len(mentions),
            matched=len(mentions),
            new=len(added.new),
            changed=len(added.changed),
            unchanged=len(added.unchanged),
            refused=added.refused,
            dead_lettered=len(added.refused),
        )

    def _counted_here(self, mentions: Sequence[Mention]) -> list[Mention]:
        models = {s.model for m in mentions for s in m.sentiment.values() if s.by is Judge.MODEL}
        with self.begin_work() as work:
            runs = {model: work.model_runs.number_of(model) for model in models}
        return [
            replace(
                mention,
                sentiment={
                    target: replace(said, run=runs.get(said.model, 0))
                    for target, said in mention.sentiment.items()
                },
            )
            for mention in mentions
        ]

    def sort(
        self,
        found: Sequence[FoundMention],
        *,
        watch: Watch | None,
        run_id: str,
        collected_at: datetime,
    ) -> SortedLook:
        """Sort what was found by what the team watches now; nothing is written."""
        with self.begin_work() as work:
            _, configuration = work.configuration.current()
            model_run = work.model_runs.number_of(self.scorer.model_id)
        sifted = sift(found, configuration, asking=watch, collected_at=collected_at)
        look = _Look(run_id, collected_at, configuration, model_run)
        return SortedLook(tuple(found), sifted, look)

    def put(self, look: SortedLook) -> Stored:
        """Put the candidates into the mention store; StoreUnavailable when that is away. Without
        candidates the store is not asked.
        """
        candidates = look.sifted.candidates
        if not candidates:
            return Stored()
        known = self.store.get([candidate.found.id for candidate in candidates])
        mentions = self._mentions(candidates, known, look.look)
        added = self.store.add(mentions)
        # all of them, not only the new: a crash after `add` must not leave a copy unfolded for ever
        fold_near_copies(self.store, mentions)
        return Stored(tuple(mentions), added, known)

    def note(
        self, work: UnitOfWork, look: SortedLook, stored: Stored, *, at: datetime
    ) -> IngestResult:
        """Note within a unit of work what became of everything found, seal the names of what is
        stored, and keep whole what the store refused (at the moment `at`).
        """
        added = stored.added
        refused = look.sifted.refused + added.refused
        self._note(work, look, stored.known, refused)
        _keep_refused(work, stored.mentions, added, look.look.run_id, at)
        return IngestResult(
            found=len(look.found),
            matched=len(look.sifted.candidates),
            new=len(added.new),
            changed=len(added.changed),
            unchanged=len(added.unchanged),
            refused=refused,
            dead_lettered=len(added.refused),
        )

    def _mentions(
        self, candidates: Sequence[Candidate], known: _Known, look: _Look
    ) -> list[Mention]:
        names = names_of(look.configuration)
        prints = fingerprints([_text(candidate.found) for candidate in candidates])
        judged = self._judgements(candidates, known, look)
        return [
            self._mention(
                candidate, look, keywords(_text(candidate.found), names), print_, judged, known
            )
            for candidate, print_ in zip(candidates, prints, strict=True)
        ]

    def _mention(
        self,
        candidate: Candidate,
        look: _Look,
        terms: tuple[str, ...],
        fingerprint: int | None,
        judged: _Judged,
        known: _Known,
    ) -> Mention:
        item = candidate.found
        if item.published_at is None:
            raise ValueError(f"{item.id}: a candidate has a time")
        before, sentiment = known.get(item.id), judged[item.id]
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
            terms=terms,
            cluster_id=_cluster_id(before, item),
            fingerprint=fingerprint,
            sentiment=sentiment,
            flags=_flags(item, look.configuration) | _spam(before, item, sentiment),
            embedded=item.embedded,
        )

    def _author_key(self, item: FoundMention) -> str | None:
        if item.author_uid:
            return self.masker.author_key(item.platform, item.author_uid)
        return self.masker.author_key(item.platform, f"name:{item.author}") if item.author else None

    def _judgements(self, candidates: Sequence[Candidate], known: _Known, look: _Look) -> _Judged:
        """Score what is new or says something else than the last time; keep other judgements."""
        model = self.scorer.model_id
        judged: dict[str, Mapping[str, Sentiment]] = {}
        to_score: list[tuple[str, ScoreRequest]] = []
        for candidate in candidates:
            mention_id = candidate.found.id
            before = known.get(mention_id)
            if before and _still_holds(before, candidate, model):
                judged[mention_id] = _model_only(before)
            else:
                to_score.append((mention_id, _score_request(candidate, look.configuration)))
        answers = self.scorer.score([request for _, request in to_score])
        for (mention_id, _), scores in zip(to_score, answers, strict=True):
            judged[mention_id] = judgements(scores, model, look.model_run)
        return judged

    def _note(
        self, work: UnitOfWork, taken: SortedLook, known: _Known, refused: Sequence[Refused]
    ) -> None:
        """Record what became of everything found, and seal the names of what is stored."""
        sifted, look = taken.sifted, taken.look
        lost = {refusal.mention_id: refusal.text.en for refusal in refused}
        stored = [candidate for candidate in sifted.candidates if candidate.found.id not in lost]
        sightings = [
            *(
                _sighting(i, look, SightingOutcome.NOT_MATCHED, why)
                for i, why in sifted.passed_over
            ),
            *(
                _sighting(
                    c.found,
                    look,
                    SightingOutcome.STORED,
                    taken_by(c.watch_ids, through=c.through, in_depth=bool(c.found.under)),
                )
                for c in stored
            ),
            *(
                _sighting(item, look, SightingOutcome.REFUSED, lost[item.id])
                for item in taken.found
                if item.id in lost
            ),
        ]
        work.crawls.saw(sightings)
        work.sealed_names.put(self._sealed(stored, known, look))

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


def _keep_refused(
    work: UnitOfWork, mentions: Sequence[Mention], added: AddResult, run_id: str, at: datetime
) -> None:
    """Keep what the store refused as dead letters, and end those of what it took."""
    why = {refusal.mention_id: refusal.text for refusal in added.refused}
    work.dead_letters.put(
        DeadLetter(mention, why[mention.id], run_id, at, at)
        for mention in mentions
        if mention.id in why
    )
    stored: dict[datetime, list[str]] = {}
    for mention in mentions:
        if mention.id not in why:
            stored.setdefault(mention.collected_at, []).append(mention.id)
    for collected_at, mention_ids in stored.items():
        work.dead_letters.end(mention_ids, collected_at)


def _text(item: FoundMention) -> str:
    return f"{item.title}\n{item.text}"


def _cluster_id(before: Mention | None, now: FoundMention) -> str | None:
    """A cluster once found stays; a repost begins in the cluster of its original."""
    return (before.cluster_id if before else None) or now.repost_of


def _flags(item: FoundMention, configuration: Configuration) -> frozenset[Flag]:
    own = any(
        (account.platform, account.uid) == (item.platform, item.author_uid)
        for brand in configuration.brands
        for account in brand.own_accounts
    )
    known = {Flag.OWN_ACCOUNT: own, Flag.IN_DEPTH: bool(item.under)}
    return frozenset(flag for flag, holds in known.items() if holds)


def _spam(
    before: Mention | None, now: FoundMention, judged: Mapping[str, Sentiment]
) -> frozenset[Flag]:
    """What is surely an advertisement is set aside at its first look. Later looks leave the word to
    people, who may have taken it back; and what is negative towards anything stays.
    """
    if before is not None or any(j.label is Label.NEGATIVE for j in judged.values()):
        return frozenset()
    is_advert = advert_kind(_text(now)) is not None
    return frozenset({Flag.SPAM}) if is_advert else frozenset()


def _model_only(before: Mention) -> Mapping[str, Sentiment]:
    """What a look may say again. A person's word is in the store: carried along in a look it would
    come back after it was taken back meanwhile.
    """
    return {t: s for t, s in before.sentiment.items() if s.by is Judge.MODEL}


def _still_holds(before: Mention, now: Candidate, model: str) -> bool:
    same_text = before.text == now.found.text and before.title == now.found.title
    whole = before.sentiment.get(WHOLE_TEXT)
    same_brands = now.brand_ids <= before.brand_ids
    return same_text and same_brands and whole is not None and whole.model == model


def _score_request(candidate: Candidate, configuration: Configuration) -> ScoreRequest:
    item = candidate.found
    own = own_text(item)
    # a comment of a face alone does not say what the post above it says, as a bare repost does
    context = own if hangs(item) else candidate.context
    return score_request(own, context, item.platform, candidate.brand_ids, configuration)


def _sighting(item: FoundMention, look: _Look, outcome: SightingOutcome, detail: str) -> Sighting:
    return Sighting(item.id, item.url, look.run_id, look.collected_at, outcome, detail)
