"""Where the pictures come from: photos, their labels, their sources and their folds.

A source is where photos came from together (one repository, one camera, one day). Photos of one
source look alike, so a photo must never be judged by a model that saw its source: photos are
split by source, never one by one. Owns that split; refuses folders without pictures.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from models.classifiers import image as serving
from models.training.recipes import Folder, Recipe, RecipeError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif"})
Box = tuple[float, float, float, float, float]  # left, top, right, bottom in pixels; score


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """One picture on the disk and what is known about it."""

    path: Path
    name: str  # path below the data folder
    label: int  # index into the recipe's labels
    source: str
    fold: int  # the fold that holds it out; -1 is never held out and never trained on
    boxes: tuple[Box, ...] | None = None  # people a detector saw; None: nobody looked

    def open(self) -> Image.Image:
        """Decode the picture as serving does, at its full size."""
        return serving.decode(self.path.read_bytes(), smallest=None)


def name_source(path: Path, folder: Path) -> str:
    """Return the source of a photo: its subfolder, else its name up to the first underscore."""
    below = path.relative_to(folder)
    return below.parts[0] if len(below.parts) > 1 else path.stem.split("_")[0]


def assign_fold(source: str, recipe: Recipe) -> int:
    """Return the fold that holds a source out: as the recipe says, else spread by its name."""
    for number, sources in enumerate(recipe.folds):
        if source in sources:
            return number
    return spread(source, recipe.fold_count)


def spread(name: str, count: int) -> int:
    """Map a name to one of `count` folds, the same on every machine and in every run."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") % count


def list_photos(
    data: Path, recipe: Recipe, folders: Iterable[Folder], boxes: Mapping[str, Sequence[Box]]
) -> list[Photo]:
    """List the photos of some of the recipe's folders in a fixed order.

    `boxes` holds what a detector saw, by the photo's path below the data folder.

    Raises:
        RecipeError: when a folder that is not optional is missing or empty.
    """
    photos = []
    for folder in folders:
        root = data / folder.path
        paths = sorted(p for p in root.rglob("*") if p.suffix.lower() in SUFFIXES)
        if not paths and not folder.optional:
            raise RecipeError(f"no pictures in {root}: the recipe {recipe.name} expects them there")
        for path in paths:
            source = name_source(path, root)
            alone = recipe.extras.get("source_of") == "stem" and path.parent == root
            held_with = path.stem if alone else source
            name = path.relative_to(data).as_posix()
            photos.append(
                Photo(
                    path=path,
                    name=name,
                    label=recipe.labels.index(folder.label),
                    source=source,
                    fold=-1 if folder in recipe.apart else assign_fold(held_with, recipe),
                    boxes=tuple(boxes[name]) if name in boxes else None,
                )
            )
    return photos
