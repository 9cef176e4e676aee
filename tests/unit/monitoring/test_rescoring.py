from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from analysis.near_copies import fingerprint
from analysis.terms import keywords
from domain.account import Account, Role
from domain.mention import Platform
from domain.model_run import ModelRun, Shift, Stretch, stretches
from domain.queries import Bucket, MentionFilter
from domain.sentiment import (
    WHOLE_TEXT,
    Judge,
    Label,
    Probabilities,
    ScoreRequest,
    Scores,
    Sentiment,
)
from monitoring.deriving import Deriving, Method
from monitoring.rescoring import PAGE, SWEEP_EVERY, Rescoring
from tests.contract.naive_store import NaiveMentionStore
from tests.fakes import NOON, FixedClock, a_mention
from workflow.corrections import correct, undo

HOUR = timedelta(hours=1)
ALL = MentionFilter(public_voice_only=False)
METHOD = Method("m1", lambda text, _: keywords(text), fingerprint)
BAD, GOOD = Probabilities(0.9, 0.05, 0.05), Probabilities(0.05, 0.05, 0.9)


@dataclass
class Model:
    """Negative where the text holds one of its words; towards a brand, where its clause does."""

    model_id: str
    words: str
    asked: list[ScoreRequest] = field(default_factory=list)

    def score(self, requests: Sequence[ScoreRequest]) -> list[Scores]:
        self.asked += requests
        return [self._one(request) for request in requests]

    def _one(self, request: ScoreRequest) -> Scores:
        clauses = request.text.split("，")
        by_target = {
            brand: self._of(clause)
            for brand, names in request.targets.items()
            for clause in clauses
            if any(name in clause for name in names)
        }
        return Scores(self._of(request.text), by_target)

    def _of(self, text: str) -> Probabilities:
        return BAD if any(word in text for word in self.words) else GOOD


def old(label: Label = Label.POSITIVE, run: int = 1) -> Sentiment:
    return Sentiment(label, 0.5, 0.8, "old", run=run)


def a_past(number: int, text: str = "云栈今天排队好久", **changes: object):
    return a_mention(
        str(number),
        text=text,
        published_at=NOON - number * timedelta(minutes=7),
        **{"brand_ids": frozenset({"tea"}), "sentiment": {WHOLE_TEXT: old()}, **changes},
    )


@pytest.fixture
def clock():
    return FixedClock(NOON)


@pytest.fixture
def rescoring(store, begin, clock):
    def make(model: Model, method: Method = METHOD, at=NOON) -> Rescoring:
        deriving = Deriving(store, model, method)
        return Rescoring(store, begin, clock, deriving, started_at=at, actor="test")

    with begin() as work:
        # history as it is after the first run: judged by `old`, terms and prints by METHOD
        work.model_runs.next_number()
        work.model_runs.add(
            ModelRun(1, "old", "m1", NOON - 90 * 24 * HOUR, finished_at=NOON - 89 * 24 * HOUR)
        )
        work.commit()
    return make


@pytest.fixture
def people(begin):
    with begin() as work:
        work.accounts.add(Account("anna", "anna", "anna", frozenset({Role.ANALYST}), NOON))
        work.commit()
    return "anna"


def done(rescoring: Rescoring) -> ModelRun:
    run = rescoring.run_in_use()
    assert run is not None
    return rescoring.go_on(run)


def rollups(store, brand: str | None):
    wanted = MentionFilter(brand_id=brand, start=NOON - 400 * 24 * HOUR, end=NOON + HOUR)
    naive = NaiveMentionStore()
    naive.add(store.scan(ALL))
    counted = store.timeline(wanted, Bucket.HOUR)
    assert counted == naive.timeline(wanted, Bucket.HOUR)
    return counted


def test_every_stored_mention_is_judged_again_and_the_rollups_equal_a_scan(store, rescoring):
    store.add(a_past(i, "云栈太贵" if i % 3 == 0 else "云栈好喝") for i in range(2 * PAGE + 30))
    run = done(rescoring(Model("new", "贵")))
    found = list(store.scan(ALL))
    assert {said.model for m in found for said in m.sentiment.values()} == {"new"}
    assert {said.run for m in found for said in m.sentiment.values()} == {2}
    assert (run.total, run.seen, run.left) == (430, 430, 0)
    assert run.changed == sum("贵" in m.text for m in found) == 144
    assert run.finished_at == NOON
    assert run.shifts == (Shift("tea", Platform.WEIBO, 0, 144),)
    for brand in (None, "tea"):
        points = rollups(store, brand)
        assert sum(p.count for p in points if p.label is Label.NEGATIVE) == 144


