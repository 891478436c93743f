"""A classifier: one model with its manifest, from a decoded picture to the score of each label.

Owns the meaning of a model's outputs (activation, order of labels). Refuses to know how a model is
run: anything that turns an input tensor into numbers will do, which keeps LiteRT in one file.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.classifiers.image import Quantisation, fit, normalise
from models.manifest import Manifest


class Model(Protocol):
    """What a classifier needs of a trained network."""

    @property
    def input_quantisation(self) -> Quantisation | None:
        """How the input tensor stands for real values; None for a float tensor."""

    def outputs(self, tensor: NDArray[np.generic]) -> NDArray[np.float64]:
        """Run the network on one input tensor and return its real-valued outputs, shape (n,)."""

    def on_threads(self, threads: int) -> "Model":
        """Return the same network on so many threads, beside this one."""


class Classifier:
    """Predicts the scores of a model's labels for a decoded picture."""

    def __init__(self, manifest: Manifest, model: Model) -> None:
        self.manifest = manifest
        self._model = model

    def on_threads(self, threads: int) -> "Classifier":
        """Return the same classifier on so many threads, beside this one."""
        return Classifier(self.manifest, self._model.on_threads(threads))

    def predict(self, image: Image.Image) -> dict[str, float]:
        """Score an RGB picture (from `image.decode`): label to score in [0, 1], in label order."""
        return self.predict_pixels(fit(image, self.manifest.input))

    def predict_pixels(self, pixels: NDArray[np.uint8]) -> dict[str, float]:
        """Score pixels that `image.fit` made, shape (height, width, 3)."""
        tensor = normalise(pixels, self.manifest.input, self._model.input_quantisation)
        scores = self._activate(self._model.outputs(tensor))
        if self.manifest.task == "binary":
            scores = np.array([1.0 - scores[0], scores[0]])
        return dict(zip(self.manifest.labels, scores.tolist(), strict=True))

    def _activate(self, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn outputs into scores; a graph that ends in its activation gives scores already."""
        if self.manifest.output.activation != "none":
            return outputs
        if self.manifest.task == "binary":
            return np.exp(-np.logaddexp(0.0, -outputs))  # the sigmoid, without overflow
        exponentials = np.exp(outputs - outputs.max())
        return np.asarray(exponentials / exponentials.sum(), dtype=np.float64)
