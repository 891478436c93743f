"""Dyes clothes in a photo and prints marks onto them, so that folds and shadows stay.

Works on masks: where the clothes are, nothing else is touched; an arm or a bag in front of a mark
hides it, as it would.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from models.training.degrade import Rng
from models.training.marks import soften, write_word

Place = tuple[int, int, int, int]  # left, top, right, bottom in pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Ink:
    """What is printed and how: `upright` runs from bottom to top, as on the chest; None: never."""

    image: Image.Image  # "L"
    upright: bool | None = None
    beside: str | None = None
    font: str = "DejaVuSans-Bold.ttf"


def dye(
    image: Image.Image, clothes: Image.Image, colour: tuple[int, int, int], rng: Rng
) -> Image.Image:
    """Give the clothes a colour and keep their light and shade."""
    pixels = np.asarray(image, np.float32)  # (h, w, 3)
    shade = _shade(pixels, np.asarray(clothes) > 127, rng.uniform(0.45, 0.9))
    cover = np.asarray(clothes.filter(ImageFilter.GaussianBlur(1.0)), np.float32)[..., None] / 255
    tone = np.array(colour, np.float32) * rng.uniform(0.75, 1.1)
    dyed = shade[..., None] * tone + np.clip(shade - 1.15, 0, 1)[..., None] * 70  # (h, w, 3)
    mixed = pixels * (1 - cover) + dyed * cover
    return Image.fromarray(mixed.clip(0, 255).astype(np.uint8))


def _shade(
    pixels: NDArray[np.float32], inside: NDArray[np.bool_], power: float
) -> NDArray[np.float32]:
    """Return how light each pixel is beside the clothes' middle, (h, w), about 1."""
    light = pixels @ np.array([0.3, 0.59, 0.11], np.float32) + 12
    middle = float(np.median(light[inside])) if inside.any() else 128.0
    return np.asarray(np.clip((light / middle) ** power, 0.35, 1.5), np.float32)


def print_mark(
    image: Image.Image, clothes: Image.Image, ink: Ink, rng: Rng
) -> tuple[Image.Image, Place | None]:
    """Print ink onto the clothes; also tell where, or None if too little of it can be seen."""
    area = clothes.getbbox()
    if area is None:
        return image, None
    left, top, right, bottom = area
    wide, high = right - left, min(bottom - top, int((right - left) * 1.5))
    upright = bool(ink.upright) and high > 0.8 * wide
    if upright:
        mark = ink.image.transpose(Image.Transpose.ROTATE_90)
        tall = high * rng.uniform(0.5, 0.8)
        size = (tall * mark.width / mark.height, tall)
        centre = left + wide * rng.uniform(0.58, 0.68), top + high * rng.uniform(0.45, 0.55)
    else:
        mark = ink.image
        across = wide * (rng.uniform(0.5, 0.85) if rng.random() < 0.85 else rng.uniform(0.32, 0.5))
        size = (across, across * mark.height / mark.width)
        if size[1] > 0.6 * high:
            size = (0.6 * high * mark.width / mark.height, 0.6 * high)
        centre = left + wide * rng.uniform(0.44, 0.56), top + high * rng.uniform(0.32, 0.5)
    layer = Image.new("L", image.size, 0)
    place = _lay(layer, mark, size, centre, rng)
    if upright and ink.beside:
        _write_beside(layer, ink, (left + wide * 0.33, top + high * 0.33), wide * 0.2)
    return _press(image, clothes, layer, place, rng)


def _write_beside(layer: Image.Image, ink: Ink, centre: tuple[float, float], wide: float) -> None:
    for row, word in enumerate((ink.beside or "").split("\n")):
        small = write_word(word, ink.font, height=24)
        high = max(4, round(wide * small.height / small.width * 0.8))
        small = small.resize((max(8, round(wide * 0.9)), high), Image.Resampling.BOX)
        layer.paste(255, (round(centre[0] - wide / 2), round(centre[1] + row * high * 1.3)), small)


