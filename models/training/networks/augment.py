"""Changes a training picture in ways that do not change what it shows.

Each way is a number in a recipe's `[augmentation]`; zero leaves it out. Nothing here knows the
label, so no trace of a change can give a label away. The order is that of a camera: where it
stands (geometry), light and colour, optics, sensor, file.
"""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

Rng = np.random.Generator


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """How far pictures are changed; every range is drawn from evenly."""

    flip: float = 0.0  # chance to mirror left and right; 0 where marks or letters matter
    flip_vertical: float = 0.0  # chance to mirror top and bottom
    rotation: float = 0.0  # degrees, to both sides
    translation: float = 0.0  # share of the side, in every direction
    scaling: float = 0.0  # 0.2: from 0.8 to 1.2 of the size
    shear: float = 0.0  # degrees, to both sides
    crop: float = 0.0  # at most this share of each side is cut away
    brightness: float = 0.0  # 0.3: from 0.7 to 1.3
    contrast: float = 0.0  # as brightness
    colour: float = 0.0  # as brightness: saturation
    grey: float = 0.0  # chance to lose all colour, as infrared cameras do
    low_light: float = 0.0  # chance of a scene at night: dark and noisy
    blur: float = 0.0  # highest radius, pixels
    noise: float = 0.0  # highest standard deviation, grey levels
    jpeg: int = 0  # lowest quality, 1 to 100; every second picture is compressed


def augment(image: Image.Image, how: Augmentation, rng: Rng) -> Image.Image:
    """Return a changed copy of an RGB picture, in its size."""
    size = image.size
    image = _change_geometry(image, how, rng)
    image = _change_light(image, how, rng)
    if how.blur:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0, how.blur)))
    if rng.random() < how.low_light:
        image = _darken(image, rng)
    if how.noise:
        image = _add_noise(image, rng.uniform(0, how.noise), rng)
    if how.jpeg and rng.random() < 0.5:
        image = _compress(image, int(rng.integers(how.jpeg, 96)))
    return image if image.size == size else image.resize(size, Image.Resampling.BILINEAR)


def _change_geometry(image: Image.Image, how: Augmentation, rng: Rng) -> Image.Image:
    if rng.random() < how.flip:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if rng.random() < how.flip_vertical:
        image = image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    if how.rotation or how.translation or how.scaling or how.shear:
        image = _transform(image, how, rng)
    if how.crop:
        width, height = image.size
        cut_x, cut_y = rng.uniform(0, how.crop, 2) * (width, height)
        left, top = rng.uniform(0, 1, 2) * (cut_x, cut_y)
        box = (left, top, left + width - cut_x, top + height - cut_y)
        image = image.resize((width, height), Image.Resampling.BILINEAR, box=box)
    return image


def _transform(image: Image.Image, how: Augmentation, rng: Rng) -> Image.Image:
    """Turn, move, scale and shear at once; the border is mirrored, so that no edge tells of it."""
    width, height = image.size
    angle, shear = np.radians(rng.uniform(-1, 1, 2) * (how.rotation, how.shear))
    scale = 1 + rng.uniform(-how.scaling, how.scaling)
    move = rng.uniform(-how.translation, how.translation, 2) * (width, height)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.array([[1, np.tan(shear)], [0, 1]]) / scale  # from the result to the source
    pad_x, pad_y = width // 2, height // 2
    wide = np.pad(np.asarray(image), ((pad_y, pad_y), (pad_x, pad_x), (0, 0)), mode="symmetric")
    middle = np.array([width / 2, height / 2])
    offset = middle + np.array([pad_x, pad_y]) - matrix @ (middle + move)
    data = (matrix[0, 0], matrix[0, 1], offset[0], matrix[1, 0], matrix[1, 1], offset[1])
    return Image.fromarray(wide).transform(
        (width, height),
        Image.Transform.AFFINE,
        tuple(float(value) for value in data),
        Image.Resampling.BILINEAR,
    )


def _change_light(image: Image.Image, how: Augmentation, rng: Rng) -> Image.Image:
    for most, kind in (
        (how.brightness, ImageEnhance.Brightness),
        (how.contrast, ImageEnhance.Contrast),
        (how.colour, ImageEnhance.Color),
    ):
        if most:
            image = kind(image).enhance(float(rng.uniform(1 - most, 1 + most)))
    return image.convert("L").convert("RGB") if rng.random() < how.grey else image


def _darken(image: Image.Image, rng: Rng) -> Image.Image:
    dark = ImageEnhance.Brightness(image).enhance(float(rng.uniform(0.25, 0.6)))
    return _add_noise(dark, rng.uniform(2, 9), rng)


def _add_noise(image: Image.Image, deviation: float, rng: Rng) -> Image.Image:
    pixels = np.asarray(image, np.float32)  # (h, w, 3)
    noisy = pixels + rng.normal(0, deviation, pixels.shape)
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


def _compress(image: Image.Image, quality: int) -> Image.Image:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return Image.open(stream).convert("RGB")
