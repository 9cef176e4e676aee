"""设置 › 模型 as a person sees it: which model judges, how far history is, and the way back."""

import shutil
from dataclasses import replace

import pytest

from analysis.polarity.installed import Installed
from analysis.polarity.scorer import SHIPPED, KoubeiScorer
from analysis.polarity.weights import load
from domain.queries import AuditFilter
from runtime.scorers import model_folder
from tests.dashboard_house import furnished_house
from tests.unit.dashboard.conftest import words_of

BACK = "退回上一个模型"


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder with a model that a team taught: to write its weights takes a second."""
    folder = tmp_path_factory.mktemp("taught") / "models"
    Installed.of(folder).install(replace(load(SHIPPED), card={"taught": 60}))
    return folder


@pytest.fixture
def own_house(tmp_path, models):
    """A furnished house whose team installed a model of its own."""
    with furnished_house(tmp_path) as services:
        _ = services.scorer
        shutil.copytree(models, model_folder(services.settings), dirs_exist_ok=True)
        services.use_present_model()
        services.rescoring("test", services.clock.now()).run_in_use()
        yield services


@pytest.fixture
def confirmed(monkeypatch):
    """Whoever is asked once more says yes; what they were asked."""
    asked = []

    def say_yes(name, title, words, act, *, yes):
        asked.append(words)
        act()

    monkeypatch.setattr("dashboard.widgets.settings.model.confirm", say_yes)
    return asked


def button(seen, label):
    return next(each for each in seen.button if each.label == label)


def test_the_button_asks_once_more_before_anything_happens(own_house, visit):
    seen = visit(own_house, "settings", part="model")
    button(seen, BACK).click().run()
    assert "退回" in [each.label for each in seen.button]
    assert len(own_house.models.names) == 2


def test_one_click_and_a_confirmation_bring_the_last_model_back(own_house, visit, confirmed):
    taught = own_house.scorer.model_id
    seen = visit(own_house, "settings", part="model")
    assert taught in words_of(seen)
    next(each for each in seen.text_input if each.label == "理由").set_value("误判增多")
    button(seen, BACK).click().run()
    assert "改用自带模型" in confirmed[0]
    assert not seen.exception
    assert own_house.models.names == ("",)
    assert own_house.scorer.model_id == KoubeiScorer.shipped().model_id
    with own_house.begin_reading() as work:
        run = work.model_runs.current()
        rows = list(work.audit.search(AuditFilter(action="model.given_back"), limit=5))
    assert (run.model_id, run.finished_at) == (own_house.scorer.model_id, None)
    assert [(row.actor, row.reason) for row in rows] == [("account:lin", "误判增多")]
    said = words_of(seen)
    assert "已退回自带模型，历史重算已排上" in said
    assert BACK not in [each.label for each in seen.button], "there is none before it"
    seen = visit(own_house, "settings", part="model")
    assert f"{taught}：11-20 16:40 启用，历史重算到 0% 时换了模型" in words_of(seen)
    assert "历史重算中 0%" in str([each.proto for each in seen.get("progress")])


def test_without_a_reason_the_model_stays(own_house, visit, confirmed):
    seen = visit(own_house, "settings", part="model")
    button(seen, BACK).click().run()
    assert "未填写理由" in words_of(seen)
    assert len(own_house.models.names) == 2


def test_who_may_not_is_offered_no_way_back(own_house, visit):
    seen = visit(own_house, "settings", login="chen", part="model")
    assert "团队训练的模型" in words_of(seen)
    assert BACK not in [each.label for each in seen.button]


def test_another_engine_has_no_models_to_go_back_to(own_house, visit):
    scorer = own_house.settings.scorer.model_copy(update={"engine": "snownlp"})
    own_house.settings = own_house.settings.model_copy(update={"scorer": scorer})
    seen = visit(own_house, "settings", part="model")
    assert "scorer.engine" in words_of(seen)
    assert BACK not in [each.label for each in seen.button]
