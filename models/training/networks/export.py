"""Turns a fitted network into an artefact: tries float, dynamic-range and int8, and picks one.

Owns the choice: the fastest on this machine whose answers on the validation part are as good as the
network's: half a point of balanced accuracy may be lost, or one picture of the rarest label where
there are so few that one is more than that. Parity is measured on the test part. The
temperature is folded into the head, so that the file's scores are calibrated as they are.
"""

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray

from models.classifiers.classifier import Classifier
from models.classifiers.golden import write_golden
from models.classifiers.litert import LiteRTModel
from models.classifiers.loader import load, verify
from models.manifest import DType, GoldenSpec, InputSpec, Manifest, OutputSpec, format_manifest
from models.training.export import convert_int8
from models.training.features import run_converter
from models.training.networks.build import HEAD
from models.training.networks.figures import Labels, Scores, call_labels
from models.training.progress import show_progress

_MAY_LOSE = 0.005  # balanced accuracy
_ROUNDS = 40  # timings of each file, in turn, so that a busy moment meets all
_SAME_SPEED = 1.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One file that a network can become."""

    name: str
    dtype: DType
    content: bytes


def close_network(network: keras.Model, temperature: float) -> keras.Model:
    """Return the network for one picture at a time, ending in calibrated scores."""
    head = network.get_layer(HEAD)
    head.set_weights([weights / temperature for weights in head.get_weights()])
    kind = "sigmoid" if network.output_shape[-1] == 1 else "softmax"
    inputs = keras.Input(network.input_shape[1:], batch_size=1, name="image")
    scores = layers.Activation(kind, name="score", dtype="float32")(network(inputs))
    return keras.Model(inputs, scores, name="classifier")


def make_variants(
    closed: keras.Model, spec: InputSpec, shown: Iterable[NDArray[np.uint8]]
) -> list[Variant]:
    """Convert to every kind of file; `shown` are fitted training pictures that calibrate int8."""
    plain = tf.lite.TFLiteConverter.from_keras_model(closed)
    dynamic = tf.lite.TFLiteConverter.from_keras_model(closed)
    dynamic.optimizations = [tf.lite.Optimize.DEFAULT]
    return [
        Variant(name="float", dtype="float32", content=run_converter(plain)),
        Variant(name="dynamic-range", dtype="float32", content=run_converter(dynamic)),
        Variant(name="int8", dtype="int8", content=convert_int8(closed, spec, shown)),
    ]


def open_variant(manifest: Manifest, variant: Variant) -> Classifier:
    """Open a file that is not on the disk yet, as serving would."""
    return Classifier(manifest, LiteRTModel(variant.content))


def score_pixels(classifier: Classifier, pixels: NDArray[np.uint8]) -> Scores:
    """Score fitted pictures (n, height, width, 3) one by one, as serving does; (n, labels)."""
    rows = [
        list(classifier.predict_pixels(np.asarray(one)).values())
        for one in show_progress(pixels, len(pixels), "scoring")
    ]
    return np.array(rows, np.float64).reshape(len(rows), len(classifier.manifest.labels))


def time_classifiers(
    classifiers: Mapping[str, Classifier], picture: NDArray[np.uint8], rounds: int = _ROUNDS
) -> dict[str, float]:
    """Return the median milliseconds of processor time, from fitted pixels to scores."""
    took: dict[str, list[float]] = {name: [] for name in classifiers}
    for _ in range(rounds):
        for name, classifier in classifiers.items():
            started = time.thread_time()
            classifier.predict_pixels(picture)
            took[name].append((time.thread_time() - started) * 1000)
    return {name: round(float(np.median(times)), 3) for name, times in took.items()}


def compare_variants(
    variants: Sequence[Variant],
    manifests: Mapping[str, Manifest],
    validation: tuple[NDArray[np.uint8], Labels],
    test: tuple[NDArray[np.uint8], Scores],
    threshold: float,
) -> dict[str, dict[str, Any]]:
    """Measure every variant: balance on validation, parity with exact test scores, time, size."""
    opened = {v.name: open_variant(manifests[v.name], v) for v in variants}
    pixels, labels = validation
    times = time_classifiers(opened, np.asarray(pixels[0]))
    found = {}
    for variant in variants:
        called = call_labels(score_pixels(opened[variant.name], pixels), threshold)
        recalls = [(called[labels == label] == label).mean() for label in np.unique(labels)]
        scores, exact = score_pixels(opened[variant.name], test[0]), test[1]
        same = call_labels(scores, threshold) == call_labels(exact, threshold)
        found[variant.name] = {
            "balanced_accuracy": round(float(np.mean(recalls)), 4),
            "one_picture": round(1 / (len(recalls) * int(np.bincount(labels).min())), 4),
            "milliseconds": times[variant.name],
            "bytes": len(variant.content),
            "same_answer": round(float(same.mean()), 4) if len(same) else None,
            "largest_difference": round(float(np.abs(scores - exact).max(initial=0)), 4),
            "pictures": len(exact),
        }
    return found


def pick(found: Mapping[str, Mapping[str, Any]]) -> tuple[str, str]:
    """Return the variant to ship and why."""
    may_lose = max(_MAY_LOSE, found["float"]["one_picture"])
    floor = found["float"]["balanced_accuracy"] - may_lose - 1e-3  # the numbers are rounded
    good = {name: one for name, one in found.items() if one["balanced_accuracy"] >= floor}
    fastest = min(one["milliseconds"] for one in good.values())
    near = [name for name, one in good.items() if one["milliseconds"] <= fastest * _SAME_SPEED]
    chosen = min(near, key=lambda name: found[name]["bytes"])
    told = "; ".join(
        f"{name} {one['milliseconds']} ms, {one['bytes'] / 1e6:.1f} MB, "
        f"{one['balanced_accuracy']:.1%}"
        for name, one in found.items()
    )
    lost = sorted(set(found) - set(good))
    out = f" ({', '.join(lost)} lost too much)" if lost else ""
    return chosen, f"the fastest that keeps the accuracy on validation{out}: {told}"


def describe(
    *,
    name: str,
    version: str,
    title: str,
    labels: tuple[str, ...],
    spec: InputSpec,
    content: bytes,
    output: OutputSpec,
    provenance: Mapping[str, Any],
) -> Manifest:
    """Write down what a file is; the task follows from the number of labels."""
    binary = output.positive is not None
    return Manifest(
        name=name,
        version=version,
        title=title,
        sha256=hashlib.sha256(content).hexdigest(),
        task="binary" if binary else "multiclass",
        labels=labels,
        input=spec,
        output=output,
        golden=GoldenSpec(),
        provenance=dict(provenance),
    )


def write_folder(folder: Path, manifest: Manifest, content: bytes) -> Manifest:
    """Write file, manifest and golden inputs, and check them as a worker does."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / manifest.file).write_bytes(content)
    (folder / "manifest.toml").write_text(format_manifest(manifest), "utf-8")
    write_golden(folder, manifest, load(folder, golden=False))
    return verify(folder)
