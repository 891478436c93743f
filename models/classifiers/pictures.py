"""Made pictures for golden inputs: one for each way in which preprocessing has gone wrong before.

Owns a test pattern and its encodings. Refuses randomness and photos: the pattern is arithmetic, so
that anybody can make the files again and nobody's picture is among them.
"""

import io
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SMALL = (240, 180)  # pixels
LARGE = (1440, 1080)  # large enough that a JPEG is decoded at reduced scale for any usual input
ORIENTATION_TAG = 0x0112


@cache
def make_pictures() -> Mapping[str, bytes]:
    """Make every golden picture: file name to content, about 200 KB in all."""
    pattern = Image.fromarray(_draw_pattern(*SMALL))
    alpha = Image.fromarray(_draw_ramp(*SMALL))
    translucent = pattern.copy()
    translucent.putalpha(alpha)
    palette = pattern.quantize(32, method=Image.Quantize.MEDIANCUT)
    exif = Image.Exif()
    exif[ORIENTATION_TAG] = 6
    grey16 = Image.fromarray(np.asarray(pattern.convert("L")).astype(np.uint16) * 257)
    pictures = {
        "plain.jpg": _encode(pattern, "JPEG", quality=75),
        "progressive.jpg": _encode(pattern, "JPEG", quality=75, progressive=True),
        "rotated.jpg": _encode(pattern, "JPEG", quality=75, exif=exif.tobytes()),
        "cmyk.jpg": _encode(pattern.convert("CMYK"), "JPEG", quality=75),
        "large.jpg": _encode(Image.fromarray(_draw_pattern(*LARGE)), "JPEG", quality=50),
        "alpha.png": _encode(translucent, "PNG"),
        "palette.png": _encode(palette, "PNG", transparency=0),
        "grey16.png": _encode(grey16, "PNG"),
        "onebit.png": _encode(pattern.convert("1"), "PNG"),
        "plain.webp": _encode(pattern, "WEBP", quality=80),
    }
    return MappingProxyType(pictures)


def _draw_pattern(width: int, height: int) -> NDArray[np.uint8]:
    """Draw gradients, stripes and a block off the centre, shape (height, width, 3).

    Gradients show a wrong value range or colour order, fine stripes another filter or a shift, and
    nothing in it is symmetric, so that a turned or mirrored picture shows too.
    """
    y, x = np.mgrid[0:height, 0:width]
    across, down = x / width, y / height
    unit = width // SMALL[0]  # the texture grows with the picture, which keeps its file small
    red = 255 * across
    green = 255 * down * down
    blue = np.where((x // (5 * unit) + y // (7 * unit)) % 2 == 0, 40.0, 215.0)
    stripes = (np.abs(across - 0.7) < 0.12) & (x // unit % 6 < 3)
    block = (across > 0.1) & (across < 0.35) & (down > 0.55) & (down < 0.9)
    picture = np.stack([red, green, blue], axis=-1)  # (height, width, 3)
    picture[stripes] = (250, 250, 30)
    picture[block] = (200, 16, 46)
    return np.asarray(np.rint(picture), dtype=np.uint8)


def _draw_ramp(width: int, height: int) -> NDArray[np.uint8]:
    """Draw an alpha channel that falls from opaque to transparent, shape (height, width)."""
    ramp = np.linspace(255, 0, width)
    return np.tile(np.rint(ramp).astype(np.uint8), (height, 1))


def _encode(image: Image.Image, format_name: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_name, **options)
    return buffer.getvalue()
