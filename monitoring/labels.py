"""What people said of mentions, as labels to learn from."""

from collections.abc import Iterator
from datetime import UTC, datetime

from analysis.polarity.teaching import Labelled
from domain.mention import Mention
from domain.ports import BeginWork, MentionStore
from domain.sentiment import WHOLE_TEXT, Judge, Label

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_AT_ONCE = 500


def team_labels(store: MentionStore, begin_work: BeginWork, now: datetime) -> list[Labelled]:
    """Return a label for each mention that a person judged as a whole and whose judgement stands.

    A word about one of several brands says nothing of the whole text and is left out. Of near
    copies with the same label one is returned: copies on both sides of what is held back would
    measure memory.
    """
    with begin_work() as work:
        acts = work.corrections.between(_BEGINNING, now)
    judged = sorted({act.mention_id for act in acts})
    labels: list[Labelled] = []
    copied: set[tuple[str, Label]] = set()
    for first in range(0, len(judged), _AT_ONCE):
        mentions = store.get(judged[first : first + _AT_ONCE])
        labels += _labelled((mentions[one] for one in sorted(mentions)), copied)
    return labels


def _labelled(mentions: Iterator[Mention], copied: set[tuple[str, Label]]) -> Iterator[Labelled]:
    for mention in mentions:
        label = _word_of_a_person(mention)
        if label is None:
            continue
        cluster = (mention.cluster_id or mention.id, label)
        if cluster not in copied:
            copied.add(cluster)
            text = f"{mention.title}\n{mention.text}" if mention.title else mention.text
            yield Labelled(text, mention.platform.value, label)


def _word_of_a_person(mention: Mention) -> Label | None:
    whole = mention.sentiment.get(WHOLE_TEXT)
    return whole.label if whole is not None and whole.by is Judge.PERSON else None
