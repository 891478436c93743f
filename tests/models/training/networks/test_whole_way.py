"""From a folder of pictures to an artefact by the commands that a user types."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.cards import find_card
from models.classifiers import image as serving
from models.classifiers.loader import load, verify
from models.training.__main__ import main
from models.training.datasets.entries import Split, read_manifest
from models.training.networks.batches import draw_batches, open_parts
from models.training.networks.recipe import NetRecipe, load_net_recipe
from models.training.networks.run import NetRun

# Keras 3.15 hands NumPy arrays on in a way that NumPy 2 wants changed; it is not ours to change.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:keras"),
    pytest.mark.timeout(600),
]
ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(scope="module")
def run(photos: Path, dataset: Path, recipe_file: Path) -> Path:
    folder = photos.parent / "run"
    out = photos.parent / "artefacts" / "tiny" / "2"
    arguments = ["--data", str(dataset), "--run", str(folder), "--out", str(out)]
    assert main(["fit", str(recipe_file), *arguments]) == 0
    return folder


@pytest.fixture(scope="module")
def artefact(run: Path) -> Path:
    return run.parent / "artefacts" / "tiny" / "2"


def test_a_worker_takes_the_artefact(artefact: Path) -> None:
    manifest = verify(artefact)
    assert (manifest.name, manifest.version, manifest.labels) == ("tiny", "2", ("empty", "figure"))
    assert manifest.output.positive == "figure"


def test_figures_of_days_that_it_never_saw_are_found(artefact: Path, dataset: Path) -> None:
    classifier, right, count = load(artefact), 0, 0
    for entry in read_manifest(dataset):
        if entry.split == Split.TEST:
            image = serving.decode((dataset / entry.file).read_bytes(), smallest=(32, 32))
            passed = classifier.predict(image)["figure"] >= classifier.manifest.output.threshold
            right, count = right + (passed == (entry.label == "figure")), count + 1
    assert count == 14
    assert right >= 12


def test_the_metrics_hold_what_a_card_shows(artefact: Path) -> None:
    metrics = json.loads((artefact / "metrics.json").read_text("utf-8"))
    held = metrics["held_out"]["photos"]
    assert held["pictures"] == sum(sum(row) for row in held["confusion"]) == 14
    for name in ("accuracy", "balanced_accuracy", "precision", "recall", "f1", "auc", "auc_pr"):
        assert held[name]["low"] <= held[name]["value"] <= held[name]["high"]
    assert {"float", "dynamic-range", "int8"} == set(metrics["variants"])
    assert metrics["variants"]["float"]["same_answer"] == 1.0
    assert metrics["variants"]["float"]["largest_difference"] < 0.01
    assert "source: figure-day" in " ".join(held["slices"])


def test_the_pages_find_card_plots_and_numbers(artefact: Path) -> None:
    card = find_card(artefact.parents[1], "tiny", "2")
    assert card is not None
    assert [figure.pictures for figure in card.figures] == [14]
    assert "roc.png" in card.plots
    assert "## Measured on test" in card.text
    assert "wrong.png" not in card.plots


def test_the_course_of_the_fit_is_kept(run: Path) -> None:
    lines = (run / "curves.csv").read_text("utf-8").splitlines()
    assert lines[0] == "epoch,loss,validation_loss,validation_accuracy"
    assert len(lines) == 6
    assert (run / "curves.png").stat().st_size > 1000
    assert (run / "wrong.png").exists()


def test_a_done_fit_is_not_fitted_again(run: Path, dataset: Path, recipe_file: Path) -> None:
    (checkpoint,) = run.glob("fit-*.npz")
    before = checkpoint.stat().st_mtime_ns
    arguments = ["--data", str(dataset), "--run", str(run)]
    assert main(["evaluate", str(recipe_file), *arguments]) == 0
    assert checkpoint.stat().st_mtime_ns == before


def test_a_killed_fit_goes_on_to_the_same_network(
    run: Path, dataset: Path, recipe_file: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "models.training", "fit", str(recipe_file)]
    process = subprocess.Popen(
        [*command, "--data", str(dataset), "--run", str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 300
    while not (found := list(tmp_path.glob("fit-*.npz"))):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with np.load(found[0]) as killed:
        assert json.loads(str(killed["progress"]))["epoch"] < 5
    NetRun(load_net_recipe(recipe_file), dataset, tmp_path).network  # noqa: B018 (it fits)
    (whole,) = run.glob("fit-*.npz")
    assert whole.name == found[0].name
    with np.load(whole) as one, np.load(found[0]) as other:
        assert json.loads(str(other["progress"]))["epoch"] == 5
        for name in one.files:
            if name != "progress":
                assert np.allclose(one[name], other[name], rtol=1e-4, atol=1e-6), name


def test_several_models_are_compared_in_one_table(
    artefact: Path, dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The artefact's own file also takes part as a stranger's, in the stranger's way."""
    manifest = verify(artefact)
    spec = manifest.input
    peer = tmp_path / "peer.toml"
    peer.write_text(
        f'name = "stranger"\nfile = {json.dumps(str(artefact / manifest.file))}\n'
        f'labels = ["empty", "figure"]\nthreshold = {manifest.output.threshold}\n'
        f'[input]\ncolour = "RGB"\nmean = {spec.mean}\nscale = {spec.scale}\nresize = "stretch"\n',
        "utf-8",
    )
    assert main(["compare", "--data", str(dataset), str(artefact), str(peer)]) == 0
    head, _line, ours, theirs = capsys.readouterr().out.splitlines()
    assert head == "| model | pictures | accuracy | balanced accuracy | AUC | ms | MB |"
    assert ours.startswith("| tiny 2 | 14 | ")
    assert ours.split("|")[2:6] == theirs.split("|")[2:6]


