"""Draws delivery boxes and sets them beside, behind or below a person."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from models.training.degrade import Rng
from models.training.dress import Place


def draw_box(
    rng: Rng, colour: tuple[int, int, int], mark: Image.Image | None
) -> tuple[Image.Image, Place]:
    """Draw a box (RGBA) with front, lid and one side; also return where its front is."""
    wide, high = int(rng.integers(150, 200)), int(rng.integers(130, 180))
    deep, lift = int(rng.integers(20, 90)), int(rng.integers(15, 60))
    turned_left = rng.random() < 0.5
    image = Image.new("RGBA", (wide + deep + 8, high + lift + 8), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    left = 4 + (deep if turned_left else 0)
    top, slant = 4 + lift, -deep if turned_left else deep
    side = left if turned_left else left + wide
    lid = [(left, top), (left + wide, top), (left + wide + slant, 4), (left + slant, 4)]
    flank = [(side, top), (side, top + high), (side + slant, top + high - lift), (side + slant, 4)]
    draw.polygon(lid, _tint(colour, rng.uniform(0.85, 1.15)))
    draw.polygon(flank, _tint(colour, rng.uniform(0.5, 0.8)))
    draw.rectangle((left, top, left + wide, top + high), _tint(colour, 1.0))
    seam = (25, 20, 25, 255) if rng.random() < 0.7 else (190, 190, 190, 255)
    thick = int(rng.integers(1, 5))
    draw.rectangle((left, top, left + wide, top + high), outline=seam, width=thick)
    draw.line([*lid, lid[0]], fill=seam, width=thick)
    if rng.random() < 0.5:  # a reflecting strip
        level = top + int(high * rng.uniform(0.05, 0.2))
        draw.line((left, level, left + wide, level), fill=(205, 205, 200, 255), width=6)
    if mark is not None:
        _stamp(image, mark, (left, top, left + wide, top + high), rng)
    return _shade(image, rng), (left, top, left + wide, top + high)


def _tint(colour: tuple[int, int, int], gain: float) -> tuple[int, int, int, int]:
    red, green, blue = (min(255, round(value * gain)) for value in colour)
    return red, green, blue, 255


def _stamp(image: Image.Image, mark: Image.Image, face: Place, rng: Rng) -> None:
    wide, high = face[2] - face[0], face[3] - face[1]
    across = wide * rng.uniform(0.6, 0.9)
    down = across * mark.height / mark.width
    if down > 0.7 * high:
        across, down = across * 0.7 * high / down, 0.7 * high
    ink = mark.resize((max(4, round(across)), max(4, round(down))), Image.Resampling.LANCZOS)
    ink = ink.rotate(float(rng.normal(0, 3)), Image.Resampling.BILINEAR)
    left = face[0] + round((wide - ink.width) / 2)
    top = face[1] + round((high - ink.height) * rng.uniform(0.3, 0.7))
    image.paste((244, 242, 240, 255), (left, top), ink)


def _shade(image: Image.Image, rng: Rng) -> Image.Image:
    """Let light fall from one side and add the unevenness of cloth."""
    pixels = np.asarray(image, np.float32).copy()  # (h, w, 4)
    height, width = pixels.shape[:2]
    across, down = np.linspace(-1, 1, width)[None, :], np.linspace(-1, 1, height)[:, None]
    light = 1 + rng.uniform(-0.2, 0.2) * across + rng.uniform(-0.25, 0.05) * down
    coarse = Image.fromarray(rng.normal(128, 40, (6, 6)).clip(0, 255).astype(np.uint8))
    uneven = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), np.float32) / 128
    pixels[..., :3] *= (light * (0.85 + 0.15 * uneven) * rng.uniform(0.6, 1.1))[..., None]
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8), "RGBA")


def place_box(
    image: Image.Image, person: Image.Image, area: Place, box: Image.Image, face: Place, rng: Rng
) -> tuple[Image.Image, Place]:
    """Set a box beside the person or behind the shoulders; return where its front is now."""
    body = person.getbbox() or area
    wide = (area[2] - area[0]) * rng.uniform(0.65, 1.25)
    scale = wide / box.width
    box = box.resize(
        (max(12, round(wide)), max(12, round(box.height * scale))), Image.Resampling.BOX
    )
    image = image.copy()
    side = -1 if rng.random() < 0.5 else 1
    if rng.random() < 0.75:  # beside or in front, from the hip down
        middle = (body[0] + body[2]) / 2 + side * (body[2] - body[0]) * rng.uniform(0.25, 0.75)
        top = area[1] + (area[3] - area[1]) * rng.uniform(0.35, 1.1)
        cover = box.getchannel("A")
    else:  # at the shoulder, the person in front of it
        middle = (area[0] + area[2]) / 2 + side * wide * rng.uniform(0.55, 0.8)
        top = area[1] - box.height * rng.uniform(0.0, 0.3)
        cover = box.getchannel("A")
    left = round(min(max(middle - box.width / 2, -0.1 * box.width), image.width - 0.9 * box.width))
    top = round(min(max(top, -0.05 * box.height), image.height - 0.95 * box.height))
    image.paste(box.convert("RGB"), (left, top), cover.filter(ImageFilter.GaussianBlur(0.7)))
    moved = tuple(round(edge * scale) + (left, top)[i % 2] for i, edge in enumerate(face))
    return image, (moved[0], moved[1], moved[2], moved[3])
