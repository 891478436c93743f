"""From the bytes of a picture to a model's input: the one preprocessing, for training and serving.

Owns the three steps `decode`, `fit` and `normalise`, and the limits on what is decoded. Refuses
every type but JPEG, PNG, WebP, GIF and BMP, pictures over the pixel limit before a pixel is
decoded, and pictures that do not decode to their end. docs/decisions/0003-preprocessing.md has the
reasons and the measurements.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

# WebP is none of the plugins that Pillow loads by itself; without this line its first use would
# import all of them, with the decoders that are never wanted here.
from PIL import Image, ImageOps, WebPImagePlugin  # noqa: F401

from models.classifiers.containers import (
    MAX_JPEG_SCANS,
    detect_format,
    has_damaged_png_data,
    has_too_many_scans,
    is_cut_off,
    lacks_png_rows,
)
from models.errors import ImageCode, ImageError
from models.manifest import InputSpec

MAX_PIXELS = 25_000_000
MAX_SIDE = 12_000  # pixels

WHITE = (255, 255, 255)
ORIENTATION_TAG = 0x0112  # EXIF 2.3, section 4.6.4
# What must be done to show a picture upright, by the value of its orientation tag; 1 is upright.
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "hamming": Image.Resampling.HAMMING,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantisation:
    """How an integer tensor stands for real values: value = scale * (integer - zero_point)."""

    scale: float
    zero_point: int


def decode(data: bytes, *, smallest: tuple[int, int] | None = None) -> Image.Image:
    """Decode a picture to upright RGB of 8 bits a channel, transparency shown on white.

    `smallest` is the (width, height) of the largest model input that will be fitted from it. A
    JPEG is then decoded at 1/2, 1/4 or 1/8 of its size, the smallest of them at which both sides
    are still at least the longer side of `smallest`, so that no fit ever enlarges what a full
    decode would have shrunk. None decodes in full. Of an animation only the first frame is read.
    EXIF orientation is obeyed if it can be read; colour profiles are ignored.

    Raises:
        ImageError: When the picture cannot be classified; its code says why.
        MemoryError: When the process may not take the memory that the picture needs.
    """
    format_name = _check_container(data)
    with _translated_errors(data, format_name):
        image = Image.open(io.BytesIO(data), formats=(format_name,))
        _check_size(image.size)
        if smallest is not None:
            side = max(smallest)  # both ways, as the orientation may still turn the picture
            image.draft(None, (side, side))
        image.load()
        if format_name == "PNG" and _ends_in_nothing(image) and lacks_png_rows(data):
            raise _broken(data, format_name)
        orientation = _read_orientation(image)
        upright = _convert_to_rgb(image)
    return upright if orientation is None else upright.transpose(orientation)


def fit(image: Image.Image, spec: InputSpec) -> NDArray[np.uint8]:
    """Resize an RGB picture to the model's input, shape (height, width, 3), values 0 to 255."""
    size = (spec.width, spec.height)
    method = FILTERS[spec.filter]
    match spec.resize:
        case "stretch":
            fitted = image.resize(size, method)
        case "cover":
            fitted = ImageOps.fit(image, size, method)
        case "contain":
            fitted = ImageOps.pad(image, size, method, color=spec.fill)
    return np.asarray(fitted, dtype=np.uint8)


def normalise(
    pixels: NDArray[np.uint8], spec: InputSpec, quantisation: Quantisation | None = None
) -> NDArray[np.generic]:
    """Turn fitted pixels into the model's input tensor, shape (1, height, width, 3).

    `quantisation` is that of the model's input tensor; an integer model needs it.

    Raises:
        ValueError: When the shape is not that of `spec`, or an integer model comes without one.
    """
    if pixels.shape != (spec.height, spec.width, spec.channels):
        raise ValueError(f"expected pixels ({spec.height}, {spec.width}, 3), got {pixels.shape}")
    table, is_shift = _value_of_each_grey_level(spec, quantisation)
    if is_shift:
        return (pixels ^ np.uint8(0x80)).view(np.int8)[np.newaxis]
    return table[pixels][np.newaxis]