def test_judging_again_twice_changes_nothing_more(store, rescoring):
    store.add(a_past(i, "云栈太贵") for i in range(5))
    done(rescoring(Model("new", "贵")))
    before = list(store.scan(ALL))
    model = Model("new", "贵")
    again = rescoring(model)
    assert done(again).changed == 5  # the same run, which was over
    assert list(store.scan(ALL)) == before
    assert model.asked == []


def test_a_persons_label_stays_and_what_they_take_back_is_the_new_models(
    store, begin, clock, rescoring, people
):
    store.add([a_past(1, "云栈太贵"), a_past(2, "云栈太贵")])
    correct(begin, store, people, "weibo:1", Label.NEUTRAL, target="tea", reason="", at=NOON)
    run = done(rescoring(Model("new", "贵")))
    kept = store.get(["weibo:1"])["weibo:1"].sentiment
    assert {s.by for s in kept.values()} == {Judge.PERSON}
    assert {s.label for s in kept.values()} == {Label.NEUTRAL}
    undo(begin, store, people, "weibo:1", target="tea", reason="", at=NOON)
    assert store.get(["weibo:1"])["weibo:1"].sentiment[WHOLE_TEXT].model == "old"
    clock.forward(SWEEP_EVERY)
    swept = rescoring(Model("new", "贵")).sweep(run)
    assert store.get(["weibo:1"])["weibo:1"].sentiment[WHOLE_TEXT] == replace(
        store.get(["weibo:2"])["weibo:2"].sentiment[WHOLE_TEXT]
    )
    assert swept.changed == run.changed + 1
    rollups(store, "tea")


def test_a_run_that_was_cut_off_goes_on_where_it_was(store, rescoring):
    store.add(a_past(i, "云栈太贵") for i in range(3 * PAGE))
    stopped = rescoring(Model("new", "贵"))
    run = stopped.run_in_use()
    cut = stopped.go_on(run, rest=lambda _: False)
    assert (cut.seen, cut.finished_at, round(cut.share, 2)) == (PAGE, None, 0.33)
    model = Model("new", "贵")
    whole = done(rescoring(model))
    assert whole.run == cut.run
    assert whole.finished_at is not None
    assert len(model.asked) == 2 * PAGE
    assert all(m.sentiment[WHOLE_TEXT].model == "new" for m in store.scan(ALL))


def test_a_late_write_of_the_earlier_model_never_wins_over_the_later(store, rescoring):
    before = a_past(1, "云栈太贵")
    store.add([before])
    done(rescoring(Model("new", "贵")))
    # a machine that was not restarted yet sees the post again, later than everybody else
    store.add([replace(before, likes=9, collected_at=NOON + HOUR)])
    now = store.get(["weibo:1"])["weibo:1"]
    assert (now.likes, now.sentiment[WHOLE_TEXT].model) == (9, "new")


def test_an_export_of_before_that_is_imported_again_does_not_win(store, ingest, rescoring):
    before = a_past(1, "云栈太贵", sentiment={WHOLE_TEXT: old(run=9)})
    store.add([a_past(1, "云栈太贵")])
    done(rescoring(Model("new", "贵")))
    ingest.take_whole([before], run_id="import:1")
    assert store.get(["weibo:1"])["weibo:1"].sentiment[WHOLE_TEXT].model == "new"


def test_what_a_machine_with_the_earlier_model_wrote_is_swept_up(store, clock, rescoring):
    store.add([a_past(1, "云栈太贵")])
    run = done(rescoring(Model("new", "贵")))
    clock.forward(HOUR)
    store.add([a_past(2, "云栈又贵", collected_at=clock.time)])
    swept = rescoring(Model("new", "贵")).sweep(run)
    assert store.get(["weibo:2"])["weibo:2"].label_towards("tea") is Label.NEGATIVE
    assert rescoring(Model("new", "贵")).sweep(swept) is swept  # not before an hour is over


def test_a_process_with_the_earlier_model_does_not_begin_a_run_against_the_newer(rescoring, clock):
    stale = rescoring(Model("old", "贵"))
    clock.forward(HOUR)
    newer = rescoring(Model("new", "贵"), at=clock.time).run_in_use()
    assert newer.run == 2
    assert stale.run_in_use() is None
    # restarted with the earlier model, which is going back to it
    clock.forward(HOUR)
    assert rescoring(Model("old", "贵"), at=clock.time).run_in_use().run == 3


def test_a_run_stops_when_another_begins(store, rescoring, clock):
    store.add(a_past(i) for i in range(2 * PAGE))
    first = rescoring(Model("new", "贵"))
    run = first.run_in_use()

    def meanwhile(_: float) -> bool:
        clock.forward(HOUR)
        rescoring(Model("newer", "贵"), at=clock.time).run_in_use()
        return True

    assert first.go_on(run, rest=meanwhile).finished_at is None


