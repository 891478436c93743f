"""Cuts people, or their clothes without them, out of photos by a mask, and lays them on a ground.

Clothes are the commonest thing that looks like a person and is none. The two pictures of a pair
are made by the same steps and differ in skin and hair alone. Masks: 0 ground, 1 upper clothes,
2 other clothes and shoes, 3 bag, 4 skin and hair (those of Clothing Co-Parsing).
"""

from collections.abc import Collection
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from models.training.degrade import Rng
from models.training.framing import Place
from models.training.recipes import Recipe
from models.training.sources import Photo

_WORN = ((1,), (1,), (2,), (1, 2), (1, 2, 3))  # what lies there without its wearer
_LEAST = 0.01  # share of the photo that a cut covers at least
_SKIN = 4


def find_masked(recipe: Recipe, data: Path, photos: Collection[Photo]) -> dict[str, Path]:
    """Return the masks of the photos that have one, by the photo's name."""
    if "masks" not in recipe.extras:
        return {}
    masks = {path.stem: path for path in sorted((data / recipe.extras["masks"]).glob("*.png"))}
    return {p.name: masks[p.path.stem] for p in photos if p.path.stem in masks}


def cut_out(image: Image.Image, mask: Path, rng: Rng, *, person: bool) -> Image.Image | None:
    """Return a person, or clothes alone, as RGBA; None when the photo shows too little of it."""
    with Image.open(mask) as opened:
        classes = np.asarray(opened.resize(image.size, Image.Resampling.NEAREST))
    taken = (1, 2, 3, _SKIN) if person else _WORN[int(rng.integers(len(_WORN)))]
    inside = np.isin(classes, taken)
    if inside.mean() < _LEAST or (person and (classes == _SKIN).mean() < _LEAST / 4):
        return None
    alpha = Image.fromarray(inside.astype(np.uint8) * 255)
    alpha = alpha.filter(ImageFilter.MedianFilter(5)).filter(ImageFilter.MinFilter(3))
    area = alpha.getbbox()
    if area is None:
        return None
    cut = image.copy()
    cut.putalpha(alpha.filter(ImageFilter.GaussianBlur(0.8)))
    return cut.crop(area)


def lay(ground: Image.Image, cut: Image.Image, rng: Rng) -> Place:
    """Lay a cut on a ground, turned a little, up to a fifth of it outside; tell where it is."""
    cut = cut.rotate(float(rng.normal(0, 10)), Image.Resampling.BILINEAR, expand=True)
    scale = rng.uniform(0.4, 1.1) * min(ground.height / cut.height, ground.width / cut.width)
    cut = cut.resize(
        (max(8, round(cut.width * scale)), max(8, round(cut.height * scale))),
        Image.Resampling.BILINEAR,
    )
    left = int(rng.uniform(-0.2 * cut.width, ground.width - 0.8 * cut.width))
    top = int(rng.uniform(-0.2 * cut.height, ground.height - 0.8 * cut.height))
    ground.paste(cut.convert("RGB"), (left, top), cut.getchannel("A"))
    right, bottom = left + cut.width, top + cut.height
    return max(0, left), max(0, top), min(ground.width, right), min(ground.height, bottom)
