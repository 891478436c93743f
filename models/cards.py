"""The model cards in a folder of artefacts, for whoever shows them: text, plots, headline numbers.

Standard library only. Reads what the training wrote beside each model and never the model itself,
so that an image that only shows cards can leave the models out. A folder that is no artefact is
left out; so is one whose manifest cannot be used, which a worker says much louder.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.catalogue import artefact_folder, order_version
from models.errors import CatalogueError, ManifestError
from models.manifest import Manifest, load_manifest

CARD_FILE = "MODEL_CARD.md"
METRICS_FILE = "metrics.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What is known of one version of a model. `plots` are PNG files in `folder`."""

    folder: Path
    manifest: Manifest
    text: str  # Markdown
    plots: tuple[str, ...]
    metrics: Mapping[str, Any]

    @property
    def figures(self) -> "tuple[Figure, ...]":
        """The numbers on pictures that training never saw, if the metrics have them."""
        held_out = self.metrics.get("held_out", {})
        found = ((name, held_out.get(name)) for name in ("photos", "made"))
        return tuple(_read_figure(name, one) for name, one in found if _is_figure(one))


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """How a model did on one set of pictures; shares from 0 to 1, with a 95 % interval.

    `positives`: how many of the pictures have the model's second label; few make a number weak.
    None where the metrics do not tell.
    """

    name: str  # photos, or made (composed and degraded pictures)
    pictures: int
    positives: int | None
    balanced_accuracy: float
    low: float
    high: float
    auc: float


def list_cards(root: Path) -> list[Card]:
    """Read the cards of all versions, by model and newest version first; none without a folder."""
    folders = [path.parent for path in root.glob("*/*/manifest.toml")]
    folders.sort(key=lambda folder: order_version(folder.name), reverse=True)
    cards = [card for folder in folders if (card := _read(folder))]
    return sorted(cards, key=lambda card: card.manifest.name)  # stable: versions stay in order


def find_card(root: Path, model: str, version: str) -> Card | None:
    """Read one card; None where there is none, or where a name could lead out of `root`."""
    try:
        return _read(artefact_folder(model, version, root))
    except CatalogueError:
        return None


def _read(folder: Path) -> Card | None:
    try:
        manifest = load_manifest(folder)
        text = _read_text(folder / CARD_FILE)
        metrics = json.loads(_read_text(folder / METRICS_FILE) or "{}")
    except (ManifestError, OSError, ValueError):
        return None
    return Card(
        folder=folder,
        manifest=manifest,
        text=text,
        plots=tuple(sorted(path.name for path in folder.glob("*.png"))),
        metrics=metrics if isinstance(metrics, dict) else {},
    )


def _read_text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _is_figure(found: object) -> bool:
    return isinstance(found, dict) and {"pictures", "balanced_accuracy", "auc"} <= found.keys()


def _read_figure(name: str, found: Any) -> Figure:
    balanced = found["balanced_accuracy"]
    return Figure(
        name=name,
        pictures=found["pictures"],
        positives=found.get("positive"),
        balanced_accuracy=balanced["value"],
        low=balanced["low"],
        high=balanced["high"],
        auc=found["auc"]["value"],
    )
