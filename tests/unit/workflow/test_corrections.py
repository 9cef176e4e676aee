"""workflow/corrections.py: a person's word wins at once, everywhere, and stays."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.account import Account, Role
from domain.correction import project
from domain.errors import KoubeiError, NotPermitted, StoreUnavailable, Text
from domain.mention import Mention, Platform
from domain.queries import Bucket, MentionFilter
from domain.sentiment import Judge, Label, Sentiment
from storage.sql.database import begin_work
from storage.sqlite.mentions import SqliteMentionStore
from tests.fakes import NOON, a_mention
from tests.fixtures.databases import new_workflow_database
from workflow.corrections import (
    MOST_AT_ONCE,
    agreement,
    confirm,
    correct,
    correct_many,
    judge_unseen,
    next_sample,
    reproject,
    undo,
    undo_many,
)

HOUR = timedelta(hours=1)
MODEL = Sentiment(Label.NEUTRAL, 0.1, 0.6, "model-1")
BAD = Sentiment(Label.NEGATIVE, -0.7, 0.8, "model-1")


@pytest.fixture
def begin(tmp_path):
    engine = new_workflow_database(tmp_path / "workflow.sqlite")
    begin = begin_work(engine)
    with begin() as work:
        for name, role in (("anna", Role.ANALYST), ("ben", Role.VERIFIER), ("li", Role.LEGAL)):
            work.accounts.add(Account(name, name, name, frozenset({role}), NOON))
        work.commit()
    yield begin
    engine.dispose()


@pytest.fixture
def store(tmp_path):
    store = SqliteMentionStore(tmp_path / "mentions.sqlite")
    yield store
    store.close()


def about(native: str, *brands: str, **changes: object) -> Mention:
    fields = {"": MODEL, **dict.fromkeys(brands, MODEL)}
    return a_mention(native, **{"brand_ids": frozenset(brands), "sentiment": fields, **changes})


def labels(store: SqliteMentionStore, brand: str | None = "cha") -> dict[Label, int]:
    """What the charts of a brand count."""
    wanted = MentionFilter(brand_id=brand, start=NOON - 24 * HOUR, end=NOON + HOUR)
    counts: dict[Label, int] = {}
    for point in store.timeline(wanted, Bucket.HOUR):
        counts[point.label] = counts.get(point.label, 0) + point.count
    assert store.summary(wanted).by_label == counts
    return counts


def how(reason: str = "反讽") -> dict[str, object]:
    return {"reason": reason, "at": NOON}


def of(store: SqliteMentionStore, mention_id: str = "weibo:1") -> Mention:
    return store.get([mention_id])[mention_id]


def test_a_correction_wins_at_once_in_feed_and_charts(begin, store):
    store.add([about("1", "cha"), about("2", "cha")])
    shown = correct(begin, store, "anna", "weibo:1", Label.NEGATIVE, target="cha", **how())
    assert shown == of(store)
    judged = shown.sentiment_towards("cha")
    assert judged == Sentiment(Label.NEGATIVE, -1.0, 1.0, "anna", Judge.PERSON)
    assert labels(store) == labels(store, None) == {Label.NEUTRAL: 1, Label.NEGATIVE: 1}
    negative = MentionFilter(brand_id="cha", labels=frozenset({Label.NEGATIVE}))
    assert [m.id for m in store.search(negative).mentions] == ["weibo:1"]


def test_the_row_and_the_trail_say_who_when_from_and_to(begin, store):
    store.add([about("1", "cha")])
    correct(begin, store, "anna", "weibo:1", Label.NEGATIVE, target="cha", **how())
    with begin() as work:
        (row,) = work.corrections.of("weibo:1")
        (entry,) = list(work.audit.rows())
    assert (row.account_id, row.at, row.reason) == ("anna", NOON, "反讽")
    assert (row.before["cha"], row.label, row.model_label) == (MODEL, "negative", "neutral")
    assert (entry.actor, entry.action, entry.object_id) == (
        "account:anna",
        "mention.corrected",
        "weibo:1",
    )
    assert '"from":"neutral"' in entry.payload
    assert '"to":"negative"' in entry.payload


def test_where_several_brands_are_named_only_the_one_pointed_at_changes(begin, store):
    store.add([about("1", "cha", "milk")])
    correct(begin, store, "anna", "weibo:1", Label.NEGATIVE, target="cha", **how())
    assert of(store).label_towards("cha") is Label.NEGATIVE
    assert of(store).label_towards("milk") is of(store).label_towards("") is Label.NEUTRAL


def test_a_later_model_run_and_a_later_look_never_overwrite_it(begin, store):
    store.add([about("1", "cha")])
    correct(begin, store, "anna", "weibo:1", Label.POSITIVE, target="cha", **how())
    for model in ("model-1", "model-2"):
        again = replace(BAD, model=model)
        look = about("1", "cha", sentiment={"": again, "cha": again}, collected_at=NOON + HOUR)
        store.add([look])
        store.add([replace(look, text="云栈奶茶今天排队好久，后来改了", edited_at=NOON + HOUR)])
    assert of(store).label_towards("cha") is Label.POSITIVE
    assert labels(store) == labels(store, None) == {Label.POSITIVE: 1}


def test_an_older_look_that_comes_late_does_not_overwrite_it_either(begin, store):
    store.add([about("1", "cha")])
    correct(begin, store, "anna", "weibo:1", Label.POSITIVE, target="cha", **how())
    store.add([about("1", "cha", collected_at=NOON - HOUR, first_seen_at=NOON - HOUR, likes=3)])
    assert of(store).label_towards("cha") is Label.POSITIVE
    assert of(store).likes == 3


def test_undoing_restores_what_the_model_said(begin, store):
    store.add([about("1", "cha")])
    correct(begin, store, "anna", "weibo:1", Label.NEGATIVE, target="cha", **how())
    correct(begin, store, "ben", "weibo:1", Label.POSITIVE, target="cha", **how())
    shown = undo(begin, store, "anna", "weibo:1", target="cha", **how())
    assert dict(shown.sentiment) == {"": MODEL, "cha": MODEL}
    assert labels(store) == {Label.NEUTRAL: 1}
    with begin() as work:
        actions = [row.action for row in work.audit.rows()]
    assert actions == ["mention.corrected", "mention.corrected", "mention.correction_undone"]


def test_undoing_where_the_model_had_said_nothing_leaves_nothing(begin, store):
    store.add([about("1", "cha", sentiment={})])
    correct(begin, store, "anna", "weibo:1", Label.NEGATIVE, target="cha", **how())
    assert labels(store) == {Label.NEGATIVE: 1}
    assert undo(begin, store, "anna", "weibo:1", target="cha", **how()).sentiment == {}


def test_undoing_after_an_edit_asks_for_a_new_score(begin, store):
    """The model's old word was about another text: it holds until the next look, without a model,
    so that ingest scores the text again."""
    store.add([about("1", "cha")])
    correct(begin, store, "anna", "weibo:1", Label.NEGATIVE, target="cha", **how())
    edited = about(
        "1", "cha", text="改过的文字", edited_at=NOON, collected_at=NOON + HOUR, sentiment={}
    )
    store.add([edited])
    shown = undo(begin, store, "anna", "weibo:1", target="cha", **how())
    assert shown.sentiment_towards("cha") == replace(MODEL, model="")


def test_undoing_what_nobody_said_writes_nothing(begin, store):
    store.add([about("1", "cha")])
    undo(begin, store, "anna", "weibo:1", **how())
    with begin() as work:
        assert list(work.audit.rows()) == []


def test_saying_the_same_again_writes_nothing(begin, store):
    store.add([about("1", "cha")])
    for _ in range(2):
        correct(begin, store, "anna", "weibo:1", Label.NEGATIVE, target="cha", **how())
    with begin() as work:
        assert len(work.corrections.of("weibo:1")) == 1


def test_agreeing_keeps_the_label_and_makes_it_a_persons(begin, store):
    store.add([about("1", "cha")])
    shown = confirm(begin, store, "ben", "weibo:1", target="cha", at=NOON)
    assert shown.sentiment["cha"] == Sentiment(Label.NEUTRAL, 0.1, 1.0, "ben", Judge.PERSON)
    again = replace(BAD, model="model-2")
    store.add([about("1", "cha", sentiment={"": again, "cha": again}, collected_at=NOON + HOUR)])
    assert of(store).label_towards("cha") is Label.NEUTRAL
    with begin() as work:
        assert [row.action for row in work.audit.rows()] == ["mention.confirmed"]


def test_agreeing_with_nothing_is_refused(begin, store):
    store.add([about("1", "cha", sentiment={})])
    with pytest.raises(KoubeiError, match="not scored"):
        confirm(begin, store, "ben", "weibo:1", target="cha", at=NOON)


def test_who_may_not_changes_nothing(begin, store):
    store.add([about("1", "cha")])
    for act in (
        lambda: correct(begin, store, "li", "weibo:1", Label.NEGATIVE, **how()),
        lambda: confirm(begin, store, "li", "weibo:1", at=NOON),
        lambda: undo(begin, store, "li", "weibo:1", **how()),
        lambda: correct_many(begin, store, "li", ["weibo:1"], Label.NEGATIVE, **how()),
        lambda: undo_many(begin, store, "nobody", "bulk-1", **how()),
    ):
        with pytest.raises(NotPermitted):
            act()
    assert of(store) == about("1", "cha")


def test_unknown_mentions_and_brands_are_refused(begin, store):
    store.add([about("1", "cha")])
    with pytest.raises(KoubeiError, match="no such mention"):
        correct(begin, store, "anna", "weibo:9", Label.NEGATIVE, **how())
    with pytest.raises(KoubeiError, match="does not name"):
        correct(begin, store, "anna", "weibo:1", Label.NEGATIVE, target="milk", **how())


class Dying(SqliteMentionStore):
    """A store that goes away when a mention is to be changed."""

    def amend(self, mention_id, change):
        raise StoreUnavailable(Text("断电", "power cut"))


def test_a_crash_between_row_and_mention_is_made_up_for(begin, store, tmp_path):
    store.add([about("1", "cha")])
    dying = Dying(tmp_path / "mentions.sqlite")
    with pytest.raises(StoreUnavailable):
        correct(begin, dying, "anna", "weibo:1", Label.NEGATIVE, target="cha", **how())
    dying.close()
    assert of(store).label_towards("cha") is Label.NEUTRAL
    assert reproject(begin, store) == 1
    assert of(store).label_towards("cha") is Label.NEGATIVE
    assert reproject(begin, store) == 0


def test_two_acts_shown_in_the_wrong_order_come_out_in_the_right_one(begin, store, tmp_path):
    store.add([about("1", "cha")])
    dying = Dying(tmp_path / "mentions.sqlite")
    with pytest.raises(StoreUnavailable):
        correct(begin, dying, "anna", "weibo:1", Label.NEGATIVE, target="cha", **how())
    dying.close()
    correct(begin, store, "ben", "weibo:1", Label.POSITIVE, target="cha", **how())
    assert reproject(begin, store) == 0
    assert of(store).label_towards("cha") is Label.POSITIVE


def test_an_act_about_an_erased_mention_does_not_wait_for_ever(begin, store, tmp_path):
    store.add([about("1", "cha")])
    dying = Dying(tmp_path / "mentions.sqlite")
    with pytest.raises(StoreUnavailable):
        correct(begin, dying, "anna", "weibo:1", Label.NEGATIVE, target="cha", **how())
    dying.close()
    store.remove(["weibo:1"])
    assert reproject(begin, store) == 1
    assert reproject(begin, store) == 0


def test_after_a_restore_of_older_mentions_people_are_right_again(begin, store):
    store.add([about("1", "cha")])
    correct(begin, store, "anna", "weibo:1", Label.NEGATIVE, target="cha", **how())
    store.remove(["weibo:1"])
    store.add([about("1", "cha")])
    with begin() as work:
        work.corrections.project_all_again()
        work.commit()
    assert reproject(begin, store) == 1
    assert of(store).label_towards("cha") is Label.NEGATIVE


def test_a_bulk_is_one_act_that_can_be_undone(begin, store):
    store.add([about(str(n), "cha") for n in range(5)])
    correct(begin, store, "ben", "weibo:0", Label.POSITIVE, target="cha", **how())
    ids = [f"weibo:{n}" for n in range(5)] + ["weibo:99"]
    done = correct_many(begin, store, "anna", ids, Label.NEGATIVE, target="cha", **how())
    assert (len(done.changed), done.left) == (5, ("weibo:99",))
    assert labels(store) == {Label.NEGATIVE: 5}
    correct(begin, store, "ben", "weibo:4", Label.POSITIVE, target="cha", **how())
    back = undo_many(begin, store, "anna", done.batch, **how())
    assert (len(back.changed), back.left) == (4, ("weibo:4",))
    assert of(store, "weibo:0").sentiment["cha"].model == "ben"
    assert labels(store) == {Label.NEUTRAL: 3, Label.POSITIVE: 2}
    again = undo_many(begin, store, "anna", back.batch, **how())
    assert (len(again.changed), labels(store)) == (4, {Label.NEGATIVE: 4, Label.POSITIVE: 1})


def test_a_bulk_has_a_limit_and_an_unknown_one_cannot_be_undone(begin, store):
    with pytest.raises(KoubeiError, match="at most"):
        correct_many(
            begin, store, "anna", map(str, range(MOST_AT_ONCE + 1)), Label.NEGATIVE, **how()
        )
    with pytest.raises(KoubeiError, match="no such bulk"):
        undo_many(begin, store, "anna", "bulk-7", **how())


def test_agreement_is_told_for_a_span(begin, store):
    store.add([about("1", "cha"), about("2", "cha", platform=Platform.WEIBO)])
    confirm(begin, store, "anna", "weibo:1", target="cha", at=NOON)
    correct(begin, store, "anna", "weibo:2", Label.NEGATIVE, target="cha", **how())
    total = agreement(begin, start=NOON - HOUR, end=NOON + HOUR).spontaneous[0]
    assert (total.judged, total.agreed, total.share) == (2, 1, 0.5)
    later = agreement(begin, start=NOON + HOUR, end=NOON + 2 * HOUR)
    assert later.spontaneous[0].judged == 0


def test_people_and_ingest_at_once_end_with_the_newest_word(begin, store, tmp_path):
    """Four people give labels and take them back while looks of two models come in; in the end the
    mention shows what its rows say, and every row is shown."""
    store.add([about("1", "cha")])

    def person(number: int) -> None:
        name, own = ("anna", "ben")[number % 2], SqliteMentionStore(tmp_path / "mentions.sqlite")
        for turn in range(8):
            label = list(Label)[(number + turn) % 3]
            if turn % 4 == 3:
                undo(begin, own, name, "weibo:1", target="cha", **how())
            else:
                correct(begin, own, name, "weibo:1", label, target="cha", **how())
        own.close()

    def crawl() -> None:
        own = SqliteMentionStore(tmp_path / "mentions.sqlite")
        for turn in range(40):
            judged = replace(BAD, model=f"model-{turn % 2}")
            later = NOON + timedelta(seconds=turn)
            own.add([about("1", "cha", sentiment={"": judged, "cha": judged}, collected_at=later)])
        own.close()

    with ThreadPoolExecutor(5) as pool:
        running = [pool.submit(person, n) for n in range(4)] + [pool.submit(crawl)]
        for one in running:
            one.result()
    with begin() as work:
        history = work.corrections.of("weibo:1")
    shown = of(store)
    newest = history[-1]
    assert len(history) >= 8
    assert reproject(begin, store) == 0
    assert shown == project(shown, history)
    if newest.label is not None:
        assert shown.label_towards("cha") is newest.label
    else:
        assert shown.sentiment["cha"].by is Judge.MODEL
    assert sum(labels(store).values()) == 1


def test_a_label_given_unseen_agrees_or_corrects_and_is_audited_as_such(begin, store):
    store.add([about("1", "cha"), about("2", "cha")])
    sample = next_sample(begin)
    same = judge_unseen(
        begin, store, "anna", "weibo:1", MODEL.label, target="cha", sample=sample, at=NOON
    )
    other = judge_unseen(
        begin, store, "anna", "weibo:2", Label.NEGATIVE, target="cha", sample=sample, at=NOON
    )
    assert same.sentiment["cha"].by is other.sentiment["cha"].by is Judge.PERSON
    found = agreement(begin, start=NOON - HOUR, end=NOON + HOUR, model_id="model-1")
    total = found.sampled[0]
    assert (total.judged, total.agreed, found.spontaneous[0].judged) == (2, 1, 0)
    with begin() as work:
        rows = [row for row in work.audit.rows() if row.object_id.startswith("weibo:")]
        acts = work.corrections.of_batch(sample)
    assert [row.action for row in rows] == ["mention.confirmed", "mention.corrected"]
    assert all(act.sampled for act in acts)
    assert len(acts) == 2
    # who came first decided; a double click changes nothing
    judge_unseen(
        begin, store, "anna", "weibo:2", Label.NEGATIVE, target="cha", sample=sample, at=NOON
    )
    with begin() as work:
        assert len(work.corrections.of_batch(sample)) == 2


def test_a_sample_can_be_taken_back_as_one(begin, store):
    store.add([about("1", "cha")])
    sample = next_sample(begin)
    judge_unseen(
        begin, store, "anna", "weibo:1", Label.NEGATIVE, target="cha", sample=sample, at=NOON
    )
    undo_many(begin, store, "anna", sample, reason="", at=NOON)
    assert store.get(["weibo:1"])["weibo:1"].sentiment["cha"] == MODEL
    assert agreement(begin, start=NOON - HOUR, end=NOON + HOUR).sampled[0].judged == 0


def test_who_may_not_correct_may_not_judge_a_sample(begin, store):
    store.add([about("1", "cha")])
    with pytest.raises(NotPermitted):
        judge_unseen(begin, store, "li", "weibo:1", Label.NEGATIVE, sample="s", at=NOON)
