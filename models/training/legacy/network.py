"""From a loaded Keras network to an artefact with the preprocessing that it was trained with."""

import dataclasses
import datetime
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray

from models.manifest import Activation, InputSpec, OutputSpec
from models.training.features import run_converter
from models.training.legacy.inspection import ImportRefused
from models.training.legacy.preprocessing import Preprocessing
from models.training.networks.batches import normalise
from models.training.networks.export import (
    Variant,
    describe,
    open_variant,
    score_pixels,
    time_classifiers,
    write_folder,
)

_GREY = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow turns RGB to grey
_MAY_DIFFER = 0.02  # of a score, between the file's network and the artefact
_PARITY = 8  # pictures


def write_network(file: Path, order: dict[str, Any], out: Path) -> None:
    """Load, wrap, convert and write; `order` is what `importer` was asked for."""
    network = keras.models.load_model(file, compile=False, safe_mode=True)
    height, width, channels = _check_shapes(network)
    closed = _wrap(network, height, width, channels)
    outputs = int(network.output_shape[-1])
    labels = tuple(order["labels"]) or tuple(f"label_{n}" for n in range(max(2, outputs)))
    if len(labels) != max(2, outputs):
        raise ImportRefused(f"the network has {outputs} outputs, {len(labels)} labels were given")
    spec = Preprocessing(**order["form"]).describe(height, width)
    activation = _name_activation(network, outputs)
    pixels = np.random.default_rng(1).integers(0, 256, (_PARITY, height, width, 3), np.uint8)
    variants = _convert(closed)
    made = {v.name: _describe(v, order, labels, spec, activation, outputs) for v in variants}
    opened = {v.name: open_variant(made[v.name], v) for v in variants}
    expected = _score(closed, pixels, spec, activation)
    for name, classifier in list(opened.items()):
        differs = float(np.abs(score_pixels(classifier, pixels) - expected).max())
        if not differs <= _MAY_DIFFER:
            if name == "float":
                raise ImportRefused(f"the converted network answers otherwise (by {differs:.3f})")
            del opened[name]
    times = time_classifiers(opened, pixels[0], rounds=15)
    chosen = min(times, key=times.__getitem__)
    content = next(v.content for v in variants if v.name == chosen)
    write_folder(out, made[chosen], content)
    (out / "MODEL_CARD.md").write_text(_tell(order, chosen, spec, labels), "utf-8")


def _check_shapes(network: keras.Model) -> tuple[int, int, int]:
    if len(network.inputs) != 1 or len(network.outputs) != 1:
        raise ImportRefused("expected a network with one input and one output")
    shape, outputs = network.input_shape, network.output_shape
    if len(shape) != 4 or None in shape[1:] or shape[3] not in (1, 3):
        raise ImportRefused(f"takes {shape}, expected pictures (n, height, width, 1 or 3)")
    if len(outputs) != 2 or outputs[1] is None:
        raise ImportRefused(f"answers {outputs}, expected one row of scores a picture")
    return int(shape[1]), int(shape[2]), int(shape[3])


def _wrap(network: keras.Model, height: int, width: int, channels: int) -> keras.Model:
    """Fix the batch to one picture; a network of grey pictures gets its grey from RGB."""
    inputs = keras.Input((height, width, 3), batch_size=1, name="image")
    x = inputs
    if channels == 1:
        grey = layers.Conv2D(1, 1, use_bias=False, name="grey")
        x = grey(x)  # linear, so it may stand behind the normalisation: (1, h, w, 1)
        grey.set_weights([np.array(_GREY, np.float32).reshape(1, 1, 3, 1)])
    return keras.Model(inputs, network(x), name="imported")


def _convert(closed: keras.Model) -> list[Variant]:
    """Convert to float and dynamic-range; int8 would need the pictures that it was trained on."""
    plain = tf.lite.TFLiteConverter.from_keras_model(closed)
    dynamic = tf.lite.TFLiteConverter.from_keras_model(closed)
    dynamic.optimizations = [tf.lite.Optimize.DEFAULT]
    return [
        Variant(name="float", dtype="float32", content=run_converter(plain)),
        Variant(name="dynamic-range", dtype="float32", content=run_converter(dynamic)),
    ]


def _name_activation(network: keras.Model, outputs: int) -> Activation:
    """Read in which function the network ends."""
    last = network
    while isinstance(last, keras.Model):
        last = last.layers[-1]
    name = getattr(getattr(last, "activation", None), "__name__", type(last).__name__.lower())
    if name not in ("sigmoid", "softmax", "linear"):
        raise ImportRefused(f"ends in {name!r}, expected sigmoid, softmax or none")
    if name == "linear":
        return "none"
    if (name == "sigmoid") != (outputs == 1):
        raise ImportRefused(f"ends in {name} of {outputs}: expected one sigmoid or a softmax")
    return "sigmoid" if name == "sigmoid" else "softmax"


def _score(
    closed: keras.Model, pixels: NDArray[np.uint8], spec: InputSpec, activation: Activation
) -> NDArray[np.float64]:
    values = normalise(pixels, spec)
    rows = [np.asarray(closed(values[place : place + 1]))[0] for place in range(len(values))]
    found = np.array(rows, np.float64)  # (n, outputs)
    if found.shape[1] == 1:
        one = found[:, 0] if activation == "sigmoid" else 1 / (1 + np.exp(-found[:, 0]))
        return np.stack([1 - one, one], axis=1)
    if activation == "softmax":
        return found
    shares = np.exp(found - found.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def _describe(
    variant: Variant,
    order: dict[str, Any],
    labels: tuple[str, ...],
    spec: InputSpec,
    activation: Activation,
    outputs: int,
) -> Any:
    binary, threshold = outputs == 1, order["threshold"]
    return describe(
        name=order["name"],
        version=order["version"],
        title=order["title"],
        labels=labels,
        spec=dataclasses.replace(spec, dtype=variant.dtype),
        content=variant.content,
        output=OutputSpec(
            activation=activation,
            positive=labels[1] if binary else None,
            threshold=threshold,
            unsure=(max(0.0, threshold - 0.1), min(1.0, threshold + 0.1)),
            threshold_chosen="given at import; measure the model on your pictures to choose one",
        ),
        provenance={
            "origin": order["origin"],
            "origin_sha256": order["sha256"],
            "kind": f"imported, {variant.name}",
            "licence": "as its maker says; not stated in the file",
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        },
    )


def _tell(order: dict[str, Any], chosen: str, spec: InputSpec, labels: tuple[str, ...]) -> str:
    return (
        f"# {order['title']}\n\nTaken over from `{order['origin']}` (sha256 {order['sha256']}); "
        f"labels {', '.join(labels)}; input {spec.width} x {spec.height}, (pixel - {spec.mean}) / "
        f"{spec.scale}, {spec.resize}, {spec.filter}; {chosen}.\n\nNothing was measured: run "
        "`python -m models.training compare --data DATASET` with pictures of your own before you "
        "trust it.\n"
    )
