import io

import pytest
from PIL import Image

from models.classifiers.image import decode
from models.classifiers.pictures import make_pictures

PICTURES = make_pictures()
MODES = {
    "plain.jpg": "RGB",
    "progressive.jpg": "RGB",
    "rotated.jpg": "RGB",
    "cmyk.jpg": "CMYK",
    "large.jpg": "RGB",
    "alpha.png": "RGBA",
    "palette.png": "P",
    "grey16.png": "I;16",
    "onebit.png": "1",
    "plain.webp": "RGB",
}


def test_the_pictures_are_the_same_each_time() -> None:
    make_pictures.cache_clear()
    assert make_pictures() == PICTURES


def test_there_is_a_picture_of_each_odd_mode() -> None:
    assert {name: Image.open(io.BytesIO(data)).mode for name, data in PICTURES.items()} == MODES


@pytest.mark.parametrize("name", PICTURES)
def test_each_picture_decodes(name: str) -> None:
    assert decode(PICTURES[name]).mode == "RGB"


@pytest.mark.parametrize("side", [96, 160, 224])
def test_the_large_picture_takes_the_reduced_scale_path(side: int) -> None:
    assert decode(PICTURES["large.jpg"], smallest=(side, side)).width < 1440


def test_all_pictures_together_are_small_enough_to_be_committed() -> None:
    assert sum(len(data) for data in PICTURES.values()) < 250_000
