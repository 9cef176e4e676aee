"""What a mention derives from its text: judgements, keywords, fingerprint. One place for the moment
when it is found and for the day when another model, or method, comes into use.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from domain.brand import Configuration
from domain.mention import Mention, Platform
from domain.model_run import ModelRun
from domain.ports import MentionStore, Scorer
from domain.sentiment import WHOLE_TEXT, Judge, ScoreRequest, Scores, Sentiment

_REPOST_MARKS = re.compile(r"转发微博|轉發微博|//@[^:：]{1,40}[:：].*|\[[^\[\]]{1,12}\]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Derived:
    """What a mention's text says. `sentiment` None: it cannot be judged by what is stored."""

    sentiment: Mapping[str, Sentiment] | None
    terms: tuple[str, ...]
    fingerprint: int | None


@dataclass(frozen=True, slots=True)
class Method:
    """How terms and fingerprints are made of title and text (terms also by the names that the team
    watches); `name` changes when they do.
    """

    name: str
    keywords: Callable[[str, Configuration], tuple[str, ...]]
    fingerprint: Callable[[str], int | None]


def score_request(
    own: str,
    context: str,
    platform: Platform,
    brand_ids: Iterable[str],
    configuration: Configuration,
) -> ScoreRequest:
    """Return what a scorer is asked of a mention: a bare repost says what its original says.

    `own` is its title and text, `context` the same with the original behind it.
    """
    wanted = frozenset(brand_ids)
    targets = {brand.id: brand.words for brand in configuration.brands if brand.id in wanted}
    text = own if says_something(own) else context
    return ScoreRequest(text=text, platform=platform.value, targets=targets)


def says_something(own: str) -> bool:
    """Whether a text has words of its own, beside the marks of a repost."""
    return bool(re.search(r"\w", _REPOST_MARKS.sub("", own)))


def judgements(scores: Scores, model_id: str, run: int) -> dict[str, Sentiment]:
    """Return a scorer's answer as a mention keeps it."""
    targets = {WHOLE_TEXT: scores.text, **scores.by_target}
    return {
        target: Sentiment.from_probabilities(each, model_id, run)
        for target, each in targets.items()
    }


@dataclass(frozen=True, slots=True)
class Deriving:
    """Derives for mentions that are stored. Holds no state."""

    store: MentionStore
    scorer: Scorer
    method: Method

    def derive(
        self, mentions: Sequence[Mention], configuration: Configuration, run: ModelRun
    ) -> dict[str, Derived]:
        """Return by id what the texts of mentions say; the engine is asked only where another
        model judged, or none, and terms and fingerprints are made again where the run says so.
        """
        stale = [mention for mention in mentions if self.is_stale(mention)]
        contexts = self._contexts(stale)
        askable = [mention for mention in stale if mention.id in contexts]
        answers = self.scorer.score(
            [
                score_request(_own(m), contexts[m.id], m.platform, m.brand_ids, configuration)
                for m in askable
            ]
        )
        model = self.scorer.model_id
        judged: dict[str, Mapping[str, Sentiment] | None] = {m.id: None for m in stale}
        for mention, scores in zip(askable, answers, strict=True):
            judged[mention.id] = judgements(scores, model, run.run)
        return {
            m.id: Derived(
                judged.get(m.id, m.sentiment),
                self.method.keywords(_text(m), configuration) if run.rederives else m.terms,
                self.method.fingerprint(_text(m)) if run.rederives else m.fingerprint,
            )
            for m in mentions
        }

    def is_stale(self, mention: Mention) -> bool:
        """Whether another model than the one in use judged any of it, or nobody did."""
        model = self.scorer.model_id
        return WHOLE_TEXT not in mention.sentiment or any(
            said.by is Judge.MODEL and said.model != model for said in mention.sentiment.values()
        )

    def _contexts(self, mentions: Sequence[Mention]) -> dict[str, str]:
        """Return by id the text to judge by; a bare repost whose original is not stored has
        none.
        """
        bare = {m.id: m.repost_of for m in mentions if m.repost_of and not says_something(_own(m))}
        originals = self.store.get(sorted(set(bare.values())))
        contexts: dict[str, str] = {}
        for mention in mentions:
            original_id = bare.get(mention.id)
            if original_id is None:
                contexts[mention.id] = _own(mention)
            elif (original := originals.get(original_id)) is not None:
                contexts[mention.id] = f"{_own(mention)}\n{_text(original)}"
        return contexts


def _text(mention: Mention) -> str:
    return f"{mention.title}\n{mention.text}"


def _own(mention: Mention) -> str:
    return _text(mention).strip()
