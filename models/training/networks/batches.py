"""Feeds a network: pictures of one split, changed anew in every epoch, in batches.

What a picture becomes depends on the seed, the epoch and the picture alone, never on how many
threads made it or where a training was stopped.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.classifiers import image as serving
from models.manifest import InputSpec
from models.training.datasets.entries import DatasetError, Entry, Split, read_manifest
from models.training.networks.augment import Augmentation, augment
from models.training.networks.recipe import NetRecipe
from models.training.progress import show_progress

_THREADS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The pictures of one split of a dataset."""

    folder: Path
    entries: tuple[Entry, ...]
    labels: NDArray[np.int64]  # (n,) index into the label names

    def read(self, index: int, spec: InputSpec) -> NDArray[np.uint8]:
        """Read a picture as serving does: decode and fit, nothing else."""
        data = (self.folder / self.entries[index].file).read_bytes()
        image = serving.decode(data, smallest=(spec.width, spec.height))
        return serving.fit(image, spec)

    def read_all(self, spec: InputSpec) -> NDArray[np.uint8]:
        """Read all pictures, shape (n, height, width, 3)."""
        if not self.entries:
            return np.zeros((0, spec.height, spec.width, 3), np.uint8)
        with ThreadPoolExecutor(_THREADS) as pool:
            count = len(self.entries)
            read = pool.map(lambda place: self.read(place, spec), range(count))
            return np.stack(list(show_progress(read, count, "reading")))


def open_parts(folder: Path, labels: Sequence[str]) -> dict[Split, Part]:
    """Read a dataset's manifest and return its splits.

    Raises:
        DatasetError: when it has other labels, or a label has no picture to learn from or to
            choose the threshold on.
    """
    entries = read_manifest(folder)
    if found := sorted({entry.label for entry in entries} - set(labels)):
        raise DatasetError(f"{folder} has the labels {found}, the recipe only {list(labels)}")
    parts = {}
    for split in Split:
        mine = tuple(entry for entry in entries if entry.split == split)
        known = [labels.index(entry.label) for entry in mine]
        parts[split] = Part(folder=folder, entries=mine, labels=np.array(known, np.int64))
        missing = [label for place, label in enumerate(labels) if place not in known]
        if missing and split != Split.TEST:
            raise DatasetError(
                f"{folder} has no picture of {', '.join(missing)} for {split}: add pictures of "
                "other days, cameras or places (other subfolders) and prepare it again"
            )
    return parts


def list_labels(recipe: NetRecipe, folder: Path) -> tuple[str, ...]:
    """Return the labels in the order of the outputs: as the recipe says, else by name.

    Raises:
        DatasetError: when there are fewer than two, or `positive` is none of them.
    """
    labels = recipe.labels or tuple(sorted({entry.label for entry in read_manifest(folder)}))
    if len(labels) < 2:
        raise DatasetError(f"{folder} has the labels {list(labels)}; two or more are needed")
    if recipe.positive is None:
        return labels
    if recipe.positive not in labels:
        raise DatasetError(f"positive is {recipe.positive!r}, which is none of {list(labels)}")
    if len(labels) != 2:
        raise DatasetError(f"positive is for two labels; {folder} has {len(labels)}")
    return (*(label for label in labels if label != recipe.positive), recipe.positive)


def normalise(pixels: NDArray[np.uint8], spec: InputSpec) -> NDArray[np.float32]:
    """Turn fitted pixels into what a network reads."""
    return (pixels.astype(np.float32) - np.float32(spec.mean)) / np.float32(spec.scale)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One step's pictures: values (n, height, width, 3) and labels (n,)."""

    values: NDArray[np.float32]
    labels: NDArray[np.int64]


def draw_batches(
    part: Part, spec: InputSpec, how: Augmentation, *, size: int, seed: int, epoch: int
) -> Iterator[Batch]:
    """Yield all pictures of a part once, shuffled and changed; the next batch is made meanwhile."""
    order = np.random.default_rng((seed, epoch)).permutation(len(part.entries))
    batches = [order[start : start + size] for start in range(0, len(order), size)]

    def make(index: int) -> NDArray[np.float32]:
        data = (part.folder / part.entries[index].file).read_bytes()
        image = serving.decode(data, smallest=(spec.width, spec.height))
        rng = np.random.default_rng((seed, epoch, int(index)))
        return normalise(serving.fit(augment(image, how, rng), spec), spec)

    with ThreadPoolExecutor(_THREADS) as pool:
        waiting = [pool.submit(make, int(index)) for index in batches[0]] if batches else []
        for number, rows in enumerate(batches):
            following = batches[number + 1] if number + 1 < len(batches) else ()
            ready, waiting = waiting, [pool.submit(make, int(index)) for index in following]
            values = np.stack([one.result() for one in ready])  # (n, height, width, 3)
            yield Batch(values=values, labels=part.labels[rows])
