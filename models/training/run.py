"""One training from data to artefact, in steps that keep what they made in a run folder.

prepare: pictures and activations. evaluate: a model for every fold, each judged on what it never
saw. build: one model from everything, with the threshold that the folds gave. A step that finds
the results of an earlier one under the same recipe does not make them again.
"""

import dataclasses
import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from models.training.architectures import cut_tail, cut_trunk
from models.training.backbones import open_backbone
from models.training.detector import find_people
from models.training.features import Activations, convert_float, keep_activations
from models.training.fit import average, fit_tail, score, split_rounds
from models.training.prepare import Boxes, Pictures, make_pictures, read_photos
from models.training.progress import say
from models.training.recipes import Recipe
from models.training.sources import list_photos

# Samples that judge the model which was fitted without their fold; more would only take time.
JUDGED_SAMPLES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What the later steps read."""

    trained: Pictures
    trained_activations: Activations
    photos: Pictures  # as they are, to judge
    photos_activations: Activations
    apart: Pictures | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """Every held-out picture with the score of the one model that never saw its fold."""

    labels: NDArray[np.int8]
    groups: NDArray[np.str_]
    names: NDArray[np.str_]
    folds: NDArray[np.int64]
    made: NDArray[np.bool_]
    scores: NDArray[np.float64]


class Run:
    """A run folder and the recipe and data that it belongs to."""

    def __init__(self, recipe: Recipe, data: Path, folder: Path, *, processes: int = 0) -> None:
        self.recipe, self.data, self.folder = recipe, data, folder
        self._processes = processes or os.cpu_count() or 1
        self._made = f"samples-{recipe.digest(of_samples=True)}"
        self._fitted = f"fit-{recipe.digest(of_samples=False)}"
        folder.mkdir(parents=True, exist_ok=True)

    def prepare(self) -> Prepared:
        """Make everything that a fit reads."""
        recipe = self.recipe
        boxes = self._find_boxes()

        trained = make_pictures(
            recipe,
            self.data,
            boxes,
            range(recipe.samples.total),
            self.folder / f"{self._made}-trained.json",
            processes=self._processes,
        )
        judged = [folder for folder in recipe.folders if folder.judged]
        listed = list_photos(self.data, recipe, judged, {})
        photos = read_photos(recipe, listed, self.folder / f"{self._made}-photos.json")
        away = list_photos(self.data, recipe, recipe.apart, {})
        apart = None
        if away:
            apart = read_photos(recipe, away, self.folder / f"{self._made}-apart.json")
        return Prepared(
            trained=trained,
            trained_activations=self._activate(trained, "trained"),
            photos=photos,
            photos_activations=self._activate(photos, "photos"),
            apart=apart,
        )

    def evaluate(self, prepared: Prepared) -> HeldOut:
        """Fit a model without each fold; score that fold's photos and some of its samples."""
        photos, samples = prepared.photos, prepared.trained
        photo_scores = np.full(len(photos.labels), np.nan)
        sample_scores = np.full(len(samples.labels), np.nan)
        for fold in range(self.recipe.fold_count):
            chosen = samples.without(fold)[: self.recipe.fit.fold_samples or None]
            if len(np.unique(samples.labels[chosen])) < 2:
                say(f"fold {fold + 1}: nothing to learn from without it, left out")
                continue
            say(f"fold {fold + 1} of {self.recipe.fold_count}: {len(chosen)} samples")
            tail = self._fit(prepared, chosen, f"fold{fold}")
            rows = photos.within(fold)
            photo_scores[rows] = score(tail, prepared.photos_activations, rows)
            rows = samples.within(fold)[:JUDGED_SAMPLES]
            sample_scores[rows] = score(tail, prepared.trained_activations, rows)
        return _join(photos, photo_scores, samples, sample_scores)

    def fit_all(self, prepared: Prepared) -> tuple[keras.Model, keras.Model]:
        """Fit the model that is shipped, on the samples of all folds; return trunk and tail."""
        chosen = np.arange(len(prepared.trained.labels))
        return self._build_trunk(), self._fit(prepared, chosen, "all")

    def _fit(self, prepared: Prepared, chosen: NDArray[np.int64], name: str) -> keras.Model:
        """Fit, or load the weights that an earlier call with the same recipe left."""
        file = self.folder / f"{self._fitted}-{name}.weights.h5"
        if file.exists():
            tail = self.open_tail(pretrained=False)
            tail.load_weights(file)
            return tail
        tail = self.open_tail()
        first, *second = split_rounds(self.recipe, chosen)
        self._fit_round(tail, prepared, first, f"{name}-round0", 0)
        ends = [tail.get_weights()]
        for part in range(1, self.recipe.fit.orders + 1 if second else 1):
            tail.set_weights(ends[0])
            self._fit_round(tail, prepared, second[0], f"{name}-round{part}", part)
            ends.append(tail.get_weights())
        tail.set_weights(average(ends))
        _save(tail, file)
        return tail

    def _fit_round(
        self, tail: keras.Model, prepared: Prepared, rows: NDArray[np.int64], name: str, part: int
    ) -> None:
        """Fit one round, or load what it gave before a kill."""
        file = self.folder / f"{self._fitted}-{name}.weights.h5"
        if file.exists():
            tail.load_weights(file)
            return
        fit_tail(
            tail,
            self.recipe,
            prepared.trained_activations,
            prepared.trained,
            rows,
            part=part,
        )
        _save(tail, file)

    def open_tail(self, *, pretrained: bool = True) -> keras.Model:
        """Build the part of the network that is fitted, with a new head."""
        backbone = open_backbone(self.recipe, self.data, pretrained=pretrained)
        return cut_tail(backbone, self.recipe.fit.starts, pooling=self.recipe.fit.pooling)

    def _build_trunk(self) -> keras.Model:
        return cut_trunk(open_backbone(self.recipe, self.data), self.recipe.fit.starts)

    @cached_property
    def _trunk_file(self) -> bytes:
        return convert_float(self._build_trunk())

    def _activate(self, pictures: Pictures, name: str) -> Activations:
        file = self.folder / f"{self._made}-{name}.activations.npy"
        spec, threads = self.recipe.input, self._processes
        return keep_activations(self._trunk_file, pictures.pixels, spec, file, threads=threads)

    def _find_boxes(self) -> Boxes:
        if "detector" not in self.recipe.extras:
            return {}
        file = self.folder / "boxes.json"
        if not file.exists():
            photos = list_photos(self.data, self.recipe, self.recipe.folders, {})
            found = find_people(self.data / self.recipe.extras["detector"], photos)
            file.write_text(json.dumps(found), "utf-8")
        noted: dict[str, list[Any]] = json.loads(file.read_text("utf-8"))
        return {name: [tuple(box) for box in boxes] for name, boxes in noted.items()}

    def read_for_peer(self, side: int, *, apart: bool = False) -> Pictures:
        """Read the judged photos, or those apart, at the size that a peer takes."""
        spec = dataclasses.replace(self.recipe.input, width=side, height=side, resize="stretch")
        recipe = dataclasses.replace(self.recipe, input=spec)
        judged = [folder for folder in recipe.folders if folder.judged]
        photos = list_photos(self.data, recipe, recipe.apart if apart else judged, {})
        name = f"{self._made}-peer{side}{'-apart' if apart else ''}.json"
        return read_photos(recipe, photos, self.folder / name)

    def keep(self, held: HeldOut) -> None:
        """Keep the held-out scores for whoever wants to look closer."""
        arrays = dataclasses.asdict(held)
        np.savez(self.folder / f"{self._fitted}-held-out.npz", **arrays)


def _save(tail: keras.Model, file: Path) -> None:
    """Write weights at once: a file of that name is whole."""
    partial = file.with_name(f"partial-{file.name}")
    tail.save_weights(partial)
    partial.replace(file)


def _join(
    photos: Pictures,
    photo_scores: NDArray[np.float64],
    samples: Pictures,
    sample_scores: NDArray[np.float64],
) -> HeldOut:
    """Put photos and made samples side by side and leave out what no model judged."""
    scores = np.concatenate([photo_scores, sample_scores])
    known = ~np.isnan(scores)
    return HeldOut(
        labels=np.concatenate([photos.labels, samples.labels])[known],
        groups=np.concatenate([photos.groups, samples.groups])[known],
        names=np.concatenate([photos.names, samples.names])[known],
        folds=np.concatenate([photos.folds, samples.folds])[known],
        made=(np.arange(len(scores)) >= len(photo_scores))[known],
        scores=scores[known],
    )
