"""Looks into a Keras file without Keras and refuses what could do more than compute.

Keras's safe mode was passed by again and again, and `.h5` files ignore it, so this module decides
by itself: a file must be a plain network of known layers, with all its numbers inside. It reads
JSON and array headers alone; nothing of the file is called, imported or unpickled.
"""

import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py

from models.errors import ModelError

MAX_FILE_BYTES = 400 * 1024 * 1024
MAX_ARRAY_BYTES = 1024 * 1024 * 1024
MAX_CONFIG_BYTES = 8 * 1024 * 1024
MAX_SIDE = 1024  # pixels of an input
MAX_LAYERS = 2000
_H5_MAGIC, _ZIP_MAGIC = b"\x89HDF\r\n\x1a\n", b"PK\x03\x04"
_KERAS_MEMBERS = frozenset({"config.json", "metadata.json", "model.weights.h5"})

# Layers that compute what their name says from numbers alone. Lambda, TFOpLambda, SlicingOpLambda,
# TorchModuleWrapper, custom layers and everything else that can carry code are not among them.
LAYERS = frozenset(
    [
        "Sequential",
        "Functional",
        "Model",
        "InputLayer",
        "Dense",
        "Activation",
        "ReLU",
        "LeakyReLU",
        "PReLU",
        "ELU",
        "Softmax",
        "Conv1D",
        "Conv2D",
        "DepthwiseConv2D",
        "SeparableConv2D",
        "Conv2DTranspose",
        "ZeroPadding2D",
        "Cropping2D",
        "UpSampling2D",
        "MaxPooling2D",
        "AveragePooling2D",
        "GlobalAveragePooling2D",
        "GlobalMaxPooling2D",
        "BatchNormalization",
        "LayerNormalization",
        "Dropout",
        "SpatialDropout2D",
        "GaussianNoise",
        "Flatten",
        "Reshape",
        "Permute",
        "Add",
        "Subtract",
        "Multiply",
        "Average",
        "Maximum",
        "Concatenate",
        "Rescaling",
    ]
)
# Objects inside a layer: initialisers, regularisers, types.
_PARTS = re.compile(
    r"(Zeros|Ones|Constant|Glorot(Uniform|Normal)|He(Uniform|Normal)|Lecun(Uniform|Normal)"
    r"|Random(Uniform|Normal)|TruncatedNormal|VarianceScaling|Orthogonal|L1|L2|L1L2|DTypePolicy"
    r"|MaxNorm|NonNeg|UnitNorm|MinMaxNorm|__tuple__|__keras_tensor__)"
)
_ACTIVATIONS = frozenset(
    [
        "linear",
        "relu",
        "relu6",
        "sigmoid",
        "softmax",
        "tanh",
        "elu",
        "selu",
        "softplus",
        "swish",
        "silu",
        "gelu",
        "hard_sigmoid",
        "hard_swish",
        "leaky_relu",
        "exponential",
        "mish",
    ]
)


# What JSON, HDF5 and zip readers raise on files that nobody wrote with them.
_DAMAGE = (
    OSError,
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    RuntimeError,
    zipfile.BadZipFile,
)


