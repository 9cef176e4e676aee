"""Ingest: matched, masked, scored once, folded, stored once, and every refusal has its reason."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.crawl import SightingOutcome
from domain.mention import Flag, Kind, Platform, Precision
from domain.page import FoundMention
from domain.queries import MentionFilter
from domain.sentiment import WHOLE_TEXT, Judge, Label, Sentiment
from monitoring.ingest_result import IngestResult
from tests.fakes import NOON
from tests.unit.monitoring.conftest import WATCH

BUG = "今天在云栈南门店买的奶茶里喝到一只虫子，店员说只能换一杯，大家小心"


def found(native="1", text=BUG, **changes):
    item = FoundMention(
        id=f"weibo:{native}",
        platform=Platform.WEIBO,
        kind=Kind.POST,
        url=f"https://weibo.com/9/{native}",
        text=text,
        published_at=NOON - timedelta(minutes=30),
        published_precision=Precision.MINUTE,
        author="王小明",
        author_uid="9",
        likes=3,
    )
    return replace(item, **changes)


def take(ingest, *items, at=NOON, run="run-1"):
    return ingest.take(items, watch=WATCH, run_id=run, collected_at=at)


def test_a_post_is_stored_with_masked_author_and_hashed_uid(ingest, store, begin):
    result = take(ingest, found())
    mention = store.get(["weibo:1"])["weibo:1"]
    assert (result.found, result.matched, result.new) == (1, 1, 1)
    assert mention.author == "王**"
    assert mention.author_key
    assert mention.author_key != "9"
    assert mention.watch_ids == {"tea"}
    assert mention.brand_ids == {"tea"}
    assert mention.label_towards("tea") is Label.NEGATIVE
    assert "虫子" in mention.terms
    with begin() as work:
        assert ingest.masker.unseal(work.sealed_names.get("weibo:1")) == "王小明"


def test_the_same_page_twice_changes_nothing_and_scores_nothing(ingest, store, scorer):
    take(ingest, found())
    before = store.get(["weibo:1"])
    again = take(ingest, found())
    assert (again.new, again.changed, again.unchanged) == (0, 0, 1)
    assert store.get(["weibo:1"]) == before
    assert len(scorer.asked) == 1


def test_newer_counts_replace_and_are_kept_as_revision(ingest, store):
    take(ingest, found())
    result = take(ingest, found(likes=90), at=NOON + timedelta(hours=1))
    mention = store.get(["weibo:1"])["weibo:1"]
    assert result.changed == 1
    assert mention.likes == 90
    assert [revision.likes for revision in mention.revisions] == [3, 90]


def test_what_no_watch_takes_is_not_stored_but_leaves_its_reason(ingest, store, begin):
    result = take(ingest, found("2", "云栈道徒步攻略，风景很好，推荐周末去"))
    assert (result.found, result.matched, result.new) == (1, 0, 0)
    assert store.get(["weibo:2"]) == {}
    with begin() as work:
        sighting = work.crawls.sightings("weibo:2")[0]
    assert sighting.outcome is SightingOutcome.NOT_MATCHED
    assert sighting.detail == "none_words:云栈道"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"published_at": None}, "no published_at"),
        ({"published_at": NOON + timedelta(days=2)}, "future"),
        ({"text": ""}, "no text"),
    ],
)
def test_what_cannot_be_stored_is_refused_by_name(ingest, store, begin, changes, reason):
    result = take(ingest, found("3", **changes), found("4"))
    assert [r.mention_id for r in result.refused] == ["weibo:3"]
    assert reason in result.refused[0].text.en
    assert result.new == 1
    with begin() as work:
        assert work.crawls.sightings("weibo:3")[0].outcome is SightingOutcome.REFUSED


def test_an_own_account_is_stored_but_is_no_public_voice(ingest, store):
    take(ingest, found("5", author_uid="777"))
    mention = store.get(["weibo:5"])["weibo:5"]
    assert mention.flags == {Flag.OWN_ACCOUNT}
    assert store.count(MentionFilter(brand_id="tea")) == 0
    assert store.count(MentionFilter(brand_id="tea", public_voice_only=False)) == 1


def test_a_second_brand_in_the_text_counts_for_it_too(ingest, store):
    take(ingest, found("6", "半山茶事比云栈好喝多了，排队也短"))
    assert store.get(["weibo:6"])["weibo:6"].brand_ids == {"tea", "rival"}


def test_near_copies_fold_under_the_earliest_and_a_late_earlier_one_takes_over(ingest, store):
    take(ingest, found("10"), found("11", BUG + "！！！"))
    assert {m.cluster_id for m in store.get(["weibo:10", "weibo:11"]).values()} == {"weibo:10"}
    take(ingest, found("12", BUG + "[怒]", published_at=NOON - timedelta(hours=9)))
    everyone = store.get(["weibo:10", "weibo:11", "weibo:12"])
    assert {m.cluster_id for m in everyone.values()} == {"weibo:12"}


def test_a_crash_between_storing_and_folding_is_mended_by_the_next_look(ingest, store, monkeypatch):
    def dies(store, mentions):
        raise KeyboardInterrupt

    monkeypatch.setattr("monitoring.ingest.fold_near_copies", dies)
    with pytest.raises(KeyboardInterrupt):
        take(ingest, found("20"), found("21", BUG + "！"))
    monkeypatch.undo()
    take(ingest, found("20"), found("21", BUG + "！"))
    assert store.get(["weibo:21"])["weibo:21"].cluster_id == "weibo:20"


def test_a_bare_repost_is_judged_by_its_original_and_joins_it(ingest, store, scorer):
    original = found("30", embedded=True, published_at=NOON - timedelta(hours=3))
    repost = found("31", "转发微博", repost_of="weibo:30", author_uid="8")
    result = take(ingest, repost, original)
    stored = store.get(["weibo:30", "weibo:31"])
    assert result.new == 2
    assert stored["weibo:31"].label_towards("tea") is Label.NEGATIVE
    assert {m.cluster_id for m in stored.values()} == {"weibo:30"}


def test_a_repost_with_words_of_its_own_is_judged_by_them(ingest, store):
    original = found("32", embedded=True)
    repost = found("33", "我一直觉得挺好喝的", repost_of="weibo:32", author_uid="8")
    take(ingest, repost, original)
    assert store.get(["weibo:33"])["weibo:33"].label_towards("tea") is Label.POSITIVE


def test_a_card_of_its_own_beats_the_same_post_inside_a_repost(ingest, store):
    take(ingest, found("34", embedded=True, likes=None), found("34", likes=5))
    mention = store.get(["weibo:34"])["weibo:34"]
    assert mention.likes == 5
    assert not mention.embedded


def test_one_good_card_of_a_post_is_enough(ingest, store, begin):
    result = take(ingest, found("35", embedded=True, published_at=None), found("35"))
    assert (result.new, result.refused) == (1, ())
    with begin() as work:
        assert [s.outcome for s in work.crawls.sightings("weibo:35")] == [SightingOutcome.STORED]


def test_no_name_is_sealed_of_a_mention_that_the_store_refused(ingest, store, begin):
    result = take(ingest, found("36", likes=2**60))
    assert [r.mention_id for r in result.refused] == ["weibo:36"]
    with begin() as work:
        assert work.sealed_names.get("weibo:36") is None


def test_a_persons_label_survives_another_look(ingest, store):
    take(ingest, found())
    verdict = Sentiment(Label.POSITIVE, 1.0, 1.0, "李", Judge.PERSON)
    store.amend("weibo:1", lambda m: replace(m, sentiment={**m.sentiment, WHOLE_TEXT: verdict}))
    take(ingest, found(likes=99), at=NOON + timedelta(hours=2))
    assert store.get(["weibo:1"])["weibo:1"].sentiment[WHOLE_TEXT] == verdict


def test_an_edited_text_is_scored_again(ingest, store, scorer):
    take(ingest, found("40", "云栈今天的新品很好喝，推荐给大家试试看"))
    edited = found("40", BUG, edited_at=NOON + timedelta(minutes=5))
    take(ingest, edited, at=NOON + timedelta(minutes=10))
    assert store.get(["weibo:40"])["weibo:40"].label_towards("tea") is Label.NEGATIVE
    assert len(scorer.asked) == 2


def test_half_characters_and_nul_do_not_reach_a_store(ingest, store):
    take(ingest, found("50", "云栈\x00奶茶\ud83d里有虫"))
    assert store.get(["weibo:50"])["weibo:50"].text == "云栈奶茶里有虫"


def test_an_empty_page_is_nothing(ingest):
    result = take(ingest)
    assert result == IngestResult()


def test_half_a_character_in_an_id_costs_no_more_than_that_id(ingest, store):
    result = take(
        ingest,
        found("1", author_uid="9\ud800", root_id="weibo:\udfff3"),
        found("2\ud800"),
        found("3"),
    )
    assert (result.new, len(result.refused)) == (2, 1)
    assert set(store.get(["weibo:1", "weibo:3"])) == {"weibo:1", "weibo:3"}


def test_a_text_without_end_is_cut_before_any_rule_looks_at_it(ingest, store):
    long_url = "https://w.cn/" + "a" * 9_000
    take(ingest, found("9", text="云栈" + "茶" * 3_000_000, title="题" * 90_000, url=long_url))
    stored = store.get(["weibo:9"])["weibo:9"]
    assert (len(stored.text), len(stored.title), stored.url) == (200_000, 2_000, "")


def test_a_word_that_was_taken_back_while_a_page_was_read_does_not_come_back(ingest, store):
    """Ingest read the mention while a person's label stood on it, and stores its look later."""
    person = Sentiment(Label.NEGATIVE, -1.0, 1.0, "anna", Judge.PERSON)
    take(ingest, found())
    mention_id = "weibo:1"
    before = store.get([mention_id])[mention_id]
    store.amend(mention_id, lambda m: replace(m, sentiment={**m.sentiment, "tea": person}))

    class Meanwhile:
        """The store, with a person who takes their word back between reading and storing."""

        def __getattr__(self, name):
            return getattr(store, name)

        def add(self, mentions):
            store.amend(mention_id, lambda m: replace(m, sentiment=before.sentiment))
            return store.add(mentions)

    take(replace(ingest, store=Meanwhile()), found(), at=NOON + timedelta(hours=1))
    assert store.get([mention_id])[mention_id].sentiment == before.sentiment


