"""storage/elasticsearch/writing.py"""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.errors import SchemaMismatch, StoreError, StoreUnavailable, Text
from domain.mention import Mention
from domain.merge import merge
from domain.sentiment import WHOLE_TEXT, Judge, Label, Sentiment
from storage.elasticsearch import writing
from storage.elasticsearch.bulk import Sender
from storage.elasticsearch.documents import encode
from storage.elasticsearch.index import Result
from storage.elasticsearch.writing import Arrival, Writer, batches
from storage.outcomes import Outcome, Outcomes
from tests.fakes import NOON, a_mention
from tests.unit.storage.elasticsearch.a_server import FakeIndex

HOUR = timedelta(hours=1)


def writer(index: FakeIndex) -> Writer:
    return Writer(index, Sender(index, lambda seconds: None, lambda: 0.5))


def arrivals(*mentions: Mention) -> list[Arrival]:
    return [Arrival((mention,), encode(mention)) for mention in mentions]


def test_looks_at_one_mention_become_one_document():
    first = a_mention("1", text="短")
    second = replace(first, text="长一些", collected_at=NOON + HOUR)
    outcomes = Outcomes()
    bad = a_mention("2", text="\ud800")
    (batch,) = batches([first, bad, second], outcomes)
    assert [arrival.document.mention for arrival in batch] == [merge(first, second)]
    assert batch[0].looks == (first, second)
    assert [refused.mention_id for refused in outcomes.result().refused] == ["weibo:2"]


def test_a_look_that_cannot_be_held_does_not_spoil_the_one_before():
    first = a_mention("1")
    outcomes = Outcomes()
    (batch,) = batches([first, replace(first, likes=2**70)], outcomes)
    assert [arrival.looks for arrival in batch] == [(first,)]
    assert len(outcomes.result().refused) == 1


def test_a_batch_ends_by_number_and_by_size(monkeypatch):
    monkeypatch.setattr(writing, "MOST_ACTIONS", 3)
    mentions = [a_mention(str(number)) for number in range(7)]
    assert [len(batch) for batch in batches(mentions, Outcomes())] == [3, 3, 1]
    monkeypatch.setattr(writing, "MOST_BYTES", len(encode(mentions[0]).body) + 1)
    assert [len(batch) for batch in batches(mentions, Outcomes())] == [2, 2, 2, 1]
    assert list(batches([], Outcomes())) == []


def test_new_mentions_are_not_looked_up():
    index = FakeIndex()
    index.stored = None
    assert writer(index).add(arrivals(a_mention("1"))) == {"weibo:1": Outcome.NEW}
    assert len(index.sent) == 1


def test_known_mentions_are_merged_as_the_next_version():
    index = FakeIndex()
    first = a_mention("1", likes=1)
    later = replace(first, likes=5, collected_at=NOON + HOUR)
    writer(index).add(arrivals(first, a_mention("2")))
    looks = [later, a_mention("2"), a_mention("3")]
    assert writer(index).add(arrivals(*looks)) == {
        "weibo:1": Outcome.CHANGED,
        "weibo:2": Outcome.UNCHANGED,
        "weibo:3": Outcome.NEW,
    }
    assert index.mention("weibo:1") == merge(first, later)
    assert index.documents["weibo:1"][0] == 2
    assert index.documents["weibo:2"][0] == 1  # the same look again is not even written


def test_several_looks_meet_what_is_known_one_after_the_other():
    person = Sentiment(Label.POSITIVE, 1.0, 1.0, "wang", Judge.PERSON)
    known = a_mention("1", text="中", likes=1, sentiment={WHOLE_TEXT: person})
    looks = [
        replace(known, text="更长的", sentiment={}, collected_at=NOON + HOUR, title="题"),
        replace(known, text="最长的文", likes=4, sentiment={"cha": person}),
        replace(known, text="短", views=4, collected_at=NOON - HOUR, edited_at=NOON),
    ]
    index = FakeIndex()
    index.put(encode(known), 1)
    (batch,) = batches(looks, Outcomes())
    writer(index).add(batch)
    assert index.mention("weibo:1") == merge(merge(merge(known, looks[0]), looks[1]), looks[2])


def test_an_older_look_never_overwrites_newer_counts():
    index = FakeIndex()
    old, new = a_mention("1", likes=1), a_mention("1", likes=9, collected_at=NOON + HOUR)
    writer(index).add(arrivals(new))
    writer(index).add(arrivals(old))
    assert index.mention("weibo:1").likes == 9


