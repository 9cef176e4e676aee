"""domain/merge.py: the order of looks makes no difference, and nothing known is lost."""

from dataclasses import replace
from datetime import timedelta
from functools import reduce
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.mention import Flag, Kind, Mention, Precision
from domain.merge import merge, same_content
from domain.sentiment import WHOLE_TEXT, Judge, Label, Sentiment
from tests.fakes import NOON, a_mention

MINUTE = timedelta(minutes=1)
PERSON = Sentiment(Label.POSITIVE, 1.0, 1.0, "wang", by=Judge.PERSON)

# Few values, so that looks often agree, and often tie.
few_words = st.sampled_from(["", "茶", "奶茶", "好茶", "茶…"])
names = st.none() | st.sampled_from(["a", "b", "long"])
counts = st.none() | st.integers(0, 2)
edits = st.none() | st.sampled_from([NOON - MINUTE, NOON])


def judgement_of(text: str, target: str) -> Sentiment:
    """What one model says of a text: always the same."""
    label = list(Label)[(len(text) + len(target)) % 3]
    return Sentiment(label, len(text) / 10, 0.5, "model-1")


def brands_in(text: str) -> frozenset[str]:
    """Which brands a text names: always the same."""
    return frozenset(brand for word, brand in (("茶", "cha"), ("奶", "milk")) if word in text)


flag_sets = st.frozensets(st.sampled_from(Flag)).map(
    lambda flags: flags - {Flag.SPAM} if Flag.CLEARED in flags else flags
)


@st.composite
def looks(draw: st.DrawFn, *, analysed: bool = True) -> Mention:
    """A fresh look at one mention; what analysis adds is a function of the text."""
    text = draw(few_words)
    at = NOON + draw(st.integers(0, 3)) * MINUTE
    targets = [WHOLE_TEXT, *sorted(brands_in(text))]
    return a_mention(
        kind=draw(st.sampled_from([Kind.POST, Kind.COMMENT])),
        url=draw(st.sampled_from(["https://a/", "https://b/"])),
        title=draw(few_words),
        text=text,
        published_at=NOON - draw(st.integers(0, 2)) * MINUTE,
        published_precision=draw(st.sampled_from(Precision)),
        collected_at=at,
        first_seen_at=at,
        source=draw(st.sampled_from(["run-1", "run-2"])),
        author=draw(few_words),
        author_key=draw(names),
        parent_id=draw(names),
        root_id=draw(names),
        repost_of=draw(names),
        edited_at=draw(edits),
        ip_location=draw(names),
        client=draw(names),
        likes=draw(counts),
        comments=draw(counts),
        reposts=draw(counts),
        views=draw(counts),
        forum=draw(names),
        topic=draw(names),
        watch_ids=draw(st.frozensets(st.sampled_from("vw"))),
        brand_ids=brands_in(text),
        terms=tuple(text) if analysed else (),
        cluster_id=draw(names),
        fingerprint=len(text) if analysed and text else None,
        sentiment={t: judgement_of(text, t) for t in targets} if analysed else {},
        flags=draw(flag_sets),
        embedded=draw(st.booleans()),
    )


@given(looks(), looks() | looks(analysed=False))
def test_two_looks_merge_alike_in_either_order(one, other):
    assert merge(one, other) == merge(other, one)


@given(looks(), looks(), looks())
def test_three_looks_merge_alike_in_any_order_and_grouping(one, two, three):
    merged = merge(merge(one, two), three)
    for order in permutations((one, two, three)):
        assert reduce(merge, order) == merged
    assert merge(one, merge(two, three)) == merged


@given(st.lists(looks(), min_size=4, max_size=6), st.randoms())
def test_many_looks_say_the_same_in_any_order(seen, random):
    shuffled = random.sample(seen, len(seen))
    one, other = reduce(merge, seen), reduce(merge, shuffled)
    # of a long run of equal looks, revisions keep the ends that were known at the time
    assert replace(one, revisions=()) == replace(other, revisions=())


@given(st.lists(looks(), min_size=1, max_size=4))
def test_what_was_merged_may_be_merged_again(seen):
    merged = reduce(merge, seen)
    assert merge(merged, merged) == merged
    for look in seen:
        assert merge(merged, look) == merged


@given(looks(), looks())
def test_nothing_known_becomes_unknown(one, other):
    merged = merge(one, other)
    for name in (
        "title",
        "author",
        "author_key",
        "parent_id",
        "root_id",
        "repost_of",
        "ip_location",
        "client",
        "likes",
        "comments",
        "reposts",
        "views",
        "forum",
        "topic",
        "cluster_id",
    ):
        known = {getattr(look, name) for look in (one, other)} - {None, ""}
        assert (getattr(merged, name) in known) if known else not getattr(merged, name), name
    assert merged.watch_ids == one.watch_ids | other.watch_ids
    assert merged.brand_ids == one.brand_ids | other.brand_ids
    assert merged.first_seen_at == min(one.first_seen_at, other.first_seen_at)
    assert merged.collected_at == max(one.collected_at, other.collected_at)


@given(st.lists(looks(), min_size=1, max_size=5))
def test_a_count_is_that_of_the_newest_look_that_had_one(seen):
    seen = [
        replace(look, collected_at=NOON + number * MINUTE, first_seen_at=NOON + number * MINUTE)
        for number, look in enumerate(seen)
    ]
    merged = reduce(merge, reversed(seen))
    known = [look.likes for look in seen if look.likes is not None]
    assert merged.likes == (known[-1] if known else None)


