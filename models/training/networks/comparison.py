"""Compares models on one split of a dataset: artefacts of ours and files of others.

A file of others is described by a small TOML beside it:

    name = "person_detect"
    file = "person_detect.tflite"     # relative to the TOML
    labels = ["no_human", "human"]    # of the dataset, in the order of the outputs
    threshold = 0.5                   # optional; of two labels the second is asked for
    [input]
    colour = "grey"                   # RGB, BGR or grey
    mean = 0.0                        # value = (pixel - mean) / scale; a quantised input is
    scale = 255.0                     # then quantised as its file says
    resize = "stretch"

Instead of a .tflite it may name `detector = "yolox_nano.onnx"`, whose highest score of a person is
then the score of the second label.
"""

import dataclasses
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.classifiers import image as serving
from models.classifiers.image import Quantisation
from models.classifiers.litert import LiteRTModel
from models.classifiers.loader import load
from models.errors import ModelError
from models.manifest import MANIFEST_NAME, InputSpec
from models.tables import Table
from models.training.datasets.entries import DatasetError
from models.training.networks.batches import Part
from models.training.networks.figures import Scores, measure_all
from models.training.progress import show_progress

_ROUNDS = 40
_RESIZES = ("stretch", "cover", "contain")
_COLOURS = ("RGB", "BGR", "grey")


class PeerError(ModelError):
    """The description of another model is missing or malformed."""


class Contestant(Protocol):
    """A model that takes part: from a decoded picture to a score for each of its labels."""

    name: str
    labels: tuple[str, ...]
    threshold: float
    size_bytes: int

    def score(self, image: Image.Image) -> Sequence[float]:
        """Score a decoded RGB picture."""


class Artefact:
    """A model of ours."""

    def __init__(self, folder: Path, renamed: Mapping[str, str]) -> None:
        self._classifier = load(folder)
        manifest = self._classifier.manifest
        self.name = f"{manifest.name} {manifest.version}"
        self.labels = tuple(renamed.get(label, label) for label in manifest.labels)
        self.threshold = manifest.output.threshold
        self.size_bytes = (folder / manifest.file).stat().st_size

    def score(self, image: Image.Image) -> Sequence[float]:
        """Score as serving does."""
        return list(self._classifier.predict(image).values())


class Peer:
    """A LiteRT file of others, prepared as its description says."""

    def __init__(self, path: Path) -> None:
        table = _read(path)
        self.name = table.text("name")
        file = path.parent / table.text("file")
        self.labels = table.texts("labels")
        self.threshold = table.number("threshold") if "threshold" in table else 0.5
        entries = table.table("input")
        self._colour = entries.choice("colour", _COLOURS)
        mean, scale = entries.number("mean"), entries.number("scale")
        resize = entries.choice("resize", _RESIZES)
        entries.refuse_rest()
        table.refuse_rest()
        try:
            content = file.read_bytes()
            self._model = LiteRTModel(content)
        except (OSError, ValueError, RuntimeError) as error:
            raise PeerError(f"{file}: cannot be run: {error}") from error
        self.size_bytes = len(content)
        _, height, width, self._channels = self._model.input_shape
        self._spec = dataclasses.replace(
            InputSpec(width=width, height=height, mean=mean, scale=scale),
            resize=resize,  # type: ignore[arg-type]  # checked by choice
        )

    def score(self, image: Image.Image) -> Sequence[float]:
        """Score in the peer's own way; one output is the score of the second label."""
        pixels = serving.fit(image, self._spec)  # (h, w, 3)
        if self._colour == "BGR":
            pixels = pixels[..., ::-1]
        if self._colour == "grey":
            pixels = np.asarray(Image.fromarray(pixels).convert("L"))[..., None]
        values = (pixels.astype(np.float32) - self._spec.mean) / self._spec.scale
        tensor = _quantise(values, self._model.input_dtype, self._model.input_quantisation)
        outputs = self._model.outputs(tensor[None])
        if len(outputs) == 1:
            return [1 - float(outputs[0]), float(outputs[0])]
        return [float(value) for value in outputs / max(outputs.sum(), 1e-9)]


