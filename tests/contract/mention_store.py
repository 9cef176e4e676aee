"""What every MentionStore keeps. An adapter's test module subclasses the two contracts:

    class TestMyStore(MentionStoreContract):
        @pytest.fixture
        def new_store(self, …): …            # a function that returns an empty store each time

        def settle(self, store): …           # only where writes become searchable later

`TestMyStoreAgainstTheModel(MentionStoreModel)` likewise; it compares with the naive store.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from domain.brand import Proximity
from domain.mention import UNCOUNTED, Flag, Kind, Mention, Platform, Precision
from domain.merge import merge
from domain.ports import MentionStore
from domain.queries import Bucket, MentionFilter, Sort, TimelinePoint
from domain.sentiment import WHOLE_TEXT, Judge, Label, Sentiment
from tests.contract.naive_store import NaiveMentionStore
from tests.fakes import NOON, a_mention

NewStore = Callable[[], MentionStore]

ALL = MentionFilter(public_voice_only=False)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MIDNIGHT_IN_CHINA = datetime(2026, 11, 19, 16, tzinfo=UTC)


def judged(
    label: Label,
    polarity: float = 0.0,
    by: Judge = Judge.MODEL,
    confidence: float = 0.75,
    run: int = 0,
) -> Sentiment:
    """A judgement; the details that a test does not care about are fixed."""
    if by is Judge.PERSON:
        return Sentiment(label, polarity, 1.0, "wang", by)
    return Sentiment(label, polarity, confidence, "model-1", by, run)


def negative(polarity: float = -0.5) -> dict[str, Sentiment]:
    """A text that is negative as a whole."""
    return {WHOLE_TEXT: judged(Label.NEGATIVE, polarity)}


def platform_of(mention_id: str) -> Platform:
    """The platform that an id names."""
    return Platform(mention_id.partition(":")[0])


def ids(mentions: Iterable[Mention]) -> list[str]:
    """The ids, in order."""
    return [mention.id for mention in mentions]


def all_pages(store: MentionStore, wanted: MentionFilter, sort: Sort, limit: int) -> list[str]:
    """The ids of every page of a search."""
    found: list[str] = []
    after: str | None = None
    while True:
        page = store.search(wanted, sort=sort, limit=limit, after=after)
        assert len(page.mentions) <= limit
        found += ids(page.mentions)
        after = page.after
        if after is None:
            return found


HARD_TEXTS = {
    "split": ("", "好，吃不好"),
    "joined": ("", "真的好吃不贵"),
    "iphone": ("", "新买的iPhone15发烫"),
    "wide": ("", "ＩＰＨＯＮＥ　１５ 太贵"),
    "traditional": ("", "這間奶茶店的服務態度很差"),
    "emoji": ("", "难喝😡😡👎🏻"),
    "doge": ("", "真不错[doge][doge]"),
    "quotes": ("", '说"退款"就退款?100%假的_好吗*'),
    "one": ("", "差"),
    "titled": ("云栈奶茶", "排队三小时"),
    "english": ("", "Worst SERVICE ever, C++ & co."),
    "eszett": ("", "Straße und ﬁn"),
    "breaks": ("", "第一行\n第二行\t第三行\r\n第四行"),
    "space": ("", "云 栈 奶 茶"),
    "zero": ("", "云\u200b栈"),
    "nul": ("", "上\x00下"),
    "rare": ("", "𠮷野家的牛丼"),
    "repeat": ("", "哈哈哈哈哈"),
    "long": ("", "很长" * 400 + "的结尾"),
    "operators": ("", 'AND OR NOT NEAR("a" b) x* -y ^z'),
}
HARD_WORDS = {
    "好吃": {"joined"},
    "吃不": {"split", "joined"},
    "Phone": {"iphone", "wide"},
    "iphone15": {"iphone"},
    "phone 15": {"wide"},
    "15": {"iphone", "wide"},
    "服务态度": {"traditional"},
    "服務": {"traditional"},
    "😡": {"emoji"},
    "😡👎": {"emoji"},
    "🏻": {"emoji"},
    "[doge]": {"doge"},
    "][": {"doge"},
    '"退款"': {"quotes"},
    "100%": {"quotes"},
    "_": {"quotes"},
    "%": {"quotes"},
    "*": {"quotes", "operators"},
    "？": {"quotes"},
    "差": {"traditional", "one"},
    "云栈奶茶\n排队": {"titled"},
    "茶排": set(),
    "service": {"english"},
    "c++": {"english"},
    ", c": {"english"},
    "strasse": {"eszett"},
    "fin": {"eszett"},
    "行\n第二": {"breaks"},
    "行\t第三": {"breaks"},
    "云 栈": {"space"},
    "云栈": {"titled"},
    "\u200b": {"zero"},
    "上\x00下": {"nul"},
    "上下": set(),
    "𠮷": {"rare"},
    "𠮷野": {"rare"},
    "哈哈哈哈哈": {"repeat"},
    "哈哈哈哈哈哈": set(),
    "很长" * 300: {"long"},
    "很长" * 400 + "的": {"long"},
    "很长" * 401: set(),
    "and or": {"operators"},
    'near("': {"operators"},
    "-y": {"operators"},
    "^z": {"operators"},
    "没有这句话": set(),
}

NEAR_WORDS = {
    ("奶茶", "苍蝇", 2): {"after", "before", "again", "traditional"},
    ("苍蝇", "奶茶", 1): {"again"},
    ("奶茶", "苍蝇", 3): {"after", "before", "again", "split", "traditional"},
    ("奶茶", "苍蝇", 29): {"after", "before", "again", "split", "traditional"},
    ("奶茶", "蒼蠅", 30): {"after", "before", "far", "again", "split", "traditional"},
    ("奶茶", "茶壶", 0): {"overlap"},
    ("奶茶壶", "茶", 0): {"overlap"},
    ("壶", "奶", 1): {"overlap"},
    ("壶", "奶", 0): set(),
    ("奶", "茶", 0): {"after", "before", "far", "again", "overlap", "one", "split", "traditional"},
    ("奶茶", "奶茶", 0): {
        *("after", "before", "far", "again", "overlap", "one", "split", "traditional")
    },
    ("x", "苍", 2): {"split"},
    ("x", "苍", 1): set(),
    ("phone", "PRO", 6): {"mixed"},
    ("phone", "PRO", 5): set(),
    ("奶茶", "", 9): set(),
    ("没有", "奶茶", 99): set(),
}

HALF_CHARACTERS = {
    "text": {"text": "半\ud800"},
    "title": {"title": "\udfff"},
    "author": {"author": "\ud800"},
    "author_key": {"author_key": "\ud800"},
    "url": {"url": "https://weibo.com/\ud800"},
    "source": {"source": "\ud800"},
    "parent": {"parent_id": "weibo:\ud800"},
    "cluster": {"cluster_id": "weibo:\ud800"},
    "term": {"terms": ("\ud800",)},
    "brand": {"brand_ids": frozenset({"\ud800"})},
    "watch": {"watch_ids": frozenset({"\ud800"})},
    "forum": {"forum": "\ud800"},
    "target": {"sentiment": {"\ud800": judged(Label.NEGATIVE)}},
    "model": {"sentiment": {"": Sentiment(Label.NEGATIVE, -1.0, 1.0, "\ud800")}},
}
STRANGE_IDS = [
    "weibo:'\"\\/",
    "weibo:*?%_#",
    "weibo:\u0085\u2028 \t\r\n",
    "weibo:..",
    "weibo:" + "😡" * 100,
    "weibo:é",
    "weibo:e\u0301",
    "_doc",
    "weibo:\x00nul",
]


class MentionStoreContract:
    """Examples with the answers written out."""

    def settle(self, store: MentionStore) -> None:
        """Make what was written visible to searches; an adapter that needs it overrides this."""

    @pytest.fixture
    def store(self, new_store: NewStore) -> MentionStore:
        return new_store()

    def put(self, store: MentionStore, *mentions: Mention) -> None:
        result = store.add(mentions)
        assert not result.refused
        self.settle(store)

    # --- add and merge

    def test_an_empty_store_answers_with_nothing(self, store):
        window = replace(ALL, start=NOON - DAY, end=NOON)
        assert store.get(["weibo:1"]) == {}
        assert store.search(ALL).mentions == ()
        assert store.search(ALL).after is None
        assert store.count(ALL) == 0
        assert store.timeline(window, Bucket.HOUR) == []
        assert store.summary(ALL) == NaiveMentionStore().summary(ALL)
        assert store.top_terms(ALL) == []
        assert store.near([1], since=NOON - DAY, distance=3) == []
        assert list(store.scan(ALL)) == []
        assert store.remove(["weibo:1"]) == 0
        assert store.amend("weibo:1", lambda mention: mention) is None
        assert store.status().mentions == 0
        assert store.status().newest_published_at is None

    def test_adding_nothing_stores_nothing(self, store):
        result = store.add([])
        assert (result.new, result.changed, result.unchanged, result.refused) == ((), (), (), ())

    def test_what_is_stored_comes_back_whole(self, store):
        mention = full_mention()
        assert store.add([mention]).new == (mention.id,)
        assert store.get([mention.id, "weibo:none"]) == {mention.id: mention}

    def test_the_same_look_again_changes_nothing(self, store):
        mention = full_mention()
        store.add([mention])
        result = store.add([mention])
        assert (result.new, result.changed, result.unchanged) == ((), (), (mention.id,))
        self.settle(store)
        assert store.get([mention.id]) == {mention.id: mention}
        assert store.count(ALL) == 1

    def test_a_later_look_that_saw_the_same_is_unchanged_but_remembered(self, store):
        first = a_mention()
        second = replace(first, collected_at=NOON + HOUR, first_seen_at=NOON + HOUR, source="run-2")
        store.add([first])
        assert store.add([second]).unchanged == (first.id,)
        stored = store.get([first.id])[first.id]
        assert stored == merge(first, second)
        assert (stored.collected_at, stored.first_seen_at) == (NOON + HOUR, NOON)

    def test_new_changed_and_unchanged_are_told_apart_in_one_call(self, store):
        store.add([a_mention("1"), a_mention("2", likes=1)])
        later = {"collected_at": NOON + HOUR}
        result = store.add(
            [a_mention("1", **later), a_mention("2", likes=2, **later), a_mention("3")]
        )
        assert result.new == ("weibo:3",)
        assert result.changed == ("weibo:2",)
        assert result.unchanged == ("weibo:1",)

    def test_two_looks_in_one_call_are_merged_and_told_once(self, store):
        first = a_mention(text="短")
        second = replace(first, text="长一些的全文", collected_at=NOON + HOUR)
        result = store.add([first, second])
        assert (result.new, result.changed, result.unchanged) == ((first.id,), (), ())
        assert store.get([first.id])[first.id] == merge(first, second)

    def test_looks_may_come_in_any_order(self, new_store):
        old = a_mention(text="截断的…", likes=1, watch_ids=frozenset({"a"}))
        new = a_mention(
            text="完整的正文", likes=5, watch_ids=frozenset({"b"}), collected_at=NOON + HOUR
        )
        one, other = new_store(), new_store()
        one.add([old])
        one.add([new])
        other.add([new])
        other.add([old])
        assert one.get([old.id]) == other.get([old.id]) == {old.id: merge(old, new)}

    def test_a_finer_time_moves_the_mention(self, store):
        rough = a_mention(
            published_at=NOON - DAY, published_precision=Precision.DAY, sentiment=negative()
        )
        fine = replace(rough, published_at=NOON - 2 * HOUR, published_precision=Precision.SECOND)
        self.put(store, rough)
        self.put(store, fine)
        window = replace(ALL, start=NOON - 2 * DAY, end=NOON)
        assert [point.start for point in store.timeline(window, Bucket.HOUR)] == [NOON - 2 * HOUR]
        assert ids(store.search(replace(ALL, start=NOON - 3 * HOUR)).mentions) == [rough.id]

    def test_a_persons_label_outlives_every_later_model_run(self, store):
        mention = a_mention(sentiment=negative(), brand_ids=frozenset({"cha"}))
        store.add([mention])
        person = judged(Label.POSITIVE, 1.0, by=Judge.PERSON)
        store.amend(mention.id, lambda m: replace(m, sentiment={**m.sentiment, "": person}))
        self.put(store, replace(mention, likes=9, collected_at=NOON + HOUR))
        assert store.get([mention.id])[mention.id].sentiment[WHOLE_TEXT] == person
        assert store.summary(replace(ALL, brand_id="cha")).by_label == {Label.POSITIVE: 1}

    def test_two_writers_of_the_same_mentions_lose_nothing(self, store):
        def write(watch: str) -> None:
            store.add(
                a_mention(str(i), watch_ids=frozenset({watch}), sentiment=negative())
                for i in range(300)
            )

        writers = [threading.Thread(target=write, args=(watch,)) for watch in ("a", "b")]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        self.settle(store)
        assert store.count(ALL) == 300
        assert store.count(replace(ALL, watch_id="a")) == 300
        assert store.count(replace(ALL, watch_id="b")) == 300
        window = replace(ALL, start=NOON - DAY, end=NOON)
        assert sum(p.count for p in store.timeline(window, Bucket.HOUR)) == 300

    def test_a_mention_that_cannot_be_stored_is_refused_and_the_others_are_not(self, store):
        result = store.add(
            [
                a_mention("1"),
                a_mention("2", likes=2**80),
                a_mention("3", text="半个字符\ud800"),
                a_mention("4"),
            ]
        )
        self.settle(store)
        assert result.new == ("weibo:1", "weibo:4")
        assert [refused.mention_id for refused in result.refused] == ["weibo:2", "weibo:3"]
        assert all(refused.text.zh and refused.text.en for refused in result.refused)
        assert store.count(ALL) == 2

    @pytest.mark.parametrize("field", HALF_CHARACTERS)
    def test_half_a_character_anywhere_is_refused(self, store, field):
        bad = a_mention("bad", **HALF_CHARACTERS[field])
        result = store.add([a_mention("1"), bad, a_mention("2")])
        self.settle(store)
        assert result.new == ("weibo:1", "weibo:2")
        assert [refused.mention_id for refused in result.refused] == [bad.id]
        assert store.count(ALL) == 2
        with pytest.raises(ValueError, match="weibo:1"):
            store.amend("weibo:1", lambda m: replace(m, **HALF_CHARACTERS["text"]))

    def test_strange_ids_are_ids_like_any_other(self, store):
        mentions = [a_mention(id=strange, text=f"内容{strange}") for strange in STRANGE_IDS]
        self.put(store, *mentions)
        assert store.get(STRANGE_IDS) == {mention.id: mention for mention in mentions}
        for sort in Sort:
            assert all_pages(store, ALL, sort, 2) == sorted(STRANGE_IDS)
        assert list(store.scan(ALL)) == sorted(mentions, key=lambda m: m.id)
        for strange in STRANGE_IDS:
            store.amend(strange, lambda m: replace(m, likes=1))
        self.settle(store)
        assert store.summary(ALL).interactions == len(STRANGE_IDS)
        assert store.remove(STRANGE_IDS) == len(STRANGE_IDS)
        assert store.get(STRANGE_IDS) == {}

    @pytest.mark.parametrize("mention_id", ["", "weibo:\ud800", "weibo:" + "长" * 100_000])
    def test_an_id_that_nothing_can_have_is_unknown(self, store, mention_id):
        self.put(store, a_mention("1"))
        assert store.get([mention_id, "weibo:1"]).keys() == {"weibo:1"}
        assert store.amend(mention_id, lambda mention: mention) is None
        assert store.remove([mention_id]) == 0
        assert store.count(ALL) == 1

    def test_a_text_of_megabytes_is_found_by_its_end(self, store):
        text = "长文abc，" * 300_000 + "这里是结尾"
        mention = a_mention("long", text=text)
        self.put(store, a_mention("1"), mention)
        assert store.get([mention.id]) == {mention.id: mention}
        assert store.count(replace(ALL, words=("这里是结尾",))) == 1
        assert store.count(replace(ALL, near=(Proximity(("长文", "是结"), 9),))) == 1
        assert ids(store.search(ALL).mentions) == ["weibo:1", "weibo:long"]
        assert store.remove([mention.id]) == 1

    def test_what_no_text_can_hold_is_found_nowhere(self, store):
        self.put(store, full_mention(), a_mention("1"))
        half = "\ud800"
        for narrow in (
            {"words": (half,)},
            {"words": ("排队", half)},
            {"near": (Proximity((half, "排队"), 3),)},
            {"brand_id": half},
            {"watch_id": half},
            {"author_key": half},
            {"cluster_id": half},
            {"source": half},
        ):
            wanted = replace(ALL, **narrow, start=NOON - DAY, end=NOON + DAY)
            assert_same_answers(store, NaiveMentionStore(), [wanted])
        assert store.count(replace(ALL, without=(half,))) == 2

    def test_more_than_a_batch_is_taken_from_an_iterator(self, store):
        result = store.add(a_mention(str(i)) for i in range(1203))
        self.settle(store)
        assert len(result.new) == 1203
        assert store.count(ALL) == 1203
        assert store.status().mentions == 1203

    # --- amend and remove

    def test_amend_changes_what_queries_find(self, store):
        mention = a_mention(sentiment=negative(), brand_ids=frozenset({"cha"}))
        self.put(store, mention)
        amended = store.amend(
            mention.id,
            lambda m: replace(
                m,
                flags=frozenset({Flag.SPAM}),
                cluster_id="weibo:9",
                brand_ids=frozenset({"tea"}),
                text="换过的正文",
            ),
        )
        self.settle(store)
        assert amended == store.get([mention.id])[mention.id]
        assert store.count(MentionFilter(brand_id="tea")) == 0
        assert store.count(replace(ALL, brand_id="tea", cluster_id="weibo:9")) == 1
        assert store.count(replace(ALL, brand_id="cha")) == 0
        assert store.count(replace(ALL, words=("换过",), brand_id="tea")) == 1
        assert store.count(replace(ALL, words=("排队",))) == 0

    def test_many_are_amended_like_one(self, store):
        many = [a_mention(str(i), sentiment=negative()) for i in range(1100)]
        self.put(store, *many)

        def change(mention: Mention) -> Mention:
            last = mention.id[-1]
            better = {WHOLE_TEXT: judged(Label.POSITIVE, run=2)}
            return mention if last == "9" else replace(mention, sentiment=better)

        amended = store.amend_many([*ids(many), "weibo:unknown"], change)
        self.settle(store)
        assert amended == {m.id: change(m) for m in many}
        assert store.get(ids(many)) == amended
        assert store.count(MentionFilter(labels=frozenset({Label.POSITIVE}))) == 990
        with pytest.raises(ValueError, match="keep the id"):
            store.amend_many(["weibo:1"], lambda m: replace(m, id="weibo:other"))

    def test_what_the_model_is_not_sure_of_is_found_towards_a_brand(self, store):
        doubt = judged(Label.NEGATIVE, confidence=0.5)
        self.put(
            store,
            a_mention("whole", brand_ids=frozenset({"cha"}), sentiment={WHOLE_TEXT: doubt}),
            a_mention(
                "brand",
                brand_ids=frozenset({"cha", "tea"}),
                sentiment={WHOLE_TEXT: judged(Label.NEUTRAL), "cha": doubt},
            ),
            a_mention(
                "person",
                brand_ids=frozenset({"cha"}),
                sentiment={WHOLE_TEXT: doubt, "cha": judged(Label.NEUTRAL, by=Judge.PERSON)},
            ),
            a_mention("sure", brand_ids=frozenset({"cha"}), sentiment=negative()),
            a_mention("unscored", brand_ids=frozenset({"cha"})),
        )

        def unsure(brand: str | None, percent: int) -> set[str]:
            wanted = MentionFilter(brand_id=brand, unsure_below=percent)
            found = store.search(wanted).mentions
            assert store.count(wanted) == len(found)
            return {m.id.removeprefix("weibo:") for m in found}

        assert unsure("cha", 51) == {"whole", "brand"}
        assert unsure("cha", 50) == set()
        assert unsure("tea", 60) == set()
        assert unsure(None, 60) == {"whole", "person"}
        assert unsure("cha", 76) == {"whole", "brand", "sure"}

    def test_amend_may_not_change_the_id(self, store):
        store.add([a_mention("1")])
        with pytest.raises(ValueError, match="id"):
            store.amend("weibo:1", lambda m: replace(m, id="weibo:2"))
        assert set(store.get(["weibo:1", "weibo:2"])) == {"weibo:1"}

    def test_amend_of_an_unknown_id_calls_nothing(self, store):
        def never(mention: Mention) -> Mention:
            raise AssertionError(mention.id)

        assert store.amend("weibo:none", never) is None

    def test_two_amends_at_once_both_take_effect(self, store):
        store.add([a_mention("1", likes=0)])

        def like() -> None:
            for _ in range(25):
                store.amend("weibo:1", lambda m: replace(m, likes=(m.likes or 0) + 1))

        threads = [threading.Thread(target=like) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert store.get(["weibo:1"])["weibo:1"].likes == 50

    def test_remove_leaves_no_trace(self, store):
        mentions = [full_mention(str(i)) for i in range(3)]
        self.put(store, *mentions)
        assert store.remove(["weibo:0", "weibo:1", "weibo:0", "weibo:none"]) == 2
        self.settle(store)
        expected = NaiveMentionStore()
        expected.add(mentions[2:])
        assert_same_answers(store, expected, [ALL, replace(ALL, brand_id="cha")])
        assert store.remove(["weibo:2"]) == 1
        self.settle(store)
        assert_same_answers(store, NaiveMentionStore(), [ALL, replace(ALL, brand_id="cha")])

    def test_what_was_removed_may_come_again(self, store):
        mention = full_mention()
        self.put(store, mention)
        store.remove([mention.id])
        assert store.add([mention]).new == (mention.id,)
        self.settle(store)
        assert store.count(replace(ALL, words=("排队",))) == 1

    # --- search

    def test_words_are_found_wherever_they_stand(self, store):
        self.put(
            store,
            *(
                a_mention(name, title=title, text=text)
                for name, (title, text) in HARD_TEXTS.items()
            ),
        )
        found = {
            word: {
                mention.id.partition(":")[2]
                for mention in store.search(MentionFilter(words=(word,))).mentions
            }
            for word in HARD_WORDS
        }
        assert found == HARD_WORDS
        counts = {word: store.count(MentionFilter(words=(word,))) for word in HARD_WORDS}
        assert counts == {word: len(names) for word, names in HARD_WORDS.items()}

    def test_several_words_are_joined_by_and_and_without_excludes(self, store):
        self.put(
            store,
            a_mention("1", text="奶茶难喝还贵"),
            a_mention("2", text="奶茶好喝不贵"),
            a_mention("3", text="咖啡难喝"),
        )

        def found(**wanted: tuple[str, ...]) -> set[str]:
            return set(ids(store.search(MentionFilter(**wanted)).mentions))

        assert found(words=("奶茶", "难喝")) == {"weibo:1"}
        assert found(words=("奶茶",), without=("难喝",)) == {"weibo:2"}
        assert found(without=("奶茶", "咖啡")) == set()
        assert found(without=("奶 茶",)) == {"weibo:1", "weibo:2", "weibo:3"}
        assert found(words=("贵", "不贵")) == {"weibo:2"}

    def test_near_words_stand_within_a_distance_in_any_order(self, store):
        texts = {
            "after": "奶茶里有苍蝇",
            "before": "苍蝇飞进奶茶",
            "far": "奶茶" + "很" * 30 + "苍蝇",
            "again": "奶茶" + "很" * 30 + "苍蝇，奶茶",
            "overlap": "奶茶壶嘴",
            "one": "奶茶",
            "split": "奶茶x\n 苍蝇",
            "traditional": "奶茶裡有蒼蠅",
            "mixed": "iPhone15 电池 Pro",
        }
        self.put(store, *(a_mention(name, text=text) for name, text in texts.items()))
        for (one, other, distance), expected in NEAR_WORDS.items():
            wanted = MentionFilter(near=(Proximity((one, other), distance),))
            found = {m.id.partition(":")[2] for m in store.search(wanted).mentions}
            assert found == expected, (one, other, distance)
            assert store.count(wanted) == len(expected), (one, other, distance)
        both = (Proximity(("奶茶", "苍蝇"), 3), Proximity(("飞", "茶"), 3))
        assert ids(store.search(MentionFilter(near=both)).mentions) == ["weibo:before"]
        window = MentionFilter(near=both[:1], start=NOON - DAY, end=NOON, without=("飞",))
        assert store.summary(window).count == 4

    def test_near_takes_two_words_and_a_distance_from_zero(self):
        for words, distance in ((("一",), 1), (("一", "二", "三"), 1), (("一", "二"), -1)):
            with pytest.raises(ValueError, match="near"):
                MentionFilter(near=(Proximity(words, distance),))

    def test_words_find_the_text_as_it_is_now(self, store):
        mention = a_mention(text="刚发的旧话")
        self.put(store, mention)
        self.put(
            store, replace(mention, text="改过的新话", edited_at=NOON, collected_at=NOON + HOUR)
        )
        assert store.count(MentionFilter(words=("旧话",))) == 0
        assert store.count(MentionFilter(words=("新话",))) == 1

    def test_each_field_of_a_filter_narrows(self, store):
        full = full_mention()
        other = a_mention(id="zhihu:other", platform=Platform.ZHIHU, collected_at=NOON + HOUR)
        self.put(store, full, other)
        for narrow in (
            {"brand_id": "cha"},
            {"watch_id": "w1"},
            {"platforms": frozenset({Platform.WEIBO})},
            {"kinds": frozenset({Kind.COMMENT})},
            {"labels": frozenset({Label.POSITIVE})},
            {"author_key": "key-1"},
            {"cluster_id": "weibo:first"},
            {"source": "run-full"},
            {"start": full.published_at, "end": full.published_at + timedelta(microseconds=1)},
            {
                "collected_start": full.collected_at,
                "collected_end": full.collected_at + timedelta(microseconds=1),
            },
            {"words": ("排队",), "brand_id": "tea"},
        ):
            wanted = replace(ALL, **narrow)
            assert ids(store.search(wanted).mentions) == [full.id], narrow
            assert store.count(wanted) == 1, narrow

    def test_labels_are_those_towards_the_brand_when_one_is_given(self, store):
        self.put(
            store,
            a_mention(
                sentiment={
                    WHOLE_TEXT: judged(Label.NEGATIVE),
                    "tea": judged(Label.POSITIVE),
                },
                brand_ids=frozenset({"cha", "tea"}),
            ),
        )
        negatives = MentionFilter(labels=frozenset({Label.NEGATIVE}))
        assert store.count(negatives) == 1
        assert store.count(replace(negatives, brand_id="cha")) == 1
        assert store.count(replace(negatives, brand_id="tea")) == 0

    def test_what_a_person_cleared_counts_and_stays_cleared_when_an_old_copy_comes(self, store):
        advert = a_mention(flags=frozenset({Flag.SPAM}), sentiment=negative())
        self.put(store, advert)
        store.amend(advert.id, lambda m: replace(m, flags=frozenset({Flag.CLEARED})))
        self.put(store, replace(advert, likes=7, collected_at=NOON + timedelta(hours=1)))
        assert store.count(MentionFilter()) == 1
        stored = store.get([advert.id])[advert.id]
        assert (stored.flags, stored.likes) == ({Flag.CLEARED}, 7)

    @pytest.mark.parametrize("flag", [Flag.SPAM, Flag.OWN_ACCOUNT])
    def test_what_is_not_public_voice_counts_only_when_asked_for(self, store, flag):
        self.put(store, a_mention(flags=frozenset({flag}), sentiment=negative(), terms=("贵",)))
        window = MentionFilter(start=NOON - DAY, end=NOON)
        assert store.count(window) == 0
        assert store.timeline(window, Bucket.HOUR) == []
        assert store.top_terms(window) == []
        loud = replace(window, public_voice_only=False)
        assert store.count(loud) == 1
        assert sum(point.count for point in store.timeline(loud, Bucket.HOUR)) == 1

    def test_what_counts_nowhere_is_told_by_the_first_of_its_reasons(self, store):
        spam, own, deep = Flag.SPAM, Flag.OWN_ACCOUNT, Flag.IN_DEPTH
        held = {
            "counts": {Flag.DELETED_UPSTREAM, Flag.CLEARED},
            "advert": {spam, Flag.SENSITIVE_PERSONAL_DATA},
            "ours": {own},
            "our-advert": {own, spam, deep},
            "comment": {deep},
            "advert-comment": {deep, spam},
        }
        self.put(
            store,
            *(
                a_mention(name, flags=frozenset(flags), brand_ids=frozenset({"cha"}))
                for name, flags in held.items()
            ),
        )

        def told(*flags: Flag, **more: object) -> set[str]:
            wanted = MentionFilter(uncounted_as=frozenset(flags), **more)  # type: ignore[arg-type]
            found = store.search(wanted).mentions
            assert store.count(wanted) == store.summary(wanted).count == len(found)
            return {m.id.removeprefix("weibo:") for m in found}

        for brand in (None, "cha"):
            asked = {"public_voice_only": False, "brand_id": brand}
            assert told(spam, **asked) == {"advert", "advert-comment"}
            assert told(own, **asked) == {"ours", "our-advert"}
            assert told(deep, **asked) == {"comment"}
            assert told(own, deep, **asked) == {"ours", "our-advert", "comment"}
            assert told(*UNCOUNTED, **asked) == held.keys() - {"counts"}
        assert told(spam, public_voice_only=False, brand_id="tea") == set()
        with_words = {"public_voice_only": False, "words": ("排队",), "start": NOON - DAY}
        assert told(deep, **with_words) == {"comment"}
        assert told(spam) == set()
        with pytest.raises(ValueError, match="UNCOUNTED"):
            MentionFilter(uncounted_as=frozenset({Flag.CLEARED}))

    @pytest.mark.parametrize("sort", list(Sort))
    def test_ties_are_broken_by_id_and_pages_neither_repeat_nor_skip(self, store, sort):
        mentions = [
            a_mention(
                f"{number:02}",
                published_at=NOON - timedelta(minutes=number % 4),
                likes=number % 3,
                sentiment=negative(-(number % 2) / 2) if number % 5 else {},
            )
            for number in (7, 3, 19, 11, 0, 14, 2, 9, 17, 5, 12, 8, 1, 16, 4, 10, 6, 18, 13, 15)
        ]
        self.put(store, *mentions)
        expected = NaiveMentionStore()
        expected.add(mentions)
        in_order = ids(expected.search(ALL, sort=sort, limit=99).mentions)
        for limit in (1, 3, 7, 19, 20, 21):
            assert all_pages(store, ALL, sort, limit) == in_order

    def test_times_within_one_second_are_in_order_too(self, store):
        moments = [NOON + timedelta(microseconds=us) for us in (5, 999_999, 0, 250_000)]
        mentions = [a_mention(str(i), published_at=at) for i, at in enumerate(moments)]
        self.put(store, *mentions)
        assert ids(store.search(ALL).mentions) == ["weibo:1", "weibo:3", "weibo:0", "weibo:2"]
        oldest = store.search(ALL, sort=Sort.OLDEST).mentions
        assert ids(oldest) == ["weibo:2", "weibo:0", "weibo:3", "weibo:1"]
        window = replace(ALL, start=moments[0], end=moments[1])
        assert store.count(window) == 2
        assert set(ids(store.search(window).mentions)) == {"weibo:0", "weibo:3"}

    def test_paging_goes_on_where_it_was_while_mentions_arrive(self, store):
        self.put(
            store,
            *(a_mention(str(i), published_at=NOON - timedelta(minutes=i)) for i in range(10, 20)),
        )
        first = store.search(ALL, limit=5)
        self.put(
            store,
            *(a_mention(str(i), published_at=NOON - timedelta(minutes=i)) for i in range(10)),
            a_mention("late", published_at=NOON - timedelta(minutes=30)),
        )
        store.remove([first.mentions[-1].id])
        self.settle(store)
        rest = store.search(ALL, limit=50, after=first.after)
        assert ids(first.mentions) == [f"weibo:{i}" for i in range(10, 15)]
        assert ids(rest.mentions) == [*(f"weibo:{i}" for i in range(15, 20)), "weibo:late"]
        assert rest.after is None

    def test_a_page_needs_a_limit_and_a_real_token(self, store):
        with pytest.raises(ValueError, match="limit"):
            store.search(ALL, limit=0)
        with pytest.raises(ValueError, match="token"):
            store.search(ALL, after="no token of ours")

    def test_scan_yields_every_mention_oldest_first(self, store):
        mentions = [
            a_mention(str(i), published_at=NOON - timedelta(minutes=i % 7)) for i in range(1100)
        ]
        self.put(store, *mentions)
        expected = NaiveMentionStore()
        expected.add(mentions)
        assert list(store.scan(ALL)) == list(expected.scan(ALL))

    def test_a_store_may_be_written_while_it_is_scanned(self, store):
        self.put(store, *(a_mention(str(i), sentiment=negative()) for i in range(600)))
        seen = []
        for mention in store.scan(ALL):
            store.amend(mention.id, lambda m: replace(m, flags=frozenset({Flag.SPAM})))
            seen.append(mention.id)
        self.settle(store)
        assert len(seen) == len(set(seen)) == 600
        assert store.count(MentionFilter()) == 0

    # --- counting

    def test_a_timeline_counts_by_bin_platform_and_label(self, store):
        start = NOON - 2 * HOUR
        places = [("weibo:1", 0), ("weibo:2", 59), ("weibo:3", 60), ("tieba:4", 119)]
        self.put(
            store,
            *(
                a_mention(
                    id=mention_id,
                    platform=platform_of(mention_id),
                    published_at=start + timedelta(minutes=minutes),
                    sentiment=negative(),
                )
                for mention_id, minutes in places
            ),
            a_mention("unscored", published_at=start),
        )
        assert store.timeline(replace(ALL, start=start, end=NOON), Bucket.HOUR) == [
            TimelinePoint(start, Platform.WEIBO, Label.NEGATIVE, 2),
            TimelinePoint(start + HOUR, Platform.TIEBA, Label.NEGATIVE, 1),
            TimelinePoint(start + HOUR, Platform.WEIBO, Label.NEGATIVE, 1),
        ]

    def test_a_timeline_needs_both_ends(self, store):
        with pytest.raises(ValueError, match="start and end"):
            store.timeline(replace(ALL, start=NOON), Bucket.HOUR)
        with pytest.raises(ValueError, match="start and end"):
            store.timeline(replace(ALL, end=NOON), Bucket.HOUR)

    def test_a_bin_holds_its_first_moment_and_not_its_last(self, store):
        edge = NOON
        self.put(
            store,
            a_mention("before", published_at=edge - timedelta(seconds=1), sentiment=negative()),
            a_mention("on", published_at=edge, sentiment=negative()),
        )
        for bucket in (Bucket.FIVE_MINUTES, Bucket.QUARTER_HOUR, Bucket.HOUR):
            width = timedelta(seconds=bucket.seconds)
            points = store.timeline(replace(ALL, start=edge - DAY, end=edge + DAY), bucket)
            assert [(p.start, p.count) for p in points] == [(edge - width, 1), (edge, 1)]
        assert store.count(replace(ALL, end=edge)) == 1
        assert store.count(replace(ALL, start=edge)) == 1

    def test_a_day_begins_at_the_midnight_of_the_business_zone(self, store):
        last = MIDNIGHT_IN_CHINA - timedelta(seconds=1)
        self.put(
            store,
            a_mention("yesterday", published_at=last, sentiment=negative()),
            a_mention("today", published_at=MIDNIGHT_IN_CHINA, sentiment=negative()),
        )
        window = MentionFilter(start=NOON - 3 * DAY, end=NOON)
        china = store.timeline(window, Bucket.DAY, day_offset=timedelta(hours=8))
        assert [p.start for p in china] == [MIDNIGHT_IN_CHINA - DAY, MIDNIGHT_IN_CHINA]
        utc = store.timeline(window, Bucket.DAY)
        assert [(p.start.hour, p.count) for p in utc] == [(0, 2)]
        india = store.timeline(window, Bucket.DAY, day_offset=timedelta(hours=5, minutes=30))
        assert [(p.start.hour, p.start.minute) for p in india] == [(18, 30)]

    def test_a_window_may_cut_through_hours_and_seconds(self, store):
        mentions = [
            a_mention(
                str(i),
                published_at=NOON - timedelta(minutes=7 * i, microseconds=i),
                likes=i,
                sentiment=negative(),
            )
            for i in range(60)
        ]
        self.put(store, *mentions)
        expected = NaiveMentionStore()
        expected.add(mentions)
        for minutes in (1, 61, 130, 400):
            end = NOON - timedelta(minutes=3, seconds=20, microseconds=1)
            start = end - timedelta(minutes=minutes)
            assert_same_answers(store, expected, [replace(ALL, start=start, end=end)])

    def test_a_summary_counts_authors_clusters_and_interactions(self, store):
        self.put(
            store,
            a_mention("1", author_key="a", cluster_id="weibo:1", likes=2, sentiment=negative()),
            a_mention("2", author_key="a", cluster_id="weibo:1", comments=3, views=100),
            a_mention("3", author_key="b", cluster_id="weibo:3", reposts=4),
            a_mention("4"),
        )
        summary = store.summary(ALL)
        assert summary.count == 4
        assert summary.by_label == {Label.NEGATIVE: 1}
        assert summary.by_platform == {Platform.WEIBO: 4}
        assert summary.by_platform_label == {(Platform.WEIBO, Label.NEGATIVE): 1}
        assert (summary.distinct_authors, summary.unknown_authors) == (2, 1)
        assert (summary.clusters, summary.in_clusters) == (1, 2)
        assert summary.interactions == 9

    def test_the_largest_counts_add_up_exactly(self, store):
        most = 2**53 - 1
        self.put(
            store,
            *(a_mention(str(i), likes=most, comments=most, reposts=most - i) for i in range(25)),
            a_mention("below", likes=-most, comments=-1),
            a_mention("one", likes=1),
        )
        assert store.summary(ALL).interactions == sum(3 * most - i for i in range(25)) - most
        by_reach = store.search(ALL, sort=Sort.REACH, limit=99).mentions
        assert ids(by_reach) == [*(f"weibo:{i}" for i in range(25)), "weibo:one", "weibo:below"]

    def test_a_timeline_may_have_hundreds_of_thousands_of_bins(self, store):
        moments = [datetime(year, 3, 1, tzinfo=UTC) for year in (1970, 1999, 2026, 2100, 9999)]
        mentions = [
            a_mention(str(i), published_at=at, sentiment=negative()) for i, at in enumerate(moments)
        ]
        self.put(store, *mentions)
        expected = NaiveMentionStore()
        expected.add(mentions)
        wide = replace(ALL, start=datetime.min.replace(tzinfo=UTC))
        for end in (moments[2], moments[3], datetime.max.replace(tzinfo=UTC)):
            window = replace(wide, end=end)
            for bucket in (Bucket.FIVE_MINUTES, Bucket.HOUR, Bucket.DAY):
                points = store.timeline(window, bucket, day_offset=timedelta(hours=8))
                assert [p.count for p in points] == [1] * expected.count(window)
                bins = {p.start + timedelta(hours=8 if bucket is Bucket.DAY else 0) for p in points}
                starts = (
                    {at + timedelta(hours=8) for at in moments} if bucket is Bucket.DAY else bins
                )
                assert len(bins) == len(points)
                assert {b.date() for b in bins} <= {s.date() for s in starts}

    def test_many_authors_clusters_and_terms_are_counted_to_the_last(self, store):
        mentions = [
            a_mention(
                str(i),
                author_key=f"author-{i % 700}",
                cluster_id=f"weibo:{i // 3}",
                terms=(f"词{i % 90}", f"词{i % 91}", f"词{i % 7}"),
                sentiment=negative(),
                published_at=NOON - timedelta(minutes=5 * i),
            )
            for i in range(1000)
        ]
        self.put(store, *mentions)
        expected = NaiveMentionStore()
        expected.add(mentions)
        assert_same_answers(store, expected, [ALL])
        for limit in (1, 5, 10, 50, 91, 2000, 10**9):
            assert store.top_terms(ALL, limit) == expected.top_terms(ALL, limit)

    def test_terms_count_mentions_and_ties_go_by_the_word(self, store):
        self.put(
            store,
            a_mention("1", terms=("排队", "太贵", "太贵")),
            a_mention("2", terms=("太贵", "排队", '"引号"')),
            a_mention("3", terms=("太贵",)),
        )
        assert store.top_terms(ALL) == [("太贵", 3), ("排队", 2), ('"引号"', 1)]
        assert store.top_terms(ALL, limit=1) == [("太贵", 3)]
        assert store.top_terms(replace(ALL, words=("没有",))) == []

    def test_near_finds_fingerprints_by_distance(self, store):
        base = 0xF0F0_1234_8765_0F0F
        flips = {"0": 0, "1": 1 << 63, "2": 1 << 63 | 1, "3": 1 << 63 | 1 << 20 | 1, "4": 0xF}
        self.put(
            store,
            *(a_mention(name, fingerprint=base ^ flip) for name, flip in flips.items()),
            a_mention("none", fingerprint=None),
            a_mention("old", fingerprint=base, published_at=NOON - 3 * DAY),
        )
        for distance in range(4):
            found = store.near([base, base], since=NOON - DAY, distance=distance)
            assert {n.mention_id: n.distance for n in found} == {
                f"weibo:{bits}": bits for bits in range(distance + 1)
            }
            assert len(found) == distance + 1
            assert {n.fingerprint for n in found} == {base}
        both = store.near([base, base ^ 1], since=NOON - 5 * DAY, distance=0)
        assert ids_of_near(both) == [("weibo:old", base), ("weibo:0", base)]

    def test_near_tells_cluster_and_time(self, store):
        mention = a_mention(fingerprint=7, cluster_id="weibo:1")
        self.put(store, mention)
        (near,) = store.near([6], since=mention.published_at, distance=3)
        assert (near.cluster_id, near.published_at, near.fingerprint, near.distance) == (
            "weibo:1",
            mention.published_at,
            6,
            1,
        )
        after = mention.published_at + timedelta(microseconds=1)
        assert store.near([6], since=after, distance=3) == []

    def test_near_further_apart_needs_a_common_band(self, store):
        base = 0xF0F0_1234_8765_0F0F
        prints = {
            "one-band": 0x0F0F_EDCB_8765_F0F0,
            "last-band": 0x0F0F_EDCB_789A_0F0F,
            "none": base ^ 0x0001_0001_0001_0001,
        }
        self.put(store, *(a_mention(name, fingerprint=one) for name, one in prints.items()))
        found = store.near([base], since=NOON - DAY, distance=64)
        assert {n.mention_id: n.distance for n in found} == {
            "weibo:one-band": 48,
            "weibo:last-band": 48,
        }
        assert store.near([base], since=NOON - DAY, distance=47) == []

    @pytest.mark.parametrize("distance", [-1, 65])
    def test_near_refuses_other_distances(self, store, distance):
        with pytest.raises(ValueError, match="distance"):
            store.near([1], since=NOON, distance=distance)

    def test_status_tells_size_and_freshness(self, store):
        self.put(store, a_mention("1"), a_mention("2", published_at=NOON))
        status = store.status()
        assert status.mentions == 2
        assert status.newest_published_at == NOON
        assert status.schema_version >= 1


def ids_of_near(found: Iterable[object]) -> list[tuple[str, int]]:
    """Mention and asked fingerprint of each hit."""
    return [(near.mention_id, near.fingerprint) for near in found]  # type: ignore[attr-defined]


def full_mention(native_id: str = "full") -> Mention:
    """A mention with every field set, and an earlier look in its revisions."""
    mention = a_mention(
        native_id,
        kind=Kind.COMMENT,
        title="云栈奶茶",
        author="王**",
        author_key="key-1",
        parent_id="weibo:p",
        root_id="weibo:r",
        repost_of="weibo:o",
        edited_at=NOON - timedelta(minutes=30, microseconds=17),
        published_at=NOON - HOUR + timedelta(microseconds=123_456),
        published_precision=Precision.SECOND,
        ip_location="浙江",
        client="iPhone 客户端",
        likes=3,
        comments=0,
        reposts=None,
        views=10**12,
        forum="奶茶吧",
        topic="#排队#",
        watch_ids=frozenset({"w1", "w2"}),
        brand_ids=frozenset({"cha", "tea"}),
        terms=("排队", "奶茶"),
        cluster_id="weibo:first",
        fingerprint=2**64 - 1,
        sentiment={
            WHOLE_TEXT: judged(Label.POSITIVE, 1 / 3),
            "tea": judged(Label.NEUTRAL, -0.0, by=Judge.PERSON),
        },
        flags=frozenset({Flag.DELETED_UPSTREAM, Flag.SENSITIVE_PERSONAL_DATA}),
        embedded=True,
        source="run-full",
    )
    earlier = replace(mention, text="旧", likes=1, edited_at=None, collected_at=NOON - HOUR)
    return merge(replace(earlier, first_seen_at=NOON - HOUR), mention)


def assert_same_answers(
    store: MentionStore, expected: NaiveMentionStore, filters: Iterable[MentionFilter]
) -> None:
    """Compare every query of the port on these filters."""
    for wanted in filters:
        assert store.count(wanted) == expected.count(wanted), wanted
        assert list(store.scan(wanted)) == list(expected.scan(wanted)), wanted
        assert store.summary(wanted) == expected.summary(wanted), wanted
        assert store.top_terms(wanted, 99) == expected.top_terms(wanted, 99), wanted
        window = replace(
            wanted, start=wanted.start or NOON - 9 * DAY, end=wanted.end or NOON + 9 * DAY
        )
        for bucket in Bucket:
            for offset in (timedelta(0), timedelta(hours=8)):
                assert store.timeline(window, bucket, day_offset=offset) == expected.timeline(
                    window, bucket, day_offset=offset
                ), (wanted, bucket, offset)
        for sort in Sort:
            assert ids(store.search(wanted, sort=sort, limit=99).mentions) == ids(
                expected.search(wanted, sort=sort, limit=99).mentions
            ), (wanted, sort)


# --- the model: any sequence of operations leaves the answers of the naive store

_words = st.text(st.sampled_from("好吃不贵茶iP5，\n 😡貴"), max_size=6)
_proximities = st.builds(
    Proximity,
    st.tuples(*[st.text(st.sampled_from("好吃不贵茶"), min_size=1, max_size=2)] * 2),
    st.integers(0, 3),
)
_brands = st.frozensets(st.sampled_from(["cha", "tea"]))
_prints = st.none() | st.sampled_from([0, 1, 3, 2**63, 2**64 - 1, 2**64 - 2])
_judgements = st.dictionaries(
    st.sampled_from([WHOLE_TEXT, "cha"]),
    st.builds(
        judged,
        st.sampled_from(Label),
        st.sampled_from([-1.0, -0.25, 0.5]),
        st.sampled_from(Judge),
        st.sampled_from([0.29, 0.5, 1.0]),
        st.integers(0, 1),
    ),
)
_counts = st.none() | st.integers(0, 3)


@st.composite
def looks(draw: st.DrawFn) -> Mention:
    """One look at one of a few mentions, so that looks at the same one meet."""
    mention_id = draw(st.sampled_from([f"{p}:{n}" for p in Platform for n in range(3)]))
    return a_mention(
        id=mention_id,
        platform=platform_of(mention_id),
        kind=draw(st.sampled_from([Kind.POST, Kind.COMMENT])),
        title=draw(_words),
        text=draw(_words),
        edited_at=draw(st.none() | st.just(NOON)),
        published_at=NOON
        - timedelta(
            hours=draw(st.integers(0, 30)),
            seconds=draw(st.integers(0, 1)),
            microseconds=draw(st.sampled_from([0, 0, 0, 1])),
        ),
        published_precision=draw(st.sampled_from(Precision)),
        collected_at=NOON + timedelta(minutes=draw(st.integers(0, 3))),
        source=draw(st.sampled_from(["run-1", "run-2"])),
        author_key=draw(st.none() | st.sampled_from("ab")),
        cluster_id=draw(st.none() | st.sampled_from(["weibo:0", "weibo:1"])),
        fingerprint=draw(_prints),
        likes=draw(_counts),
        comments=draw(_counts),
        watch_ids=draw(st.frozensets(st.sampled_from("vw"))),
        brand_ids=draw(_brands),
        terms=tuple(draw(st.lists(st.sampled_from(["茶", "贵"]), max_size=3))),
        sentiment=draw(_judgements),
        flags=draw(st.frozensets(st.sampled_from(sorted(set(Flag) - {Flag.CLEARED})))),
    )


filters = st.builds(
    MentionFilter,
    brand_id=st.none() | st.sampled_from(["cha", "tea", "none"]),
    watch_id=st.none() | st.sampled_from("vw"),
    platforms=st.frozensets(st.sampled_from(Platform)),
    kinds=st.frozensets(st.sampled_from([Kind.POST, Kind.COMMENT])),
    labels=st.frozensets(st.sampled_from(Label)),
    start=st.none() | st.builds(lambda m: NOON - timedelta(minutes=m), st.integers(0, 1800)),
    end=st.none() | st.builds(lambda m: NOON - timedelta(minutes=m), st.integers(-60, 900)),
    collected_start=st.none() | st.just(NOON + timedelta(minutes=1)),
    collected_end=st.none() | st.just(NOON + timedelta(minutes=2)),
    words=st.lists(_words, max_size=2).map(tuple),
    without=st.lists(_words, max_size=1).map(tuple),
    author_key=st.none() | st.sampled_from("ab"),
    cluster_id=st.none() | st.just("weibo:0"),
    source=st.none() | st.just("run-1"),
    public_voice_only=st.booleans(),
    near=st.lists(_proximities, max_size=1).map(tuple),
    unsure_below=st.none() | st.sampled_from([0, 29, 30, 60, 100, 101]),
    uncounted_as=st.just(frozenset()) | st.frozensets(st.sampled_from(UNCOUNTED)),
)
loose_filters = filters.map(
    lambda f: MentionFilter(f.brand_id, platforms=f.platforms, start=f.start, end=f.end)
)


class StoreMachine(RuleBasedStateMachine):
    """Adds, amends and removes on both stores, and asks both the same questions."""

    new_store: ClassVar[NewStore]
    settle: ClassVar[Callable[[MentionStore], None]]

    @initialize()
    def begin(self) -> None:
        self.store = type(self).new_store()
        self.expected = NaiveMentionStore()

    @rule(mentions=st.lists(looks(), max_size=6))
    def add(self, mentions: list[Mention]) -> None:
        result = self.store.add(mentions)
        expected = self.expected.add(mentions)
        assert set(result.new) == set(expected.new)
        assert set(result.changed) == set(expected.changed)
        assert set(result.unchanged) == set(expected.unchanged)
        assert not result.refused

    @rule(look=looks(), judgements=_judgements, brands=_brands)
    def amend(self, look: Mention, judgements: dict[str, Sentiment], brands: frozenset) -> None:
        def change(mention: Mention) -> Mention:
            return replace(mention, sentiment=judgements, brand_ids=brands, flags=look.flags)

        assert self.store.amend(look.id, change) == self.expected.amend(look.id, change)

    @rule(some=st.lists(looks(), max_size=4), judgements=_judgements)
    def amend_many(self, some: list[Mention], judgements: dict[str, Sentiment]) -> None:
        def change(mention: Mention) -> Mention:
            return replace(mention, sentiment=judgements) if mention.likes else mention

        names = list(dict.fromkeys(ids(some)))
        assert self.store.amend_many(names, change) == self.expected.amend_many(names, change)

    @rule(gone=st.lists(looks(), max_size=2))
    def remove(self, gone: list[Mention]) -> None:
        names = ids(gone)
        assert self.store.remove(names) == self.expected.remove(names)

    @rule(wanted=filters | loose_filters)
    def ask(self, wanted: MentionFilter) -> None:
        type(self).settle(self.store)
        assert_same_answers(self.store, self.expected, [wanted])

    @rule(asked=st.lists(st.sampled_from([0, 1, 2**64 - 1])), distance=st.integers(0, 64))
    def near(self, asked: list[int], distance: int) -> None:
        type(self).settle(self.store)
        since = NOON - timedelta(hours=12)
        found = self.store.near(asked, since=since, distance=distance)
        assert sorted(map(repr, found)) == sorted(
            map(repr, self.expected.near(asked, since=since, distance=distance))
        )

    @invariant()
    def is_the_same(self) -> None:
        if not hasattr(self, "store"):
            return
        type(self).settle(self.store)
        assert self.store.get(self.expected.mentions) == self.expected.mentions
        assert_same_answers(self.store, self.expected, [MentionFilter(), ALL])

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()


class MentionStoreModel:
    """Hypothesis compares the adapter with the naive store over random histories."""

    examples: ClassVar[int] = 40
    steps: ClassVar[int] = 12

    def settle(self, store: MentionStore) -> None:
        """As in MentionStoreContract."""

    def test_any_history_leaves_the_answers_of_the_naive_store(self, new_store: NewStore):
        machine = type(
            "Machine",
            (StoreMachine,),
            {"new_store": staticmethod(new_store), "settle": staticmethod(self.settle)},
        )
        run_machine(
            machine,
            settings=settings(
                max_examples=self.examples,
                stateful_step_count=self.steps,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