class ImportRefused(ModelError):
    """A file of another system is not one that can be taken over; its text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """What is known of a file before Keras sees it."""

    kind: str  # "h5" or "keras"
    config: dict[str, Any]  # of the network


def inspect(path: Path) -> Inspected:
    """Check a file and return its network's config.

    Raises:
        ImportRefused: when it is no such file, or holds anything but a plain network.
    """
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise ImportRefused(f"{path.name}: {size} bytes; at most {MAX_FILE_BYTES} are read")
    with path.open("rb") as opened:
        start = opened.read(8)
    try:
        if start == _H5_MAGIC:
            inspected = Inspected(kind="h5", config=_read_h5(path))
        elif start.startswith(_ZIP_MAGIC):
            inspected = Inspected(kind="keras", config=_read_zip(path))
        else:
            raise ImportRefused(f"{path.name}: expected an .h5 or .keras file of Keras")
        _check_config(path.name, inspected.config)
    except _DAMAGE as error:
        raise ImportRefused(f"{path.name}: damaged, or no model: {error}") from error
    return inspected


def _read_h5(path: Path) -> dict[str, Any]:
    with h5py.File(path, "r") as file:
        _check_arrays(path.name, file)
        text = file.attrs.get("model_config")
        if text is None:
            raise ImportRefused(
                f"{path.name}: holds weights without their network: save it with model.save(...)"
            )
        return _load_json(path.name, text)


def _read_zip(path: Path) -> dict[str, Any]:
    with zipfile.ZipFile(path) as archive:
        members = {member.filename: member for member in archive.infolist()}
        if rest := set(members) - _KERAS_MEMBERS:
            raise ImportRefused(f"{path.name}: holds {sorted(rest)[0]!r}, which no model needs")
        if sum(member.file_size for member in members.values()) > MAX_ARRAY_BYTES:
            raise ImportRefused(f"{path.name}: unpacks to more than {MAX_ARRAY_BYTES} bytes")
        if members["config.json"].file_size > MAX_CONFIG_BYTES:
            raise ImportRefused(f"{path.name}: its config is larger than {MAX_CONFIG_BYTES} bytes")
        config = _load_json(path.name, archive.read("config.json"))
        with archive.open("model.weights.h5") as inner, h5py.File(inner, "r") as file:
            _check_arrays(path.name, file)
    return config


def _load_json(name: str, text: bytes | str) -> dict[str, Any]:
    if len(text) > MAX_CONFIG_BYTES:
        raise ImportRefused(f"{name}: its config is larger than {MAX_CONFIG_BYTES} bytes")
    config = json.loads(text)
    if not isinstance(config, dict):
        raise ImportRefused(f"{name}: its config is no table")
    return config


def _check_arrays(name: str, group: h5py.Group) -> None:
    """Refuse arrays outside the file, links out of it, and arrays that claim to be enormous."""
    total = 0
    waiting: list[h5py.Group] = [group]
    seen = 0
    while waiting:
        here = waiting.pop()
        for key in here:
            seen += 1
            if seen > 20 * MAX_LAYERS:
                raise ImportRefused(f"{name}: has too many entries")
            link = here.get(key, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise ImportRefused(f"{name}: {key!r} is a link to elsewhere")
            thing = here[key]
            if isinstance(thing, h5py.Group):
                waiting.append(thing)
                continue
            if thing.external or thing.is_virtual:
                raise ImportRefused(f"{name}: {key!r} lies in another file")
            total += int(thing.size or 0) * thing.dtype.itemsize
            if total > MAX_ARRAY_BYTES:
                raise ImportRefused(f"{name}: claims more than {MAX_ARRAY_BYTES} bytes of arrays")


def _check_config(name: str, config: dict[str, Any]) -> None:
    """Refuse unknown layers, foreign modules, functions, and sizes beyond reason."""
    layers = 0
    for node in _walk(config):
        kind = node.get("class_name")
        if kind is None:
            continue
        if not isinstance(kind, str):
            raise ImportRefused(f"{name}: has a layer without a name")
        if kind in LAYERS:
            layers += 1
        elif not _PARTS.fullmatch(kind):
            raise ImportRefused(
                f"{name}: has a {kind!r} layer, which may run code of its own; take it out and "
                "save the model again"
            )
        module = node.get("module")
        if module is not None and not re.fullmatch(r"(keras|builtins)(\.[a-z_.]+)?", str(module)):
            raise ImportRefused(f"{name}: {kind!r} comes from {module!r}, expected Keras")
        if node.get("registered_name") not in (None, kind):
            raise ImportRefused(f"{name}: {kind!r} is a layer of its maker's own")
    if not 0 < layers <= MAX_LAYERS:
        raise ImportRefused(f"{name}: has {layers} layers; expected 1 to {MAX_LAYERS}")
    _check_values(name, config)


def _check_values(name: str, config: Mapping[str, Any]) -> None:
    for node in _walk(config):
        activation = node.get("activation")
        if activation is not None and str(activation) not in _ACTIVATIONS:
            raise ImportRefused(f"{name}: activation {activation!r} is not known")
        for key in ("units", "filters"):
            if not 0 < int(node.get(key) or 1) <= 1_000_000:
                raise ImportRefused(f"{name}: {key} is {node[key]}")
        for key in ("batch_input_shape", "batch_shape"):
            shape = node.get(key)
            if isinstance(shape, list) and any((side or 1) > MAX_SIDE for side in shape[1:]):
                raise ImportRefused(f"{name}: takes pictures of {shape[1:]}; at most {MAX_SIDE}")


def _walk(thing: object) -> Iterator[Mapping[str, Any]]:
    """Yield every table inside a config."""
    waiting = [thing]
    while waiting:
        here = waiting.pop()
        if isinstance(here, dict):
            yield here
            waiting.extend(here.values())
        elif isinstance(here, list):
            waiting.extend(here)
