"""The whole way on tiny data: samples, folds, fit, export, and the file that serving loads."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.classifiers import image as serving
from models.classifiers.loader import load, verify
from models.training.artefact import build_artefact
from models.training.fit import fit_tail, score
from models.training.recipes import Recipe
from models.training.report import set_operating_point
from models.training.run import HeldOut, Prepared, Run

# Keras 3.15 hands NumPy arrays on in a way that NumPy 2 wants changed; it is not ours to change.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:keras"),
    pytest.mark.timeout(600),  # TensorFlow compiles and converts for most of a minute
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    run: Run
    prepared: Prepared
    held: HeldOut
    folder: Path
    metrics: dict[str, Any]


@pytest.fixture(scope="module")
def trained(
    scene_recipe: Recipe, scene_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Trained:
    """Go the whole way once; the tests below look at what came of it."""
    root = tmp_path_factory.mktemp("training")
    run = Run(scene_recipe, scene_data, root / "run", processes=1)
    prepared = run.prepare()
    held = run.evaluate(prepared)
    metrics = build_artefact(run, prepared, held, root / "artefact")
    return Trained(run=run, prepared=prepared, held=held, folder=root / "artefact", metrics=metrics)


def test_the_artefact_is_one_that_serving_accepts(trained: Trained) -> None:
    manifest = verify(trained.folder)
    assert manifest.labels == ("empty", "figure")
    assert manifest.output.threshold == set_operating_point(trained.held)[0]


def test_serving_gives_the_score_of_the_network_that_was_fitted(trained: Trained) -> None:
    classifier = load(trained.folder)
    _, tail = trained.run.fit_all(trained.prepared)
    rows = np.arange(0, 48, 6)
    exact = score(tail, trained.prepared.photos_activations, rows)
    for row, expected in zip(rows, exact, strict=True):
        data = (trained.run.data / str(trained.prepared.photos.names[row])).read_bytes()
        spec = classifier.manifest.input
        image = serving.decode(data, smallest=(spec.width, spec.height))
        assert classifier.predict(image)["figure"] == pytest.approx(expected, abs=0.12)


def test_figures_of_held_out_sources_are_found(trained: Trained) -> None:
    found = trained.metrics["held_out"]["photos"]
    assert found["pictures"] == 48
    assert found["auc"]["value"] > 0.9


def test_the_metrics_and_the_card_lie_beside_the_model(trained: Trained) -> None:
    assert json.loads((trained.folder / "metrics.json").read_text("utf-8")) == trained.metrics
    assert "48 (24 / 24)" in (trained.folder / "MODEL_CARD.md").read_text("utf-8")
    assert (trained.folder / "roc.png").stat().st_size > 1000


def test_photos_are_prepared_for_training_as_serving_prepares_them(trained: Trained) -> None:
    pictures, spec = trained.prepared.photos, trained.run.recipe.input
    for row in (0, 20, 47):
        data = (trained.run.data / str(pictures.names[row])).read_bytes()
        image = serving.decode(data, smallest=(spec.width, spec.height))
        assert np.array_equal(pictures.pixels[row], serving.fit(image, spec))


def test_no_fold_is_judged_by_a_model_that_saw_a_piece_of_it(trained: Trained) -> None:
    for fold in range(trained.run.recipe.fold_count):
        pictures, held = trained.prepared.trained, trained.prepared.photos
        assert not (pictures.folds[pictures.without(fold)] & (1 << fold)).any()
        assert (held.folds[held.within(fold)] == 1 << fold).all()


def test_a_second_run_finds_what_the_first_made(trained: Trained) -> None:
    made = {path: path.stat().st_mtime_ns for path in trained.run.folder.iterdir()}
    again = Run(trained.run.recipe, trained.run.data, trained.run.folder, processes=1)
    scores = again.evaluate(again.prepare()).scores
    assert {path: path.stat().st_mtime_ns for path in trained.run.folder.iterdir()} == made
    assert np.allclose(scores, trained.held.scores, atol=1e-6)


def test_equal_seeds_give_equal_models(trained: Trained) -> None:
    kept, pictures = trained.prepared.trained_activations, trained.prepared.trained
    chosen = np.arange(48)
    tails = [trained.run.open_tail() for _ in range(2)]
    for tail in tails:
        fit_tail(tail, trained.run.recipe, kept, pictures, chosen)
    one, other = (score(tail, kept, chosen) for tail in tails)
    assert np.abs(one - other).max() < 1e-4


def test_a_second_round_that_was_killed_ends_at_the_same_model(trained: Trained) -> None:
    fit = dataclasses.replace(trained.run.recipe.fit, second=80, orders=2)
    recipe = dataclasses.replace(trained.run.recipe, fit=fit)
    run = Run(recipe, trained.run.data, trained.run.folder, processes=1)
    _, whole = run.fit_all(trained.prepared)
    made = sorted(run.folder.glob(f"fit-{recipe.digest(of_samples=False)}-all*"))
    assert [file.stem.split("-all")[1] for file in made] == [
        "-round0.weights",
        "-round1.weights",
        "-round2.weights",
        ".weights",
    ]
    times = [file.stat().st_mtime_ns for file in made]
    assert times == sorted(times)
    ends = [_read_weights(run, file) for file in made[:3]]
    assert not all(np.allclose(*pair) for pair in zip(*ends[1:], strict=True))
    for *arrays, mean in zip(*ends, whole.get_weights(), strict=True):
        assert np.allclose(np.mean(arrays, axis=0), mean, atol=1e-5)
    for file in made[1:]:
        file.unlink()
    _, again = run.fit_all(trained.prepared)
    assert made[0].stat().st_mtime_ns == times[0]
    for one, other in zip(whole.get_weights(), again.get_weights(), strict=True):
        assert np.allclose(one, other, atol=1e-5)


def _read_weights(run: Run, file: Path) -> list[Any]:
    tail = run.open_tail(pretrained=False)
    tail.load_weights(file)
    return list(tail.get_weights())