@given(looks(), looks())
def test_the_latest_edit_wins_and_else_the_longer_text(one, other):
    merged = merge(one, other)
    edits = [look.edited_at for look in (one, other) if look.edited_at is not None]
    assert merged.edited_at == max(edits, default=None)
    candidates = [look.text for look in (one, other) if look.edited_at == merged.edited_at]
    assert len(merged.text) == max(map(len, candidates))


@given(looks(), looks(analysed=False))
def test_analysis_of_the_text_is_not_lost_to_a_look_without_any(one, other):
    merged = merge(one, replace(other, text=one.text, edited_at=one.edited_at))
    assert (merged.terms, merged.fingerprint) == (one.terms, one.fingerprint)
    assert merged.sentiment == one.sentiment


@given(looks(), looks())
def test_a_judgement_is_of_the_text_that_is_shown(one, other):
    merged = merge(one, other)
    for target, judgement in merged.sentiment.items():
        assert judgement == judgement_of(merged.text, target)


@given(looks(), st.lists(looks(), max_size=3))
def test_a_persons_label_stays_whatever_is_seen(first, later):
    corrected = replace(first, sentiment={**first.sentiment, WHOLE_TEXT: PERSON})
    for order in permutations([corrected, *later]):
        assert reduce(merge, order).sentiment[WHOLE_TEXT] == PERSON


def test_a_correction_of_one_brand_leaves_the_others_to_the_model():
    old = a_mention(sentiment={"cha": PERSON, "tea": judgement_of("", "tea")})
    new = replace(
        old,
        sentiment={"cha": judgement_of("", "cha"), "tea": judgement_of("x", "tea")},
        collected_at=NOON + MINUTE,
    )
    assert merge(old, new).sentiment == {"cha": PERSON, "tea": judgement_of("x", "tea")}


ADVERT = a_mention(flags=frozenset({Flag.SPAM}))
CLEARED = replace(ADVERT, flags=frozenset({Flag.CLEARED}))


@pytest.mark.parametrize("minutes", [-1, 0, 1])
def test_what_a_person_cleared_is_no_spam_whatever_an_older_copy_says(minutes):
    copy = replace(ADVERT, collected_at=NOON + minutes * MINUTE, first_seen_at=NOON - MINUTE)
    for merged in (merge(CLEARED, copy), merge(copy, CLEARED), merge(merge(copy, CLEARED), copy)):
        assert merged.flags == {Flag.CLEARED}
        assert merged.is_public_voice


def test_nobody_cleared_it_so_it_stays_spam():
    plain = replace(ADVERT, flags=frozenset(), collected_at=NOON + MINUTE)
    assert merge(ADVERT, plain).flags == merge(plain, ADVERT).flags == {Flag.SPAM}


def test_a_mention_that_is_seen_again_is_not_deleted():
    gone = a_mention(flags=frozenset({Flag.DELETED_UPSTREAM, Flag.SPAM}))
    again = replace(gone, flags=frozenset(), collected_at=NOON + MINUTE)
    assert merge(gone, again).flags == {Flag.SPAM}
    assert merge(again, replace(gone, collected_at=NOON + 2 * MINUTE)).flags == gone.flags


def test_an_older_page_replayed_late_takes_nothing_back():
    old = a_mention(likes=1, text="截断…")
    new = replace(old, likes=5, text="没有截断的全文", collected_at=NOON + MINUTE)
    merged = merge(new, old)
    assert (merged.likes, merged.text, merged.collected_at) == (5, new.text, new.collected_at)


def test_every_differing_look_is_kept_and_equal_ones_by_their_ends():
    likes = (1, 1, 1, 2, 2, 2, 1)
    seen = [
        a_mention(likes=n, collected_at=NOON + i * MINUTE, first_seen_at=NOON + i * MINUTE)
        for i, n in enumerate(likes)
    ]
    kept = [(r.collected_at - NOON) // MINUTE for r in reduce(merge, seen).revisions]
    assert kept == [0, 2, 3, 5, 6]


def test_looks_that_say_the_same_leave_no_revision():
    one = a_mention()
    assert merge(one, replace(one, collected_at=NOON + MINUTE)).revisions == ()


def test_a_look_that_repeats_the_last_revision_says_nothing_new():
    old, new = a_mention(likes=1), a_mention(likes=2, collected_at=NOON + MINUTE)
    known = merge(old, new)
    later = merge(known, replace(new, collected_at=NOON + 2 * MINUTE, source="run-9"))
    assert later != known
    assert same_content(known, later)
    assert not same_content(known, merge(known, replace(new, likes=3)))
    back = merge(known, replace(old, collected_at=NOON + 2 * MINUTE))
    assert not same_content(known, back)


def test_an_amended_text_keeps_its_analysis_when_an_older_look_speaks_again():
    old = a_mention(text="旧", terms=("旧",))
    known = merge(old, replace(old, text="较长的话", collected_at=NOON + MINUTE, terms=("话",)))
    amended = replace(known, text="涂黑")
    assert merge(amended, old).text == "较长的话"
    assert merge(amended, old).terms == ("话",)


def test_only_looks_at_the_same_mention_can_be_merged():
    with pytest.raises(ValueError, match="weibo:2"):
        merge(a_mention("1"), a_mention("2"))


@pytest.mark.parametrize(
    ("one", "other", "merged"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_what_a_search_found_once_is_not_in_depth(one, other, merged):
    looks = [
        a_mention(flags=frozenset({Flag.IN_DEPTH} if deep else ()), collected_at=at)
        for deep, at in ((one, NOON), (other, NOON + timedelta(hours=1)))
    ]
    assert (Flag.IN_DEPTH in merge(*looks).flags) is merged
