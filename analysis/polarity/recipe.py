"""The recipe of the shipped weights, from the public collections in one command.

    python -m analysis.polarity.recipe FOLDER [--out FILE] [--without SOURCE] [--seed N]

FOLDER holds `train/` and `dev/` with a gzipped CSV (`text,label`) for each collection of `SOURCES`,
and `targeted/train/` and `targeted/dev/` with those of `TARGETED` (`text,target,label`). Where they
come from and under which terms is in docs/model_card.md. Weights are learnt on `train` alone; on
`dev` only the few numbers of the calibration are set. No text is kept.

The same seed gives the same weights on the same machine; scores are the same on every machine.
"""

import argparse
import csv
import gzip
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.polarity import exact
from analysis.polarity.grams import Grams, grams_of_plain, joined
from analysis.polarity.known import Known, often
from analysis.polarity.learning import (
    Labels,
    Lessons,
    Plan,
    Table,
    answer,
    learn,
    log_ratios,
    settle,
    telling,
)
from analysis.polarity.lessons import BRAND, lessons, lessons_towards
from analysis.polarity.letters import plain
from analysis.polarity.measures import measure
from analysis.polarity.mixture import Mixture
from analysis.polarity.scorer import KoubeiScorer, near_grams, root
from analysis.polarity.weights import (
    KIND_OF,
    KINDS,
    Calibration,
    Expert,
    Floats,
    Squeezed,
    Weights,
    save,
)

BITS: Final = 22
OFTEN: Final = 16
"""Texts that a gram must be in to be known, copies apart; `OFTEN_NEAR`: rows of targeted texts."""
OFTEN_NEAR: Final = 8
NAMES: Final = {"negative": 0, "neutral": 1, "positive": 2}
LESSON_WEIGHT: Final = 16.0
UNSEEN: Final = 0.2
UNSEEN_NEUTRAL: Final = 0.6
GATE_PLAN: Final = Plan(passes=2, rate=0.1)
GATE_TEMPERATURE: Final = 0.7
GATE_EVENS: Final = 1.4
PLAN: Final = Plan(passes=2, rate=0.07)
OWN_RATE: Final = 1.4
TEXTS_HELD: Final = 25_000
"""Texts of an expert for each unit of strength that holds what it adds to its kind near nothing."""
NEAR_PLAN: Final = Plan(passes=4, rate=0.1)
ROOTS: Final[Mapping[str, int]] = {"weibo": 1, "talk": 2, "review": 1, "any": 2}
"""See `Weights.roots`: a post has one thing to say, a test of cars compares."""
_LIKELIHOOD_SHARE: Final = 0.3
_LEAST: Final = 2
_LEAST_OF_NEAR: Final = 3
_LEAST_OF_GATE: Final = 6
"""Levels below these are 0: on dev this costs less than a thousandth and saves a third."""
_EMOTICON: Final = re.compile(r"\[[^\[\]]{1,12}\]")
_KINDS: Final = KINDS[:3]


@dataclass(frozen=True, slots=True)
class Source:
    """A collection: which expert learns it, what a platform of its texts is called, and how many
    times likelier than its letters say the gate takes a text for one of its kind: twice, where
    people judged polarity itself and not emotions, emoticons or stars.
    """

    expert: str
    platform: str
    favour: float = 1.0


