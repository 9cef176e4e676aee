"""A process of its own that writes mentions: `python -m tests.integration.adding_process URL INDEX
WATCH NUMBER`. Each mention is looked at twice, and a person labels every tenth one.
"""

import sys
from dataclasses import replace
from datetime import timedelta

from domain.mention import Mention
from domain.sentiment import WHOLE_TEXT, Judge, Label, Sentiment
from storage.elasticsearch.client import Cluster
from storage.elasticsearch.mentions import ElasticsearchMentionStore
from tests.fakes import NOON, a_mention

PERSON = Sentiment(Label.POSITIVE, 1.0, 1.0, "wang", Judge.PERSON)
MODEL = Sentiment(Label.NEGATIVE, -0.5, 0.7, "model")


def label(mention: Mention) -> Mention:
    """A person labels a mention, one more time."""
    known = mention.sentiment[WHOLE_TEXT]
    times = known.polarity + 1 if known.by is Judge.PERSON else 1.0
    return replace(mention, sentiment={WHOLE_TEXT: replace(PERSON, polarity=times)})


def write(url: str, index: str, watch: str, number: int) -> None:
    """Look at all mentions, an older look last."""
    store = ElasticsearchMentionStore(Cluster(url=url, index=index))
    for minutes, likes in ((30, 30), (10, 10)):
        store.add(
            a_mention(
                str(place),
                likes=likes,
                collected_at=NOON + timedelta(minutes=minutes),
                watch_ids=frozenset({watch}),
                sentiment={WHOLE_TEXT: MODEL},
            )
            for place in range(number)
        )
        for place in range(0, number, 10):
            store.amend(f"weibo:{place}", label)
    store.close()


if __name__ == "__main__":
    write(*sys.argv[1:4], int(sys.argv[4]))