def _lay(
    layer: Image.Image,
    mark: Image.Image,
    size: tuple[float, float],
    centre: tuple[float, float],
    rng: Rng,
) -> Place:
    """Lay a mark with a little perspective, a bend and a turn; return where it is."""
    wide, high = max(8, round(size[0])), max(4, round(size[1]))
    mark = mark.resize((wide * 2, high * 2), Image.Resampling.LANCZOS)
    mark = _bend(mark, rng)
    pad = max(mark.size) // 4
    roomy = Image.new("L", (mark.width + 2 * pad, mark.height + 2 * pad), 0)
    roomy.paste(mark, (pad, pad))
    jitter = rng.uniform(-0.06, 0.06, 8) * min(mark.size)
    corners = (0, 0, 0, roomy.height, roomy.width, roomy.height, roomy.width, 0)
    quad = tuple(float(c + j) for c, j in zip(corners, jitter, strict=True))
    roomy = roomy.transform(roomy.size, Image.Transform.QUAD, quad, Image.Resampling.BILINEAR)
    roomy = roomy.rotate(float(rng.normal(0, 5)), Image.Resampling.BILINEAR)
    roomy = roomy.resize(
        (max(1, roomy.width // 2), max(1, roomy.height // 2)), Image.Resampling.BOX
    )
    left, top = round(centre[0] - roomy.width / 2), round(centre[1] - roomy.height / 2)
    layer.paste(255, (left, top), roomy)
    edge = pad // 2
    return left + edge, top + edge, left + roomy.width - edge, top + roomy.height - edge


def _bend(mark: Image.Image, rng: Rng) -> Image.Image:
    """Move columns up and down along a wave, as cloth does."""
    pixels = np.asarray(mark)
    height, width = pixels.shape
    reach = height * rng.uniform(0, 0.1)
    waves, start = rng.uniform(0.4, 2.0), rng.uniform(0, 2 * np.pi)
    shift = reach * np.sin(start + np.arange(width) / width * 2 * np.pi * waves)  # (width,)
    rows = np.clip(np.arange(height)[:, None] + shift[None], 0, height - 1).astype(np.int64)
    return Image.fromarray(pixels[rows, np.arange(width)[None]])


def _press(
    image: Image.Image, clothes: Image.Image, layer: Image.Image, place: Place, rng: Rng
) -> tuple[Image.Image, Place | None]:
    """Mix ink into the picture where the clothes are, as light and dark as they are."""
    laid = np.asarray(layer, np.float32) / 255
    cover = np.asarray(clothes.filter(ImageFilter.GaussianBlur(0.7)), np.float32) / 255
    if (laid * cover).sum() < 0.75 * laid.sum():
        return image, None  # hidden by arms, hair, a bag, or it hangs over the edge
    pixels = np.asarray(image, np.float32)
    shade = _shade(pixels, np.asarray(clothes) > 127, 0.6)[..., None]
    soft = np.asarray(soften(layer, rng.uniform(0, 0.8)), np.float32) / 255 * cover
    white = np.array([245, 242, 240], np.float32) * rng.uniform(0.82, 1.04)
    strength = rng.uniform(0.8, 1.0)
    mixed = pixels + (white * np.clip(shade, 0.5, 1.2) - pixels) * (soft * strength)[..., None]
    return Image.fromarray(mixed.clip(0, 255).astype(np.uint8)), place


def trunk_mask(
    image: Image.Image, body: tuple[float, ...], rng: Rng
) -> tuple[Image.Image, Image.Image]:
    """Guess the upper clothes of a person in a box: what is coloured like the middle of the trunk.

    Returns the masks of clothes and person; both are rough, which suits people seen from far.
    """
    left, top, right, bottom = body
    wide, high = right - left, bottom - top
    pixels = np.asarray(image.filter(ImageFilter.GaussianBlur(1.5)).convert("YCbCr"), np.float32)
    y, x = np.mgrid[0 : image.height, 0 : image.width]
    centre = left + wide * 0.5, top + high * 0.36
    radius = min(wide * 0.36, high * 0.2), high * 0.2
    oval = ((x - centre[0]) / radius[0]) ** 2 + ((y - centre[1]) / radius[1]) ** 2
    core = oval < 0.2
    colour = np.median(pixels[core], axis=0) if core.any() else pixels.mean(axis=(0, 1))
    distance = np.abs((pixels - colour) * np.array([0.4, 1.2, 1.2])).sum(-1)  # (h, w)
    # What is less alike may still be clothes near the middle: the bound falls outwards, without
    # an edge that could be seen.
    reach = rng.uniform(38, 60) * np.clip(1.9 - oval, 0, 1.4)
    alike = Image.fromarray(((distance < reach) * 255).astype(np.uint8))
    clothes = alike.filter(ImageFilter.MedianFilter(7)).filter(ImageFilter.MaxFilter(3))
    whole = ((x - centre[0]) / (wide * 0.45)) ** 2 + ((y - top - high * 0.5) / (high * 0.52)) ** 2
    return clothes, Image.fromarray(((whole < 1) * 255).astype(np.uint8))
