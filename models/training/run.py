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

from models.training.architectures import build_backbone, cut_tail, cut_trunk
from models.training.detector import find_people
from models.training.features import Activations, convert_float, keep_activations
from models.training.fit import fit_tail, score
from models.training.prepare import Boxes, Pictures, make_pictures, read_photos
from models.training.progress import say
from models.training.recipes import Recipe
from models.training.sources import list_photos


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What the later steps read."""

    trained: Pictures
    trained_activations: Activations
    held: tuple[Pictures, ...]  # photos, then made pictures if the recipe holds some out
    held_activations: tuple[Activations, ...]
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
        recipe, count = self.recipe, self.recipe.samples.count
        boxes = self._find_boxes()

        def make(first: int, last: int, name: str) -> Pictures:
            file = self.folder / f"{self._made}-{name}.json"
            indices = range(first, last)
            return make_pictures(recipe, self.data, boxes, indices, file, processes=self._processes)

        judged = [folder for folder in recipe.folders if folder.judged]
        photos = list_photos(self.data, recipe, judged, {})
        trained = make(0, count, "trained")
        held = [read_photos(recipe, photos, self.folder / f"{self._made}-photos.json")]
        if recipe.samples.held_out:
            held.append(make(count, count + recipe.samples.held_out, "held"))
        away = list_photos(self.data, recipe, recipe.apart, {})
        apart = None
        if away:
            apart = read_photos(recipe, away, self.folder / f"{self._made}-apart.json")
        return Prepared(
            trained=trained,
            trained_activations=self._activate(trained, "trained"),
            held=tuple(held),
            held_activations=tuple(self._activate(h, f"held{i}") for i, h in enumerate(held)),
            apart=apart,
        )

    def evaluate(self, prepared: Prepared) -> HeldOut:
        """Fit a model without each fold and score that fold's pictures with it."""
        scores = [np.full(len(held.labels), np.nan) for held in prepared.held]
        for fold in range(self.recipe.fold_count):
            chosen = prepared.trained.without(fold)
            if len(np.unique(prepared.trained.labels[chosen])) < 2:
                say(f"fold {fold + 1}: nothing to learn from without it, left out")
                continue
            say(f"fold {fold + 1} of {self.recipe.fold_count}: {len(chosen)} samples")
            tail = self._fit(prepared, chosen, f"fold{fold}")
            for held, kept, mine in zip(
                prepared.held, prepared.held_activations, scores, strict=True
            ):
                rows = held.within(fold)
                if len(rows):
                    mine[rows] = score(tail, kept, rows)
        return _join(prepared.held, scores)

    def fit_all(self, prepared: Prepared) -> tuple[keras.Model, keras.Model]:
        """Fit the model that is shipped, on the samples of all folds; return trunk and tail."""
        chosen = np.arange(len(prepared.trained.labels))
        return self._build_trunk(), self._fit(prepared, chosen, "all")

    def _fit(self, prepared: Prepared, chosen: NDArray[np.int64], name: str) -> keras.Model:
        """Fit, or load the weights that an earlier call with the same recipe left."""
        file = self.folder / f"{self._fitted}-{name}.weights.h5"
        if file.exists():
            backbone = build_backbone(
                self.recipe.input.height, self.recipe.input.width, pretrained=False
            )
            tail = cut_tail(backbone, self.recipe.fit.starts, pooling=self.recipe.fit.pooling)
            tail.load_weights(file)
            return tail
        tail = fit_tail(self.recipe, prepared.trained_activations, prepared.trained.labels, chosen)
        partial = file.with_name(f"partial-{file.name}")
        tail.save_weights(partial)
        partial.replace(file)
        return tail

    def _build_trunk(self) -> keras.Model:
        spec = self.recipe.input
        return cut_trunk(build_backbone(spec.height, spec.width), self.recipe.fit.starts)

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


def _join(parts: tuple[Pictures, ...], scores: list[NDArray[np.float64]]) -> HeldOut:
    every = np.concatenate(scores)
    known = ~np.isnan(every)
    made = np.concatenate([np.full(len(p.labels), i > 0) for i, p in enumerate(parts)])
    return HeldOut(
        labels=np.concatenate([p.labels for p in parts])[known],
        groups=np.concatenate([p.groups for p in parts])[known],
        names=np.concatenate([p.names for p in parts])[known],
        folds=np.concatenate([p.folds for p in parts])[known],
        made=made[known],
        scores=every[known],
    )