SOURCES: Final[Mapping[str, Source]] = {
    "weibo2018": Source("weibo2018", "weibo", favour=2.0),
    "weibo_senti_100k_part": Source("weibo_emoticons", "weibo"),
    "smp2020_usual": Source("weibo2020", "weibo"),
    "smp2020_virus": Source("weibo2020", "weibo"),
    "nlpcc2013_weibo": Source("weibo_emotions", "weibo"),
    "weibo_emotion_mix8": Source("weibo_emotions", "weibo"),
    "cluemotion2020": Source("weibo_emotions", "weibo"),
    "covid19_nlpcc2020": Source("weibo_emotions", "weibo"),
    "finfe_stock_forum": Source("stocks", "forum"),
    "finnsp_fin_negative": Source("finance_news", "news"),
    "bdci2016_car_brand": Source("car_brands", "forum"),
    "bdci2018_car_forum": Source("car_forum", "forum"),
    "chnsenticorp": Source("goods", "review"),
    "chnsenticorp_hotel": Source("goods", "review"),
    "online_shopping_10_cats": Source("goods", "review"),
    "nlpcc2014_product": Source("goods", "review"),
    "waimai_10k": Source("deliveries", "review"),
    "dianping_absa": Source("restaurants", "review"),
    "douban_book_review": Source("books", "review"),
}
TARGETED: Final[Mapping[str, str]] = {
    "bdci2016_brand": "forum",
    "bdci2018_aspect": "forum",
    "cstance_noun_targets": "weibo",
    "finnsp_entity": "news",
}


@dataclass(frozen=True, slots=True)
class Lot:
    """The labelled texts of a collection, in plain letters; the last `copies` are copies."""

    name: str
    expert: str
    platform: str
    texts: tuple[str, ...]
    labels: Labels
    copies: int = 0

    @property
    def classes(self) -> tuple[int, ...]:
        """The classes that it has."""
        return tuple(int(c) for c in np.unique(self.labels))


def read_lot(folder: Path, part: str, name: str, source: Source, *, copies: bool) -> Lot:
    """Read a collection; with `copies`, once more without emoticons where that leaves something."""
    rows = list(read_rows(folder / part / f"{name}.csv.gz"))
    texts = [row["text"] for row in rows]
    labels = [NAMES[row["label"]] for row in rows]
    dropped: list[tuple[str, int]] = []
    if copies:
        bare = [(_EMOTICON.sub("", t), n) for t, n in zip(texts, labels, strict=True)]
        pairs = zip(bare, list(texts), strict=True)
        dropped = [(t, n) for (t, n), whole in pairs if t != whole and t.strip()]
        texts += [t for t, _ in dropped]
        labels += [n for _, n in dropped]
    array = np.array(labels, dtype=np.int64)
    read = tuple(plain(texts))
    return Lot(name, source.expert, source.platform, read, array, copies=len(dropped))


def read_rows(path: Path) -> Iterator[Mapping[str, str]]:
    """Yield the rows of a gzipped CSV."""
    csv.field_size_limit(1 << 24)
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def known_grams(lots: Sequence[Lot], bags: Sequence[Grams], near: Iterable[Grams]) -> Known:
    """Return the grams that enough texts have, given those of each collection's texts, and of
    targeted ones.
    """
    own = [bag.pick(np.arange(len(bag) - lot.copies)) for lot, bag in zip(lots, bags, strict=True)]
    buckets = np.union1d(often(own, BITS, OFTEN), often(near, BITS, OFTEN_NEAR))
    return Known(buckets.astype(np.int32), BITS)


