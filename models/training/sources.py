"""Where the pictures come from: photos, their labels, their sources and their folds.

A source is where photos came from together (one repository, one camera, one day). Photos of one
source look alike, so a photo must never be judged by a model that saw its source: photos are
split by source, never one by one. Owns that split; refuses folders without pictures.
"""

import csv
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
    weight: float = 1.0  # how often it is drawn, beside others of its source's size

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

    `boxes` holds what a detector saw, by the photo's path below the data folder. Photos in which
    it saw a person at a folder's `unless` or above are left out.

    Raises:
        RecipeError: when a folder that is not optional is missing or empty.
    """
    photos = []
    for folder in folders:
        root = data / folder.path
        paths = sorted(p for p in root.rglob("*") if p.suffix.lower() in SUFFIXES)
        if not paths and not folder.optional:
            raise RecipeError(f"no pictures in {root}: the recipe {recipe.name} expects them there")
        clips = _read_clips(data / folder.clips) if folder.clips else {}
        for path in paths:
            source = name_source(path, root)
            alone = recipe.extras.get("source_of") == "stem" and path.parent == root
            name = path.relative_to(data).as_posix()
            held_with = clips.get(name) or (path.stem if alone else source)
            seen = boxes.get(name)
            if folder.only and source not in folder.only:
                continue
            if seen and folder.unless is not None and max(b[4] for b in seen) >= folder.unless:
                continue
            photos.append(
                Photo(
                    path=path,
                    name=name,
                    label=recipe.labels.index(folder.label),
                    source=folder.source or source,
                    fold=-1 if folder in recipe.apart else assign_fold(held_with, recipe),
                    boxes=None if seen is None else tuple(seen),
                    weight=folder.weight,
                )
            )
    return photos


def _read_clips(table: Path) -> dict[str, str]:
    """Read which clip or camera each picture is from, so that none stands on two sides.

    The table has the columns `file` (below the data folder), `source_repo` and `path_in_repo`. What
    precedes a `#` there is a clip; a picture without one belongs to its folder.
    """
    if not table.exists():
        return {}
    clips = {}
    with table.open(encoding="utf-8", newline="") as opened:
        for row in csv.DictReader(opened):
            clip, mark, _frame = row["path_in_repo"].partition("#")
            place = clip if mark else clip.rpartition("/")[0]
            clips[row["file"]] = f"{row['source_repo']}/{place}"
    return clips
