"""monitoring/moving.py: what is moved is the same there, to the last revision, or it is said."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.errors import StoreUnavailable, Text
from domain.mention import Flag, Mention
from domain.queries import AddResult, MentionFilter, Refused
from domain.sentiment import Judge, Label, Sentiment
from monitoring.moving import MOST_PASSES, Checksum, checksum, copy, fingerprint, move
from storage.sqlite.mentions import SqliteMentionStore
from tests.contract.naive_store import NaiveMentionStore
from tests.fakes import NOON, a_mention

DAY = timedelta(days=1)
PRINT = 0x1111222233334444
PERSON = Sentiment(Label.POSITIVE, 0.9, 1.0, "", Judge.PERSON)


def history() -> list[Mention]:
    """Mentions on three days, some with revisions, flags and labels of people."""
    mentions = []
    for n in range(30):
        at = NOON - (n % 3) * 5 * DAY + timedelta(microseconds=n)
        mentions.append(a_mention(str(n), published_at=at, text=f"第 {n} 条", likes=n or None))
    return mentions


def filled(mentions: Iterable[Mention] = ()) -> NaiveMentionStore:
    store = NaiveMentionStore()
    store.add(mentions or history())
    later = replace(store.mentions["weibo:3"], likes=99, collected_at=NOON + DAY)
    store.add([later])
    store.amend("weibo:4", lambda m: replace(m, flags=frozenset({Flag.SPAM})))
    store.amend("weibo:5", lambda m: replace(m, sentiment={"": PERSON}))
    return store


def nothing(_: object) -> None:
    pass


@pytest.fixture
def sqlite(tmp_path):
    store = SqliteMentionStore(tmp_path / "m.sqlite")
    yield store
    store.close()


def test_everything_arrives_whole_and_is_proved(sqlite):
    source, seen = filled(), []
    moved = move(source, sqlite, read=seen.append)
    assert moved.is_equal
    assert (moved.added, moved.replaced, moved.removed, moved.passes) == (30, 0, 0, 2)
    assert sum(seen) == 2 * 30
    assert moved.source.text == moved.target.text == checksum(source.mentions.values()).text
    assert sqlite.get(source.mentions) == source.mentions
    assert source.mentions["weibo:3"].revisions


def test_what_analysis_found_arrives_and_can_be_asked_for(sqlite):
    both = frozenset({"cha", "tea"})
    doubt = Sentiment(Label.NEGATIVE, -0.5, 0.5, "m", run=3)
    sure = Sentiment(Label.POSITIVE, 0.9, 0.97, "m", run=3)
    told = a_mention(
        "9", brand_ids=both, terms=("虫子",), fingerprint=PRINT, cluster_id="weibo:9",
        sentiment={"": doubt, "tea": sure},
    )  # fmt: skip
    assert move(filled([*history()[:6], told]), sqlite, read=nothing).is_equal
    assert sqlite.get(["weibo:9"])["weibo:9"] == told
    near = sqlite.near([PRINT ^ 1], since=NOON - 30 * DAY, distance=3)
    assert [each.mention_id for each in near] == ["weibo:9"]
    for brand, unsure in ((None, 1), ("cha", 1), ("tea", 0)):
        assert sqlite.count(MentionFilter(brand_id=brand, unsure_below=60)) == unsure, brand


def test_and_back_again(sqlite, tmp_path):
    move(filled(), sqlite, read=nothing)
    back = NaiveMentionStore()
    assert move(sqlite, back, read=nothing).is_equal
    assert back.mentions == filled().mentions


def test_moving_again_catches_up_with_all_that_was_done_since(sqlite):
    source = filled()
    move(source, sqlite, read=nothing)
    source.add([a_mention("new", text="新的")])
    source.amend("weibo:4", lambda m: replace(m, flags=frozenset()))
    source.amend("weibo:6", lambda m: replace(m, published_at=m.published_at - DAY))
    source.remove(["weibo:7"])
    moved = move(source, sqlite, read=nothing)
    assert moved.is_equal
    assert (moved.added, moved.replaced, moved.removed) == (1, 2, 1)
    assert {m.id: m for m in sqlite.scan(MentionFilter(public_voice_only=False))} == source.mentions


def test_a_move_with_nothing_to_do_reads_both_once(sqlite):
    move(filled(), sqlite, read=nothing)
    moved = move(filled(), sqlite, read=nothing)
    assert (moved.is_equal, moved.passes) == (True, 1)


def test_a_move_that_was_cut_off_goes_on_where_it_was(sqlite):
    class Dying(NaiveMentionStore):
        def add(self, mentions):
            if len(self.mentions) >= 20:
                raise StoreUnavailable(Text("断了", "gone"))
            return super().add(mentions)

    source, target, days = filled(), Dying(), []
    with pytest.raises(StoreUnavailable):
        move(source, target, read=nothing, day_done=days.append)
    assert len(target.mentions) == 20
    assert len(days) == 2
    assert days[-1] == (NOON - 4 * DAY).replace(hour=0, minute=0)
    whole = NaiveMentionStore()
    whole.mentions = target.mentions
    seen: list[int] = []
    moved = move(source, whole, read=seen.append, begin_with=days[-1])
    assert (moved.is_equal, moved.added, sum(seen)) == (True, 10, 10 + 30)


def test_what_a_store_does_not_take_is_named_and_nothing_is_called_equal():
    class Picky(NaiveMentionStore):
        def add(self, mentions):
            good = [m for m in mentions if m.id != "weibo:9"]
            return replace(super().add(good), refused=(Refused("weibo:9", Text("坏", "bad")),))

    moved = move(filled(), Picky(), read=nothing)
    assert not moved.is_equal
    assert [one.mention_id for one in moved.refused] == ["weibo:9"]
    assert (moved.source.mentions, moved.target.mentions) == (30, 29)


def test_a_source_that_changes_all_the_time_is_not_chased_for_ever():
    source = filled()

    class Restless(NaiveMentionStore):
        def get(self, mention_ids):
            source.amend("weibo:1", lambda m: replace(m, likes=(m.likes or 0) + 1))
            return super().get(mention_ids)

        def scan(self, wanted):
            self.get([])
            return super().scan(wanted)

    moved = move(source, Restless(), read=nothing)
    assert not moved.is_equal
    assert moved.passes == MOST_PASSES


def test_a_copy_says_what_was_refused():
    class Refusing(NaiveMentionStore):
        def add(self, mentions):
            return AddResult(refused=tuple(Refused(m.id, Text("坏", "bad")) for m in mentions))

    told: list[int] = []
    assert len(copy(filled(), Refusing(), told.append)) == 30
    assert told == [30]


def test_the_checksum_knows_no_order_but_every_field():
    mentions = history()
    assert checksum(mentions) == checksum(reversed(mentions))
    assert checksum(mentions) != checksum(mentions[:-1])
    one = mentions[0]
    for change in ({"likes": 7}, {"text": "别的"}, {"flags": frozenset({Flag.SPAM})}):
        assert fingerprint(replace(one, **change)) != fingerprint(one)
    assert Checksum().text == "0" * 64
