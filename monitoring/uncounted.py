"""What is stored and counts in no chart and no alarm, told apart by why: adverts, own accounts, and
what hangs under posts.
"""

from collections.abc import Mapping
from dataclasses import replace

from domain.mention import UNCOUNTED, Flag
from domain.ports import MentionStore
from domain.queries import MentionFilter


def read_uncounted(store: MentionStore, wanted: MentionFilter) -> Mapping[Flag, int]:
    """Return how many mentions of a filter count nowhere, by the reason, the most first; none
    that is 0."""
    everything = replace(wanted, public_voice_only=False)
    counts = {
        reason: store.count(replace(everything, uncounted_as=frozenset({reason})))
        for reason in UNCOUNTED
    }
    most_first = sorted(counts.items(), key=lambda pair: -pair[1])
    return {reason: count for reason, count in most_first if count}