def comment(native, text, **changes):
    return found(native, text, **{"kind": Kind.COMMENT, "root_id": "weibo:1"} | changes)


def detail_of(begin, mention_id):
    with begin() as work:
        return work.crawls.sightings(mention_id)[0]


def test_a_comment_belongs_by_the_words_of_the_post_above_it(ingest, store, begin, scorer):
    take(ingest, found(), comment("2", "太恶心了"), comment("3", "路过", root_id="weibo:99"))
    stored = store.get(["weibo:2", "weibo:3"])
    assert stored.keys() == {"weibo:2"}
    assert stored["weibo:2"].watch_ids == {"tea"}
    assert stored["weibo:2"].brand_ids == {"tea"}
    assert scorer.asked[-1] == "太恶心了"
    seen = detail_of(begin, "weibo:2")
    assert (seen.watches, seen.through, seen.is_in_depth) == ("tea", "weibo:1", False)


def test_a_comment_whose_own_words_name_the_brand_needs_no_post(ingest, begin):
    take(ingest, found(), comment("2", "云栈太恶心了"))
    assert detail_of(begin, "weibo:2").through == ""


def test_a_comment_about_something_else_is_passed_over_under_any_post(ingest, store):
    take(ingest, found(), comment("2", "我还以为是云栈道，周末去徒步"))
    assert store.get(["weibo:2"]) == {}


