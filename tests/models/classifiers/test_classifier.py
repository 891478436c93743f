from dataclasses import replace
from typing import Self

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from models.classifiers.classifier import Classifier
from models.classifiers.image import Quantisation
from models.manifest import InputSpec, Manifest, OutputSpec

BINARY = Manifest(
    name="person",
    version="1",
    title="Person",
    sha256="0" * 64,
    task="binary",
    labels=("no_human", "human"),
    input=InputSpec(width=8, height=4, dtype="float32"),
    output=OutputSpec(
        activation="sigmoid",
        threshold=0.5,
        unsure=(0.4, 0.6),
        threshold_chosen="for tests",
        positive="human",
    ),
)
DIGITS = replace(
    BINARY,
    task="multiclass",
    labels=("one", "two", "three"),
    output=replace(BINARY.output, activation="softmax", positive=None),
)
PICTURE = Image.new("RGB", (80, 40), (10, 20, 30))


class FakeModel:
    """Answers with fixed outputs and remembers its input."""

    def __init__(self, *outputs: float) -> None:
        self.tensor: NDArray[np.generic] = np.empty(0)
        self._outputs = np.array(outputs)

    @property
    def input_quantisation(self) -> Quantisation | None:
        return None

    def outputs(self, tensor: NDArray[np.generic]) -> NDArray[np.float64]:
        self.tensor = tensor
        return self._outputs

    def on_threads(self, threads: int) -> Self:
        raise NotImplementedError


def with_logits(manifest: Manifest) -> Manifest:
    return replace(manifest, output=replace(manifest.output, activation="none"))


def test_a_binary_score_belongs_to_the_second_label() -> None:
    assert Classifier(BINARY, FakeModel(0.9)).predict(PICTURE) == pytest.approx(
        {"no_human": 0.1, "human": 0.9}
    )


def test_multiclass_scores_come_in_the_order_of_the_labels() -> None:
    scores = Classifier(DIGITS, FakeModel(0.2, 0.7, 0.1)).predict(PICTURE)
    assert list(scores.items()) == [("one", 0.2), ("two", 0.7), ("three", 0.1)]


@pytest.mark.parametrize(
    ("logit", "score"), [(0.0, 0.5), (2.0, 0.880797), (-1000.0, 0.0), (1000.0, 1.0)]
)
def test_binary_logits_go_through_the_sigmoid(logit: float, score: float) -> None:
    scores = Classifier(with_logits(BINARY), FakeModel(logit)).predict(PICTURE)
    assert scores["human"] == pytest.approx(score, abs=1e-6)


def test_multiclass_logits_go_through_softmax() -> None:
    scores = Classifier(with_logits(DIGITS), FakeModel(1000.0, 1000.0, 0.0)).predict(PICTURE)
    assert scores == pytest.approx({"one": 0.5, "two": 0.5, "three": 0.0})


def test_the_model_sees_the_fitted_and_normalised_picture() -> None:
    model = FakeModel(0.5)
    Classifier(BINARY, model).predict(PICTURE)
    assert model.tensor.shape == (1, 4, 8, 3)
    np.testing.assert_allclose(model.tensor[0, 0, 0], (np.array([10, 20, 30]) - 127) / 128)


def test_scores_are_plain_floats() -> None:
    scores = Classifier(BINARY, FakeModel(0.5)).predict(PICTURE)
    assert {type(score) for score in scores.values()} == {float}