def learn_experts(
    lots: Sequence[Lot], grams: Sequence[Grams], known: Known, plan: Plan
) -> tuple[tuple[Expert, ...], Squeezed]:
    """Learn experts and gate from texts and their known grams; return them and their table (see
    `Weights.table`).
    """
    experts = experts_of(lots)
    names = [expert.name for expert in experts]
    shared, kinds = 0, {kind: 1 + number for number, kind in enumerate(_KINDS)}
    first = 1 + len(_KINDS)
    collected = [
        Lessons(
            g,
            lot.labels,
            (shared, kinds[KIND_OF[lot.platform]], first + names.index(lot.expert)),
            lot.classes,
            weights=evened(lot.labels),
        )
        for g, lot in zip(grams, lots, strict=True)
    ]
    tables = first + len(experts)
    own = lessons(plan.seed)
    lessons_of_ours = Lessons(
        known.rows(grams_of_plain(plain([text for text, _ in own]), BITS)),
        np.array([NAMES[label.value] for _, label in own], dtype=np.int64),
        (shared,),
        (0, 1, 2),
        weights=np.full(len(own), LESSON_WEIGHT, dtype=np.float32),
    )
    taught = [*collected, lessons_of_ours]
    scales = [
        _readily([o for o in taught if number in o.tables], len(known)) for number in range(tables)
    ]
    for scale in scales[1:]:  # negation and turns are of the language, not of a collection
        scale[known.first_of_views :] = 0
    for scale in scales[first:]:
        scale *= np.float32(OWN_RATE)
    made = learn(taught, tables=tables, rows=len(known), classes=3, plan=plan, scales=scales)
    general = {kind: made[shared] + made[kinds[kind]] for kind in _KINDS}
    # what a collection adds was learnt along, so that the general does not have to; it is learnt
    # anew, held near nothing
    own_columns = [
        _columns(expert, _added(own_lessons, general[expert.kind], known))
        for expert in experts
        for own_lessons in [
            [o for o, lot in zip(collected, lots, strict=True) if lot.expert == expert.name]
        ]
    ]
    places = [
        Lessons(
            g,
            np.full(len(g), names.index(lot.expert), dtype=np.int64),
            (0,),
            tuple(range(len(experts))),
        )
        for g, lot in zip(grams, lots, strict=True)
    ]
    only_letters = np.ones(len(known), dtype=np.float32)
    only_letters[0] = only_letters[known.first_of_views :] = 0
    gate = learn(
        as_one(places, len(experts)),
        tables=1,
        rows=len(known),
        classes=len(experts),
        plan=replace(GATE_PLAN, seed=plan.seed),
        scales=[only_letters],
    )[0]
    of_kinds = [table[:, [0, 2]] - table[:, [1]] for table in general.values()]
    columns = np.concatenate([*of_kinds, *own_columns], axis=1)
    gate_columns = Squeezed.of(gate, least=_LEAST_OF_GATE)
    sharper = replace(gate_columns, steps=gate_columns.steps / GATE_TEMPERATURE)
    # the largest weights are those of emoticons, and cutting them off costs their collections dear
    squeezed = [sharper, Squeezed.of(columns, cut=1.0, least=_LEAST)]
    return unbiased(experts, lots), Squeezed.beside(squeezed)


def _readily(lessons: Sequence[Lessons], rows: int) -> NDArray[np.float32]:
    """Return how readily each row learns from these lessons; what is not known does not."""
    if not lessons:
        return np.zeros(rows, dtype=np.float32)
    scale = telling(((o.grams, o.labels) for o in lessons), rows=rows, classes=3)
    scale[0] = 0
    return scale


def evened(labels: Labels) -> Table:
    """Return how much each text counts: negative and positive less unlike than a collection has
    them, by a square root, since what collection a new text is like says little of how it ends.
    """
    counts = np.bincount(labels, minlength=3).astype(np.float64)
    weights = np.ones(3)
    if counts[0] and counts[2]:
        weights[[0, 2]] = np.sqrt((counts[0] + counts[2]) / 2 / counts[[0, 2]])
    return weights[labels].astype(np.float32)


def unbiased(experts: Sequence[Expert], lots: Sequence[Lot]) -> tuple[Expert, ...]:
    """Return the experts with a bias that takes out of the gate how many texts each was taught:
    that a collection is large does not make the next text more likely to be of its kind.
    """
    total = sum(len(lot.labels) for lot in lots)
    biased = []
    for expert in experts:
        own = [lot for lot in lots if lot.expert == expert.name]
        share = sum(len(lot.labels) for lot in own) / total
        favour = max(SOURCES[lot.name].favour for lot in own)
        bias = float(np.log(favour) - GATE_EVENS * np.log(share))
        biased.append(replace(expert, bias=round(bias, 4)))
    return tuple(biased)


def experts_of(lots: Sequence[Lot]) -> tuple[Expert, ...]:
    """Return the experts of the collections, in order of first appearance."""
    classes: dict[str, set[int]] = {}
    kinds: dict[str, str] = {}
    for lot in lots:
        classes.setdefault(lot.expert, set()).update(lot.classes)
        kinds[lot.expert] = KIND_OF[lot.platform]
    return tuple(Expert(name, kinds[name], tuple(sorted(own))) for name, own in classes.items())