def test_no_older_history_than_asked_for_is_judged_again(store, begin, rescoring):
    store.add(a_past(i, "云栈太贵") for i in range(20))
    model = rescoring(Model("new", "贵"))
    border = NOON - timedelta(minutes=70)
    run = model.go_on(model.run_in_use(since=border))
    models = {m.published_at >= border: set() for m in store.scan(ALL)}
    for mention in store.scan(ALL):
        models[mention.published_at >= border].add(mention.sentiment[WHOLE_TEXT].model)
    assert models == {True: {"new"}, False: {"old"}}
    with begin() as work:
        assert stretches(work.model_runs.all()) == (
            Stretch(border, None, "new"),
            Stretch(None, border, "old"),
        )
    assert run.total == run.seen == 11


def test_a_bare_repost_is_judged_by_what_it_repeats(store, rescoring):
    store.add(
        [
            a_past(1, "云栈太贵"),
            a_past(2, "转发微博", repost_of="weibo:1"),
            a_past(3, "转发微博", repost_of="weibo:99"),
        ]
    )
    run = done(rescoring(Model("new", "贵")))
    found = store.get(["weibo:2", "weibo:3"])
    assert found["weibo:2"].label_towards("tea") is Label.NEGATIVE
    assert found["weibo:3"].sentiment[WHOLE_TEXT].model == "old"
    assert run.left == 1


def test_an_erased_mention_does_not_come_back(store, rescoring):
    store.add([a_past(1), a_past(2)])

    class Erasing(Model):
        def score(self, requests: Sequence[ScoreRequest]) -> list[Scores]:
            store.remove(["weibo:1"])
            return super().score(requests)

    done(rescoring(Erasing("new", "贵")))
    assert [m.id for m in store.scan(ALL)] == ["weibo:2"]


def test_terms_and_fingerprints_are_made_again_when_their_method_changed(store, rescoring):
    store.add([a_past(1, "云栈奶茶今天排队好久好久好久")])
    assert done(rescoring(Model("new", "贵"))).rederives is False
    assert store.get(["weibo:1"])["weibo:1"].terms == ()
    model = Model("new", "贵")
    method = Method("m2", lambda *_: ("词",), lambda _: 7)
    assert done(rescoring(model, method)).rederives is True
    made = store.get(["weibo:1"])["weibo:1"]
    assert (made.terms, made.fingerprint, made.sentiment[WHOLE_TEXT].run) == (("词",), 7, 2)
    assert model.asked == []


def test_a_text_good_for_one_brand_and_bad_for_another_is_both(store, rescoring):
    both = frozenset({"tea", "rival"})
    store.add([a_past(1, "云栈真好，半山茶事太贵", brand_ids=both)])
    done(rescoring(Model("new", "贵")))
    found = store.get(["weibo:1"])["weibo:1"]
    assert {b: found.label_towards(b) for b in sorted(both)} == {
        "rival": Label.NEGATIVE,
        "tea": Label.POSITIVE,
    }
    window = MentionFilter(start=NOON - HOUR, end=NOON)
    counted = {
        brand: [p.label for p in store.timeline(replace(window, brand_id=brand), Bucket.HOUR)]
        for brand in sorted(both)
    }
    assert counted == {"rival": [Label.NEGATIVE], "tea": [Label.POSITIVE]}


def test_stretches_join_runs_of_one_model_and_tell_nothing_of_before():
    first = ModelRun(1, "a", "m", NOON - 9 * HOUR, since=NOON - 20 * HOUR, finished_at=NOON)
    second = ModelRun(2, "b", "m", NOON - 5 * HOUR, reached=NOON - 7 * HOUR)
    third = ModelRun(3, "b", "m", NOON - HOUR, reached=NOON - 2 * HOUR)
    assert stretches([first, second, third]) == (
        Stretch(NOON - 7 * HOUR, None, "b"),
        Stretch(NOON - 20 * HOUR, NOON - 7 * HOUR, "a"),
    )
    assert stretches([]) == ()


def test_a_factor_is_careful_with_few_and_bounded_with_many():
    run = ModelRun(1, "a", "m", NOON)
    assert run.factor("tea") == 1
    shift = Shift("tea", Platform.WEIBO, 1, 3)
    assert replace(run, shifts=(shift,)).factor("tea") == pytest.approx(8 / 6)
    many = replace(shift, before=10, after=1000)
    assert replace(run, shifts=(many,)).factor("tea", Platform.WEIBO) == 5
    assert replace(run, shifts=(many,)).factor("tea", Platform.ZHIHU) == 1
