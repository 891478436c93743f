"""The models that are shipped, whole: every pipeline loads and answers about pictures."""

import io
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.catalogue import (
    ARTEFACTS_ROOT,
    Stage,
    artefact_folder,
    load_manifest,
    load_pipelines,
)
from models.classifiers.cascade import Cascade

PIPELINES = load_pipelines()
STAGES = [stage for pipeline in PIPELINES.values() for stage in pipeline.stages]


@pytest.fixture(scope="module")
def cascade() -> Cascade:
    return Cascade.load(PIPELINES["zomato-rider"], ARTEFACTS_ROOT)


def read_sample(name: str) -> bytes:
    """Read a picture from scikit-image's wheel; the astronaut is NASA's, in the public domain."""
    spec = find_spec("skimage")
    assert spec is not None
    assert spec.origin is not None
    return (Path(spec.origin).parent / "data" / name).read_bytes()


def make_sky() -> bytes:
    """Make a picture that shows nobody: a blue gradient over a green one."""
    y = np.linspace(0, 1, 480)[:, None, None]
    sky, grass = np.array([90, 150, 230]), np.array([60, 120, 40])
    picture = np.where(y < 0.6, sky + 90 * y, grass - 30 * y) * np.ones((1, 640, 1))
    buffer = io.BytesIO()
    Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG")
    return buffer.getvalue()


def test_an_astronaut_is_human(cascade: Cascade) -> None:
    first = cascade.run(read_sample("astronaut.png")).stages[0]
    assert (first.label, first.passed) == ("human", True)


def test_an_astronaut_is_no_delivery_rider(cascade: Cascade) -> None:
    assert cascade.run(read_sample("astronaut.png")).text == "human_detected, others"


def test_an_empty_scene_shows_nobody(cascade: Cascade) -> None:
    result = cascade.run(make_sky())
    assert result.text == "no human detected"
    assert len(result.stages) == 1


@pytest.mark.parametrize("name", ["coffee.png", "chelsea.png"])
def test_a_photo_without_a_person_shows_nobody(cascade: Cascade, name: str) -> None:
    assert cascade.run(read_sample(name)).text == "no human detected"


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_an_artefact_comes_with_its_card_and_numbers(stage: Stage) -> None:
    folder = artefact_folder(stage.model, stage.version)
    assert {"MODEL_CARD.md", "metrics.json", "golden", "manifest.toml", "model.tflite"} <= {
        path.name for path in folder.iterdir()
    }


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_the_unsure_band_holds_the_threshold(stage: Stage) -> None:
    output = load_manifest(artefact_folder(stage.model, stage.version)).output
    assert output.unsure[0] <= output.threshold <= output.unsure[1]


@pytest.mark.parametrize("name", ["astronaut.png", "chelsea.png", "coffee.png"])
def test_several_threads_give_the_same_scores(cascade: Cascade, name: str) -> None:
    picture = read_sample(name)
    one, two = (any_.run(picture) for any_ in (cascade, cascade.on_threads(2)))
    assert [stage.scores for stage in one.stages] == [stage.scores for stage in two.stages]
