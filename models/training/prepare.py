"""Builds what a fit reads: training samples and held-out examples, as pixels and activations.

All is written below a run folder under a name that depends on the recipe, so that a second run
with the same recipe finds it, and one with another recipe does not.
"""

import json
import multiprocessing
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from models.classifiers import image as serving
from models.manifest import InputSpec
from models.training.composites import CompositeMaker
from models.training.detector import open_detector
from models.training.garments import find_masked
from models.training.progress import show_progress
from models.training.recipes import Recipe
from models.training.scenes import Sample, SceneMaker
from models.training.sources import Box, Photo, list_photos

Boxes = dict[str, list[Box]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """Fitted pictures, their labels, and where they came from."""

    pixels: NDArray[np.uint8]  # (n, height, width, 3)
    labels: NDArray[np.int8]  # (n,) index into the recipe's labels
    folds: NDArray[np.int64]  # (n,) bit k is set when a part of the picture lies in fold k
    groups: NDArray[np.str_]  # (n,) source, or kind of a made picture
    names: NDArray[np.str_]  # (n,)
    cells: NDArray[np.uint8]  # (n, rows, columns) of framing.EMPTY, THERE, UNKNOWN

    def without(self, fold: int) -> NDArray[np.int64]:
        """Return the indices of the pictures that hold nothing of a fold."""
        return np.flatnonzero(self.folds & (1 << fold) == 0)

    def within(self, fold: int) -> NDArray[np.int64]:
        """Return the indices of the pictures that lie in a fold alone."""
        return np.flatnonzero(self.folds == 1 << fold)


class Maker(Protocol):
    """Makes the sample of any index."""

    def make(self, index: int) -> Sample:
        """Make sample number `index`."""


def build_maker(recipe: Recipe, data: Path, boxes: Boxes) -> Maker:
    """Build what makes this recipe's samples."""
    photos = list_photos(data, recipe, recipe.folders, boxes)
    if recipe.maker == "scenes":
        look = None
        if recipe.fit.guide and "detector" in recipe.extras:
            detector = open_detector(data / recipe.extras["detector"], threads=1)
            look = detector.find if detector else None
        return SceneMaker(recipe, photos, look, find_masked(recipe, data, photos))
    return CompositeMaker(recipe, data, photos)


def make_pictures(
    recipe: Recipe, data: Path, boxes: Boxes, indices: Sequence[int], file: Path, *, processes: int
) -> Pictures:
    """Make samples, fit them as serving does, and keep them in `file` for the next time."""
    if not file.exists():
        made = _make_all(recipe, data, boxes, indices, processes)
        _write(file, recipe.input, len(indices), show_progress(made, len(indices), "samples"))
    return _read(file)


def read_photos(recipe: Recipe, photos: Sequence[Photo], file: Path) -> Pictures:
    """Read photos exactly as serving does: decode and fit, nothing else."""
    if not file.exists():
        fitted = ((*_read_one(photo, recipe.input),) for photo in photos)
        _write(file, recipe.input, len(photos), show_progress(fitted, len(photos), "photos"))
    return _read(file)


Row = tuple[NDArray[np.uint8], int, int, str, str, list[list[int]]]


def _read_one(photo: Photo, spec: InputSpec) -> Row:
    side = (spec.width, spec.height)
    image = serving.decode(photo.path.read_bytes(), smallest=side)
    bits = 0 if photo.fold < 0 else 1 << photo.fold
    return serving.fit(image, spec), photo.label, bits, photo.source, photo.name, []


def _make_all(
    recipe: Recipe, data: Path, boxes: Boxes, indices: Sequence[int], processes: int
) -> Iterator[Row]:
    if processes == 1:
        _start(recipe, data, boxes)
        yield from map(_make_one, indices)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, _start, (recipe, data, boxes)) as pool:
        for start in range(0, len(indices), 512):  # not all at once: the rows are large
            yield from pool.map(_make_one, indices[start : start + 512], chunksize=16)


_state: dict[str, Any] = {}


def _start(recipe: Recipe, data: Path, boxes: Boxes) -> None:
    _state["recipe"], _state["maker"] = recipe, build_maker(recipe, data, boxes)


def _make_one(index: int) -> Row:
    sample = _state["maker"].make(index)
    bits = sum(1 << fold for fold in sample.folds)
    pixels = serving.fit(sample.image, _state["recipe"].input)
    return pixels, sample.label, bits, sample.kind, str(index), sample.cells.tolist()


def _write(file: Path, spec: InputSpec, count: int, rows: Iterable[Row]) -> None:
    """Write pixels beside a list of the rest; the list comes last and says that all is there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    shape = (count, spec.height, spec.width, spec.channels)
    pixels = np.lib.format.open_memmap(file.with_suffix(".npy"), "w+", np.uint8, shape)
    rest = []
    for place, (fitted, *others) in enumerate(rows):
        pixels[place] = fitted
        rest.append(others)
    pixels.flush()
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps(rest), "utf-8")
    partial.replace(file)


def _read(file: Path) -> Pictures:
    rest = json.loads(file.read_text("utf-8"))
    labels, folds, groups, names, cells = zip(*rest, strict=True)
    return Pictures(
        pixels=np.load(file.with_suffix(".npy"), mmap_mode="r"),
        labels=np.array(labels, np.int8),
        folds=np.array(folds, np.int64),
        groups=np.array(groups),
        names=np.array(names),
        cells=np.array(cells, np.uint8),
    )
