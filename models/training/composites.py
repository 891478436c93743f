"""Makes pictures of delivery riders out of photos of other people, because real ones are few.

The upper clothes of a person are dyed red with their own folds and shadows, and the word mark is
laid onto chest or back; or a delivery box is set beside or behind a person. For each way of making
a positive there are negatives made by the same steps: dyed without a mark, with a made-up word or
another brand's mark, in another brand's colour. Only the mark tells them apart.

Every photo, logo and font belongs to one fold, and a composite mixes parts of one fold alone: what
is measured on a held-out fold shares no part with what was trained on.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from models.training.boxes import draw_box, place_box
from models.training.degrade import Rng, degrade
from models.training.dress import Ink, dye, print_mark, trunk_mask
from models.training.framing import UNKNOWN, Cells, Place, add_bars, cover, tilt
from models.training.marks import FONTS, Mark, invent_word, read_mark, set_lines, write_word
from models.training.plans import crop_around, make_plan
from models.training.recipes import Recipe, RecipeError
from models.training.scenes import SEEN, Sample, size_grid
from models.training.sources import Photo

# A picture, what it shows, and where marks are in it.
Made = tuple[Image.Image, str, list[Place]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """All parts of one fold."""

    fold: int
    dressed: tuple[Photo, ...]  # with a mask of the clothes
    riders: tuple[Photo, ...]  # with boxes around people
    real: tuple[tuple[Photo, ...], tuple[Photo, ...]]  # negatives, positives
    marks: tuple[Mark, ...]
    brands: tuple[Mark, ...]
    fonts: tuple[str, ...]


class CompositeMaker:
    """Makes the sample of any index; equal index, recipe and data give equal pictures."""

    def __init__(self, recipe: Recipe, data: Path, photos: Sequence[Photo]) -> None:
        self._recipe = recipe
        self._masks = data / recipe.extras["masks"]
        marks = _read_marks(data / recipe.extras["marks"], narrowest=2.4)
        brands = _read_marks(data / recipe.extras["brands"], narrowest=0.6)
        masks = {path.stem for path in self._masks.glob("*.png")}
        self.pools = [
            _collect(recipe, photos, masks, marks, brands, fold)
            for fold in range(recipe.fold_count)
        ]
        kinds = recipe.samples.kinds
        self._kinds = list(kinds)
        self._shares = np.array(list(kinds.values())) / sum(kinds.values())

    def make(self, index: int) -> Sample:
        """Make sample number `index`."""
        rng = np.random.default_rng([self._recipe.seed, index])
        label, pool = index % 2, self.pools[index // 2 % len(self.pools)]
        kind = str(rng.choice(self._kinds, p=self._shares))
        image, detail, places = self._make(kind, label, pool, rng)
        if rng.random() < 0.2:
            image, places = tilt(image, places, rng)
        if rng.random() < 0.05 * self._recipe.samples.strength:
            image, places = add_bars(image, places, rng)
        cells = self._find_cells(image, places, label)
        image = degrade(image, rng, strength=self._recipe.samples.strength)
        folds = frozenset({pool.fold})
        return Sample(image=image, label=label, folds=folds, kind=detail, cells=cells)

    def _find_cells(self, image: Image.Image, places: list[Place], label: int) -> Cells:
        """Tell where the marks are; nobody noted it for real photos."""
        grid = size_grid(self._recipe)
        if label and not places:
            return np.full(grid, UNKNOWN, np.uint8)
        return cover(image.size, grid, places)

    def _make(self, kind: str, label: int, pool: Pool, rng: Rng) -> Made:
        if kind == "real" and pool.real[label]:
            return self._show_real(label, pool, rng), "real", []
        if kind == "rider" and pool.riders:
            return self._dress_rider(label, pool, rng)
        return self._dress_person(label, pool, rng)

    def _show_real(self, label: int, pool: Pool, rng: Rng) -> Image.Image:
        """Show a real photo, mirrored only if nothing in it can be read, a little cropped."""
        photo = pool.real[label][int(rng.integers(len(pool.real[label])))]
        image = photo.open()
        width, height = image.size
        cut = rng.uniform(0, 0.12, 4)
        window = (cut[0] * width, cut[1] * height, (1 - cut[2]) * width, (1 - cut[3]) * height)
        return image.crop(tuple(round(edge) for edge in window))

    def _dress_person(self, label: int, pool: Pool, rng: Rng) -> Made:
        photo = pool.dressed[int(rng.integers(len(pool.dressed)))]
        image = photo.open()
        with Image.open(self._masks / f"{photo.path.stem}.png") as opened:
            classes = opened.convert("L")
        if rng.random() < 0.5:
            image, classes = ImageOps.mirror(image), ImageOps.mirror(classes)
        size = (round(image.width * 1.5), round(image.height * 1.5))
        image = image.resize(size, Image.Resampling.BICUBIC)
        kinds = np.asarray(classes.resize(size, Image.Resampling.NEAREST))  # (h, w)
        clothes = Image.fromarray(((kinds == 1) * 255).astype(np.uint8))
        person = Image.fromarray(((kinds > 0) * 255).astype(np.uint8))
        return self._dress(image, clothes, person, label, pool, rng)

    def _dress_rider(self, label: int, pool: Pool, rng: Rng) -> Made:
        photo = pool.riders[int(rng.integers(len(pool.riders)))]
        boxes = _large(photo)
        left, top, right, bottom, _score = boxes[int(rng.integers(len(boxes)))]
        image = photo.open()
        if rng.random() < 0.5:
            image = ImageOps.mirror(image)
            left, right = image.width - right, image.width - left
        room = rng.uniform(0.1, 0.8, 4)
        wide, high = right - left, bottom - top
        window = (
            max(0, int(left - room[0] * wide)),
            max(0, int(top - room[1] * high / 2)),
            min(image.width, int(right + room[2] * wide) + 1),
            min(image.height, int(bottom + room[3] * high / 2) + 1),
        )
        image = image.crop(window)
        scale = min(4.0, 400 / max(image.size))
        image = image.resize(
            (round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC
        )
        body = tuple(
            (edge - window[i % 2]) * scale for i, edge in enumerate((left, top, right, bottom))
        )
        clothes, person = trunk_mask(image, body, rng)
        return self._dress(image, clothes, person, label, pool, rng)

    def _dress(
        self,
        image: Image.Image,
        clothes: Image.Image,
        person: Image.Image,
        label: int,
        pool: Pool,
        rng: Rng,
    ) -> Made:
        """Dye clothes, print marks, set a box; crop so that a positive's mark can be read."""
        area = clothes.getbbox()
        if area is None or (area[2] - area[0]) < 24 or (area[3] - area[1]) < 24:
            return (image, "plain", []) if not label else self._dress_person(label, pool, rng)
        plan = make_plan(label, rng)
        marked: list[Place] = []
        if plan.dyed is not None:
            image = dye(image, clothes, plan.dyed, rng)
        if plan.on_clothes != "nothing":
            image, place = print_mark(image, clothes, self._ink(plan.on_clothes, pool, rng), rng)
            if plan.on_clothes == "mark" and place is not None:
                marked.append(place)
        if plan.box is not None:
            ink = self._ink(plan.on_box, pool, rng)
            box, face = draw_box(rng, plan.box, None if plan.on_box == "nothing" else ink.image)
            image, place = place_box(image, person, area, box, face, rng)
            if plan.on_box == "mark":
                marked.append(place)
        if label and not marked:
            return self._dress_person(label, pool, rng)
        window = crop_around(image, person, area, marked, rng)
        x, y = window[:2]
        moved = [(left - x, top - y, right - x, bottom - y) for left, top, right, bottom in marked]
        return image.crop(window), plan.name, moved

    def _ink(self, what: str, pool: Pool, rng: Rng) -> Ink:
        font = pool.fonts[int(rng.integers(len(pool.fonts)))]
        if what == "mark":
            mark = pool.marks[int(rng.integers(len(pool.marks)))].ink
            if rng.random() < 0.45:
                lines = set_lines(mark, "ORDER ONLINE ON", "DOWNLOAD THE APP", font)
                return Ink(image=lines, upright=None, beside=None)
            beside = "order\nonline" if rng.random() < 0.6 else None
            return Ink(image=mark, upright=rng.random() < 0.5, beside=beside, font=font)
        if what == "brand":
            return Ink(image=pool.brands[int(rng.integers(len(pool.brands)))].ink, upright=None)
        word = write_word(invent_word(rng), font)
        if rng.random() < 0.3:
            word = set_lines(word, invent_word(rng).upper(), invent_word(rng).upper(), font)
        return Ink(image=word, upright=rng.random() < 0.4, beside=None, font=font)


