"""The rule of reduced-scale JPEG decoding: 1/8, 1/4 or 1/2, never below what a fit needs."""

import io
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.classifiers.image import decode, fit
from models.manifest import InputSpec, Resize


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    """NASA's portrait of Eileen Collins, in the public domain, from scikit-image's wheel."""
    spec = find_spec("skimage")
    assert spec is not None
    assert spec.origin is not None
    return Image.open(Path(spec.origin).parent / "data" / "astronaut.png").convert("RGB")


def encode(image: Image.Image, format_name: str = "JPEG") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_name, quality=90)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("size", "smallest", "decoded"),
    [
        ((640, 480), (160, 160), (320, 240)),
        ((640, 480), (240, 240), (320, 240)),  # just enough
        ((640, 480), (241, 241), (640, 480)),  # one pixel more: the next larger scale
        ((640, 480), (160, 241), (640, 480)),  # both sides must reach the longer one
        ((1280, 720), (160, 160), (320, 180)),
        ((4000, 3000), (160, 160), (500, 375)),
        ((300, 4000), (160, 160), (300, 4000)),
        ((100, 80), (160, 160), (100, 80)),
        ((4000, 3000), (8, 8), (500, 375)),  # 1/8 is the least
    ],
)
def test_a_jpeg_is_decoded_at_the_least_scale_that_is_enough(
    size: tuple[int, int], smallest: tuple[int, int], decoded: tuple[int, int]
) -> None:
    assert decode(encode(Image.new("RGB", size)), smallest=smallest).size == decoded


def test_without_a_smallest_size_a_jpeg_is_decoded_in_full() -> None:
    assert decode(encode(Image.new("RGB", (640, 480)))).size == (640, 480)


def test_other_formats_are_decoded_in_full() -> None:
    assert decode(encode(Image.new("RGB", (640, 480)), "PNG"), smallest=(16, 16)).size == (640, 480)


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_grey_and_cmyk_are_decoded_at_reduced_scale_too(mode: str) -> None:
    picture = decode(encode(Image.new(mode, (640, 480))), smallest=(160, 160))
    assert (picture.size, picture.mode) == ((320, 240), "RGB")


@pytest.mark.parametrize("resize", ["stretch", "cover", "contain"])
@pytest.mark.parametrize(
    ("size", "side"), [((640, 480), 160), ((1600, 1200), 224), ((4000, 3000), 160)]
)
def test_reduced_scale_changes_a_photo_by_a_grey_level_at_most_on_average(
    photo: Image.Image, size: tuple[int, int], side: int, resize: Resize
) -> None:
    data = encode(photo.resize(size, Image.Resampling.LANCZOS))
    spec = InputSpec(width=side, height=side, resize=resize)
    reduced, full = fit(decode(data, smallest=(side, side)), spec), fit(decode(data), spec)
    assert np.abs(reduced.astype(int) - full.astype(int)).mean() <= 1.05