def test_a_model_with_other_labels_cannot_be_compared(
    artefact: Path, dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--data", str(dataset), str(artefact), "--label", "figure=person"]
    assert main(["compare", *arguments]) == 1
    assert "rename with --label THEIRS=OURS" in capsys.readouterr().err


def test_batches_depend_on_seed_and_epoch_alone(dataset: Path, recipe: NetRecipe) -> None:
    part = open_parts(dataset, ("empty", "figure"))[Split.TRAIN]

    def draw(epoch: int) -> np.ndarray:
        batches = draw_batches(
            part, recipe.input, recipe.augmentation, size=16, seed=3, epoch=epoch
        )
        return np.concatenate([batch.values for batch in batches])

    first = draw(1)
    assert first.shape == (len(part.entries), 32, 32, 3)
    assert np.array_equal(first, draw(1))
    assert not np.array_equal(first, draw(2))


def test_pictures_that_judge_are_prepared_as_serving_prepares_them(
    dataset: Path, recipe: NetRecipe
) -> None:
    part = open_parts(dataset, ("empty", "figure"))[Split.TEST]
    image = serving.decode((dataset / part.entries[0].file).read_bytes(), smallest=(32, 32))
    assert np.array_equal(part.read_all(recipe.input)[0], serving.fit(image, recipe.input))


def test_plain_folders_are_prepared_on_the_way(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder without two labels is refused before anything heavy is loaded."""
    assert main(["fit", str(photos / "empty" / "empty-day0"), "--run", str(tmp_path)]) == 1
    assert "a subfolder for each of two labels" in capsys.readouterr().err


def test_three_labels_become_a_model_of_three_scores(tmp_path: Path, recipe_file: Path) -> None:
    rng = np.random.default_rng(8)
    for place, label in enumerate(("blue", "green", "red")):
        (tmp_path / "photos" / label).mkdir(parents=True)
        for number in range(14):
            pixels = rng.integers(0, 120, (9, 12, 3), np.uint8)
            pixels[..., 2 - place] += 120
            image = Image.fromarray(pixels).resize((80, 80), Image.Resampling.BICUBIC)
            image.save(tmp_path / "photos" / label / f"{number}.png")
    arguments = ["--data", str(tmp_path / "photos"), "--run", str(tmp_path / "run")]
    assert main(["fit", str(recipe_file), *arguments, "--name", "colours"]) == 0
    classifier = load(tmp_path / "run" / "artefact")
    manifest = classifier.manifest
    assert (manifest.name, manifest.task) == ("colours", "multiclass")
    scores = classifier.predict(Image.new("RGB", (64, 64), (230, 60, 60)))
    assert list(scores) == ["blue", "green", "red"]
    assert sum(scores.values()) == pytest.approx(1, abs=0.02)
