"""One training of a network, from a dataset to an artefact, in steps that keep what they made."""

import dataclasses
import datetime
import importlib.metadata
import json
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from models.manifest import InputSpec, Manifest, OutputSpec
from models.training.datasets.entries import Split
from models.training.datasets.sheets import Tile, draw_tiles
from models.training.networks.batches import list_labels, open_parts
from models.training.networks.build import build_network
from models.training.networks.card import write_card
from models.training.networks.export import (
    Variant,
    close_network,
    compare_variants,
    describe,
    make_variants,
    pick,
    write_folder,
)
from models.training.networks.fit import fit_network, score_logits
from models.training.networks.judge import Judged, OperatingPoint, judge, set_point, to_scores
from models.training.networks.plots import draw_judged
from models.training.networks.recipe import NetRecipe
from models.training.progress import say

_CALIBRATED_ON = 200  # pictures that show int8 which values to expect


class NetRun:
    """A recipe on a dataset, and the folder where the run keeps what it made."""

    def __init__(self, recipe: NetRecipe, data: Path, folder: Path) -> None:
        """Open the dataset.

        Raises:
            DatasetError: when it does not fit the recipe.
        """
        self.recipe, self.data, self.folder = recipe, data, folder
        self.labels = list_labels(recipe, data)
        self.parts = open_parts(data, self.labels)

    @cached_property
    def network(self) -> keras.Model:
        """The fitted network; a fit that was stopped goes on, one that is done is loaded."""
        return fit_network(self.recipe, self.labels, self.parts, self.folder)

    @cached_property
    def judged_split(self) -> Split:
        """The part that is measured: test, or validation where nobody gave test pictures."""
        return Split.TEST if self.parts[Split.TEST].entries else Split.VALIDATION

    def _read(self, split: Split) -> NDArray[np.uint8]:
        return self.parts[split].read_all(self.recipe.input)

    @cached_property
    def point(self) -> OperatingPoint:
        """Temperature, threshold and unsure band, from the validation part alone."""
        logits = score_logits(self.network, self._read(Split.VALIDATION), self.recipe)
        labels = self.parts[Split.VALIDATION].labels
        return set_point(logits, labels, self.labels, self.recipe.aim)

    @cached_property
    def _logits(self) -> NDArray[np.float64]:
        return score_logits(self.network, self._read(self.judged_split), self.recipe)

    def evaluate(self) -> Judged:
        """Measure the network; write metrics.json, plots and the sheet of the most wrong."""
        split, part = self.judged_split, self.parts[self.judged_split]
        if split != Split.TEST:
            say("evaluate: no test pictures, so validation is measured: the numbers flatter")
        pixels = self._read(split)
        judged = judge(part, split, self._logits, pixels, self.labels, self.point)
        report = {"split": str(split), "point": dataclasses.asdict(self.point)} | judged.metrics
        (self.folder / "metrics.json").write_text(json.dumps(report, indent=1) + "\n", "utf-8")
        draw_judged(self.folder, self.recipe.name, self.labels, judged, self.point)
        self._draw_wrong(judged)
        return judged

    def _draw_wrong(self, judged: Judged) -> None:
        """Show the wrong answers, the surest first."""
        part = self.parts[judged.split]
        rows = np.flatnonzero(judged.called != judged.labels)
        true = judged.scores[rows, judged.labels[rows]]
        tiles = [
            Tile(
                path=part.folder / part.entries[row].file,
                text=f"{self.labels[judged.labels[row]]} {score:.2f}",
            )
            for row, score in sorted(zip(rows, true, strict=True), key=lambda pair: pair[1])
        ]
        draw_tiles(tiles, self.folder / "wrong.png")

    def export(self, folder: Path, judged: Judged) -> Manifest:
        """Write the artefact: the best kind of file, manifest, golden inputs, numbers, card."""
        say("export: converts to float, dynamic-range and int8")
        fresh = build_network(
            self.recipe.network, self.recipe.input, len(self.labels), self.data, pretrained=False
        )
        fresh.set_weights(self.network.get_weights())
        train = self.parts[Split.TRAIN]
        rng = np.random.default_rng(self.recipe.seed)
        rows = rng.permutation(len(train.entries))[:_CALIBRATED_ON]
        shown = [train.read(int(row), self.recipe.input) for row in rows]
        closed = close_network(fresh, self.point.temperature)
        variants = make_variants(closed, self.recipe.input, shown)
        manifests = {variant.name: self._describe(variant) for variant in variants}
        validation = self._read(Split.VALIDATION), self.parts[Split.VALIDATION].labels
        exact = to_scores(self._logits, self.point.temperature)
        test = self._read(self.judged_split), exact
        found = compare_variants(variants, manifests, validation, test, self.point.threshold)
        chosen, why = pick(found)
        say(f"export: {chosen}, {why}")
        content = next(variant.content for variant in variants if variant.name == chosen)
        manifest = write_folder(folder, manifests[chosen], content)
        metrics = self._collect(judged, found, chosen, why)
        (folder / "metrics.json").write_text(json.dumps(metrics, indent=1) + "\n", "utf-8")
        draw_judged(folder, self.recipe.name, self.labels, judged, self.point)
        write_card(folder, self.recipe, manifest, metrics)
        return manifest

    def _describe(self, variant: Variant) -> Manifest:
        binary, point = len(self.labels) == 2, self.point
        spec: InputSpec = dataclasses.replace(self.recipe.input, dtype=variant.dtype)
        tools = [f"{one} {importlib.metadata.version(one)}" for one in ("tensorflow", "keras")]
        network = self.recipe.network
        return describe(
            name=self.recipe.name,
            version=self.recipe.version,
            title=self.recipe.title,
            labels=self.labels,
            spec=spec,
            content=variant.content,
            output=OutputSpec(
                activation="sigmoid" if binary else "softmax",
                positive=self.labels[1] if binary else None,
                threshold=point.threshold,
                unsure=point.unsure,
                threshold_chosen=point.chosen,
            ),
            provenance={
                "recipe": f"{self.recipe.name} {self.recipe.digest()}",
                "network": f"{network.architecture}, weights {network.weights}",
                "kind": variant.name,
                "data": f"{sum(len(part.entries) for part in self.parts.values())} pictures",
                "licence": self._list_licences(),
                "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
                "tools": ", ".join(tools),
            },
        )

    def _list_licences(self) -> str:
        named = {entry.licence for part in self.parts.values() for entry in part.entries}
        return ", ".join(sorted(named - {""})) or "not stated"

    def _collect(
        self, judged: Judged, found: dict[str, dict[str, Any]], chosen: str, why: str
    ) -> dict[str, Any]:
        counts = {
            str(split): {
                label: int((part.labels == place).sum()) for place, label in enumerate(self.labels)
            }
            for split, part in self.parts.items()
        }
        return {
            "threshold": self.point.threshold,
            "unsure": list(self.point.unsure),
            "temperature": self.point.temperature,
            "split": str(judged.split),
            "counts": counts,
            "held_out": {"photos": judged.metrics},
            "variants": found,
            "chosen": chosen,
            "why": why,
            "milliseconds": found[chosen]["milliseconds"],
            "bytes": found[chosen]["bytes"],
        }