def _large(photo: Photo) -> list[tuple[float, float, float, float, float]]:
    return [
        b for b in photo.boxes or () if b[4] >= SEEN and b[3] - b[1] >= 90 and b[2] - b[0] >= 36
    ]


def _collect(
    recipe: Recipe,
    photos: Sequence[Photo],
    masks: Collection[str],
    marks: Sequence[Mark],
    brands: Sequence[Mark],
    fold: int,
) -> Pool:
    """Gather the parts of one fold.

    Raises:
        RecipeError: when a fold has no clothes to dye or no mark to print.
    """
    mine = [photo for photo in photos if photo.fold == fold]
    plain = tuple(p for p in mine if p.path.stem not in masks and not p.label)
    pool = Pool(
        fold=fold,
        dressed=tuple(p for p in mine if p.path.stem in masks and not p.label),
        riders=tuple(p for p in plain if _large(p)),
        real=(plain, tuple(p for p in mine if p.label)),
        marks=tuple(marks[fold :: recipe.fold_count]),
        brands=tuple(brands[fold :: recipe.fold_count]),
        fonts=FONTS[fold :: recipe.fold_count],
    )
    if not pool.dressed or not pool.marks or not pool.brands:
        raise RecipeError(
            f"fold {fold} of {recipe.name} has {len(pool.dressed)} photos with masks, "
            f"{len(pool.marks)} marks and {len(pool.brands)} other brands' marks: "
            "each needs one at least"
        )
    return pool


def _read_marks(folder: Path, *, narrowest: float) -> list[Mark]:
    read = [read_mark(path, narrowest=narrowest) for path in sorted(folder.glob("*.png"))]
    return [mark for mark in read if mark is not None]