class Detector:
    """A detector of people: the highest score is that of the second label."""

    def __init__(self, path: Path) -> None:
        from models.training.detector import open_detector

        table = _read(path)
        self.name = table.text("name")
        file = path.parent / table.text("detector")
        self.labels = table.texts("labels")
        self.threshold = table.number("threshold") if "threshold" in table else 0.5
        table.refuse_rest()
        detector = open_detector(file, threads=1)
        if detector is None:
            raise PeerError(f"{file}: cannot be run: onnxruntime or the file is missing")
        self._find = detector.find
        self.size_bytes = file.stat().st_size

    def score(self, image: Image.Image) -> Sequence[float]:
        """Score a picture by the surest person in it."""
        best = max((box[4] for box in self._find(image)), default=0.0)
        return [1 - best, best]


def open_contestant(path: Path, renamed: Mapping[str, str]) -> Contestant:
    """Open an artefact's folder or the description of a peer.

    Raises:
        PeerError: when it is neither.
    """
    if (path / MANIFEST_NAME).exists():
        return Artefact(path, renamed)
    if path.suffix != ".toml":
        raise PeerError(
            f"{path}: expected the folder of an artefact or a .toml that tells of a peer"
        )
    return Detector(path) if "detector" in _read(path) else Peer(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the table."""

    name: str
    metrics: Mapping[str, Any]
    milliseconds: float  # of processor time, from a decoded picture to scores
    size_bytes: int


def compare(contestants: Sequence[Contestant], part: Part, names: tuple[str, ...]) -> list[Line]:
    """Score every picture of a part by every contestant, and time them in turn.

    Raises:
        DatasetError: when a contestant has other labels, or there is nothing to compare on.
    """
    if not part.entries:
        raise DatasetError(f"{part.folder}: this split holds no pictures")
    for one in contestants:
        if set(one.labels) != set(names):
            raise DatasetError(
                f"{one.name} has the labels {list(one.labels)}, the dataset {list(names)}: rename "
                "with --label THEIRS=OURS"
            )
    columns = {one.name: [one.labels.index(name) for name in names] for one in contestants}
    scores: dict[str, list[Sequence[float]]] = {one.name: [] for one in contestants}
    took: dict[str, list[float]] = {one.name: [] for one in contestants}
    for entry in show_progress(part.entries, len(part.entries), "compare"):
        image = serving.decode((part.folder / entry.file).read_bytes())
        for one in contestants:
            started = time.thread_time()
            found = one.score(image)
            took[one.name].append((time.thread_time() - started) * 1000)
            scores[one.name].append([found[column] for column in columns[one.name]])
    lines = []
    for one in contestants:
        table: Scores = np.array(scores[one.name], np.float64)
        threshold = one.threshold
        if columns[one.name] == [1, 0]:  # asked for the other label than we ask
            threshold = 1 - one.threshold
        lines.append(
            Line(
                name=one.name,
                metrics=measure_all(part.labels, table, threshold),
                milliseconds=round(float(np.median(took[one.name])), 2),
                size_bytes=one.size_bytes,
            )
        )
    return lines


def format_lines(lines: Sequence[Line]) -> str:
    """Write the lines as one table."""
    rows = [
        "| model | pictures | accuracy | balanced accuracy | AUC | ms | MB |",
        "|---|---|---|---|---|---|---|",
    ]
    for line in lines:
        cells = [line.name, str(line.metrics["pictures"])]
        for key, form in (
            ("accuracy", "{:.1%}"),
            ("balanced_accuracy", "{:.1%}"),
            ("auc", "{:.4f}"),
        ):
            one = line.metrics.get(key)
            text = (form + " [" + form + ", " + form + "]") if one else "none: a label is missing"
            cells.append(text.format(one["value"], one["low"], one["high"]) if one else text)
        cells += [f"{line.milliseconds:.2f}", f"{line.size_bytes / 1e6:.2f}"]
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _read(path: Path) -> Table:
    try:
        return Table(tomllib.loads(path.read_text("utf-8")), str(path), PeerError)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PeerError(f"{path}: cannot be read: {error}") from error


def _quantise(
    values: NDArray[np.float32], dtype: np.dtype[np.generic], how: Quantisation | None
) -> NDArray[np.generic]:
    if how is None:
        return values.astype(dtype)
    steps = np.rint(values / how.scale) + how.zero_point
    low, high = (-128, 127) if dtype == np.int8 else (0, 255)
    found: NDArray[np.generic] = np.clip(steps, low, high).astype(dtype)
    return found