def test_what_was_read_in_depth_belongs_by_the_words_of_its_item_and_counts_nowhere(
    ingest, store, begin
):
    take(ingest, found())
    read = {"under": "weibo:1", "context": BUG}
    take(ingest, found(likes=90, under="weibo:1"), comment("2", "恶心", **read), run="run-2")
    stored = store.get(["weibo:1", "weibo:2"])
    assert Flag.IN_DEPTH in stored["weibo:2"].flags
    assert not stored["weibo:1"].flags  # a search had found it
    assert store.count(MentionFilter(brand_id="tea")) == 1
    seen = detail_of(begin, "weibo:2")
    assert (seen.watches, seen.through, seen.is_in_depth) == ("tea", "weibo:1", True)
    # once a search finds it, it counts
    take(ingest, comment("2", "云栈恶心"), at=NOON + timedelta(hours=1), run="run-3")
    assert store.get(["weibo:2"])["weibo:2"].is_public_voice
    assert store.count(MentionFilter(brand_id="tea")) == 2


def test_an_item_stays_what_it_was_when_an_edit_takes_the_brand_out(ingest, store, begin):
    take(ingest, found())
    edited = found(text="已经解决了，谢谢大家", edited_at=NOON, under="weibo:1", context=f"\n{BUG}")
    take(ingest, edited, at=NOON + timedelta(hours=1), run="run-2")
    assert store.get(["weibo:1"])["weibo:1"].text == "已经解决了，谢谢大家"
    assert detail_of(begin, "weibo:1").through == ""


def test_a_comment_that_names_one_brand_is_about_that_one(ingest, store):
    both = f"{BUG}，还是半山茶事好"
    take(ingest, found(text=both), comment("2", "云栈恶心"), comment("3", "恶心"))
    stored = store.get(["weibo:1", "weibo:2", "weibo:3"])
    assert stored["weibo:3"].brand_ids == stored["weibo:1"].brand_ids
    assert stored["weibo:2"].brand_ids == {"tea"}


def test_a_comment_of_a_face_alone_does_not_say_what_the_post_says(ingest, scorer):
    take(ingest, found(), comment("2", "[怒]"))
    assert scorer.asked[-1] == "[怒]"


LOTTERY = "转发本条微博并关注云栈，抽3位朋友送云栈保温杯一个，周五开奖"


def test_an_advertisement_is_stored_but_is_no_public_voice(ingest, store):
    take(ingest, found("50", LOTTERY))
    assert store.get(["weibo:50"])["weibo:50"].flags == {Flag.SPAM}
    assert store.count(MentionFilter(brand_id="tea")) == 0
    assert store.count(MentionFilter(brand_id="tea", public_voice_only=False)) == 1


def test_what_is_negative_is_never_set_aside_as_an_advertisement(ingest, store):
    take(ingest, found("51", LOTTERY + "，虫年大吉"), found("52", LOTTERY.replace("杯", "杯虫")))
    assert not any(m.flags for m in store.get(["weibo:51", "weibo:52"]).values())


def test_an_advertisement_that_a_person_took_back_stays_so_at_the_next_look(ingest, store):
    take(ingest, found("53", LOTTERY))
    store.amend("weibo:53", lambda m: replace(m, flags=frozenset()))
    take(ingest, found("53", LOTTERY, likes=99), at=NOON + timedelta(hours=1))
    mention = store.get(["weibo:53"])["weibo:53"]
    assert mention.likes == 99
    assert mention.flags == frozenset()
