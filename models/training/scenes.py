"""Makes training pictures for a gate model out of photos: whole, cropped, and pasted together.

People in the photos of one source always look and stand alike, and empty scenes come from other
sources than people do. To keep a model from learning the source instead of the person, people are
also cut out as soft-edged boxes and pasted on empty scenes, parts without people are cut out of
photos with people, and negatives are pasted by the same steps. Further samples show people cut by
mask, and clothes that nobody wears. Each picture notes the folds of all
photos that went into it, so that a held-out source can be kept out entirely.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from models.training.degrade import Rng, degrade
from models.training.framing import UNKNOWN, Cells, Place, add_bars, cover, mirror, tilt
from models.training.garments import cut_out, lay
from models.training.recipes import Recipe
from models.training.sources import Box, Photo

SEEN, MAYBE = 0.45, 0.05  # detector scores: surely a person; perhaps a person
GUIDES = 0.3  # detector score from which a box tells where a person is in a picture that has one
Look = Callable[[Image.Image], Sequence[Box]]
Made = tuple[Image.Image, list[Photo], list[Place]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One training picture, its label and the folds whose photos it contains."""

    image: Image.Image
    label: int
    folds: frozenset[int]
    kind: str
    cells: Cells  # where in the picture that is which makes it a positive


def size_grid(recipe: Recipe) -> tuple[int, int]:
    """Return rows and columns of the network's last features: one for each 32 pixels."""
    return -(-recipe.input.height // 32), -(-recipe.input.width // 32)


class SceneMaker:
    """Makes the sample of any index; equal index, recipe and photos give equal pictures."""

    def __init__(
        self,
        recipe: Recipe,
        photos: Sequence[Photo],
        look: Look | None = None,
        masks: Mapping[str, Path] | None = None,
    ) -> None:
        self._recipe, self._look, self._masks = recipe, look, masks or {}
        self._masked = _Draw([p for p in photos if p.label and p.name in self._masks])
        self._of_label = [_Draw([p for p in photos if p.label == label]) for label in (0, 1)]
        self._boxed = _Draw([p for p in photos if p.label and _sure(p)])
        self._looked_at = _Draw([p for p in photos if p.label and p.boxes is not None])
        self._kinds = [k for k in recipe.samples.kinds if k == "whole" or self._boxed.photos]
        shares = np.array([recipe.samples.kinds[kind] for kind in self._kinds])
        self._shares = shares / shares.sum()

    def make(self, index: int) -> Sample:
        """Make sample number `index`."""
        rng = np.random.default_rng([self._recipe.seed, index])
        label = index % 2
        kind = str(rng.choice(self._kinds, p=self._shares))
        if index >= self._recipe.samples.count and self._masked.photos:
            kind = "dress"
        image, photos, places = getattr(self, f"_make_{kind}")(label, rng)
        if rng.random() < 0.5:
            image, places = mirror(image, places)
        if rng.random() < 0.15:
            image, places = tilt(image, places, rng)
        if rng.random() < 0.05 * self._recipe.samples.strength:
            image, places = add_bars(image, places, rng)
        cells = self._find_cells(image, places, label)
        image = degrade(image, rng, strength=self._recipe.samples.strength)
        folds = frozenset(photo.fold for photo in photos)
        return Sample(image=image, label=label, folds=folds, kind=kind, cells=cells)

    def _find_cells(self, image: Image.Image, places: list[Place], label: int) -> Cells:
        """Tell where people are: as pasted, and where the detector sees them before degradation."""
        grid = size_grid(self._recipe)
        if not label:
            return cover(image.size, grid, [])
        boxes = self._look(image) if self._look else ()
        sure = [*places, *(box[:4] for box in boxes if box[4] >= GUIDES)]
        perhaps = [box[:4] for box in boxes if MAYBE <= box[4] < GUIDES]
        if not sure:
            return np.full(grid, UNKNOWN, np.uint8)
        return cover(image.size, grid, sure, perhaps)

    def _make_whole(self, label: int, rng: Rng) -> Made:
        photo = self._of_label[label].pick(rng)
        return photo.open(), [photo], []

    def _make_crop(self, label: int, rng: Rng) -> Made:
        """Cut a person with more or less surroundings, or a part without people."""
        if label:
            photo = self._boxed.pick(rng)
            image = photo.open()
            return image.crop(_around(_pick_box(photo, rng), image.size, rng)), [photo], []
        if rng.random() < 0.6:
            photo = self._looked_at.pick(rng)
            image = photo.open()
            window = find_empty(photo, image.size, rng)
            if window is not None:
                return image.crop(window), [photo], []
        photo = self._of_label[0].pick(rng)
        image = photo.open()
        return image.crop(_window(image.size, rng, 0.35, 1.0)), [photo], []

    def _make_paste(self, label: int, rng: Rng) -> Made:
        """Paste a soft-edged box, with or without a person, on a scene without people."""
        return self._paste(label, rng, count=1, heights=(0.15, 0.95))

    def _make_far(self, label: int, rng: Rng) -> Made:
        """Paste up to three small ones, as people look from a camera high on a wall."""
        return self._paste(label, rng, count=int(rng.integers(1, 4)), heights=(0.09, 0.3))

    def _paste(self, label: int, rng: Rng, *, count: int, heights: tuple[float, float]) -> Made:
        scene_photo = self._of_label[0].pick(rng)
        scene = _enlarge(scene_photo.open(), 240)
        photos, places = [scene_photo], []
        for _ in range(count):
            if label:
                photo = self._boxed.pick(rng)
                image = photo.open()
                piece = image.crop(_grow(_pick_box(photo, rng), image.size, rng.uniform(0, 0.25)))
            else:
                piece, photo = self._cut_empty(rng)
            photos.append(photo)
            places.append(paste_softly(scene, piece, rng, heights=heights))
        return scene, photos, places if label else []

    def _make_dress(self, label: int, rng: Rng) -> Made:
        """Lay a person, or clothes without one, on a part of a scene without people."""
        scene_photo = self._of_label[0].pick(rng)
        scene = scene_photo.open()
        ground = _enlarge(scene.crop(_window(scene.size, rng, 0.4, 1.0)), 240)
        cut = None
        while cut is None:
            photo = self._masked.pick(rng)
            cut = cut_out(photo.open(), self._masks[photo.name], rng, person=bool(label))
        place = lay(ground, cut, rng)
        return ground, [scene_photo, photo], [place] if label else []

    def _cut_empty(self, rng: Rng) -> tuple[Image.Image, Photo]:
        if rng.random() < 0.4:
            photo = self._looked_at.pick(rng)
            image = photo.open()
            window = find_empty(photo, image.size, rng)
            if window is not None:
                return image.crop(window), photo
        photo = self._of_label[0].pick(rng)
        image = photo.open()
        return image.crop(_window(image.size, rng, 0.3, 1.0)), photo


class _Draw:
    """Draws photos so that a source counts by the square root of its size, times its weight."""

    def __init__(self, photos: Sequence[Photo]) -> None:
        self.photos = list(photos)
        sizes: dict[str, int] = {}
        for photo in photos:
            sizes[photo.source] = sizes.get(photo.source, 0) + 1
        weights = np.array([p.weight * sizes[p.source] ** -0.5 for p in photos])
        self._upto = np.cumsum(weights)

    def pick(self, rng: Rng) -> Photo:
        place = np.searchsorted(self._upto, rng.random() * self._upto[-1], side="right")
        return self.photos[min(int(place), len(self.photos) - 1)]


def _enlarge(image: Image.Image, side: int) -> Image.Image:
    """Return a copy whose longer side has `side` pixels at least: small ones stay visible."""
    scale = max(1.0, side / max(image.size))
    size = (round(image.width * scale), round(image.height * scale))
    return image.resize(size, Image.Resampling.BILINEAR) if scale > 1 else image.copy()


def _sure(photo: Photo) -> list[Box]:
    return [
        box
        for box in photo.boxes or ()
        if box[4] >= SEEN and box[2] - box[0] >= 16 and box[3] - box[1] >= 24
    ]


def _pick_box(photo: Photo, rng: Rng) -> Box:
    boxes = _sure(photo)
    return boxes[int(rng.integers(len(boxes)))]


def _grow(box: Box, size: tuple[int, int], share: float) -> tuple[int, int, int, int]:
    """Widen a box by a share of its sides, within the picture."""
    across, down = (box[2] - box[0]) * share, (box[3] - box[1]) * share
    left, top = max(0, int(box[0] - across)), max(0, int(box[1] - down))
    return left, top, min(size[0], int(box[2] + across) + 1), min(size[1], int(box[3] + down) + 1)


def _around(box: Box, size: tuple[int, int], rng: Rng) -> tuple[int, int, int, int]:
    """Choose a window that holds the upper part of a person at least, with any surroundings."""
    left, top, right, bottom, _score = box
    if rng.random() < 0.35:  # only head and trunk
        bottom = top + (bottom - top) * rng.uniform(0.35, 0.8)
    wide, high = right - left, bottom - top
    room = rng.uniform(0, 1.2, 4) ** 2 * np.array([wide, high, wide, high])
    return (
        max(0, int(left - room[0])),
        max(0, int(top - room[1])),
        min(size[0], int(right + room[2]) + 1),
        min(size[1], int(bottom + room[3]) + 1),
    )


def _window(
    size: tuple[int, int], rng: Rng, least: float, most: float
) -> tuple[int, int, int, int]:
    width = max(8, int(size[0] * rng.uniform(least, most)))
    height = max(8, int(size[1] * rng.uniform(least, most)))
    left = int(rng.integers(0, size[0] - width + 1)) if size[0] > width else 0
    top = int(rng.integers(0, size[1] - height + 1)) if size[1] > height else 0
    return left, top, left + width, top + height


def find_empty(photo: Photo, size: tuple[int, int], rng: Rng) -> tuple[int, int, int, int] | None:
    """Find a window that touches nothing which the detector took for a person, however faintly."""
    people = [box for box in photo.boxes or () if box[4] >= MAYBE]
    if not people:
        return None  # a photo with people in which none was found says nothing about its parts
    for _ in range(12):
        window = _window(size, rng, 0.25, 0.7)
        if min(window[2] - window[0], window[3] - window[1]) < 40:
            continue
        if not any(_touch(window, _grow(box, size, 0.08)) for box in people):
            return window
    return None


def _touch(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def paste_softly(
    scene: Image.Image, piece: Image.Image, rng: Rng, *, heights: tuple[float, float]
) -> Place:
    """Paste a piece at a random place, its edges fading, partly outside at times; tell where.

    Its height is a share of the scene's between the two `heights`, small ones as often as large.
    """
    width, height = scene.size
    high = max(12, int(height * 10 ** rng.uniform(*np.log10(heights))))
    wide = max(8, int(high * piece.width / piece.height * rng.uniform(0.85, 1.2)))
    if wide > width:
        wide, high = width, max(12, high * width // wide)
    piece = piece.resize((wide, high), Image.Resampling.BOX, reducing_gap=None)
    mask = Image.new("L", (wide, high), 0)
    edge = max(1, int(min(wide, high) * rng.uniform(0.02, 0.12)))
    if wide > 2 * edge and high > 2 * edge:
        mask.paste(255, (edge, edge, wide - edge, high - edge))
    mask = mask.filter(ImageFilter.GaussianBlur(edge / 2))
    left = int(rng.uniform(-0.3 * wide, width - 0.7 * wide))  # up to 30 % outside
    top = int(rng.uniform(-0.1 * high, height - 0.75 * high))
    scene.paste(piece, (left, top), mask)
    return max(0, left), max(0, top), min(width, left + wide), min(height, top + high)