def _added(lessons: Sequence[Lessons], general: Table, known: Known) -> Table:
    """Return what an expert's texts add to what its kind of platform says; letters alone add."""
    pairs = ((o.grams, o.labels) for o in lessons)
    ratios, _ = log_ratios(pairs, rows=len(known), classes=3)
    ratios[0] = ratios[known.first_of_views :] = 0
    after = [replace(o, offsets=answer(o.grams, [general])) for o in lessons]
    strength = sum(len(o.labels) for o in lessons) / TEXTS_HELD
    return settle(after, ratios.astype(np.float32), classes=3, strength=strength)


def _columns(expert: Expert, table: Table) -> Table:
    """Keep of three logits what matters: differences to neutral, or the one between two."""
    if len(expert.classes) == 3:
        return table[:, [0, 2]] - table[:, [1]]
    first, second = expert.classes
    return table[:, [second]] - table[:, [first]]


def as_one(lessons: Sequence[Lessons], classes: int) -> list[Lessons]:
    """Return lessons of one label each as one, so that a batch has all of them."""
    return [
        Lessons(
            joined([lesson.grams for lesson in lessons]),
            np.concatenate([lesson.labels for lesson in lessons]),
            (0,),
            tuple(range(classes)),
        )
    ]


@dataclass(frozen=True, slots=True)
class TargetedLot:
    """The rows of a targeted collection, in plain letters; `names[t]` as in `near_grams`."""

    platform: str
    texts: tuple[str, ...]
    names: tuple[tuple[str], ...]
    labels: Labels


def read_targeted(folder: Path, part: str, name: str, platform: str) -> TargetedLot:
    """Read a targeted collection."""
    rows = list(read_rows(folder / "targeted" / part / f"{name}.csv.gz"))
    return TargetedLot(
        platform,
        tuple(row["text"] for row in rows),
        tuple((row["target"],) for row in rows),
        np.array([NAMES[row["label"]] for row in rows], dtype=np.int64),
    )


def own_targeted(seed: int) -> TargetedLot:
    """Return our own sentences towards a brand, of no platform."""
    own = lessons_towards(seed)
    labels = np.array([NAMES[label.value] for _, label in own], dtype=np.int64)
    return TargetedLot("", tuple(text for text, _ in own), ((BRAND,),) * len(own), labels)


def learn_near(
    lots: Sequence[TargetedLot],
    grams: Sequence[Grams],
    wholes: Sequence[Floats],
    rows: int,
    plan: Plan,
) -> Table:
    """Learn what is said about a target, beside what the whole text says (see `with_whole`), from
    texts and their known grams; the table has so many rows.
    """
    kinds = {kind: 1 + number for number, kind in enumerate(_KINDS)}
    lessons = [
        Lessons(
            bag,
            lot.labels,
            (0, kinds[KIND_OF[lot.platform]]) if lot.platform else (0,),
            tuple(int(c) for c in np.unique(lot.labels)),
            offsets=np.log(root(np.maximum(whole, 1e-6), _roots(lot.platform))).astype(np.float32),
        )
        for lot, bag, whole in zip(lots, grams, wholes, strict=True)
    ]
    tables = 1 + len(_KINDS)
    scales = [_readily([o for o in lessons if n in o.tables], rows) for n in range(tables)]
    made = learn(lessons, tables=tables, rows=rows, classes=3, plan=plan, scales=scales)
    by_kind = [made[0] + made[kinds[kind]] for kind in _KINDS]
    return np.concatenate([table[:, [0, 2]] - table[:, [1]] for table in by_kind], axis=1)


def _roots(platform: str) -> int:
    return ROOTS[KIND_OF.get(platform, "any")]


Worth = Callable[[Floats, Labels, tuple[float, ...]], float]


