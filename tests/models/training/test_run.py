"""The whole way on tiny data: samples, folds, fit, export, and the file that serving loads."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from models.classifiers import image as serving
from models.classifiers.loader import load, verify
from models.training.artefact import build_artefact
from models.training.fit import score
from models.training.recipes import Recipe
from models.training.report import set_operating_point
from models.training.run import Run


@pytest.fixture
def run(scene_recipe: Recipe, scene_data: Path, tmp_path: Path) -> Run:
    return Run(scene_recipe, scene_data, tmp_path / "run", processes=1)


def test_a_run_ends_in_an_artefact_that_serving_accepts(run: Run, tmp_path: Path) -> None:
    prepared = run.prepare()
    held = run.evaluate(prepared)
    folder = tmp_path / "artefact"
    metrics = build_artefact(run, prepared, held, folder)

    manifest = verify(folder)
    assert manifest.labels == ("empty", "figure")
    assert manifest.output.threshold == set_operating_point(held)[0]
    assert metrics["held_out"]["photos"]["pictures"] == 48
    assert metrics["held_out"]["photos"]["auc"]["value"] > 0.9
    assert json.loads((folder / "metrics.json").read_text("utf-8")) == metrics
    assert "160" not in (folder / "MODEL_CARD.md").read_text("utf-8")

    classifier = load(folder)
    _, tail = run.fit_all(prepared)
    rows = np.arange(0, 48, 6)
    exact = score(tail, prepared.held_activations[0], rows)
    for row, expected in zip(rows, exact, strict=True):
        data = (run.data / str(prepared.held[0].names[row])).read_bytes()
        spec = manifest.input
        image = serving.decode(data, smallest=(spec.width, spec.height))
        assert classifier.predict(image)["figure"] == pytest.approx(expected, abs=0.12)


def test_photos_are_prepared_for_training_as_serving_prepares_them(run: Run) -> None:
    pictures = run.prepare().held[0]
    spec = run.recipe.input
    for row in (0, 20, 47):
        data = (run.data / str(pictures.names[row])).read_bytes()
        image = serving.decode(data, smallest=(spec.width, spec.height))
        assert np.array_equal(pictures.pixels[row], serving.fit(image, spec))


def test_no_fold_is_judged_by_a_model_that_saw_a_piece_of_it(run: Run) -> None:
    prepared = run.prepare()
    for fold in range(run.recipe.fold_count):
        used = prepared.trained.folds[prepared.trained.without(fold)]
        judged = prepared.held[0].folds[prepared.held[0].within(fold)]
        assert not (used & (1 << fold)).any()
        assert (judged == 1 << fold).all()


def test_a_second_run_finds_what_the_first_made(run: Run) -> None:
    first = run.evaluate(run.prepare())
    made = {path: path.stat().st_mtime_ns for path in run.folder.iterdir()}
    second = run.evaluate(run.prepare())
    assert {path: path.stat().st_mtime_ns for path in run.folder.iterdir()} == made
    assert np.array_equal(first.scores, second.scores)


def test_equal_seeds_give_equal_models(
    scene_recipe: Recipe, scene_data: Path, tmp_path: Path
) -> None:
    recipe = dataclasses.replace(
        scene_recipe, samples=dataclasses.replace(scene_recipe.samples, count=48)
    )
    scores = []
    for name in ("one", "other"):
        run = Run(recipe, scene_data, tmp_path / name, processes=1)
        scores.append(run.evaluate(run.prepare()).scores)
    assert np.abs(scores[0] - scores[1]).max() < 1e-5
