"""The manifest of a model: what its file is, how a picture becomes its input, what it answers.

Owns the format of `manifest.toml` (reading and writing). Standard library only: the web process
lists models with it. Refuses a manifest with a missing, unknown or impossible entry; whether the
model file keeps the promise is checked by `models.classifiers.loader`.
"""

import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from models.errors import ManifestError
from models.tables import Table

MANIFEST_NAME = "manifest.toml"
SCHEMA = 1
FILL = (114, 114, 114)  # a middle grey

Task = Literal["binary", "multiclass"]
DType = Literal["int8", "uint8", "float32"]
Resize = Literal["stretch", "cover", "contain"]
Filter = Literal["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"]
Activation = Literal["sigmoid", "softmax", "none"]

TASKS: tuple[Task, ...] = ("binary", "multiclass")
DTYPES: tuple[DType, ...] = ("int8", "uint8", "float32")
RESIZES: tuple[Resize, ...] = ("stretch", "cover", "contain")
FILTERS: tuple[Filter, ...] = ("nearest", "box", "bilinear", "hamming", "bicubic", "lanczos")
ACTIVATIONS: tuple[Activation, ...] = ("sigmoid", "softmax", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSpec:
    """How an RGB picture becomes the model's input tensor of shape (1, height, width, 3).

    `resize`: "stretch" ignores the aspect ratio; "cover" fills the input and cuts what hangs over,
    centred; "contain" shows the whole picture, centred on `fill`. `filter` is Pillow's, which
    averages over all source pixels when it shrinks. A value is (pixel - mean) / scale; an integer
    model then quantises it with its tensor's own scale and zero point.
    """

    width: int  # pixels
    height: int  # pixels
    channels: int = 3
    layout: str = "NHWC"
    colour: str = "RGB"
    dtype: DType = "int8"
    resize: Resize = "stretch"
    filter: Filter = "bilinear"
    fill: tuple[int, int, int] = FILL
    mean: float = 127.0
    scale: float = 128.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputSpec:
    """What the model's output means.

    `activation` is the function in which the graph of the file ends: with "sigmoid" (binary, one
    number: the score of `positive`) and "softmax" (multiclass, one number a label) the outputs are
    scores as they are; with "none" they are logits, and the classifier applies the function that
    the task calls for.
    """

    activation: Activation
    threshold: float  # in [0, 1]
    unsure: tuple[float, float]  # scores from the first to the second are called unsure
    threshold_chosen: str  # how, on what data, how many pictures
    positive: str | None = None  # binary: the label whose score the model gives, labels[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenSpec:
    """How far a golden picture may be from what was recorded when the model was exported."""

    tolerance_pixels: float = 1.0  # grey levels
    tolerance_score: float = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One model of one version, as its folder describes it."""

    name: str
    version: str
    title: str
    sha256: str  # of the model file, 64 lower-case hexadecimal digits
    task: Task
    labels: tuple[str, ...]  # in the order of the outputs; binary: (negative, positive)
    input: InputSpec
    output: OutputSpec
    file: str = "model.tflite"
    golden: GoldenSpec = field(default_factory=GoldenSpec)
    provenance: Mapping[str, object] = field(default_factory=dict)  # recipe, data, licence, ...

    @property
    def outputs(self) -> int:
        """How many numbers the model gives for a picture."""
        return 1 if self.task == "binary" else len(self.labels)


def load_manifest(folder: Path) -> Manifest:
    """Read and check the manifest in the folder of an artefact.

    Raises:
        ManifestError: When there is none, or an entry is missing, unknown or impossible.
    """
    path = folder / MANIFEST_NAME
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ManifestError(f"{path} is missing: expected the folder of a model there") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ManifestError(f"{path} is no TOML file: {error}") from error
    return parse_manifest(content, source=str(path))


def parse_manifest(content: Mapping[str, object], *, source: str) -> Manifest:
    """Turn the content of a manifest into a `Manifest`; `source` names it in errors.

    Raises:
        ManifestError: When an entry is missing, unknown or impossible.
    """
    top = Table(content, source, ManifestError)
    if (schema := top.whole_number("schema")) != SCHEMA:
        raise ManifestError(f"{source}: schema is {schema}, this program reads {SCHEMA}")
    manifest = Manifest(
        name=top.slug("name"),
        version=top.slug("version"),
        title=top.text("title"),
        file=top.slug("file"),
        sha256=top.text("sha256"),
        task=top.choice("task", TASKS),
        labels=top.texts("labels"),
        input=_parse_input(top.table("input")),
        output=_parse_output(top.table("output")),
        golden=_parse_golden(top.table("golden")),
        provenance=top.table("provenance").take_all(),
    )
    top.refuse_rest()
    _check(manifest, top)
    return manifest


def format_manifest(manifest: Manifest) -> str:
    """Write a manifest as TOML that `load_manifest` reads back to an equal value."""
    tables = {name: asdict(getattr(manifest, name)) for name in ("input", "output", "golden")}
    tables["provenance"] = dict(manifest.provenance)
    plain = {
        name: getattr(manifest, name)
        for name in ("name", "version", "title", "file", "sha256", "task", "labels")
    }
    lines = [f"schema = {SCHEMA}", *_format_entries(plain)]
    for name, entries in tables.items():
        lines += ["", f"[{name}]", *_format_entries(entries)]
    return "\n".join(lines) + "\n"


def _parse_input(table: Table) -> InputSpec:
    spec = InputSpec(
        width=table.whole_number("width"),
        height=table.whole_number("height"),
        channels=table.whole_number("channels"),
        layout=table.choice("layout", ("NHWC",)),
        colour=table.choice("colour", ("RGB",)),
        dtype=table.choice("dtype", DTYPES),
        resize=table.choice("resize", RESIZES),
        filter=table.choice("filter", FILTERS),
        fill=_parse_colour(table),
        mean=table.number("mean"),
        scale=table.number("scale"),
    )
    table.refuse_rest()
    return spec


def _parse_colour(table: Table) -> tuple[int, int, int]:
    if "fill" not in table:  # nothing is filled unless resize is "contain"
        return FILL
    red, green, blue = table.numbers("fill", 3)
    if not all(0 <= value <= 255 and value == int(value) for value in (red, green, blue)):
        raise table.refuse("fill", "three whole numbers from 0 to 255", [red, green, blue])
    return int(red), int(green), int(blue)


def _parse_output(table: Table) -> OutputSpec:
    low, high = table.numbers("unsure", 2)
    spec = OutputSpec(
        activation=table.choice("activation", ACTIVATIONS),
        threshold=table.number("threshold"),
        unsure=(low, high),
        threshold_chosen=table.text("threshold_chosen"),
        positive=table.text("positive") if "positive" in table else None,
    )
    table.refuse_rest()
    return spec


def _parse_golden(table: Table) -> GoldenSpec:
    spec = GoldenSpec(
        tolerance_pixels=table.number("tolerance_pixels"),
        tolerance_score=table.number("tolerance_score"),
    )
    table.refuse_rest()
    return spec


def _check(manifest: Manifest, top: Table) -> None:
    """Refuse values that are well-formed one by one and make no sense together."""
    labels, spec, output = manifest.labels, manifest.input, manifest.output
    if len(manifest.sha256) != 64 or set(manifest.sha256) - set("0123456789abcdef"):
        raise top.refuse("sha256", "64 lower-case hexadecimal digits", manifest.sha256)
    if len(set(labels)) != len(labels) or len(labels) < 2:
        raise top.refuse("labels", "two or more different texts", list(labels))
    if spec.channels != 3 or min(spec.width, spec.height) < 1:
        raise top.refuse("input", "an RGB picture with 3 channels", asdict(spec))
    if spec.scale == 0:
        raise top.refuse("scale", "other than zero", spec.scale)
    if not 0 <= output.threshold <= 1:
        raise top.refuse("threshold", "a score from 0 to 1", output.threshold)
    if not 0 <= output.unsure[0] <= output.unsure[1] <= 1:
        raise top.refuse("unsure", "two scores in ascending order", list(output.unsure))
    _check_task(manifest, top)


def _check_task(manifest: Manifest, top: Table) -> None:
    labels, output = manifest.labels, manifest.output
    if manifest.task == "multiclass":
        if output.activation == "sigmoid" or output.positive is not None:
            raise top.refuse("output", "softmax or none, without positive", output.activation)
        return
    if len(labels) != 2 or output.positive != labels[1]:
        raise top.refuse("labels", "[negative, positive] of [output]", list(labels))
    if output.activation == "softmax":
        raise top.refuse("activation", "sigmoid or none for a binary task", output.activation)


def _format_entries(entries: Mapping[str, object]) -> list[str]:
    return [
        f"{key} = {_format_value(value)}" for key, value in entries.items() if value is not None
    ]


def _format_value(value: object) -> str:
    """Write one value; JSON's texts, numbers, lists and booleans are TOML too."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ManifestError(f"{value} is no value for a manifest")
    if isinstance(value, Mapping):
        inside = ", ".join(f"{json.dumps(key)} = {_format_value(v)}" for key, v in value.items())
        return "{" + inside + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_format_value(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)
