"""Decides what a composite shows, and how much of the picture around it.

Owns the shares of each kind of positive and negative: for each way of making a positive there are
negatives that differ in the mark alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from models.training.degrade import Rng
from models.training.framing import Place

REDS = ((226, 35, 55), (203, 32, 45), (235, 30, 40), (190, 25, 45), (215, 45, 70))
OTHERS = (
    (245, 125, 35),
    (250, 140, 50),
    (20, 190, 160),
    (245, 205, 70),
    (20, 130, 60),
    (25, 30, 40),
    (30, 60, 140),
    (240, 240, 240),
    (110, 60, 140),
    (140, 140, 145),
)
_MARK_SHARE = 0.085  # least width of a mark over the width of the picture: 27 px of 320


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is dyed, printed and carried in one composite; None is left as it is."""

    name: str
    dyed: tuple[int, int, int] | None
    on_clothes: str = "nothing"  # mark, brand, word
    box: tuple[int, int, int] | None = None
    on_box: str = "nothing"


def make_plan(label: int, rng: Rng) -> Plan:
    """Choose what is dyed, printed and carried."""
    red = REDS[int(rng.integers(len(REDS)))]
    red_box = REDS[int(rng.integers(len(REDS)))]
    other = OTHERS[int(rng.integers(len(OTHERS)))]
    chance = rng.random()
    if label:
        if chance < 0.55:
            return Plan(name="marked shirt", dyed=red, on_clothes="mark")
        if chance < 0.75:
            return Plan(
                name="marked shirt and box", dyed=red, on_clothes="mark", box=red_box, on_box="mark"
            )
        dyed = red if rng.random() < 0.6 else None
        return Plan(name="marked box", dyed=dyed, box=red_box, on_box="mark")
    if chance < 0.15:
        return Plan(name="red, no mark", dyed=red)
    if chance < 0.45:
        what = "brand" if rng.random() < 0.4 else "word"
        return Plan(name="red, other mark", dyed=red, on_clothes=what)
    if chance < 0.57:
        what = "brand" if rng.random() < 0.7 else "word"
        return Plan(name="other colour, other mark", dyed=other, on_clothes=what)
    if chance < 0.8:
        dyed, box = (red, red_box) if rng.random() < 0.6 else (other, other)
        what = ("nothing", "brand", "word")[int(rng.integers(3))]
        return Plan(name="box without the mark", dyed=dyed, box=box, on_box=what)
    return Plan(name="plain", dyed=None)


def crop_around(
    image: Image.Image,
    person: Image.Image,
    area: tuple[int, int, int, int],
    marked: Sequence[Place],
    rng: Rng,
) -> tuple[int, int, int, int]:
    """Choose a window around the clothes and all marks, from the trunk alone to the whole picture.

    The window is never so wide that a mark becomes narrower than can be read.
    """
    body = person.getbbox() or area
    edges = np.array(marked or [area], np.float64)  # (n, 4)
    inner = [*edges[:, :2].min(0), *edges[:, 2:].max(0)]
    outer = (0, 0, *image.size) if rng.random() < 0.5 else body
    share = rng.random() ** 0.7
    window = []
    for i in range(4):
        far = min(inner[i], outer[i]) if i < 2 else max(inner[i], outer[i])
        window.append(inner[i] + (far - inner[i]) * min(1.0, share + rng.uniform(0, 0.35)))
    if marked:
        # Letters of an upright mark are as high as the mark is wide, a quarter of its length.
        long = [(r - x) * (4 if b - t > r - x else 1) for x, t, r, b in marked]
        spare = (window[2] - window[0]) - max(long) / _MARK_SHARE
        if spare > 0:
            window[0] = min(inner[0], window[0] + spare / 2)
            window[2] = max(inner[2], window[2] - spare / 2)
    left, top, right, bottom = (round(edge) for edge in window)
    return (
        max(0, left - 4),
        max(0, top - 4),
        min(image.width, max(right + 4, left + 40)),
        min(image.height, max(bottom + 4, top + 40)),
    )
