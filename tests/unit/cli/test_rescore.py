"""`koubei rescore`: by hand, and how far it is."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import typer
from typer.testing import CliRunner

from cli import rescore, status
from domain.errors import ConfigurationError
from domain.mention import Mention
from domain.model_run import RESCORING
from domain.queries import MentionFilter
from domain.sentiment import WHOLE_TEXT, Label, Probabilities, Scores, Sentiment
from runtime.lease import only_one_anywhere
from runtime.settings import load_settings
from runtime.wiring import Services, open_services
from tests.fakes import a_mention
from tests.fixtures.databases import lay_workflow_database

NOW = datetime.now(UTC).replace(microsecond=0)
OLD = Sentiment(Label.POSITIVE, 0.5, 0.8, "old")


class AllBad:
    """A model to which everything is bad."""

    model_id = "all-bad"

    def score(self, requests):
        return [Scores(Probabilities(0.9, 0.05, 0.05)) for _ in requests]


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A folder with 300 mentions that an earlier model judged; the engine is now another."""
    monkeypatch.chdir(tmp_path)
    lay_workflow_database(tmp_path / "var" / "workflow.sqlite")
    monkeypatch.setenv("KOUBEI_LANGUAGE", "zh")
    monkeypatch.setattr(Services, "scorer", AllBad())
    (tmp_path / "koubei.toml").write_text("")
    with open_services(load_settings()) as services:
        services.store.add(
            a_mention(str(i), published_at=NOW - timedelta(hours=i), sentiment={WHOLE_TEXT: OLD})
            for i in range(300)
        )
    return tmp_path


def run(*arguments: str):
    app = typer.Typer()
    rescore.register(app)
    app.command("nothing")(lambda: None)  # typer names commands only when there are several
    return CliRunner().invoke(app, ["rescore", *arguments])


def stored() -> list[Mention]:
    with open_services(load_settings()) as services:
        return list(services.store.scan(MentionFilter()))


def test_it_judges_all_and_says_so(house):
    assert "还没有记录在用的模型" in run("--status").output
    done = run("--now")
    assert done.exit_code == 0, done.output
    assert "历史 300 条已于" in done.output
    assert "改变 300 条" in done.output
    assert {m.sentiment[WHOLE_TEXT].model for m in stored()} == {"all-bad"}
    (told,) = json.loads(run("--status", "--json").output)
    assert (told["model"], told["share"], told["changed"], told["left"]) == ("all-bad", 1, 300, 0)


def test_it_goes_no_further_back_than_asked(house):
    border = (NOW - timedelta(hours=100)).isoformat()
    done = run("--now", "--since", border)
    assert done.exit_code == 0, done.output
    models = [m.sentiment[WHOLE_TEXT].model for m in stored()]
    assert models == ["old"] * 199 + ["all-bad"] * 101
    assert "只重算" in done.output


def test_what_cannot_be_judged_is_part_missing(house):
    with open_services(load_settings()) as services:
        services.store.add(
            [a_mention("x", text="转发微博", repost_of="weibo:gone", sentiment={WHOLE_TEXT: OLD})]
        )
    done = run("--now")
    assert done.exit_code == 3
    assert "1 条无法重算" in done.output


def test_a_second_process_is_refused_while_one_is_at_it(house):
    with (
        open_services(load_settings()) as services,
        only_one_anywhere(services.begin_work, services.clock, RESCORING, "other"),
    ):
        refused = run("--now")
    assert refused.exit_code == 1
    assert {m.sentiment[WHOLE_TEXT].model for m in stored()} == {"old"}


def test_a_bad_time_is_refused_before_anything_is_judged(house):
    assert isinstance(run("--since", "yesterday").exception, ConfigurationError)
    assert {m.sentiment[WHOLE_TEXT].model for m in stored()} == {"old"}


def test_status_tells_how_far_it_is(house, monkeypatch):
    with open_services(load_settings()) as services:
        rescoring = services.rescoring("test", services.clock.now())
        in_use = rescoring.run_in_use()
        rescoring.go_on(in_use, rest=lambda _: False)
    app = typer.Typer()
    status.register(app)
    app.command("nothing")(lambda: None)
    assert "历史重算中 67%（200/300 条）" in CliRunner().invoke(app, ["status"]).output