def test_a_lost_race_is_run_again_with_what_the_other_wrote():
    first = a_mention("1", likes=1, watch_ids=frozenset({"a"}))
    mine = replace(first, likes=2, collected_at=NOON + HOUR, watch_ids=frozenset({"b"}))
    person = Sentiment(Label.POSITIVE, 1.0, 1.0, "wang", Judge.PERSON)
    others = [
        replace(first, sentiment={WHOLE_TEXT: person}),
        replace(first, sentiment={WHOLE_TEXT: person}, watch_ids=frozenset({"a", "c"})),
    ]
    index = FakeIndex()
    index.put(encode(first), 1)

    def interfere() -> None:
        if len(index.sent) > 1 and others:
            version = index.documents["weibo:1"][0]
            index.put(encode(others.pop(0)), version + 1)

    index.before_writing = interfere
    assert writer(index).add(arrivals(mine)) == {"weibo:1": Outcome.CHANGED}
    stored = index.mention("weibo:1")
    assert stored.likes == 2
    assert stored.watch_ids == {"a", "b", "c"}
    assert stored.sentiment[WHOLE_TEXT] == person


def test_what_was_removed_in_between_is_new_again():
    index = FakeIndex()
    mention = a_mention("1", likes=1)
    index.put(encode(mention), 4)

    def remove() -> None:
        if len(index.sent) == 2:
            index.buried["weibo:1"] = index.documents.pop("weibo:1")[0] + 1

    index.before_writing = remove
    look = replace(mention, likes=2, collected_at=NOON + HOUR)
    assert writer(index).add(arrivals(look)) == {"weibo:1": Outcome.NEW}
    assert index.mention("weibo:1") == look  # nothing of what was removed came back


def test_an_amendment_does_not_bring_back_what_was_removed():
    index = FakeIndex()
    index.put(encode(a_mention("1")), 4)

    def remove() -> None:
        if "weibo:1" in index.documents:
            index.buried["weibo:1"] = index.documents.pop("weibo:1")[0] + 1

    index.before_writing = remove
    assert writer(index).amend("weibo:1", lambda m: replace(m, likes=7)) is None
    assert index.documents == {}


def test_an_amendment_is_made_again_of_what_the_other_wrote():
    index = FakeIndex()
    index.put(encode(a_mention("1", likes=0)), 1)
    races = [1, 1, 0]

    def interfere() -> None:
        if races.pop(0):
            likes = index.mention("weibo:1").likes + 10
            index.put(encode(a_mention("1", likes=likes)), index.documents["weibo:1"][0] + 1)

    index.before_writing = interfere
    amended = writer(index).amend("weibo:1", lambda m: replace(m, likes=(m.likes or 0) + 1))
    assert amended == index.mention("weibo:1")
    assert amended.likes == 21


def test_who_loses_every_race_says_so():
    index = FakeIndex()
    index.put(encode(a_mention("1")), 1)
    likes = iter(range(10**6))

    def interfere() -> None:
        other = a_mention("1", likes=next(likes))
        index.put(encode(other), index.documents["weibo:1"][0] + 1)

    index.before_writing = interfere
    with pytest.raises(StoreUnavailable):
        writer(index).amend("weibo:1", lambda m: replace(m, views=1))
    with pytest.raises(StoreUnavailable):
        writer(index).add(arrivals(a_mention("1", views=5)))


def test_a_refused_document_is_told_with_the_kind_of_error_and_the_field():
    wrong = Result(400, "document_parsing_exception", "@timestamp")
    index = FakeIndex(troubles=[lambda ids: {"weibo:1": wrong, "weibo:2": Result(413)}])
    verdicts = writer(index).add(arrivals(*(a_mention(str(number)) for number in range(4))))
    assert verdicts["weibo:0"] == verdicts["weibo:3"] == Outcome.NEW
    assert "document_parsing_exception @timestamp" in verdicts["weibo:1"].en
    assert isinstance(verdicts["weibo:2"], Text)
    assert set(index.documents) == {"weibo:0", "weibo:3"}


@pytest.mark.parametrize(
    ("result", "error"),
    [
        (Result(404, "index_not_found_exception"), SchemaMismatch),
        (Result(403, "security_exception"), StoreError),
    ],
)
def test_the_clusters_own_trouble_is_no_documents_fault(result, error):
    for attempt in (
        lambda one: one.add(arrivals(a_mention("2"))),
        lambda one: one.remove(["weibo:1"]),
        lambda one: one.amend("weibo:1", lambda m: replace(m, likes=1)),
    ):
        index = FakeIndex(troubles=[lambda ids: dict.fromkeys(ids, result)])
        index.put(encode(a_mention("1")), 1)
        with pytest.raises(error):
            attempt(writer(index))


def test_an_amendment_that_the_cluster_refuses_is_the_callers_fault():
    wrong = Result(400, "document_parsing_exception", "koubei.edited_at")
    index = FakeIndex(troubles=[lambda ids: dict.fromkeys(ids, wrong)])
    index.put(encode(a_mention("1")), 1)
    with pytest.raises(ValueError, match=r"weibo:1.*koubei\.edited_at"):
        writer(index).amend("weibo:1", lambda m: replace(m, likes=1))


def test_removal_counts_what_was_there():
    index = FakeIndex()
    index.put(encode(a_mention("1")), 1)
    assert writer(index).remove(["weibo:1", "weibo:2"]) == 1
    assert index.documents == {}
