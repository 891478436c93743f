"""Real, tiny LiteRT models, assembled from the file format's own schema: no TensorFlow needed.

A model averages nothing and learns nothing: it is one dense layer over all pixels, whose weights
pick the mean of a channel, so that a test can say what its scores must be.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import flatbuffers  # type: ignore[import-untyped]
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from models.classifiers.golden import write_golden
from models.classifiers.loader import load
from models.manifest import InputSpec, Manifest, OutputSpec, format_manifest

SIDE = 16  # pixels
ACTIVATIONS = {
    "sigmoid": schema.BuiltinOperator.LOGISTIC,
    "softmax": schema.BuiltinOperator.SOFTMAX,
}

MakeArtefact = Callable[..., Path]


def build_model(weights: np.ndarray, bias: np.ndarray, activation: str, side: int = SIDE) -> bytes:
    """Assemble a float model: dense layer (outputs, side * side * 3), then the activation."""
    outputs = len(bias)
    model, graph = schema.ModelT(), schema.SubGraphT()
    model.version, model.subgraphs = 3, [graph]
    model.buffers = [_buffer(b""), _buffer(weights.tobytes()), _buffer(bias.tobytes())]
    graph.tensors = [
        _tensor("input", (1, side, side, 3)),
        _tensor("weights", (outputs, side * side * 3), buffer=1),
        _tensor("bias", (outputs,), buffer=2),
        _tensor("logits", (1, outputs)),
    ]
    dense = schema.FullyConnectedOptionsT()
    graph.operators = [
        _operator(0, [0, 1, 2], 3, schema.BuiltinOptions.FullyConnectedOptions, dense)
    ]
    model.operatorCodes = [_code(schema.BuiltinOperator.FULLY_CONNECTED)]
    if activation != "none":
        graph.tensors.append(_tensor("scores", (1, outputs)))
        model.operatorCodes.append(_code(ACTIVATIONS[activation]))
        softmax = schema.SoftmaxOptionsT()
        softmax.beta = 1.0
        kind = schema.BuiltinOptions.SoftmaxOptions if activation == "softmax" else 0
        graph.operators.append(_operator(1, [3], 4, kind, softmax if kind else None))
    graph.inputs, graph.outputs = [0], [len(graph.tensors) - 1]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def channel_means(side: int, channels: list[int], gain: float) -> np.ndarray:
    """Make weights whose outputs are gain * the mean of one channel each."""
    weights = np.zeros((len(channels), side * side, 3), dtype=np.float32)
    for output, channel in enumerate(channels):
        weights[output, :, channel] = gain / (side * side)
    return weights.reshape(len(channels), -1)


def _make_manifest(**changes: object) -> Manifest:
    """Make the manifest of a binary model that sees red where the picture is red."""
    manifest = Manifest(
        name="red",
        version="1",
        title="Is it red?",
        sha256="0" * 64,
        task="binary",
        labels=("not_red", "red"),
        input=InputSpec(width=SIDE, height=SIDE, dtype="float32"),
        output=OutputSpec(
            activation="sigmoid",
            threshold=0.5,
            unsure=(0.4, 0.6),
            threshold_chosen="by hand, for tests",
            positive="red",
        ),
        provenance={"licence": "made for tests", "numbers": {"pictures": 0}},
    )
    return replace(manifest, **changes)  # type: ignore[arg-type]


@pytest.fixture
def make_manifest() -> Callable[..., Manifest]:
    """Return a function that makes a sound manifest with the given fields changed."""
    return _make_manifest


@pytest.fixture
def make_artefact(tmp_path: Path) -> MakeArtefact:
    """Return a function that writes a whole artefact and returns its folder."""

    def make(
        manifest: Manifest | None = None,
        *,
        channels: list[int] | None = None,
        root: Path = tmp_path,
        golden: bool = True,
    ) -> Path:
        manifest = manifest or _make_manifest()
        side = manifest.input.width
        gains = channel_means(side, channels or [0], 4.0)
        bias = np.zeros(len(gains), dtype=np.float32)
        content = build_model(gains, bias, manifest.output.activation, side)
        folder = root / manifest.name / manifest.version
        folder.mkdir(parents=True)
        (folder / manifest.file).write_bytes(content)
        manifest = replace(manifest, sha256=hashlib.sha256(content).hexdigest())
        (folder / "manifest.toml").write_text(format_manifest(manifest), encoding="utf-8")
        if golden:
            write_golden(folder, manifest, load(folder, golden=False))
        return folder

    return make


def _buffer(data: bytes) -> schema.BufferT:
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(data, dtype=np.uint8)
    return buffer


def _tensor(name: str, shape: tuple[int, ...], buffer: int = 0) -> schema.TensorT:
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.buffer = name.encode(), list(shape), buffer
    tensor.type = schema.TensorType.FLOAT32
    return tensor


def _code(operator: int) -> schema.OperatorCodeT:
    code = schema.OperatorCodeT()
    code.deprecatedBuiltinCode = code.builtinCode = operator
    code.version = 1
    return code


def _operator(
    code: int, inputs: list[int], output: int, kind: int, options: object
) -> schema.OperatorT:
    operator = schema.OperatorT()
    operator.opcodeIndex, operator.inputs, operator.outputs = code, inputs, [output]
    operator.builtinOptionsType, operator.builtinOptions = kind, options
    return operator
