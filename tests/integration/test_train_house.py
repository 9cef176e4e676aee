"""`koubei train` in a real house: own CSV and corrections made on the dashboard; what is worse is
not installed, what is better judges from then on and judges the history again, and one act gives
the last model back.
"""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import typer
from typer.testing import CliRunner

from analysis.polarity.lessons import lessons
from analysis.polarity.scorer import KoubeiScorer
from analysis.polarity.teaching import is_held_back
from cli import train
from cli.lanes import lanes
from domain.account import Account, Role
from domain.mention import Mention
from domain.queries import AuditFilter, MentionFilter
from domain.sentiment import WHOLE_TEXT, Judge, Label, ScoreRequest
from runtime.settings import load_settings
from runtime.wiring import Services, open_services
from scheduler.timetable import Job, Lane
from tests.fakes import a_mention
from tests.fixtures.labels import labels_file
from workflow.corrections import correct, correct_many

pytestmark = pytest.mark.integration

NOW = datetime.now(UTC).replace(microsecond=0)
BAD = ("飞单", "窜仓")
GOOD = ("爆单",)
EVERYTHING = MentionFilter(public_voice_only=False)
SHIPPED = KoubeiScorer.shipped().model_id


def said(word: str, number: int) -> str:
    return f"这批货{word}{number}次了"


@pytest.fixture
def services(tmp_path, monkeypatch):
    """A house with 120 posts in the words of a trade, judged by the model that is shipped."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KOUBEI_LANGUAGE", "en")
    (tmp_path / "koubei.toml").write_text("")
    with open_services(load_settings()) as opened:
        with opened.begin_work() as work:
            work.accounts.add(
                Account("lin", "lin", "林澜", frozenset({Role.ANALYST}), created_at=NOW)
            )
            work.commit()
        opened.store.add(
            a_mention(
                f"{word}{number}",
                text=said(word, number),
                published_at=NOW - timedelta(hours=number, minutes=len(word)),
            )
            for word in (*BAD, *GOOD)
            for number in range(40)
        )
        rescore(opened)
        yield opened


def rescore(services: Services) -> None:
    """Let the scheduler's lane judge what there is to judge."""
    job = Job("rescore", Lane.RESCORE, timedelta(minutes=5))
    lanes(services, "here")[Lane.RESCORE](job, threading.Event())


def people_judge(services: Services, *, wrongly: bool = False) -> None:
    """Correct 60 posts as the dashboard does: one by itself, the others in bulks."""
    turned = {Label.NEGATIVE: Label.POSITIVE, Label.POSITIVE: Label.NEGATIVE}
    for words, label in ((BAD, Label.NEGATIVE), (GOOD, Label.POSITIVE)):
        ids = [f"weibo:{word}{n}" for word in words for n in range(20)]
        given = turned[label] if wrongly else label
        begin, store = services.begin_work, services.store
        correct(begin, store, "lin", ids[0], given, reason="行话", at=NOW)
        correct_many(begin, store, "lin", ids[1:], given, reason="行话", at=NOW)


def run(*arguments: object):
    app = typer.Typer()
    train.register(app)
    app.callback()(lambda: None)
    return CliRunner().invoke(app, ["train", *map(str, arguments)])


def own_csv(path):
    rows = [(said(word, n), label) for n in range(100, 140) for word, label in (
        ("飞单", "负面"), ("窜仓", "负面"), ("爆单", "正面"))]  # fmt: skip
    return labels_file(path, rows)


def stored(services: Services) -> list[Mention]:
    return list(services.store.scan(EVERYTHING))


def models_of(services: Services) -> set[str]:
    judgements = (m.sentiment[WHOLE_TEXT] for m in stored(services))
    return {each.model for each in judgements if each.by is Judge.MODEL}


def people(services: Services) -> set[str]:
    return {m.id for m in stored(services) if m.sentiment[WHOLE_TEXT].by is Judge.PERSON}


def trail(services: Services) -> list[tuple[str, str]]:
    with services.begin_reading() as work:
        rows = work.audit.search(AuditFilter(action="model."), limit=50)
    return [(row.action, row.object_id) for row in reversed(rows)]


