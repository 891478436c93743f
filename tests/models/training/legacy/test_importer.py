"""Files as other systems save them, taken over and asked the same questions."""

import json
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

from models.classifiers.loader import load
from models.training.legacy.importer import import_model

# Keras 3.15 hands NumPy arrays on in a way that NumPy 2 wants changed; it is not ours to change.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:keras"),
    pytest.mark.timeout(600),
]


@pytest.fixture
def photo() -> Image.Image:
    coarse = np.random.default_rng(4).integers(0, 256, (6, 8, 3), np.uint8)
    return Image.fromarray(coarse).resize((80, 60), Image.Resampling.BICUBIC)


def test_the_old_systems_network_answers_as_it_did(tmp_path: Path, photo: Image.Image) -> None:
    """The shape of img_rec.h5, on smaller pictures: convolutions, one sigmoid, x / 255."""
    keras.utils.set_random_seed(1)
    network = keras.Sequential(
        [
            keras.Input((30, 30, 3)),
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    network.compile(loss="binary_crossentropy", optimizer="rmsprop")
    network.save(tmp_path / "img_rec.h5")
    manifest = import_model(
        tmp_path / "img_rec.h5",
        tmp_path / "out",
        name="old_person",
        title="Person?",
        labels=("nperson", "person"),
    )
    assert (manifest.task, manifest.output.positive) == ("binary", "person")
    nearest = np.asarray(photo.resize((30, 30), Image.Resampling.NEAREST), np.float32) / 255
    expected = float(np.asarray(network(nearest[None]))[0, 0])
    assert load(tmp_path / "out").predict(photo)["person"] == pytest.approx(expected, abs=0.02)


def test_a_teachable_machine_export_answers_as_it_did(tmp_path: Path, photo: Image.Image) -> None:
    """Networks within networks, written by Keras 2: a depthwise layer there has groups = 1."""
    keras.utils.set_random_seed(2)
    inner = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.DepthwiseConv2D(3, name="deep"),
            layers.ReLU(6),
            layers.GlobalAveragePooling2D(),
        ]
    )
    top = keras.Sequential([keras.Input((3,)), layers.Dense(3, activation="softmax")])
    network = keras.Sequential([keras.Input((32, 32, 3)), inner, top])
    folder = tmp_path / "export"
    folder.mkdir()
    network.save(folder / "keras_model.h5")
    (folder / "labels.txt").write_text("0 Rider\n1 Guest\n2 Nobody\n", "utf-8")
    with h5py.File(folder / "keras_model.h5", "a") as file:
        config = json.loads(file.attrs["model_config"])
        text = json.dumps(config).replace(
            '"depth_multiplier": 1', '"depth_multiplier": 1, "groups": 1'
        )
        assert '"groups": 1' in text
        file.attrs["model_config"] = text
    manifest = import_model(folder, tmp_path / "out", name="taught", title="Who?")
    assert manifest.labels == ("Rider", "Guest", "Nobody")
    assert (manifest.input.resize, manifest.input.filter) == ("cover", "lanczos")
    cut = photo.crop((10, 0, 70, 60)).resize((32, 32), Image.Resampling.LANCZOS)
    values = np.asarray(cut, np.float32) / 127.5 - 1
    expected = np.asarray(network(values[None]))[0]
    found = list(load(tmp_path / "out").predict(photo).values())
    assert found == pytest.approx([float(one) for one in expected], abs=0.02)
