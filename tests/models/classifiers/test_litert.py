from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from models.classifiers.image import Quantisation
from models.classifiers.litert import LiteRTModel
from models.classifiers.loader import load
from models.manifest import InputSpec, Manifest

MakeArtefact = Callable[..., Path]
MakeManifest = Callable[..., Manifest]


def open_model(folder: Path) -> LiteRTModel:
    return LiteRTModel((folder / "model.tflite").read_bytes())


@pytest.fixture
def int8_folder(make_artefact: MakeArtefact, make_manifest: MakeManifest) -> Path:
    return make_artefact(make_manifest(input=InputSpec(width=16, height=16, dtype="int8")))


def test_a_float_model_has_no_quantisation(make_artefact: MakeArtefact) -> None:
    model = open_model(make_artefact())
    assert model.input_quantisation is None
    assert (model.input_shape, model.input_dtype) == ((1, 16, 16, 3), np.float32)
    assert model.output_shape == (1, 1)


def test_an_int8_model_says_how_it_is_quantised(int8_folder: Path) -> None:
    model = open_model(int8_folder)
    assert model.input_dtype == np.int8
    assert model.input_quantisation == Quantisation(scale=1 / 128, zero_point=-1)


@pytest.mark.parametrize(("level", "score"), [(127, 0.982), (-128, 0.018), (-1, 0.5)])
def test_int8_outputs_come_out_as_scores(int8_folder: Path, level: int, score: float) -> None:
    tensor = np.full((1, 16, 16, 3), level, dtype=np.int8)
    assert open_model(int8_folder).outputs(tensor) == pytest.approx([score], abs=0.004)


def test_float_and_int8_models_agree(
    int8_folder: Path, make_artefact: MakeArtefact, make_manifest: MakeManifest
) -> None:
    float_folder = make_artefact(make_manifest(version="2"))
    pixels = np.arange(768, dtype=np.uint8).reshape(16, 16, 3)
    scores = [load(folder).predict_pixels(pixels)["red"] for folder in (int8_folder, float_folder)]
    assert scores[0] == pytest.approx(scores[1], abs=0.004)


def test_a_result_stays_when_the_next_picture_runs(make_artefact: MakeArtefact) -> None:
    model = open_model(make_artefact())
    first = model.outputs(np.full((1, 16, 16, 3), 1, dtype=np.float32))
    kept = first.copy()
    model.outputs(np.full((1, 16, 16, 3), -1, dtype=np.float32))
    np.testing.assert_array_equal(first, kept)


def test_content_that_is_no_model_is_refused() -> None:
    with pytest.raises(ValueError, match="not a valid Flatbuffer"):
        LiteRTModel(b"no model")
