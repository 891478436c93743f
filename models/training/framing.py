"""Changes of a picture's frame that take along where things are in it: mirrored, tilted, barred.

A place is (left, top, right, bottom) in pixels. Owns the grid on which a network is told where to
look: one cell for each place of its last features.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from models.training.degrade import Rng

Place = tuple[float, float, float, float]
Cells = NDArray[np.uint8]  # (n, m): EMPTY, THERE or UNKNOWN
EMPTY, THERE, UNKNOWN = 0, 1, 2
_TILT, _CUT = 9.0, 0.08  # degrees; share of each side that is cut after turning


def mirror(image: Image.Image, places: Sequence[Place]) -> tuple[Image.Image, list[Place]]:
    """Swap left and right."""
    width = image.width
    return ImageOps.mirror(image), [(width - r, t, width - x, b) for x, t, r, b in places]


def tilt(image: Image.Image, places: Sequence[Place], rng: Rng) -> tuple[Image.Image, list[Place]]:
    """Turn the picture by a few degrees and cut what was turned in."""
    degrees = rng.uniform(-_TILT, _TILT)
    turned = image.rotate(degrees, Image.Resampling.BILINEAR)
    across, down = int(image.width * _CUT), int(image.height * _CUT)
    angle, middle = np.deg2rad(degrees), np.array(image.size) / 2
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    moved = []
    for x, t, r, b in places:
        centre = turn @ (np.array([(x + r) / 2, (t + b) / 2]) - middle) + middle - (across, down)
        half = (r - x) / 2, (b - t) / 2
        moved.append(
            (centre[0] - half[0], centre[1] - half[1], centre[0] + half[0], centre[1] + half[1])
        )
    window = (across, down, image.width - across, image.height - down)
    return turned.crop(window), moved


def add_bars(
    image: Image.Image, places: Sequence[Place], rng: Rng
) -> tuple[Image.Image, list[Place]]:
    """Put bars above and below or left and right, as screenshots have them."""
    width, height = image.size
    bar = rng.uniform(0.04, 0.2)
    across, down = (round(width * bar), 0) if rng.random() < 0.5 else (0, round(height * bar))
    fill = (0, 0, 0) if rng.random() < 0.6 else (255, 255, 255)
    barred = ImageOps.expand(image, (across, down, across, down), fill)
    return barred, [(x + across, t + down, r + across, b + down) for x, t, r, b in places]


def cover(
    size: tuple[int, int],
    grid: tuple[int, int],
    sure: Sequence[Place],
    perhaps: Sequence[Place] = (),
) -> Cells:
    """Tell which cells of a grid (rows, columns) over a picture (width, height) hold something.

    A cell is THERE when half of it is covered or when the middle of a place lies in it, UNKNOWN
    when less of it is covered or when something may be in it.
    """
    rows, columns = grid
    covered, maybe = np.zeros(grid), np.zeros(grid, bool)
    for number, (x, t, r, b) in enumerate([*sure, *perhaps]):
        wide, high = size[0] / columns, size[1] / rows
        share = np.outer(_overlap(t / high, b / high, rows), _overlap(x / wide, r / wide, columns))
        maybe |= share > 0.02
        if number < len(sure):
            row = int(np.clip((t + b) / 2 / high, 0, rows - 1))
            column = int(np.clip((x + r) / 2 / wide, 0, columns - 1))
            covered = np.maximum(covered, share)
            covered[row, column] = 1.0
    return np.where(covered >= 0.5, THERE, np.where(maybe, UNKNOWN, EMPTY)).astype(np.uint8)


def _overlap(start: float, end: float, count: int) -> NDArray[np.float64]:
    """Return how much of each of `count` unit steps lies between start and end."""
    steps = np.arange(count)
    shared = np.minimum(end, steps + 1) - np.maximum(start, steps)
    return np.asarray(np.clip(shared, 0, None), np.float64)
