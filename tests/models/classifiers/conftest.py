"""Real, tiny LiteRT models, assembled from the file format's own schema: no TensorFlow needed.

They have learnt nothing: one dense layer over all pixels gives the mean of a colour channel, so
that a test can say what the scores must be.
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
MakeArtefact = Callable[..., Path]


def build_model(
    weights: np.ndarray, bias: np.ndarray, activation: str, side: int = SIDE, dtype: str = "float32"
) -> bytes:
    """Assemble a model: dense layer (outputs, side * side * 3), then the activation.

    With dtype "int8" the same float layers lie between int8 tensors, quantised as the export of an
    int8 model quantises a picture in and a score out.
    """
    outputs = len(bias)
    graph = schema.SubGraphT()
    graph.tensors, graph.operators = [], []
    codes: list[int] = []

    def add_tensor(shape: tuple[int, ...], buffer: int = 0, scale: float = 0, zero: int = 0) -> int:
        graph.tensors.append(_tensor(shape, buffer, scale, zero))
        return len(graph.tensors) - 1

    def add_operator(code: int, inputs: list[int], output: int, options: object = None) -> int:
        codes.append(code)
        graph.operators.append(_operator(len(codes) - 1, inputs, output, options))
        return output

    picture, scores = (1, side, side, 3), (1, outputs)
    last = add_tensor(picture)
    if dtype == "int8":
        graph.inputs = [add_tensor(picture, scale=1 / 128, zero=-1)]
        add_operator(schema.BuiltinOperator.DEQUANTIZE, graph.inputs, last)
    else:
        graph.inputs = [last]
    dense = [last, add_tensor((outputs, side * side * 3), 1), add_tensor((outputs,), 2)]
    last = add_operator(
        schema.BuiltinOperator.FULLY_CONNECTED,
        dense,
        add_tensor(scores),
        schema.FullyConnectedOptionsT(),
    )
    if activation == "sigmoid":
        last = add_operator(schema.BuiltinOperator.LOGISTIC, [last], add_tensor(scores))
    if activation == "softmax":
        options = schema.SoftmaxOptionsT()
        options.beta = 1.0
        last = add_operator(schema.BuiltinOperator.SOFTMAX, [last], add_tensor(scores), options)
    if dtype == "int8":
        quantised = add_tensor(scores, scale=1 / 256, zero=-128)
        last = add_operator(schema.BuiltinOperator.QUANTIZE, [last], quantised)
    graph.outputs = [last]
    model = schema.ModelT()
    model.version, model.subgraphs = 3, [graph]
    model.operatorCodes = [_code(code) for code in codes]
    model.buffers = [_buffer(data) for data in (b"", weights.tobytes(), bias.tobytes())]
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
        content = build_model(gains, bias, manifest.output.activation, side, manifest.input.dtype)
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


def _tensor(shape: tuple[int, ...], buffer: int, scale: float, zero_point: int) -> schema.TensorT:
    tensor = schema.TensorT()
    tensor.shape, tensor.buffer = list(shape), buffer
    tensor.type = schema.TensorType.INT8 if scale else schema.TensorType.FLOAT32
    if scale:
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.scale = [scale]
        tensor.quantization.zeroPoint = [zero_point]
    return tensor


def _code(operator: int) -> schema.OperatorCodeT:
    code = schema.OperatorCodeT()
    code.deprecatedBuiltinCode = code.builtinCode = operator
    code.version = 1
    return code


def _operator(code: int, inputs: list[int], output: int, options: object) -> schema.OperatorT:
    operator = schema.OperatorT()
    operator.opcodeIndex, operator.inputs, operator.outputs = code, inputs, [output]
    if options is not None:
        name = type(options).__name__.removesuffix("T")
        operator.builtinOptionsType = getattr(schema.BuiltinOptions, name)
        operator.builtinOptions = options
    return operator