def label_of(services: Services, text: str) -> Label:
    return services.scorer.score([ScoreRequest(text, "weibo")])[0].text.label


def test_what_the_team_taught_judges_at_once_and_the_last_model_comes_back(services, tmp_path):
    people_judge(services)
    judged = people(services)
    assert len(judged) == 60
    assert models_of(services) == {SHIPPED}

    done = run(own_csv(tmp_path / "own.csv"))
    assert done.exit_code == 0, done.output
    texts = [said(word, n) for word in (*BAD, *GOOD) for n in (*range(20), *range(100, 140))]
    held = sum(map(is_held_back, texts))
    assert f"held back {held} {held}" in " ".join(done.output.split())
    [name] = services.models.names[1:]

    services.use_present_model()  # as every lane does before its work
    taught = services.scorer.model_id
    assert taught == name.removesuffix(".npz") != SHIPPED
    assert label_of(services, said("飞单", 99)) is Label.NEGATIVE
    assert label_of(services, said("爆单", 99)) is Label.POSITIVE
    rescore(services)
    assert models_of(services) == {taught}
    assert people(services) == judged

    back = run("--back")
    assert back.exit_code == 0, back.output
    services.use_present_model()
    assert services.scorer.model_id == SHIPPED
    rescore(services)
    assert models_of(services) == {SHIPPED}
    assert people(services) == judged
    assert trail(services) == [
        ("model.in_use", SHIPPED), ("model.history_judged", SHIPPED),
        ("model.installed", name), ("model.in_use", taught), ("model.history_judged", taught),
        ("model.given_back", ""), ("model.in_use", SHIPPED), ("model.history_judged", SHIPPED),
    ]  # fmt: skip
    assert run("--back").exit_code == 1


def test_the_same_labels_and_seed_make_the_same_model(services, tmp_path):
    people_judge(services)
    path = own_csv(tmp_path / "own.csv")
    made = []
    for seed in (3, 3, 4):
        assert run(path, "--seed", seed).exit_code == 0
        made.append(services.models.names[-1])
        # each is compared with the shipped one: beside the first the third may be worse
        assert run("--back").exit_code == 0
    assert made[0] == made[1] != made[2]


def poison(kind: str, path):
    """Labels of which each looks like a label, and that would spoil the model."""
    turned = {Label.NEGATIVE: "positive", Label.POSITIVE: "negative", Label.NEUTRAL: "negative"}
    if kind == "turned round":
        return labels_file(path, [(text, turned[label]) for text, label in lessons(5, copies=1)])
    rows = ((said(word, n), ("negative", "positive")[is_held_back(said(word, n))])
            for word in BAD for n in range(100, 160))  # fmt: skip
    return labels_file(path, list(rows))


@pytest.mark.parametrize("kind", ["turned round", "contradicting"])
def test_poisoned_labels_are_refused_and_nothing_changes(services, tmp_path, kind):
    before, trailed = stored(services), trail(services)
    refused = run(poison(kind, tmp_path / "own.csv"))
    assert refused.exit_code == 1, refused.output
    assert "was not installed" in refused.stderr
    assert services.models.names == ("",)
    assert not list((tmp_path / "var").glob("models/*"))
    assert stored(services) == before
    assert trail(services) == trailed


def test_near_copies_that_were_judged_in_one_go_are_one_label(services):
    ids = [f"weibo:飞单{n}" for n in range(40)]
    for mention_id in ids:
        services.store.amend(mention_id, of_one_cluster)
    begin, store = services.begin_work, services.store
    correct_many(begin, store, "lin", ids, Label.NEGATIVE, reason="行话", at=NOW)
    ids = [f"weibo:窜仓{n}" for n in range(40)]
    correct_many(begin, store, "lin", ids, Label.NEGATIVE, reason="行话", at=NOW)
    refused = run()
    assert "41 labels" in str(refused.exception)


def of_one_cluster(mention: Mention) -> Mention:
    return replace(mention, cluster_id="weibo:飞单0")