@lru_cache(maxsize=16)
def _value_of_each_grey_level(
    spec: InputSpec, quantisation: Quantisation | None
) -> tuple[NDArray[np.generic], bool]:
    """Compute the tensor value for each of the 256 values that a pixel can have.

    The second answer tells whether it is the pixel - 128 in int8: flipping the highest bit of every
    pixel does the same without a lookup.
    """
    values = (np.arange(256, dtype=np.float64) - spec.mean) / spec.scale
    if spec.dtype == "float32":
        return values.astype(np.float32), False
    if quantisation is None:
        raise ValueError(f"{spec.dtype} input needs the quantisation of the model's input tensor")
    steps = np.rint(values / quantisation.scale) + quantisation.zero_point
    limits = np.iinfo(spec.dtype)
    table: NDArray[np.generic] = np.clip(steps, limits.min, limits.max).astype(spec.dtype)
    return table, spec.dtype == "int8" and np.array_equal(table, np.arange(-128, 128))


def _check_container(data: bytes) -> str:
    """Name the format, and refuse what need not be decoded to be refused."""
    format_name = detect_format(data)
    if format_name is None:
        raise ImageError(
            ImageCode.UNSUPPORTED,
            "This is no picture of a type that can be read: send JPEG, PNG, WebP, GIF or BMP.",
        )
    if format_name == "JPEG" and has_too_many_scans(data):
        raise ImageError(
            ImageCode.UNSUPPORTED,
            f"This JPEG has more than {MAX_JPEG_SCANS} scans: save it again as an ordinary JPEG.",
        )
    if format_name == "PNG" and has_damaged_png_data(data):
        raise _broken(data, format_name)
    return format_name


def _check_size(size: tuple[int, int]) -> None:
    width, height = size
    if width * height > MAX_PIXELS or max(size) > MAX_SIDE:
        raise ImageError(
            ImageCode.TOO_LARGE,
            f"The picture is {width} x {height} pixels; at most {MAX_PIXELS // 1_000_000} "
            f"megapixels and {MAX_SIDE} pixels a side can be read. Send it smaller.",
        )


@contextmanager
def _translated_errors(data: bytes, format_name: str) -> Iterator[None]:
    """Turn whatever a decoder raises on a hostile file into an `ImageError`, without warnings.

    Want of memory stays what it is: a picture that passed `_check_size` is small enough to be
    decoded, so it is the process or its machine that is short of it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except (ImageError, MemoryError):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(
            ImageCode.TOO_LARGE,
            f"The picture has too many pixels: send one of at most {MAX_PIXELS // 1_000_000} "
            "megapixels.",
        ) from error
    except Exception as error:
        # Pillow's decoders raise over a dozen types on damaged files, and new versions new ones.
        raise _broken(data, format_name) from error


def _broken(data: bytes, format_name: str) -> ImageError:
    if is_cut_off(data, format_name):
        return ImageError(
            ImageCode.TRUNCATED,
            f"The end of the {format_name} file is missing: send the whole file again.",
        )
    return ImageError(
        ImageCode.DAMAGED,
        f"The {format_name} file is damaged and cannot be decoded: send it again or save it anew.",
    )


def _ends_in_nothing(image: Image.Image) -> bool:
    """Tell whether one of the last two rows is all zero: black, or a row that was never there.

    Two, as the last rows of an interlaced PNG come from different passes.
    """
    width, height = image.size
    last_rows = range(max(0, height - 2), height)
    return any(image.crop((0, row, width, row + 1)).getbbox() is None for row in last_rows)


def _read_orientation(image: Image.Image) -> Image.Transpose | None:
    """Read how the picture must be turned; broken EXIF counts as none, as in browsers."""
    try:
        value = image.getexif().get(ORIENTATION_TAG)
    except Exception:  # noqa: BLE001  (the EXIF parser raises many types; none is worth a picture)
        return None
    return UPRIGHT.get(value) if isinstance(value, int) else None


def _convert_to_rgb(image: Image.Image) -> Image.Image:
    """Convert to RGB without a copy of what is RGB already: 25 megapixels take 100 MB."""
    if image.mode == "I" or image.mode.startswith("I;16"):
        return _scale_to_8_bits(image).convert("RGB")
    if image.has_transparency_data:
        with_alpha = image if image.mode == "RGBA" else image.convert("RGBA")
        flat = Image.new("RGB", image.size, WHITE)
        flat.paste(with_alpha, mask=with_alpha.getchannel("A"))
        return flat
    return image if image.mode == "RGB" else image.convert("RGB")


def _scale_to_8_bits(image: Image.Image) -> Image.Image:
    """Scale 16-bit grey, 0 to 65535, to 0 to 255; Pillow's own conversion clips instead."""
    grey = np.clip(np.asarray(image), 0, 65535).astype(np.uint16)
    # v / 257, rounded, in 16 bits: a float copy of 25 megapixels would take 200 MB.
    return Image.fromarray(((grey - (grey >> 8) + 128) >> 8).astype(np.uint8))
