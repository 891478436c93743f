"""Turns a fitted network into an artefact: int8 file, manifest, golden inputs.

int8 because it was measured to be the fastest for EfficientNet-Lite and to cost no accuracy; the
export measures the difference again and refuses a file that lost more than it may.
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from models.classifiers.golden import write_golden
from models.classifiers.loader import load, verify
from models.manifest import GoldenSpec, InputSpec, Manifest, OutputSpec, format_manifest
from models.training.features import run_converter
from models.training.recipes import Recipe


def convert_int8(
    model: keras.Model, spec: InputSpec, pictures: Iterable[NDArray[np.uint8]]
) -> bytes:
    """Quantise a network to int8 throughout, calibrated on fitted pictures.

    A black and a white picture are added, so that the input's scale is 1/128 and its zero point
    -1: the int8 value is then the pixel minus 128.
    """
    plain = [np.full((spec.height, spec.width, 3), level, np.uint8) for level in (0, 255)]

    def representative() -> Iterable[list[NDArray[np.float32]]]:
        for pixels in (*plain, *pictures):
            yield [((pixels.astype(np.float32) - spec.mean) / spec.scale)[None]]

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    return run_converter(converter)


def write_artefact(
    folder: Path,
    recipe: Recipe,
    content: bytes,
    *,
    threshold: float,
    unsure: tuple[float, float],
    threshold_chosen: str,
    provenance: Mapping[str, Any],
) -> Manifest:
    """Write the model file, its manifest and its golden inputs, and check them as a worker does."""
    folder.mkdir(parents=True, exist_ok=True)
    manifest = Manifest(
        name=recipe.name,
        version=recipe.version,
        title=recipe.title,
        sha256=hashlib.sha256(content).hexdigest(),
        task="binary",
        labels=recipe.labels,
        input=recipe.input,
        output=OutputSpec(
            activation="sigmoid",
            positive=recipe.labels[1],
            threshold=threshold,
            unsure=unsure,
            threshold_chosen=threshold_chosen,
        ),
        golden=GoldenSpec(),
        provenance=provenance,
    )
    (folder / manifest.file).write_bytes(content)
    (folder / "manifest.toml").write_text(format_manifest(manifest), "utf-8")
    write_golden(folder, manifest, load(folder, golden=False))
    return verify(folder)


def score_artefact(folder: Path, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Score fitted pictures (n, height, width, 3) with the exported file, as serving does."""
    classifier = load(folder)
    positive = classifier.manifest.labels[1]
    return np.array([classifier.predict_pixels(np.asarray(one))[positive] for one in pixels])
