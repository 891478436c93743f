"""Makes a good photo look as cameras at a gate make it: dark, grey, blurred, small, compressed.

Owns everything that changes a picture without changing what it shows; positives and negatives go
through the same chances, so that no trace of it can give the label away. Nothing here mirrors a
picture: marks must stay readable.
"""

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from matplotlib import get_data_path
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

Rng = np.random.Generator


def shift_colours(image: Image.Image, rng: Rng) -> Image.Image:
    """Change brightness, contrast, saturation and white balance a little."""
    image = ImageEnhance.Brightness(image).enhance(rng.uniform(0.65, 1.35))
    image = ImageEnhance.Contrast(image).enhance(rng.uniform(0.65, 1.35))
    image = ImageEnhance.Color(image).enhance(rng.uniform(0.4, 1.4))
    gains = rng.uniform(0.92, 1.08, 3)
    return image.point([min(255, round(v * gain)) for gain in gains for v in range(256)])


def darken(image: Image.Image, rng: Rng) -> Image.Image:
    """Show the scene at night: darker, and with the noise of a sensor that tries hard."""
    pixels = np.asarray(image, np.float32) * rng.uniform(0.3, 0.65)  # (h, w, 3)
    pixels += rng.normal(0, rng.uniform(2, 9), pixels.shape)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def coarsen(image: Image.Image, rng: Rng) -> Image.Image:
    """Lose detail as a far or cheap camera does: shrink the picture and enlarge it again."""
    factor = rng.uniform(0.25, 0.8)
    width, height = image.size
    small = (max(16, round(width * factor)), max(16, round(height * factor)))
    return image.resize(small, Image.Resampling.BOX).resize(
        (width, height), Image.Resampling.BILINEAR
    )


def add_noise(image: Image.Image, rng: Rng) -> Image.Image:
    """Add the noise of a sensor."""
    pixels = np.asarray(image, np.float32)
    noisy = pixels + rng.normal(0, rng.uniform(2, 12), pixels.shape)
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


def stamp_time(image: Image.Image, rng: Rng) -> Image.Image:
    """Write a date and time into a corner, as recorders do."""
    image = image.copy()
    width, height = image.size
    day, hour, minute = rng.integers(1, 29), rng.integers(0, 24), rng.integers(0, 60)
    text = f"2{rng.integers(0, 1000):03}-{rng.integers(1, 13):02}-{day:02} {hour:02}:{minute:02}"
    font = load_font("DejaVuSansMono-Bold.ttf", max(8, height // int(rng.integers(14, 26))))
    place = (int(rng.choice([4, width // 2])), int(rng.choice([3, height - height // 12])))
    ImageDraw.Draw(image).text(place, text, fill=(240, 240, 240), font=font)
    return image


def compress(image: Image.Image, rng: Rng) -> Image.Image:
    """Send the picture through JPEG at a quality from 15 to 85."""
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=int(rng.integers(15, 86)))
    return Image.open(stream).convert("RGB")


def turn_grey(image: Image.Image, _rng: Rng) -> Image.Image:
    """Show the scene in grey, as infrared cameras do."""
    return ImageOps.grayscale(image).convert("RGB")


def blur(image: Image.Image, rng: Rng) -> Image.Image:
    """Put the scene out of focus."""
    return image.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 1.8)))


# In the order in which they happen between a scene and a file, each with its chance.
_STEPS: tuple[tuple[float, Callable[[Image.Image, Rng], Image.Image]], ...] = (
    (0.8, shift_colours),
    (0.12, turn_grey),
    (0.12, darken),
    (0.2, blur),
    (0.3, coarsen),
    (0.25, add_noise),
    (0.06, stamp_time),
    (0.5, compress),
)


def degrade(image: Image.Image, rng: Rng, *, strength: float = 1.0) -> Image.Image:
    """Return the picture as a worse camera might have taken it; `strength` scales all chances."""
    for chance, step in _STEPS:
        if rng.random() < chance * strength:
            image = step(image, rng)
    return image


@cache
def load_font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """Load a font that comes with matplotlib, so that every machine draws the same text."""
    return ImageFont.truetype(str(Path(get_data_path()) / "fonts" / "ttf" / name), size)
