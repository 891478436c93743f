"""The models' cards as pages."""

from html import unescape
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from jobs.client import JobClient
from jobs.connection import connect
from jobs.messages import Worker
from models.cards import Card, Figure, find_card
from models.catalogue import ARTEFACTS_ROOT, load_pipelines
from tests.web.conftest import Make
from web.views.models import write_html

STAGES = [stage for pipeline in load_pipelines().values() for stage in pipeline.stages]


def path_of(stage: object) -> str:
    return f"/models/{stage.model}/{stage.version}"


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.model)
def test_every_model_that_a_pipeline_asks_has_a_card(stage: object, http: FlaskClient) -> None:
    assert path_of(stage) in http.get("/models").text
    assert "Known weaknesses" in http.get(path_of(stage)).text


def test_a_card_shows_its_plots(http: FlaskClient) -> None:
    path = f"{path_of(STAGES[0])}/roc.png"
    assert path in http.get(path_of(STAGES[0])).text
    with http.get(path) as answer:
        assert answer.data.startswith(b"\x89PNG")


def test_the_list_says_which_version_is_in_use(http: FlaskClient, client: JobClient) -> None:
    models = {stage.model: stage.version for stage in STAGES}
    client.ledger.sweep(Worker(name="one", models=models))
    assert "used by 1 worker process now" in http.get("/models").text


def test_the_cards_are_shown_while_redis_is_away(
    http: FlaskClient, client: JobClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client.ledger, "client", connect("redis://127.0.0.1:1/0"))
    assert http.get("/models").status_code == 200


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.model)
def test_a_number_says_how_few_pictures_it_rests_on(stage: object, http: FlaskClient) -> None:
    card = find_card(ARTEFACTS_ROOT, stage.model, stage.version)
    counted = card.metrics["held_out"]["photos"]["positive"]
    assert f"{counted:,} of them <code>{stage.passes_on}</code>" in http.get("/models").text


def test_a_share_below_the_whole_is_not_rounded_to_it(
    http: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = {"name": "photos", "pictures": 4000, "positives": None, "high": 1.0}
    figure = Figure(**parts, balanced_accuracy=0.9997, low=0.9991, auc=0.9998)
    monkeypatch.setattr(Card, "figures", [figure])
    text = unescape(http.get("/models").text)
    assert ">99.9 %</b>" in text
    assert "accuracy [99.9, 100.0], AUC >0.999," in text


def test_a_folder_without_models_is_said_to_be_empty(make_app: Make, tmp_path: Path) -> None:
    http = make_app(models_root=tmp_path).test_client()
    assert "There is no card in" in http.get("/models").text


@pytest.mark.parametrize(
    "path",
    [
        "/models/person/77",
        "/models/..%2fperson/1",
        f"{path_of(STAGES[0])}/model.tflite",
        f"{path_of(STAGES[0])}/..%2f..%2fpipelines.toml",
    ],
)
def test_nothing_else_is_handed_out(path: str, http: FlaskClient) -> None:
    assert http.get(path).status_code == 404


def test_markup_in_a_card_is_shown_and_not_obeyed() -> None:
    html = write_html("<script>alert(1)</script>\n\n<b>bold</b> [x](javascript:alert(1))")
    assert "<script" not in html
    assert "<b>" not in html
    assert 'href="javascript' not in html
