"""storage/elasticsearch/bulk.py"""

import pytest

from domain.errors import SchemaMismatch, StoreError, StoreUnavailable
from storage.elasticsearch import bulk
from storage.elasticsearch.bulk import MOST_ACTIONS, Action, Sender, creation, deletion, replacement
from storage.elasticsearch.documents import encode
from storage.elasticsearch.index import Result, TurnedAway
from tests.fakes import a_mention
from tests.unit.storage.elasticsearch.a_server import FakeIndex

BUSY = Result(429, "es_rejected_execution_exception")


def actions(number: int) -> list[Action]:
    return [creation(encode(a_mention(str(place)))) for place in range(number)]


def sender(index: FakeIndex, naps: list[float] | None = None) -> Sender:
    return Sender(index, (naps if naps is not None else []).append, lambda: 1.0)


def busy(ids):
    return TurnedAway(429)


def fine(ids):
    return None


def test_lines_are_a_head_and_a_document():
    document = encode(a_mention('"\n'))
    head, body, end = creation(document).lines.split(b"\n")
    assert head == b'{"create":{"_id":"weibo:\\"\\n"}}'
    assert body == document.body
    assert end == b""
    head = replacement(document, 7).lines.split(b"\n")[0]
    assert head.endswith(b'"version":7,"version_type":"external"}}')
    assert deletion("weibo:1").lines == b'{"delete":{"_id":"weibo:1"}}\n'


def test_nothing_is_sent_for_nothing():
    index = FakeIndex()
    assert sender(index).send([]) == []
    assert index.sent == []


def test_results_come_in_order_and_a_request_has_so_many_actions_at_most():
    index = FakeIndex()
    results = sender(index).send([*actions(MOST_ACTIONS + 5), deletion("weibo:none")])
    assert [result.status for result in results] == [201] * (MOST_ACTIONS + 5) + [404]
    assert [len(ids) for ids in index.sent] == [MOST_ACTIONS, 6]


def test_a_request_has_so_many_bytes_at_most(monkeypatch):
    monkeypatch.setattr(bulk, "MOST_BYTES", 3 * len(actions(1)[0].lines))
    index = FakeIndex()
    sender(index).send(actions(8))
    assert [len(ids) for ids in index.sent] == [3, 3, 2]


def test_a_busy_server_is_asked_later_for_less_and_then_for_more_again():
    index = FakeIndex(troubles=[busy, busy, busy])
    naps: list[float] = []
    results = sender(index, naps).send(actions(80))
    assert [result.status for result in results] == [201] * 80
    assert [len(ids) for ids in index.sent] == [80, 40, 20, 20, 40, 20]
    assert naps == [0.1, 0.2, 0.4]


def test_a_few_documents_that_find_no_room_make_no_request_smaller():
    index = FakeIndex(troubles=[lambda ids: {ids[0]: BUSY}])
    many = actions(1_500)
    assert {result.status for result in sender(index).send(many)} == {201}
    assert [len(ids) for ids in index.sent] == [1_000, 501]


def test_a_server_that_says_when_is_asked_then():
    index = FakeIndex(troubles=[lambda ids: TurnedAway(429, wait=3.0), busy])
    naps: list[float] = []
    sender(index, naps).send(actions(1))
    assert naps == [3.0, 0.2]
    endless = FakeIndex(troubles=[lambda ids: TurnedAway(429, wait=9e9)])
    sender(endless, naps).send(actions(1))
    assert naps[-1] == 20.0


def test_the_last_step_of_a_migration_is_waited_for():
    blocked = Result(403, "cluster_block_exception")
    index = FakeIndex(troubles=[lambda ids: dict.fromkeys(ids, blocked)] * 6)
    naps: list[float] = []
    assert sender(index, naps).send(actions(1)) == [Result(201)]
    assert sum(naps) > 5


def test_only_what_was_turned_away_is_sent_again():
    def some(ids):
        return {ids[1]: BUSY, ids[3]: Result(503, "unavailable_shards_exception")}

    index = FakeIndex(troubles=[some])
    results = sender(index).send(actions(5))
    assert [result.status for result in results] == [201] * 5
    assert index.sent[1:] == [["weibo:1", "weibo:3"]]


def test_what_will_never_be_taken_is_told_at_once():
    wrong = Result(400, "document_parsing_exception", "@timestamp")
    index = FakeIndex(troubles=[lambda ids: {ids[0]: wrong}])
    naps: list[float] = []
    assert sender(index, naps).send(actions(2)) == [wrong, Result(201)]
    assert naps == []


def test_a_server_without_room_for_long_is_away():
    index = FakeIndex(troubles=[busy] * 99)
    naps: list[float] = []
    with pytest.raises(StoreUnavailable):
        sender(index, naps).send(actions(3))
    assert 20 < sum(naps) < 60
    assert index.documents == {}


def test_progress_counts_as_room():
    def all_but_the_first(ids):
        return dict.fromkeys(ids[1:], BUSY)

    index = FakeIndex(troubles=[all_but_the_first] * 200)
    results = sender(index).send(actions(40))
    assert [result.status for result in results] == [201] * 40


def test_a_request_too_large_is_cut():
    def at_most_three(ids):
        return TurnedAway(413) if len(ids) > 3 else None

    index = FakeIndex(troubles=[at_most_three] * 50)
    naps: list[float] = []
    results = sender(index, naps).send(actions(20))
    assert [result.status for result in results] == [201] * 20
    assert naps == []


def test_a_document_too_large_is_told():
    index = FakeIndex(troubles=[lambda ids: TurnedAway(413)] * 50)
    assert [result.status for result in sender(index).send(actions(2))] == [413, 413]


def test_one_large_document_that_never_finds_room_holds_up_no_other():
    def not_the_large_one(ids):
        return {mention_id: BUSY for mention_id in ids if mention_id == "weibo:large"}

    large = creation(encode(a_mention("large", text="长" * 400_000)))
    index = FakeIndex(troubles=[not_the_large_one] * 99)
    results = sender(index).send([large, *actions(2)])
    assert [result.status for result in results] == [413, 201, 201]


def test_a_shard_that_is_away_is_no_large_documents_fault():
    away = Result(503, "unavailable_shards_exception")
    large = creation(encode(a_mention("large", text="长" * 400_000)))
    index = FakeIndex(troubles=[lambda ids: dict.fromkeys(ids, away)] * 99)
    with pytest.raises(StoreUnavailable):
        sender(index).send([large])
    assert len(index.sent) == 3


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        (Result(429, "es_rejected_execution_exception"), StoreUnavailable),
        (Result(403, "cluster_block_exception"), StoreUnavailable),
        (Result(503, "unavailable_shards_exception"), StoreUnavailable),
    ],
)
def test_what_passes_but_does_not_is_an_error(trouble, error):
    index = FakeIndex(troubles=[lambda ids: dict.fromkeys(ids, trouble)] * 99)
    with pytest.raises(error):
        sender(index).send(actions(2))


@pytest.mark.parametrize(
    ("status", "kind", "error"),
    [(404, "index_not_found_exception", SchemaMismatch), (403, "security_exception", StoreError)],
)
def test_the_clusters_own_trouble_is_not_tried_again(status, kind, error):
    index = FakeIndex(troubles=[lambda ids: dict.fromkeys(ids, Result(status, kind))])
    assert sender(index).send(actions(1)) == [Result(status, kind)]
    assert len(index.sent) == 1