def calibrate(
    rows: Mapping[str, Floats], gold: Mapping[str, Labels], worth: Worth
) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Return the class weights with the best worth, and then the rule with the best macro-F1, both
    on the mean of collections.
    """
    steps = (0.6, 0.7, 0.8, 0.9, 1.0, 1.15, 1.3, 1.5, 1.75, 2.0)
    weights = max(
        ((a, 1.0, b) for a, b in product(steps, steps)),
        key=lambda w: np.mean([worth(rows[n], gold[n], w) for n in rows]),
    )
    tuned = {name: exact.shares(row * np.array(weights)) for name, row in rows.items()}
    rule = max(
        ((a, b, 1.0) for a, b in product(steps, steps)),
        key=lambda w: np.mean([_macro_f1(tuned[n], gold[n], w) for n in rows]),
    )
    return weights, rule


def _likelihood(rows: Floats, gold: Labels, weights: tuple[float, ...]) -> float:
    tuned = exact.shares(rows * np.array(weights))
    return float(np.mean(np.log(np.maximum(tuned[np.arange(len(gold)), gold], 1e-6))))


def _worth(rows: Floats, gold: Labels, weights: tuple[float, ...]) -> float:
    """Likelihood alone is flat where the sign of the score, which charts use, is not."""
    polar = gold != 1
    right = (rows[polar, 2] * weights[2] >= rows[polar, 0] * weights[0]) == (gold[polar] == 2)
    # of negative and neutral alone, whether the sign is right says nothing of positive
    sign = float(np.mean(right)) if (gold == 2).any() else 0.0
    return sign + _LIKELIHOOD_SHARE * _likelihood(rows, gold, weights)


def _macro_f1(rows: Floats, gold: Labels, rule: tuple[float, ...]) -> float:
    labels = np.argmax(rows * np.array(rule), axis=1)
    return measure(gold, labels, rows[:, 2] + rows[:, 1] / 2).macro_f1


def calibrate_experts(weights: Weights, lots: Sequence[Lot]) -> dict[str, Calibration]:
    """Set temperature, class weights and rule of each kind on texts that were not learnt."""
    found: dict[str, Calibration] = {}
    answers = {lot.name: Mixture(weights).logits(lot.texts) for lot in lots}
    gold = {lot.name: lot.labels for lot in lots}
    for kind in KINDS:
        own = [lot for lot in lots if kind in ("any", KIND_OF[lot.platform])]
        best = None
        for temperature in (0.7, 0.85, 1.0, 1.2, 1.4, 1.7):
            tried = replace(
                weights,
                calibration={k: Calibration(temperature=temperature) for k in KINDS},
            )
            mixture = Mixture(tried)
            rows = {
                lot.name: mixture.probabilities(
                    answers[lot.name], np.full(len(lot.labels), KINDS.index(kind))
                )
                for lot in own
            }
            class_weights, rule = calibrate(rows, gold, _worth)
            worth = np.mean([_worth(rows[n], gold[n], class_weights) for n in rows])
            if best is None or worth > best[0]:
                best = (worth, Calibration(temperature, class_weights, rule))
        if best is None:
            raise ValueError(f"no collection of kind {kind}")
        found[kind] = best[1]
    return found


def calibrate_near(weights: Weights, lots: Sequence[TargetedLot]) -> dict[str, Calibration]:
    """Set class weights and rule of each kind for what is said about targets."""
    scorer = KoubeiScorer(
        replace(weights, near_calibration={kind: Calibration() for kind in KINDS})
    )
    gold = {str(number): lot.labels for number, lot in enumerate(lots)}
    found: dict[str, Calibration] = {}
    for kind in KINDS:
        rows: dict[str, Floats] = {}
        for number, lot in enumerate(lots):
            if kind in ("any", KIND_OF[lot.platform]):
                platforms = ["" if kind == "any" else lot.platform] * len(lot.texts)
                wholes, _ = scorer.probabilities(lot.texts, platforms)
                rows[str(number)], _ = scorer.towards(lot.texts, platforms, lot.names, wholes)
        found[kind] = Calibration()
        if rows:
            class_weights, rule = calibrate(rows, gold, _likelihood)
            found[kind] = Calibration(1.0, class_weights, rule)
    return found


def build(folder: Path, *, without: str = "", seed: int = PLAN.seed) -> Weights:
    """Carry out the recipe; `without` leaves one collection out of everything."""
    sources = {name: source for name, source in SOURCES.items() if name != without}
    say = sys.stderr.write
    say("reading\n")
    lots = [read_lot(folder, "train", n, s, copies=True) for n, s in sources.items()]
    tests = [read_lot(folder, "dev", n, s, copies=False) for n, s in sources.items()]
    near_lots = [read_targeted(folder, "train", n, p) for n, p in TARGETED.items()]
    near_lots.append(own_targeted(seed))
    bags = [grams_of_plain(lot.texts, BITS) for lot in lots]
    near_bags = [near_grams(plain(lot.texts), lot.names, BITS) for lot in near_lots]
    known = known_grams(lots, bags, near_bags)
    say("learning experts\n")
    rows = [known.rows(bag) for bag in bags]
    experts, table = learn_experts(lots, rows, known, replace(PLAN, seed=seed))
    plainly = {kind: Calibration() for kind in KINDS}
    columns = 2 * len(_KINDS)
    nothing = Squeezed(np.zeros((len(known), columns), np.int8), np.ones(columns))
    weights = Weights(
        BITS,
        table,
        experts,
        plainly,
        nothing,
        plainly,
        UNSEEN,
        UNSEEN_NEUTRAL,
        known=known,
        roots=ROOTS,
    )
    say("calibrating\n")
    weights = replace(weights, calibration=calibrate_experts(weights, tests))
    say("learning targets\n")
    scorer = KoubeiScorer(weights)
    wholes = [
        scorer.probabilities(lot.texts, [lot.platform] * len(lot.texts))[0] for lot in near_lots
    ]
    near_rows = [known.rows(bag) for bag in near_bags]
    near = learn_near(near_lots, near_rows, wholes, len(known), replace(NEAR_PLAN, seed=seed))
    weights = replace(weights, near=Squeezed.of(near, least=_LEAST_OF_NEAR))
    near_tests = [read_targeted(folder, "dev", n, p) for n, p in TARGETED.items()]
    weights = replace(weights, near_calibration=calibrate_near(weights, near_tests))
    card: dict[str, Any] = {
        "recipe": "analysis.polarity.recipe",
        "seed": seed,
        "sources": sorted(sources),
        "targeted": sorted(TARGETED),
        "texts": int(sum(len(lot.labels) for lot in lots)),
        "grams": len(known.buckets),
    }
    return replace(weights, card=card)


def figures(weights: Weights, folder: Path) -> dict[str, dict[str, Any]]:
    """Return the measures of every collection's dev part."""
    scorer = KoubeiScorer(weights)
    found: dict[str, dict[str, Any]] = {}
    for name, source in SOURCES.items():
        rows = list(read_rows(folder / "dev" / f"{name}.csv.gz"))
        probabilities, labels = scorer.probabilities(
            [row["text"] for row in rows], [source.platform] * len(rows)
        )
        gold = np.array([NAMES[row["label"]] for row in rows], dtype=np.int64)
        score = probabilities[:, 2] + probabilities[:, 1] / 2
        measured = measure(gold, labels, score)
        found[name] = {f: getattr(measured, f) for f in measured.__slots__}
    return found


def main() -> None:
    """Run the recipe."""
    parser = argparse.ArgumentParser(prog="analysis.polarity.recipe", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--without", default="", choices=["", *SOURCES])
    parser.add_argument("--seed", type=int, default=PLAN.seed)
    wanted = parser.parse_args()
    weights = build(wanted.folder, without=wanted.without, seed=wanted.seed)
    if wanted.out:
        save(weights, wanted.out)
    sys.stdout.write(json.dumps(figures(weights, wanted.folder), indent=1) + "\n")


if __name__ == "__main__":
    main()
