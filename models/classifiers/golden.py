"""Golden inputs: made pictures with the pixels and scores that they gave at the model's export.

Owns `golden/expected.json` beside a model, its writing and its check. A difference means that
preprocessing or the runtime has drifted from what the model was trained with, the commonest bug of
such systems; a classifier that drifted is refused.

The file: {"schema": 1, "pictures": {name: {"means": ..., "pixels": ..., "scores": ...}}}. The
fitted picture is divided into 8 x 8 cells; `means` are the cells' means a channel, `pixels` the
single pixels at their centres (means miss another filter, single pixels show it), both as rows of
cells of [red, green, blue] in grey levels. `scores` are those of all labels.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.classifiers.classifier import Classifier
from models.classifiers.image import decode, fit
from models.classifiers.pictures import make_pictures
from models.errors import ArtefactMismatch, ImageError
from models.manifest import Manifest

FOLDER_NAME = "golden"
EXPECTED_NAME = "expected.json"
SCHEMA = 1
CELLS = 8  # a side, fewer if the input is smaller


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a classifier makes, or made, of one golden picture."""

    means: NDArray[np.float64]  # (cells down, cells across, 3), grey levels
    pixels: NDArray[np.float64]  # of the same shape
    scores: Mapping[str, float]

    def to_dict(self) -> dict[str, object]:
        """Return the record as JSON has it."""
        return {
            "means": self.means.tolist(),
            "pixels": self.pixels.astype(int).tolist(),
            "scores": dict(self.scores),
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, object]) -> "Record":
        """Read a record from JSON; a malformed one raises ValueError, KeyError or TypeError."""
        scores = content["scores"]
        if not isinstance(scores, dict):
            raise TypeError(f"scores must be a table, got {scores!r}")
        return cls(
            means=np.array(content["means"], dtype=np.float64),
            pixels=np.array(content["pixels"], dtype=np.float64),
            scores={str(label): float(score) for label, score in scores.items()},
        )


def write_golden(folder: Path, manifest: Manifest, classifier: Classifier) -> None:
    """Write the golden pictures and what `classifier` makes of them into an artefact's folder."""
    golden = folder / FOLDER_NAME
    golden.mkdir(exist_ok=True)
    lines = []
    for name, data in make_pictures().items():
        (golden / name).write_bytes(data)
        record = _record(data, manifest, classifier)
        lines.append(f'"{name}": {json.dumps(record.to_dict())}')
    text = f'{{"schema": {SCHEMA}, "pictures": {{\n' + ",\n".join(lines) + "\n}}\n"
    (golden / EXPECTED_NAME).write_text(text, encoding="utf-8")


def check_golden(folder: Path, classifier: Classifier) -> None:
    """Compare what `classifier` makes of the golden pictures with what was recorded.

    Raises:
        ArtefactMismatch: When a picture's pixels or scores are out of tolerance, or the record is
            missing or unreadable; the text names the picture, what was expected and what came.
    """
    golden = folder / FOLDER_NAME
    manifest = classifier.manifest
    for name, wanted in _read_expected(golden / EXPECTED_NAME).items():
        path = golden / name
        try:
            got = _record(path.read_bytes(), manifest, classifier)
        except OSError as error:
            raise ArtefactMismatch(f"{path}: golden picture cannot be read: {error}") from error
        except ImageError as error:
            raise ArtefactMismatch(f"{path}: golden picture does not decode: {error}") from error
        tolerance = manifest.golden.tolerance_pixels
        _compare_grids(path, "means", wanted.means, got.means, tolerance=tolerance)
        _compare_grids(path, "pixels", wanted.pixels, got.pixels, tolerance=tolerance)
        _compare_scores(path, wanted.scores, got.scores, manifest.golden.tolerance_score)


def _read_expected(path: Path) -> Mapping[str, Record]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["schema"] != SCHEMA or not content["pictures"]:
            raise ValueError(f"expected schema {SCHEMA} and one picture at least")
        return {name: Record.from_dict(entry) for name, entry in content["pictures"].items()}
    except OSError as error:
        raise ArtefactMismatch(f"{path}: golden record cannot be read: {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtefactMismatch(f"{path}: golden record is malformed: {error}") from error


def _record(data: bytes, manifest: Manifest, classifier: Classifier) -> Record:
    """Decode, fit and score a picture; rounded as it is written."""
    spec = manifest.input
    pixels = fit(decode(data, smallest=(spec.width, spec.height)), spec)
    scores = classifier.predict_pixels(pixels)
    return Record(
        means=np.round(_cell_means(pixels), 1),
        pixels=_cell_centres(pixels).astype(np.float64),
        scores={label: round(score, 4) for label, score in scores.items()},
    )


def _cell_means(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Average each cell, shape (cells down, cells across, 3)."""
    rows = np.array_split(pixels, min(CELLS, pixels.shape[0]), axis=0)
    cells = [np.array_split(row, min(CELLS, row.shape[1]), axis=1) for row in rows]
    return np.array([[cell.mean(axis=(0, 1)) for cell in row] for row in cells])


def _cell_centres(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pick the pixel at the centre of each cell, shape (cells down, cells across, 3)."""
    height, width, _ = pixels.shape
    down, across = min(CELLS, height), min(CELLS, width)
    rows = (2 * np.arange(down) + 1) * height // (2 * down)
    columns = (2 * np.arange(across) + 1) * width // (2 * across)
    return pixels[np.ix_(rows, columns)]


def _compare_grids(
    path: Path,
    part: str,
    wanted: NDArray[np.float64],
    got: NDArray[np.float64],
    *,
    tolerance: float,
) -> None:
    if wanted.shape != got.shape:
        raise ArtefactMismatch(
            f"{path}: {part} of {wanted.shape} recorded, this model's input gives {got.shape}"
        )
    differences = np.abs(wanted - got)
    row, column, channel = np.unravel_index(np.argmax(differences), differences.shape)
    if not differences[row, column, channel] <= tolerance:  # true for NaN too
        raise ArtefactMismatch(
            f"{path}: preprocessing differs from the model's export: {part} at row {row}, "
            f"column {column}, channel {channel}: expected {wanted[row, column, channel]}, "
            f"got {got[row, column, channel]} (tolerance {tolerance} grey levels)"
        )


def _compare_scores(
    path: Path, wanted: Mapping[str, float], got: Mapping[str, float], tolerance: float
) -> None:
    if wanted.keys() != got.keys():
        raise ArtefactMismatch(f"{path}: scores {wanted} recorded, this model gives {got}")
    for label, score in wanted.items():
        if not abs(got[label] - score) <= tolerance:  # false for NaN too
            raise ArtefactMismatch(
                f"{path}: the score of {label} differs from the model's export: expected {score}, "
                f"got {got[label]} (tolerance {tolerance})"
            )
